"""Metrics that keep rows: joined in the order of the clips, left out by groups, summed where that is quicker."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.metrics.frechet import frechet_distance, gaussian, moments
from vsseval.stages.leave_out import leave_out
from vsseval.stages.score import _GroupedClips
from vsseval.store.group_rows import append_rows, join_rows, write_rows
from vsseval.store.group_sums import read_sums, write_sums

CLIPS, GROUPS, WIDTH = 60, 6, 5


class Order:
    """The sum of place times value: wrong wherever rows are joined in another order than that of the clips."""

    kind = "rows"
    spec = SimpleNamespace(id="order@test")

    def rows(self, generated):
        return {"x": generated["x"]}

    def value(self, rows):
        if len(rows["x"]) < 3:
            raise Unmeasurable("too few")
        return float((np.arange(len(rows["x"])) * rows["x"][:, 0]).sum())


class Summed:
    """A Fréchet distance of rows, by sums or straight; says which way was gone."""

    kind = "summed_rows"
    spec = None

    def __init__(self) -> None:
        self.ways: list[str] = []

    def rows(self, generated):
        return {"a": generated["a"], "b": generated["b"]}

    def sums(self, rows):
        return {f"{side}_{name}": v for side in "ab" for name, v in moments(rows[side]).items()}

    def value(self, sums):
        self.ways.append("sums")
        return frechet_distance(*(p for s in "ab" for p in gaussian({n: sums[f"{s}_{n}"] for n in ("n", "x", "xx")})))

    def value_of_rows(self, rows):
        self.ways.append("rows")
        return frechet_distance(*(part for side in "ab" for part in gaussian(moments(rows[side]))))


def stored(path, clips):
    kept = {}
    for place, rows in enumerate(clips):
        append_rows(kept.setdefault(place % GROUPS, {}), rows, place)
    write_rows(path, kept)
    return read_sums(path)


def vectors(count, width=WIDTH, seed=0):
    draw = np.random.default_rng(seed)
    return [{"a": draw.normal(size=(1, width)), "b": draw.normal(0.5, 1.2, size=(1, width))} for _ in range(count)]


def test_rows_come_in_the_order_of_the_clips(tmp_path):
    clips = [{"x": np.full((1 + i % 3, 1), i, np.float32)} for i in range(CLIPS)]
    groups = stored(tmp_path / "m.npz", clips)
    assert np.array_equal(join_rows(groups)["x"], np.concatenate([clip["x"] for clip in clips]))
    left = np.concatenate([clip["x"] for i, clip in enumerate(clips) if i % GROUPS not in {1, 4}])
    assert np.array_equal(join_rows(groups, (1, 4))["x"], left)
    assert join_rows(groups)["x"].dtype == np.float32


def test_groups_left_out_of_rows(tmp_path):
    clips = [{"x": np.full((1, 1), i, np.float32)} for i in range(CLIPS)]
    found = leave_out(Order(), stored(tmp_path / "m.npz", clips), CLIPS)
    assert found.value == float((np.arange(CLIPS) ** 2).sum())
    left = np.array([i for i in range(CLIPS) if i % GROUPS != 2])
    assert found.without[2] == float((np.arange(len(left)) * left).sum())
    assert len(found.without_two) == GROUPS


@pytest.mark.parametrize(("count", "way"), [(CLIPS, "sums"), (4, "rows")])
def test_many_rows_are_summed_and_few_are_not(tmp_path, count, way):
    metric, clips = Summed(), vectors(count)
    found = leave_out(metric, stored(tmp_path / "m.npz", clips), count)
    assert set(metric.ways) == {way}
    whole = {side: np.concatenate([clip[side] for clip in clips]) for side in "ab"}
    assert found.value == pytest.approx(metric.value_of_rows(whole), rel=1e-9)


def test_rows_and_sums_of_one_distance_have_the_same_replicates(tmp_path):
    clips = vectors(CLIPS)
    metric = Summed()
    by_rows = leave_out(metric, stored(tmp_path / "rows.npz", clips), CLIPS)
    sums = {}
    for place, clip in enumerate(clips):
        group = sums.setdefault(place % GROUPS, {})
        for name, value in metric.sums(clip).items():
            group[name] = group.get(name, 0) + value
    write_sums(tmp_path / "sums.npz", sums)

    class Added:
        kind, spec, sums, value = "sums", None, Summed.sums, metric.value

    by_sums = leave_out(Added(), read_sums(tmp_path / "sums.npz"), CLIPS)
    assert by_rows.value == pytest.approx(by_sums.value, rel=1e-9)
    assert by_rows.without == pytest.approx(by_sums.without, rel=1e-9)


def test_too_few_rows_left_is_known(tmp_path):
    found = leave_out(Order(), stored(tmp_path / "m.npz", [{"x": np.ones((1, 1))}] * 3), 3)
    assert found.without == (None, None, None)


def test_kinds_of_metrics_are_told_apart():
    kinds = {
        name: build_plugins.build_metric(name).kind for name in ("fad@logmel", "fd_panns@avbench", "kid_panns@avbench")
    }
    assert kinds == {"fad@logmel": "sums", "fd_panns@avbench": "summed_rows", "kid_panns@avbench": "grouped_rows"}
    assert build_plugins.build_metric("clap_score@mini").kind == "per_clip"


@pytest.mark.parametrize("metric", [Order(), build_plugins.build_metric("fad@logmel")])
def test_a_clip_of_other_arrays_is_named_before_it_spoils_the_rest(metric):
    plan = SimpleNamespace(samples=[SimpleNamespace(subset="")])
    kept = _GroupedClips(plan, metric)
    assert kept.shape_mismatch({"x": np.zeros((3, 4))}) is None
    again = kept.shape_mismatch({"x": np.zeros((7, 4))})
    assert (again is None) == isinstance(metric, Order)  # a clip may have any number of rows
    assert "other arrays" in kept.shape_mismatch({"x": np.zeros((3, 5))})
    assert "other arrays" in kept.shape_mismatch({"y": np.zeros((3, 4))})
    if isinstance(metric, Order):
        assert "must be of shape (k, ...)" in kept.shape_mismatch({"x": np.float64(1)})
