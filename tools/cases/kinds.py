"""What must hold for each kind of case: exit code, clips by status, and values, by whole commands in a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import soundfile

from tools.cases.media import RATE, ball_video, clicks
from tools.cases.place import NotHeld, Place, Run
from vsseval.errors import Unmeasurable
from vsseval.media import load_audio, look

__all__ = ["KINDS", "kind_of"]

SYNC, WORDS = "desync@onset", "wer@sphinx-lm"
NEAR = 0.005
"""Seconds by which an offset may be wrong."""
JOINED_SECONDS, PADDING = 4.0, 0.06
"""Each joined sound is so long; where no header says what the encoder added, so much may be left."""
_MEMORY = 1.5e9
"""Bytes that one hostile file may take at the most; half of it is the program and its libraries."""
_PICTURED = {".mp4", ".mkv", ".mov", ".avi", ".ts", ".webm"}
_SENTENCE = "bin blue at f two now"


def unknown_video(place: Place) -> None:
    """One clip has pictures that nobody can decode: it has failed, the others have values; registering says so too."""
    clips = sorted(path.stem for path in (place.folder / "clips").iterdir())
    run = place.run(SYNC, codes=(3,)).require_clips(ok=len(clips) - 1, failed=1)
    (failed,) = (clip for (clip, metric), row in run.rows.items() if metric == SYNC and row["status"] == "failed")
    _require(failed == "bad" and run.cells[SYNC]["n"] == len(clips) - 1, f"{run.rows}")
    _follow_up(place)
    bad = next((place.folder / "clips").glob("bad.*"))
    place.command("generate", str(bad), "-o", "new.mp4", program="vssflow").require(2)
    data = place.folder / "data"
    data.mkdir()
    names = {"abcdefghij-_000010": bad, "_bcdefghijk_000000": next((place.folder / "clips").glob("good.*"))}
    for name, path in names.items():
        shutil.copy(path, data / f"{name}.mp4")
    (place.folder / "list.txt").write_text("".join(f"{name}\n" for name in names))
    told = place.command("data", "add", "vggsound", "--root", "data", "--list", "list.txt").require(0, 3)
    _require(" of 2 usable" in told.out, told.out)


def unknown_audio(place: Place) -> None:
    """The sound of a clip has a codec that nobody knows: the clip has no reference, everything else goes on."""
    clips = sorted(path.stem for path in (place.folder / "clips").iterdir())
    run = place.run(SYNC).require_clips(ok=len(clips))
    _require(run.cells[SYNC]["n"] == len(clips), f"{run.cells[SYNC]}")
    bound = place.run(SYNC, model="reference", codes=(0, 3))
    _require(bound.size == len(clips) and bound.cells[SYNC]["n"] == len(clips) - 1, f"reference: {bound.clips}")
    _follow_up(place)
    bad = str(next((place.folder / "clips").glob("bad.*")))
    good = str(next((place.folder / "clips").glob("good.*")))
    place.command("generate", good, "-t", _SENTENCE, "--prompt", bad, "-o", "new.mp4", program="vssflow").require(2)


def piped_reference(place: Place) -> None:
    """A FLAC from a pipe, which counts no samples, is read as a reference."""
    run = place.run(SYNC).require_clips(ok=2)
    bound = place.run(SYNC, model="reference").require_clips(ok=2)
    _require(run.cells[SYNC]["n"] == bound.cells[SYNC]["n"] == 2, "a clip has no value")
    place.command("report").require(0)


def piped_prompt(place: Place) -> None:
    """A FLAC from a pipe is read as the voice that is wanted, by the harness and by vssflow."""
    run = place.run(SYNC).require_clips(ok=1)
    _require(run.cells[SYNC]["n"] == 1, "the clip has no value")
    clip, voice = (str(next((place.folder / "clips").glob(name))) for name in ("good.*", "p.flac"))
    wanted = ["generate", clip, "-t", _SENTENCE, "--prompt", voice, "--steps", "2", "-o", "new.mp4"]
    place.command(*wanted, program="vssflow").require(0)


def variable_mp3(place: Place) -> None:
    """MP3 of variable rate whose header counts nothing is heard as the WAV that it was made of."""
    rates = {}
    for name in ("wav", "mp3"):
        run = place.run(WORDS, model=f"audio:{name}")
        rates[name] = {clip: row["value"] for (clip, _), row in run.rows.items()}
        _require(set(run.clips) == {"ok"}, f"{name}: {run.clips}")
    _require(rates["mp3"] == rates["wav"] and set(rates["wav"].values()) == {0.0}, f"word error rates: {rates}")


def joined_sounds(place: Place) -> None:
    """Joined and miscounted sounds are read to their end; what breaks off is called truncated and is a failed clip."""
    files = sorted(path for path in place.folder.iterdir() if path.suffix in {".mp3", ".ogg", ".opus", ".oga"})
    clips, out = place.folder / "clips", place.folder / "out"
    clips.mkdir()
    out.mkdir()
    video = ball_video(place.folder / "ball.mp4").read_bytes()
    for path in files:
        (clips / f"{path.stem}.mp4").write_bytes(video)
        shutil.copy(path, out)
        try:
            seconds = load_audio(path).seconds
        except Unmeasurable as reason:
            _require("cut" in path.stem and "truncated" in str(reason), f"{path.name}: {reason}")
        else:
            _require("cut" not in path.stem, f"{path.name}: breaks off, and {seconds:.2f} s were read as whole")
            _require(-NEAR < seconds - JOINED_SECONDS < PADDING, f"{path.name}: {seconds:.3f} s were read")
    broken = sum("cut" in path.stem for path in files)
    run = place.run(SYNC, codes=(3 if broken else 0,)).require_clips(ok=len(files) - broken, failed=broken)
    _require(run.size == len(files), f"{run.clips}")


def late_starts(place: Place) -> None:
    """Wherever the clock of a container starts, its pictures and the sound that players play are together."""
    for clip, offset in _offsets(place).items():
        _require(abs(offset) < NEAR, f"{clip}: offset {offset:+.4f} s")


def phases(place: Place) -> None:
    """Pictures that start a few milliseconds after the sound are so much late: the name of the clip says how much."""
    for clip, offset in _offsets(place).items():
        wanted = -float(clip.rpartition("_")[2])
        _require(abs(offset - wanted) < NEAR, f"{clip}: offset {offset:+.4f} s")


def silent_suffixes(place: Place) -> None:
    """Every video of a folder and its subfolders is a clip, whatever its suffix."""
    videos = [path for path in (place.folder / "clips").rglob("*") if path.is_file() and look(path).kind == "video"]
    run = place.run(SYNC).require_clips(ok=len(videos))
    _require(len(videos) == run.cells[SYNC]["n"], f"n is {run.cells[SYNC]['n']} of {len(videos)} videos")


def sound_beside_video(place: Place) -> None:
    """An output folder with X.flac beside X.mp4 gives X.flac for X."""
    clips = [path.stem for path in (place.folder / "clips").iterdir()]
    run = place.run(SYNC).require_clips(ok=len(clips))
    for journal in (place.folder / "runs").rglob("audio/*.flac"):
        clip = journal.name.rpartition("__")[0]
        beside = load_audio(next((place.folder / "out").glob(f"{clip}.flac")))
        _require(load_audio(journal).sample_rate == beside.sample_rate, f"{clip}: another sound than the FLAC is taken")
    _require(run.cells[SYNC]["n"] == len(clips), f"{run.cells[SYNC]}")


def spellings(place: Place) -> None:
    """A transcript as people write it, X_A, costs what the same words spelled out do, X_B."""
    run = place.run(WORDS)
    counts = {
        clip: (row["value"], *(row["detail"].get(key) for key in ("hits", "substitutions", "deletions", "insertions")))
        for (clip, _), row in run.rows.items()
    }
    for clip, found in counts.items():
        if clip.endswith("_A"):
            other = counts[f"{clip[:-1]}B"]
            _require(found[0] is not None and found == other, f"{clip}: {found}, spelled out {other}")


def one_system(place: Place) -> None:
    """One folder of sound in four spellings of its path is one run, and one row of the table."""
    for path in ("out", "out/", "./out", str(place.folder / "out")):
        place.run(SYNC, model=f"audio:{path}")
    runs = [*(place.folder / "runs").glob("*/run.json")]
    table = place.command("table").require(0).out
    _require(len(runs) == 1, f"{len(runs)} runs")
    _require(sum(line.startswith("audio:") for line in table.splitlines()) == 1, table)


def hostile_media(place: Place) -> None:
    """Files whose headers lie are a value or a reason, in bounded memory: as video, output, reference and prompt."""
    media = sorted((place.folder / "media").iterdir())
    clips, out = place.folder / "clips", place.folder / "out"
    clips.mkdir()
    out.mkdir()
    video = ball_video(place.folder / "ball.mp4")
    for path in media:
        is_seen = path.suffix in _PICTURED
        shutil.copy(path if is_seen else video, clips / f"{path.stem}{path.suffix if is_seen else '.mp4'}")
        if not is_seen:
            shutil.copy(path, clips)
            shutil.copy(path, out)
        else:
            soundfile.write(out / f"{path.stem}.wav", clicks(), RATE)
    for model in ("audio:out", "reference"):
        run = place.run(SYNC, model=model, codes=(0, 3))
        _require(run.size == len(media), f"{model}: {run.clips}")
        _bounded(run.done.peak, run.done.said)
    _follow_up(place)
    for path in media:
        if path.suffix in _PICTURED:
            continue
        wanted = [
            "generate",
            str(video),
            "-t",
            _SENTENCE,
            "--prompt",
            str(path),
            "--steps",
            "1",
            "-o",
            "new.wav",
            "--force",
        ]
        done = place.command(*wanted, program="vssflow").require(0, 2)
        _bounded(done.peak, done.said)


def _bounded(peak: int, said: str) -> None:
    _require(peak < _MEMORY, f"{said}: {peak / 1e9:.1f} GB of memory")


def _offsets(place: Place) -> dict[str, float]:
    run: Run = place.run(SYNC)
    offsets = run.details(SYNC, "offset")
    _require(len(offsets) == run.size, f"offsets of {len(offsets)} of {run.size} clips\n{run.done.err}")
    return offsets


def _follow_up(place: Place) -> None:
    """Make the table and the report of all runs."""
    place.command("table").require(0)
    place.command("report").require(0)


def _require(held: object, otherwise: str) -> None:
    if not held:
        raise NotHeld(otherwise)


KINDS: dict[str, Callable[[Place], None]] = {
    "crash_unknown_video": unknown_video,
    "crash_apac_audio": unknown_audio,
    "crash_reference_piped": piped_reference,
    "crash_prompt_piped_flac": piped_prompt,
    "mp3_vbr_no_xing": variable_mp3,
    "mp3_ogg_concatenated": joined_sounds,
    "start": late_starts,
    "vfr_phase": phases,
    "silent_suffixes": silent_suffixes,
    "mmaudio_output": sound_beside_video,
    "wer_numbers": spellings,
    "same_system_paths": one_system,
    "trust": hostile_media,
}
"""What must hold, by the beginning of a case's name."""


def kind_of(case: Path) -> Callable[[Place], None] | None:
    """Return what must hold for a case by its name; None where no kind is known by it."""
    return next((kind for name, kind in KINDS.items() if case.name.startswith(name)), None)
