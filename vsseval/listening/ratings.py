"""Writes the table of ratings that `vsseval correlate` takes."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.listening.key import TestKey
    from vsseval.listening.screening import Judgement

__all__ = ["RATINGS", "write_ratings"]

RATINGS = "ratings.csv"


def write_ratings(path: Path, said: Sequence[Judgement], key: TestKey) -> None:
    """Write one row a judgement: clip, system, score, rater; or clip, a, b, answer, rater.

    A system is called as its run's directory, which no two share.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    runs = {system.name: system.run.name if system.run else system.name for system in key.systems}
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    pairs = key.kind == "ab"
    writer.writerow(["clip", "a", "b", "answer", "rater"] if pairs else ["clip", "system", "score", "rater"])
    for one in said:
        names = [runs[name] for name in one.systems]
        what = {1.0: "a", -1.0: "b"}.get(one.value, "tie") if pairs else f"{one.value:g}"
        writer.writerow([_cell(one.clip), *map(_cell, names), what, _cell(one.rater)])
    atomic.write_bytes(path, out.getvalue().encode())


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; names come from strangers."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
