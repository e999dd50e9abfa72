"""Whatever strangers write, no output acts on what shows it."""

import json
import re
import xml.etree.ElementTree as ET

import click
import pytest
from click.testing import CliRunner
from hypothesis import Phase, example, given, settings

from support.hostile_text import ALL, PIECES, acts_in_a_page, acts_on_a_terminal, formulas, texts
from vsseval.leaderboard.leaderboard import _page
from vsseval.report.figures import forest_plot, svg
from vsseval.statistics.gate_verdict import Check, Verdict
from vsseval.tables.cells import Block, Cell, Column, Row
from vsseval.tables.gate import github_annotations, plain
from vsseval.tables.gate import markdown as gate_markdown
from vsseval.tables.junit import junit
from vsseval.tables.sheet import Line, Sheet
from vsseval.tables.sheet import markdown as sheet_markdown
from vsseval.tables.sheet import terminal as sheet_terminal
from vsseval.tables.table import render_blocks
from vsseval.text import escaping, saying

few = settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.generate), database=None)


def block(text, other="x"):
    """Return a table in which every text is a stranger's."""
    columns = tuple(
        Column(
            metric=f"{text}@{other}",
            name=text,
            recipe=other,
            arrow="↓",
            unit=text,
            decimals=2,
            total=2,
            description=text,
            flag=text,
            doubt=other,
            head=other,
        )
        for _ in range(2)
    )
    cells = tuple(
        Cell(
            status="ok",
            value=-0.5,
            low=-0.6,
            high=-0.3,
            n=1,
            total=2,
            notes=(1,),
            signature=f"{text}|a:{other}",
            method=text,
            macro=0.1,
        )
        for _ in columns
    )
    rows = tuple(Row(label=text, bound=bound, run=other, cells=cells, notes=(2,)) for bound in (False, True))
    return Block(
        benchmark=text,
        version=other,
        task="v2s",
        clips=2,
        seed=0,
        limit=None,
        subset=text,
        apart=(text,),
        columns=columns,
        rows=rows,
        notes=(text, other),
        unfinished=(text,),
        bold="paired",
        remarks=(text,),
        of=text,
    )


def verdict(text):
    kinds = ("regression", "incomplete", "unproven", "passed")
    checks = tuple(Check(name=text, metric=text, status=kind, message=text) for kind in kinds)
    return Verdict(benchmark=text, model=text, run=text, baseline=text, ungated=(text,), checks=checks)


@given(texts, texts)
@few
def test_tables_act_on_nothing(text, other):
    made = [block(text, other)]
    for signatures in (False, True):
        said = {
            style: render_blocks(made, style, signatures=signatures)
            for style in ("terminal", "markdown", "latex", "csv", "typst", "html")
        }
        for style in ("terminal", "markdown", "csv", "typst"):
            assert not acts_on_a_terminal(said[style]), style
        assert not acts_on_a_terminal(render_blocks(made, "terminal", colour=True), colour=True)
        assert not formulas(said["csv"])
        assert not acts_in_a_page(said["html"])
        assert not re.search(r"(?<!\\textbackslash\{\})\\(input|write)", said["latex"])
        assert not [line for line in said["latex"].splitlines() if line.strip().startswith("::")]
        rows = [line for line in said["markdown"].partition("```")[0].splitlines() if line.startswith("|")]
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
        assert not re.search(r"(?<!\\)<(script|img)", said["markdown"].partition("```")[0])
        outside = re.sub(r'"(\\.|[^"\\])*"', "", said["typst"])
        assert "eval" not in outside
        assert outside.count('"') == 0


@given(texts)
@few
def test_the_gate_says_what_it_says(text):
    verdicts = [verdict(text)]
    assert not acts_on_a_terminal(escaping.terminal(plain(verdicts)))
    lines = github_annotations(verdicts)
    assert len(lines) == 3
    for line in lines:
        assert line.startswith("::error title=")
        assert len(line.splitlines()) == 1
        assert not acts_on_a_terminal(line.removeprefix("::error"))
    comment = gate_markdown(verdicts)
    assert not acts_on_a_terminal(comment)
    assert not re.search(r"(?<!\\)<(script|img)", re.sub(r"(?<!\\)`[^`]*`", "", comment))
    assert not re.search(r"(?<![\w`])@\w", re.sub(r"(?<!\\)`[^`]*`", "", comment))
    ET.fromstring(junit(verdicts).encode())


@given(texts)
@example("https://user:secret@host/x\x1b]52;c;cm0gLXJm\x07\x00  ::add-mask::1+1https://user:secret@host/x")
@few
def test_sheets_act_on_nothing(text):
    made = Sheet(
        above=(text,), heads=(text, text), lines=(Line((text, text)), Line((text, text), clear=False)), below=(text,)
    )
    for colour in (False, True):
        assert not acts_on_a_terminal(sheet_terminal(made, width=80, colour=colour), colour=colour)
    assert not acts_on_a_terminal(sheet_markdown(made))


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("text", ["mine$^$x", "$", "$$", "\\$x$", ALL])
def test_plots_draw_names_as_they_are(text):
    made = block(text)
    drawn = svg(forest_plot(made, made.columns[0]), f"{text} \\1 \\g<0>")
    assert not acts_in_a_page(drawn)
    ET.fromstring(drawn)
    if text == "mine$^$x":
        assert "mine$^$x" in drawn


@given(texts)
@few
def test_json_says_the_same(text):
    data = {text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"): [text.replace("\ud800", "")]}
    plain_json = json.dumps(data, ensure_ascii=False, indent=1)
    safe = escaping.json_text(plain_json)
    assert json.loads(safe) == data
    assert not [found for found in acts_on_a_terminal(safe) if found != "secret"]


@given(texts)
@few
def test_what_is_said_is_seen_and_done_by_nobody(text):
    @click.command()
    def command():
        saying.say(f"before {text}\n{text}")
        saying.say(text, err=True)
        console = saying.console(width=200, force_terminal=True, color_system="standard")
        console.print(text, style="bold", markup=False)
        console.print(f"a {text}", markup=False)

    done = CliRunner().invoke(command)
    assert done.exit_code == 0, done.exception
    assert not acts_on_a_terminal(done.output, colour=True)


def test_lines_and_tabs_and_letters_stay():
    for text in ("a\n\tb", "naïve Ψ 模型 🎵 e\u0301", "10\N{NO-BREAK SPACE}dB", "a::b", "std::vector", "# [x]"):
        assert escaping.terminal(text) == text
    assert escaping.terminal("\x1b[31mred") == r"\x1b[31mred"
    assert (
        escaping.address("at https://me:p@ss:w@host/x?y=a@b and http://TOKEN@h")
        == "at https://***@host/x?y=a@b and http://***@h"
    )


def test_numbers_of_a_csv_stay_numbers():
    said = render_blocks([block("m")], "csv")
    assert ",-0.500," in said
    assert escaping.csv_cell("-0.5 dB") == "'-0.5 dB"


def test_every_piece_is_hostile_to_something():
    assert len({*PIECES}) == len(PIECES)
    assert acts_on_a_terminal(ALL)
    assert acts_in_a_page(ALL)
    assert formulas("a\r\n" + "=1\r\n")


def test_the_leaderboards_page_shows_strangers_as_text(tmp_path):
    from support.synthetic_runs import write_run
    from vsseval.report.report import write_report
    from vsseval.store.record import find_runs

    hostile = ALL.replace("\ud800", "").replace("\x00", "")
    write_run(tmp_path, "<script>owned()</script>\x1b[2J\u202e$^$", 0.3, failed=(3,), note=hostile)
    write_report(find_runs(tmp_path), tmp_path / "report.html", budget=0)
    said = (tmp_path / "report.html").read_text()
    assert not acts_in_a_page(said)
    assert "\x1b" not in said
    assert not acts_in_a_page(_page([], [], []))
