"""The worker's side of the protocol: a foreign environment reads requests as JSON lines and answers with sound.

One file, standard library only, Python 3.8 or later; the harness puts its folder on the worker's path. A worker is

    from vsseval_worker import serve

    def load(hello):
        network = ...                      # once; hello has device, checkpoint, argument, repo, folder, scratch
        def generate(request):
            ...                            # request has id, seed, duration, video, caption, transcript, ...
            return samples, rate           # floats in [-1, 1], (n,) or (channels, n); or the path of a file
        return generate

    serve(load)

A program that speaks and knows no picture has its `generate` from `in_window(say)`, and reads its WAV by `spoken`.

Lines from the harness: hello, generate, bye. Lines to it: ready (or fault), one result per request, bye.
"""

from __future__ import annotations

import array
import json
import os
import platform
import sys
import traceback
import wave
from typing import IO, Any, Callable, Dict, NoReturn, Tuple

PROTOCOL = 1
SLOWEST, FASTEST = 1.8, 0.55
"""Factors on the duration beyond which speech is no longer understood."""
QUIET = 327
"""One hundredth of full scale in 16 bits: below it, what stands before and behind speech is silence."""
Message = Dict[str, Any]
Generate = Callable[[Message], Any]
Sound = Tuple["array.array[int]", int]


class Refusal(Exception):
    """Raised by `generate`: there is no sound for this clip, and the message says why."""


def serve(load: Callable[[Message], Generate]) -> NoReturn:
    """Answer the harness until it says bye or goes away; never returns.

    Args:
        load: called once with the hello (a dict); returns `generate`, which is called with each request (a dict).
    """
    owner = os.getpid()
    lines, send = _take_over(owner)
    hello = _read(lines)
    if hello.get("type") != "hello" or hello.get("protocol") != PROTOCOL:
        send({"type": "fault", "reason": "this worker speaks protocol %d, the harness said %r" % (PROTOCOL, hello)})
        _end(2)
    try:
        generate = load(hello)
    except Exception as fault:
        traceback.print_exc()
        send({"type": "fault", "reason": "%s: %s" % (type(fault).__name__, fault)})
        _end(2)
    send({"type": "ready", "protocol": PROTOCOL, "python": platform.python_version(), "packages": _packages()})
    count = 0
    while True:
        message = _read(lines)
        if message.get("type") != "generate":
            break
        for request in message["requests"]:
            count += 1
            send(_answer(generate, request, os.path.join(hello["scratch"], "%06d.f32" % count), owner))
    send({"type": "bye"})
    _end(0)


def in_window(say: Callable[[str, float], Sound]) -> Generate:
    """Return a `generate` that says the transcript at the pace that fills the speech window, where there is one.

    Args:
        say: called with a text and a factor on its duration; returns samples of 16 bits and their rate, as `spoken`.
    """

    def generate(request: Message) -> Tuple["array.array[float]", int]:
        start, end = request["speech_window"] or (0.0, None)
        speech, rate = say(request["transcript"], 1.0)
        if not speech:
            raise Refusal("it finds nothing to say in the transcript")
        if end is not None:
            stretch = max(0.1, end - start) * rate / len(speech)
            speech, rate = say(request["transcript"], min(SLOWEST, max(FASTEST, stretch)))
        count = max(1, round(request["duration"] * rate))
        track = array.array("f", bytes(4 * min(round(start * rate), count)))
        track.extend(value / 32768 for value in speech[: count - len(track)])
        track.frombytes(bytes(4 * (count - len(track))))
        return track, rate

    return generate


def spoken(path: str) -> Sound:
    """Return the samples of a WAV file of 16 bits and one channel without silence at its ends, and its rate."""
    with wave.open(path) as file:
        if (file.getsampwidth(), file.getnchannels()) != (2, 1):
            raise Refusal("the program wrote %d channels of %d bytes" % (file.getnchannels(), file.getsampwidth()))
        # `wave` gives the byte order of this machine.
        whole, rate = array.array("h", file.readframes(file.getnframes())), file.getframerate()
    loud = [place for place, value in enumerate(whole) if abs(value) > QUIET]
    return (whole[loud[0] : loud[-1] + 1] if loud else whole[:0]), rate


def _take_over(owner: int) -> Tuple[IO[bytes], Callable[[Message], None]]:
    """Keep descriptors 0 and 1 for the protocol; give the rest of the process nothing to read and the log to write.

    Prints, child processes and C libraries write to descriptor 1 whatever Python thinks: it becomes descriptor 2.
    """
    lines, out = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def send(message: Message) -> None:
        _only(owner)
        sys.stdout.flush()
        data = (json.dumps(message) + "\n").encode("utf-8")
        while data:
            data = data[os.write(out, data) :]

    return lines, send


def _read(lines: IO[bytes]) -> Message:
    line = lines.readline()
    if not line.endswith(b"\n"):
        return {"type": "bye"}
    message: Message = json.loads(line.decode("utf-8"))
    return message


def _only(owner: int) -> None:
    """End a child that was forked by research code and came back here: the answer is its parent's to give."""
    if os.getpid() != owner:
        _end(0)


def _answer(generate: Generate, request: Message, path: str, owner: int) -> Message:
    try:
        sound = generate(request)
        _only(owner)
        if isinstance(sound, (str, os.PathLike)):
            return {"type": "result", "id": request["id"], "path": os.path.abspath(os.fspath(sound))}
        samples, rate = sound
        answer = {"file": path, "rate": int(rate), "channels": _write(samples, path)}
    except Refusal as reason:
        answer = {"error": str(reason)}
    except (Exception, SystemExit) as fault:
        traceback.print_exc()
        answer = {"error": "%s: %s" % (type(fault).__name__, fault)}
    return {"type": "result", "id": request["id"], **answer}


def _write(samples: Any, path: str) -> int:
    """Write samples as little-endian float32, one channel after the other; return the number of channels."""
    if hasattr(samples, "detach"):
        samples = samples.detach().cpu().float().numpy()
    shape = getattr(samples, "shape", None)
    if shape is not None:
        channels, data = (1 if len(shape) == 1 else int(shape[0])), samples.astype("<f4").tobytes()
    else:
        rows = [samples] if len(samples) == 0 or not hasattr(samples[0], "__len__") else samples
        if len({len(row) for row in rows}) > 1:
            raise ValueError("the channels differ in length: %s samples" % ", ".join(str(len(row)) for row in rows))
        flat = array.array("f", (value for row in rows for value in row))
        if sys.byteorder == "big":
            flat.byteswap()
        channels, data = len(rows), flat.tobytes()
    with open(path, "wb") as file:
        file.write(data)
    return channels


def _packages() -> Dict[str, str]:
    """Return the versions of what is installed beside this worker: they belong to the record of a run."""
    from importlib import metadata

    found = {}
    for each in metadata.distributions():
        name = each.metadata["Name"]
        if name:
            found[name] = each.version
    return found


def _end(code: int) -> NoReturn:
    """End at once: threads and exit handlers of research code may hang."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
