"""One normaliser for both sides: spellings of the same spoken words are equal, other words are not."""

import itertools
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsseval.english import plain, read_out
from vsseval.english.numbers import cardinal, ordinal, year
from vsseval.metrics.text import normaliser

SPOKEN = normaliser("spoken")

SAME = (
    ("I have 25 apples.", "i have twenty five apples", "I have twenty-five apples", "I have \uff12\uff15 apples"),
    ("in 1945", "in nineteen forty-five", "in one thousand nine hundred and forty five", "in 1,945"),
    ("1905", "nineteen oh five", "nineteen o five"),
    ("2005", "two thousand five", "two thousand and five", "twenty oh five"),
    ("1900", "nineteen hundred"),
    ("the 1990s", "the nineteen nineties", "the 1990's"),
    ("'90s", "nineties", "\u201990s"),
    ("$5", "five dollars", "5 dollars", "5$"),
    ("$5.50", "five dollars and fifty cents", "five dollars fifty"),
    ("$1", "one dollar"),
    ("she said quietly\u2026", "she said quietly...", "she said, quietly", "... she said quietly ."),
    ("Beyonc\u00e9\u2019s song", "Beyonce's song"),
    ("e-mail over Wi-Fi", "email over wifi"),
    ("8 o\u2019clock", "eight o clock"),
    ("6'2\" tall", "6\u2032 2\u2033 tall", "six foot two tall"),
    ("$0.50", "50\u00a2", "fifty cents", "$.50"),
    ("$2,000,000", "$2 million", "two million dollars", "$2M"),
    ("\u00a35.20", "five pounds and twenty pence", "five pounds twenty"),
    ("\u20ac5", "5 \u20ac", "five euros"),
    ("\u00a5500", "five hundred yen"),
    ("3:30", "three thirty", "three-thirty"),
    ("3:05", "three oh five", "three o five"),
    ("3:00", "three o'clock", "3 o\u2019clock"),
    ("3:30 p.m.", "3:30pm", "three thirty PM", "three thirty p m"),
    ("at 3 a.m. I left", "at 3 AM I left", "at three am i left", "at three a m i left"),
    ("the 3rd", "the third"),
    ("the 9th and 29th", "the ninth and twenty ninth"),
    ("the 100th", "the one hundredth", "the hundredth"),
    ("10%", "ten percent", "ten per cent", "10 percent", "10 %"),
    ("10.5%", "ten point five percent"),
    ("3.0 and .5", "three point zero and zero point five", "three point oh and point five"),
    ("101", "one hundred and one", "a hundred and one", "one oh one"),
    ("\u00bd", "one half", "1/2"),
    ("2\u00bd", "two and a half", "2 1/2", "2.5", "two point five"),
    ("1.5 million", "one and a half million", "1,500,000"),
    ("10\u202f000", "10 000", "10,000", "ten thousand"),
    ("555-1234", "five five five one two three four", "five, five, five, one, two, three, four"),
    ("007", "double oh seven", "zero zero seven"),
    ("10-15 minutes", "10\u201315 minutes", "ten to fifteen minutes"),
    ("-5\u00b0C", "\u22125 \u00b0C", "minus five degrees celsius", "negative five degrees Celsius"),
    ("2 + 2 = 4", "two plus two equals four"),
    ("#5", "No. 5", "number five"),
    ("rock & roll", "rock and roll"),
    ("5 kg at 10 km/h", "five kilograms at ten kilometres per hour"),
    ("May 3rd, 2020", "May 3, 2020", "may third twenty twenty"),
    ("Jan. 5", "January fifth"),
    ("World War II", "World War Two", "world war 2"),
    (
        "Mr. Smith, Mrs. Hall and Dr. Jones",
        "mister smith missus hall and doctor jones",
        "Mr Smith Mrs Hall and Dr Jones",
    ),
    ("on Main St.", "on main street"),
    ("in St. Louis", "in saint louis"),
    ("U.S.A.", "USA", "u s a"),
    ("the F.B.I. agents", "the FBI agents", "the f b i agents"),
    ("MP3", "MP 3", "m p three"),
    ("well-known", "well known", "well\u2011known"),
    ("don't", "don\u2019t", "don\u00b4t", "don`t", "don\u02bct", "do n't", "do not"),
    ("it's", "it`s", "it\u2032s", "it is"),
    ("he said \u201chi\u201d", "he said 'hi'", "he said \u2018hi\u2019", "he said hi"),
    ("caf\u00e9", "cafe\u0301", "cafe"),
    ("\ufb01ne", "fine"),
    ("I\u200b think\u00ad, yes\ufeff", "i think yes", "I\u00a0think yes"),
    ("set white in o 2 soon", "set white in O two, soon"),
    ("O'Brien", "O\u2019Brien", "o brien"),
    ("cannot", "can not", "can't"),
    ("OK", "okay", "O.K."),
)

DIFFERENT = (
    ("twenty five", "twenty nine"), ("3:30", "3:31"), ("$5", "\u20ac5"), ("5", "5%"), ("3rd", "3"), ("1945", "1954"),
    ("5.5", "55"), ("-5", "5"), ("can", "can't"), ("in o two", "in zero two"), ("15", "50"), ("1/2", "1/3"),
)  # fmt: skip


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: spellings[0].encode("ascii", "replace").decode())
def test_spellings_of_the_same_words_are_equal(spellings):
    assert len({SPOKEN(text) for text in spellings}) == 1, [SPOKEN(text) for text in spellings]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_words_stay_other_words(one, other):
    assert SPOKEN(one) != SPOKEN(other)


@given(st.integers(0, 10**12))
@settings(max_examples=300, deadline=None)
def test_a_number_is_its_words_in_every_reading(number):
    said = cardinal(str(number))
    figures = "one" if number == 1 else str(number)
    cache = [str(number), f"{number:,}", said, british(said), said.replace(" ", "-").upper()]
    assert [SPOKEN(f"say {reading}, please") for reading in cache] == [f"say {figures} please"] * len(cache)


@given(st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_an_ordinal_is_its_words(number):
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    assert SPOKEN(f"the {number}{ending} one") == SPOKEN(f"the {ordinal(str(number))} one")


@pytest.mark.parametrize("number", range(1400, 2100))
def test_a_year_in_pairs_is_its_figures(number):
    assert SPOKEN(f"in {number}") == SPOKEN(f"in {year(str(number)) or cardinal(str(number))}") == f"in {number}"


def test_every_time_of_the_day_is_its_words():
    for hour, minute in itertools.product(range(1, 13), range(60)):
        said = f"{cardinal(str(hour))} " + ("oh " if minute < 10 else "") + cardinal(str(minute))
        said = f"{cardinal(str(hour))} o'clock" if minute == 0 else said
        assert SPOKEN(f"at {hour}:{minute:02d} sharp") == SPOKEN(f"at {said} sharp"), (hour, minute)


@given(st.integers(0, 99_999), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_money_is_its_words(whole, cents):
    units = f"{cardinal(str(whole))} dollar{'s' * (whole != 1)}"
    parts = f"{cardinal(str(cents))} cent{'s' * (cents != 1)}"
    said = " and ".join([units] * (whole > 0 or cents == 0) + [parts] * (cents > 0))
    assert SPOKEN(f"it is ${whole:,}.{cents:02d} now") == SPOKEN(f"it is {said} now")


@given(st.text(string.ascii_letters + " 0123456789.,:$%'-", max_size=40), st.data())
@settings(max_examples=200, deadline=None)
def test_what_cannot_be_seen_or_heard_costs_nothing(text, data):
    place = data.draw(st.integers(0, len(text)))
    invisible = data.draw(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\ufe0f"))
    assert SPOKEN(text[:place] + invisible + text[place:]) == SPOKEN(text)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_out_without_figures_and_stays_as_it_is_then(text):
    said = read_out(text)
    assert not any(letter.isdecimal() for letter in said)
    assert plain(said) == plain(plain(said))
    SPOKEN(text)


@pytest.mark.parametrize(
    "text", ["Well, I never; said she!", "bin blue at f two now", "It's the end. (Or not?)", "d'accord"]
)
def test_a_text_of_words_is_left_alone(text):
    assert read_out(text) == text


def british(said):
    """Put "and" where it is said after hundreds: "one hundred and five thousand and six"."""
    words = said.split()
    out = []
    for place, word in enumerate(words):
        out.append(word)
        after = words[place + 1] if place + 1 < len(words) else None
        if word == "hundred" and after and after not in {"thousand", "million", "billion", "trillion"}:
            out.append("and")
    return " ".join(out)
