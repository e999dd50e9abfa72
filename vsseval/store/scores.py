"""The scores of a run, in long form: one row per clip and metric, as Parquet."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.store import atomic
from vsseval.text.readers import opened_file
from vsseval.types import Record, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd


class ScoreRow(Record, frozen=True):
    """What one metric says of one clip."""

    sample_id: str
    cluster: str
    subset: str
    seed: int
    """Seed of the run; of several samples of the clip, that of one."""
    metric: str
    version: str
    status: Status
    value: float | None = None
    """None unless `status` is "ok"; None for metrics of distributions, which have no value per clip."""
    weight: float | None = None
    detail: str = "{}"
    """JSON: the reason where there is no value, else what the metric has to say."""


COLUMNS = (
    "sample_id",
    "cluster",
    "subset",
    "seed",
    "metric",
    "version",
    "value",
    "weight",
    "status",
    "detail",
)


NUMBERS = {"seed": "int64", "value": "double", "weight": "double"}
"""Types of columns; all others hold text."""
LARGEST_ROWS = 100_000_000
"""A million clips by a hundred metrics."""
ROWS_A_BYTE, FEW_ROWS = 10, 1_000_000
"""Rows of which no two are of one clip and metric take more room than that; a file of the latter may be of any size."""
MOST_COLUMNS = 100
LARGEST = 8 << 30
"""Bytes of a file's columns, unpacked."""


def write_scores(path: Path, rows: Sequence[ScoreRow]) -> None:
    """Store rows sorted by metric, clip and seed; the same rows give the same bytes.

    Raises:
        EnvironmentFault: no room, no permission.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda row: (row.metric, row.sample_id, row.seed))
    columns = {name: [getattr(row, name) for row in ordered] for name in COLUMNS}
    table = pa.table({name: _column(values, NUMBERS.get(name)) for name, values in columns.items()})
    atomic.write_with(path, lambda target: pq.write_table(table, target, compression="zstd"))


def _column(values: Sequence[Any], kind: str | None) -> Any:
    """Return values as Arrow has them; text where no kind of number is named.

    Arrow's own way imports pandas, which takes longer than a run of a few clips.
    """
    import pyarrow as pa

    if kind is None:
        text = [value.encode() for value in values]
        ends = np.zeros(len(text) + 1, np.int64)
        np.cumsum([len(one) for one in text], out=ends[1:])
        of_text, width = (pa.string(), np.int32) if ends[-1] < 2**31 else (pa.large_string(), np.int64)
        buffers = [None, pa.py_buffer(ends.astype(width)), pa.py_buffer(b"".join(text))]
        return pa.Array.from_buffers(of_text, len(text), buffers)
    there = np.array([value is not None for value in values], bool)
    numbers = np.array([value or 0 for value in values], {"int64": np.int64, "double": np.float64}[kind])
    known = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(pa.type_for_alias(kind), len(values), [known, pa.py_buffer(numbers)])


def read_scores(path: Path) -> list[ScoreRow]:
    """Read the rows of a run.

    Raises:
        UsageError: the file is missing or damaged.
    """
    try:
        return [msgspec.convert(row, ScoreRow) for row in _table(path).to_pylist()]
    except msgspec.ValidationError as error:
        raise _unreadable(path, error) from error


def read_frame(path: Path) -> pd.DataFrame:
    """Read the rows of a run as a data frame.

    Raises:
        UsageError: the file is missing or damaged.
    """
    # without what pandas may have left in the file about itself, which it would follow
    frame: pd.DataFrame = _table(path).replace_schema_metadata(None).to_pandas()
    return frame


def frame_of(rows: Sequence[ScoreRow]) -> pd.DataFrame:
    """Return rows as a data frame, as `read_frame` does."""
    import pandas as pd

    return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in COLUMNS})


class StringColumn(NamedTuple):
    """A column of strings of which few differ."""

    codes: np.ndarray
    """Integers, shape (n,): places in `names`."""
    names: np.ndarray
    """Different strings."""

    def equal(self, name: str) -> np.ndarray:
        """Return which rows hold `name`."""
        found = np.flatnonzero(self.names == name)
        return np.asarray(self.codes == (found[0] if found.size else -1))

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Return the strings of some rows."""
        return np.asarray(self.names[self.codes[rows]])

    def ranks(self) -> np.ndarray:
        """Return for each row the place of its string in alphabetical order."""
        rank = np.empty(self.names.size, np.int64)
        rank[np.argsort(self.names, kind="stable")] = np.arange(self.names.size)
        return np.asarray(rank[self.codes])


class ScoreColumns(NamedTuple):
    """The columns that statistics need, without data frames: `detail` is most of the file and none of the numbers."""

    sample_id: StringColumn
    cluster: StringColumn
    subset: StringColumn
    metric: StringColumn
    status: StringColumn
    value: np.ndarray
    """float64, shape (n,); NaN where there is none."""
    weight: np.ndarray


def numbers_of(rows: Sequence[ScoreRow]) -> ScoreColumns:
    """Return what statistics need of some rows."""
    return ScoreColumns(
        sample_id=_coded(row.sample_id for row in rows),
        cluster=_coded(row.cluster for row in rows),
        subset=_coded(row.subset for row in rows),
        metric=_coded(row.metric for row in rows),
        status=_coded(row.status for row in rows),
        value=np.array([math.nan if row.value is None else row.value for row in rows], np.float64),
        weight=np.array([math.nan if row.weight is None else row.weight for row in rows], np.float64),
    )


def _coded(column: Iterable[str]) -> StringColumn:
    names, codes = np.unique(np.array([*column], dtype=object), return_inverse=True)
    return StringColumn(codes, names)


def read_columns(path: Path) -> ScoreColumns:
    """Read what statistics need of the rows of a run.

    Raises:
        UsageError: the file is missing or damaged, or a row has no name.
    """
    table = _table(path, ScoreColumns._fields, labels=("sample_id", "cluster", "subset", "metric", "status"))
    for name in ("value", "weight"):
        if str(table.schema.field(name).type) != "double":
            raise UsageError(
                f"{path}: the column {name} holds no numbers. Make it anew with: vsseval score {path.parent}"
            )
    return ScoreColumns(
        sample_id=_labels(table, "sample_id", path),
        cluster=_labels(table, "cluster", path),
        subset=_labels(table, "subset", path),
        metric=_labels(table, "metric", path),
        status=_labels(table, "status", path),
        value=_floats(table, "value"),
        weight=_floats(table, "weight"),
    )


def _floats(table: Any, name: str) -> np.ndarray:
    return _numbers(table.column(name).chunks, np.dtype(np.float64))


def _numbers(chunks: Sequence[Any], kind: np.dtype[Any]) -> np.ndarray:
    """Return Arrow's numbers; NaN where there are none.

    Its own ways to numpy import pandas, and its casts its compute functions, which takes longer than all that is done
    with the numbers.
    """
    found = [np.empty(0, kind)]
    for chunk in chunks:
        valid, data = chunk.buffers()
        part = slice(chunk.offset, chunk.offset + len(chunk))
        values = np.frombuffer(data, kind)[part]
        if chunk.null_count:
            there = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[part]
            values = np.where(there, values, np.nan)
        found.append(values)
    return np.concatenate(found)


def _labels(table: Any, name: str, path: Path) -> StringColumn:
    column = table.column(name)
    if column.null_count:
        raise UsageError(f"{path} holds a row without a name. Make it anew with: vsseval score {path.parent}")
    encoded = column.unify_dictionaries()
    codes = _numbers([chunk.indices for chunk in encoded.chunks], np.dtype(np.int32))
    return StringColumn(codes, np.array(encoded.chunk(0).dictionary.to_pylist() if codes.size else [], dtype=object))


def _require_bounded(file: Any, size_of_file: int, needed: Sequence[str]) -> None:
    """Raise where a file of scores holds what such a file does not, or unfolds to more than any does.

    Raises:
        pyarrow.ArrowInvalid: it does.
    """
    import pyarrow as pa

    names = file.schema_arrow.names
    if lacking := sorted({*needed} - {*names}):
        raise pa.ArrowInvalid(f"there is no column {', '.join(lacking)}")
    if len(names) > MOST_COLUMNS or len({*names}) < len(names):
        raise pa.ArrowInvalid(f"it has {len(names):,} columns, or two of one name")
    most = min(LARGEST_ROWS, max(ROWS_A_BYTE * size_of_file, FEW_ROWS))
    if file.metadata.num_rows > most:
        raise pa.ArrowInvalid(f"it has {file.metadata.num_rows:,} rows, more than the {most:,} that are read")
    size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    if size > LARGEST:
        raise pa.ArrowInvalid(f"it unfolds to {size:,} bytes, more than the {LARGEST:,} that are read")
    for field in file.schema_arrow:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        ought = NUMBERS.get(field.name, "string")
        if field.name in COLUMNS and str(kind) not in {ought, f"large_{ought}"}:
            raise pa.ArrowInvalid(f"its column {field.name} holds {str(kind)[:60]}, and not {ought}")


def _table(path: Path, columns: Sequence[str] | None = None, labels: Sequence[str] = ()) -> Any:
    """Read some columns, or all; `labels` as dictionaries, which Parquet holds already."""
    import pyarrow.parquet as pq

    try:
        with opened_file(path) as source, pq.ParquetFile(source, read_dictionary=[*labels]) as file:
            _require_bounded(file, os.fstat(source.fileno()).st_size, columns or ())
            wanted = COLUMNS if columns is None else columns
            table = file.read(columns=[name for name in wanted if name in file.schema_arrow.names])
            table.validate(full=True)  # texts that are no UTF-8, places beyond a dictionary
            return table
    except Exception as error:  # a file of a stranger can fail in any way
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UsageError:
    return UsageError(f"{path} cannot be read: {error}. Make it anew with: vsseval score {path.parent}")
