"""The whole command: what is done is not done again, what failed is tried again, and exit codes tell."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from tests.fakes import environment, install, make_clips, spec, vsseval
from vsseval import cli
from vsseval.errors import Busy, EnvironmentFault
from vsseval.stages import generate as generate_module
from vsseval.stages.run import run
from vsseval.store import atomic
from vsseval.store.record import find_runs, load_run
from vsseval.types import BOUNDS


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    make_clips(folder)
    return folder


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(folder)
    return folder


class Watcher:
    def __init__(self):
        self.stages, self.notes = [], []

    def run(self, title):
        self.stages.append(title)

    def stage(self, name, total):
        self.stages.append((name, total))

    def advance(self, steps=1):
        pass

    def note(self, text):
        self.notes.append(text)


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_finished_run_is_left_alone(clips, tmp_path):
    asked = spec(clips, tmp_path)
    first = run([asked])
    before = stamps(tmp_path / "runs")
    watcher = Watcher()
    assert run([asked, asked], watcher) == first
    assert watcher.stages == []
    assert watcher.notes == ["1 of 1 runs are finished already"]
    assert stamps(tmp_path / "runs") == before


def test_another_metric_is_added_without_generating_again(clips, tmp_path):
    (first,) = run([spec(clips, tmp_path, metrics=("level@fake",))])
    audio = stamps(tmp_path / "runs" / first.id / "audio")
    (second,) = run([spec(clips, tmp_path, metrics=("fd@fake",))])
    assert second.id == first.id
    assert set(second.metrics) == {"fd@fake", "level@fake"}
    assert stamps(tmp_path / "runs" / first.id / "audio") == audio


def test_a_new_version_of_a_metric_scores_again(clips, tmp_path, monkeypatch):
    import vsseval_fakes

    asked = spec(clips, tmp_path)
    run([asked])
    newer = msgspec.structs.replace(vsseval_fakes.LevelMetric.spec, version="2")
    monkeypatch.setattr(vsseval_fakes.LevelMetric, "spec", newer)
    (record,) = run([asked])
    assert record.metrics["level@fake"].version == "2"
    assert "version:2" in load_run(tmp_path / "runs" / record.id).cell("level@fake").signature


def test_a_failed_clip_is_tried_again_by_the_next_call(clips, tmp_path, monkeypatch):
    import vsseval_fakes

    asked = spec(clips, tmp_path, model="fake:raise")
    (first,) = run([asked])
    assert first.clips == {"failed": 1, "ok": 7}
    watcher = Watcher()
    assert run([asked], watcher)[0].clips == {"failed": 1, "ok": 7}
    assert ("generate", 8) in watcher.stages
    monkeypatch.setattr(vsseval_fakes.Tone, "__init__", mended(vsseval_fakes.Tone.__init__))
    (second,) = run([asked])
    assert (second.id, second.clips) == (first.id, {"ok": 8})
    watcher = Watcher()
    run([asked], watcher)
    assert watcher.stages == []


def mended(init):
    def without_fault(self, options):
        init(self, options)
        self._mode = ""

    return without_fault


def test_a_model_that_stumbles_once_loses_no_clip(clips, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_MARK", str(tmp_path / "mark"))
    assert run([spec(clips, tmp_path, model="fake:once")])[0].clips == {"ok": 8}
    assert (tmp_path / "mark").exists()


def test_a_lost_or_altered_sound_is_made_again(clips, tmp_path):
    asked = spec(clips, tmp_path)
    (record,) = run([asked])
    folder = tmp_path / "runs" / record.id
    before = (folder / "scores.parquet").read_bytes()
    sounds = sorted((folder / "audio").iterdir())
    kept = [sound.read_bytes() for sound in sounds]
    sounds[0].unlink()
    sounds[1].write_bytes(b"")
    (folder / "scores.parquet").unlink()
    run([asked])
    assert [sound.read_bytes() for sound in sounds] == kept
    assert (folder / "scores.parquet").read_bytes() == before


def test_models_that_cannot_are_left_out_with_a_note(clips, tmp_path):
    watcher = Watcher()
    assert run([spec(clips, tmp_path, model="fake_tts")], watcher) == []
    assert watcher.notes == [f"fake_tts on fake:{clips}: left out, the model does tts, the benchmark is joint"]


def test_bounds_need_references(tmp_path):
    from tests.fakes import write_samples

    folder = tmp_path / "bare"
    samples = make_clips(folder, 3)
    write_samples(folder, [msgspec.structs.replace(sample, reference=None) for sample in samples])
    watcher = Watcher()
    assert run([spec(folder, tmp_path, model="reference")], watcher) == []
    assert "no references" in watcher.notes[0]


def test_find_runs_knows_finished_and_unfinished(clips, tmp_path, monkeypatch):
    run([spec(clips, tmp_path)])
    with pytest.raises(EnvironmentFault):
        run([spec(clips, tmp_path, model="fake:environment")])
    found = find_runs(tmp_path / "runs")
    assert sorted(run.record.status for run in found) == ["finished", "started"]
    assert [bool(run.aggregates) for run in found if run.record.status == "started"] == [False]


def test_a_run_that_another_process_holds_is_busy(clips, tmp_path):
    from vsseval.stages.plan import plan

    asked = spec(clips, tmp_path)
    identity = plan(asked).identity
    path = tmp_path / "runs" / ".locks" / f"{identity[:16]}.lock"
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        file.write("4711\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Busy, match=r"pid 4711.*kill 4711"):
            run([asked])
    assert len(run([asked])) == 1


@pytest.mark.parametrize("where", ["journal", "record", "feature", "audio"])
def test_a_full_disk_is_one_clear_error(clips, tmp_path, monkeypatch, capsys, where):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*_args, **_kwargs):
        raise full

    if where == "journal":
        monkeypatch.setattr("vsseval.store.journal.os.fsync", refuse)
    elif where == "audio":
        monkeypatch.setattr(generate_module.media, "write_flac", refuse)
    elif where == "feature":
        monkeypatch.setattr("vsseval.store.features._save", refuse)
    else:
        monkeypatch.setattr(atomic, "_put", refuse)
    arguments = ["run", "--model", "fake", "--benchmark", f"fake:{clips}", "--no-bounds", "--jobs", "1"]
    code = cli.invoke([*arguments, "--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store")])
    shown = capsys.readouterr()
    assert code == 4
    assert "no room left on the disk" in shown.err
    assert "Traceback" not in shown.err
    monkeypatch.undo()
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert run([spec(clips, tmp_path)])[0].clips == {"ok": 8}


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
        (("score", "{clips}/nowhere"), 2, "does not exist"),
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
    monkeypatch.setattr("vsseval.cli.suites.resolve", lambda _name: 1 / 0)
    assert cli.invoke(["run", "--model", "fake", "--suite", "all"]) == cli.BUG
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_ctrl_c_prints_the_command_that_resumes(clips, tmp_path, site):
    command = [sys.executable, "-m", "vsseval", *arguments(clips, "--no-bounds")]
    mark = tmp_path / "mark"
    env = environment(site, FAKE_SLOW="generate", FAKE_MARK=str(mark))
    process = subprocess.Popen(
        command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
