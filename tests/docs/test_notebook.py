"""The notebook of docs/ runs from its first cell to its last, in a fresh folder, and what it shows is there."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def cells(kind):
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
    return ["".join(cell["source"]) for cell in found["cells"] if cell["cell_type"] == kind]


def run_cell(source, names):
    """Run a cell as Jupyter does: what its last expression gives is returned."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What every cell shows, by its first line, and the names that are left."""
    folder = tmp_path_factory.mktemp("notebook")
    names, found = {"__name__": "__main__"}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for source in cells("code"):
            found[source.splitlines()[-1]] = run_cell(source, names)
    return found, names, folder


def test_every_cell_runs_and_two_lines_make_a_frame(shown):
    found, names, _ = shown
    frame = found['vsseval.score("ours", videos="clips").to_frame()']
    assert {"kl@aisfx", "desync@onset"} <= {*frame.index}
    assert (frame.total == 4).all()
    assert names["ours"].to_frame().equals(frame)  # the same call again reads what is there
    assert not names["judgement"]
    assert found["""vsseval.export("hub", "audio:ours", names={"audio:ours": "Ours"})"""][0].name == "README.md"


def test_what_is_shown_shows_itself_and_nothing_slips_through(shown):
    _, names, folder = shown
    for name in ("ours", "table", "comparison", "judgement"):
        html = names[name]._repr_html_()
        assert html.count("<table>") == html.count("</table>") == 1
        assert not re.search(r"<script|https?://|src=", html)
        assert repr(names[name]).strip()
    # both systems are the recordings, louder or noisier: it is said, and neither is ranked
    assert "4 of 4 sounds are references of the benchmark" in names["table"]._repr_html_()
    assert {"Ours", "audio:noisy", "silence"} <= {model for _, model in names["table"].to_frame().index}
    assert (folder / "export").is_dir()


def test_the_notebook_is_kept_without_outputs():
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert all(cell.get("outputs", []) == [] for cell in found["cells"])
    assert cells("markdown")[0].startswith("# ")
