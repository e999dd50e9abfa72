"""The three benchmarks that ship inside the package: small, frozen, versioned, made by `mini.make`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from vsseval.benchmarks.base import Benchmark, BenchmarkCard, Sample
from vsseval.errors import UsageError
from vsseval.text.readers import file_bytes
from vsseval.types import Medium, Task

_HERE = Path(__file__).parent
_CAUTION = "Synthetic, made so that everything runs anywhere; no substitute for VGGSound or GRID."

_SOUND = ("fad@aisfx", "kl@aisfx", "sound_sim@aisfx")
"""What sounds, against the recording."""


@dataclass
class MiniBenchmark:
    """A frozen benchmark in a folder: `manifest.jsonl` and `media/`."""

    card: BenchmarkCard
    folder: Path

    def samples(self) -> Sequence[Sample]:
        """Return the clips in the manifest's order, with absolute paths.

        Raises:
            UsageError: the manifest is missing or cannot be read; a missing medium is a clip's `problem`.
        """
        path = self.folder / "manifest.jsonl"
        try:
            lines = file_bytes(path).splitlines()
        except OSError as error:
            raise UsageError(
                f"{self.card.name}: {path} cannot be read ({error.strerror}): reinstall vsseval, or run "
                "python -m tools.mini bench"
            ) from error
        return [self._sample(path, number, line) for number, line in enumerate(lines, 1)]

    def _sample(self, path: Path, number: int, line: bytes) -> Sample:
        try:
            sample = msgspec.json.decode(line, type=Sample, dec_hook=_decode)
        except msgspec.DecodeError as error:
            raise UsageError(
                f"{self.card.name}: line {number} of {path} is damaged ({error}): reinstall vsseval"
            ) from error
        placed = {name: self._placed(getattr(sample, name)) for name in ("video", "speaker_prompt", "reference")}
        lost = [medium.path.name for medium in placed.values() if medium is not None and not medium.path.is_file()]
        problem = f"missing file {', '.join(lost)}: reinstall vsseval" if lost else sample.problem
        return msgspec.structs.replace(sample, **placed, problem=problem)

    def _placed(self, medium: Medium | None) -> Medium | None:
        return None if medium is None else Medium(path=self.folder / medium.path, sha256=medium.sha256)


def _decode(wanted: type, value: Any) -> Any:
    if wanted is Path:
        return Path(value)
    raise TypeError(f"no decoder for {wanted}")


def _benchmark(task: Task, size: int, metrics: tuple[str, ...], what: str, argument: str | None) -> MiniBenchmark:
    if argument is not None:
        raise UsageError(f"mini_{task} takes no argument, but got {argument!r}: --benchmark mini_{task}")
    card = BenchmarkCard(
        name=f"mini_{task}",
        version="1.0",
        task=task,
        size=size,
        licence="Apache-2.0",
        description=f"{what} {_CAUTION}",
        metrics=metrics,
    )
    return MiniBenchmark(card, _HERE / task)


def mini_v2s(argument: str | None = None) -> Benchmark:
    """Sounding objects: 12 classes, contacts timed by physics, modal and noise synthesis.

    Raises:
        UsageError: an argument was given.
    """
    what = "Sounding objects of 12 classes, impacts timed by physics and continuous sounds, each with its caption."
    return _benchmark("v2s", 48, (*_SOUND, "fad@logmel", "clap_score@mini", "desync@onset"), what, argument)


def mini_vtts(argument: str | None = None) -> Benchmark:
    """Speaking faces: GRID commands and free sentences, five voices of the training split and one kept out of it.

    Raises:
        UsageError: an argument was given.
    """
    what = "Speaking faces, half GRID commands and half free sentences, by voices seen and unseen in training."
    metrics = (
        "fad@logmel",
        "wer@sphinx-grid",
        "wer@whisper-tiny.en",
        "spk_sim@ge2e",
        "mos@distillmos",
        "lip_sync@landmarks",
        "desync@onset",
    )
    return _benchmark("vtts", 56, metrics, what, argument)


def mini_joint(argument: str | None = None) -> Benchmark:
    """A speaking face beside a sounding object.

    Raises:
        UsageError: an argument was given.
    """
    what = "A speaking face beside a sounding object: both are to be heard."
    metrics = (
        *_SOUND, "fad@logmel", "clap_score@mini", "desync@onset", "wer@sphinx-grid", "wer@whisper-tiny.en",
        "spk_sim@ge2e", "mos@distillmos", "lip_sync@landmarks",
    )  # fmt: skip
    return _benchmark("joint", 36, metrics, what, argument)
