"""Accepted records hold replicates: distances are compared in pairs without a run directory, and edits are found."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import msgspec
import pytest

from support.synthetic_runs import FAD, sealed, write_run, write_table
from vsseval.errors import UsageError
from vsseval.leaderboard.entries import accept_run, entry_faults, entry_sha256, read_entry
from vsseval.statistics.best import PAIRED_UP_TO, best_systems, ranking_rule
from vsseval.statistics.compare import compare
from vsseval.statistics.jackknife import neighbours
from vsseval.store.record import load_run, write_aggregates
from vsseval.store.replicates import read_replicates, write_replicates
from vsseval.tables.layout import blocks


@pytest.fixture
def pair(tmp_path):
    return [write_run(tmp_path, "a", 0.2, noise_seed=0), write_run(tmp_path, "b", 0.3, noise_seed=1)]


def records(tmp_path, paths):
    return [read_entry(accept_run(path, tmp_path / "lb"))[0].loaded for path in paths]


def widened(path, by):
    """Let all of a distance's values, and the ends of its cell, spread so that only pairs tell runs apart."""
    (kept,) = read_replicates(path / "replicates.npz")
    spread = [by * math.sin(1 + place) for place in range(len(kept.groups))]
    ring = [spread[i] + spread[j] for i, j in neighbours(len(spread))]
    changed = msgspec.structs.replace(
        kept, without=tuple(kept.value + x for x in spread), without_two=tuple(kept.value + x for x in ring)
    )
    write_replicates(path / "replicates.npz", [changed])
    cells = [
        msgspec.structs.replace(c, low=c.value - 9 * by, high=c.value + 9 * by) if c.metric == FAD.id else c
        for c in load_run(path).aggregates
    ]
    write_aggregates(path, cells)
    return sealed(path)


def test_records_are_compared_as_their_runs_are(tmp_path, pair):
    (of_runs,) = compare(*map(load_run, pair), [FAD.id])
    (of_records,) = compare(*records(tmp_path, pair), [FAD.id])
    assert of_records == of_runs
    assert of_records.method == "paired jackknife t(11), pairs"
    with pytest.raises(UsageError, match=r"scores.parquet cannot be read"):
        compare(*records(tmp_path, pair))


def test_intervals_that_overlap_do_not_hide_a_paired_difference(tmp_path, pair):
    found = records(tmp_path, [widened(path, 0.03) for path in pair])
    assert ranking_rule(found) == "distances"
    cells = [run.cell(FAD.id) for run in found]
    assert cells[0].high > cells[1].low
    assert best_systems(found, FAD).best is found[0]
    bare = [replace(run, replicates=()) for run in found]
    assert ranking_rule(bare) == "intervals"
    assert best_systems(bare, FAD).best is None


def test_the_bounds_flag_a_distance_of_records_too(tmp_path):
    found = records(tmp_path, write_table(tmp_path / "runs").values())
    (block,) = blocks(found)
    assert block.bold == "distances"
    assert not any(column.flag for column in block.columns)
    same = records(tmp_path, [
        write_run(tmp_path / "flat", n, 0.1, metrics=(FAD,), clips=40) for n in ("reference", "noise")
    ])  # fmt: skip
    (block,) = blocks(same)
    assert "fad@toy does not separate reference from noise here" in block.columns[0].flag


def test_of_many_systems_distances_stay_paired(tmp_path):
    runs = [load_run(write_run(tmp_path, f"m{i}", 0.1 + 0.05 * i, metrics=(FAD,))) for i in range(PAIRED_UP_TO + 1)]
    assert ranking_rule(runs) == "distances"
    assert best_systems(runs, FAD).best is runs[0]


def test_other_clips_are_no_pair(tmp_path):
    paths = [write_run(tmp_path, "a", 0.2), write_run(tmp_path, "b", 0.3, failed=[3])]
    found = records(tmp_path, paths)
    with pytest.raises(UsageError, match="cannot be read"):
        compare(*found, [FAD.id], allow_partial=True)
    (delta,) = compare(*map(load_run, paths), [FAD.id], allow_partial=True)
    assert (delta.difference, delta.n, delta.only_a, delta.n_b) == (None, 23, 1, 23)
    assert delta.reason == "1 clips were measured in one run only; a distance needs the same clips"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda plain: plain["replicates"][0].update(value=0.5), "its replicates are not those of the run"),
        (lambda plain: plain["replicates"][0]["without"].reverse(), "its replicates are not those of the run"),
        (lambda plain: plain["replicates"].clear(), "its replicates are not those of the run"),
        (lambda plain: plain["replicates"][0].update(n=3), "its replicates of fad@toy are of another number"),
        (lambda plain: plain["replicates"][0].update(extra=3), "unknown field `extra`"),
        (lambda plain: plain.pop("replicates"), "missing required field `replicates`"),
        (lambda plain: plain["files"].pop("replicates.npz"), "it has no sha256 of replicates.npz"),
    ],
)
def test_edits_are_found_though_the_record_is_sealed_again(tmp_path, pair, change, says):
    path = accept_run(pair[0], tmp_path / "lb")
    assert [*entry_faults(path)] == []
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps({**plain, "sha256": entry_sha256(plain)}))
    assert any(says in fault for fault in entry_faults(path)), [*entry_faults(path)]
