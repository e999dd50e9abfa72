"""V2C-Animation: animated films to be dubbed, in the three settings and the lists of the groups that use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import DUBBING
from vsseval.datasets.transcripts import transcript_or_reason
from vsseval.datasets.v2c_lists import Raw, Row, key_of, raw_files, rows

__all__ = ["v2c"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of a list, each with the voice that the setting asks for.

    Three kinds of lines are understood: `clip|phones|number`, whose clips are their own voices (setting 1);
    DeepDubber's `target|phones|speaker|reference|phones` and `target|phones|reference|phones`; DeepAudio's six columns
    `reference wav, video, text, target wav, video, text` between tabs. Lines that come twice count once.

    Raises:
        UsageError: the list holds something else.
    """
    found = list(dict.fromkeys(rows(source.list)))
    raw = raw_files(source.tree)
    crossed = source.variant.reference_mode == "unseen_speaker"
    return [_entry(source, raw, row, crossed=crossed) for row in found]


def _file(source: DatasetSource, raw: Raw, kind: str, stem: str) -> tuple[Path | None, str | None]:
    key = key_of(stem)
    if key and (path := raw.get((kind, key))):
        return path, None
    return source.tree.stem(kind, stem)  # type: ignore[arg-type]


def _entry(source: DatasetSource, raw: Raw, row: Row, *, crossed: bool) -> ClipEntry:
    problem = None if key_of(row.target) else f"no clip: {row.target!r} is no Movie@Speaker_00_nnnn_00"
    video, unseen = _file(source, raw, "video", row.target)
    sound, _ = _file(source, raw, "audio", row.target)
    voice = row.target if source.variant.reference_mode == "gt" else row.voice
    prompt, lost = _file(source, raw, "audio", voice) if voice else (None, "the list names none")
    text, silent = (row.text, None) if row.text else transcript_or_reason(*_text(source, row.target, sound))
    return ClipEntry(
        id=f"{row.target}__{voice}" if crossed else row.target,
        cluster=row.target.partition("_00_")[0], video=video, reference=sound,
        own_sound=sound is None, speaker_prompt=prompt, transcript=text,
        problem=problem or unseen or silent or (f"no speaker prompt: {lost}" if prompt is None else None),
    )  # fmt: skip


def _text(source: DatasetSource, target: str, sound: Path | None) -> tuple[Path | None, str | None]:
    beside = sound.with_name(f"{sound.stem}.normalized.txt") if sound else None
    return (beside, None) if beside and beside.is_file() else source.tree.stem("text", target)


def _variant(
    name: str, size: int, names: tuple[str, ...], mode: str, what: str, url: str, sha: str | None = None
) -> Variant:
    pin = Pin(names=names, url=url, sha256=sha)
    return Variant(name=name, description=what, size=size, pin=pin, reference_mode=mode)  # type: ignore[arg-type]


_DEEP = "DeepDubber's repository (no licence is stated, so it cannot be shipped)"
_AUDIO = "DeepAudio-V1's repository (no licence is stated, so it cannot be shipped)"

v2c = Dataset(
    name="v2c",
    task="vtts",
    description="Animated films: 26 films, 153 speakers.",
    licence="no licence file; the films are copyrighted",
    citation="Chen et al., V2C: Visual voice cloning, CVPR 2022",
    home="https://github.com/chenqi008/V2C",
    layout="<Movie@Speaker>/<Movie@Speaker>_00_nnnn_00.wav, .lab and .mp4; or <movie>_speeches and <movie>_videos",
    list_clips=list_clips,
    variants=(
        _variant(
            "setting2", 2_626, ("Setting2.txt", "v2c_deepdubber_Setting2.txt"), "same_speaker_fixed",
            "One fixed recording of each speaker is the voice, and no target.", _DEEP,
        ),
        _variant(
            "setting1", 2_779, ("V2C_val.txt", "v2c_produbber_val.txt"), "gt", "ProDubber's list.",
            "https://github.com/ZZDoog/ProDubber, Data/V2C_val.txt",
            "2d1b30e343a456b35d1e52c31338906a51a4ac4b47c685e43e116d840a19de8a",
        ),
        _variant(
            "setting3", 4_851, ("Setting3.txt", "v2c_deepdubber_Setting3.txt"), "unseen_speaker",
            "147 targets in the voices of 33 speakers of GRID, which must lie under the root too.", _DEEP,
        ),
        _variant(
            "setting2-deepaudio", 2_698, ("v2c_test.lst", "v2c_deepaudio_test.lst"), "same_speaker_fixed",
            "DeepAudio-V1's list, another split.", _AUDIO,
        ),
        _variant(
            "setting3-deepaudio", 4_455, ("v2c_test_s3.lst", "v2c_deepaudio_test_s3.lst"), "unseen_speaker",
            "DeepAudio-V1's 135 targets in the voices of 33 speakers of GRID.", _AUDIO,
        ),
    ),
    metrics=DUBBING,
    profile="v2c",
    protocol="Lengths are the videos' (ProDubber: the reference's, even in setting 2). Drawn faces are often missed.",
    inputs=("video", "transcript", "speaker"),
    known_losses="Four splits are in use (2,779, 2,626, 2,698 and VSSFlow's 1,319): other splits do not compare.",
)  # fmt: skip
