"""`python -m tools.onset_foley.build`: trains the weights and cuts the sounds, from the training split alone.

The split's seeds can make no clip of the benchmarks. Every tenth clip is held out of training and of the sounds, and
what is found in it is reported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from tools.mini.clip import FPS, SAMPLE_RATE
from tools.mini.train import SECONDS, Job, make_clip
from tools.mini.v2s import EVENT_LABELS, LABELS, make_event_layer
from tools.onset_foley.cuts import cuts_of_events, texture_of
from tools.onset_foley.measure import report
from tools.onset_foley.train import Example, train
from vsseval.errors import UsageError, VssevalError
from vsseval.models.onset_foley.bank import FOLDER, WEIGHTS
from vsseval.models.onset_foley.recognise import FACE, Weights, look
from vsseval.models.onset_foley.sounds import spectrum
from vsseval.models.onset_foley.windows import windows

_HELD_OUT = 10
_THRESHOLD = 0.0
_SOURCES = {"events": 12, "textures": 4}
"""Training clips per class that sounds are cut from."""


MOUTH_TOP = 48
"""First pixel row of 64 at which joint clips of the split show nothing of the object any more."""


class _Clip(NamedTuple):
    examples: list[Example]
    audio: np.ndarray


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True)
@click.option("--split", type=click.Path(path_type=Path, file_okay=False), required=True, help="Training split.")
@click.option("--v2s", type=click.IntRange(120), default=960, show_default=True, help="Clips; missing ones are made.")
@click.option("--joint", type=click.IntRange(0), default=240, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the split.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
def main(out: Path, split: Path, v2s: int, joint: int, seed: int, jobs: int) -> None:
    """Make the data that ship with onset_foley under OUT."""
    todo = [Job(task=task, k=k, seed=seed) for task, count in (("v2s", v2s), ("joint", joint)) for k in range(count)]
    (split / "clips").mkdir(parents=True, exist_ok=True)
    clips = []
    for clip in _clips(split / "clips", todo, jobs):
        clips.append(clip)
        if len(clips) % 60 == 0:
            click.echo(f"{len(clips)}/{len(todo)} clips", err=True)
    kept = [clip for job, clip in zip(todo, clips, strict=True) if (job.k // len(LABELS)) % _HELD_OUT]
    held = [clip for job, clip in zip(todo, clips, strict=True) if not (job.k // len(LABELS)) % _HELD_OUT]
    weights = train([example for clip in kept for example in clip.examples], [*LABELS, FACE], _THRESHOLD)
    for line in report(weights, [example for clip in held for example in clip.examples]):
        click.echo(line)
    alone = [clip for clip in kept if len(clip.examples) == 1]
    out.mkdir(parents=True, exist_ok=True)
    for label in LABELS:
        weights |= _write_sounds(out, label, [clip for clip in alone if clip.examples[0].label == label])
    np.savez_compressed(out / WEIGHTS, **weights)  # type: ignore[arg-type]
    for path in [out / WEIGHTS, *sorted(out.glob("*.flac"))]:
        click.echo(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


def _clips(folder: Path, todo: list[Job], jobs: int) -> Iterator[_Clip]:
    if jobs == 1:
        yield from map(partial(_clip, folder), todo)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(partial(_clip, folder), todo, chunksize=4)


def _clip(folder: Path, job: Job) -> _Clip:
    entry = make_clip(folder, job)
    with np.load(folder / f"{job.id}.npz") as stored:
        frames, audio = stored["frames"], stored["audio"].astype(np.float32) / 32767
    label = str(entry.label)
    if job.task == "joint":
        return _Clip(_beside(frames, label, entry.events), audio)
    seen = look(frames)
    mirrored = look(np.ascontiguousarray(frames[:, :, ::-1]))
    cuts = cuts_of_events(audio, entry.events, label) if entry.events else [audio]
    example = Example(
        label=label,
        motion=seen.motion,
        vectors=(seen.vector, mirrored.vector),
        events=entry.events,
        intensity=None if label in EVENT_LABELS else _intensity(job, label, audio),
        spectrum=spectrum(cuts[0][: SAMPLE_RATE // 4] if entry.events else audio) if cuts else None,
    )
    return _Clip([example], audio)


def _beside(frames: np.ndarray, label: str, events: tuple[float, ...]) -> list[Example]:
    """Make an example of the window that holds the object, and one of the face.

    The split does not say which is which, but the mouth does: it alone moves below the windows.
    """
    seen = [look(window) for window in windows(frames)]
    below = np.abs(np.diff(frames[:, MOUTH_TOP:].astype(np.float32), axis=0)).mean(axis=(0, 1, 3))
    half = below.size // 2
    face, shown = (seen[0], seen[1]) if below[:half].sum() > below[half:].sum() else (seen[1], seen[0])
    return [
        Example(label=label, motion=shown.motion, vectors=(shown.vector,), events=events),
        Example(label=FACE, motion=face.motion, vectors=(face.vector,)),
    ]


def _intensity(job: Job, label: str, audio: np.ndarray) -> np.ndarray:
    """Make the clip's object again, for the split does not store how strong it was.

    Raises:
        UsageError: the object is another one: the split is of another version or seed.
    """
    rng = job.generator
    count = max(1, round(float(rng.uniform(*SECONDS)) * FPS))
    thing = make_event_layer(rng, label, count / FPS)
    if thing.intensity is None or not np.allclose(thing.audio[: audio.size], audio[: thing.audio.size], atol=1e-3):
        raise UsageError(f"{job.id} of the split is not what the makers make with seed {job.seed}: make the split anew")
    return np.array([thing.intensity(frame / FPS) for frame in range(count)])


def _write_sounds(out: Path, label: str, clips: list[_Clip]) -> Weights:
    """Write the class's FLAC, and return where what is in it."""
    import soundfile

    blocks: list[np.ndarray] = []
    bounds: list[tuple[int, int, int]] = []
    spectra: list[np.ndarray] = []
    courses: list[np.ndarray] = []
    for clip in clips:
        example = clip.examples[0]
        if len(spectra) == _SOURCES["events" if example.intensity is None else "textures"]:
            break
        if example.intensity is not None:
            samples, course = texture_of(clip.audio, example.intensity)
            parts = [samples]
            courses.append(course)
        else:
            parts = cuts_of_events(clip.audio, example.events, label)
        if not parts or example.spectrum is None:
            continue
        for part in parts:
            start = sum(block.size for block in blocks)
            bounds.append((len(spectra), start, start + part.size))
            blocks.append(part)
        spectra.append(example.spectrum)
    rounded = np.rint(np.clip(np.concatenate(blocks), -1.0, 1.0) * 32767).astype(np.int16)
    soundfile.write(out / f"{label}.flac", rounded, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    found = {
        f"bank/{label}/cuts": np.array(bounds, np.int32),
        f"bank/{label}/spectra": np.stack(spectra).astype(np.float32),
    }
    if courses:
        found[f"bank/{label}/intensity"] = np.concatenate(courses).astype(np.float32)
    return found


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except VssevalError as fault:
        click.echo(f"error: {fault}", err=True)
        sys.exit(fault.exit_code)
