"""Published numbers against measured ones: the answers, what is needed, and the whole command in a fresh folder."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from support.leaderboards import ROW
from vsseval import media
from vsseval.cli import invoke
from vsseval.statistics.reproduction import Published, judge
from vsseval.tables.reported import FIELDS


def published(printed="10.0", **more):
    return Published(value=float(printed), printed=printed, recipe_known=True, **more)


def test_the_same_number_and_one_within_the_interval_are_reproduced():
    same = judge(published(), 10.04, None, None, 100, 100, "")
    assert (same.answer, same.why) == ("reproduced", "the same to what is printed")
    near = judge(published(), 11.0, 9.5, 12.5, 100, 100, "")
    assert (near.answer, near.difference, near.low, near.high) == ("reproduced", 1.0, -0.5, 2.5)


def test_a_number_outside_is_not_reproduced_only_where_all_that_the_source_says_is_met():
    far = (15.0, 14.0, 16.0)
    assert judge(published(), *far, 100, 100, "").answer == "not reproduced"
    assert judge(published(clips=100), *far, 100, 100, "").answer == "not reproduced"
    unknown = Published(value=10.0, printed="10.0")
    assert judge(unknown, *far, 100, 100, "").answer == "cannot tell"
    assert judge(published(), *far, 99, 100, "").answer == "cannot tell"
    assert judge(published(clips=527), *far, 100, 100, "").answer == "cannot tell"
    assert judge(published(), 15.0, None, None, 100, 100, "").answer == "cannot tell"


@pytest.mark.parametrize(("clips", "whole"), [(3, 15_221), (3, 4)])
def test_a_few_clips_never_reproduce_a_number_of_all(clips, whole):
    found = judge(published(), 10.0, 5.0, 15.0, clips, whole, "")
    assert found.answer == "cannot tell"
    assert f"{clips} of {whole:,} clips" in found.why


def test_nothing_measured_says_what_is_lacking():
    found = judge(published(), None, None, None, 0, 0, "the weights passt are not here")
    assert (found.answer, found.why, found.difference) == ("cannot tell", "the weights passt are not here", None)


@pytest.mark.parametrize(("printed", "rounding"), [("12", 0.5), ("12.3", 0.05), ("-.04", 0.005), ("3.50±0.10", 0.005)])
def test_how_a_number_was_rounded(printed, rounding):
    assert Published(value=1.0, printed=printed).rounding == pytest.approx(rounding)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Twelve videos with sound, and a system's sounds for them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "data"))
    random = np.random.default_rng(0)
    (tmp_path / "out").mkdir()
    (tmp_path / "clips").mkdir()
    for index in range(12):
        tone = 0.2 * np.sin(2 * np.pi * 200 * (index + 1) * np.arange(80000) / 16000)
        noise = random.normal(0, 0.05, 80000)
        media.write_mp4(tmp_path / f"clips/c{index}.mp4", np.zeros((10, 32, 32, 3), np.uint8), 2.0, tone, 16000)
        media.write_wav(tmp_path / f"out/c{index}.wav", (tone + noise).astype(np.float32), 16000)
    return tmp_path


def quote(folder, *changes):
    fields = {"suite": "folder", "system": "Some-System 2", "name": "fad", "recipe": "logmel"}
    with (folder / "reported.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, restval="")
        writer.writeheader()
        writer.writerows({**ROW, **fields, **change} for change in changes)


def asked(capsys, *more):
    arguments = ["reproduce", "some_system_2", "--reported-from", "reported.csv", "--jobs", "1", "--json", *more]
    code = invoke(arguments)
    return code, json.loads(capsys.readouterr().out)


def test_the_whole_command_measures_and_answers(here, capsys):
    quote(here, {"value": "1e9", "value_as_printed": "1000000000"})
    code, found = asked(capsys, "--outputs", "out", "--benchmark", "folder:clips")
    (number,) = found["numbers"]
    assert (code, number["answer"]) == (1, "not reproduced"), number["why"]
    value = 1e9 + number["difference"]
    # Without the sounds, the run that is there is not taken for another system's.
    quote(here, {"value": f"{value:.3f}", "value_as_printed": f"{value:.3f}"})
    assert asked(capsys)[0] == 3
    code, found = asked(capsys, "--outputs", "out", "--benchmark", "folder:clips")
    assert (code, found["numbers"][0]["answer"]) == (0, "reproduced")
    assert found["numbers"][0]["run"]
    quote(here, {"value": f"{value:.3f}", "value_as_printed": f"{value:.3f}", "n_clips": "15221"})
    code, found = asked(capsys, "--outputs", "out", "--benchmark", "folder:clips")
    assert (code, found["numbers"][0]["answer"]) == (3, "cannot tell")
    assert "12 of 15,221 clips" in found["numbers"][0]["why"]


def test_an_archive_with_other_names_keeps_n_and_is_no_answer(here, capsys):
    for path in (here / "out").iterdir():
        path.rename(path.with_name(f"generated-{path.name}"))
    quote(here, {})
    code, found = asked(capsys, "--outputs", "out", "--benchmark", "folder:clips")
    assert (code, found["numbers"][0]["answer"]) == (3, "cannot tell")


def test_what_is_needed_is_listed_for_a_published_system(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "data"))
    assert invoke(["reproduce", "vta_ldm", "--runs", str(tmp_path / "runs"), "--json"]) == 3
    needs = json.loads(capsys.readouterr().out)["needs"]
    kinds = {need["kind"]: need for need in needs}
    assert "github.com/ariesssxu/vta-ldm" in kinds["sounds"]["what"]
    assert "vsseval data add vggsound" in kinds["list"]["what"]
    assert "foley_omni_vggsound" in kinds["recipe"]["what"]
    assert any("fd_passt@avbench" in need["what"] for need in needs)


def test_the_last_line_counts_numbers_and_says_what_is_lacking(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "weights"))
    assert invoke(["reproduce", "mmaudio", "--runs", str(tmp_path / "runs")]) == 3
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(
        "21 numbers: 0 reproduced, 0 not reproduced, 21 cannot tell. Not here: its sounds; 3 of its benchmarks;"
    )
    for weights in ("imagebind", "laion_clap", "passt", "synchformer", "vggish"):
        assert weights in last


def test_a_system_of_which_nothing_is_published_is_one_error(capsys):
    assert invoke(["reproduce", "MMAudioo"]) == 2
    assert "Near it are: MMAudio" in capsys.readouterr().err
