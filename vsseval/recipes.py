"""Turns the TOML files of a package into rows: recipes of metrics and variants of extractors; no class is imported.

A row is a table named by its id, `["fd_panns@avbench"]` or `[whisper_base]`; the table `[defaults]` of a file completes
all its rows. A row says of which class it is (`family`) and what that class is built with; `families.py` builds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from vsseval.errors import EnvironmentFault
from vsseval.text.readers import file_text, toml_tables
from vsseval.types import TEXTS, Direction, Feature, MetricSpec, Need, Record

DEFAULTS = "defaults"

Parameter = str | bool | int | float | list[str | bool | int | float]

_ID = re.compile(r"[a-z][a-z0-9_]*@[a-z0-9][a-z0-9._-]*")

R = TypeVar("R", bound="PluginRow")


class PluginRow(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every row says."""

    family: str
    """The class, `package.module:Class`."""
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict)
    """What the class is built with, by keyword."""
    packages: dict[str, str] = msgspec.field(default_factory=dict)
    """Optional packages that it needs: import name -> what to give to `pip install`."""
    lengths: str = ""
    """What becomes of a sound that is not as long as the clip: of an extractor, how much of a sound it hears; of a
    metric, how two lengths are brought together."""


class InputFeature(Record, frozen=True, forbid_unknown_fields=True):
    """A feature that a metric is given."""

    of: Need
    extractor: str = ""
    """Empty for the row's own."""
    paired_with: Need | None = None
    """The second medium of a pair."""


class MetricRecipe(PluginRow, frozen=True, kw_only=True):
    """One metric; the fields that are not described here are those of `MetricSpec`."""

    inputs: dict[str, InputFeature | Need]
    direction: Direction
    unit: str
    description: str
    version: str
    extractor: str = ""
    """Whose features the inputs are that name no other."""
    citation: str = ""
    scale: float = 1.0
    decimals: int = 2
    minimum: float | None = None
    maximum: float | None = None
    language: str | None = None
    min_seconds: float = 0.0
    expected_to_separate: tuple[str, ...] = ("shuffled", "noise", "silence")
    ranked: bool = True
    least_clips: int = 1
    proxy: bool = False
    checked_against: str = ""
    """What its values were compared with, and how closely."""
    note: str = ""
    """Further text for the documentation."""

    def spec(self, name: str) -> MetricSpec:
        """Return the declaration of the metric.

        Args:
            name: the id, `name@recipe`.

        Raises:
            ValueError: the id has no recipe, or an input names no extractor; the message says which.
        """
        if not _ID.fullmatch(name):
            raise ValueError("the id of a metric is `name@recipe`, of lower-case letters, digits, _, - and .")
        bare, _, recipe = name.partition("@")
        return MetricSpec(
            name=bare,
            recipe=recipe,
            version=self.version,
            inputs={key: self._input(key, value) for key, value in self.inputs.items()},
            direction=self.direction,
            unit=self.unit,
            description=self.description,
            citation=self.citation,
            scale=self.scale,
            decimals=self.decimals,
            minimum=self.minimum,
            maximum=self.maximum,
            language=self.language,
            min_seconds=self.min_seconds,
            expected_to_separate=self.expected_to_separate,
            ranked=self.ranked,
            least_clips=self.least_clips,
            proxy=self.proxy,
        )

    def _input(self, key: str, value: InputFeature | Need) -> Feature | Need:
        if not isinstance(value, InputFeature):
            if value not in TEXTS:
                raise ValueError(f'inputs.{key}: "{value}" is no text; for a feature of it write {{ of = "{value}" }}')
            return value
        extractor = value.extractor or self.extractor
        if not extractor:
            raise ValueError(f"inputs.{key} names no extractor, and neither does the row")
        return Feature(extractor=extractor, of=value.of, paired_with=value.paired_with)


class ExtractorVariant(PluginRow, frozen=True, kw_only=True):
    """One extractor."""

    weights: tuple[str, ...] = ()
    """Sets of weights, as `vsseval weights` names them; the class is given them first, in this order."""


@dataclass(frozen=True)
class UncheckedRow:
    """A row as it stands in its file, not yet checked."""

    name: str
    package: str
    file: Path
    table: Mapping[str, object]

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"the row '{self.name}' of {self.file} (package {self.package})"

    def fault(self, why: object) -> EnvironmentFault:
        """Return the error for a row that cannot be used."""
        return EnvironmentFault(f"{self.place} cannot be used: {why}")

    def checked(self, kind: type[R]) -> R:
        """Return the row.

        Raises:
            EnvironmentFault: a field is missing, unknown or of another type.
        """
        try:
            return msgspec.convert(self.table, kind)
        except msgspec.ValidationError as error:
            raise self.fault(error) from error


def spec_of(stated: UncheckedRow) -> MetricSpec:
    """Return the declaration of a metric from its row alone.

    Raises:
        EnvironmentFault: the row is not right; the message says where and why.
    """
    try:
        return stated.checked(MetricRecipe).spec(stated.name)
    except ValueError as error:
        raise stated.fault(error) from error


def length_rule(row: MetricRecipe, variant: Callable[[str], ExtractorVariant]) -> str:
    """Return what becomes of a sound that is not as long as asked: by the extractors that hear it, and by the metric.

    Args:
        row: of the metric.
        variant: finds the row of an extractor.
    """
    heard = dict.fromkeys(
        one.extractor or row.extractor
        for one in row.inputs.values()
        if isinstance(one, InputFeature) and (Need.AUDIO in {one.of, one.paired_with})
    )
    return "; ".join(dict.fromkeys(filter(None, [*(variant(name).lengths for name in heard), row.lengths])))


@cache
def read_rows(package: str, folder: Path) -> tuple[list[UncheckedRow], list[str]]:
    """Read the files of a package, once: they are the same for every import path that leads there.

    Returns:
        The rows of all files that can be read, in the order of files and rows; and what is wrong with the others.
    """
    rows: list[UncheckedRow] = []
    faults: list[str] = []
    for file in sorted(folder.glob("*.toml")):
        try:
            rows += _rows(package, file)
        except (OSError, ValueError) as error:  # not TOML, not UTF-8, or a table that is none
            faults.append(f"{file} (package {package}) cannot be read: {error}")
    return rows, faults


def _rows(package: str, file: Path) -> list[UncheckedRow]:
    tables: dict[str, object] = toml_tables(file_text(file))
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"'{name}' is no row: a row is a table, [{name}]")  # noqa: TRY004 - of the file, not of us
    found = {name: table for name, table in tables.items() if isinstance(table, dict)}
    defaults = found.pop(DEFAULTS, {})
    return [UncheckedRow(name, package, file, with_defaults(table, defaults)) for name, table in found.items()]


def with_defaults(table: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """Return a row with what it does not say itself; `parameters` and `packages` are completed entry by entry."""
    whole = {**defaults, **table}
    for key in ("parameters", "packages"):
        value, default = table.get(key), defaults.get(key)
        if isinstance(value, dict) and isinstance(default, dict):
            whole[key] = {**default, **value}
    return whole
