"""What goes wrong with finished runs: another layout, edited or impossible cells, no clips, one clip, no spread."""

from __future__ import annotations

import json
import math
import re

import msgspec
import pytest

from support.synthetic_runs import CLAP, FAD, METRICS, WER, sealed, write_run, write_table
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.statistics.best import best_systems
from vsseval.store import record
from vsseval.store.record import find_runs, load_run
from vsseval.store.scores import read_scores, write_scores
from vsseval.tables.layout import blocks
from vsseval.tables.styles import STYLES
from vsseval.tables.table import render


def edited(path, change):
    """Change the cells of a run as an editor of text would."""
    file = path / "aggregates.json"
    cells = json.loads(file.read_text())
    for cell in cells:
        change(cell)
    file.write_text(json.dumps(cells))


def refusal(capsys, *arguments):
    """Run a command that is to be refused with one message and no traceback."""
    assert invoke([*map(str, arguments)]) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(("layout", "says"), [(4, "made by a newer one"), (99, "newer"), (1, "make it anew with: mv")])
@pytest.mark.parametrize("verb", ["table", "compare", "report"])
def test_a_run_of_another_layout_is_refused_before_it_is_read(tmp_path, capsys, layout, says, verb):
    good, other = write_run(tmp_path, "a", 0.2), write_run(tmp_path, "b", 0.2)
    # Nothing but the number of the layout need be as it is today.
    (other / "run.json").write_text(json.dumps({"schema": layout, "everything": "is elsewhere"}))
    named = {"table": [other], "compare": [good, other], "report": [other]}[verb]
    text = refusal(capsys, verb, *named)
    assert f"{other}/run.json has layout {layout}, this vsseval reads 3" in text
    assert says in text


def test_a_header_without_a_layout_is_damaged(tmp_path, capsys):
    path = write_run(tmp_path, "a", 0.2)
    (path / "run.json").write_text('{"id": "x"}')
    assert "is damaged: Object missing required field `schema`" in refusal(capsys, "table", path)


def test_edited_aggregates_are_said_to_be_and_never_ranked(tmp_path, capsys):
    paths = [*write_table(tmp_path).values()]
    assert invoke(["table", "--runs", str(tmp_path)]) == 0
    assert "warning" not in capsys.readouterr().err
    poor = next(path for path in paths if "poor" in path.name)

    def better(cell):
        cell.update(value=cell["value"] / 100, low=cell["low"] / 100, high=cell["high"] / 100)

    edited(poor, better)
    assert invoke(["table", "--runs", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert f"warning: {poor}/aggregates.json was changed after the run" in shown.err
    assert f"vsseval score {poor}" in shown.err
    (block,) = blocks(find_runs(tmp_path))
    assert not any(cell.best or cell.second for row in block.rows for cell in row.cells)
    for style in STYLES:
        text = re.sub(r"\s+", " ", render(find_runs(tmp_path), style).replace(r"\_", "_"))
        assert "was changed after the run: its sha256 begins with" in text, style


def test_a_finished_run_without_aggregates_has_a_row_that_says_so(tmp_path, capsys):
    write_run(tmp_path, "a", 0.2)
    lost = write_run(tmp_path, "b", 0.2)
    (lost / "aggregates.json").unlink()
    assert invoke(["table", "--runs", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert f"warning: {lost}/aggregates.json is not there. Make it anew with: vsseval score {lost}" in shown.err
    (block,) = blocks(find_runs(tmp_path))
    assert [cell.value for cell in block.rows[1].cells] == [None] * 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": None}, "status ok, but no value"),
        ({"status": "failed"}, "status failed, but the value"),
        ({"n": 25}, "n = 25 of N = 24"),
        ({"n": -1}, "n = -1 of N = 24"),
        ({"low": 3.0, "high": 2.0}, "its interval runs from 3 to 2"),
    ],
)
def test_impossible_cells_are_refused(tmp_path, capsys, change, says):
    path = write_run(tmp_path, "a", 0.2)
    edited(path, lambda cell: cell.update(change))
    text = refusal(capsys, "table", path)
    assert says in text
    assert f"vsseval score {path}" in text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-Infinity"])
@pytest.mark.parametrize("field", ["value", "se", "low", "macro"])
def test_what_is_no_number_in_aggregates_is_refused(tmp_path, capsys, number, field):
    path = write_run(tmp_path, "a", 0.2)
    file = path / "aggregates.json"
    file.write_text(re.sub(rf'"{field}": [^,\n]+', f'"{field}": {number}', file.read_text(), count=1))
    assert f"{file} is damaged" in refusal(capsys, "table", path)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_is_no_number_in_scores_is_one_error_where_clips_are_compared(tmp_path, capsys, number):
    paths = [write_run(tmp_path, name, bad, metrics=(WER, CLAP)) for name, bad in (("a", 0.1), ("b", 0.5))]
    rows = read_scores(paths[1] / "scores.parquet")
    rows[3] = msgspec.structs.replace(rows[3], value=number)
    write_scores(paths[1] / "scores.parquet", rows)
    sealed(paths[1])
    assert "no number" in refusal(capsys, "compare", *paths)
    # The table takes its numbers from the aggregates; what cannot be compared clip by clip is not ranked.
    assert invoke(["table", "--runs", str(tmp_path)]) == 0
    (block,) = blocks(find_runs(tmp_path))
    ranked = [[cell.best for cell in row.cells] for row in block.rows]
    assert [column.metric for column in block.columns] == [WER.id, CLAP.id]
    assert ranked == [[True, False], [False, False]]


def test_one_clip_has_a_value_without_an_interval_and_no_best(tmp_path):
    for name, badness in (("a", 0.1), ("b", 0.5)):
        write_run(tmp_path, name, badness, clips=1, metrics=(WER, CLAP))
    (block,) = blocks(find_runs(tmp_path))
    assert {(cell.n, cell.total, cell.half) for row in block.rows for cell in row.cells} == {(1, 1, None)}
    assert not any(cell.best for row in block.rows for cell in row.cells)
    for style in STYLES:
        text = render(find_runs(tmp_path), style)
        assert "nan" not in text.lower().replace("nanos", "")
        assert f"{block.rows[0].cells[1].value:.3f}" in text


def test_where_all_clips_failed_there_are_dashes_a_reason_and_their_number(tmp_path):
    write_run(tmp_path, "a", 0.1, metrics=METRICS[1:])
    write_run(tmp_path, "dead", 0.1, metrics=METRICS[1:], failed=range(24))
    (block,) = blocks(find_runs(tmp_path))
    dead = block.rows[1]
    assert {(cell.status, cell.value, cell.n, cell.total) for cell in dead.cells} == {("failed", None, 0, 24)}
    assert [block.notes[note - 1] for note in dead.cells[0].notes] == ["every clip failed"]
    assert not any(cell.best for row in block.rows for cell in row.cells)
    for style in STYLES:
        text = render(find_runs(tmp_path), style)
        assert ("failed" if style == "csv" else "every clip failed") in text


def test_no_spread_is_an_interval_of_no_width_and_a_clear_difference(tmp_path):
    def equal(path, value):
        rows = [msgspec.structs.replace(row, value=value) for row in read_scores(path / "scores.parquet")]
        write_scores(path / "scores.parquet", rows)
        edited(path, lambda cell: cell.update(value=value, low=value, high=value, se=0.0))
        sealed(path)

    for name, value in (("a", 0.5), ("b", 0.25), ("c", 0.25)):
        equal(write_run(tmp_path, name, 0.2, metrics=(CLAP,)), value)
    (block,) = blocks(find_runs(tmp_path))
    assert [(row.cells[0].half, row.cells[0].best, row.cells[0].second) for row in block.rows] == [
        (0.0, True, False), (0.0, False, False), (0.0, False, False),
    ]  # fmt: skip
    assert "0.500 ±0.000*" in render(find_runs(tmp_path))


def test_the_baseline_of_a_comparison_may_lack_the_metric(tmp_path, capsys):
    a, b = write_run(tmp_path, "a", 0.1), write_run(tmp_path, "b", 0.5, metrics=(CLAP,))
    assert f"{WER.id} was not measured in {b.name}" in refusal(capsys, "compare", a, b, "--metric", WER.id)


def test_two_hundred_models_fit_one_table_in_every_style(tmp_path):
    source = write_run(tmp_path, "model_000", 0.3, metrics=(WER, FAD))
    header, cells = (source / "run.json").read_text(), (source / "aggregates.json").read_bytes()
    for i in range(1, 200):
        path = tmp_path / f"run-{i:03d}"
        path.mkdir()
        (path / "run.json").write_text(header.replace("model_000", f"model_{i:03d}"))
        (path / "aggregates.json").write_bytes(cells)
    runs = find_runs(tmp_path)
    (block,) = blocks(runs)
    assert len(block.rows) == 200
    assert block.bold == "intervals"
    for style in STYLES:
        text = render(runs, style).replace(r"\_", "_")
        assert all(text.count(f"model_{i:03d}") >= 1 for i in range(200)), style
    assert "longtable" in render(runs, "latex")
    assert max(map(len, render(runs, width=80).splitlines())) <= 80


def test_names_cannot_break_lines_or_colour_the_terminal(tmp_path):
    odd = "a\nb\r\x1b[31mred\x07\u200b|<i>&\\end{tabular}"
    write_run(tmp_path, "plain", 0.1, metrics=(CLAP,))
    path = write_run(tmp_path, "odd", 0.3, metrics=(CLAP,), note=f"note {odd}")
    made = load_run(path).record
    model = msgspec.structs.replace(made.model, name=odd)
    spec = msgspec.structs.replace(made.spec, model=odd)
    card = msgspec.structs.replace(made.benchmark, name=f"set {odd}")
    record.write_record(path, msgspec.structs.replace(made, model=model, spec=spec, benchmark=card))
    for style in STYLES:
        text = render(find_runs(tmp_path), style)
        assert "\x1b" not in text, style
        assert "\x07" not in text, style
        assert "<i>&" not in text.replace("&amp;", "") or style not in {"html", "markdown"}, style
    latex = render(find_runs(tmp_path), "latex")
    assert latex.count(r"\end{tabular}") == latex.count(r"\begin{tabular}")


def test_an_edited_run_is_no_rival_and_no_winner(tmp_path):
    runs = [load_run(write_run(tmp_path, name, bad)) for name, bad in (("a", 0.1), ("b", 0.4), ("c", 0.7))]
    assert best_systems(runs, CLAP).best is runs[0]
    assert best_systems(runs, CLAP).second is runs[1]
    edited(runs[0].path, lambda cell: cell.update(value=cell["value"] - 0.001))
    again = [load_run(run.path) for run in runs]
    assert again[0].problem
    assert best_systems(again, CLAP).best is again[1]


def test_damaged_files_are_errors_with_the_way_out(tmp_path):
    path = write_run(tmp_path, "a", 0.2)
    (path / "aggregates.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(UsageError, match="is damaged"):
        load_run(path)
    (path / "run.json").write_bytes(b"")
    with pytest.raises(UsageError, match="is damaged"):
        load_run(path)
