"""Word error rates: counts, weights and the text normaliser."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import build_plugins
from vsseval.errors import Unmeasurable

WORDS = st.lists(
    st.sampled_from(["bin", "blue", "at", "place", "white", "now", "again", "soon"]), min_size=1, max_size=8
)


def heard(text):
    return {"text": np.asarray(text)}


def test_counts_and_weight():
    score = build_plugins.build_metric("wer@sphinx-grid").score(
        heard("bin red at two now please"), "Bin blue at f two now."
    )
    assert score.weight == 6
    assert score.value == pytest.approx(3 / 6)
    counts = {name: score.detail[name] for name in ("substitutions", "deletions", "insertions", "hits")}
    assert counts == {"substitutions": 1, "deletions": 1, "insertions": 1, "hits": 4}
    assert score.detail["hypothesis"] == "bin red at 2 now please"


def test_nothing_heard_is_all_deleted_and_babble_exceeds_one():
    nothing = build_plugins.build_metric("wer@sphinx-lm").score(heard(""), "nothing at all")
    assert (nothing.value, nothing.weight, nothing.detail["deletions"]) == (1.0, 3.0, 3)
    assert build_plugins.build_metric("wer@sphinx-lm").score(heard("so it goes on and"), "x").value == 5


def test_a_transcript_without_words_is_the_benchmarks_fault():
    with pytest.raises(Unmeasurable, match="transcript"):
        build_plugins.build_metric("wer@sphinx-lm").score(heard("hello"), " ... ")


@given(said=WORDS, understood=WORDS)
@settings(max_examples=60, deadline=None)
def test_identical_text_has_no_errors_and_counts_are_consistent(said, understood):
    metric = build_plugins.build_metric("wer@sphinx-grid")
    assert metric.score(heard(" ".join(said)), " ".join(said)).value == 0
    detail = metric.score(heard(" ".join(understood)), " ".join(said)).detail
    assert detail["hits"] + detail["substitutions"] + detail["deletions"] == len(said)
    assert detail["hits"] + detail["substitutions"] + detail["insertions"] == len(understood)


def test_specs():
    grid, lm = build_plugins.build_metric("wer@sphinx-grid"), build_plugins.build_metric("wer@sphinx-lm")
    assert grid.kind == "per_clip"
    assert (grid.spec.id, grid.spec.language) == ("wer@sphinx-grid", "en-x-grid")
    assert (lm.spec.id, lm.spec.language) == ("wer@sphinx-lm", "en")
    assert (lm.spec.scale, lm.spec.unit) == (100.0, "%")
