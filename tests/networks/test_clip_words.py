"""Texts as CLIP's numbers."""

import gzip
import json

import pytest

from support import goldens
from vsseval.errors import MissingWeights, UsageError
from vsseval.networks.clip_words import Vocabulary, words
from vsseval.weights.find import find_weights

START, END = 49_406, 49_407
WORDS = goldens.file("metrics/clip_words.json")


@pytest.fixture
def table(tmp_path):
    """A table of the right length: three true merges, and others of letters that no text has."""
    merges = ["a n", "b an", "an an", *(f"{chr(0x20000 + i)} {chr(0x20001 + i)}" for i in range(48_894 - 3))]
    file = tmp_path / "bpe.txt.gz"
    file.write_bytes(gzip.compress("\n".join(["#version", *merges]).encode()))
    return file


def test_the_numbers_are_the_originals():
    try:
        file = find_weights("imagebind").file("bpe_simple_vocab_16e6.txt.gz")
    except MissingWeights:
        pytest.skip("the table of byte pairs is not on this machine: vsseval weights pull imagebind")
    known = json.loads(WORDS.read_text())
    vocabulary = Vocabulary(file)
    assert [vocabulary.encoded(text) for text in known["texts"]] == known["numbers"]


def test_the_best_merge_comes_first_and_is_made_everywhere(table):
    vocabulary = Vocabulary(table)
    numbers = vocabulary.numbers
    inner = vocabulary.encoded("Banana")[1:-1]
    assert inner == [numbers["ban"], numbers["an"], numbers["a</w>"]]
    assert vocabulary.encoded("anan n")[1:-1] == [numbers["an"], numbers["a"], numbers["n</w>"], numbers["n</w>"]]


def test_blanks_case_and_entities_do_not_count(table):
    vocabulary = Vocabulary(table)
    assert vocabulary.encoded("  A\t&amp;lt; B\n") == vocabulary.encoded("a < b")
    assert vocabulary.encoded("12") == [START, vocabulary.numbers["1</w>"], vocabulary.numbers["2</w>"], END]
    assert vocabulary.encoded("") == [START, END]


def test_long_texts_are_cut_and_short_ones_filled(table):
    numbers = words(["a", "b " * 100], table)
    assert numbers.shape == (2, 77)
    assert numbers[0, 2:4].tolist() == [END, 0]
    assert numbers[1, -2:].tolist() == [Vocabulary(table).numbers["b</w>"], END]


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"#version\na b\n", mtime=0)], ids=["no-gzip", "short"])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "bpe.txt.gz").write_bytes(content)
    with pytest.raises(UsageError, match=r"bpe\.txt\.gz does not hold CLIP's table"):
        Vocabulary(tmp_path / "bpe.txt.gz")
