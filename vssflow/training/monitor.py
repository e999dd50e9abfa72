"""What a person sees of a training: lines of JSON, a progress bar, TensorBoard, and sounds of held-out clips."""

from __future__ import annotations

import json
import sys
import time
import wave
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from torch import Tensor

from vsseval.text.saying import console as safe_console
from vsseval.text.saying import say
from vssflow.prompt import SAMPLE_RATE

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from torch.utils.tensorboard import SummaryWriter


class SoundSample(NamedTuple):
    """A sound to listen to."""

    name: str
    sound: Tensor
    """(samples,) in [-1, 1] at 16 kHz."""


class Monitor:
    """Shows one stage; only the first process of a process group has one."""

    def __init__(self, out: Path, *, step: int, steps: int) -> None:
        self.out, self.steps = out, steps
        self.log = out / "log.jsonl"
        self.before = _kept(self.log, step)
        self.began = time.monotonic()
        self.board = _board(out / "tensorboard", step)
        self.bar, self.task = _bar(out.name, step, steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
        if self.board is not None:
            self.board.close()

    def advance(self, step: int) -> None:
        """Move the bar."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=step)

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        """Append a line to the log, print it, and give its numbers to TensorBoard."""
        seconds = self.before + time.monotonic() - self.began
        line = {key: float(f"{value:.5g}") for key, value in {**numbers, "seconds": seconds}.items()}
        text = json.dumps({"step": step, **line})
        with self.log.open("a") as file:
            file.write(text + "\n")
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False)
        else:
            say(text, err=True)  # the log of a long job
        if self.board is not None:
            for key, value in line.items():
                self.board.add_scalar(key, value, step)
            self.board.flush()

    def listen(self, step: int, takes: Iterable[SoundSample]) -> None:
        """Write the sounds of one step to `samples/<step>/<name>.wav` and to TensorBoard."""
        folder = self.out / "samples" / f"{step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        for take in takes:
            write_wav(folder / f"{take.name}.wav", take.sound)
            if self.board is not None:
                self.board.add_audio(take.name, take.sound[None], step, SAMPLE_RATE)


def write_wav(path: Path, sound: Tensor) -> None:
    """Write (samples,) in [-1, 1] at 16 kHz as 16-bit PCM; louder samples are clipped."""
    samples = np.rint(sound.clamp(-1.0, 1.0).numpy() * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())


def _kept(log: Path, step: int) -> float:
    """Cut the log back to the checkpoint that is gone on from; return the seconds that were spent until there."""
    if not log.exists():
        return 0.0
    lines: list[dict[str, Any]] = []
    for text in log.read_text().splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # a kill tore the last line
            break
        if line["step"] <= step:
            lines.append(line)
    partial = log.with_suffix(".partial")
    partial.write_text("".join(json.dumps(line) + "\n" for line in lines))
    partial.replace(log)
    return float(lines[-1].get("seconds", 0.0)) if lines else 0.0


def _board(folder: Path, step: int) -> SummaryWriter | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        say("no TensorBoard log: it comes with pip install 'vsseval[train]'", err=True)
        return None
    # events after the checkpoint are taken back: the steps are taken again
    return SummaryWriter(folder, purge_step=step + 1 if step else None)


def _bar(name: str, step: int, steps: int) -> tuple[Progress | None, TaskID | None]:
    if not sys.stderr.isatty() or step >= steps:
        return None, None
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=safe_console(stderr=True))
    bar.start()
    return bar, bar.add_task(name, total=steps, completed=step)
