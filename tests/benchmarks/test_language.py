"""Language tags are read as people write them, and what a recogniser cannot hear is not asked of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import build_plugins
from vsseval.english.grid import GRID as SLOTS
from vsseval.english.grid import sentence
from vsseval.language import covers, is_grid, parse, recognised, wrong_script
from vsseval.stages.inputs import why_not_applicable
from vsseval.types import Sample

COMMANDS = st.tuples(*map(st.sampled_from, SLOTS)).map(" ".join)


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        ("en", "en"), ("EN", "en"), ("en-US", "en-US"), ("en_us", "en-US"), ("En-gb", "en-GB"), ("en-UK", "en-GB"),
        ("English", "en"), (" english ", "en"), ("eng", "en"), ("ENG-us", "en-US"), ("en-Latn-US", "en-Latn-US"),
        ("German", "de"), ("ger", "de"), ("deu", "de"), ("zh-hant-tw", "zh-Hant-TW"), ("zh-yue", "yue"),
        ("es-419", "es-419"), ("de-1996", "de-1996"), ("en-US-u-ca-gregory", "en-US-u-ca-gregory"),
        ("en-grid", "en-x-grid"), ("EN-GRID", "en-x-grid"), ("en-GB-grid", "en-GB-x-grid"), ("en-x-grid", "en-x-grid"),
    ],
)  # fmt: skip
def test_tags_are_read_as_people_write_them(given, tag):
    assert parse(given) == tag
    assert parse(tag) == tag


@pytest.mark.parametrize("given", ["", "klingon", "xx", "en-", "en-blah", "en-QQ", "e", "en us", "42", "en-US-US"])
def test_what_is_no_tag_is_an_error_that_says_what_to_write(given):
    with pytest.raises(ValueError, match=r"language .* write a BCP 47 tag such as en, en-US"):
        parse(given)


@pytest.mark.parametrize(
    ("wanted", "tag", "fits"),
    [
        ("en", "en-US", True), ("en", "English", True), ("en", "en-grid", False), ("en", "de", False),
        ("en*", "en-grid", True), ("en*", "en-AU", True), ("en*", "enm", False), ("en-x-grid", "en-grid", True),
        ("en-x-grid", "en-GB-x-grid", True), ("en-x-grid", "en", False),
        ("de", "de-AT", True), ("de-AT", "de-CH", False),
        ("tongue", "tongue", True), ("en", "tongue", False),
    ],
)  # fmt: skip
def test_a_metric_covers_the_regions_of_its_language(wanted, tag, fits):
    assert covers(wanted, tag) is fits


@given(COMMANDS, st.sampled_from(["en", "en-GB"]))
def test_sentences_of_grid_are_recognised_in_any_spelling(command, tag):
    *front, letter, digit, last = command.split()
    figure = str(SLOTS[4].index(digit))
    for written in (command, f"{' '.join(front)} {letter.upper()}{figure}, {last}.", command.upper() + "\u200b"):
        assert sentence(written) == command
        assert is_grid(recognised(tag, written))
    assert recognised(tag, command + " again") == tag
    assert recognised("de", command) == "de"


def clip(transcript, language="en"):
    return Sample(id="a", cluster="a", duration=3.0, transcript=transcript, language=language)


@pytest.mark.parametrize(
    ("transcript", "script"),
    [
        ("Привет, мир", "Cyrillic"), ("你好 hello", "CJK"), ("مرحبا بالعالم", "Arabic"), ("こんにちは", "Hiragana"),
        ("안녕하세요", "Hangul"), ("\u0393\u03b5\u03b9\u03ac", "Greek"), ("नमस्ते", "Devanagari"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "metric",
    [build_plugins.build_metric(name) for name in ("wer@sphinx-lm", "wer@vssflow", "wer@ctc-hubert")],
    ids=lambda metric: metric.spec.id,
)
def test_a_script_that_is_not_heard_is_not_applicable(metric, transcript, script):
    assert f"written in {script} letters" in why_not_applicable(metric.spec, clip(transcript))


@pytest.mark.parametrize(
    "transcript", ["naïve café", "\uff21\uff22\uff23 \ufb01ne", "25", "I said 你好 to all of my friends in the city"]
)
def test_letters_of_other_form_and_a_single_foreign_word_are_no_reason(transcript):
    assert wrong_script("en", transcript) is None
    assert why_not_applicable(build_plugins.build_metric("wer@sphinx-lm").spec, clip(transcript, "en-US")) is None


def test_the_closed_grammar_and_free_english_are_told_apart():
    command = "bin blue at f two now"
    for tag in ("en-grid", "en-x-grid"):
        assert why_not_applicable(build_plugins.build_metric("wer@sphinx-grid").spec, clip(command, tag)) is None
        assert "language" in why_not_applicable(build_plugins.build_metric("wer@sphinx-lm").spec, clip(command, tag))
        assert why_not_applicable(build_plugins.build_metric("wer@vssflow").spec, clip(command, tag)) is None
    assert "language" in why_not_applicable(build_plugins.build_metric("wer@sphinx-grid").spec, clip("hello"))
