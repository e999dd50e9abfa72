"""Text that acts on what shows it, and what has to hold of every output that it went through."""

import csv
import re
from html.parser import HTMLParser
from io import StringIO

from hypothesis import strategies as st

PIECES = (
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b31m",
    "\r",
    "\n",
    "\b\b\b",
    "\x00",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\n::error::owned",
    "::set-output name=x::y",
    "  ::add-mask::1",
    "##[error]owned",
    "##vso[task.complete]",
    "##teamcity[x]",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "<script>owned()</script>",
    "<img src=x onerror=owned()>",
    '" onmouseover="owned()',
    "</table>",
    "]]>",
    "&amp;",
    r"\input{/etc/passwd}",
    r"\write18{x}",
    "$^$",
    "$x",
    "\\",
    "%",
    "{",
    "}",
    "#",
    "_",
    "~",
    "^",
    '"',
    "'",
    "`",
    "```",
    "|",
    "*",
    "[a](javascript:owned())",
    "![x](http://owned)",
    "@everyone",
    "<!--",
    "-->",
    '#eval("1")',
    "https://user:secret@host/x",
    "ä模型🎵",
    "name",
    " ",
)
ALL = "".join(PIECES)
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def acts_on_a_terminal(text, *, colour=False):
    """Return what would move a cursor, hide text, or be taken for a command by a CI service."""
    shown = COLOUR.sub("", text) if colour else text
    found = UNSEEN.findall(shown)
    found += [line for line in shown.splitlines() if line.strip().startswith("::") or re.search(r"##\w*\[", line)]
    return found + re.findall("secret", shown)


class Page(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._script = False

    def handle_starttag(self, tag, attrs):
        # data in a page is no program, whatever it says
        self._script = tag == "script" and dict(attrs).get("type") not in {"application/json", "text/plain"}
        runs = {"href", "src", "action", "style"}
        self.found += [
            (tag, name)
            for name, value in attrs
            if name.startswith("on") or (name in runs and "javascript:" in (value or ""))
        ]
        self.found += [tag] if tag in {"iframe", "object", "embed"} else []

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if self._script and "owned" in data:
            self.found.append(data)


def acts_in_a_page(text):
    """Return what a browser would run of a stranger's."""
    page = Page()
    page.feed(text)
    page.close()
    return page.found


def formulas(text):
    """Return the cells that a spreadsheet would compute, and rows of another width than the first."""
    rows = [*csv.reader(StringIO(text, newline=""))]
    cells = [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    return [cell for cell in cells if not re.fullmatch(r"-?[0-9.e+-]+", cell)] + [
        row for row in rows if len(row) != len(rows[0])
    ]
