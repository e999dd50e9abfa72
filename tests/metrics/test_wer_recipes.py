"""Word error rates of the papers: the original's counts, averages and, under its own name, the original's faults."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.metrics.wer import ErrorRate

RATES = [name for name in plugins.names("metrics") if plugins.recipe(name).family == "vsseval.metrics.wer:ErrorRate"]


@pytest.fixture(params=goldens.files("metrics/wer_?.json"), ids=goldens.name)
def golden(request):
    return json.loads(request.param.read_text())


def heard(text, **more):
    return {"text": np.asarray(text), **{name: np.asarray(value) for name, value in more.items()}}


def metric(normal, measure="wer", average="micro", **more):
    return ErrorRate(plugins.metric_spec("wer@seedtts"), measure, normal, average, **more)


def rows(golden, which, **more):
    ours = metric(which, **more)
    return [ours.score(heard(row["hyp"]), row["ref"]) for row in golden["rows"]]


@pytest.mark.parametrize("which", ["english", "basic"])
def test_counts_and_both_averages_equal_the_original(golden, which):
    for score, row in zip(rows(golden, which), golden["rows"], strict=True):
        expected = row[which]
        names = {"hits": "hits", "sub": "substitutions", "del": "deletions", "ins": "insertions"}
        assert {short: score.detail[long] for short, long in names.items()} == {k: expected[k] for k in names}
        assert score.value == expected["wer"]
    found = golden["aggregate"][which]
    micro, macro = rows(golden, which), rows(golden, which, average="macro")
    assert sum(score.weight for score in micro) == found["ref_words"]
    assert sum(score.value * score.weight for score in micro) / found["ref_words"] == pytest.approx(found["micro"])
    assert {score.weight for score in macro} == {1.0}
    assert np.mean([score.value for score in macro]) == pytest.approx(found["macro"], rel=1e-14)
    over = rows(golden, which, measure="wer_over50", average="macro")
    assert {score.weight for score in over} == {1.0}
    assert sum(score.value for score in over) == found["n_over_50pct"]


def test_character_errors_equal_the_original(golden):
    scores = rows(golden, "english", measure="cer")
    assert [score.value for score in scores] == [row["cer_english"] for row in golden["rows"]]
    assert [score.weight for score in scores] == [len(row["ref_norm"].strip()) for row in golden["rows"]]


def test_swapped_arguments_equal_the_original_and_empty_hypotheses_leave_the_average(golden):
    for score, row in zip(rows(golden, "english", average="macro", as_reported=True), golden["rows"], strict=True):
        if row["hyp_norm"]:
            assert (score.value, score.weight) == (row["swapped_english"]["wer"], 1.0)
        else:
            assert (score.weight, score.detail["dropped"]) == (0.0, "nothing was heard")


def test_silence_is_all_deleted_but_for_the_recipe_that_drops_it():
    for factory in (plugins.load("metrics", name) for name in RATES):
        score = factory().score(heard(""), "bin blue now")
        reported = factory().spec.recipe.endswith("asreported")
        assert (score.value, score.weight > 0) == (1.0, not reported)


def test_styledubber_as_reported_divides_by_the_hypothesis():
    right, reported = build_plugins.build_metric("wer@v2c"), build_plugins.build_metric("wer@v2c-asreported")
    assert right.score(heard(" Bin. 25!"), "bin blue two five now").value == pytest.approx(2 / 5)
    assert reported.score(heard(" Bin. 25!"), "bin blue two five now").value == pytest.approx(2 / 3)
    assert reported.score(heard(" ..."), "bin").weight == 0


def test_apostrophes_tell_seedtts_from_f5():
    assert build_plugins.build_metric("wer@seedtts").score(heard(" I can't, go."), "I cant go").value == pytest.approx(
        1 / 3
    )
    assert build_plugins.build_metric("wer@f5").score(heard(" I can't, go."), "I cant go").value == 0
    assert build_plugins.build_metric("wer@seedtts").score(heard("fifty"), "50").value == 1


@pytest.mark.parametrize("transcript", ["", " ... ", "!?"])
def test_a_transcript_without_words_is_the_benchmarks_fault(transcript):
    for factory in (plugins.load("metrics", name) for name in RATES):
        with pytest.raises(Unmeasurable, match="transcript"):
            factory().score(heard("hello"), transcript)


def test_digits_emoji_and_other_scripts_are_counted():
    for factory in (plugins.load("metrics", name) for name in RATES):
        score = factory().score(heard("3 字 😀"), "four é x 😀")
        assert np.isfinite(score.value)
        assert score.value > 0


def test_hypotheses_and_what_was_not_heard_are_kept():
    detail = (
        build_plugins.build_metric("wer@seedtts").score(heard(" Hello, World.", unheard_seconds=2.5), "hello").detail
    )
    assert (detail["hypothesis"], detail["heard"], detail["unheard_seconds"]) == (" hello world", " Hello, World.", 2.5)


def test_declarations_are_distinct_and_say_who_hears():
    specs = [build_plugins.build_metric(name).spec for name in RATES]
    assert len({spec.id for spec in specs}) == len(specs) == 20
    assert all(spec.citation and len(spec.description) > 30 for spec in specs)
    hears = {spec.id: spec.inputs["hypothesis"].extractor for spec in specs}
    assert hears["wer@vssflow"] == "openai_whisper_large_v3"
    assert hears["wer@v2c-grid"] == "openai_whisper_base_detect"
    assert hears["wer@seedtts"] == "whisper_large_v3"
    assert hears["wer@f5"] == hears["wer@aligndit"] == hears["wer@deepaudio"] == "faster_whisper_large_v3"
    assert {spec.language for spec in specs} == {"en*", "en", "en-x-grid"}
