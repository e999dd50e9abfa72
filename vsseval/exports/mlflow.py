"""Runs as a tracking folder of MLflow (`mlruns/`), which `mlflow ui` shows and `mlflow migrate-filestore` takes in.

The layout is that of MLflow's file store: https://mlflow.org/docs/latest/tracking/backend-stores (a folder for each
experiment and run, a YAML file in each, and a file for each metric, parameter and tag).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.exports.base import numbers, title
from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.store.record import LoadedRun

__all__ = ["mlflow"]

_FINISHED, _LOCAL = 3, 4
"""Numbers of MLflow's RunStatus and SourceType."""
_LONGEST = 500
"""Characters of a parameter."""


def mlflow(runs: Sequence[LoadedRun], folder: Path) -> list[Path]:
    """Write one experiment for each benchmark, and one run for each run."""
    store = folder / "mlruns"
    return [_run(store, run) for run in runs]


def _run(store: Path, run: LoadedRun) -> Path:
    record = run.record
    name = f"{record.benchmark.title} {record.benchmark.version}"
    experiment = str(int(hashlib.sha256(name.encode()).hexdigest()[:15], 16))
    identity = hashlib.sha256(record.id.encode()).hexdigest()[:32]
    begun, ended = _milliseconds(record.created), _milliseconds(record.finished or record.created)
    home = store / experiment / identity
    _yaml(store / experiment / "meta.yaml", {
        "artifact_location": str((store / experiment).absolute()), "creation_time": begun, "experiment_id": experiment,
        "last_update_time": ended, "lifecycle_stage": "active", "name": name,
    })  # fmt: skip
    _yaml(home / "meta.yaml", {
        "artifact_uri": str((home / "artifacts").absolute()), "end_time": ended, "entry_point_name": "",
        "experiment_id": experiment, "lifecycle_stage": "active", "run_id": identity, "run_name": title(run),
        "run_uuid": identity, "source_name": "vsseval", "source_type": _LOCAL, "source_version": "",
        "start_time": begun, "status": _FINISHED, "tags": [], "user_id": "vsseval",
    })  # fmt: skip
    for number in numbers(run):
        # a metric is a file, so no other one may lie below its name
        key = _key(f"{number.subset.replace('/', '_')}/{number.metric}" if number.subset else number.metric)
        values: dict[str, float | None] = {"": number.value, "_low": number.low, "_high": number.high, "_n": number.n}
        for suffix, value in values.items():
            if value is not None:
                _text(home / "metrics" / f"{key}{suffix}", f"{ended} {value!r} 0\n")
        _text(home / "tags" / f"signature.{_key(number.metric, '.')}", number.signature)
    params = {"model": record.spec.model, "benchmark": record.spec.benchmark, "seed": record.spec.seed,
              "seeds": record.spec.seeds, "limit": record.spec.limit, "profile": record.spec.profile,
              "device": record.spec.device, "weights": record.model.weights}  # fmt: skip
    for param, asked in params.items():
        _text(home / "params" / param, str(asked)[:_LONGEST])
    for tag, text in {"mlflow.runName": title(run), "mlflow.source.name": "vsseval", "vsseval.run": record.id,
                      "vsseval.manifest_sha256": record.manifest_sha256}.items():  # fmt: skip
        _text(home / "tags" / tag, text)
    (home / "artifacts").mkdir(parents=True, exist_ok=True)
    for source in (run.paths.record, run.paths.aggregates):
        shutil.copyfile(source, home / "artifacts" / source.name)
    return home


def _key(name: str, slash: str = "/") -> str:
    """Return a name of the letters that MLflow takes."""
    return re.sub(r"[^\w.\- :/]", "_", name.replace("@", "/")).replace("/", slash)


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _yaml(path: Path, data: Mapping[str, object]) -> None:
    # JSON values are YAML values
    _text(path, "".join(f"{name}: {json.dumps(value)}\n" for name, value in data.items()))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, text.encode())
