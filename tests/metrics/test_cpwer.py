"""Error rates of dialogues against meeteval's numbers, and what becomes of voices."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from vsseval.errors import Unmeasurable
from vsseval.metrics.cpwer import fewest_errors, voices
from vsseval.stages.inputs import text_inputs, why_not_applicable
from vsseval.turns import by_speaker, is_dialogue, spoken
from vsseval.types import Sample

CASES = json.loads(goldens.file("metrics/cpwer.json").read_text(encoding="utf-8"))["cases"]
TAGGED = "[S1] Where were you? [S2] At home. [S01] Liar!"


@pytest.fixture(scope="module")
def metric():
    return build_plugins.build_metric("cpwer@whisper-tiny.en")


def unit(*numbers):
    return np.asarray(numbers, np.float32) / np.linalg.norm(numbers)


def heard(*phrases):
    """Phrases of two voices, `("words", 0 or 1)`, two seconds each."""
    of_voice = np.stack([unit(1, 0.1), unit(0.1, 1)])
    found = [of_voice[voice] for _, voice in phrases]
    return {
        "text": np.asarray("\n".join(words for words, _ in phrases)),
        "voices": np.asarray(found, np.float32).reshape(len(phrases), 2),
        "seconds": np.full(len(phrases), 2.0),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case['said'])}-{len(case['heard'])}")
def test_errors_are_meetevals(case):
    found = fewest_errors(case["said"], case["heard"], words=True)
    assert found["substitutions"] + found["deletions"] + found["insertions"] == case["errors"]
    assert found["hits"] + found["substitutions"] + found["deletions"] == case["words"]


def test_who_speaks_first_and_what_they_are_called_make_no_difference(metric):
    said = heard(("at home", 1), ("where were you", 0), ("liar", 0))
    assert metric.score(said, TAGGED).value == 0
    assert metric.score(said, TAGGED.replace("S2", "S9")).value == 0


def test_words_in_another_voice_are_errors(metric):
    found = metric.score(heard(("where were you", 0), ("at home", 0), ("liar", 0)), TAGGED)
    # of six words, two are missing from one speaker and too many from the other
    assert (found.value, found.weight) == (pytest.approx(4 / 6), 6)
    assert found.detail["speakers"] == 2
    assert (found.detail["heard"], found.detail["by_speaker"]) == (1, "where were you at home liar")
    swapped = metric.score(heard(("where were you", 0), ("at home", 1), ("liar", 1)), TAGGED)
    assert swapped.value == pytest.approx(2 / 6)


def test_characters_count_without_spaces():
    metric = build_plugins.build_metric("cpcer@whisper-tiny.en")
    found = metric.score(heard(("where were you", 0), ("athome", 1), ("liar", 0)), TAGGED)
    assert (found.value, found.weight) == (0, 22)


def test_nothing_heard_is_all_words_deleted_and_no_word_has_a_reason(metric):
    found = metric.score(heard(), TAGGED)
    assert (found.value, found.detail["deletions"], found.detail["heard"]) == (1, 6, 0)
    with pytest.raises(Unmeasurable, match="holds no word"):
        metric.score(heard(("at home", 0)), "[S1] ... [S2] !")


def test_no_more_voices_than_speakers():
    apart = np.eye(5, dtype=np.float32)
    assert voices(apart, np.ones(5), 5) == [[0], [1], [2], [3], [4]]
    assert len(voices(apart, np.ones(5), 2)) == 2
    assert voices(np.zeros((0, 4), np.float32), np.zeros(0), 2) == []


@pytest.mark.parametrize(("alike", "seconds", "groups"), [
    (0.66, 1.0, 1), (0.64, 1.0, 2), (0.66, 3.0, 2), (0.73, 3.0, 1), (0.61, 0.0, 1),
])  # fmt: skip
def test_longer_phrases_have_to_be_more_alike(alike, seconds, groups):
    pair = np.array([[1, 0], [alike, np.sqrt(1 - alike**2)]], np.float32)
    assert len(voices(pair, np.full(2, seconds), 2)) == groups


def test_a_phrase_without_a_voice_is_nobodys():
    three = np.stack([unit(1, 0), np.zeros(2, np.float32), unit(1, 0.1)])
    assert voices(three, np.ones(3), 2) == [[0, 2], [1]]


@pytest.mark.parametrize(("written", "words", "turns"), [
    (TAGGED, "Where were you? At home. Liar!", {"1": "Where were you? Liar!", "2": "At home."}),
    ("[s2]Hi[S1]  there", "Hi there", {"2": "Hi", "1": "there"}),
    ("Well, [S1] hello [S2] you", "Well, hello you", {"1": "Well, hello", "2": "you"}),
])  # fmt: skip
def test_tags_say_who_speaks(written, words, turns):
    assert is_dialogue(written)
    assert spoken(written) == words
    assert by_speaker(written) == turns


@pytest.mark.parametrize("written", ["one two", "bin [blue] now", "[S] a", "[Sam] hi", "  two  spaces"])
def test_without_tags_nothing_changes(written):
    assert not is_dialogue(written)
    assert spoken(written) == written
    assert by_speaker(written) == {}


def test_tags_are_no_words_to_other_metrics_and_no_dialogue_is_told(metric):
    sample = Sample(id="a", cluster="a", duration=3.0, transcript=TAGGED)
    wer = build_plugins.build_metric("wer@whisper-tiny.en")
    assert text_inputs(wer.spec, sample) == {"transcript": "Where were you? At home. Liar!"}
    assert text_inputs(metric.spec, sample) == {"turns": TAGGED}
    alone = Sample(id="b", cluster="b", duration=3.0, transcript="Where were you?")
    assert why_not_applicable(metric.spec, sample) is None
    assert (
        why_not_applicable(metric.spec, alone) == "the clip has no transcript that says who speaks, [S1] ... [S2] ..."
    )
    assert why_not_applicable(wer.spec, alone) is None
    silent = Sample(id="c", cluster="c", duration=3.0, caption="a dog")
    assert why_not_applicable(wer.spec, silent) == "the clip has no transcript"
