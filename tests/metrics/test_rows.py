"""Metrics that keep rows: joined in the order of the clips, left out by groups, summed where that is quicker."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from vsseval.errors import Unmeasurable
from vsseval.metrics.base import DistributionMetric, RowsMetric, SampleMetric, SummedRowsMetric
from vsseval.metrics.frechet import fad_logmel, frechet_distance, gaussian, moments
from vsseval.stages.catalog import is_distance
from vsseval.stages.score import _Kept
from vsseval.statistics.replicates import replicates
from vsseval.store.rows import joined, keep, write_rows
from vsseval.store.sums import read_sums, write_sums

CLIPS, GROUPS, WIDTH = 60, 6, 5


class Order:
    """The sum of place times value: wrong wherever rows are joined in another order than that of the clips."""

    spec = SimpleNamespace(id="order@test")

    def rows(self, generated):
        return {"x": generated["x"]}

    def value(self, rows):
        if len(rows["x"]) < 3:
            raise Unmeasurable("too few")
        return float((np.arange(len(rows["x"])) * rows["x"][:, 0]).sum())


class Summed:
    """A Fréchet distance of rows, by sums or straight; says which way was gone."""

    spec = None

    def __init__(self) -> None:
        self.ways: list[str] = []

    def rows(self, generated):
        return {"a": generated["a"], "b": generated["b"]}

    def sums(self, a, b):
        return {f"{side}_{name}": v for side, x in (("a", a), ("b", b)) for name, v in moments(x).items()}

    def value(self, sums):
        self.ways.append("sums")
        return frechet_distance(*(p for s in "ab" for p in gaussian({n: sums[f"{s}_{n}"] for n in ("n", "x", "xx")})))

    def value_of_rows(self, rows):
        self.ways.append("rows")
        return frechet_distance(*(part for side in "ab" for part in gaussian(moments(rows[side]))))


def stored(path, clips):
    kept = {}
    for place, rows in enumerate(clips):
        keep(kept.setdefault(place % GROUPS, {}), rows, place)
    write_rows(path, kept)
    return read_sums(path)


def vectors(count, width=WIDTH, seed=0):
    draw = np.random.default_rng(seed)
    return [{"a": draw.normal(size=(1, width)), "b": draw.normal(0.5, 1.2, size=(1, width))} for _ in range(count)]


def test_rows_come_in_the_order_of_the_clips(tmp_path):
    clips = [{"x": np.full((1 + i % 3, 1), i, np.float32)} for i in range(CLIPS)]
    groups = stored(tmp_path / "m.npz", clips)
    assert np.array_equal(joined(groups)["x"], np.concatenate([clip["x"] for clip in clips]))
    left = np.concatenate([clip["x"] for i, clip in enumerate(clips) if i % GROUPS not in {1, 4}])
    assert np.array_equal(joined(groups, (1, 4))["x"], left)
    assert joined(groups)["x"].dtype == np.float32


def test_groups_left_out_of_rows(tmp_path):
    clips = [{"x": np.full((1, 1), i, np.float32)} for i in range(CLIPS)]
    found = replicates(Order(), stored(tmp_path / "m.npz", clips), CLIPS)
    assert found.full == float((np.arange(CLIPS) ** 2).sum())
    left = np.array([i for i in range(CLIPS) if i % GROUPS != 2])
    assert found.without[2] == float((np.arange(len(left)) * left).sum())
    assert len(found.pairs) == GROUPS


@pytest.mark.parametrize(("count", "way"), [(CLIPS, "sums"), (4, "rows")])
def test_many_rows_are_summed_and_few_are_not(tmp_path, count, way):
    metric, clips = Summed(), vectors(count)
    found = replicates(metric, stored(tmp_path / "m.npz", clips), count)
    assert set(metric.ways) == {way}
    whole = {side: np.concatenate([clip[side] for clip in clips]) for side in "ab"}
    assert found.full == pytest.approx(metric.value_of_rows(whole), rel=1e-9)


def test_rows_and_sums_of_one_distance_have_the_same_replicates(tmp_path):
    clips = vectors(CLIPS)
    metric = Summed()
    by_rows = replicates(metric, stored(tmp_path / "rows.npz", clips), CLIPS)
    sums = {}
    for place, clip in enumerate(clips):
        group = sums.setdefault(place % GROUPS, {})
        for name, value in metric.sums(**clip).items():
            group[name] = group.get(name, 0) + value
    write_sums(tmp_path / "sums.npz", sums)

    class Added:
        spec, sums, value = None, Summed.sums, metric.value

    by_sums = replicates(Added(), read_sums(tmp_path / "sums.npz"), CLIPS)
    assert by_rows.full == pytest.approx(by_sums.full, rel=1e-9)
    assert [*by_rows.without.values()] == pytest.approx([*by_sums.without.values()], rel=1e-9)


def test_too_few_rows_left_is_known(tmp_path):
    found = replicates(Order(), stored(tmp_path / "m.npz", [{"x": np.ones((1, 1))}] * 3), 3)
    assert all(np.isnan(value) for value in found.without.values())


def test_kinds_of_metrics_are_told_apart():
    assert isinstance(Order(), RowsMetric)
    assert not isinstance(Order(), SummedRowsMetric)
    assert isinstance(Summed(), SummedRowsMetric)
    assert isinstance(fad_logmel(), DistributionMetric)
    assert not isinstance(fad_logmel(), RowsMetric)
    assert all(is_distance(metric) for metric in (Order(), Summed(), fad_logmel()))
    assert not isinstance(fad_logmel(), SampleMetric)


@pytest.mark.parametrize("metric", [Order(), fad_logmel()])
def test_a_clip_of_other_arrays_is_named_before_it_spoils_the_rest(metric):
    plan = SimpleNamespace(samples=[SimpleNamespace(subset="")])
    kept = _Kept(plan, metric)
    assert kept.strange({"x": np.zeros((3, 4))}) is None
    again = kept.strange({"x": np.zeros((7, 4))})
    assert (again is None) == isinstance(metric, Order)  # a clip may have any number of rows
    assert "other arrays" in kept.strange({"x": np.zeros((3, 5))})
    assert "other arrays" in kept.strange({"y": np.zeros((3, 4))})
    if isinstance(metric, Order):
        assert "must be of shape (k, ...)" in kept.strange({"x": np.float64(1)})
