"""Reported numbers: which faults a check finds, and that those of the repository are whole."""

from __future__ import annotations

import math
import re

import pytest
import yaml

from support.fake_plugin import ROOT
from support.leaderboards import ROW, faults, folder, written
from vsseval import plugins
from vsseval.cli import invoke
from vsseval.tables.cells import Block, Column
from vsseval.tables.reported import TRUST, citation, examine, read_reported, with_reported

__all__ = ["folder"]

OWN = ROOT / "leaderboards"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": "nan"}, "is no number"), ({"value": "inf"}, "is no number"), ({"value": ""}, "it has no value"),
        ({"value": "1,5"}, "value is '1,5', which is no number"), ({"plus_minus": "-1"}, "is no number"),
        ({"source": " "}, "source is empty"), ({"trust": "hearsay"}, "trust is 'hearsay'"),
        ({"task": "video"}, "task is 'video'"), ({"direction": "left"}, "direction is 'left'"),
        ({"n_clips": "0"}, "n_clips is 0"), ({"n_clips": "many"}, "n_clips is 'many'"),
        ({"name": "FD PaSST"}, "name is 'FD PaSST'"),
        ({"recipe": "avbench"}, "of a metric that has no name here"), ({"system": ""}, "system is empty"),
    ],
)  # fmt: skip
def test_faults_of_a_reported_number_are_found_with_their_line(folder, change, says):
    written(folder, ROW, {**ROW, "metric": "KL", **change})
    (fault,) = faults(folder)
    assert fault.startswith("line 3: ")
    assert says in fault


def test_a_number_reported_twice_other_columns_and_broken_lines_are_found(folder):
    written(folder, ROW, {**ROW, "value": "2"})
    assert faults(folder) == ["line 3: the same number as in line 2 (t, S, FAD)"]
    text = (folder / "reported.csv").read_text()
    (folder / "reported.csv").write_text(text + "too,few,fields\n")
    assert "line 4: it ought to have 20 fields" in faults(folder)
    (folder / "reported.csv").write_text(text.replace("trust", "believed"))
    assert "they ought to be table, task," in faults(folder)[0]


def test_rules_of_the_gate_are_checked_too(folder):
    (folder / "gates.toml").write_text('["mini_vtts"."wer@sphinx-grid"]\nmargin = -5\n')
    assert "is a width" in faults(folder)[0]


def test_no_folder_is_one_error(tmp_path, capsys):
    assert invoke(["leaderboard", "check", "--leaderboards", str(tmp_path / "none")]) == 2
    assert "Name another one with: --leaderboards DIR" in capsys.readouterr().err


# In tables


def column(metric, total=48):
    name, _, recipe = metric.partition("@")
    return Column(metric=metric, name=name, recipe=recipe, arrow="", unit="", decimals=2, total=total)


def block(*columns):
    return Block(
        benchmark="vggsound:mmaudio", version="1", task="v2s", clips=48, seed=0, limit=None, subset="", apart=(),
        columns=columns, rows=(), notes=(), unfinished=(), bold="",
    )  # fmt: skip


def quoted(folder, *changes):
    fields = {**ROW, "suite": "vggsound", "metric": "FD_PaSST", "name": "fd_passt"}
    written(folder, *({**fields, **change} for change in changes))
    rows, wrong = examine(folder / "reported.csv")
    assert wrong == []
    return rows


def notes_of(found, row, place=0):
    return [found.notes[number - 1] for number in found.rows[row].cells[place].notes]


def test_a_number_says_whether_it_was_measured_by_the_recipe_of_its_column(folder):
    rows = quoted(
        folder, {"recipe": "avbench", "n_clips": "48"}, {"table": "u", "recipe": "avbench", "n_clips": "15221"},
        {"table": "v"},
    )  # fmt: skip
    found = with_reported(block(column("fd_passt@avbench")), rows)
    assert notes_of(found, 0) == []
    (told,) = notes_of(found, 1)
    assert told.endswith("of 15,221 clips, the column of 48")
    (told,) = notes_of(found, 2)
    assert "does not say by which network, rate and average" in told
    (told,) = notes_of(with_reported(block(column("fd_passt@other")), rows), 0)
    assert "measured by fd_passt@avbench, the column by fd_passt@other" in told


def test_numbers_of_one_system_that_differ_from_table_to_table_stand_side_by_side(folder):
    three = [
        {"table": str(value), "recipe": "avbench", "system": "MMAudio", "value": value, "value_as_printed": value}
        for value in ("116.92", "60.60", "102.93")
    ]
    same = [
        {**three[0], "system": "Other", "table": name, "value": value}
        for name, value in (("a", "1.00"), ("b", "1.004"))
    ]
    found = with_reported(block(column("fd_passt@avbench")), quoted(folder, *three, *same))
    for row in range(3):
        assert notes_of(found, row) == ["3 tables print 60.60, 102.93, 116.92 for MMAudio"]
    assert notes_of(found, 3) == notes_of(found, 4) == []


# What the repository holds


def test_all_1660_reported_numbers_are_there_with_sources_and_trust(monkeypatch):
    rows, wrong = examine(OWN / "reported.csv")
    assert wrong == []
    assert (len(rows), len({row.table for row in rows})) == (1660, 82)
    assert {row.trust for row in rows} == set(TRUST)
    low = [row for row in rows if row.trust.startswith("secondary")]
    assert all("not checked against it" in citation(row) for row in low)
    assert not [row for row in rows if re.search(r"/(work|tmp|home)/|index id", row.source + row.notes)]
    mmaudio = {r.value for r in rows if r.system == "MMAudio" and r.suite == "vggsound" and r.name == "fd_passt"}
    assert {60.6, 102.93, 116.92} <= mmaudio
    vssflow = [row for row in rows if row.table.startswith("vssflow_")]
    assert vssflow
    assert all("numbers of v1 and v2 are another model's" in row.notes for row in vssflow)
    printed = [row for row in rows if re.fullmatch(r"-?\d+(\.\d+)?", row.value_as_printed)]
    assert len(printed) > 1200
    assert all(math.isclose(float(row.value_as_printed), row.value) for row in printed)
    assert read_reported(OWN / "reported.csv") == rows


def test_names_of_reported_numbers_and_suites_are_those_of_vsseval(monkeypatch):
    monkeypatch.undo()
    rows = read_reported(OWN / "reported.csv")
    assert {row.suite for row in rows} - {""} <= set(plugins.names("benchmarks"))
    names = {metric.partition("@")[0] for metric in plugins.names("metrics")}
    assert {row.name for row in rows} - {""} <= names
    assert {f"{row.name}@{row.recipe}" for row in rows if row.recipe} <= set(plugins.names("metrics"))


def test_the_own_folder_passes_the_check_that_a_pull_request_runs(monkeypatch, capsys):
    monkeypatch.undo()
    workflow = yaml.safe_load((ROOT / "docs/ci/leaderboard.yml").read_text())
    steps = workflow["jobs"]["check"]["steps"]
    (command,) = [step["run"] for step in steps if step.get("name") == "Check"]
    monkeypatch.chdir(ROOT)
    words = command.split()
    assert words[0] == "vsseval"
    assert invoke(words[1:]) == 0, capsys.readouterr().out
    assert f"```sh\n{command}\n" in (ROOT / "docs/leaderboard.md").read_text()
