"""The authors' phoneme front end: the golden sentences to the last id, and every kind of odd input."""

import json
import math
import pickle
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from tools import pack_phonemes as pack
from vsseval.errors import MissingExtra, UsageError
from vssflow.reference.phonemes import ids, phoneme_ids, phoneme_tokens, speller, tables, tagger
from vssflow.reference.phonemes.cleaner import clean
from vssflow.reference.phonemes.numbers import MOST_DIGITS, ordinal, spoken
from vssflow.reference.phonemes.stretch import over_window, stretch_index
from vssflow.reference.phonemes.words import words
from vssflow.small.phones import dictionary as pocketsphinx_dictionary

GOLDEN_DIR = Path(__file__).parents[1] / "golden" / "vssflow"
GOLDEN = json.loads((GOLDEN_DIR / "n_phonemes.json").read_text())
MORE = json.loads((GOLDEN_DIR / "n_phonemes_more.json").read_text())
BLANK = ids.TOKENS.index("<blank>") + 1


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["text"][:30])
def test_golden_sentence_is_exact_at_every_step(case):
    frames = [row for row, count in case["frames_rle"] for _ in range(count)]
    assert clean(case["text"]) == case["cleaned"]
    assert phoneme_tokens(case["text"]) == case["tokens"]
    assert ids.rows(case["tokens"]) == case["ids"]
    made = phoneme_ids(case["text"], (case["start"], case["end"]), case["n_frames"])
    assert made.dtype == torch.int64
    assert made.tolist() == frames


@pytest.mark.parametrize("case", MORE["cases"], ids=lambda case: ascii(case["text"])[:30])
def test_more_sentences_read_as_the_libraries_read_them(case):
    assert clean(case["text"]) == case["cleaned"]
    assert phoneme_tokens(case["text"]) == case["tokens"]


def test_rows_of_the_table_are_the_authors():
    assert {token: row + 1 for row, token in enumerate(ids.TOKENS)} == GOLDEN["token_list"]


@pytest.mark.parametrize("name", GOLDEN["stretch_index"])
def test_golden_stretch(name):
    length, frames = map(int, name.split("->"))
    assert stretch_index(length, frames).tolist() == GOLDEN["stretch_index"][name]


@given(st.integers(1, 400), st.integers(1, 400))
def test_stretch_is_pytorchs_nearest_resize_of_repeated_items(length, frames):
    items = torch.arange(length, dtype=torch.float32)
    if length < frames:
        items = items.repeat_interleave(math.ceil(frames / length))
    expected = F.interpolate(items[None, None], size=frames, mode="nearest")[0, 0].long()
    assert torch.equal(stretch_index(length, frames), expected)


def test_nothing_is_fetched(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket, "socket", refuse)
    for loaded in (tables.dictionary, tables.homographs, tagger.perceptron, speller.shipped_speller, speller.spell):
        loaded.cache_clear()
    assert phoneme_tokens("I refuse Zyxwick")[1:4] == ["AY1", "R", "IH0"]


def test_importing_loads_neither_torch_nor_the_tables():
    code = "import sys, vssflow.reference.phonemes; sys.exit('torch' in sys.modules or 'lzma' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_dictionary_agrees_with_the_one_of_pocketsphinx_but_for_stress():
    # A later edition of the same dictionary: 1 % of the words were said anew ("acted" with AH0 and IH0).
    theirs = pocketsphinx_dictionary()
    ours = {word: tuple(re.sub(r"\d", "", phones).split()) for word, phones in tables.dictionary().items()}
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 0.99 * len(ours) > 120_000
    assert sum(ours[word] == theirs[word] for word in shared) > 0.99 * len(shared)


def test_every_phone_of_the_dictionary_has_a_row():
    phones = {phone for entry in tables.dictionary().values() for phone in entry.split()}
    assert phones == set(ids.TOKENS) - {"<blank>"}


# --- what is said -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transcript", [None, "", "  \t\n"])
def test_no_transcript_is_no_speech(transcript):
    assert phoneme_ids(transcript, (1.0, 3.0)).count_nonzero() == 0


@pytest.mark.parametrize("transcript", ["...", "?!", "😀🎉", "%%", "[]", "—"])
def test_a_transcript_without_a_word_is_a_blank_in_the_window(transcript):
    made = phoneme_ids(transcript, (1.0, 3.0))
    assert set(made[25:75].tolist()) == {BLANK}
    assert made.count_nonzero() == 50


def test_emoji_change_nothing():
    assert phoneme_tokens("hello 😀 there 👍🏽") == phoneme_tokens("hello there")


def test_other_scripts_are_read_by_their_letters():
    assert phoneme_tokens("мир") == phoneme_tokens("mir")


def test_accents_and_typography_need_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "unidecode", None)
    assert clean("“Café” — naïve e\u0301…") == "CAFE NAIVE E..."


@pytest.mark.parametrize(("transcript", "named"), [("привет", "П"), ("hi 😀", "U\\+1F600")])
def test_what_needs_the_library_says_so(monkeypatch, transcript, named):
    monkeypatch.setitem(sys.modules, "unidecode", None)
    with pytest.raises(MissingExtra, match=f"{named}.*pip install 'vsseval\\[authors\\]'"):
        phoneme_ids(transcript, (0.0, 1.0))


def test_half_a_surrogate_pair_is_dropped():
    assert clean("a\ud83d b") == "A B"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0", "zero"), ("007", "seven"), ("1000", "one thousand"), ("1001", "ten oh one"), ("1900", "nineteen hundred"),
        ("2000", "two thousand"), ("2005", "two thousand five"), ("2010", "twenty ten"), ("3000", "three thousand"),
        ("1000001", "one million one"), ("120", "one hundred twenty"),
        ("83981", "eighty-three thousand, nine hundred eighty-one"),
    ],
)  # fmt: skip
def test_numbers(written, read):
    assert spoken(written) == read


@pytest.mark.parametrize(
    ("number", "read"),
    [(1, "first"), (12, "twelfth"), (20, "twentieth"), (21, "twenty-first"), (101, "one hundred and first"),
     (1005, "one thousand and fifth"), (1000, "one thousandth"), (0, "zeroth")],
)  # fmt: skip
def test_ranks(number, read):
    assert ordinal(number) == read


def test_a_number_without_a_name_is_read_digit_by_digit():
    assert spoken("1" + "0" * (MOST_DIGITS - 1)) == "one hundred decillion"
    assert spoken("1" + "2" * MOST_DIGITS) == "one" + " two" * MOST_DIGITS
    assert clean("9" * 5000).count("NINE") == 5000


def test_a_comma_where_no_amount_has_one_is_passed_over():
    assert clean("$,5") == "FIVE DOLLARS"


def test_a_missing_space_makes_one_word_of_two_as_in_the_authors_tokenizer():
    assert words("STOP.NOW, I.E. X") == ["stop.now", ",", "that", "is", "x"]


def test_part_of_speech_tells_homographs_apart():
    assert tagger.tag("i refuse the refuse".split())[1::2] == ["VBP", "NN"]
    tokens = phoneme_tokens("I refuse the refuse")
    assert tokens[2:8] == "R IH0 F Y UW1 Z".split()
    assert tokens[10:16] == "R EH1 F Y UW2 Z".split()


def test_a_word_without_end_is_cut():
    assert len(speller.spell("a" * 500)) <= speller.MOST_PHONES


# --- when it is said --------------------------------------------------------------------------------------------


def test_without_a_window_the_whole_clip_is_spoken():
    assert torch.equal(phoneme_ids("hello", None), phoneme_ids("hello", (0.0, 10.0)))
    assert phoneme_ids("hello", None, 40).count_nonzero() == 40


@pytest.mark.parametrize("window", [(2.0, 2.0), (2.0, 2.039), (3.0, 1.0), (11.0, 12.0), (-3.0, -1.0), (10.0, 12.0)])
def test_a_window_of_no_frame_or_outside_the_clip_is_no_speech(window):
    assert phoneme_ids("hello", window).count_nonzero() == 0


def test_a_window_of_one_frame_is_a_blank():
    made = phoneme_ids("hello there", (2.0, 2.04))
    assert made[50] == BLANK
    assert made.count_nonzero() == 1


def test_speech_past_the_end_is_stretched_in_full_and_then_cut():
    whole = phoneme_ids("see you again tomorrow", (8.0, 12.0), 300)
    assert torch.equal(phoneme_ids("see you again tomorrow", (8.0, 12.0)), whole[:250])


def test_a_negative_start_cuts_the_beginning():
    later = phoneme_ids("see you again tomorrow", (1.0, 4.0))
    assert torch.equal(phoneme_ids("see you again tomorrow", (-1.0, 2.0))[:200], later[50:])


def test_more_phones_than_frames_leave_some_out_in_order():
    made = over_window(list(range(1, 61)), (0.0, 1.2), 250)[:30]
    assert made.tolist() == list(range(1, 61, 2))


def test_a_window_of_a_year_costs_no_memory():
    assert set(phoneme_ids("hello", (0.0, 3.2e7)).tolist()) == {BLANK}


@pytest.mark.parametrize("window", [(math.nan, 1.0), (0.0, math.inf), (0.0, 1e308)])
def test_a_time_that_is_no_number_is_refused(window):
    with pytest.raises(UsageError, match="must be finite"):
        phoneme_ids("hello", window)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40), st.floats(-20, 20), st.floats(-20, 20), st.integers(1, 300))
@example("I.E..E.G.", 0.0, 1.0, 25)
@example("$.5.", 0.0, 1.0, 25)
def test_any_text_in_any_window_gives_ids(transcript, start, end, frames):
    made = phoneme_ids(transcript, (start, end), frames)
    assert made.shape == (frames,)
    assert made.dtype == torch.int64
    assert 0 <= made.min() <= made.max() <= len(ids.TOKENS)


# --- the tables -------------------------------------------------------------------------------------------------


def test_packed_dictionary_keeps_first_pronunciations_of_words_that_can_be_met():
    source = "A 1 AH0\nA 2 EY1\nA. 1 EY1\nAIR_FORCE 1 EH1\nO'CLOCK 1 K\nDOGS' 1 D\nAD-HOC 1 AE1"
    assert pack.pack_dictionary(source) == "a AH0\no'clock K"


def test_packed_tagger_keeps_reachable_features_to_the_thousandth():
    weights = {
        "bias": {"NN": -0.125, "VB": 2.5}, "i word dog": {"NN": 1.001}, "i word !YEAR": {"CD": 1.0},
        "i pref1 A": {"NN": 1.0}, "i-1 tag+i word DT dog": {"NN": 0.5}, "i-1 tag+i word DT Dog": {"NN": 0.5},
        "i-1 word -START2-": {"NN": 0.25},
        "i word empty": {},
    }  # fmt: skip
    text = pack.pack_tagger(weights, {"the": "DT", "The": "DT"}, {"VB", "NN", "DT"})
    assert text.splitlines() == [
        "DT NN VB", "the\tDT", "bias\tNN -125 VB 2500", "i word dog\tNN 1001", "i-1 tag+i word DT dog\tNN 500",
        "i-1 word -START2-\tNN 250",
    ]  # fmt: skip


def test_packed_numbers_come_back_bit_for_bit():
    generator = np.random.default_rng(0)
    arrays = {name: generator.normal(size=(5, 3)).astype(np.float32) for name in pack._SPELLER}
    back = speller.from_planes(pack.pack_speller(arrays))
    assert back.tolist() == np.concatenate([arrays[name].ravel() for name in pack._SPELLER]).tolist()


def test_the_taggers_file_can_make_nothing_but_sets():
    tables_of_a_tagger = ({"bias": {"NN": 1.0}}, {"the": "DT"}, {"NN"})
    assert pack.read_tagger(pickle.dumps(tables_of_a_tagger, protocol=2)) == tables_of_a_tagger
    with pytest.raises(pickle.UnpicklingError, match="has no use for"):
        pack.read_tagger(pickle.dumps(subprocess.Popen))


def test_packing_writes_the_four_tables_that_are_read(tmp_path, monkeypatch):
    source = tmp_path / "nltk"
    (source / "corpora" / "cmudict").mkdir(parents=True)
    (source / "corpora" / "cmudict" / "cmudict").write_text("DOG 1 D AO1 G\n")
    folder = source / "taggers" / "averaged_perceptron_tagger"
    folder.mkdir(parents=True)
    content = pickle.dumps(({"bias": {"NN": 1.0}}, {"the": "DT"}, {"NN", "DT"}), protocol=2)
    (folder / "averaged_perceptron_tagger.pickle").write_bytes(content)
    (tmp_path / "homographs.en").write_text("#comment\nUSE|Y UW1 Z|Y UW1 S|V\n")
    np.savez(tmp_path / "checkpoint20.npz", **{name: np.zeros((2, 2), np.float32) for name in pack._SPELLER})
    pack.main(source, tmp_path, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        path.name for path in Path(tables.__file__).with_name("data").iterdir()
    )
    monkeypatch.setattr(tables, "DATA", tmp_path / "out")
    assert tables.read_table("dictionary.txt.xz") == b"dog D AO1 G"
    assert tables.read_table("homographs.txt") == b"use|Y UW1 Z|Y UW1 S|V\n"
    assert tables.read_table("tagger.txt.xz") == b"DT NN\nthe\tDT\nbias\tNN 1000"
