"""The site of the leaderboard: one page without network, every row opens, measured and reported never mixed."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from support.fake_plugin import ROOT
from support.synthetic_runs import METRICS, write_table
from vsseval.cli import invoke
from vsseval.leaderboard.entries import read_entry
from vsseval.tables.reported import read_reported


class Page(HTMLParser):
    """Collects sections with their kind and rows, links and anything that would be fetched."""

    def __init__(self):
        super().__init__()
        self.sections, self.links, self.fetched, self.stack, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in {"meta", "link", "input", "br"}:
            self.stack.append(tag)
        if tag == "section":
            self.sections.append({**found, "rows": [], "more": 0})
        if tag == "tr" and "data-system" in found:
            self.sections[-1]["rows"].append(found["data-system"])
        if tag == "tr" and found.get("class") == "more":
            self.sections[-1]["more"] += 1
        if tag == "a":
            self.links.append(found["href"])
        self.fetched += [found[name] for name in ("src", "srcset", "action") if found.get(name)]
        if tag == "link":
            self.fetched.append(found["href"])

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


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


@pytest.fixture
def page(site):
    found = Page()
    found.feed((site / "index.html").read_text())
    assert found.stack == []
    return found


def test_it_needs_no_network_and_no_file_but_its_own(site, page):
    assert page.fetched == ["data:,"]
    text = (site / "index.html").read_text()
    assert not re.search(r"@import|url\(|<script src|https?://(?!www\.w3\.org)", text)
    assert "default-src 'none'" in text
    assert len(page.links) == 24
    assert all((site / link).is_file() for link in page.links)
    assert {link.split("/")[0] for link in page.links} == {"records", "reports"}


def test_reports_are_made_from_the_records_and_say_what_these_cannot_hold(site):
    """A page for each record, with its numbers, signatures and intervals; no clips, and no claim that none failed."""
    for record in sorted((site / "records").glob("*.json")):
        entry, _ = read_entry(record)
        text = (site / "reports" / f"{entry.id}.html").read_text()
        found = Page()
        found.feed(text)
        assert (found.stack, found.fetched, found.links[0]) == ([], ["data:,"], "#s0")
        assert all(cell.signature in html.unescape(text) for cell in entry.aggregates if cell.signature)
        assert text.count("<figure>") == len({cell.metric for cell in entry.aggregates if cell.value is not None})
        assert "Made from an accepted record" in text
        assert "<h3>Failures</h3>" not in text
        assert '<article class="clip' not in text


def test_every_row_opens_its_record_and_measured_and_reported_never_share_a_table(page):
    measured = [section for section in page.sections if section["data-kind"] == "measured"]
    assert [(section["data-suite"], len(section["rows"])) for section in measured] == [("toy_joint", 6), ("toy_v2s", 6)]
    reported = [section for section in page.sections if section["data-kind"] == "reported"]
    assert len(reported) == 81
    assert all(section["more"] == len(section["rows"]) > 0 for section in page.sections)
    text = "".join(page.text)
    assert "metric:wer@toy|version:1|bench:toy_joint-1.0" in text
    assert "none: it was not measured with vsseval" in text
    assert "numpy 2.0" in text


def test_it_can_be_filtered_by_task_suite_and_kind(site, page):
    text = (site / "index.html").read_text()
    for name in ("task", "suite", "kind", "system"):
        assert f'name="{name}"' in text
    tasks = set(re.findall(r'<option value="(\w+)">', text))
    assert {section["data-task"] for section in page.sections} <= tasks
    rows = read_reported(ROOT / "leaderboards/reported.csv")
    assert {row.suite or row.benchmark for row in rows} <= {section["data-suite"] for section in page.sections}


def test_every_reported_number_is_there_as_it_was_printed(page):
    text = "".join(page.text)
    for row in read_reported(ROOT / "leaderboards/reported.csv"):
        assert row.value_as_printed in text
        assert row.source in text


def test_the_best_is_marked_among_measured_ones_only(site):
    text = (site / "index.html").read_text()
    measured, _, reported = text.partition('<section class="quoted"')
    assert "value best" in measured
    assert "value best" not in reported
    assert "overlaps no other system" in text


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


SCRIPT = """
const form = document.getElementById("filters").elements;
const pick = (name, value) => {
  form[name].value = value;
  form[name].dispatchEvent(new Event("input", { bubbles: true }));
};
const seen = (what) => [...document.querySelectorAll(what)].filter((e) => e.offsetParent !== null).length;
const said = [];
pick("kind", "measured");
said.push(seen("main > section"), seen("main > section.quoted"));
document.querySelector("button.open").click();
said.push(seen("tr.more"));
const table = document.querySelector("table.sortable");
const first = () => [...table.tBodies[0].rows].map((r) => r.dataset.system).filter(Boolean).join("+");
const head = table.tHead.rows[table.tHead.rows.length - 1].cells[1].querySelector("button");
head.click();
said.push(first());
head.click();
said.push(first(), table.tBodies[0].rows[0].nextElementSibling.className);
pick("system", "nobody of this name");
said.push(seen("main > section"), seen("#nothing"));
pick("system", "");
pick("kind", "reported");
pick("suite", "vggsound");
said.push(seen("main > section:not(.quoted)"), seen("main > section.quoted") > 5);
document.body.dataset.said = said.join(" ");
"""


@pytest.mark.skipif(not shutil.which("chromium"), reason="no browser here: apt-get install chromium")
def test_filters_sorting_and_rows_work_in_a_browser(site, tmp_path):
    text = (site / "index.html").read_text()
    page = site / "driven.html"
    page.write_text(text.replace("</body>", f"<script>{SCRIPT}</script></body>"))
    command = [
        "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom",
        page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    said = re.search(r'data-said="([^"]*)"', done.stdout)
    assert said, done.stderr[-2000:]
    assert said[1].split() == ["2", "0", "1", "good+poor", "poor+good", "more", "0", "1", "0", "true"]
