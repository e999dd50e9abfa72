"""vsseval calibrate: verdicts on curves of known shape, and the whole command on a few clips."""

from __future__ import annotations

import msgspec
import pytest

from support.synthetic_runs import CLAP, DESYNC, WER, write_run
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.faults import FAULTS
from vsseval.report.calibration import section, sheet
from vsseval.statistics.calibration import calibrate, calibrations, curve
from vsseval.statistics.compare import compare
from vsseval.store.record import load_run, read_record, write_record
from vsseval.tables.sheet import terminal

METRICS = (CLAP, DESYNC, WER)
NOISE = FAULTS["noise"].levels[0]


def runs_of(folder, badness, **options):
    """The recordings, and one run for each model name with its badness."""
    found = []
    for place, (name, how) in enumerate({"reference": 0.0, **badness}.items()):
        path = write_run(folder, name, how, noise_seed=place, metrics=METRICS, **options)
        record = read_record(path)
        write_record(path, msgspec.structs.replace(record, model=msgspec.structs.replace(record.model, name=name)))
        found.append(load_run(path))
    return found


def noise(values):
    return {FAULTS["noise"].model(level): value for level, value in zip(NOISE, values, strict=False)}


def only(found, metric):
    (curve,) = (curve for curve in found.curves if curve.metric == metric)
    return curve


def test_a_metric_that_falls_level_by_level_sees(tmp_path):
    found = calibrate(runs_of(tmp_path, noise([0.0, 0.0, 0.2, 0.4, 0.6, 0.8])))
    for metric in ("clap_score@toy", "wer@toy", "desync@toy"):
        curve = only(found, metric)
        assert curve.verdict == "seen", curve.reason
        assert [point.level for point in curve.points] == list(NOISE)
        assert curve.detected_from == 20
        assert all(point.n == point.total == 24 for point in curve.points)
    assert found.flags() == {}


SEEN = {FAULTS["clipped"].model(36): 0.9}
"""A fault that every metric sees."""


def test_a_metric_that_stays_does_not_see_where_it_moves_by_another_fault(tmp_path):
    found = calibrate(runs_of(tmp_path, noise([0.0] * 6) | SEEN, clips=120))
    stays, moves = (curve for curve in found.curves if curve.metric == "clap_score@toy")
    assert (stays.verdict, stays.detected_from, moves.verdict) == ("not seen", None, "seen")
    assert stays.answer.least == pytest.approx(0.1 * (moves.reference.value - moves.points[0].value), rel=1e-6)
    assert stays.answer.power > 0.8
    assert "at -10 dB not seen, although 120 clips show 0.0" in stays.reason
    assert found.flags() == {}
    assert "not seen" in terminal(sheet(found), width=100, colour=False)


def test_few_clips_cannot_tell_and_say_how_many_would(tmp_path):
    found = calibrate(runs_of(tmp_path, noise([0.0] * 6) | SEEN, clips=12))
    stays = next(curve for curve in found.curves if curve.metric == "clap_score@toy")
    assert stays.verdict == "cannot tell"
    assert stays.answer.clips >= 58  # 29 clusters of two
    text = terminal(sheet(found), width=100, colour=False).replace("\N{NO-BREAK SPACE}", " ")
    assert f"? {stays.answer.clips}" in text


def test_no_interval_is_no_verdict_against_a_metric(tmp_path):
    found = calibrate(runs_of(tmp_path, noise([0.0, 0.9]), clips=2))
    curve = only(found, "clap_score@toy")
    assert curve.verdict == "cannot tell"
    assert "no interval: one cluster" in curve.reason
    assert found.flags() == {}
    assert "no interval" in found.doubts()["clap_score@toy"]


def test_a_metric_that_sees_nothing_is_flagged_where_that_is_shown(tmp_path):
    reference, *levels = runs_of(tmp_path, noise([0.0] * 6), clips=400)
    found = calibrate([reference, *levels])
    assert only(found, "clap_score@toy").verdict == "not seen"
    assert found.flags()["clap_score@toy"] == "it sees none of these faults, although these clips would have shown it"


def test_a_metric_that_turns_back_is_not_monotone(tmp_path):
    found = calibrate(runs_of(tmp_path, noise([0.1, 0.3, 0.5, 0.7, 0.2, 0.8])))
    curve = only(found, "clap_score@toy")
    assert curve.verdict == "not monotone"
    assert "better at 0 dB than at 10 dB" in curve.reason
    assert "noise is not monotone" in found.flags()["clap_score@toy"]


def test_a_step_back_that_is_a_trifle_does_not_count(tmp_path):
    reference, mild, severe = runs_of(tmp_path, noise([0.7, 0.2]))
    assert curve_of(reference, {40: mild, 30: severe}, least=0.0).verdict == "not monotone"
    assert curve_of(reference, {40: mild, 30: severe}, least=1.0).verdict == "seen"


def curve_of(reference, found, least):
    against = {level: compare(reference, run, [CLAP.id])[0] for level, run in found.items()}
    return curve(reference, found, CLAP, "noise", "dB", against, least)


def test_small_steps_back_within_chance_are_no_fault(tmp_path):
    found = calibrate(runs_of(tmp_path, noise([0.2, 0.4, 0.399, 0.6, 0.598, 0.8])))
    assert only(found, "wer@toy").verdict == "seen"


def test_a_level_without_numbers_is_passed_over(tmp_path):
    every = range(24)
    runs = runs_of(tmp_path / "a", noise([0.1, 0.3]))
    bare = runs_of(tmp_path / "b", {FAULTS["noise"].model(-10): 0.9}, failed=every)
    found = calibrate([*runs, bare[1]])
    curve = only(found, "clap_score@toy")
    assert curve.points[-1].value is None
    assert curve.points[-1].n == 0
    assert curve.verdict == "seen"
    lost = calibrate([runs[0], bare[1]])
    assert only(lost, "clap_score@toy").verdict == "unmeasured"
    assert lost.flags()["clap_score@toy"].endswith("to compare with the recordings: every clip failed")


def test_a_signed_fault_has_two_arms(tmp_path):
    shift = FAULTS["shift"]
    badness = {shift.model(level): abs(level) / 2 for levels in shift.levels for level in levels}
    found = calibrate(runs_of(tmp_path, badness))
    arms = [curve for curve in found.curves if curve.metric == "desync@toy"]
    assert [arm.points[-1].level for arm in arms] == [-2.0, 2.0]
    assert all(arm.verdict == "seen" for arm in arms)
    text = terminal(sheet(found), width=100, colour=False)
    assert "-0.2 s" in text.replace("\N{NO-BREAK SPACE}", " ")


def test_nothing_to_calibrate_says_how(tmp_path):
    reference, *_ = runs_of(tmp_path / "a", {})
    with pytest.raises(UsageError, match="vsseval calibrate"):
        calibrate([reference])
    assert calibrations([reference]) == []


def test_benchmarks_and_seeds_stand_apart(tmp_path):
    first = runs_of(tmp_path / "a", noise([0.2, 0.5]))
    second = runs_of(tmp_path / "b", noise([0.2, 0.5]), seed=1, benchmark="other")
    found = calibrations([*first, *second])
    assert [(one.benchmark, one.seed) for one in found] == [("toy_joint", 0), ("other", 1)]


def test_the_section_of_the_report_has_a_plot_for_every_cell(tmp_path):
    shown = section(calibrate(runs_of(tmp_path, noise([0.1, 0.3, 0.5, 0.7, 0.2, 0.8]))))
    assert shown["kinds"] == ["noise"]
    assert len(shown["rows"]) == len(METRICS)
    for row in shown["rows"]:
        (plot,) = row["plots"]
        assert plot["svg"].startswith("<svg")
        assert plot["verdict"]
    assert any(row["flag"] for row in shown["rows"])


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (["mini_v2s", "--fault", "nose"], "there is no fault 'nose'"),
        (["mini_v2s", "--fault", "words_dropped"], "one of speech"),
        (["nowhere"], "there is no benchmark 'nowhere'"),
    ],
)
def test_what_cannot_be_calibrated_is_one_message(tmp_path, capsys, monkeypatch, asked, why):
    monkeypatch.undo()
    assert invoke(["calibrate", *asked, "--runs", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_command_and_its_section_in_the_report(tmp_path, capsys, monkeypatch):
    monkeypatch.undo()
    runs, store = tmp_path / "runs", tmp_path / "store"
    places = ["--runs", str(runs), "--store", str(store), "--jobs", "1"]
    asked = ["calibrate", "mini_v2s", "--limit", "6", "--fault", "shift", "--metric", "desync@onset", *places]
    assert invoke(asked) == 0
    printed = capsys.readouterr().out
    assert "mini_v2s 1.0, 6 clips (limit 6), seed 0" in printed
    assert "desync@onset" in printed
    assert invoke([*asked, "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["curves"][0]["kind"] == "shift"
    assert invoke(["run", "--model", "silence", "--benchmark", "mini_v2s", "--limit", "2", "--no-bounds", *places]) == 0
    target = tmp_path / "report.html"
    assert invoke(["report", "--runs", str(runs), "--no-media", "-o", str(target)]) == 0
    page = target.read_text()
    assert 'id="calibration"' in page
    assert "desync@onset under shift" in page
