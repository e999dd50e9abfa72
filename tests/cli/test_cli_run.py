"""The commands run and score: tables, exit codes, and one clear message for each way to go wrong."""

import json
import signal
import subprocess
import sys
import time

import pytest

from support.fake_plugin import environment, interruptible, vsseval
from vsseval import cli
from vsseval.cli.suites import resolve
from vsseval.errors import UsageError
from vsseval.store.record import find_runs
from vsseval.types import BOUNDS

pytestmark = pytest.mark.usefixtures("site")


def arguments(clips, *more, model="fake"):
    return ("run", "--model", model, "--benchmark", f"fake:{clips}", "--store", "store", "--jobs", "1", *more)


def test_the_command_prints_a_table_and_the_bounds(clips, tmp_path, site):
    done = vsseval(site, *arguments(clips), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for name in ("fake", *BOUNDS):
        assert name in done.stdout
    assert "vsseval report" in done.stderr
    assert len(find_runs(tmp_path / "runs")) == 5
    again = vsseval(site, *arguments(clips), cwd=tmp_path)
    assert again.stdout == done.stdout
    assert "5 of 5 runs are finished already" in again.stderr


def test_failed_clips_make_exit_code_3(clips, tmp_path, site):
    done = vsseval(site, *arguments(clips, "--no-bounds", "--json", model="fake:raise"), cwd=tmp_path)
    assert done.returncode == 3
    assert "clip clip3 failed: RuntimeError: cannot do it" in done.stderr
    data = json.loads(done.stdout)
    assert data[0]["record"]["clips"] == {"failed": 1, "ok": 7}
    assert {cell["metric"] for cell in data[0]["aggregates"]} == {"fd@fake", "level@fake", "words@fake"}


def test_a_metric_asked_for_by_name_but_missing_makes_exit_code_3(clips, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = cli.invoke([*arguments(clips, "--no-bounds", "--metric", "bare@fake", "--json")])
    assert code == 3
    assert "weights pull fake" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        (("run", "--model", "fak", "--benchmark", "fake:x"), 2, "there is no benchmark|no such|samples.json|fak"),
        (("run", "--model", "fake"), 2, "--suite all"),
        (("run", "--model", "fake", "--suite", "mimi"), 2, "did you mean mini"),
        (("run", "--model", "fake", "--suite", "all", "--benchmark", "x"), 2, "exclude each other"),
        (("run", "--model", "fake", "--benchmark", "mini_v2t"), 2, "did you mean mini_v2s"),
        (("run", "--model", "fake", "--benchmark", "fake_absent"), 4, "data pull fake_absent"),
        (("run", "--model", "fake", "--benchmark", "fake:{clips}", "--limit", "0"), 2, "--limit"),
        (("run", "--model", "fake", "--benchmark", "fake:{clips}", "--metric", "fd@fak"), 2, "did you mean fd@fake"),
        (("run", "--model", "fke", "--benchmark", "fake:{clips}"), 2, "did you mean fake"),
        (
            ("run", "--model", "fake_tts", "--benchmark", "fake:{clips}"),
            2,
            "does tts, but the benchmarks ask for joint",
        ),
        (("run", "--model", "fake_broken", "--benchmark", "fake:{clips}"), 4, "vsseval-fakes"),
        (("run", "--model", "fake:environment", "--benchmark", "fake:{clips}"), 4, "weights pull fake"),
        (("rum",), 2, "Did you mean 'run'"),
        (("score", "{clips}"), 2, "--benchmark NAME"),
        (("score", "{clips}/nowhere"), 2, "no run directory"),
    ],
)
def test_wrong_commands_have_one_clear_message(clips, tmp_path, monkeypatch, capsys, wrong, code, says):
    import re

    monkeypatch.chdir(tmp_path)
    filled = [part.replace("{clips}", str(clips)) for part in wrong]
    if wrong[:3] == ("run", "--model", "fak"):
        filled[-1] = f"fake:{clips}"
    assert cli.invoke(filled) == code
    shown = capsys.readouterr()
    assert re.search(says, shown.err)
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_score_makes_the_numbers_again(clips, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.invoke([*arguments(clips, "--no-bounds", "--json")]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    folder = tmp_path / first["path"]
    before = (folder / "scores.parquet").read_bytes()
    (folder / "scores.parquet").unlink()
    assert cli.invoke(["score", str(folder), "--jobs", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["aggregates"] == first["aggregates"]
    assert (folder / "scores.parquet").read_bytes() == before


def test_score_takes_a_folder_of_sound(clips, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sounds = tmp_path / "mine"
    sounds.mkdir()
    for index in (0, 2, 3, 4, 5, 6, 7):
        (sounds / f"clip{index}.flac").symlink_to(clips / f"r{index}.flac")
    options = ("--no-bounds", "--store", "store", "--jobs", "1", "--json")
    assert cli.invoke(["score", str(sounds), "--benchmark", f"fake:{clips}", *options]) == 3
    shown = capsys.readouterr()
    assert "clip clip 1 missing" in shown.err
    cells = {cell["metric"]: cell for cell in json.loads(shown.out)[0]["aggregates"] if not cell["subset"]}
    assert (cells["level@fake"]["n"], cells["level@fake"]["total"], cells["level@fake"]["missing"]) == (7, 8, 1)


def test_a_bug_is_shown_as_one(monkeypatch, capsys):
    monkeypatch.setattr("vsseval.cli.suites.resolve", lambda *_: 1 / 0)
    assert cli.invoke(["run", "--model", "fake", "--suite", "all"]) == cli.BUG
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(("stage", "jobs"), [("generate", "1"), ("extract", "2")])
def test_ctrl_c_prints_the_command_that_resumes(clips, tmp_path, site, stage, jobs):
    command = [sys.executable, "-m", "vsseval", *arguments(clips, "--no-bounds", "--jobs", jobs)]
    mark = tmp_path / "mark"
    env = environment(site, FAKE_SLOW=stage, FAKE_MARK=str(mark))
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=env,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - nothing else runs here
    )
    while not mark.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Go on with:" in err
    assert f"--benchmark fake:{clips}" in err
    assert "Traceback" not in err


def test_the_suite_all_is_what_is_there_and_names_what_is_not(clips, tmp_path, monkeypatch, capsys):
    fakes = ["fake", "fake_absent", "fake_ready"]
    monkeypatch.setattr("vsseval.cli.suites.plugins.names", lambda kind: fakes if kind == "benchmarks" else [])
    with pytest.raises(UsageError, match=r"no benchmark of the suite 'all' is there.*fake_absent.*data pull"):
        resolve("all")
    monkeypatch.setenv("FAKE_CLIPS", str(clips))
    found = resolve("all")
    assert found.present == ("fake_ready",)
    assert set(found.absent) == {"fake_absent"}
    monkeypatch.chdir(tmp_path)
    options = ("--no-bounds", "--store", "store", "--jobs", "1", "--limit", "3")
    assert cli.invoke(["run", "--model", "fake", "--suite", "all", *options]) == 0
    shown = capsys.readouterr()
    assert "fake_absent: left out, the data of fake_absent are not here. Get them with: vsseval" in shown.err
    assert "N=3" in shown.out
