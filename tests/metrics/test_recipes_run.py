"""Published recipes from weights to table: files put in their place by hand, a folder of clips, finished sound.

The weights are seeded, in the makers' layout: that the networks are the originals' is shown elsewhere.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from support.seeded_metric_weights import KAIMING, listed
from vsseval import media
from vsseval.cli import invoke
from vsseval.store.record import find_runs
from vsseval.store.scores import read_scores

CLIPS, RATE, SECONDS = 12, 16_000, 1.6
METRICS = ("fd_vggish@avbench", "fd_panns@avbench", "kl_panns@avbench", "is_panns@avbench", "kid_panns@avbench")
SETS = {"vggish": "vggish", "panns": "panns_cnn14_16k"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    draw = np.random.default_rng(0)
    pictures = np.zeros((round(25 * SECONDS), 32, 32, 3), np.uint8)
    (folder / "videos").mkdir()
    (folder / "sounds").mkdir()
    for clip in range(CLIPS):
        t = np.arange(round(RATE * SECONDS)) / RATE
        tone = 0.3 * np.sin(2 * np.pi * (200 + 90 * clip) * t) + 0.02 * draw.normal(size=t.size)
        media.write_mp4(folder / "videos" / f"clip{clip:02d}.mp4", pictures, 25.0, tone, RATE)
        if clip:  # one clip has no sound
            heard = tone + 0.2 * draw.normal(size=t.size)
            media.write_wav(folder / "sounds" / f"clip{clip:02d}.wav", heard, RATE)
    return folder


@pytest.fixture
def machine(home, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(home / "weights"))
    monkeypatch.setenv("VSSEVAL_OFFLINE", "1")
    return home


def command(home, *more):
    places = ["--runs", str(home / "runs"), "--store", str(home / "store"), "--jobs", "1"]
    asked = ["--model", f"audio:{home / 'sounds'}", "--benchmark", f"folder:{home / 'videos'}"]
    named = [word for metric in METRICS for word in ("--metric", metric)]
    return ["run", *asked, *named, *places, *more]


def measure(home):
    """Put weights in their places and run the command, unless that was done in this folder before."""
    if (home / "measured").exists():
        return
    # other files than the pinned ones are refused, and taken only where that is said
    for name, listing in SETS.items():
        file = home / f"{name}.pth"
        torch.save({"model": listed(listing, KAIMING)} if name == "panns" else listed(listing, KAIMING), file)
        assert invoke(["weights", "add", name, str(file)]) == 2
        assert invoke(["weights", "add", name, str(file), "--unpinned"]) == 0
    # what can be measured now is; the clip without a sound stays in N
    assert invoke(command(home, "--no-bounds")) == 3
    (home / "measured").touch()


@pytest.fixture
def measured(machine):
    """The machine after its run, whichever of these tests come first, or are in another process."""
    measure(machine)
    return machine


def test_a_run_with_weights_of_ones_own(machine, capsys):
    # 1. nothing is there: every metric is missing with the command, and the run is incomplete
    assert invoke(command(machine, "--no-bounds")) == 3
    assert "vsseval weights pull panns" in capsys.readouterr().out
    # 2. the same command, when the weights are in their places
    measure(machine)
    (run,) = find_runs(machine / "runs")
    cells = {cell.metric: cell for cell in run.aggregates}
    assert set(METRICS) <= set(cells)
    for metric in METRICS:
        if cells[metric].value is None:
            assert metric == "kid_panns@avbench"
            continue
        assert (cells[metric].n, cells[metric].total) == (CLIPS - 1, CLIPS)
        if metric == "is_panns@avbench":
            # ten splits need ten clips, and without a group there are fewer
            assert cells[metric].low is None
        else:
            assert cells[metric].low <= cells[metric].value <= cells[metric].high
        assert "x:panns-1-" in cells[metric].signature or "x:vggish-1-" in cells[metric].signature
    rows = [row for row in read_scores(run.paths.scores) if row.metric == "kl_panns@avbench"]
    assert [row.status for row in rows].count("ok") == CLIPS - 1
    assert "reason" in json.loads(next(row.detail for row in rows if row.status != "ok"))


def test_the_recordings_themselves_are_at_no_distance(measured):
    asked = command(measured, "--no-bounds")
    asked[asked.index("--model") + 1] = "reference"
    assert invoke(asked) in {0, 3}
    own, other = (
        {cell.metric: cell.value for cell in run.aggregates}
        for name in ("reference", "audio")
        for run in find_runs(measured / "runs")
        if run.record.model.name.startswith(name)
    )
    assert own["kl_panns@avbench"] < 1e-3
    assert other["fd_panns@avbench"] > own["fd_panns@avbench"]


def test_a_finished_run_is_scored_again_byte_for_byte(measured, capsys):
    run = next(run for run in find_runs(measured / "runs") if run.record.model.name.startswith("audio:"))
    before = run.paths.scores.read_bytes(), run.paths.aggregates.read_bytes()
    named = [word for metric in METRICS for word in ("--metric", metric)]
    assert invoke(["score", str(run.path), "--store", str(measured / "store2"), "--jobs", "1", *named]) == 3
    capsys.readouterr()
    assert (run.paths.scores.read_bytes(), run.paths.aggregates.read_bytes()) == before
