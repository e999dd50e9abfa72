"""What judges finished runs works with the short list of packages in docs/install.md, and with nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.synthetic_runs import METRICS, write_run

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
LIST = re.search(
    r"pip install --no-deps \.\npip install ([a-z0-9 ]+)\n", (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
)
MARGINS = '["*"."wer@toy"]\nmargin = 8.0\n["*"."clap_score@toy"]\nmargin = 0.06\n'
START = """
import json, sys
from importlib.abc import MetaPathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

allowed, todo = {"vsseval"}, json.loads(sys.argv[1])
while todo:
    name = canonicalize_name(todo.pop())
    if name in allowed:
        continue
    allowed.add(name)
    try:
        wanted = [Requirement(line) for line in requires(name) or []]
    except PackageNotFoundError:
        continue  # of another system
    todo += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
absent = {
    module for module, owners in packages_distributions().items()
    if not allowed & {canonicalize_name(owner) for owner in owners} and module not in {"vsseval", "vssflow", "tests"}
}
assert {"torch", "torchdiffeq", "av", "soundfile", "soxr", "pocketsphinx", "safetensors", "jiwer"} <= absent

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def limited(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python where nothing can be imported but vsseval, the packages of the list, and what these need."""
    assert LIST, "docs/install.md names the packages"
    command = [sys.executable, "-c", START + code, json.dumps(LIST[1].split()), *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "GITHUB_ACTIONS": ""}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def vsseval(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in the same way."""
    code = "from vsseval.cli import invoke; sys.exit(invoke(sys.argv[2:]))"
    return limited(code, *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A folder with margins and three finished runs: a model, one that is worse, and a bound."""
    root = tmp_path_factory.mktemp("house")
    (root / "margins.toml").write_text(MARGINS)
    for name, badness in (("good", 0.2), ("poor", 0.5), ("shuffled", 0.8)):
        write_run(root / "runs", name, badness, metrics=METRICS[1:]).rename(root / name)
    return root


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("table", "--runs", "."), 0, "shuffled"),
        (("table", "--runs", ".", "--style", "latex"), 0, r"\begin{tab"),
        (("compare", "good", "poor"), 0, "wer@toy"),
        (("power", "good", "poor"), 0, "clips"),
        (("gate", "good", "--against", "good", "--margins", "margins.toml"), 0, "gate: passed"),
        (("gate", "poor", "--against", "good", "--margins", "margins.toml"), 1, "wer@toy"),
        (("leaderboard", "check", "--leaderboards", str(ROOT / "leaderboards")), 0, "records"),
        (("leaderboard", "build", "-o", "site", "--leaderboards", str(ROOT / "leaderboards")), 0, "index.html"),
    ],
    ids=lambda value: "-".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_finished_runs_are_judged(house, arguments, code, says):
    done = vsseval(*arguments, cwd=house)
    assert (done.returncode, done.stderr if done.returncode != code else "") == (code, "")
    assert says in done.stdout


def test_the_library_reads_finished_runs(house):
    code = (
        "import vsseval\n"
        "run = vsseval.load_run('good')\n"
        "print(run.record.status, len(run.aggregates), len(vsseval.find_runs('.')), 'torch' in sys.modules)"
    )
    assert limited(code, cwd=house).stdout.split() == ["finished", "3", "3", "False"]


def test_what_measures_says_what_is_not_there(house):
    # in this process, for others are not kept from importing
    asked = ("run", "--model", "silence", "--benchmark", "mini_v2s", "--limit", "1", "--jobs", "1")
    done = vsseval(*asked, cwd=house)
    assert done.returncode == 4
    assert re.search(r"No module named '\w+'|needs the module '\w+', which is not installed", done.stderr)
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr
