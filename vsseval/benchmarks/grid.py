"""GRID: 33 speakers (34 less one without video) say commands of six words; transcripts are in the files' names."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval import language
from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import GRID
from vsseval.datasets.grid_files import Clip, Files, clip_of, grid_files
from vsseval.datasets.speaker_prompts import prompt_clips
from vsseval.datasets.transcripts import grid_sentence, read_align
from vsseval.errors import UsageError

__all__ = ["grid"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of a list (`s2/s2-lwbz4s.wav|...`, `s2_lwbz4s`), or without one all clips of the folder.

    Raises:
        UsageError: the list holds something else than GRID's codes.
    """
    there = grid_files(source.tree)
    if source.listed is None:
        clips = sorted(key for key, files in there.items() if files.video or files.audio)
    else:
        clips = list(
            dict.fromkeys(clip for _, clip in clip_lists.parsed(source.list, clip_lists.barred(source.list), clip_of))
        )
    chosen = prompt_clips({_id(clip): clip[0] for clip in clips}, source.variant.seed)
    by_id = {_id(clip): clip for clip in clips}
    entries = []
    for clip in clips:
        other = chosen[_id(clip)]
        voice = clip if source.variant.reference_mode == "gt" else by_id.get(other or "")
        entries.append(_entry(clip, there, voice))
    return entries


def _id(clip: Clip) -> str:
    return "_".join(filter(None, clip))


def _entry(clip: Clip, there: dict[Clip, Files], voice: Clip | None) -> ClipEntry:
    files = there.get(clip, Files([], [], []))
    problem = next(
        (f"two files: {' and '.join(map(str, two[:2]))} could both be {_id(clip)}" for two in files if len(two) > 1),
        None,
    )  # fmt: skip
    if not files.video:
        problem = f"absent: no video is named {clip[1]} or {_id(clip)} for speaker {clip[0] or '?'}"
    sentence, window = grid_sentence(clip[1]), None
    if files.text and problem is None:
        try:
            words, window = read_align(files.text[0])
        except UsageError as error:
            problem = f"unreadable {error}"
        else:
            problem = None if words == sentence else f"contradiction: {files.text[0].name} says {words!r}"
    prompt = there.get(voice) if voice else None
    sounds = [*prompt.audio, *prompt.video] if prompt else []
    if problem is None and not sounds:
        problem = (
            "no speaker prompt: the recording that was chosen is absent"
            if voice
            else "no speaker prompt: the speaker has no other"
        )
    return ClipEntry(
        id=_id(clip), cluster=clip[0] or clip[1], video=next(iter(files.video), None),
        reference=next(iter(files.audio), None), own_sound=not files.audio, speaker_prompt=next(iter(sounds), None),
        transcript=sentence, language=language.GRID, speech_window=window, problem=problem,
    )  # fmt: skip


_PIN = Pin(
    names=("Grid_val.txt", "grid_produbber_val.txt"),
    url="https://github.com/ZZDoog/ProDubber, Data/Grid_val.txt",
    sha256="71acc1f6a0f74d0a99a6ce7b9a75cf74f5cb4a5c4e846f4cc41c2db717670712",
    licence="MIT",
)

grid = Dataset(
    name="grid",
    task="vtts",
    description="Faces that say commands of six words.",
    licence="research use; the repositories that carry samples say nothing of the corpus",
    citation="Cooke et al., An audio-visual corpus for speech perception and speech recognition, JASA 120, 2006",
    home="https://spandh.dcs.shef.ac.uk/gridcorpus/",
    layout="s1/<code>.mpg and <code>.align, or videos_25fps_mp4/s1/s1_<code>.mp4 and speakers/s1/s1_<code>.wav",
    list_clips=list_clips,
    variants=(
        Variant(
            name="setting2", description="100 clips of each speaker.", size=3_300, pin=_PIN,
            reference_mode="same_speaker_random",
        ),
        Variant(
            name="setting1", description="100 clips of each speaker.", size=3_300, pin=_PIN, reference_mode="gt"
        ),
        Variant(name="all", description="All clips of the folder.", reference_mode="same_speaker_random"),
    ),
    metrics=GRID,
    profile="v2c",
    protocol="Lengths are the videos'. Letter and digit are words of their own; else references score 22 % WER.",
    inputs=("video", "transcript", "speaker"),
    known_losses="Speaker 21 has no video. VSSFlow scores 3,291 of the 3,300 clips.",
)  # fmt: skip
