"""`--seeds` and numbered files: every sample is scored, a clip counts once, runs are compared over their means."""

from __future__ import annotations

import json
import shutil

import msgspec
import numpy as np
import pytest

from support.fake_plugin import spec
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.stages.generate import journal_outcomes
from vsseval.stages.plan import plan
from vsseval.stages.run import rescore, run
from vsseval.statistics.compare import compare
from vsseval.statistics.run_cache import RunCache
from vsseval.store.record import load_run
from vsseval.store.scores import read_scores, write_scores
from vsseval.tables.table import render

pytestmark = pytest.mark.usefixtures("site")
SEEDS = (0, 1, 2)
METRICS = ("fd@fake", "level@fake", "words@fake")
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz")


def finished(clips, where, **options):
    (made,) = run([spec(clips, where, **options)])
    return load_run(where / "runs" / made.id)


def values(run_, metric):
    found = RunCache().clips(run_, metric)
    assert found.ok.all()
    return found.values


def test_one_seed_is_the_run_that_it_always_was(clips, tmp_path):
    alone = plan(spec(clips, tmp_path, seed=3))
    assert plan(spec(clips, tmp_path, seeds=(3,))).identity == alone.identity
    assert plan(spec(clips, tmp_path, seeds=(3, 4))).identity != alone.identity
    assert plan(spec(clips, tmp_path, seeds=(2, 1))).spec.seeds == (1, 2)
    assert plan(spec(clips, tmp_path, seeds=(2, 1))).identity == plan(spec(clips, tmp_path, seeds=(1, 2))).identity
    done = finished(clips, tmp_path, seed=3)
    same = finished(clips, tmp_path / "again", seeds=(3,))
    for name in RESULTS:
        assert (same.path / name).read_bytes() == (done.path / name).read_bytes()
    assert {path.name for path in (done.path / "shards").iterdir()} == {
        f"{shard}.{kind}" for shard in ("0000", "0001") for kind in ("jsonl", "done")
    }
    assert all(path.name.endswith("__s3.flac") for path in (done.path / "audio").iterdir())
    assert all("|seed:3|" in cell.signature and cell.spread is None for cell in done.aggregates)


@pytest.mark.parametrize("seeds", [(0, 0), (-1, 2)])
def test_seeds_that_are_none_are_refused(clips, tmp_path, seeds):
    with pytest.raises(UsageError, match="different numbers from 0 on"):
        plan(spec(clips, tmp_path, seeds=seeds))


def test_every_sample_is_scored_as_it_is_alone_and_a_clip_counts_once(clips, tmp_path):
    done = finished(clips, tmp_path, seeds=SEEDS)
    alone = [finished(clips, tmp_path, seed=seed) for seed in SEEDS]
    assert done.record.clips == {"ok": 8}
    rows = read_scores(done.paths.scores)
    for seed, single in zip(SEEDS, alone, strict=True):
        assert [row for row in rows if row.seed == seed] == read_scores(single.paths.scores)
    for metric in METRICS:
        for subset in ("", "held-out"):
            cell, singles = done.cell(metric, subset), [one.cell(metric, subset) for one in alone]
            assert cell.value == pytest.approx(np.mean([one.value for one in singles]))
            assert (cell.n, cell.total) == (singles[0].n, singles[0].total)
            assert cell.spread.samples == 3
            assert "|seed:0+1+2|" in cell.signature
    spread, cell = done.cell("level@fake").spread, done.cell("level@fake")
    assert spread.se_clips**2 == pytest.approx(max(0.0, cell.se**2 - spread.se_seeds**2))
    of_samples = np.array([[row.value for row in rows if (row.metric, row.seed) == ("level@fake", s)] for s in SEEDS])
    assert spread.sd_seeds == pytest.approx(np.sqrt(of_samples.var(0, ddof=1).mean()))
    assert done.cell("fd@fake").spread.se_seeds == pytest.approx(
        np.std([one.cell("fd@fake").value for one in alone], ddof=1) / np.sqrt(3)
    )
    assert done.distance("fd@fake").clips == alone[0].distance("fd@fake").clips


def test_a_finished_run_is_left_alone_and_scored_again_to_the_same_bytes(clips, tmp_path):
    done = finished(clips, tmp_path, seeds=SEEDS)
    before = {name: (done.path / name).read_bytes() for name in RESULTS}
    stamp = (done.path / "run.json").stat().st_mtime_ns
    finished(clips, tmp_path, seeds=SEEDS)
    assert (done.path / "run.json").stat().st_mtime_ns == stamp
    rescore(done.path, jobs=1)
    assert {name: (done.path / name).read_bytes() for name in RESULTS} == before


def folder_of(run_, clips, where, samples):
    """Copy the sounds of a run under names of clips, numbered where there are several."""
    where.mkdir()
    for sample in clips:
        for number, seed in enumerate(samples):
            name = f"{sample}_{number}" if len(samples) > 1 else sample
            (source,) = (run_.path / "audio").glob(f"{sample.replace(' ', '_')}*__s{seed}.flac")
            shutil.copy(source, where / f"{name}.flac")
    return where


def test_numbered_files_of_a_folder_are_samples_with_the_mean_of_their_folders(clips, tmp_path):
    done = finished(clips, tmp_path, seeds=SEEDS)
    ids = sorted({row.sample_id for row in read_scores(done.paths.scores)})
    together = folder_of(done, ids, tmp_path / "together", SEEDS)
    found = finished(clips, tmp_path, model=f"audio:{together}")
    assert found.record.spec.seeds == SEEDS
    alone = [
        finished(clips, tmp_path, model=f"audio:{folder_of(done, ids, tmp_path / f's{seed}', (seed,))}")
        for seed in SEEDS
    ]
    assert all(one.record.spec.seeds == () for one in alone)
    for metric in METRICS:
        assert found.cell(metric).value == pytest.approx(np.mean([one.cell(metric).value for one in alone]))
        assert found.cell(metric).value == done.cell(metric).value
        assert found.cell(metric).spread == done.cell(metric).spread
    # However many samples were asked of models, a folder has those that it has.
    assert plan(spec(clips, tmp_path, model=f"audio:{together}", seeds=(0, 7))).spec.seeds == SEEDS
    assert plan(spec(clips, tmp_path, model=f"audio:{tmp_path / 's1'}", seeds=SEEDS)).spec.seeds == ()


def test_a_clip_without_one_of_its_samples_has_no_value_and_stays_in_n(clips, tmp_path):
    done = finished(clips, tmp_path, seeds=SEEDS)
    ids = sorted({row.sample_id for row in read_scores(done.paths.scores)})
    folder = folder_of(done, ids, tmp_path / "some", SEEDS)
    (folder / "clip3_2.flac").unlink()
    found = finished(clips, tmp_path, model=f"audio:{folder}")
    assert found.record.clips == {"missing": 1, "ok": 7}
    (bad,) = [line for line in journal_outcomes(found.path) if line.status != "ok"]
    assert (bad.id, bad.status) == ("clip3", "missing")
    assert bad.error.startswith("1 of 3 samples are missing: only 2 of 3 samples of 'clip3'")
    rows = [row for row in read_scores(found.paths.scores) if row.sample_id == "clip3"]
    assert [row.status for row in rows if row.metric == "level@fake"] == ["ok", "ok", "missing"]
    for metric in METRICS:
        assert (found.cell(metric).n, found.cell(metric).total, found.cell(metric).missing) == (7, 8, 1)
    with_all = [clip != "clip3" for clip in RunCache().clips(done, "level@fake").ids]
    assert found.cell("level@fake").value == pytest.approx(values(done, "level@fake")[with_all].mean())
    with pytest.raises(UsageError, match="7/8 against 8/8"):
        compare(found, done, ["level@fake"])
    (partly,) = compare(found, done, ["level@fake"], allow_partial=True)
    assert (partly.n, partly.difference) == (7, pytest.approx(0.0, abs=1e-6))


def test_systems_are_compared_by_their_means_over_samples(clips, tmp_path):
    one, other = (finished(clips, tmp_path, model=f"fake:{name}", seeds=SEEDS) for name in ("a", "b"))
    single = finished(clips, tmp_path, model="fake:c", seed=0)
    deltas = {delta.metric: delta for delta in compare(one, other)}
    assert all(delta.difference == 0 for delta in deltas.values())  # the same tones
    # Samples beside a single one: each clip with the mean of its own.
    apart = {delta.metric: delta for delta in compare(one, single)}
    gaps = values(one, "level@fake") - values(single, "level@fake")
    assert apart["level@fake"].difference == pytest.approx(gaps.mean())
    assert apart["fd@fake"].difference == pytest.approx(one.cell("fd@fake").value - single.cell("fd@fake").value)
    assert apart["fd@fake"].se is not None
    with pytest.raises(UsageError, match="seed: 0 against 1"):
        compare(one, finished(clips, tmp_path, model="fake:d", seeds=(1, 2)))


@pytest.mark.parametrize(("damage", "says"), [
    (lambda rows: rows[1:], "holds not one row of each sample"),
    (lambda rows: [*rows, rows[0]], "holds not one row of each sample"),
    (lambda rows: [msgspec.structs.replace(rows[0], detail="{"), *rows[1:]], "is damaged"),
    (lambda rows: [msgspec.structs.replace(rows[0], value=None), *rows[1:]], "is no number"),
])  # fmt: skip
def test_damaged_scores_of_samples_are_refused(clips, tmp_path, damage, says):
    done = finished(clips, tmp_path, seeds=(0, 1), metrics=("level@fake",))
    rows = [row for row in read_scores(done.paths.scores) if row.metric == "level@fake"]
    write_scores(done.paths.scores, damage(rows))
    with pytest.raises(UsageError, match=says):
        compare(done, done, ["level@fake"])


@pytest.mark.parametrize("style", ["terminal", "markdown", "latex", "html", "typst"])
def test_tables_tell_the_two_spreads_apart(clips, tmp_path, style):
    done = finished(clips, tmp_path, seeds=SEEDS)
    text = " ".join(render([done], style, width=200).split())
    assert "spread between clips and between samples of a clip" in text
    assert "Mean over 3 samples of each clip (seeds 0, 1, 2)." in text
    spread = done.cell("level@fake").spread
    assert f"{spread.sd_clips:.3f} and {spread.sd_seeds:.3f}" in text


def test_the_command_has_bounds_of_one_sample_beside_models_of_several(clips, tmp_path, capsys):
    common = ["--benchmark", f"fake:{clips}", "--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store")]
    command = ["run", "--model", "fake", *common, "--jobs", "1", "--json"]
    assert invoke([*command, "--seeds", "2,0"]) == 0
    runs = {one["record"]["spec"]["model"]: one for one in json.loads(capsys.readouterr().out)}
    assert runs["fake"]["record"]["spec"]["seeds"] == [0, 2]
    assert all(runs[name]["record"]["spec"]["seeds"] == [] for name in ("reference", "noise"))
    assert all(cell["spread"]["samples"] == 2 for cell in runs["fake"]["aggregates"])
    assert all(cell["spread"] is None for cell in runs["noise"]["aggregates"])
    assert invoke([*command, "--seeds", "0,one"]) == 2
    assert invoke([*command, "--seeds", "0,1", "--seed", "3"]) == 2
    assert invoke(["table", "--runs", str(tmp_path / "runs"), "--style", "csv"]) == 0
    assert invoke(["report", "--runs", str(tmp_path / "runs"), "-o", str(tmp_path / "report.html")]) == 0
