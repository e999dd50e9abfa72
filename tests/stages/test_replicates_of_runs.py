"""A run keeps the replicates of its distances, and no sums; what is kept is what sums give."""

from __future__ import annotations

import pytest

from support.fake_plugin import spec
from vsseval.stages.catalog import resolve_metrics
from vsseval.stages.leave_out import leave_out
from vsseval.stages.run import rescore, run
from vsseval.store.group_sums import assign_groups, read_sums
from vsseval.store.record import load_run
from vsseval.store.replicates import clips_sha256
from vsseval.store.scores import read_scores

pytestmark = pytest.mark.usefixtures("site")


def finished(clips, tmp_path, **options):
    (made,) = run([spec(clips, tmp_path, **options)])
    return load_run(tmp_path / "runs" / made.id)


def test_what_is_kept_is_what_the_sums_give(clips, tmp_path, monkeypatch):
    monkeypatch.setattr("vsseval.stages.finish.shutil.rmtree", lambda *_, **__: None)
    done = finished(clips, tmp_path)
    metric = resolve_metrics([], ["fd@fake"]).metrics["fd@fake"]
    assert {one.subset for one in done.replicates} == {"", "held-out"}
    for subset in ("", "held-out"):
        kept = done.distance("fd@fake", subset)
        found = leave_out(metric, read_sums(done.paths.sums("fd@fake", subset)), kept.n)
        assert (kept.value, kept.groups, kept.without, kept.without_two) == found
        cell = done.cell("fd@fake", subset)
        assert (kept.value, kept.n, kept.total) == (cell.value, cell.n, cell.total)
        rows = [r for r in read_scores(done.paths.scores) if r.metric == "fd@fake" and subset in {"", r.subset}]
        group_of = assign_groups(row.cluster for row in read_scores(done.paths.scores))
        assert kept.clips == clips_sha256((r.sample_id, group_of[r.cluster]) for r in rows if r.status == "ok")
    assert done.distance("level@fake") is None


def test_nothing_but_the_record_is_left_of_sums_and_lost_replicates_are_made_anew(clips, tmp_path):
    done = finished(clips, tmp_path)
    assert not (done.path / "sums").exists()
    assert done.problem == ""
    whole = (done.path / "replicates.npz").read_bytes()
    for again in (lambda: run([spec(clips, tmp_path)]), lambda: rescore(done.path)):
        for damage in (b"", whole[:100]):
            (done.path / "replicates.npz").write_bytes(damage)
            assert "is damaged" in load_run(done.path).problem
            again()
            assert (done.path / "replicates.npz").read_bytes() == whole
            assert load_run(done.path).problem == ""


def test_runs_of_one_benchmark_group_their_clips_alike_and_failed_clips_show(clips, tmp_path):
    one, other = (finished(clips, tmp_path, model=model, metrics=("fd@fake",)) for model in ("fake", "fake:raise"))
    assert one.distance("fd@fake").clips != other.distance("fd@fake").clips
    assert one.distance("fd@fake", "held-out").n >= other.distance("fd@fake", "held-out").n
    again = finished(clips, tmp_path, seed=1, metrics=("fd@fake",))
    assert one.distance("fd@fake").clips == again.distance("fd@fake").clips


def test_a_distance_without_a_value_keeps_the_reason(clips, tmp_path):
    kept = finished(clips, tmp_path, limit=1).distance("fd@fake")
    assert (kept.value, kept.reason, kept.groups) == (None, "fewer than two clips", ())
