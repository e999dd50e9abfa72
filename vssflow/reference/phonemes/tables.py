"""The tables beside this file: what they hold, and how they are read (once, when first asked for).

dictionary.txt.xz   one word a line with its first pronunciation: `word AH0 B ...`
homographs.txt      words that are said in two ways: `word|if so tagged|otherwise|tag`
tagger.txt.xz       weights of the part-of-speech tagger (see `tagger`)
speller.f32.xz      weights of the network for words that no dictionary has (see `speller`)

`python -m tools.pack_phonemes` made them; where from, and under which licences, stands in NOTICE.
"""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("data")


def read_table(name: str) -> bytes:
    """Contents of a file of `data/`, unpacked."""
    content = (DATA / name).read_bytes()
    return lzma.decompress(content) if name.endswith(".xz") else content


@cache
def dictionary() -> dict[str, str]:
    """Lower-case words of CMUdict 0.7a to their first pronunciation, ARPAbet with stress, separated by spaces."""
    entries = read_table("dictionary.txt.xz").decode().splitlines()
    return dict(entry.split(" ", 1) for entry in entries)


@cache
def homographs() -> dict[str, tuple[str, str, str]]:
    """Words of two pronunciations: (the one if the tag begins with the third item, the other, that tag)."""
    table = {}
    for line in read_table("homographs.txt").decode().splitlines():
        word, tagged, otherwise, tag = line.split("|")
        table[word] = (tagged, otherwise, tag)
    return table
