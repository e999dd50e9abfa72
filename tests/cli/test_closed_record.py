"""What comes after aggregation needs neither plugins nor metrics nor extractors, installed or not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.fake_plugin import ROOT, install, spec
from support.synthetic_runs import FAD, write_run
from vsseval.stages.run import run

BLOCKED = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("vsseval.plugins", "vsseval.metrics", "vsseval.extractors", "vsseval_fakes", "torch")):
            raise AssertionError(f"{name} is imported")

sys.meta_path.insert(0, Refuse())
from vsseval.cli import invoke
sys.exit(invoke(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def runs(clips, tmp_path_factory):
    """Three seeds of a model and the recordings, measured by a plugin that is gone afterwards."""
    root = tmp_path_factory.mktemp("closed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(install(root / "site"))
        asked = [spec(clips, root, seed=seed) for seed in range(3)] + [spec(clips, root, model="reference")]
        made = [root / "runs" / record.id for record in run(asked)]
    (root / "gates.toml").write_text('["*"."fd@fake"]\nmargin = 100.0\n["*"."level@fake"]\nmargin = 100.0\n')
    return made


def blocked(*arguments, cwd):
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("style", ["terminal", "markdown", "latex", "html", "csv", "typst"])
def test_tables(runs, style):
    shown = blocked("table", *runs, "--style", style, "--subsets", cwd=runs[0].parent)
    assert shown.returncode == 0, shown.stderr
    assert "fake" in shown.stdout


def test_the_columns_of_a_paper_that_no_run_has(tmp_path):
    path = write_run(tmp_path, "a", 0.2)
    shown = blocked("table", path, "--style", "markdown,vssflow", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "vsseval score RUN --profile vssflow" in shown.stdout


def test_comparisons(runs):
    shown = blocked("compare", runs[0], runs[1], cwd=runs[0].parent)
    assert shown.returncode == 2
    assert "seed: 0 against 1" in shown.stderr
    shown = blocked("compare", runs[0], runs[3], cwd=runs[0].parent)
    assert shown.returncode == 0, shown.stderr
    assert "fd@fake" in shown.stdout


def test_power_and_the_gate(runs):
    place = runs[0].parents[1]
    assert "fd@fake" in blocked("power", runs[0], runs[3], cwd=place).stdout
    assert "fd@fake" in blocked("power", runs[0], cwd=place).stdout
    judged = blocked("gate", runs[1], "--against", runs[0], "--margins", "gates.toml", "--any-seed", cwd=place)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "fd@fake" in judged.stdout
    learnt = blocked("gate", "--learn", *runs[:3], cwd=place)
    assert learnt.returncode == 0, learnt.stderr
    assert '"fd@fake"' in learnt.stdout


def test_the_report_and_the_leaderboard(runs):
    place = runs[0].parents[1]
    made = blocked("report", *runs[:1], "-o", place / "r.html", "--no-media", "--no-benchmark", cwd=place)
    assert made.returncode == 0, made.stderr
    added = blocked("leaderboard", "add", runs[0], runs[3], "--leaderboards", place / "lb", cwd=place)
    assert added.returncode == 0, added.stderr
    for verb in (("check",), ("build", "-o", place / "site")):
        done = blocked("leaderboard", *verb, "--leaderboards", place / "lb", cwd=place)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "fd" in (place / "site/index.html").read_text()


def loaded(*arguments):
    """Run a command, and name the packages that it loaded."""
    script = (
        "import sys\nfrom vsseval.cli import invoke\nassert not invoke(sys.argv[1:])\nprint('loaded', *sys.modules)"
    )
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in done.stdout.rpartition("loaded")[2].split()}


def test_what_is_slow_to_import_is_not_imported_for_a_table_and_a_comparison(tmp_path: Path):
    distances = [write_run(tmp_path / "d", name, badness, metrics=(FAD,)) for name, badness in (("a", 0.2), ("b", 0.5))]
    assert not loaded("table", *distances) & {"scipy", "pandas", "pyarrow", "torch"}
    assert not loaded("compare", *distances) & {"scipy", "pandas", "pyarrow", "torch"}
    runs = [write_run(tmp_path / "m", name, badness) for name, badness in (("a", 0.2), ("b", 0.5))]
    assert "pyarrow" in loaded("table", *runs)
    assert not loaded("table", *runs) & {"scipy", "pandas", "torch"}
    assert not loaded("compare", *runs) & {"scipy", "pandas", "torch"}


def test_a_run_of_few_clips_does_not_import_what_takes_longer_than_it(tmp_path: Path):
    asked = [
        "--model",
        "reference",
        "--benchmark",
        "mini_v2s",
        "--limit",
        "1",
        "--metric",
        "desync@onset",
        "--no-bounds",
    ]
    packages = loaded("run", *asked, "--jobs", "1", "--runs", tmp_path / "runs", "--store", tmp_path / "store")
    assert "pyarrow" in packages
    assert not packages & {"pandas", "torch"}
