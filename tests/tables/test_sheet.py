"""Sheets on a terminal: nothing is cut, and what does not fit beside the rest stands below it."""

import re

import pytest

from vsseval.tables.sheet import Line, Sheet, terminal

HEADS = ("metric", "shift", "noise", "band", "clipped", "mixed", "replaced", "words dropped", "words swapped", "voice")
CELLS = ("-0.04 s +0.1 s", "-10 dB", "? 29", "? 69", "? 131", "not seen", "25 %", "? 29", "0.5 st")
SHEET = Sheet(
    above=(), heads=HEADS, lines=tuple(Line((name, *CELLS)) for name in ("desync@onset", "wer@whisper-tiny.en"))
)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_every_column_is_there_and_no_word_is_cut(width):
    said = terminal(SHEET, width=width, colour=False)
    assert max(map(len, said.splitlines())) <= width
    assert "…" not in said
    words = re.findall(r"\S+", said)
    for text in (*HEADS, *CELLS):
        assert all(word in words for word in text.split())
    assert words.count("desync@onset") == len(re.findall("─{20,}", said)) == (2 if width == 80 else 1)
