"""The normalisers give what the original ones gave, letter for letter."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import goldens
from vsseval.metrics.text import normaliser

GOLDEN = json.loads(goldens.file("metrics/normalisers.json").read_text())["rows"]
PAIRS = [row for file in goldens.files("metrics/wer_?.json") for row in json.loads(file.read_text())["rows"]]


@pytest.mark.parametrize("name", ["english", "basic", "seedtts", "f5", "styledubber"])
def test_equal_to_the_original(name):
    ours = normaliser(name)
    assert {row["text"]: ours(row["text"]) for row in GOLDEN} == {row["text"]: row[name] for row in GOLDEN}


@pytest.mark.parametrize("side", ["ref", "hyp"])
def test_equal_on_pairs(side):
    english, basic = normaliser("english"), normaliser("basic")
    assert [english(row[side]) for row in PAIRS] == [row[f"{side}_norm"] for row in PAIRS]
    assert [basic(row[side]) for row in PAIRS] == [row[f"{side}_basic"] for row in PAIRS]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("one two three four five", "12345"),
        ("O'Brien's", "0 brien is"),
        ("H2O", "h 20"),
        ("minus ten", "-10"),
        ("-10", "10"),
        ("two and a half dollars", "$2.5"),
        ("three pounds and seven cents", "£3.07"),
        ("twenty five per cent", "25%"),
        ("The colour of Mrs. May's theatre", "the color of missus may is theater"),
    ],
)
def test_known_habits(text, plain):
    assert normaliser("english")(text) == plain


@pytest.mark.parametrize("name", ["spoken", "english", "basic", "seedtts", "f5", "styledubber"])
@given(text=st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_text_in_any_script_gives_text(name, text):
    assert isinstance(normaliser(name)(text), str)


def test_scripts_emoji_and_digits_go_through():
    for name in ("spoken", "english", "basic", "seedtts", "f5", "styledubber"):
        assert "字" in normaliser(name)("字 😀 3")
        assert "3" in normaliser(name)("字 😀 3") or "three" in normaliser(name)("字 😀 3")


def test_the_metrics_are_declared_without_reading_tables_or_heavy_packages():
    code = (
        "import sys; from vsseval import plugins\n"
        "plugins.load('metrics', 'wer@vssflow')().spec, plugins.load('metrics', 'spk_sim@vssflow')().spec\n"
        "print([m for m in ('torch', 'transformers', 'jiwer', 'vsseval.metrics.text.english') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
