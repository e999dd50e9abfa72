"""Language tags (BCP 47, RFC 5646) as people write them: `en-US`, `EN`, `en_GB`, `eng` and `English` are English.

The closed grammar of the GRID corpus is English with a subtag for private use, `en-x-grid`. The manifests of data sets
that are frozen write it `en-grid`, and are read as what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from vsseval.english.grid import sentence

__all__ = ["ENGLISH", "GRID", "covers", "is_grid", "parse", "recognised", "wrong_script"]

ENGLISH = "en"
GRID = "en-x-grid"

_EXAMPLE = "write a BCP 47 tag such as en, en-US, de or zh-Hant"
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)(?P<extensions>(-[a-wy-z0-9](-[a-z0-9]{2,8})+)*)"
    r"(?P<private>-x(-[a-z0-9]{1,8})+)?"
)
_EXTENDED = re.compile(r"^(?:ar|kok|lv|ms|sgn|sw|uz|zh)-([a-z]{3})(?![a-z0-9])")  # "zh-yue" is a long "yue"
_FROZEN = re.compile(r"(en(?:-[a-z]{2})?)-grid")

_LEAST_KNOWN = 0.9
"""Share of the letters of a transcript that a recogniser has to know: a name in other letters is no reason to stop."""

_SCRIPTS = {ENGLISH: "LATIN"}
"""Script in which the recognisers of a language write, as Unicode names it."""


class _Parts(NamedTuple):
    language: str
    private: str
    tag: str


def parse(text: str) -> str:
    """Return the canonical form of a language tag: `en-US` of "EN_us", `en` of "English".

    Raises:
        ValueError: the text is no well-formed tag, or names a language that ISO 639 does not know.
    """
    return _parts(text).tag


def is_grid(tag: str) -> bool:
    """Return whether a tag is of the closed grammar of GRID, in any spelling of `en-x-grid`."""
    return covers(GRID, tag)


def covers(wanted: str, tag: str) -> bool:
    """Return whether a clip's language is one that a metric is for.

    Args:
        wanted: "en*" for every kind of English; "en" for English of any region and script, but not for a closed
            grammar within it; "en-x-grid" for that grammar. A tag with a region is covered by no other region.
        tag: of the clip; what is no language tag is covered by itself alone.
    """
    every = wanted.endswith("*")
    try:
        asked, given = _parts(wanted.removesuffix("*")), _parts(tag)
    except ValueError:
        return wanted == tag
    if asked.language != given.language or (asked.private != given.private and not every):
        return False
    narrow = asked.tag.removesuffix(asked.private)
    return narrow == asked.language or narrow == given.tag.removesuffix(given.private)


def recognised(tag: str, transcript: str | None) -> str:
    """Return the tag of a transcript: that of GRID's grammar for English that follows it, else the tag as it is.

    Raises:
        ValueError: the tag says GRID, and the transcript is no sentence of its grammar.
    """
    parts = _parts(tag)
    if parts.language != ENGLISH or not transcript:
        return tag
    follows = sentence(transcript) is not None
    if follows and not parts.private:
        return f"{tag}-x-grid"
    if is_grid(tag) and not follows:
        raise ValueError(f"language {tag}, but {transcript[:60]!r} is no sentence of GRID: write en for free English")
    return tag


def wrong_script(wanted: str, transcript: str) -> str | None:
    """Return why a recogniser of a language cannot be asked for a transcript: its script; None where it can.

    Args:
        wanted: the language that a metric is for, as in `covers`.
        transcript: what is said.
    """
    try:
        script = _SCRIPTS.get(_parts(wanted.removesuffix("*")).language)
    except ValueError:
        return None
    letters = [letter for letter in unicodedata.normalize("NFKC", transcript) if unicodedata.category(letter)[0] == "L"]
    if script is None or not letters:
        return None
    foreign = [name for name in map(_script, letters) if name not in {script, "MODIFIER"}]
    if len(foreign) <= (1 - _LEAST_KNOWN) * len(letters):
        return None
    most = max(sorted(set(foreign)), key=foreign.count)
    written = most if most == "CJK" else most.title()
    return f"the transcript is written in {written} letters, the metric hears {script.title()} ones only"


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0].removesuffix("-UNIFIED")


class _Registry(NamedTuple):
    """What ISO 639, 15924 and 3166 know, in lower case."""

    codes: dict[str, str]
    """Every code of a language, and its shortest."""
    names: dict[str, str]
    """English names, and the code."""
    scripts: frozenset[str]
    regions: frozenset[str]


@cache
def _parts(text: str) -> _Parts:
    known = _registry()
    written = unicodedata.normalize("NFKC", text).strip()
    tag = known.names.get(" ".join(written.lower().split())) or written.replace("_", "-").lower()
    frozen = _FROZEN.fullmatch(tag)
    found = _TAG.fullmatch(f"{frozen[1]}-x-grid" if frozen else _EXTENDED.sub(r"\1", tag))
    if found is None:
        raise ValueError(f"language {text!r} is no language tag: {_EXAMPLE}")
    language = known.codes.get(found["language"])
    script, private = found["script"], found["private"] or ""
    region = "gb" if found["region"] == "uk" else found["region"]  # reserved for it, and often written
    unknown = language is None or (script and script not in known.scripts)
    if language is None or unknown or (region and not region.isdigit() and region not in known.regions):
        raise ValueError(f"language {text!r} is unknown: {_EXAMPLE}")
    heard = "-".join(filter(None, [language, (script or "").title(), (region or "").upper()]))
    return _Parts(language, private, heard + found["variants"] + found["extensions"] + private)


@cache
def _registry() -> _Registry:
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    lists: dict[str, list[str]] = {"language": [], "script": [], "region": []}
    for line in files("vsseval").joinpath("languages.tsv").read_text(encoding="utf-8").splitlines():
        code, *more = line.split("\t")
        if code in lists:
            lists[code] += more[0].lower().split()
        elif not line.startswith("#"):
            codes |= dict.fromkeys([code, *more[0].split()], code)
            names |= {name.lower(): code for name in more[1:]}
    codes |= {code: code for code in lists["language"]}
    return _Registry(codes, names, frozenset(lists["script"]), frozenset(lists["region"]))
