"""What is done is not done again, what failed is tried again, a full disk and a second process are told."""

import errno
import fcntl
import os

import msgspec
import pytest

from support.fake_plugin import make_clips, spec
from vsseval import cli, plugins
from vsseval.errors import Busy, EnvironmentFault
from vsseval.stages import generate as generate_module
from vsseval.stages.run import run
from vsseval.statistics.intervals import VERSION
from vsseval.store import atomic
from vsseval.store.record import find_runs, load_run, write_record

pytestmark = pytest.mark.usefixtures("site")


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

    def left(self, seconds):
        pass


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
    asked = spec(clips, tmp_path)
    run([asked])
    load, newer = plugins.load, msgspec.structs.replace(plugins.metric_spec("level@fake"), version="2")

    def renewed(kind, name):
        made = load(kind, name)
        return (lambda: type(made())(newer)) if name == "level@fake" else made

    monkeypatch.setattr(plugins, "load", renewed)
    (record,) = run([asked])
    assert record.metrics["level@fake"].version == "2"
    assert "version:2" in load_run(tmp_path / "runs" / record.id).cell("level@fake").signature


def test_intervals_by_older_rules_are_made_anew(clips, tmp_path):
    asked = spec(clips, tmp_path)
    (first,) = run([asked])
    audio = stamps(tmp_path / "runs" / first.id / "audio")
    older = {name: value for name, value in first.provenance.items() if name != "intervals"}
    write_record(tmp_path / "runs" / first.id, msgspec.structs.replace(first, provenance=older))
    (second,) = run([asked])
    assert second.provenance["intervals"] == VERSION
    assert f"|intervals:{VERSION}|" in load_run(tmp_path / "runs" / first.id).cell("level@fake").signature
    assert stamps(tmp_path / "runs" / first.id / "audio") == audio


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
    from support.fake_plugin import write_samples

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
    path = tmp_path / "runs" / ".locks" / f"{identity}.lock"
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
        monkeypatch.setattr("vsseval.store.pack_writer._write_all", refuse)
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
