"""Real systems in foreign environments: speech engines on numpy 1 and other Pythons, driven as any baseline is."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from vsseval import plugins
from vsseval.benchmarks.mini import mini_vtts
from vsseval.cli import invoke
from vsseval.cli.trial import try_model
from vsseval.errors import EnvironmentFault
from vsseval.models.base import ModelOptions
from vsseval.models.baseline import find_baseline, installed, setup
from vsseval.models.baseline.spec import Environment
from vsseval.models.worker import WorkerLaunch, WorkerProcess
from vsseval.types import Request

pytestmark = pytest.mark.slow

HOSTILE = """
import os, sys, numpy
from vsseval_worker import serve

def load(hello):
    print("hello from", sys.version)
    def generate(request):
        sys.stdout.write('{"type": "result"}\\n' * 1000)
        sys.stdout.flush()
        if os.fork() == 0:
            os.write(1, b"from the child\\n")
            os._exit(0)
        os.wait()
        if request["id"] == "c2":
            os.abort()
        return numpy.full(800, int(numpy.__version__.split(".")[0]) / 4), 8000
    return generate

serve(load)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder in which the environments of this module are made, once for all processes that run tests."""
    patch = pytest.MonkeyPatch()
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "environments"
    folder.mkdir(exist_ok=True)
    patch.setenv("VSSEVAL_BASELINES", str(folder))
    patch.setenv("VSSEVAL_STORE", str(tmp_path_factory.mktemp("store")))
    yield folder
    patch.undo()


def made(home, name):
    """Make an environment, unless another process has; return its name."""
    with (home / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.find_environment(name) is None:
            assert invoke(["baselines", "setup", name]) == 0
    return name


@pytest.fixture(scope="module", params=["espeak_ng", "piper"])
def engine(request, home):
    return made(home, request.param)


def versions(name):
    """Return the versions of Python and numpy of a baseline's environment."""
    code = "import json, sys, numpy; print(json.dumps([sys.version_info[:2], numpy.__version__]))"
    done = subprocess.run(
        [installed.find_environment(name).python, "-c", code], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_real_engine_in_its_own_environment_passes_the_doctor(engine):
    python, numpy = versions(engine)
    assert numpy.startswith("1.26")
    assert np.__version__ >= "2"
    found = list(try_model(engine, None, "cpu"))
    assert [check.status for check in found] == ["ok"] * len(found)
    assert any("bit for bit" in check.detail for check in found)
    assert python >= [3, 9]


def test_a_run_of_a_real_engine_from_the_command_line(engine, tmp_path, capsys):
    arguments = [
        "run", "--model", engine, "--benchmark", "mini_vtts", "--limit", "4", "--metric", "wer@sphinx-grid",
        "--metric", "fad@logmel", "--no-bounds", "--json", "--runs", str(tmp_path), "--jobs", "1",
    ]  # fmt: skip
    assert invoke(arguments) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert run["record"]["clips"] == {"ok": 4}
    assert run["record"]["model"]["licence"].startswith("GPL-3.0")
    words = next(cell for cell in run["aggregates"] if cell["metric"] == "wer@sphinx-grid" and not cell["subset"])
    # Anything but speech scores 100 per cent.
    assert words["value"] < 0.9


@pytest.mark.skipif(shutil.which("flite") is None, reason="the program flite is not here: apt-get install flite")
def test_a_small_engine_says_two_clips_the_same_each_time(home):
    """A real voice, in an environment of its own that holds little else."""
    assert invoke(["baselines", "setup", "flite"]) == 0
    clips = mini_vtts().samples()[:2]
    requests = [
        Request(id=s.id, seed=3, duration=s.duration, transcript=s.transcript, speech_window=s.speech_window)
        for s in clips
    ]
    made = [list(plugins.load("models", "flite")(ModelOptions()).generate(requests)) for _ in range(2)]
    assert [output.error for output in made[0]] == [None, None]
    for one, other, clip in zip(*made, clips, strict=True):
        assert np.array_equal(one.samples, other.samples)
        assert one.samples.size == pytest.approx(clip.duration * one.sample_rate, abs=1)
        assert np.abs(one.samples).max() > 0.05


def test_a_mixture_of_a_shipped_model_and_a_real_engine(home):
    made(home, "piper")
    found = list(try_model("mix_onset_foley_piper", None, "cpu"))
    assert [check.status for check in found] == ["ok"] * len(found)


def test_a_worker_on_an_old_python_that_prints_forks_and_dies(home, tmp_path, monkeypatch):
    """The oldest Python that there is, numpy 1 by pip, a flood on descriptor 1, children, and a clip that aborts."""
    monkeypatch.setattr(setup, "_uv", lambda: None)
    baseline, _ = find_baseline("espeak_ng")
    old = type(baseline)(
        **{name: getattr(baseline, name) for name in baseline.__struct_fields__ if name not in {"name", "environment"}},
        name="hostile", environment=Environment(python=("3.8", "3.9", "3.10", "3.11")),
    )  # fmt: skip
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "requirements.lock").write_text("numpy>=1.24,<2\n")
    site = setup.make(old, folder, print)
    (folder / "worker.py").write_text(textwrap.dedent(HOSTILE))
    launch = WorkerLaunch(
        name="hostile", command=(str(site.python), str(folder / "worker.py")), cwd=tmp_path, log=tmp_path / "log",
        scratch=tmp_path / "scratch", batch=3, clip_seconds=60,
    )  # fmt: skip
    worker = WorkerProcess(launch)
    outputs = {output.id: output for output in worker.generate([{"id": f"c{index}"} for index in range(5)])}
    worker.close()
    assert {clip for clip, output in outputs.items() if output.samples is None} == {"c2"}
    assert outputs["c4"].samples.tolist() == [0.25] * 800
    assert "SIGABRT" in outputs["c2"].error
    log = launch.log.read_text()
    assert log.count("from the child") >= 5
    assert f"hello from {'3.8' if '3.8' in str(setup.interpreter(old)) else '3.'}" in log


@pytest.mark.parametrize("name", ["audiox", "diff_foley", "cosyvoice", "lova", "woosh"])
def test_drivers_against_their_systems_calls(name, tmp_path, monkeypatch):
    """worker.py calls what its system documents, with its arguments; the network behind is a stand-in."""
    monkeypatch.setenv("VSSEVAL_BASELINES", str(tmp_path / "home"))
    from support.drivers import build
    from vsseval.models.base import ModelOptions

    python, repo = build(name, tmp_path)
    installed.write_environment(name, installed.InstalledEnvironment(python=python, repo=repo))
    model = plugins.load("models", name)(ModelOptions())
    from support.drivers import requests

    outputs = list(model.generate(requests(tmp_path)))
    assert [output.error for output in outputs] == [None, None]
    assert not np.array_equal(outputs[0].samples, outputs[1].samples)
    again = list(model.generate(requests(tmp_path)))
    assert np.array_equal(again[0].samples, outputs[0].samples)


def test_a_wheel_holds_the_folders_and_runs_them(tmp_path):
    """Installed from a wheel, away from the repository, every baseline is listed and nothing else is at the top."""
    root = Path(__file__).parents[2]
    # setuptools is here, of the version that the lock names: no environment is made for it
    code = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*code, str(tmp_path), str(root)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "site"
    code = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(place)]
    subprocess.run([*code, str(wheel)], check=True)
    tops = {path.name for path in place.iterdir() if not path.name.endswith(".dist-info")}
    assert tops <= {"vsseval", "vssflow", "bin"}
    ask = "import json; from vsseval import plugins; "
    ask += "print(json.dumps({k: str(v) for k, v in plugins.baseline_folders().items()}))"
    env = {"PYTHONPATH": str(place), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert set(found) == set(plugins.baseline_folders())
    assert all(path.startswith(str(place)) for path in found.values())
    assert (place / "vsseval" / "baselines" / "piper" / "worker.py").is_file()


def test_an_environment_without_a_network_is_a_fault(home, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    (folder / "requirements.lock").write_text(f"nothing @ file://{tmp_path}/nothing-1.0-py3-none-any.whl\n")
    with pytest.raises(EnvironmentFault, match=r"fails with status"):
        setup.make(find_baseline("espeak_ng")[0], folder, print)
