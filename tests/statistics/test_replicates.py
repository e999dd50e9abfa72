"""A distance with groups of clips left out: from kept sums, one group in memory at a time."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable, UsageError
from vsseval.metrics.frechet import frechet_distance
from vsseval.stages.leave_out import MetricFault, leave_out
from vsseval.statistics.estimate import cut_to_range
from vsseval.statistics.jackknife import PAIRS_BELOW, neighbours
from vsseval.statistics.replicates import difference, estimate
from vsseval.store import group_sums
from vsseval.store.group_sums import read_sums, total_sums, write_sums
from vsseval.store.replicates import Replicates


def kept(seed=0, groups=20, patches=40, width=48):
    """Sums of `groups` groups of clips, and the patches themselves."""
    rng, metric = np.random.default_rng(seed), build_plugins.build_metric("fad@logmel")
    sides = [
        {"generated": 1.2 * rng.standard_normal((patches, width)), "reference": rng.standard_normal((patches, width))}
        for _ in range(groups)
    ]
    sums = {
        group: metric.sums(**{name: {"patches": x} for name, x in side.items()}) for group, side in enumerate(sides)
    }
    return sums, sides


def left_out(sums, clips):
    """What is kept of a run with these sums."""
    found = leave_out(build_plugins.build_metric("fad@logmel"), sums, clips)
    return Replicates(metric="fad@logmel", n=clips, total=clips, clips="same", **found._asdict())


def whole(sides, without=()):
    """The distance of all patches but those of some groups, computed at once."""
    x, y = (
        np.concatenate([side[name] for group, side in enumerate(sides) if group not in without])
        for name in ("generated", "reference")
    )
    return frechet_distance(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))


def test_what_is_left_out_is_left_out(tmp_path):
    sums, sides = kept()
    write_sums(tmp_path / "fad.npz", sums)
    found = left_out(read_sums(tmp_path / "fad.npz"), 48)
    assert found.value == pytest.approx(whole(sides))
    assert found.groups == tuple(range(20))
    assert found.without == pytest.approx([whole(sides, (group,)) for group in range(20)])
    assert found.without_two == pytest.approx([whole(sides, pair) for pair in neighbours(20)])
    assert found == left_out(sums, 48)
    assert estimate(found).method == "jackknife t(19), pairs"


def test_where_clips_are_many_no_pairs_are_computed():
    sums, _ = kept()
    found = left_out(sums, PAIRS_BELOW)
    assert found.without_two == ()
    assert estimate(found).method == "jackknife t(19)"


def test_groups_that_cannot_be_spared_leave_no_interval():
    sums, _ = kept(groups=2, patches=30)  # 49 are needed, one group has 30
    found = left_out(sums, 48)
    assert found.without == (None, None)
    assert (estimate(found).value, estimate(found).low) == (found.value, None)
    assert estimate(found).method == "no interval: one group undefined"
    alone = left_out({0: kept(patches=60)[0][0]}, 48)
    assert estimate(alone).method == "no interval: one group of clips"
    with pytest.raises(Unmeasurable, match="needs at least 49 patches"):
        left_out(kept(groups=1, patches=30)[0], 48)


def test_a_difference_of_distances_is_paired_by_group():
    one, two = (left_out(kept(seed)[0], 48) for seed in (0, 1))
    found = difference(one, two)
    assert found.value == pytest.approx(one.value - two.value)
    assert found.method == "paired jackknife t(19), pairs"
    assert difference(one, one).se == 0.0
    for other in (left_out(kept(groups=19)[0], 48), msgspec.structs.replace(one, clips="others")):
        with pytest.raises(ValueError, match="different groups"):
            difference(one, other)


def test_an_interval_of_a_distance_ends_at_0():
    sums, _ = kept(patches=4)
    found = estimate(left_out(sums, 48))
    assert cut_to_range(found, build_plugins.build_metric("fad@logmel").spec).low == max(0.0, found.low)


def test_a_singular_covariance_has_a_distance_too():
    """Cholesky's root does not exist where a dimension is constant: the symmetric one does."""
    x, y = np.random.default_rng(0).standard_normal((2, 50, 4))
    x[:, 2] = 0.5
    moved = frechet_distance(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))
    assert moved == pytest.approx(frechet_distance(y.mean(0), np.cov(y.T), x.mean(0), np.cov(x.T)))
    assert frechet_distance(np.zeros(3), np.zeros((3, 3)), np.ones(3), np.eye(3)) == pytest.approx(6.0)


def test_sums_of_a_small_file_are_read_once(tmp_path, monkeypatch):
    write_sums(tmp_path / "fad.npz", kept()[0])
    small = read_sums(tmp_path / "fad.npz")
    monkeypatch.setattr(group_sums, "KEPT_BYTES", 0)
    large = read_sums(tmp_path / "fad.npz")
    for group in range(20):
        assert small[group].keys() == large[group].keys()
        assert all(np.array_equal(small[group][name], value) for name, value in large[group].items())
    (tmp_path / "fad.npz").unlink()
    assert total_sums(small)["generated_n"] == 800
    with pytest.raises(UsageError, match="cannot be read"):
        total_sums(large)


def test_sums_are_read_group_by_group_and_damage_is_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr(group_sums, "KEPT_BYTES", 0)
    path = tmp_path / "run" / "sums" / "fad.npz"
    path.parent.mkdir(parents=True)
    write_sums(path, kept()[0])
    stored = read_sums(path)
    assert len(stored) == 20
    assert sorted(stored) == list(range(20))
    assert total_sums(stored)["generated_n"] == 800
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[: len(whole_file) // 2])
    for broken in (lambda: stored[3], lambda: read_sums(path)):
        with pytest.raises(UsageError, match=f"cannot be read: .*vsseval score {tmp_path / 'run'}"):
            broken()
    np.save(path.with_suffix(".npy"), np.zeros(3))
    path.with_suffix(".npy").rename(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_sums(path)
    spoilt = bytearray(whole_file)
    spoilt[len(spoilt) // 2] ^= 0xFF
    path.write_bytes(bytes(spoilt))
    with pytest.raises(UsageError, match="cannot be read"):
        total_sums(read_sums(path))


def test_whatever_a_metric_raises_is_a_reason():
    class Stumbling:
        kind = "sums"
        spec = build_plugins.build_metric("fad@logmel").spec

        def sums(self, generated, reference):
            return {}

        def value(self, sums):
            raise np.linalg.LinAlgError("Eigenvalues did not converge")

    with pytest.raises(MetricFault, match="fad@logmel: LinAlgError: Eigenvalues did not converge"):
        leave_out(Stumbling(), kept()[0], 48)
