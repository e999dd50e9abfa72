"""Writes docs/fields.md: every field of what models and metrics are given and declare, from the code itself.

`python tools/field_tables.py` writes it; with `--check` it changes nothing, and fails where it differs.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE, SOURCE = ROOT / "docs" / "fields.md", ROOT / "vsseval" / "types.py"
NOUNS = ("Request", "Sample", "Medium", "ModelCard", "ExtractorSpec", "MetricSpec", "Feature", "Need", "Score")
HEAD = """# Fields

What a model is given and what plugins declare, made from `vsseval/types.py` by `python tools/field_tables.py`. All are
frozen, take keywords alone (but for `Need`, whose members are texts), and go to disk as JSON. How they are used:
[plugins.md](plugins.md).
"""


class Field(NamedTuple):
    """One field of a noun."""

    name: str
    kind: str
    default: str
    what: str


def page() -> str:
    """Return the page as it has to be.

    Raises:
        ValueError: a noun is not in the file any more.
    """
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    found = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    missing = [name for name in NOUNS if name not in found]
    if missing:
        raise ValueError(f"{SOURCE.name} has no {', '.join(missing)}")
    return HEAD + "".join(_section(found[name]) for name in NOUNS)


def fields(node: ast.ClassDef) -> list[Field]:
    """Return the fields of a class with the text below each."""
    made: list[Field] = []
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            default = "" if statement.value is None else ast.unparse(statement.value)
            made.append(Field(statement.target.id, ast.unparse(statement.annotation), default, ""))
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            made.append(Field(statement.targets[0].id, "", ast.unparse(statement.value), ""))
        elif made and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            made[-1] = made[-1]._replace(what=" ".join(str(statement.value.value).split()))
    for place in reversed(range(len(made) - 1)):  # a text below the second of a pair is of both
        made[place] = made[place]._replace(what=made[place].what or made[place + 1].what)
    return made


def _section(node: ast.ClassDef) -> str:
    lines = [f"\n## {node.name}\n", f"{' '.join((ast.get_docstring(node) or '').split())}\n"]
    lines += ["| field | type | default | what it is |", "|---|---|---|---|"]
    for field in fields(node):
        kind = f"`{field.kind}`" if field.kind else ""
        default = f"`{field.default}`" if field.default else ("" if node.name == "Need" else "must be given")
        cells = (f"`{field.name}`", kind, default, field.what)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or check it; return the exit code."""
    made = page()
    if sys.argv[1:] == ["--check"]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
