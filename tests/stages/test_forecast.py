"""A plan says what is left and what it costs by what was measured; a trace says what each process did."""

import json

import msgspec
import pytest

from support.fake_plugin import spec
from vsseval.cli import invoke
from vsseval.cli.progress import Lines
from vsseval.cli.trace import lines
from vsseval.stages.catalog import Catalog
from vsseval.stages.forecast import forecast, rates_of, wall_seconds
from vsseval.stages.losses import Losses
from vsseval.stages.progress import NoProgress
from vsseval.stages.run import plan_runs, run
from vsseval.stages.time_left import TellingTimeLeft, TimeLeft
from vsseval.store.timings import Timing, command, keep, read_timings, timed, timings_path

pytestmark = pytest.mark.usefixtures("site")


def foretold(asked, timings=()):
    return forecast(plan_runs(asked, Catalog(), Losses(asked), NoProgress(), here=True), timings)


def counts(found):
    return {(one.stage, one.name): one.clips for one in found.work}


def test_what_is_left_is_counted_and_nothing_is_written(clips, tmp_path):
    found = foretold([spec(clips, tmp_path, metrics=("fd@fake", "level@fake"))])
    left = counts(found)
    assert left["generate", "fake"] == 8
    assert left["extract", "fake_level"] == 16  # eight references, and eight sounds that are not there yet
    assert left["score", "fd@fake"] == left["score", "level@fake"] == 8
    assert {one.processor for one in found.work} == {None}
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "store").exists()


def test_features_that_two_runs_need_are_counted_once(clips, tmp_path):
    asked = [spec(clips, tmp_path, metrics=("fd@fake",), model=name) for name in ("fake", "fake_own")]
    assert counts(foretold(asked))["extract", "fake_level"] == 24


def test_a_finished_run_leaves_nothing_and_a_begun_one_the_rest(clips, tmp_path):
    asked = spec(clips, tmp_path, metrics=("fd@fake",))
    (record,) = run([asked])
    done = foretold([asked])
    assert (done.finished, done.work) == (1, ())
    journal = tmp_path / "runs" / record.id / "shards" / "0000.jsonl"
    journal.write_bytes(b"\n".join(journal.read_bytes().splitlines()[:1]) + b"\n")
    (tmp_path / "runs" / record.id / "scores.parquet").unlink()
    left = counts(foretold([asked]))
    assert left["generate", "fake"] == 3
    assert left["extract", "fake_level"] == 3


def test_a_run_is_foretold_by_an_earlier_one(clips, tmp_path):
    (record,) = run([spec(clips, tmp_path, metrics=("fd@fake",), limit=4)])
    timings = read_timings(tmp_path / "store")
    assert {one.kind for one in timings} == {"stage", "model", "extractor", "metric", "aggregate"}
    found = foretold([spec(clips, tmp_path, metrics=("fd@fake",))], timings)
    assert found.unknown == []
    work = {(one.stage, one.name): one for one in found.work}
    measured = [one for one in timings if (one.kind, one.name) == ("model", "fake")]
    assert work["generate", "fake"].measured == sum(one.clips for one in measured) == 4
    assert work["generate", "fake"].written > 0
    assert all(one.peak > 0 for one in found.work if one.stage in {"generate", "extract"})
    assert record.clips == {"ok": 4}


def timing(name, processor, seconds, *, first=False, **more):
    fields = {"kind": "extractor", "start": 0.0, "wall": 9.0, "clips": 4, **more}
    return Timing(name=name, processor=processor, seconds=seconds, first=first, **fields)


def test_loading_is_told_apart_from_what_a_second_of_media_costs():
    timings = [timing("x", 12.0, 20.0, first=True), timing("x", 2.0, 20.0), timing("x", 4.0, 40.0)]
    rate = rates_of(timings, "cpu")["extractor", "x"]
    assert rate.per_second == pytest.approx(0.1)
    assert rate.load == pytest.approx(10.0)
    assert rate.clips == 12
    texts = rates_of([timing("t", 2.0, 0.0), timing("t", 2.0, 0.0)], "cpu")["extractor", "t"]
    assert (texts.per_clip, texts.per_second) == (pytest.approx(0.5), 0.0)


def test_on_a_device_the_clock_counts():
    timings = [timing("x", 2.0, 20.0), timing("x", 2.0, 18.0, device="cuda")]
    assert rates_of(timings, "cuda")["extractor", "x"].per_second == pytest.approx(0.5)
    assert rates_of(timings, "cpu")["extractor", "x"].per_second == pytest.approx(0.1)


def test_more_workers_share_the_extraction_and_not_the_loading(clips, tmp_path):
    timings = [timing("fake_level", 101.0, 4.0, first=True, clips=8), timing("fake_level", 1.0, 4.0, clips=8)]
    found = foretold([spec(clips, tmp_path, metrics=("fd@fake",))], timings)
    two, four = wall_seconds(found.work, 2), wall_seconds(found.work, 4)
    (work,) = [one for one in found.work if one.name == "fake_level"]
    assert work.load == pytest.approx(100.0)
    assert two - four == pytest.approx(work.processor / 4)
    assert four > 100


def test_a_torn_line_is_no_timing_and_an_old_half_goes(tmp_path, monkeypatch):
    for _ in range(4):
        with timed(tmp_path, "extractor", "x") as watch:
            watch.clips = 1
    with timed(tmp_path, "extractor", "nothing done"):
        pass
    path = timings_path(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"kind":"ext')
    size = path.stat().st_size
    assert [one.name for one in read_timings(tmp_path) if one.kind == "extractor"] == ["x"] * 4
    monkeypatch.setattr("vsseval.store.timings.KEPT", 100)
    assert 0 < len(read_timings(tmp_path)) < 5
    assert path.stat().st_size < size


def test_the_command_says_what_is_unknown_and_measures_it(clips, tmp_path, capsys):
    options = ["--model", "fake", "--benchmark", f"fake:{clips}", "--metric", "fd@fake", "--no-bounds", "--jobs", "1",
               "--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store")]  # fmt: skip
    assert invoke(["plan", *options]) == 0
    said = capsys.readouterr().out
    assert "1 runs, 0 of them finished" in said
    assert "Unknown, for nothing like it has run on this kind of processor: fake, " in said
    assert "unknown" in next(line for line in said.splitlines() if line.startswith("generate"))
    assert invoke(["plan", *options, "--measure", "--workers", "8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unknown"] == []
    assert set(found["seconds"]) == {"1", "8"}
    assert not (tmp_path / "runs").exists()


def test_a_trace_holds_every_process_and_each_kind_has_a_line(clips, tmp_path, capsys):
    options = ["--model", "fake", "--benchmark", f"fake:{clips}", "--metric", "fd@fake", "--no-bounds", "--jobs", "2",
               "--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store")]  # fmt: skip
    assert invoke(["run", *options, "--trace", str(tmp_path / "trace.json")]) == 0
    events = json.loads((tmp_path / "trace.json").read_bytes())["traceEvents"]
    assert {event["ph"] for event in events} == {"X"}
    assert {event["name"] for event in events} >= {"generate and extract", "score", "aggregate", "fake", "fake_level"}
    (command,) = {event["pid"] for event in events}
    assert {event["tid"] for event in events if event["name"] == "fake_level"} - {command}
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("stage generate and extract: 8 clips, ")]
    assert [line for line in said if line.startswith("extractor fake_level: 16 clips, ")]


def test_lines_name_the_costliest_first():
    done = [timing("a", 1.0, 0.0), msgspec.structs.replace(timing("b", 2.0, 0.0), wall=10.0), timing("a", 0.5, 0.0)]
    assert lines(done) == [
        "extractor a: 8 clips, 1.5 processor s, 18.0 s",
        "extractor b: 4 clips, 2.0 processor s, 10.0 s",
    ]


class Told:
    def __init__(self):
        self.said = []

    def advance(self, steps=1):
        self.said.append(steps)

    def left(self, seconds):
        self.said.append(seconds)


def test_the_time_left_follows_what_is_done_and_the_pace_of_the_machine(tmp_path, monkeypatch):
    """100 clips of a minute each at 0.1 s a second of media: 600 s, by two processes 300, on an idle machine."""
    now = [1000.0]
    monkeypatch.setattr("vsseval.stages.time_left.time.time", lambda: now[0])
    known = [timing("x", 60.0, 600.0, clips=10, first=True), timing("x", 60.0, 600.0, clips=10)]
    keep(tmp_path, known)
    units = {("extract", "extractor", "x"): (100, 6000.0), ("score", "metric", "m"): (100, 0.0)}
    left = TimeLeft(units, tmp_path, "cpu", workers=2)
    assert left.seconds() == pytest.approx(300.0), "of scores nothing is known, and nothing waits for them"
    assert TimeLeft({("extract", "extractor", "y"): (1, 1.0), **units}, tmp_path, "cpu", workers=2).seconds() is None
    keep(tmp_path, [timing("m", 1.0, 0.0, kind="metric", clips=100)])
    assert left.seconds() == pytest.approx(300.0 + 1.0)
    # half of it is done by this command, and it has taken twice as long as on an idle machine
    own = [timing("x", 60.0, 600.0, clips=10, start=1000.0 + 10 * place, command=command()) for place in range(5)]
    keep(tmp_path, own)
    now[0] += 300.0
    assert left.seconds() == pytest.approx(2 * (150.0 + 1.0))
    assert left.seconds() == pytest.approx(2 * (150.0 + 1.0)), "nothing is counted twice"
    keep(tmp_path, [msgspec.structs.replace(one, command=1) for one in own])
    assert left.seconds() == pytest.approx(2 * (150.0 + 1.0)), "what other commands do is not done here"


def test_the_time_left_is_told_now_and_then_and_not_at_every_step(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("vsseval.stages.time_left.time.monotonic", lambda: now[0])
    told = Told()
    watcher = TellingTimeLeft(told, lambda: 90.0)
    for step in (1.0, 3.0, 2.0, 4.0, 7.0):
        now[0] += step
        watcher.advance()
    assert told.said == [1, 1, 90.0, 1, 1, 90.0, 1]


def test_a_line_of_progress_says_how_much_is_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("vsseval.cli.progress.time.monotonic", lambda: now[0])
    shown = Lines()
    shown.stage("extract", 10)
    shown.left(200.0)
    now[0] += 3.0
    shown.advance(4)
    assert "extract: 4 of 10 (40%), about 3 min left in all" in capsys.readouterr().err
    shown.left(None)
    now[0] += 3.0
    shown.advance(2)
    assert capsys.readouterr().err == "  extract: 6 of 10 (60%)\n"
