"""Flags of a run are seen in the table, the report, the gate and the leaderboard; copies are not ranked."""

from __future__ import annotations

import json

import pytest

from support.leaderboards import faults, folder  # noqa: F401
from support.synthetic_runs import WER, sealed, write_run
from vsseval.cli import invoke
from vsseval.leaderboard.entries import read_entry
from vsseval.records import Flag, Flags
from vsseval.statistics.flagged import sentences, unranked
from vsseval.store.record import find_runs, load_run, write_flags
from vsseval.tables.layout import blocks

COPIES = tuple(Flag(kind="copy", clip=f"clip{i:02d}", seed=0, value=0.99, other=f"clip{i:02d}") for i in range(24))
SAID = "Flagged: 24 of 24 sounds are references of the benchmark (clip00 0.99, clip01 0.99, clip02 0.99, …)"


def flagged(path, *found, covered=1.0):
    write_flags(path, Flags(sounds=24, covered=covered, found=found))
    return sealed(path)


@pytest.fixture
def runs(tmp_path):
    flagged(write_run(tmp_path / "runs", "cheat", 0.0), *COPIES)
    write_run(tmp_path / "runs", "honest", 0.2)
    write_run(tmp_path / "runs", "poor", 0.8)
    return tmp_path / "runs"


def test_a_copy_has_the_best_numbers_a_note_and_no_star(runs, capsys):
    (block,) = blocks(find_runs(runs))
    rows = {row.label: row for row in block.rows}
    wer = [column.metric for column in block.columns].index(WER.id)
    assert rows["cheat"].cells[wer].value < rows["honest"].cells[wer].value
    assert not any(cell.best or cell.second for cell in rows["cheat"].cells)
    assert rows["honest"].cells[wer].best
    assert [block.notes[note - 1] for note in rows["cheat"].notes] == [f"{SAID}; the system is not ranked."]
    assert invoke(["table", "--runs", str(runs)]) == 0
    assert SAID in " ".join(capsys.readouterr().out.split())


def test_the_report_names_the_clips(runs, tmp_path):
    assert invoke(["report", "--runs", str(runs), "-o", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "<h3>Flags</h3>" in page
    assert "clip23 0.99" in page


def test_the_gate_takes_more_flags_than_the_baseline_has_for_a_regression(tmp_path, capsys):
    (tmp_path / "gates.toml").write_text('["*"."wer@toy"]\nmargin = 50.0\n')
    base = write_run(tmp_path / "base", "m", 0.2)
    run = flagged(write_run(tmp_path / "runs", "m", 0.2), *COPIES[:3])
    command = ["gate", str(run), "--against", str(base), "--margins", str(tmp_path / "gates.toml")]
    assert invoke(command) == 1
    assert "regression  sounds copy: 3 of 24 sounds are references of the benchmark" in capsys.readouterr().out
    flagged(base, *COPIES[:3])
    assert invoke(command) == 0
    assert "passed      sounds copy" in capsys.readouterr().out


def test_a_record_holds_them_and_they_cannot_be_taken_out(runs, folder, capsys):
    cheat = next(run for run in find_runs(runs) if run.record.spec.model == "cheat")
    assert invoke(["leaderboard", "add", str(cheat.path)]) == 0
    path = folder / "records" / f"{cheat.path.name}.json"
    assert read_entry(path)[0].flags.found == COPIES
    assert faults(folder) == []
    assert invoke(["leaderboard", "build", "-o", str(runs / "site")]) == 0
    assert "are references of the benchmark" in (runs / "site/index.html").read_text()
    capsys.readouterr()
    plain = json.loads(path.read_text())
    plain["flags"]["found"] = []
    path.write_text(json.dumps(plain))
    assert "its flags are not those of the run: their sha256 is another one" in faults(folder)


def test_what_chance_flags_is_said_and_ranked(tmp_path):
    one = Flags(sounds=24, covered=0.5, unseen=2, found=(COPIES[0],))
    assert not unranked(one)
    assert sentences(one) == [
        "1 of 24 sounds are references of the benchmark (clip00 0.99)",
        "on average 50 % of a clip is covered",
        "2 sounds could not be looked at",
    ]
    assert load_run(write_run(tmp_path, "x", 0.2)).flags == Flags(sounds=24, covered=1.0)
