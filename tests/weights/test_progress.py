"""What is shown while weights arrive: plain lines in a file, a bar on a terminal."""

import io

import pytest
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from vsseval.cli import transfer


def test_lines_tell_of_the_beginning_and_of_every_tenth(capsys):
    lines = transfer.Lines()
    lines.begin("network.pth", 10_000_000, 0)
    for _ in range(100):
        lines.advance(100_000)
    lines.note("trying again")
    out, err = capsys.readouterr()
    assert out == ""
    told = err.splitlines()
    assert told[0] == "  network.pth (10.0 MB)"
    assert told[-1] == "  trying again"
    assert 8 <= sum("%)" in line for line in told) <= 10


def test_lines_say_where_a_part_is_gone_on_with(capsys):
    lines = transfer.Lines()
    lines.begin("network.pth", 10_000_000, 5_000_000)
    lines.advance(100_000)
    lines.begin("free.bin", None, 0)
    lines.advance(100_000)
    assert capsys.readouterr().err.splitlines() == [
        "  network.pth (10.0 MB), going on at 5.0 MB",
        "  free.bin",
    ]


def test_without_a_terminal_there_are_lines(capsys):
    with transfer.shown() as watcher:
        assert isinstance(watcher, transfer.Lines)


def test_a_bar_is_begun_anew_for_every_file():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console) as bars:
        bar = transfer.Bar(bars)
        bar.begin("first.pth", 1000, 250)
        bar.advance(250)
        (task,) = bars.tasks
        assert (task.completed, task.total, task.description) == (500, 1000, "first.pth")
        bar.note("[passed over]")
        bar.begin("second.pth", None, 0)
        (task,) = bars.tasks
        assert (task.completed, task.total, task.description) == (0, None, "second.pth")
        bars.refresh()
    assert "[passed over]" in file.getvalue()
    assert "second.pth" in file.getvalue()


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with transfer.shown() as watcher:
        assert isinstance(watcher, transfer.Bar)
        watcher.begin("network.pth", 2_000_000, 0)
        watcher.advance(1_000_000)
    with pytest.raises(RuntimeError), transfer.shown():
        raise RuntimeError
