"""One of each plugin. FAKE_SLOW names a stage that hangs after a few clips, once it has made the file FAKE_MARK.

After how many says FAKE_AFTER, where it is set.
"""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.extractors.base import Arrays, Audio, Source, Video
from vsseval.metrics.base import Sums
from vsseval.models.base import ModelOptions, ModelOutput, Request
from vsseval.store import codec
from vsseval.tables.cells import Block
from vsseval.tables.styles import StyleOptions
from vsseval.types import (
    BenchmarkCard,
    ExtractorSpec,
    MetricSpec,
    ModelCard,
    Sample,
    Score,
)

RATE = 8000


def linger(stage: str, count: int, after: int = 3) -> None:
    """Hang where a test wants to kill."""
    if os.environ.get("FAKE_SLOW") == stage and count >= int(os.environ.get("FAKE_AFTER", after)):
        Path(os.environ["FAKE_MARK"]).touch()
        time.sleep(60)


class Clips:
    """The samples of a JSON file that a test has written."""

    def __init__(self, argument: str | None) -> None:
        if argument is None:
            from vsseval.errors import UsageError

            raise UsageError("fake needs a folder: fake:FOLDER")
        self._folder = Path(argument)
        self.card = BenchmarkCard(
            name="fake",
            version="1",
            task="joint",
            size=len(self.samples()),
            licence="none",
            description="made by a test",
            metrics=("fd@fake", "level@fake", "words@fake"),
        )

    def samples(self) -> list[Sample]:
        return codec.decode((self._folder / "samples.json").read_bytes(), list[Sample])


def absent(argument: str | None) -> Clips:
    raise EnvironmentFault("the data of fake_absent are not here. Get them with: vsseval data pull fake_absent")


def ready(argument: str | None) -> Clips:
    if "FAKE_CLIPS" not in os.environ:
        raise EnvironmentFault("FAKE_CLIPS names no folder")
    return Clips(os.environ["FAKE_CLIPS"])


class Tone:
    """A tone of a level and pitch that follow from the seed. The argument says how to misbehave."""

    def __init__(self, options: ModelOptions) -> None:
        self._mode = options.argument or ""
        self._count = 0
        wanted = int(self._mode.removeprefix("threads=")) if self._mode.startswith("threads=") else 1
        self.card = ModelCard(name="fake", version="1", tasks=("v2s", "vtts", "joint"), note=self._mode, threads=wanted)

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        if self._mode == "environment":
            raise EnvironmentFault("the weights of fake are not here. Get them with: vsseval weights pull fake")
        for request in requests:
            linger("generate", self._count)
            self._count += 1
            assert request.reference is None
            yield from self._answer(request, len(requests))

    def _answer(self, request: Request, batch: int) -> Iterator[ModelOutput]:
        bad = request.id.endswith("3")
        sound = tone(request.seed, request.duration)
        self._suffer(batch, bad=bad)
        if self._mode.startswith("threads="):
            import torch

            sound = np.full(RATE, torch.get_num_threads() / 10, np.float32)
        if self._mode == "drop" and bad:
            return
        if self._mode == "error" and bad:
            yield ModelOutput(request.id, None, 0, error="no sound for this one")
        elif self._mode == "missing" and bad:
            yield ModelOutput(request.id, None, 0, error="no file", missing=True)
        elif self._mode == "silent" and bad:
            yield ModelOutput(request.id, np.zeros_like(sound), RATE)
        elif self._mode == "twice":
            yield ModelOutput(request.id, sound, RATE)
            yield ModelOutput(request.id, sound * 0, RATE)
            yield ModelOutput("stranger", sound, RATE)
        elif self._mode == "once" and bad and not Path(os.environ["FAKE_MARK"]).exists():
            Path(os.environ["FAKE_MARK"]).touch()
            raise RuntimeError("the first time only")
        else:
            yield ModelOutput(request.id, sound, RATE)

    def _suffer(self, batch: int, *, bad: bool) -> None:
        if self._mode == "slow":
            time.sleep(0.3)
        if self._mode == "kill" and bad:
            os._exit(9)
        if self._mode == "raise" and bad:
            raise RuntimeError("cannot do it")
        if batch > {"batch": 1, "large": 2}.get(self._mode, batch):
            raise MemoryError("batch too large")


def text_only(options: ModelOptions) -> Tone:
    model = Tone(options)
    model.card = ModelCard(name="fake_tts", version="1", tasks=("tts",))
    return model


class Given:
    """Gives back the reference that it is given."""

    def __init__(self, bound: Literal["own", "other"]) -> None:
        self.card = ModelCard(name=f"fake_{bound}", version="1", tasks=("joint",), bound=bound)

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        from vsseval.media import load_audio

        for request in requests:
            assert request.reference is not None
            audio = load_audio(request.reference.path)
            yield ModelOutput(request.id, audio.samples, audio.sample_rate)


def own(options: ModelOptions) -> Given:
    return Given("own")


def other(options: ModelOptions) -> Given:
    return Given("other")


def tone(seed: int, seconds: float) -> np.ndarray:
    random = np.random.Generator(np.random.PCG64(seed))
    time_axis = np.arange(round(seconds * RATE)) / RATE
    level, pitch = random.uniform(0.1, 0.8), random.uniform(100, 1000)
    return (level * np.sin(2 * np.pi * pitch * time_axis)).astype(np.float32)


class Level:
    spec = ExtractorSpec(name="fake_level", version="1", input_kinds=("audio",), sample_rate=RATE)
    _count = 0

    def extract(self, source: Source) -> Arrays:
        assert isinstance(source, Audio)
        linger("extract", self._count)
        self._count += 1
        x = source.mono(RATE).astype(np.float64)
        level = float(np.sqrt(np.mean(x**2)))
        if level == 0:
            raise Unmeasurable("silent")
        return {"x": np.array([level, np.abs(x).max(), np.mean(np.diff(x) ** 2)])}


class Light:
    spec = ExtractorSpec(name="fake_light", version="1", input_kinds=("video",))

    def extract(self, source: Source) -> Arrays:
        assert isinstance(source, Video)
        frames = source.frames(fps=5.0, size=(8, 8), gray=True)
        if frames.max() == frames.min() == 0:
            raise Unmeasurable("the video is black")
        return {"light": frames.mean(axis=(1, 2), dtype=np.float64)}


class Words:
    spec = ExtractorSpec(name="fake_words", version="1", input_kinds=("text",))

    def extract(self, source: Source) -> Arrays:
        assert isinstance(source, str)
        return {"count": np.array(len(source.split())), "text": np.array(source)}


class Killer:
    spec = ExtractorSpec(name="fake_killer", version="1", input_kinds=("audio",))

    def extract(self, source: Source) -> Arrays:
        assert isinstance(source, Audio)
        if source.mono(RATE).size == RATE:  # clips of exactly one second
            os._exit(9)
        return {"x": np.zeros(1)}


class Bare(Killer):
    def __init__(self) -> None:
        raise EnvironmentFault("the weights of fake_bare are not here. Get them with: vsseval weights pull fake_bare")


class LevelMetric:
    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec
        self._count = 0

    def score(self, sound: Arrays, light: Arrays) -> Score:
        linger("score", self._count)
        self._count += 1
        return Score(value=float(sound["x"][0] * light["light"].mean()), detail={"peak": float(sound["x"][1])})


class WordsMetric:
    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays, said: str, words: Arrays) -> Score:
        assert said == str(words["text"])
        if said == "unsayable":
            raise Unmeasurable("no words")
        if said == "not a number":
            return Score(value=float("nan"))
        return Score(value=float(sound["x"][1]), weight=float(words["count"]))


class Distance:
    kind: Final = "sums"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def sums(self, sound: Arrays, real: Arrays) -> Sums:
        return {"n": np.array(1.0), "x": sound["x"], "y": real["x"], "xx": sound["x"] ** 2}

    def value(self, sums: Sums) -> float:
        linger("aggregate", 1, after=1)
        if sums["n"] < 2:
            raise Unmeasurable("fewer than two clips")
        return float(np.sum((sums["x"] - sums["y"]) ** 2) / sums["n"] ** 2 + sums["xx"].sum() / sums["n"])


class One:
    kind: Final = "per_clip"

    def __init__(self, spec: MetricSpec) -> None:
        self.spec = spec

    def score(self, sound: Arrays) -> Score:
        return Score(value=1.0)


def lines(blocks: Sequence[Block], options: StyleOptions) -> str:
    """A table style: one line for each row."""
    return "".join(f"{row.label} {[cell.value for cell in row.cells]}\n" for block in blocks for row in block.rows)
