"""Ctrl-C while a video is written is never lost, and never leaves a file that is damaged and looks finished."""

import signal
import subprocess
import sys
import textwrap

import pytest

from support.fake_plugin import environment, interruptible
from support.videos import numbered
from vsseval import media
from vsseval.media import encode, interrupts
from vsseval.media.interrupts import uninterrupted


class Interrupting:
    """A file in whose n-th call of a method Ctrl-C arrives, as in a function that FFmpeg calls."""

    def __init__(self, file, method, after):
        self._file, self._method, self._left = file, method, after

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, data):
        self._count("write")
        return self._file.write(data)

    def seek(self, *place):
        self._count("seek")
        return self._file.seek(*place)

    def _count(self, method):
        self._left -= method == self._method
        if self._left == 0 and method == self._method:
            signal.raise_signal(signal.SIGINT)


def copied(source, target):
    media.mute(source, target)  # the decoder writes; the rest is the end of the file


def cut(source, target):
    media.mute(source, target, 0.1, 0.3)


def made(source, target):
    del source
    media.write_mp4(target, numbered(10), 20.0)


@pytest.fixture
def ours(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    ("make", "method", "after"),
    [(copied, "seek", 1), (cut, "seek", 1), (made, "write", 1), (made, "write", 2), (made, "seek", 1)],
)
def test_it_is_raised_and_the_file_is_whole_or_not_there(clips, tmp_path, monkeypatch, make, method, after):
    open_file = encode.Path.open
    monkeypatch.setattr(
        encode.Path, "open", lambda path, mode="r": Interrupting(open_file(path, mode), method, after)
        if mode == "x+b" else open_file(path, mode),
    )  # fmt: skip
    monkeypatch.setattr(Interrupting, "__enter__", lambda self: self, raising=False)
    monkeypatch.setattr(Interrupting, "__exit__", lambda self, *error: self._file.close(), raising=False)
    target = tmp_path / "copy.mp4"
    with pytest.raises(KeyboardInterrupt):
        make(clips / "v0.mp4", target)
    assert not target.exists() or media.probe(target).seconds > 0
    assert not [*tmp_path.glob(".tmp-*")]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("ours")
def test_it_is_put_off_to_where_it_does_no_harm():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted() as check:  # noqa: PT012 - what comes after is the point
        signal.raise_signal(signal.SIGINT)
        done.append("went on")
        check()
        done.append("not reached")
    assert done == ["went on"]
    with pytest.raises(KeyboardInterrupt), uninterrupted(), uninterrupted():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        done.append("to the end")
    assert done[-1] == "to the end"
    with pytest.raises(ZeroDivisionError), uninterrupted():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        _ = 1 / 0


def test_handlers_of_others_are_left_alone(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupts.SIGNALS == (signal.SIGINT, signal.SIGTERM)


def test_a_process_that_is_interrupted_while_it_copies_ends_as_it_should(clips, tmp_path, site):
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from vsseval import media
        try:
            print("begun", flush=True)
            for place in range(10**6):
                media.mute(sys.argv[1], Path(sys.argv[2]) / f"{place % 3}.mp4", 0.1 * (place % 2))
        except KeyboardInterrupt:
            sys.exit(130)
    """)
    command = [sys.executable, "-c", code, str(clips / "v0.mp4"), str(tmp_path)]
    begun = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(site),
        preexec_fn=interruptible,  # noqa: PLW1509 - this process has no threads that matter
    )  # fmt: skip
    assert begun.stdout.readline() == "begun\n"
    begun.send_signal(signal.SIGINT)
    _, said = begun.communicate(timeout=60)
    assert (begun.returncode, said) == (130, "")
    assert all(media.probe(path).seconds > 0 for path in tmp_path.glob("*.mp4"))
