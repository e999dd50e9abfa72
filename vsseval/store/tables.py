"""The scores of a run, in long form: one row per clip and metric, as Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vsseval.errors import UsageError
from vsseval.store import atomic
from vsseval.types import Record, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd


class Row(Record, frozen=True):
    """What one metric says of one clip."""

    sample_id: str
    cluster: str
    subset: str
    seed: int
    """Seed of the run."""
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


def write_scores(path: Path, rows: Sequence[Row]) -> None:
    """Store rows sorted by metric and clip; the same rows give the same bytes.

    Raises:
        EnvironmentFault: no room, no permission.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda row: (row.metric, row.sample_id))
    types = {"seed": pa.int64(), "value": pa.float64(), "weight": pa.float64()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    columns = {name: [getattr(row, name) for row in ordered] for name in COLUMNS}
    table = pa.table(columns, schema=schema)
    atomic.write_with(path, lambda target: pq.write_table(table, target, compression="zstd"))


def read_scores(path: Path) -> list[Row]:
    """Read the rows of a run.

    Raises:
        UsageError: the file is missing or damaged.
    """
    return [msgspec.convert(row, Row) for row in _table(path).to_pylist()]


def read_frame(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the rows of a run as a data frame.

    Args:
        path: of `scores.parquet`.
        columns: only these, their strings as categories; None means all, as they are.

    Raises:
        UsageError: the file is missing or damaged, or lacks a column.
    """
    table = _table(path, columns)
    frame: pd.DataFrame = table.to_pandas(strings_to_categorical=columns is not None)
    return frame


def _table(path: Path, columns: Sequence[str] | None = None) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if columns is not None and (lacking := sorted({*columns} - {*file.schema_arrow.names})):
                raise pa.ArrowInvalid(f"there is no column {', '.join(lacking)}")
            return file.read(columns=None if columns is None else [*columns])
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path} cannot be read: {error}. Make it anew with: vsseval score {path.parent}") from error
