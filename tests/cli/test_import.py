"""Importing vsseval and asking for help is quick: nothing heavy is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "pandas", "scipy", "pyarrow", "matplotlib", "av", "soundfile", "pocketsphinx", "jinja2")


def python(code):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True).stdout


@pytest.mark.parametrize(
    "what",
    [
        "import vsseval; vsseval.RunSpec; vsseval.find_runs; vsseval.__version__; dir(vsseval)",
        "import vsseval.types, vsseval.plugins as p; [p.names(k) for k in ('models', 'metrics', 'benchmarks')]",
        "import vsseval.cli as c; c.invoke(['--help'])",
        "import vsseval.cli as c; c.invoke(['run', '--help'])",
        "import vsseval.cli as c; c.invoke(['score', '--help'])",
    ],
)
def test_nothing_heavy_is_loaded(what):
    out = python(f"{what}\nimport sys\nprint('loaded', *sorted(set({HEAVY}) & set(sys.modules)))")
    assert out.splitlines()[-1] == "loaded"


def test_numpy_is_not_needed_for_help():
    out = python("import vsseval.cli as c; c.invoke(['--help'])\nimport sys\nprint('numpy' in sys.modules)")
    assert out.splitlines()[-1] == "False"


def test_public_names_are_there():
    import vsseval

    for name in vsseval.__all__:
        assert getattr(vsseval, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vsseval.nothing
