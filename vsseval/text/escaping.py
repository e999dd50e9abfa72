"""Makes text of strangers harmless where it is written: one function for each target, and nothing is written without.

Names of models, clips and metrics, reasons, paths and messages may hold anything: escape codes that move a cursor or
set a clipboard, letters that turn the order of others, commands of a CI service, formulas, markup.
"""

from __future__ import annotations

import html as html_module
import re
import unicodedata

__all__ = [
    "address",
    "annotation",
    "csv_cell",
    "html",
    "json_text",
    "latex",
    "markdown",
    "markdown_code",
    "math_text",
    "one_line",
    "terminal",
    "toml_comment",
    "typst",
    "visible",
    "xml",
]

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, letters that change the order of others, what takes no room, and halves of letters."""
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
"""GitHub takes a line that begins so for a command, whatever blanks are before it."""
_OLD_COMMAND = re.compile(r"##(\w*)\[")
"""The same of its older form, of Azure (`##vso[`) and of TeamCity, anywhere in a line."""
_LOGIN = re.compile(r"(?<=://)[^/\s\"'<>]+@")
"""User and password of an address."""
_FORMULA = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}",
            "\N{FULLWIDTH COMMERCIAL AT}", "::")  # fmt: skip
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (section 2.2), not even escaped."""

ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "{''}", "`": r"\textasciigrave{}", "±": r"$\pm$", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "\u00d7": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$", "\u2212": "$-$", "\u2013": "--",
    "—": "---", "…": r"\ldots{}", "·": r"$\cdot$", "†": r"$^\dagger$",
    "‡": r"$^\ddagger$", "°": r"$^\circ$", "µ": r"$\mu$", "μ": r"$\mu$",
    "\u2018": "`", "\u2019": "'", "\u201c": "``", "\u201d": "''", "\u00a0": "~",
}  # fmt: skip
ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
"""What the first fonts of LaTeX (OT1) put over or under a letter."""
PLAIN = frozenset("æÆøØåÅßœŒłŁı¡¿§©£")
LAST_LATIN = "\u017f"
"""Beyond it pdfLaTeX knows few letters."""
LETTER = r"\vssevalletter"
"""Macro of what a document prints in place of a letter that its fonts may lack."""


def one_line(text: str) -> str:
    """Return a text without line breaks, without what moves a cursor or changes a colour, and without passwords."""
    # what cannot be seen goes first: it could stand between the beginning of a line and a blank
    shown = "".join(letter for letter in text if letter.isprintable() or letter.isspace())
    return address(" ".join(shown.split()))


def visible(text: str) -> str:
    r"""Return a text in which what acts unseen stands as its number (`\x1b`); line breaks and tabs stay."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def address(text: str) -> str:
    """Return a text whose addresses have lost user and password."""
    return _LOGIN.sub("***@", text)


def terminal(text: str) -> str:
    """Return a text for a terminal or the log of a CI service, of any number of lines: it acts on neither."""
    shown = visible(address(text))
    return _OLD_COMMAND.sub(r"##\1\\[", _COMMAND.sub(r"\1\\:", shown))


def json_text(text: str) -> str:
    r"""Return JSON that says the same and acts on no terminal and no CI service: letters stand as `\uXXXX`."""

    def numbered(found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))

    return _OLD_COMMAND.sub(r"##\1\\u005b", _UNSEEN.sub(numbered, text))


def annotation(title: str, message: str) -> str:
    """Return the one line by which GitHub shows an error on the page of a workflow.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    plain = (_OLD_COMMAND.sub(r"##\1\\[", visible(address(text))) for text in (title, message))
    name, said = (text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A") for text in plain)
    return f"::error title={name.replace(':', '%3A').replace(',', '%2C')}::{said}"


def csv_cell(text: str) -> str:
    """Return a text for one field of CSV: a spreadsheet that opens it takes it for no formula."""
    one = _OLD_COMMAND.sub(r"##\1 [", one_line(text))
    return f"'{one}" if one.startswith(_FORMULA) else one


def latex(text: str) -> str:
    """Escape what LaTeX would take for a command, and letters that pdfLaTeX lacks; leave out what is not printable."""
    return "".join(map(_latex_letter, one_line(text).replace("::", ":\0:"))).replace("\0", "{}")


def _latex_letter(letter: str) -> str:
    if letter in ESCAPES or letter.isascii() or letter in PLAIN:
        return ESCAPES.get(letter, letter)
    base, *marks = [*unicodedata.normalize("NFD", letter)]
    if letter <= LAST_LATIN and base.isascii() and {*marks} <= ACCENTS:
        return letter
    # As an argument that is thrown away, the letter does no harm to pdfLaTeX.
    return rf"{LETTER}{{{ord(letter):04X}}}{{{letter}}}"


def typst(text: str) -> str:
    """Return a string of Typst code; what cannot be printed is left out."""
    one = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"{}"'.format(_OLD_COMMAND.sub(r"##\1\\u{5b}", one))


def markdown(text: str) -> str:
    """Return text that Markdown shows as it is, in one line, and that calls nobody by `@`.

    An underscore inside a word is no markup.
    """
    one = re.sub(r"([\\`*|<>\[\]{}~&#])", r"\\\1", one_line(text))
    one = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", one)
    return re.sub(r"(?<!\w)@(?=\w)", "@<!-- -->", re.sub(r"^:(?=:)", r"\\:", one))


def markdown_code(text: str) -> str:
    """Return text as code inside a line of Markdown."""
    return f"`{terminal(one_line(text)).replace('`', chr(0x2019))}`"


def html(text: str) -> str:
    """Return text for a page or an attribute in quotation marks."""
    return html_module.escape(visible(text), quote=True)


def xml(text: str) -> str:
    """Return what XML can hold of a text; markup in it is for the writer of the XML to escape."""
    return _FORBIDDEN.sub("\ufffd", visible(text))


def math_text(text: str) -> str:
    """Return a text that matplotlib draws as it is: a dollar sign begins no formula."""
    return one_line(text).replace("$", r"\$")


def toml_comment(text: str) -> str:
    """Return a text that stays behind a `#` of TOML."""
    return one_line(text)
