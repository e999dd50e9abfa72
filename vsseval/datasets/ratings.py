"""Reads what people said of sounds: scores of (clip, system), or which of two systems was better on a clip.

A table is CSV, TSV, JSON or JSON lines, one row a rating. AGAVQA-3k (Cao et al., ICML 2025) names a clip and its system
in one file name and has a column for each of three questions: `names` and `score` say how to read such.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval.datasets import metadata_table
from vsseval.datasets.clip_lists import read_list
from vsseval.datasets.own_files import some
from vsseval.errors import UsageError
from vsseval.media import SOUND_SUFFIXES, VIDEO_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Answer", "Ratings", "read_ratings"]

CLIP = ("clip", "clip_id", "sample", "sample_id", "id", "item", "video_id")
SYSTEM = ("system", "model", "method", "vta")
SCORE = ("score", "mos", "rating", "overall", "overall_quality")
FILE = ("file", "file_name", "filename", "name", "path", "video", "video_path", "video_name", "audio")
FIRST, SECOND, ANSWER = ("a", "system_a", "model_a"), ("b", "system_b", "model_b"), ("answer", "better", "winner")
"""Columns that are looked for, in the order in which they are preferred."""
TIES = frozenset({"tie", "both", "same", "equal", "none", "0"})
WHERE = {"{clip}": r"(?P<clip>.+)", "{}": r".+?"}
_SHOWN = 3


class Answer(NamedTuple):
    """What was said of two systems on one clip."""

    clip: str
    a: str
    b: str
    better: float
    """From -1 (all said b) to 1 (all said a)."""


class Ratings(NamedTuple):
    """A table, read; several ratings of one thing are their mean."""

    path: Path
    sha256: str
    question: str
    """The column that was read."""
    number: int
    """Ratings that were read."""
    scores: Mapping[tuple[str, str], float]
    """(clip, system) -> mean score; empty where pairs were compared."""
    answers: tuple[Answer, ...] = ()
    passed_over: int = 0
    """Rows that name none of the systems."""

    @property
    def systems(self) -> frozenset[str]:
        """The systems that were rated."""
        compared = (side for said in self.answers for side in (said.a, said.b))
        return frozenset((*(system for _, system in self.scores), *compared))


def read_ratings(path: Path, systems: Sequence[str], score: str | None = None, names: str | None = None) -> Ratings:
    """Read a table.

    Args:
        path: the table.
        systems: names that its rows may mean; rows of others are counted and passed over.
        score: the column of the scores; None for one of `SCORE`.
        names: how file names are made, as "{clip}_{system}": "{}" stands for whatever is of no interest; None where
            clip and system have columns of their own.

    Raises:
        UsageError: it is no such table, or a score is no number.
    """
    found = read_list(path)
    rows = metadata_table.rows(found)
    if not rows:
        raise UsageError(f"{path} holds no ratings below its first line")
    columns = [*rows[0][1]]
    pairs = _column(columns, FIRST), _column(columns, SECOND), _column(columns, ANSWER)
    if names is None and score is None and None not in pairs:
        return _pairs(path, found.sha256, rows, systems)
    question = _asked(path, columns, score)
    file = None if names is None else _needed(path, columns, FILE)
    pattern = None if names is None else _pattern(names, systems)
    clip = "" if names is not None else _needed(path, columns, CLIP)
    system = "" if names is not None else _needed(path, columns, SYSTEM)
    known = {name.lower(): name for name in systems}
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    lost = 0
    for line, row in rows:
        if pattern is not None and file is not None:
            match = pattern.fullmatch(_stem(row[file]))
            key = None if match is None else (match["clip"], known[match["system"].lower()])
        else:
            name = known.get(row[system].lower())
            key = None if name is None else (_stem(row[clip]), name)
        if key is None:
            lost += 1
        else:
            values[key].append(_number(path, line, question, row[question]))
    means = {key: math.fsum(scores) / len(scores) for key, scores in values.items()}
    _refuse_nothing(path, len(means), lost, systems, [row for _, row in rows[:_SHOWN]])
    number = sum(map(len, values.values()))
    return Ratings(path, found.sha256, question, number, means, passed_over=lost)


def _pairs(path: Path, sha256: str, rows: Sequence[tuple[int, Mapping[str, str]]], systems: Sequence[str]) -> Ratings:
    columns = [*rows[0][1]]
    clip, first, second, answer = (_needed(path, columns, names) for names in (CLIP, FIRST, SECOND, ANSWER))
    known = {name.lower(): name for name in systems}
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    lost = 0
    for line, row in rows:
        a, b = (known.get(row[side].lower()) for side in (first, second))
        if a is None or b is None:
            lost += 1
            continue
        said = _said(path, line, row[answer], row[first], row[second])
        # One order for each pair, whichever stood first before the listener.
        key, sign = ((a, b), 1.0) if a <= b else ((b, a), -1.0)
        found[_stem(row[clip]), *key].append(sign * said)
    answers = tuple(Answer(*key, math.fsum(said) / len(said)) for key, said in sorted(found.items()))
    _refuse_nothing(path, len(answers), lost, systems, [row for _, row in rows[:_SHOWN]])
    return Ratings(path, sha256, answer, len(rows) - lost, {}, answers, lost)


def _said(path: Path, line: int, text: str, a: str, b: str) -> Literal[-1, 0, 1]:
    word = text.strip().lower()
    if word in TIES:
        return 0
    if word in {"a", a.lower()}:
        return 1
    if word in {"b", b.lower()}:
        return -1
    raise UsageError(f"{path}, line {line}: the answer {text!r} is none of a, b, tie, {a}, {b}")


def _asked(path: Path, columns: Sequence[str], score: str | None) -> str:
    if score is None:
        return _needed(path, columns, SCORE, "name the column of the scores with --score")
    plain = re.sub(r"[\s-]+", "_", score.strip().lower())
    if plain not in columns:
        raise UsageError(f"{path} has no column {score}: it has {some(columns)}")
    return plain


def _column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _needed(
    path: Path, columns: Sequence[str], names: Sequence[str], way_out: str = "rename one of its columns"
) -> str:
    found = _column(columns, names)
    if found is None:
        raise UsageError(
            f"{path} has none of the columns {', '.join(names)}: it has {some(columns)}; {way_out}, or, where a "
            "file name says clip and system, give --names '{clip}_{system}'"
        )
    return found


def _pattern(names: str, systems: Sequence[str]) -> re.Pattern[str]:
    if names.count("{clip}") != 1 or names.count("{system}") != 1:
        raise UsageError(f"--names {names}: write {{clip}} and {{system}} once each, as in '{{clip}}_{{system}}'")
    one = "|".join(re.escape(name) for name in sorted(systems, key=len, reverse=True))
    parts = re.split(r"(\{clip\}|\{system\}|\{\})", names)
    return re.compile(
        "".join(rf"(?P<system>{one})" if part == "{system}" else WHERE.get(part, re.escape(part)) for part in parts),
        re.IGNORECASE,
    )


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in VIDEO_SUFFIXES | SOUND_SUFFIXES else path.name


def _number(path: Path, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{path}, line {line}: the {column} {text!r} is no number")
    return value


def _refuse_nothing(
    path: Path, there: int, lost: int, systems: Sequence[str], rows: Sequence[Mapping[str, str]]
) -> None:
    if not there:
        first = "; ".join(", ".join(row.values()) for row in rows)
        raise UsageError(
            f"{path}: none of its {lost} rows names one of the systems {', '.join(systems)} (it begins: {first}). "
            "Say which run is which with: --system NAME=RUN"
        )
