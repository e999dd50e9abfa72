"""A process in an environment of its own that turns requests into sound: started, spoken to, timed, restarted.

The other end is `vsseval_worker.py`. A clip that kills the process twice is given up; the others go on.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import load_audio
from vsseval.models.base import ModelOutput
from vsseval.models.subprocesses import Log, exit_reason, log_tail, subprocess_env
from vsseval.models.worker_files import Scratch
from vsseval.processes.kept import Kept
from vsseval.store import atomic
from vsseval.text.readers import Unreadable, json_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["PROTOCOL", "WorkerDied", "WorkerLaunch", "WorkerProcess"]

PROTOCOL = 1
DEATHS = 2
"""Times that a clip may kill the process before it is given up."""
_LONGEST_LINE = 1 << 20
_LONGEST_REASON = 1000
"""Characters of what a worker says of a clip."""
_LOOK_SECONDS = 0.5
"""How often a silent process is looked at: a child of it may hold the pipe open after its death."""
_FAREWELL_SECONDS = 5.0


class WorkerLaunch(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker is started, and how long it may take."""

    name: str
    """For messages."""
    command: tuple[str, ...]
    """The foreign interpreter and the worker's file."""
    cwd: Path
    log: Path
    scratch: Path
    """Folder of this worker's own, where its sounds pass through."""
    hello: Mapping[str, Any] = {}
    env: Mapping[str, str] = {}
    batch: int = 1
    """Requests handed over at a time."""
    start_seconds: float = 1800.0
    """Until it is ready: networks are loaded, perhaps fetched."""
    clip_seconds: float = 600.0
    picture: bool = False
    """Whether the files that it returns hold a picture of its own."""


class WorkerDied(Exception):
    """The process ended, hung, or said what is no answer; the message says which."""


class WorkerProcess:
    """A worker that is started when it is first needed and again after each death."""

    def __init__(self, launch: WorkerLaunch) -> None:
        self._launch = launch
        self._process: _Process | None = None
        self._deaths: dict[str, int] = {}

    def generate(self, requests: Sequence[Mapping[str, Any]]) -> Iterator[ModelOutput]:
        """Yield one output per request, each as soon as it is there; requests are what the worker is to see.

        Raises:
            EnvironmentFault: the worker cannot be started.
        """
        waiting = list(requests)
        batch = self._launch.batch
        while waiting:
            part = waiting[:batch]
            answered: set[str] = set()
            try:
                for output in self._running().ask(part):
                    answered.add(output.id)
                    yield output
            except WorkerDied as death:
                self.close(at_once=True)
                lost = next(request["id"] for request in part if request["id"] not in answered)
                self._deaths[lost] = self._deaths.get(lost, 0) + 1
                # The first without an answer is suspected; alone, it is convicted or cleared.
                batch = 1
                if self._deaths[lost] >= DEATHS:
                    answered.add(lost)
                    yield ModelOutput(lost, None, 0, error=self._verdict(death))
            except BaseException:
                # Whoever stops in the middle leaves answers in the pipe that the next question would be given.
                self.close(at_once=True)
                raise
            waiting = [request for request in waiting if request["id"] not in answered]

    def close(self, *, at_once: bool = False) -> None:
        """End the process and all its children, with a word of farewell or `at_once`."""
        if self._process is not None:
            self._process.close(at_once=at_once)
            self._process = None

    def _running(self) -> _Process:
        if self._process is None:
            self._process = _Process(self._launch)
            try:
                self._process.greet()
            except WorkerDied as death:
                self.close(at_once=True)
                raise EnvironmentFault(
                    f"the worker of {self._launch.name} does not start: {death}. {log_tail(self._launch.log)}. "
                    f"Mend its environment with: vsseval baselines setup {self._launch.name}"
                ) from death
            except BaseException:
                self.close(at_once=True)
                raise
        return self._process

    def _verdict(self, death: WorkerDied) -> str:
        return f"this clip ended the worker {DEATHS} times: {death}. {log_tail(self._launch.log)}"


class _Process:
    """One life of a worker."""

    def __init__(self, launch: WorkerLaunch) -> None:
        self._launch = launch
        self._log = Log(launch.log)
        # The protocol's file is put where nothing else lies: the worker sees no module of the harness.
        path = launch.scratch / "protocol"
        with atomic.as_environment_fault(path):
            if launch.scratch.is_symlink():  # put there by an earlier life
                launch.scratch.unlink()
            path.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(__file__).with_name("vsseval_worker.py"), path)
            self._scratch = Scratch(launch.scratch)
        try:
            self._program = Kept(
                launch.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=launch.cwd,
                env=subprocess_env({**launch.env, "PYTHONPATH": str(path)}),
            )
        except OSError as fault:
            self._log.close()
            self._scratch.close()
            raise EnvironmentFault(
                f"{launch.command[0]} cannot be started: {fault.strerror or fault}. "
                f"Make the environment anew with: vsseval baselines setup {launch.name}"
            ) from fault
        assert self._program.stdin is not None
        os.set_blocking(self._program.stdin.fileno(), False)
        self._log.follow(self._program.stderr)
        self._unread = b""

    def greet(self) -> None:
        """Say hello and wait until the worker is ready.

        Raises:
            WorkerDied: it is not.
        """
        scratch = str(self._launch.scratch)
        # One that is gone before it is greeted may have said why.
        with contextlib.suppress(WorkerDied):
            self._send({"type": "hello", "protocol": PROTOCOL, "scratch": scratch, **self._launch.hello})
        answer = self._receive(self._launch.start_seconds)
        if answer.get("type") != "ready" or answer.get("protocol") != PROTOCOL:
            raise WorkerDied(str(answer.get("reason") or f"it answered {str(answer)[:200]} to the greeting"))

    def ask(self, requests: Sequence[Mapping[str, Any]]) -> Iterator[ModelOutput]:
        """Yield the outputs of some requests.

        Raises:
            WorkerDied: the process is no more, or no use.
        """
        self._send({"type": "generate", "requests": list(requests)})
        left = {str(request["id"]) for request in requests}
        while left:
            answer = self._receive(self._launch.clip_seconds)
            clip = answer.get("id")
            if answer.get("type") != "result" or clip not in left:
                raise WorkerDied(f"it sent {str(answer)[:200]}, which answers nothing that was asked")
            left.discard(clip)
            yield self._output(clip, answer)

    def close(self, *, at_once: bool) -> None:
        """Ask it to go, then make it go, and its children with it."""
        with contextlib.suppress(WorkerDied, subprocess.TimeoutExpired):
            if self._program.poll() is None and not at_once:
                self._send({"type": "bye"})
                self._program.wait(_FAREWELL_SECONDS)
        self._program.end()
        for pipe in (self._program.stdin, self._program.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._log.close()
        self._scratch.close()

    def _output(self, clip: str, answer: Mapping[str, Any]) -> ModelOutput:
        if "error" in answer:
            reason = str(answer["error"])[:_LONGEST_REASON]
            return ModelOutput(clip, None, 0, error=f"{reason} (log: {self._launch.log})")
        try:
            with self._scratch.taken(answer.get("path", answer.get("file"))) as file:
                if "path" in answer:
                    audio = load_audio(file)
                    picture = file.read_bytes() if self._launch.picture else None
                    return ModelOutput(clip, audio.samples, audio.sample_rate, picture=picture)
                return _raw(clip, file, int(answer["rate"]), int(answer["channels"]))
        except Unmeasurable as reason:
            return ModelOutput(clip, None, 0, error=str(reason))
        except (OSError, KeyError, TypeError, ValueError, OverflowError) as fault:
            return ModelOutput(clip, None, 0, error=f"the worker's answer is no sound: {type(fault).__name__}: {fault}")

    def _send(self, message: Mapping[str, Any]) -> None:
        """Write a message within the time that a clip has: a worker that does not read fills the pipe.

        Raises:
            WorkerDied: it takes none of it, or is gone.
        """
        assert self._program.stdin is not None
        pipe, left = self._program.stdin.fileno(), memoryview(json.dumps(message).encode() + b"\n")
        deadline = time.monotonic() + self._launch.clip_seconds
        try:
            while left:
                if select.select([], [pipe], [], _LOOK_SECONDS)[1]:
                    left = left[os.write(pipe, left) :]
                elif time.monotonic() > deadline:
                    raise WorkerDied(f"it has not read what it was asked in {self._launch.clip_seconds:.0f} s")
                elif self._program.poll() is not None:
                    raise WorkerDied(self._end())
        except (OSError, ValueError):
            raise WorkerDied(self._end()) from None

    def _receive(self, seconds: float) -> dict[str, Any]:
        """Return the next message.

        Raises:
            WorkerDied: none comes in time, the process has ended, or the line is none of the protocol's.
        """
        assert self._program.stdout is not None
        pipe, deadline, gone = self._program.stdout, time.monotonic() + seconds, False
        while b"\n" not in self._unread:
            if len(self._unread) > _LONGEST_LINE:
                raise WorkerDied("it floods the protocol with a line that does not end")
            ready, _, _ = select.select([pipe], [], [], 0 if gone else _LOOK_SECONDS)
            if ready:
                data = os.read(pipe.fileno(), 1 << 16)
                self._unread += data
                if not data:
                    raise WorkerDied(self._end())
            elif gone:
                raise WorkerDied(self._end())
            # also of one that sends a letter now and then
            if time.monotonic() > deadline and b"\n" not in self._unread:
                raise WorkerDied(f"it has not answered in {seconds:.0f} s")
            gone = self._program.poll() is not None
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            message = json_value(line)
        except Unreadable:
            message = None
        if not isinstance(message, dict):
            raise WorkerDied(f"it wrote {line[:80]!r} where a message was due")
        return message

    def _end(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._program.wait(_FAREWELL_SECONDS)
        return exit_reason(self._program.poll())


def _raw(clip: str, file: Path, rate: int, channels: int) -> ModelOutput:
    """Return the samples of a file of float32, channel after channel."""
    samples = np.fromfile(file, "<f4").astype(np.float32, copy=False)
    if channels < 1 or samples.size % channels:
        return ModelOutput(clip, None, 0, error=f"{samples.size} samples do not part into {channels} channels")
    return ModelOutput(clip, samples if channels == 1 else samples.reshape(channels, -1), rate)
