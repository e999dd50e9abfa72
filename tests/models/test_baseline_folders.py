"""The folders of published systems are read where they lie, in a checkout without symbolic links and in a package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vsseval import plugins

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
ASK = "from vsseval import plugins; print(*sorted({str(path.parent) for path in plugins.baseline_folders().values()}))"


def places(top):
    """Return where the vsseval of a folder finds baselines, with nothing but entry points from what is installed."""
    done = subprocess.run([sys.executable, "-c", ASK], cwd=top, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.fixture
def house(tmp_path):
    """A folder with the package, without baselines anywhere."""
    shutil.copytree(ROOT / "vsseval", tmp_path / "vsseval", ignore=shutil.ignore_patterns("media", "weights", "golden"))
    return tmp_path


def test_a_checkout_has_them_at_its_top():
    assert plugins.baseline_folders()["piper"] == ROOT / "baselines" / "piper"
    assert {path.parent for path in plugins.baseline_folders().values()} == {ROOT / "baselines"}


def test_an_installed_package_reads_its_own_and_nobody_elses(house):
    shutil.copytree(ROOT / "baselines" / "piper", house / "vsseval" / "baselines" / "piper")
    shutil.copytree(ROOT / "baselines" / "dsu", house / "baselines" / "dsu")
    assert places(house) == [str(house / "vsseval" / "baselines")]


def test_a_copy_of_a_checkout_reads_its_own(house):
    (house / "pyproject.toml").write_text("")
    shutil.copytree(ROOT / "baselines" / "piper", house / "baselines" / "piper")
    assert places(house) == [str(house / "baselines")]


def test_the_repository_holds_no_symbolic_link():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("120000")] == []
