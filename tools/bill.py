"""Writes what an installed vsseval is made of: a bill of materials (CycloneDX 1.6, JSON) and a report of licences.

`python -m tools.bill FOLDER [--extra NAME]...` reads the packages that are installed, from vsseval along its declared
dependencies; what ships inside is taken from docs/provenance.tsv. The same environment gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import uuid
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.provenance import PAGE

ROOT_PACKAGE = "vsseval"
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""Of URLs (RFC 9562): the serial number is made from what the bill says."""


def closure(extras: list[str]) -> dict[str, Distribution]:
    """Return all packages that vsseval needs here, by canonical name; what is not installed is left out."""
    found: dict[str, Distribution] = {}
    waiting = [(ROOT_PACKAGE, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            made = distribution(name)
        except PackageNotFoundError:
            continue
        found[canonicalize_name(name)] = made
        for text in made.requires or []:
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                waiting.append((canonicalize_name(need.name), frozenset(need.extras)))
    return dict(sorted(found.items()))


def licence_of(made: Distribution) -> str:
    """Return the licence that a package declares: as an expression, by its classifiers, or in its own words."""
    facts = made.metadata
    expression = facts.get_all("License-Expression")
    if expression:
        return str(expression[0])
    classes = [
        line.rpartition(" :: ")[2] for line in facts.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    if classes:
        return " OR ".join(sorted(set(classes)))
    said = "".join(map(str, facts.get_all("License") or [])).strip()
    return said.splitlines()[0][:100] if said else "not declared"


def needs(made: Distribution, known: dict[str, Distribution]) -> list[str]:
    """Return the packages that one declares it needs, as far as they are part of the bill."""
    return sorted({canonicalize_name(Requirement(text).name) for text in made.requires or []} & known.keys())


def bill(found: dict[str, Distribution], shipped: list[dict[str, str]]) -> dict[str, Any]:
    """Return the bill of materials as CycloneDX 1.6.

    Args:
        found: packages by name.
        shipped: rows of docs/provenance.tsv.
    """
    packages = [
        {
            "type": "library", "bom-ref": _purl(name, made), "name": name, "version": made.version,
            "purl": _purl(name, made), "licenses": [{"license": {"name": licence_of(made)}}],
        }
        for name, made in found.items()
    ]  # fmt: skip
    files = [
        {
            "type": "machine-learning-model" if row["path"].endswith((".safetensors", ".npz")) else "data",
            "bom-ref": row["path"], "name": row["path"], "hashes": [{"alg": "SHA-256", "content": row["sha256"]}],
            "licenses": [{"license": {"name": row["licence"]}}], "description": row["source"],
        }
        for row in shipped
    ]  # fmt: skip
    root = next(one for one in packages if one["name"] == ROOT_PACKAGE)
    content = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {**root, "type": "application"}},
        "components": [*(one for one in packages if one is not root), *files],
        "dependencies": [
            {"ref": _purl(name, made), "dependsOn": [_purl(need, found[need]) for need in needs(made, found)]}
            for name, made in found.items()
        ],
    }  # fmt: skip
    serial = uuid.uuid5(NAMESPACE, json.dumps(content, sort_keys=True))
    return {**content, "serialNumber": f"urn:uuid:{serial}"}


def _purl(name: str, made: Distribution) -> str:
    return f"pkg:pypi/{name}@{made.version}"


def main() -> None:
    """Write both files."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--extra", action="append", default=[], help="an extra of vsseval that is installed too")
    asked = options.parse_args()
    found = closure(asked.extra)
    with PAGE.open(encoding="utf-8", newline="") as file:
        shipped = list(csv.DictReader(file, delimiter="\t"))
    asked.folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(bill(found, shipped), indent=1, sort_keys=True) + "\n"
    (asked.folder / "bill.cdx.json").write_text(text, encoding="utf-8")
    lines = [
        "package\tversion\tlicence",
        *(f"{name}\t{made.version}\t{licence_of(made)}" for name, made in found.items()),
    ]
    (asked.folder / "licences.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
