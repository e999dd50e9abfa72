"""The only place that opens media: probe, decode once, resample, trim, encode, hash.

Nothing here loads PyAV, libsndfile or soxr before the first file is opened.
"""

from vsseval.media.audio import Audio, check_samples, load_audio
from vsseval.media.encode import write_flac, write_mp4, write_wav
from vsseval.media.facts import Look, Probe
from vsseval.media.hashing import sha256
from vsseval.media.kinds import SOUND_SUFFIXES, VIDEO_SUFFIXES, look
from vsseval.media.limits import BeyondLimit, MediaLimits, longest_read, media_limits, require_within, usable_seconds
from vsseval.media.loudness import integrated_loudness, peak
from vsseval.media.memory import FileState, Findings, file_state, hashed_state, recall, recollection
from vsseval.media.opening import reading
from vsseval.media.probe import check_video, probe
from vsseval.media.remux import dub, mute
from vsseval.media.video import Video

__all__ = [
    "SOUND_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Audio",
    "BeyondLimit",
    "FileState",
    "Findings",
    "Look",
    "MediaLimits",
    "Probe",
    "Video",
    "check_samples",
    "check_video",
    "dub",
    "file_state",
    "hashed_state",
    "integrated_loudness",
    "load_audio",
    "longest_read",
    "look",
    "media_limits",
    "mute",
    "peak",
    "probe",
    "reading",
    "recall",
    "recollection",
    "require_within",
    "sha256",
    "usable_seconds",
    "write_flac",
    "write_mp4",
    "write_wav",
]
