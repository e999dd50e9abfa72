"""Every style of the table: it compiles or parses, and marks, intervals, citations and heads are right in it."""

from __future__ import annotations

import csv
import io
import re

import msgspec
import pytest

from support.styled_tables import ODD, quoted, runs, shown  # noqa: F401
from support.synthetic_runs import CLAP, DESYNC, WER, write_run
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.profiles import Profile, ProfileColumn, load_profile, profile_names
from vsseval.store.record import find_runs
from vsseval.tables.columns import of_profile
from vsseval.tables.layout import blocks
from vsseval.tables.styles import STYLES
from vsseval.tables.table import arranged, render, render_blocks


def row_of(block, label):
    return next(row for row in block.rows if row.label == label)


def test_best_and_second_are_marked_in_every_style(runs):
    first = shown(runs)[0]
    place = [column.metric for column in first.columns].index(CLAP.id)
    assert [row.label for row in first.rows if row.cells[place].best] == ["good"]
    assert [row.label for row in first.rows if row.cells[place].second] == ["middle"]
    good, middle = (f"{row_of(first, name).cells[place].value:.3f}" for name in ("good", "middle"))
    expected = {
        "terminal": (rf"{good} +±\S+\*", rf"{middle} +±\S+°"),
        "markdown": (rf"\*\*{good} ± \S+\*\*", rf"<ins>{middle} ± \S+</ins>"),
        "latex": (rf"\\textbf\{{{good}\}}", rf"\\underline\{{{middle}\}}"),
        "typst": (rf'strong\("{good}"\)', rf'underline\("{middle}"\)'),
        "html": (rf'"value best">{good}<', rf'"value second">{middle}<'),
    }
    for style, (best, second) in expected.items():
        text = render_blocks([first], style)
        assert re.search(best, text), style
        assert re.search(second, text), style
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(render_blocks([first], "csv")))}
    assert [rows[name]["clap_score@toy place"] for name in ("good", "middle", "poor")] == ["best", "second", ""]
    assert "\x1b[4m" in render_blocks([first], "terminal", colour=True)


def test_a_metric_that_ranks_nobody_has_no_arrow_and_no_best(tmp_path):
    metric = msgspec.structs.replace(CLAP, ranked=False)
    for name, badness in (("a", 0.1), ("b", 0.5)):
        write_run(tmp_path, name, badness, metrics=(metric,))
    (block,) = blocks(find_runs(tmp_path))
    assert block.columns[0].arrow == ""
    assert not any(cell.best for row in block.rows for cell in row.cells)
    assert r"{clap\_score@toy}" in render_blocks([block], "latex")


def test_a_tie_for_the_second_place_leaves_it_unmarked(runs, tmp_path):
    twin = find_runs(runs) + find_runs(write_run(tmp_path, "twin", 0.28, noise_seed=71).parent)
    block = blocks(twin)[0]
    assert [row.label for row in block.rows if row.cells[1].best] == ["good"]
    assert not [row.label for row in block.rows if row.cells[1].second]


@pytest.mark.parametrize("style", ["terminal", "markdown", "latex", "typst", "html"])
def test_intervals_are_shown_by_their_ends_on_demand(runs, style):
    text = render(find_runs(runs), style, interval="ends")
    ends = {
        "latex": r"\[0\.\d{3}--0\.\d{3}\]",
        "markdown": r"\\\[0\.\d{3}–0\.\d{3}\\\]",  # noqa: RUF001
    }.get(style, r"\[0\.\d{3}–0\.\d{3}\]")  # noqa: RUF001
    assert re.search(ends, text)
    assert "±" not in text
    assert re.search(r"\[-0\.\d+, \d+\.\d", text)  # a minus is not set beside a dash


def test_reported_numbers_are_grey_cited_and_take_no_part_in_the_ranking(runs, quoted):
    plain, block = shown(runs)[0], shown(runs, quoted)[0]
    (row,) = [row for row in block.rows if row.reported]
    assert row is block.rows[-1]
    assert [cell.printed for cell in row.cells] == ["", "", "0.001±0.0005", "1.50"]
    assert not any(cell.best or cell.second for cell in row.cells)
    assert [r.cells for r in block.rows[:-1]] == [r.cells for r in plain.rows]  # it would be the best by far
    assert block.columns == plain.columns
    notes = [block.notes[note - 1] for note in row.notes]
    assert notes == [
        'a/b@c README.md, table "T_1"; from somebody\'s note on the paper, not checked against it; text+video; N = 527'
    ]
    grey = {"latex": r"\textcolor{gray}{1.50}", "typst": 'text(fill: luma(120), "1.50")', "html": '"reported"'}
    for style in STYLES:
        text = render_blocks([block], style)
        assert grey.get(style, "1.5") in text, style
        assert "not checked against it" in " ".join(text.split()), style
    assert "xcolor" in render_blocks([block], "latex").splitlines()[0]
    assert "xcolor" not in render_blocks([plain], "latex")
    assert not [row for row in shown(runs, quoted)[1].rows if row.reported]  # another benchmark


def test_a_wide_table_has_the_benchmarks_side_by_side(runs, quoted):
    (block,) = shown(runs, quoted, wide=True)
    assert [(span.title, span.columns) for span in block.spans] == [("toy_joint 1.0", 4), ("toy_two 1.0", 2)]
    systems = sorted(["good", "middle", ODD, "poor"], key=str.casefold)
    bounds = ["reference", "shuffled", "noise", "silence"]
    assert [row.label for row in block.rows] == [*systems, *bounds, f"Other {ODD}"]
    middle = row_of(block, "middle").cells[4]
    assert middle.value is None
    assert block.notes[middle.notes[0] - 1] == "not run on toy_two 1.0"
    separate = shown(runs)
    assert row_of(block, "good").cells[4].value == row_of(separate[1], "good").cells[0].value
    latex = render_blocks([block], "latex")
    assert r"\multicolumn{8}{c}{toy\_joint 1.0} & \multicolumn{4}{c}{toy\_two 1.0}" in latex
    assert r"\cmidrule(lr){2-9} \cmidrule(lr){10-13}" in latex
    assert '<th scope="colgroup" colspan="4"><span>toy_joint 1.0</span>' in render_blocks([block], "html")
    assert "| toy_joint 1.0 |  |  |  | toy_two 1.0 |  |" in render_blocks([block], "markdown")
    for width in (60, 100, 200):
        lines = render_blocks([block], "terminal", width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert sum("toy_two 1.0" in line and "toy_joint 1.0:" not in line for line in lines) >= 1


def test_the_columns_of_a_profile_are_those_of_the_paper_and_never_filled_by_another_recipe(runs):
    profile = Profile(
        title="A paper", citation="arXiv:0", metrics=("wer@toy", "clap_score@else"), name="paper",
        columns=(
            ProfileColumn(metric="clap_score@else", head="CLAP"), ProfileColumn(metric="wer@toy", head="WER_x"),
            ProfileColumn(metric="desync@toy", head="Sync", tasks=("v2s",)),
        ),
    )  # fmt: skip
    (block, _) = arranged(find_runs(runs), profile=profile)
    assert [(column.head, column.metric) for column in block.columns] == [
        ("CLAP", "clap_score@else"), ("WER_x", "wer@toy"),
    ]  # fmt: skip
    empty, wer = row_of(block, "good").cells
    assert (empty.status, empty.value) == ("missing", None)
    why = block.notes[empty.notes[0] - 1]
    assert why == "in no run here. Measure it with: vsseval score RUN --profile paper"
    assert "N=0" not in "".join(render_blocks([block], style) for style in STYLES)
    assert wer.value == row_of(shown(runs)[0], "good").cells[3].value
    for style in STYLES:
        text = render_blocks([block], style)
        assert ("WER\\_x" if style == "latex" else "wer@toy" if style == "csv" else "WER_x") in text
    assert "Columns of A paper (arXiv:0): CLAP is clap_score@else, WER_x is wer@toy." in render_blocks([block], "html")


def test_a_style_and_a_profile_are_named_together_on_the_command_line(runs, capsys):
    assert invoke(["table", "--runs", str(runs), "--style", "vssflow,latex"]) == 0
    text = capsys.readouterr().out
    heads = next(line for line in text.splitlines() if "Model &" in line)
    assert re.findall(r"\{2\}\{c\}\{([A-Za-z-]+)", heads)[:4] == ["FAD", "IB-score", "DeSync", "WER"]
    assert "in no run here" in text
    assert invoke(["table", "--runs", str(runs), "--style", "vssflow", "--style", "csv"]) == 0
    assert capsys.readouterr().out.startswith("benchmark,version,")
    assert invoke(["table", "--runs", str(runs), "--style", "latex", "--style", "csv"]) == 2
    assert "one style and one profile" in capsys.readouterr().err
    assert invoke(["table", "--runs", str(runs), "--style", "word"]) == 2
    assert "there is no table style 'word'" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["v2s", "vtts", "joint"])
@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_a_style(runs, name, task):
    profile, first = load_profile(name), msgspec.structs.replace(blocks(find_runs(runs))[0], task=task)
    if not profile.of(task):
        with pytest.raises(UsageError, match=f"'{name}' has no columns for {task}"):
            of_profile([first], profile)
        return
    (block,) = of_profile([first], profile)
    assert [column.head for column in block.columns] == [column.head for column in profile.of(task)]
    text = render_blocks([block], "terminal", width=1000)
    assert all(column.head in text and column.metric in text for column in block.columns)
    assert all(render_blocks([block], style) for style in STYLES)


def test_reported_numbers_that_do_not_fit_are_said_to_exist(runs, quoted, capsys):
    quoted.write_text(quoted.read_text().replace("toy_joint", "vggsound"))
    assert invoke(["table", "--runs", str(runs), "--reported-from", str(quoted)]) == 0
    assert "there are some for vggsound" in capsys.readouterr().err
    assert invoke(["table", "--runs", str(runs), "--reported-from", "nowhere.csv"]) == 2
    assert "nowhere.csv does not exist" in capsys.readouterr().err


def test_signatures_are_footnotes_that_stand_once_where_all_rows_share_them(runs):
    text = render(find_runs(runs), "markdown", signatures=True)
    lines = [line for line in text.splitlines() if "metric:wer@toy" in line]
    assert len(lines) == 2
    assert lines[0].startswith("good, middle, poor, reference, shuffled, noise, silence: metric:wer@toy|")
    assert "n:23/24" in lines[1]
    two = [line for line in text.splitlines() if "toy_two" in line and f"metric:{DESYNC.id}" in line]
    assert two == [line for line in two if line.startswith("metric:")]
    assert len(two) == 1
    assert WER.id not in two[0]


def test_a_style_of_another_package_is_one_function(runs, site, capsys):
    assert invoke(["table", "--runs", str(runs), "--style", "fake_lines"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) > 2
    assert all(line.endswith("]") for line in printed)
    assert invoke(["table", "--runs", str(runs), "--style", "fake_line"]) == 2
    assert "terminal, markdown, latex, html, csv, typst, fake_lines" in capsys.readouterr().err


def test_a_proxy_is_named_in_one_word_beside_its_recipe_in_every_style(tmp_path):
    proxy = msgspec.structs.replace(CLAP, proxy=True)
    write_run(tmp_path, "one", 0.2, metrics=[proxy, DESYNC])
    found = find_runs(tmp_path)
    (block,) = arranged(found)
    assert [column.proxy for column in block.columns] == [True, False]
    for style in ("terminal", "markdown", "latex", "html", "typst"):
        text = render_blocks([block], style, width=200)
        assert re.search(r"@?toy proxy\b", text), style
        assert len(re.findall(r"\bproxy\b", text)) == 1, style
    paper = Profile(
        title="A paper", citation="arXiv:0", metrics=(proxy.id,), name="paper",
        columns=(ProfileColumn(metric=proxy.id, head="CLAP"),),
    )  # fmt: skip
    (block,) = arranged(found, profile=paper)
    assert "CLAP proxy ↑" in render_blocks([block], "markdown")
    assert f"{proxy.id} proxy" in render_blocks([block], "terminal")
