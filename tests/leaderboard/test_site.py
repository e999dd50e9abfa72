"""The site of the leaderboard: one page without network, one board a task, every row opens, nothing is mixed."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil

import pytest

from support.browser import CHROMIUM, REASON, browser
from support.fake_plugin import ROOT
from support.report_pages import parse
from support.synthetic_runs import METRICS, write_table
from vsseval.cli import invoke
from vsseval.leaderboard.board_csv import board_csv
from vsseval.leaderboard.entries import read_entry
from vsseval.leaderboard.sources import source_link
from vsseval.tables.reported import read_reported


def boards_of(text):
    """Return the boards in a page by task."""
    found = re.findall(r'<script type="application/json" data-task="(\w+)"[^>]*>(.*?)</script>', text, re.DOTALL)
    return {task: json.loads(data) for task, data in found}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of six records on two benchmarks and all reported numbers."""
    root = tmp_path_factory.mktemp("site")
    folder = root / "leaderboards"
    folder.mkdir()
    shutil.copy(ROOT / "leaderboards/reported.csv", folder)
    runs = [*write_table(root / "runs", subsets=True).values()]
    runs += write_table(root / "runs", benchmark="toy_v2s", metrics=METRICS[:2]).values()
    place = ["--leaderboards", str(folder)]
    assert invoke(["leaderboard", "add", *map(str, runs), *place]) == 0
    assert invoke(["leaderboard", "build", "-o", str(root / "out"), *place]) == 0
    return root / "out"


@pytest.fixture(scope="module")
def boards(site):
    return boards_of((site / "index.html").read_text())


def rows_of(boards):
    return [row for board in boards.values() for row in board["rows"]]


def test_it_needs_no_network_and_no_file_but_its_own(site, boards):
    text = (site / "index.html").read_text()
    assert parse(text).fetched == [f"{task}.csv" for task in boards]  # links for readers without scripts
    assert not re.search(r"@import|url\(|<script src", text)
    assert "default-src 'none'" in text
    links = [href for row in rows_of(boards) for _, href in row["links"]]
    local = [href for href in links if not href.startswith("https://")]
    assert len(set(local)) == 24
    assert all((site / link).is_file() for link in local)


def test_reports_are_made_from_the_records_and_say_what_these_cannot_hold(site):
    """A page for each record, with its numbers, signatures and intervals; no clips, and no claim that none failed."""
    for record in sorted((site / "records").glob("*.json")):
        entry, _ = read_entry(record)
        text = (site / "reports" / f"{entry.id}.html").read_text()
        assert parse(text).fetched == []
        assert all(cell.signature in html.unescape(text) for cell in entry.aggregates if cell.signature)
        assert text.count("<figure>") == len({cell.metric for cell in entry.aggregates if cell.value is not None})
        assert "Made from an accepted record" in text
        assert "<h3>Failures</h3>" not in text
        assert "data-bench" not in text


def test_a_task_has_one_board_and_measured_and_reported_never_share_a_column(boards):
    assert list(boards) == ["v2s", "vtts", "joint", "a2v", "classifier", "oracle"]
    kinds = {}
    for task, board in boards.items():
        columns = {column["key"]: column["kind"] for column in board["columns"]}
        for row in board["rows"]:
            kinds.setdefault((task, row["suite"], row["part"], row["kind"]), []).append(row["system"])
            for key in row["cells"]:
                assert columns[key] == ("reported" if row["kind"] == "reported" else "measured")
    for part in ("", "seen", "unseen"):
        assert sorted(kinds["joint", "toy_joint", part, "measured"]) == ["good", "poor"]
        assert sorted(kinds["joint", "toy_joint", part, "bound"]) == ["noise", "reference", "shuffled", "silence"]
    assert sorted(kinds["joint", "toy_v2s", "", "measured"]) == ["good", "poor"]


def test_every_row_has_an_address_of_its_own_and_what_is_known_of_it(boards):
    rows = rows_of(boards)
    assert len({row["id"] for row in rows}) == len(rows)
    measured = next(row for row in rows if row["system"] == "good" and row["suite"] == "toy_joint" and not row["part"])
    assert any("metric:wer@toy|version:1|bench:toy_joint-1.0" in line for line in measured["signatures"])
    assert ["packages", "numpy 2.0"] in measured["facts"]
    reported = [row for row in rows if row["kind"] == "reported"]
    assert all(["signature", "none: it was not measured with vsseval"] in row["facts"] for row in reported)
    assert all(dict(row["facts"])["trust"] for row in reported)


def test_every_reported_number_is_there_as_it_was_printed_and_in_the_csv(site, boards):
    rows = read_reported(ROOT / "leaderboards/reported.csv")
    shown = [
        (board["task"], row["source"], row["system"], cell["text"], cell["value"])
        for board in boards.values() for row in board["rows"] if row["kind"] == "reported"
        for cell in row["cells"].values()
    ]  # fmt: skip
    wanted = [(row.task, row.source, row.system_as_printed, row.value_as_printed, row.value) for row in rows]
    assert sorted(shown) == sorted(wanted)
    lines = [
        line for task in boards for line in csv.DictReader((site / f"{task}.csv").read_text().splitlines())
        if line["kind"] == "reported"
    ]  # fmt: skip
    assert sorted((line["source"], line["printed"]) for line in lines) == sorted(
        (row.source, row.value_as_printed) for row in rows
    )


def test_measured_numbers_are_those_of_the_records(site, boards):
    lines = list(csv.DictReader((site / "joint.csv").read_text().splitlines()))
    for record in sorted((site / "records").glob("*.json")):
        entry, _ = read_entry(record)
        mine = {(line["metric"], line["part"]): line for line in lines if line["row"].startswith(entry.id)}
        values = [cell for cell in entry.aggregates if cell.value is not None]
        assert len(mine) == len(values)
        for cell in values:
            scale = entry.run.metrics[cell.metric].scale
            assert float(mine[cell.metric, cell.subset]["value"]) == pytest.approx(cell.value * scale, rel=1e-9)
            assert mine[cell.metric, cell.subset]["N"] == str(cell.total)


def test_the_best_is_marked_among_measured_ones_only(boards):
    places = {row["kind"] for row in rows_of(boards) for cell in row["cells"].values() if cell.get("place")}
    assert places == {"measured"}


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ('a-b/C.d@df7b005 README.md, table "X"', "https://github.com/a-b/C.d/blob/df7b005/README.md"),
        ("a/b@c25b688 docs/index.md", "https://github.com/a/b/blob/c25b688/docs/index.md"),
        ("a/b README.md, an earlier version", "https://github.com/a/b/blob/HEAD/README.md"),
        ("public GitHub note on the paper of X (arXiv:2604.15923)", "https://arxiv.org/abs/2604.15923"),
        ("microsoft/fadtk, scores of its test samples", "https://github.com/microsoft/fadtk"),
        ("public GitHub note on the paper", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_sources_have_addresses(source, address):
    assert source_link(source) == address


def test_a_formula_is_no_formula_in_csv():
    column = {"key": "reported x", "head": "=x()", "kind": "reported", "unit": "", "arrow": ""}
    cell = {"value": -1.5, "text": "-1.5", "n": 3}
    row = {"id": "r", "kind": "reported", "system": "@SUM(A1)", "suite": "s", "part": "", "source": "+1", "link": "",
           "cells": {"reported x": cell}}  # fmt: skip
    line = next(csv.DictReader(board_csv({"columns": [column], "rows": [row]}).splitlines()))
    assert (line["system"], line["metric"], line["source"]) == ("'@SUM(A1)", "'=x()", "'+1")
    assert (line["value"], line["n"]) == ("-1.5", "3")


def test_without_records_it_says_how_to_add_one(tmp_path, capsys):
    folder = tmp_path / "leaderboards"
    folder.mkdir()
    assert invoke(["leaderboard", "build", "-o", str(tmp_path / "out"), "--leaderboards", str(folder)]) == 0
    assert "vsseval leaderboard add RUN" in (tmp_path / "out/index.html").read_text()
    assert "0 records, 0 reported numbers" in capsys.readouterr().out


def test_a_faulty_folder_is_not_built(tmp_path, capsys):
    folder = tmp_path / "leaderboards"
    (folder / "records").mkdir(parents=True)
    (folder / "records/x.json").write_text("{")
    assert invoke(["leaderboard", "build", "-o", str(tmp_path / "out"), "--leaderboards", str(folder)]) == 2
    assert "vsseval leaderboard check" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


needs_browser = pytest.mark.skipif(not CHROMIUM, reason=REASON)
SYSTEMS = "[...document.querySelectorAll('.board tbody tr:not(.more) .open')].map((b) => b.textContent)"
CHOOSE = "(() => {{ const s = document.querySelector('{}'); s.value = '{}'; s.dispatchEvent(new Event('{}')); }})()"


@needs_browser
def test_filters_and_sorting_are_in_the_address(site, boards, tab):
    tab.open(site / "index.html", "#task=joint&kind=measured&suite=toy_joint&sort=wer@toy")
    assert tab.ask(SYSTEMS)[:3] == ["reference", "good", "poor"]
    tab.ask("document.querySelector('button[data-key=\"wer@toy\"]').click()")
    assert tab.ask(SYSTEMS)[-1] == "reference"
    assert "sort=-wer@toy" in tab.ask("location.hash")
    tab.ask(CHOOSE.format("select[name=part]", "all", "change"))
    assert len(tab.ask(SYSTEMS)) == 18
    tab.ask(CHOOSE.format("input[name=system]", "poor", "input"))
    assert tab.ask(SYSTEMS) == ["poor"] * 3
    tab.ask(CHOOSE.format("input[name=system]", "nobody of this name", "input"))
    assert tab.ask("document.querySelector('.empty').textContent") == "Nothing here is of that kind."
    tab.open(site / "index.html", "#task=v2s&kind=reported&suite=vggsound")
    wanted = [row for row in boards["v2s"]["rows"] if row["suite"] == "vggsound"]
    assert sorted(tab.ask(SYSTEMS)) == sorted(row["system"] for row in wanted)
    tab.open(site / "index.html", "#task=joint&suite=toy_joint&columns=wer@toy,fad@toy")
    assert tab.ask("document.querySelectorAll('.board thead th').length") == 5
    assert (tab.logged, tab.fetched) == ([], [])


@needs_browser
def test_a_row_has_an_address_that_opens_it(site, boards, tab):
    row = next(row for row in boards["v2s"]["rows"] if row["link"].startswith("https://github.com/"))
    tab.open(site / "index.html", f"#task=v2s&row={row['id']}")
    assert tab.ask("document.querySelectorAll('.more').length") == 1
    assert tab.ask("document.querySelector('.more').previousElementSibling.id") == row["id"]
    assert tab.ask("document.querySelector('.more .links a').getAttribute('href')") == row["link"]
    box = "document.querySelector('.opened').getBoundingClientRect()"
    assert tab.ask(f"{box}.top > 0 && {box}.bottom < innerHeight")
    tab.ask("document.querySelector('.opened .open').click()")
    assert tab.ask("document.querySelectorAll('.more').length") == 0
    assert "row=" not in tab.ask("location.hash")


@needs_browser
def test_what_is_shown_can_be_taken_as_csv(site, tab):
    tab.open(site / "index.html", "#task=joint&kind=measured&suite=toy_joint&sort=wer@toy&columns=wer@toy")
    tab.ask(
        "window.taken = new Promise((done) => { const real = URL.createObjectURL; "
        "URL.createObjectURL = (blob) => { blob.text().then(done); return real(blob); }; }); "
        "document.querySelector('button.plain').click(); null"
    )
    lines = list(csv.DictReader(tab.ask("window.taken").splitlines()))
    assert [line["system"] for line in lines][:3] == ["reference", "good", "poor"]
    assert set(lines[0]) == {"system", "suite", "part", "kind", "source", "link", "wer@toy %"}


@needs_browser
@pytest.mark.parametrize("address", ["#task=v2s", "#task=joint", "#task=vtts"])
def test_paper_of_a4_holds_every_column(site, tab, address):
    tab.open(site / "index.html", address)
    found = tab.on_paper()
    assert found["tables"] == 1
    assert found["beyond"] == []
    assert re.findall(rb"/MediaBox \[0 0 (\d+)", tab.pdf())[0] in {b"841", b"842"}


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(400, False), (1000, True), (1600, False)])
def test_it_fits_every_width(site, tab, width, dark):
    tab.open(site / "index.html", width=width, dark=dark)
    assert tab.ask("document.documentElement.scrollWidth") <= width
    assert (tab.logged, tab.fetched) == ([], [])
