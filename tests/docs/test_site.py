"""The pages of docs/ are a site without a broken link, its tables of fields are those of the code, its example runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
import yaml

from vsseval import types

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
EXAMPLE = DOCS / "examples" / "clicks"
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


class Loader(yaml.SafeLoader):
    """Reads the configuration, whose tags for Python objects say nothing here."""


def slug(heading):
    """Return the anchor of a heading as Python-Markdown makes it."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower())


def headings(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {slug(line) for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_broken_or_leaves_the_site(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = target.is_file() and target.is_relative_to(DOCS)
        if not inside or (anchor and target.suffix == ".md" and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


def test_the_configuration_names_pages_that_exist():
    config = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)
    named = []

    def walk(item):
        for value in item.values() if isinstance(item, dict) else item if isinstance(item, list) else [item]:
            walk(value) if isinstance(value, dict | list) else named.append(value)

    walk(config["nav"])
    assert len(named) == len({*named})
    assert [name for name in named if not (DOCS / name).is_file()] == []
    assert named[0] == "index.md"
    assert config["strict"]
    assert not config["theme"]["font"]  # fonts of other servers


def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # what the theme says of its own future
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=quiet)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "site" / "fields.html").is_file()


def test_the_tables_of_fields_are_those_of_the_code():
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "field_tables.py"), "--check"], check=False)
    assert done.returncode == 0, "write it anew with: python tools/field_tables.py"
    text = (DOCS / "fields.md").read_text()
    for noun in (types.Request, types.MetricSpec, types.ModelCard, types.ExtractorSpec, types.Sample, types.Score):
        section = text.partition(f"\n## {noun.__name__}\n")[2].partition("\n## ")[0]
        rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.MULTILINE))
        assert [*rows] == [field.name for field in msgspec.structs.fields(noun)]
        assert [name for name, what in rows.items() if not what.strip()] == []


def test_the_files_of_the_example_are_those_of_the_page():
    text = (DOCS / "examples.md").read_text(encoding="utf-8")
    for name, body in re.findall(r"^## `([\w./]+)`\n\n.*?\n\n```\w+\n(.*?)```", text, re.MULTILINE | re.DOTALL):
        assert body == (EXAMPLE / name).read_text(encoding="utf-8"), name
    shown = {*re.findall(r"^## `([\w./]+)`", text, re.MULTILINE)}
    files = {path.relative_to(EXAMPLE).as_posix() for kind in ("*.py", "*.toml") for path in EXAMPLE.rglob(kind)}
    assert {name for name in files if not name.endswith("__init__.py")} == shown


def test_the_example_is_found_runs_and_measures(tmp_path):
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    info = tmp_path / "site" / "clicks-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clicks\nVersion: 1.0\n")
    groups = project["entry-points"].items()
    (info / "entry_points.txt").write_text(
        "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups)
    )
    (tmp_path / "site" / "clicks").symlink_to(EXAMPLE / "clicks")
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path / 'site'}", "OMP_NUM_THREADS": "1"}

    def vsseval(*arguments):
        command = [sys.executable, "-m", "vsseval", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)

    asked = (
        "--benchmark",
        "mini_v2s",
        "--limit",
        "4",
        "--metric",
        "range_error@clicks",
        "--store",
        "store",
        "--jobs",
        "1",
    )
    done = vsseval("run", "--model", "click_track:4", *asked)
    assert done.returncode == 0, done.stderr
    assert "range_error" in done.stdout
    code = (
        "import vsseval, numpy as np\n"
        "ours, bound = (vsseval.load_run(name) for name in ('click_track', 'reference'))\n"
        "assert ours.to_frame().loc['range_error@clicks', 'n'] == 4\n"
        "assert ours.to_frame().loc['range_error@clicks', 'value'] > 1\n"
        "assert bound.to_frame().loc['range_error@clicks', 'value'] == 0\n"
        "assert vsseval.load_run('silence').to_frame().loc['range_error@clicks', 'reason']\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "click_track:x" in vsseval("run", "--model", "click_track:x", *asked).stderr


def test_the_pictures_are_made_by_one_command_and_ask_no_server(tmp_path):
    tool = ROOT / "tools" / "doc_pictures.py"
    done = subprocess.run([sys.executable, str(tool), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in (DOCS / "pictures").iterdir())
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert ET.fromstring(text).tag.endswith("svg")
        assert not re.search(r"@font-face|url\(\"?http|var\(--", text)
    assert "fad" in (tmp_path / "table.svg").read_text()
