"""The training split: many small clips with all that is known about them, as `index.jsonl` and one NPZ a clip.

Clip k of a task is a function of (seed, task, k) alone, so a split can be made in pieces, on any number of
cores, and be made larger later; clips that exist are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tools.mini.clip import FPS, SAMPLE_RATE, Rendered
from tools.mini.sentences import free_sentence, grid_sentence
from tools.mini.speech import DERIVED_VOICES, SEEN_VOICES, Voice

SIZE = 64
TASKS = ("v2s", "vtts", "joint")
SECONDS = (3.0, 5.0)
"""Range of the length of a V2S clip."""
GRID_SHARE = 0.4
"""Share of the spoken clips that are GRID commands; free sentences need more examples."""
CHUNK = 8
"""Clips that a worker takes at once."""


class IndexEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `index.jsonl`."""

    id: str
    task: str
    seconds: float
    label: str | None
    caption: str | None
    transcript: str | None
    language: str
    voice: str | None
    speech_window: tuple[float, float] | None
    prompt: str | None
    events: tuple[float, ...]
    phones: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """Clip `k` of a task."""

    task: str
    k: int
    seed: int

    @property
    def id(self) -> str:
        """Name of the clip."""
        return f"{self.task}-{self.k:06d}"

    @property
    def generator(self) -> np.random.Generator:
        """The clip's own source of randomness."""
        return np.random.default_rng([self.seed, TASKS.index(self.task), self.k])


def build_train(out: Path, counts: dict[str, int], seed: int, jobs: int) -> Iterator[tuple[int, int]]:
    """Make the split, or what is missing of it.

    Args:
        out: folder; `out/clips` and `out/index.jsonl` are written.
        counts: clips per task.
        seed: of the whole split.
        jobs: processes.

    Yields:
        Clips done and clips in all; the index is written before the last pair.
    """
    clips = out / "clips"
    clips.mkdir(parents=True, exist_ok=True)
    todo = [Job(task=task, k=k, seed=seed) for task in TASKS for k in range(counts.get(task, 0))]
    entries: list[IndexEntry] = []
    for entry in _entries(clips, todo, jobs):
        entries.append(entry)
        if len(entries) < len(todo):
            yield len(entries), len(todo)
    lines = [msgspec.json.encode(_with_prompt(entry, job, counts)) for entry, job in zip(entries, todo, strict=True)]
    partial_index = out / f"index.jsonl.{os.getpid()}.tmp"
    partial_index.write_bytes(b"".join(line + b"\n" for line in lines))
    partial_index.replace(out / "index.jsonl")
    yield len(todo), len(todo)


def _entries(clips: Path, todo: list[Job], jobs: int) -> Iterator[IndexEntry]:
    if jobs <= 1:
        yield from map(partial(make_clip, clips), todo)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(partial(make_clip, clips), todo, chunksize=CHUNK)


def make_clip(clips: Path, job: Job) -> IndexEntry:
    """Render a clip into `clips/<id>.npz` unless it is there, and return its line of the index, less the prompt."""
    path = clips / f"{job.id}.npz"
    if path.is_file():
        with np.load(path) as stored:
            return msgspec.json.decode(stored["entry"].tobytes(), type=IndexEntry)
    rendered = render(job)
    frames = len(rendered.frames)
    entry = IndexEntry(
        id=job.id,
        task=job.task,
        seconds=frames / FPS,
        label=rendered.label,
        caption=rendered.caption,
        transcript=rendered.transcript,
        language=rendered.language,
        voice=rendered.voice,
        speech_window=rendered.speech_window,
        prompt=None,
        events=tuple(round(second, 4) for second in rendered.events),
        phones=tuple((name, round(start, 4), round(end, 4)) for name, start, end in rendered.phones),
    )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, **_arrays(rendered), entry=np.frombuffer(msgspec.json.encode(entry), dtype=np.uint8))
    temporary.replace(path)
    return entry


def voice_of(k: int) -> Voice:
    """Voice of clip `k`: every second one is of the benchmarks' seen half, the others are derived, in turn."""
    turn = k // 2
    return SEEN_VOICES[turn % len(SEEN_VOICES)] if k % 2 == 0 else DERIVED_VOICES[turn % len(DERIVED_VOICES)]


def render(job: Job) -> Rendered:
    """Draw what the clip shows and render it; voices and labels take turns, half of the speech is GRID."""
    rng = job.generator
    voice = voice_of(job.k)
    language = "en-grid" if rng.random() < GRID_SHARE else "en"
    if job.task == "vtts":
        from tools.mini.vtts import make_vtts

        return make_vtts(rng, sentence(rng, language), voice, SIZE, language)
    from tools.mini.v2s import LABELS, make_v2s

    label = LABELS[job.k % len(LABELS)]
    if job.task == "v2s":
        return make_v2s(rng, label, float(rng.uniform(*SECONDS)), SIZE)
    from tools.mini.joint import make_joint

    return make_joint(rng, label, sentence(rng, language), voice, SIZE, language)


def sentence(rng: np.random.Generator, language: str) -> str:
    """Draw a sentence of the training side."""
    return grid_sentence(rng, "train") if language == "en-grid" else free_sentence(rng, "train")


def _arrays(rendered: Rendered) -> dict[str, Any]:
    frames = len(rendered.frames)
    count = round(frames / FPS * SAMPLE_RATE)
    onset = np.zeros(frames, dtype=np.float32)
    for second in rendered.events:
        onset[min(frames - 1, round(second * FPS))] = 1.0
    audio = np.zeros(count)
    audio[: len(rendered.audio)] = rendered.audio[:count]
    return {
        "frames": rendered.frames,
        "audio": np.rint(np.clip(audio, -1.0, 1.0) * 32767).astype(np.int16),
        "viseme": np.zeros(frames, np.uint8) if rendered.viseme is None else rendered.viseme,
        "mouth": np.zeros((frames, 3), np.float32) if rendered.mouth is None else rendered.mouth,
        "onset": onset,
    }


def _with_prompt(entry: IndexEntry, job: Job, counts: dict[str, int]) -> IndexEntry:
    """Name another clip of the same voice, one of speech alone where there is one."""
    if entry.voice is None:
        return entry
    rng = np.random.default_rng([job.seed, TASKS.index(job.task), job.k, 1])
    for task in ("vtts", "joint"):
        others = [
            k for k in range(counts.get(task, 0)) if voice_of(k).name == entry.voice and (task, k) != (job.task, job.k)
        ]
        if others:
            other = Job(task=task, k=others[rng.integers(len(others))], seed=job.seed)
            return msgspec.structs.replace(entry, prompt=other.id)
    return entry
