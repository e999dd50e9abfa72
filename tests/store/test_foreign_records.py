"""A run.json that cannot be read is named in one line and passed over; one that was asked for is refused."""

from __future__ import annotations

import json

import pytest

from support.synthetic_runs import write_run
from vsseval.cli import invoke
from vsseval.store.record import find_runs, scan_runs

FOREIGN = {
    "another program": b'{"name": "wandb", "id": 7}',
    "a list": b"[]",
    "another layout": json.dumps({"schema": 99, "everything": "is elsewhere"}).encode(),
    "torn": b'{"schema": 1, "id": "x", "sta',
    "empty": b"",
    "bytes": b"\xff\xfe\x00\x01",
    "deep": b"[" * 100_000,
    "deep in a field": b'{"schema": 1, "provenance": ' + b'{"a":' * 50_000,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("verb", ["table", "report"])
def test_one_foreign_record_is_named_and_stops_nothing(tmp_path, monkeypatch, capsys, content, verb):
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    write_run(runs, "a", 0.2)
    other = runs / "other"
    other.mkdir()
    (other / "run.json").write_bytes(content)
    assert invoke([verb, "--runs", str(runs)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "passed over" in line]
    assert len(said) == 1
    assert str(other / "run.json") in said[0]
    assert invoke([verb, str(other)]) == 2


def test_a_folder_in_the_place_of_a_record_and_damaged_cells_are_passed_over_too(tmp_path, caplog):
    write_run(tmp_path, "a", 0.2)
    damaged = write_run(tmp_path, "b", 0.2)
    (damaged / "aggregates.json").write_bytes(b"{")
    (tmp_path / "folder" / "run.json").mkdir(parents=True)
    found, faults = scan_runs(tmp_path)
    assert [run.record.model.name for run in found] == ["a"]
    assert len(faults) == 2
    assert [run.path for run in find_runs(tmp_path)] == [run.path for run in found]
    assert len(caplog.records) == 2
