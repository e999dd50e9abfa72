"""The recogniser: its model, its grammar, and that it forgets."""

import re

import numpy as np
import pytest

from support import build_plugins
from vsseval import plugins
from vsseval.english.grid import GRID
from vsseval.errors import EnvironmentFault
from vsseval.extractors import sphinx
from vsseval.media import Audio


@pytest.fixture(scope="module")
def grid():
    return build_plugins.build_extractor("sphinx_grid")


def babble(seed, seconds=1.5):
    """Something that the grammar takes for words: a buzz through moving resonances."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(16_000 * seconds)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k * (1 + np.sin(2 * np.pi * (2 + 0.3 * k) * t)) for k in range(1, 30))
    return Audio(0.2 * buzz / np.abs(buzz).max() + 0.003 * rng.standard_normal(t.size), 16_000)


@pytest.mark.parametrize("search", ["grid", "lm"])
def test_the_model_is_the_pinned_one(search):
    assert sphinx.model_hash(search) == sphinx.WEIGHTS[search]


def test_another_model_is_refused(monkeypatch):
    monkeypatch.setattr(sphinx, "model_hash", lambda search: "f" * 64)
    with pytest.raises(EnvironmentFault, match=r"pocketsphinx==5\.1\.1"):
        build_plugins.build_extractor("sphinx_grid").extract(babble(0))


def test_grammar_holds_the_language_of_grid():
    text = sphinx.grammar()
    slots = [slot.split(" | ") for slot in re.findall(r"\(([^)]*)\)", text)]
    assert [len(slot) for slot in slots] == [4, 4, 4, 25, 10, 4]
    assert "w" not in slots[3]
    assert text.startswith("#JSGF V1.0;")


def test_silence_and_scraps_are_heard_as_nothing(grid):
    for samples in (np.zeros(32_000), np.zeros(0), np.ones(100)):
        text = grid.extract(Audio(samples, 16_000))["text"]
        assert text.shape == ()
        assert str(text) == ""


def test_hypotheses_do_not_depend_on_what_was_heard_before(grid):
    first = str(grid.extract(babble(1))["text"])
    grid.extract(babble(2, 2.5))
    grid.extract(Audio(np.random.default_rng(0).standard_normal(30_000) * 0.3, 16_000))
    assert str(grid.extract(babble(1))["text"]) == first


def test_hypotheses_obey_the_grammar(grid):
    words = str(grid.extract(babble(3))["text"]).split()
    assert len(words) in (0, 6)
    assert all(word in slot for word, slot in zip(words, GRID, strict=False))


def test_declarations_are_cheap_and_distinct():
    names = [
        create().spec.name
        for create in (plugins.load("extractors", "sphinx_grid"), plugins.load("extractors", "sphinx_lm"))
    ]
    assert names == ["sphinx_grid", "sphinx_lm"]
    with pytest.raises(TypeError):
        build_plugins.build_extractor("sphinx_grid").extract("text")
