"""The table as LaTeX, Typst, HTML and Markdown compiles or parses, whatever the names, in every layout."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import msgspec
import pytest

from support.styled_tables import ODD, quoted, runs, shown
from vsseval.tables.table import render_blocks
from vsseval.text.escaping import latex as escape_latex

__all__ = ["quoted", "runs"]

PREAMBLE = r"\documentclass{article}\usepackage{%s}\begin{document}%s\end{document}"


def pdflatex(folder, text, packages):
    (folder / "t.tex").write_text(PREAMBLE % (packages, text), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here: apt-get install texlive-latex-recommended")
def test_latex_compiles_whatever_the_names(runs, quoted, tmp_path):
    found = shown(runs, quoted)
    several = [
        render_blocks(found, "latex", signatures=True),
        render_blocks(shown(runs, quoted, wide=True), "latex", interval="ends"),
        render_blocks([many(found[0], 200)], "latex"),
        escape_latex(" ".join(chr(code) for code in range(32, 0x0250))),
    ]
    packages = {name for text in several for name in re.findall(r"\\usepackage\{(\w+)\}", text.splitlines()[0])}
    assert packages == {"booktabs", "longtable", "xcolor", "graphicx"}

    log = pdflatex(tmp_path, "\n\n".join(several), ",".join(sorted(packages)))
    assert not re.search(r"Overfull \\hbox \(\d{3}", log)
    pages = int(re.search(r"\((\d+) pages?", log)[1])
    assert 5 <= pages <= 12  # 200 rows take four and no row is lost below the edge


def many(block, count):
    """Repeat the rows of a block."""
    systems = [msgspec.structs.replace(block.rows[i % 3], label=f"m_{i}") for i in range(count)]
    return msgspec.structs.replace(block, rows=(*systems, *block.rows[4:]))


def test_latex_has_as_many_cells_in_each_row_as_columns(runs, quoted):
    for wide in (False, True):
        text = render_blocks(shown(runs, quoted, wide=wide), "latex", signatures=True)
        assert text.count(r"\begin{") == text.count(r"\end{")
        for table in re.findall(r"\\begin\{tabular\}\{(.*?)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL):
            columns = table[0].count("l") + table[0].count("r")
            rows = [line for line in table[1].splitlines() if line.endswith(r"\\")]
            for row in rows:
                spans = [int(n) for n in re.findall(r"\\multicolumn\{(\d+)\}", row)]
                assert len(re.findall(r"(?<!\\)&", row)) + 1 + sum(spans) - len(spans) == columns


def test_typst_compiles_whatever_the_names(runs, quoted, tmp_path):
    typst = pytest.importorskip("typst")
    found = shown(runs, quoted)
    for name, blocks_shown, options in (
        ("each", found, {"signatures": True}),
        ("wide", shown(runs, quoted, wide=True), {"interval": "ends"}),
        ("many", [many(found[0], 200)], {}),
    ):
        path = tmp_path / f"{name}.typ"
        path.write_text(render_blocks(blocks_shown, "typst", **options), encoding="utf-8")
        assert typst.compile(path).startswith(b"%PDF")


class Outline(HTMLParser):
    """Collects the text of a page, its tags that were not closed, and the size of its tables."""

    def __init__(self):
        super().__init__()
        self.stack, self.text, self.rows = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag in {"meta", "link", "input", "br", "img"}:
            return
        self.stack.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in {"td", "th"}:
            self.rows[-1] += int(dict(attributes).get("colspan", 1))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_balanced_and_shows_names_as_they_are(runs, quoted):
    page = Outline()
    page.feed(render_blocks(shown(runs, quoted, wide=True), "html", signatures=True))
    assert page.stack == []
    assert set(page.rows) == {7}
    text = " ".join("".join(page.text).split())
    assert ODD in text
    assert "metric:clap_score@toy|" in text
    assert not re.search(r'(src|href)="(?!data:)', render_blocks(shown(runs), "html"))


def test_markdown_has_as_many_cells_in_each_row(runs, quoted):
    text = render_blocks(shown(runs, quoted, wide=True), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert r"\<b\>\*\|\`" in text
