"""Density, coverage and MMD: the authors' numbers, what they see; KAD of patches and of CLAP."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.metrics import discrepancy, neighbours
from vsseval.metrics.neighbours import NearestNeighbours

MMD = json.loads(goldens.file("metrics/mmd.json").read_text())["cases"]
PRDC = json.loads(goldens.file("metrics/prdc.json").read_text())["cases"]


def seeded(rule):
    drawn = np.random.RandomState(rule["seed"]).standard_normal((rule["n"], rule["d"]))
    return (drawn * rule["scale"] + rule["shift"]).astype(np.float32)


@pytest.mark.parametrize("case", PRDC, ids=lambda case: str(case["k"]))
@pytest.mark.parametrize("measure", ["density", "coverage"])
def test_the_authors_numbers(case, measure, monkeypatch):
    rows = {side: seeded(case[side]) for side in ("generated", "reference")}
    metric = NearestNeighbours(plugins.metric_spec(f"{measure}_panns@prdc"), measure, k=case["k"])
    assert metric.value(rows) == pytest.approx(case[measure], rel=1e-12)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    assert metric.value(rows) == pytest.approx(case[measure], rel=1e-12)


def test_they_tell_bad_sounds_from_few():
    rng = np.random.default_rng(0)
    real, like = rng.normal(size=(2, 300, 8))
    measured = {
        name: [build_plugins.build_metric(f"{m}_clap@prdc").value({"generated": made, "reference": real})
               for m in ("density", "coverage")]
        for name, made in (("like", like), ("one", np.repeat(real[:1] * 0.1, 300, axis=0)), ("far", like + 9))
    }  # fmt: skip
    assert measured["like"] == pytest.approx([1.0, 0.97], abs=0.1)
    assert measured["one"][0] > 1
    assert measured["one"][1] < 0.3
    assert measured["far"] == [0.0, 0.0]


def test_a_recording_is_not_its_own_neighbour_and_as_many_as_k_are_too_few():
    metric = build_plugins.build_metric("coverage_panns@prdc")
    assert metric.value({"generated": np.ones((3, 4)), "reference": np.arange(24.0).reshape(6, 4)}) > 0
    with pytest.raises(Unmeasurable, match="at least 6 clips, there are 5"):
        metric.value({"generated": np.ones((9, 4)), "reference": np.arange(20.0).reshape(5, 4)})
    found = metric.rows({"embedding": np.ones(4)}, {"embedding": np.zeros(4)})
    assert (found["generated"].shape, metric.kind) == ((1, 4), "rows")


def test_kad_takes_patches_of_vggish_and_embeddings_of_clap(monkeypatch):
    rng = np.random.default_rng(1)
    patches = build_plugins.build_metric("kad_vggish@kadtk")
    made = [
        patches.rows({"patches": rng.normal(size=(8, 16))}, {"patches": rng.normal(size=(8, 16))}) for _ in range(12)
    ]
    rows = {side: np.concatenate([one[side] for one in made]) for side in ("generated", "reference")}
    value = patches.value(rows)
    clap = build_plugins.build_metric("kad_clap@kadtk")
    assert clap.value(rows) == value
    assert build_plugins.build_metric("kad_clap@kadtk-fixed").value(rows) != value
    assert clap.rows({"embedding": np.ones(4)}, {"embedding": np.zeros(4)})["generated"].shape == (1, 4)
    monkeypatch.setattr(discrepancy, "ROOM", 5 * 96)
    assert patches.value(rows) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("case", MMD, ids=lambda case: str(case["generated"]["n"]))
def test_mmd_is_the_originals(case):
    rows = {side: seeded(case[side]) for side in ("generated", "reference")}
    metric = build_plugins.build_metric("mmd_clap@soundreactor")
    assert metric.value(rows) == pytest.approx(case["value"], rel=1e-4, abs=1e-3)
    groups = {side: np.arange(len(one)) % 5 for side, one in rows.items()}
    without = metric.without(rows, groups)
    left = {side: one[groups[side] != 2] for side, one in rows.items()}
    assert without((2,)) == pytest.approx(metric.value(left), rel=1e-6)
    same = {"generated": rows["reference"], "reference": rows["reference"]}
    assert metric.value(same) == pytest.approx(0, abs=1e-9)
