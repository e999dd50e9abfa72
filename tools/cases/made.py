"""Makes one case of each kind: synthetic pictures and sounds, and speech of the shipped mini_vtts benchmark."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from tools.cases.media import RATE, ball_video, clicks, encode, pipe_flac, rename_codec, speech_like
from vsseval.benchmarks.mini import mini_vtts
from vsseval.media import load_audio
from vsseval.types import Sample

__all__ = ["CASES"]

OPUS = 48000
"""Samples per second of Opus."""


class _Folders(NamedTuple):
    clips: Path
    out: Path


def _folders(case: Path) -> _Folders:
    found = _Folders(case / "clips", case / "out")
    for folder in found:
        folder.mkdir(parents=True)
    return found


def _good_and_bad(case: Path, *names: bytes) -> None:
    """Write a good clip, and one whose boxes have other names: old, new, old, new."""
    clips, out = _folders(case)
    bad = ball_video(clips / "good.mp4").read_bytes()
    for old, new in zip(names[::2], names[1::2], strict=True):
        bad = rename_codec(bad, old, new)
    (clips / "bad.mp4").write_bytes(bad)
    for name in ("good", "bad"):
        soundfile.write(out / f"{name}.wav", clicks(), RATE)


def _unknown_video(case: Path) -> None:
    _good_and_bad(case, b"avc1", b"zzz1")


def _unknown_audio(case: Path) -> None:
    _good_and_bad(case, b"mp4a", b"apac", b"esds", b"dapa")


def _piped_reference(case: Path) -> None:
    clips, out = _folders(case)
    ball_video(clips / "good.mp4")
    (clips / "piped.flac").write_bytes(pipe_flac(clicks()))
    _table(clips, ["id", "video", "reference"], [("good", "good.mp4", ""), ("odd", "good.mp4", "piped.flac")])
    for name in ("good", "odd"):
        soundfile.write(out / f"{name}.wav", clicks(), RATE)


def _piped_prompt(case: Path) -> None:
    clips, out = _folders(case)
    ball_video(clips / "good.mp4")
    (clips / "p.flac").write_bytes(pipe_flac(speech_like()))
    row = ("good", "good.mp4", "bin blue at f two now", "p.flac")
    _table(clips, ["id", "video", "transcript", "speaker_prompt"], [row])
    soundfile.write(out / "good.wav", clicks(), RATE)


def _variable_mp3(case: Path) -> None:
    """Clips whose recording the shipped recogniser hears without fault."""
    clips, _ = _folders(case)
    for form in ("wav", "mp3"):
        (case / form).mkdir()
    rows = []
    for sample in _spoken("vtts-28", "vtts-29", "vtts-54"):
        sound = load_audio(sample.reference.path)  # type: ignore[union-attr]
        mono = sound.mono(sound.sample_rate)
        ball_video(clips / f"{sample.id}.mp4", sound_start=None)
        soundfile.write(case / "wav" / f"{sample.id}.wav", mono, sound.sample_rate)
        data = encode("mp3", "libmp3lame", mono, sound.sample_rate, pipe=True, write_xing="0")
        (case / "mp3" / f"{sample.id}.mp3").write_bytes(data)
        rows.append((sample.id, sample.transcript or ""))
    _table(clips, ["id", "transcript"], rows)


def _joined(case: Path) -> None:
    case.mkdir(parents=True)
    sound = speech_like()
    first, second = sound[: 2 * RATE], sound[2 * RATE :]
    mp3 = [encode("mp3", "libmp3lame", part, RATE) for part in (first, second)]
    (case / "joined.mp3").write_bytes(b"".join(mp3))
    (case / "variable_pipe.mp3").write_bytes(encode("mp3", "libmp3lame", sound, RATE, pipe=True, write_xing="0"))
    (case / "miscounted.mp3").write_bytes(encode("mp3", "libmp3lame", first, RATE)[:2000] + mp3[0][2000:] + mp3[1])
    parts = [encode("ogg", "libvorbis" if _has("libvorbis") else "flac", part, RATE) for part in (first, second)]
    (case / "chained.ogg").write_bytes(b"".join(parts))
    opus = [encode("ogg", "libopus", speech_like(2.0, OPUS), OPUS)] * 2
    (case / "chained_opus.opus").write_bytes(b"".join(opus))
    whole = encode("ogg", "libopus", speech_like(4.0, OPUS), OPUS)
    (case / "cut.opus").write_bytes(whole[: len(whole) // 2])


def _has(codec: str) -> bool:
    import av

    return codec in av.codecs_available


def _starts(case: Path) -> None:
    clips, out = _folders(case)
    starts = {
        "late.mp4": 0.667,
        "late.mkv": 0.667,
        "ten.mkv": 10.0,
        "ten.ts": 10.0,
        "before.mp4": -0.4,
        "before.ts": -0.4,
    }
    forms = {"mp4": "mp4", "mkv": "matroska", "ts": "mpegts"}
    for name, start in starts.items():
        stem, _, suffix = name.partition(".")
        ball_video(clips / f"{stem}_{suffix}.{suffix}", forms[suffix], picture_start=start, sound_start=start)
        sound = load_audio(clips / f"{stem}_{suffix}.{suffix}")
        soundfile.write(out / f"{stem}_{suffix}.wav", sound.samples.T, sound.sample_rate)


def _phases(case: Path) -> None:
    clips, out = _folders(case)
    for late in (0.005, 0.010, 0.021, 0.033):
        ball_video(clips / f"phase_{late:.3f}.mp4", picture_start=late)
        soundfile.write(out / f"phase_{late:.3f}.wav", clicks(), RATE)


def _suffixes(case: Path) -> None:
    clips, out = _folders(case)
    names = {
        "a.mp4": ("mp4", "libx264", "aac"), "b.ts": ("mpegts", "libx264", "aac"), "c.wmv": ("asf", "wmv2", "wmav2"),
        "d.3gp": ("3gp", "libx264", "aac"), "more/e.mp4": ("mp4", "libx264", "aac"), "f.MOV": ("mov", "libx264", "aac"),
        "g.mpg": ("mpeg", "mpeg2video", "mp2"), "deep/er/h.flv": ("flv", "flv1", "aac"), "i": ("mp4", "libx264", "aac"),
    }  # fmt: skip
    for name, (form, codec, sound_codec) in names.items():
        (clips / name).parent.mkdir(parents=True, exist_ok=True)
        ball_video(clips / name, form, codec, sound_codec=sound_codec)
        soundfile.write(out / f"{Path(name).stem}.wav", clicks(), RATE)


def _sound_beside_video(case: Path) -> None:
    clips, out = _folders(case)
    ball_video(clips / "vid1.mp4")
    ball_video(out / "vid1.mp4")
    soundfile.write(out / "vid1.flac", clicks(), RATE)


_SPELLINGS = {
    "vtts-54": [("There are 25 soldiers in the kitchen.", "there are twenty five soldiers in the kitchen"),
                ("There are twenty-five soldiers in the café!", "there are twenty five soldiers in the cafe")],
    "vtts-31": [("There are 7 pictures in New York.", "there are seven pictures in new york"),
                ("There\u2019re 10% more in 1945", "there are ten percent more in nineteen forty five"),
                ("It\u00b4s $5 at 3:30 \u2014 on the 3rd", "it's five dollars at three thirty on the third")],
    "vtts-28": [("The busi\u00adness\u200b is completely different\ufeff", "the business is completely different"),
                ("\u201cThe business\u201d\u00a0is\u2026 COMPLETELY different?!",
                 "the business is completely different")],
    "vtts-36": [("The children didn`t clean the kitchen.", "the children didn't clean the kitchen")],
}  # fmt: skip
"""Transcripts as people write them and spelled out, by the clip of mini_vtts that is heard."""


def _transcripts(case: Path) -> None:
    clips, out = _folders(case)
    ball_video(clips / "v.mp4", sound_start=None)
    rows = []
    for sample in _spoken(*_SPELLINGS):
        for number, pair in enumerate(_SPELLINGS[sample.id]):
            for letter, transcript in zip("AB", pair, strict=True):
                clip = f"{sample.id}-{number}_{letter}"
                shutil.copy(sample.reference.path, out / f"{clip}.flac")  # type: ignore[union-attr]
                rows.append((clip, "v.mp4", transcript))
    _table(clips, ["id", "video", "transcript"], rows)


def _one_system(case: Path) -> None:
    clips, out = _folders(case)
    ball_video(clips / "a.mp4")
    soundfile.write(out / "a.wav", clicks(), RATE)


def _hostile(case: Path) -> None:
    media = case / "media"
    media.mkdir(parents=True)
    good = ball_video(case / "good.mp4").read_bytes()
    (media / "unknown_codec.mp4").write_bytes(rename_codec(good, b"avc1", b"zzz1"))
    whole = bytearray(encode("flac", "flac", clicks()))
    whole[21] |= 0x0F  # the 36 bits of STREAMINFO that count the samples (RFC 9639, 8.2)
    whole[22:26] = b"\xff" * 4
    (media / "counts_too_many.flac").write_bytes(whole)
    (media / "ten_minutes.flac").write_bytes(encode("flac", "flac", np.zeros(600 * 8000, np.float32), 8000))
    (media / "no_head.mp4").write_bytes(good[len(good) // 2 :])


def _spoken(*names: str) -> list[Sample]:
    by_id = {sample.id: sample for sample in mini_vtts().samples()}
    return [by_id[name] for name in names]


def _table(folder: Path, heads: list[str], rows: Iterable[tuple[str, ...]]) -> None:
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heads, *rows])


CASES: dict[str, Callable[[Path], None]] = {
    "crash_unknown_video": _unknown_video,
    "crash_apac_audio": _unknown_audio,
    "crash_reference_piped": _piped_reference,
    "crash_prompt_piped_flac": _piped_prompt,
    "mp3_vbr_no_xing": _variable_mp3,
    "mp3_ogg_concatenated": _joined,
    "starts": _starts,
    "vfr_phases": _phases,
    "silent_suffixes": _suffixes,
    "mmaudio_output": _sound_beside_video,
    "wer_numbers": _transcripts,
    "same_system_paths": _one_system,
    "trust": _hostile,
}
"""What writes a case into a new folder, by the case's name."""
