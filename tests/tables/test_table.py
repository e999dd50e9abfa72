"""The table in its four styles: what is shown, what is kept apart, and that nothing is cut."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from dataclasses import replace

import msgspec
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from support.synthetic_runs import CLAP, DESYNC, FAD, METRICS, WER, sealed, write_run, write_table
from vsseval.cli.table import command
from vsseval.errors import UsageError
from vsseval.store.record import find_runs, load_run, write_aggregates, write_record
from vsseval.tables.cells import Cell, Column
from vsseval.tables.layout import blocks
from vsseval.tables.styles import STYLES
from vsseval.tables.table import render
from vsseval.tables.text import DASH, value_and_spread
from vsseval.text.escaping import latex as escape_latex

LATER = "2026-06-01T00:00:00Z"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    write_table(root, subsets=True)
    write_run(root, "partial", 0.5, failed=(3, 4), note="trained on 24 clips", noise_seed=7, subsets=True)
    write_run(root, "audio:/a/very/long/path/to/finished_sounds", 0.5, metrics=METRICS[:2], noise_seed=8)
    return root


def test_rows_are_systems_by_name_then_bounds_from_best_to_worst(runs):
    (block,) = blocks(find_runs(runs))
    labels = [row.label for row in block.rows]
    assert labels[1:] == ["good", "partial", "poor", "reference", "shuffled", "noise", "silence"]
    assert [row.bound for row in block.rows] == [False] * 4 + [True] * 4
    assert [column.metric for column in block.columns] == [m.id for m in METRICS]


def test_cells_are_in_displayed_units_with_half_of_the_interval(runs):
    (block,) = blocks(find_runs(runs))
    good = next(run for run in find_runs(runs) if run.record.model.name == "good")
    cell = next(row for row in block.rows if row.label == "good").cells[3]
    stored = good.cell("wer@toy")
    assert cell.value == pytest.approx(100 * stored.value)
    assert cell.half == pytest.approx(50 * (stored.high - stored.low))


def test_only_a_clear_best_is_marked(runs, tmp_path):
    (block,) = blocks(find_runs(runs))
    best = {row.label for row in block.rows for cell in row.cells if cell.best}
    assert best == {"good"}
    rival = load_run(write_run(tmp_path, "rival", 0.15, noise_seed=40))
    (block,) = blocks([*find_runs(runs), rival])
    assert not [row for row in block.rows if row.cells[1].best]


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("colour", [False, True])
def test_the_terminal_table_fits_and_nothing_is_cut(runs, width, colour):
    text = render(find_runs(runs), "terminal", width=width, colour=colour)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(cell_len(line) for line in plain.splitlines()) <= width
    assert plain.count("22/24") == 4
    for name in ("fad ↓", "clap_score ↑", "desync ↓ s ‡", "wer ↓ %", "N=24", "@toy", "trained on 24 clips"):
        assert name in plain
    assert "…" not in plain.replace("audio:/a/…/finished_sounds", "")
    assert ("\x1b[1m" in text) == colour


def test_a_metric_that_fails_the_bounds_is_marked_and_explained_in_every_style(tmp_path):
    write_table(tmp_path, clips=80)
    for style in ("terminal", "markdown"):
        text = " ".join(render(find_runs(tmp_path), style).split())
        assert "† desync@toy does not separate reference from shuffled here" in text
        assert "not seen, although 80 clips show 0.1" in text
        assert "‡" not in text
    assert r"$^\dagger$ desync@toy does not separate" in render(find_runs(tmp_path), "latex")


def test_few_clips_make_a_doubt_and_no_flag(runs):
    for style in ("terminal", "markdown"):
        text = " ".join(render(find_runs(runs), style).split())
        assert "‡ Does the metric separate reference from its bounds here? desync@toy: shuffled, cannot tell" in text
        assert "†" not in text
    assert r"$^\ddagger$ Does the metric separate" in render(find_runs(runs), "latex")
    assert '<span class="flag">‡</span>' in render(find_runs(runs), "html")


def test_a_bound_that_outdoes_a_system_by_a_metric_that_never_claimed_it_has_the_reason(tmp_path):
    claims = {m.id: msgspec.structs.replace(m, expected_to_separate=("noise", "silence")) for m in (FAD, CLAP)}
    for place, (name, badness) in enumerate({"ours": 0.6, "reference": 0.0, "shuffled": 0.1, "noise": 0.9}.items()):
        path = write_run(tmp_path, name, badness, metrics=(FAD, CLAP), noise_seed=place)
        write_record(path, msgspec.structs.replace(load_run(path).record, metrics=claims))
    (block,) = blocks(find_runs(tmp_path))
    said = {row.label: [" ".join(block.notes[n - 1] for n in cell.notes) for cell in row.cells] for row in block.rows}
    assert "fad@toy compares sets of clips, and shuffled is the references' own set" in said["shuffled"][0]
    assert said["shuffled"][1].startswith("clap_score@toy does not claim to tell shuffled from reference")
    assert {text for name, texts in said.items() if name != "shuffled" for text in texts} == {""}


def lopsided(root):
    """Two runs of one metric, one with an interval whose arms are 0.04 and 0.02, one with equal arms."""
    for name, low in (("even", 0.48), ("odd", 0.46)):
        path = write_run(root, name, 0.2, metrics=(DESYNC,))
        (cell,) = load_run(path).aggregates
        write_aggregates(path, [msgspec.structs.replace(cell, value=0.5, low=low, high=0.52)])
        sealed(path)
    return find_runs(root)


@pytest.mark.parametrize("style", [style for style in STYLES if style != "csv"])
def test_an_interval_with_unequal_arms_is_shown_by_its_ends_and_an_even_one_as_half(tmp_path, style):
    text = render(lopsided(tmp_path), style)
    shown = text.replace(r"$\pm$", "±").replace("± ", "±").replace("--", DASH).replace("\\", "")
    assert "±0.02" in shown
    assert f"[0.46{DASH}0.52]" in shown
    assert "±0.03" not in shown


def test_csv_keeps_half_and_ends_of_every_interval(tmp_path):
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(render(lopsided(tmp_path), "csv")))}
    names = ("desync@toy half", "desync@toy low", "desync@toy high")
    assert [rows["odd"][name] for name in names] == ["0.030", "0.460", "0.520"]


@pytest.mark.parametrize(
    ("value", "low", "high", "ends"),
    [(0.5, 0.4, 0.6, False), (0.5, 0.4, 0.639, False), (0.5, 0.4, 0.65, True), (0.0, 0.0, 0.2, True),
     (0.0, 0.0, 0.0, False), (0.5, 0.4994, 0.5002, False), (0.5, 0.6, 0.7, True)],
)  # fmt: skip
def test_arms_that_differ_by_more_than_two_fifths_and_in_the_digits_shown_are_unequal(value, low, high, ends):
    cell = Cell(status="ok", value=value, low=low, high=high)
    column = Column(metric="m@x", name="m", recipe="x", arrow="", unit="", decimals=2, total=1)
    assert value_and_spread(cell, column, "half")[1].startswith("[") == ends
    assert value_and_spread(cell, column, "ends")[1].startswith("[")


def test_an_interval_that_is_missing_has_its_reason_in_a_note(tmp_path):
    write_run(tmp_path, "a", 0.2, clips=1, metrics=(WER,))
    (block,) = blocks(find_runs(tmp_path))
    (cell,) = block.rows[0].cells
    assert [block.notes[n - 1] for n in cell.notes] == ["no interval: one cluster"]
    assert "¹ no interval: one cluster" in render(find_runs(tmp_path), "markdown")


def test_missing_cells_are_dashes_with_a_reason(runs):
    text = render(find_runs(runs), "markdown")
    assert f"{DASH} ¹" in text
    assert "¹ not asked for in this run" in text
    assert "² trained on 24 clips" in text


def test_csv_reads_back_with_numbers_and_counts(runs):
    rows = list(csv.DictReader(io.StringIO(render(find_runs(runs), "csv", signatures=True))))
    partial = next(row for row in rows if row["model"] == "partial")
    assert (partial["wer@toy n"], partial["wer@toy N"], partial["kind"]) == ("22", "24", "system")
    assert float(partial["wer@toy low"]) < float(partial["wer@toy"]) < float(partial["wer@toy high"])
    assert partial["wer@toy signature"].startswith("metric:wer@toy|")
    audio = next(row for row in rows if row["model"].startswith("audio:"))
    assert (audio["wer@toy"], audio["wer@toy status"]) == ("", "missing")


def cells(line):
    """Count the cells of a row of a tabular; one that spans several counts as these."""
    spans = [int(n) for n in re.findall(r"\\multicolumn\{(\d+)\}", line)]
    return len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans) - len(spans)


def test_latex_is_escaped_and_balanced(runs):
    text = render(find_runs(runs), "latex", signatures=True)
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert not re.search(r"(?<!\\)([_#]|%.)", "\n".join(body))
    assert text.count(r"\begin{") == text.count(r"\end{")
    rows = [line for line in body if line.endswith(r"\\") and "&" in line]
    assert {cells(line) for line in rows} == {1 + 2 * 4}
    assert escape_latex(r"a_b & 50% \x{}~^") == (
        r"a\_b \& 50\% \textbackslash{}x\{\}\textasciitilde{}\textasciicircum{}"
    )


def unescaped(text):
    """Take LaTeX's escapes of a signature back."""
    return text.replace(r"\textbar\allowbreak{}", "|").replace(r"\_", "_")


def test_signatures_are_printed_whole_on_demand(runs):
    for style in STYLES:
        signed = unescaped(render(find_runs(runs), style, signatures=True))
        assert "metric:fad@toy|version:1|bench:toy_joint-1.0|manifest:1a2b3c4d|x:toy-1-9f8e7d6c|sr:16000" in signed
        if style != "html":  # where they stand in the tips
            assert "metric:fad@toy|" not in unescaped(render(find_runs(runs), style))


def test_subsets_are_blocks_of_their_own(runs):
    found = blocks(find_runs(runs), subsets=True)
    assert [block.subset for block in found] == ["", "seen", "unseen"]
    assert {column.total for column in found[1].columns} == {12}
    assert "toy_joint 1.0 · unseen" in render(find_runs(runs), subsets=True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bench_version": "1.1"}, "version 1.1 (above: 1.0)"),
        ({"manifest": "f" * 64}, "manifest ffffffff (above: 1a2b3c4d)"),
        ({"seed": 1}, "seed 1 (above: 0)"),
        ({"limit": 8}, "limit 8 (above: none)"),
        ({"extractor": "toy-2-00000000"}, "wer@toy, x: "),
        ({"metrics": (msgspec.structs.replace(WER, version="2"),)}, "wer@toy, version: "),
    ],
)
def test_what_cannot_be_compared_never_shares_a_block(tmp_path, options, says):
    for name in ("a", "b"):
        write_run(tmp_path, name, 0.2)
    write_run(tmp_path, "c", 0.4, created=LATER, **options)
    found = blocks(find_runs(tmp_path))
    assert sorted(tuple(row.label for row in block.rows) for block in found) == [("a", "b"), ("c",)]
    assert any(says in reason for reason in found[1].apart)


def test_the_newest_finished_run_of_a_model_is_shown_and_unfinished_ones_are_named(tmp_path):
    write_run(tmp_path, "a", 0.9, metrics=(DESYNC,))
    newer = write_run(tmp_path, "a", 0.1, metrics=(DESYNC,), created=LATER)
    open_run = write_run(tmp_path, "b", 0.1, status="generated")
    (block,) = blocks(find_runs(tmp_path))
    assert [row.run for row in block.rows] == [newer.name]
    assert block.unfinished == (f"{open_run.name} (generated)",)
    assert open_run.name in render(find_runs(tmp_path), width=200)


def test_two_weights_of_one_model_are_two_rows_with_telling_names(tmp_path):
    from vsseval.store import record

    for digit, created in (("a", LATER), ("b", "2026-07-01T00:00:00Z")):
        path = write_run(tmp_path, "vssflow", 0.2, created=created)
        made = record.load_run(path).record
        model = msgspec.structs.replace(made.model, weights=digit * 64)
        record.write_record(path, msgspec.structs.replace(made, model=model))
    (block,) = blocks(find_runs(tmp_path))
    assert [row.label for row in block.rows] == ["vssflow 1 aaaaaaaa", "vssflow 1 bbbbbbbb"]


def test_the_command(runs):
    shown = CliRunner().invoke(command, ["--runs", str(runs)])
    assert shown.exit_code == 0, shown.output
    assert "toy_joint 1.0" in shown.output
    found = json.loads(CliRunner().invoke(command, ["--runs", str(runs), "--json"]).output)
    assert found[0]["rows"][1]["cells"][3]["status"] == "ok"
    one = next(path for path in runs.iterdir() if "good" in path.name)
    alone = CliRunner().invoke(command, [str(one), "--style", "csv"])
    assert len(alone.output.splitlines()) == 2


def test_records_without_scores_are_ranked_by_their_intervals_and_distances_in_pairs(tmp_path):
    for path in write_table(tmp_path).values():
        (path / "scores.parquet").unlink()
    # as a leaderboard has them: what is not there was never promised
    (block,) = blocks(replace(run, broken={}) for run in find_runs(tmp_path))
    assert len(block.rows) == 6
    assert block.bold == "distances"
    good, poor = block.rows[0].cells[1], block.rows[1].cells[1]
    assert good.best
    assert good.low > poor.high
    assert not any(column.flag for column in block.columns)


def test_a_metric_that_could_not_be_had_has_a_column_with_the_reason(tmp_path):
    from vsseval.records import Aggregate
    from vsseval.store import record

    path = write_run(tmp_path, "a", 0.2)
    lost = Aggregate(metric="clap_score@big", status="missing", n=0, total=24, missing=24, reason="no big.pt")
    record.write_aggregates(path, [*record.load_run(path).aggregates, lost])
    sealed(path)
    text = render(find_runs(tmp_path), "markdown")
    assert "clap_score@big (N=24)" in " ".join(text.split())
    assert "¹ no big.pt" in text


def test_no_runs_is_an_error_that_says_how_to_make_some(tmp_path):
    refused = CliRunner().invoke(command, ["--runs", str(tmp_path)])
    assert isinstance(refused.exception, UsageError)
    assert "vsseval run" in str(refused.exception)
    with pytest.raises(UsageError):
        render([], "terminal")


def test_no_such_style_is_an_error(runs):
    with pytest.raises(UsageError, match="choose terminal, markdown, latex, html, csv, typst"):
        render(find_runs(runs), "word")


def test_thousands_of_runs_do_not_crawl(tmp_path, monkeypatch):
    source = write_run(tmp_path, "m", 0.2, metrics=(WER,))
    header, cells = (source / "run.json").read_text(), (source / "aggregates.json").read_bytes()
    for i in range(1000):
        path = tmp_path / f"copy-{i:04d}"
        path.mkdir()
        (path / "run.json").write_text(header.replace('"created": "2026', f'"created": "{3000 + i}'))
        (path / "aggregates.json").write_bytes(cells)
    monkeypatch.setattr("vsseval.statistics.run_cache.read_frame", None)  # The scores are not to be read.
    start = time.process_time()
    (block,) = blocks(find_runs(tmp_path))
    assert time.process_time() - start < 4.0  # About 0.3 s on an idle core.
    assert [row.run for row in block.rows] == ["copy-0999"]


def test_micro_and_macro_rates_stand_side_by_side(tmp_path):
    root = write_run(tmp_path, "good", 0.5)
    stored = json.loads((root / "aggregates.json").read_text())
    for cell in stored:
        if cell["metric"] == "wer@toy":
            cell["macro"] = 0.125
    (root / "aggregates.json").write_text(json.dumps(stored))
    for style in ("terminal", "markdown", "latex"):
        assert "macro (mean of clips): good 12.5" in re.sub(r"\s+", " ", render(find_runs(tmp_path), style))
    (row,) = csv.DictReader(io.StringIO(render(find_runs(tmp_path), "csv")))
    assert float(row["wer@toy macro"]) == pytest.approx(12.5)
    assert row["desync@toy macro"] == ""
