"""The hashes by which a run is verified: the header covers itself and every file that the numbers are made of.

`run.json` names the sha256 of `aggregates.json`, of what `replicates.npz` holds, of `scores.parquet`, `flags.json` and
all journals; the journals name that of every sound. Readers check all of it but the sounds, which `vsseval verify` and
the next `vsseval run` read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from vsseval.errors import UsageError
from vsseval.store import codec
from vsseval.store.layout import RunPaths
from vsseval.store.replicates import content_sha256, read_replicates
from vsseval.text.readers import file_bytes, file_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vsseval.records import RunRecord

__all__ = ["HASHED", "JOURNALS", "broken_links", "header_seal", "intact", "journals_digest", "links"]

HASHED = ("aggregates.json", "scores.parquet", "flags.json")
"""Files that are hashed as they are; by their names without the suffix in the provenance of a run."""
JOURNALS = "journals"
"""All journals together."""


def links(root: Path) -> dict[str, str]:
    """Return the sha256 of all that the numbers of a run are made of: part of its provenance.

    Raises:
        UsageError: `replicates.npz` is missing or damaged, or another file is missing.
    """
    paths = RunPaths(root)
    return {
        **{name.partition(".")[0]: _sha256(root / name) or "" for name in HASHED},
        "replicates": content_sha256(read_replicates(paths.replicates)),
        JOURNALS: journals_sha256(root),
    }


def journals_sha256(root: Path) -> str:
    """Return one sha256 of the names and contents of all journals of a run."""
    found = [path for path in RunPaths(root).shards.glob("*.jsonl") if not path.name.startswith(".")]
    return journals_digest({path.name: _sha256(path) or "" for path in found})


def journals_digest(journals: Mapping[str, str]) -> str:
    """Return one sha256 for journals by name, of each of which the sha256 is known."""
    lines = [f"{name} {digest}\n" for name, digest in sorted(journals.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def header_seal(plain: Mapping[str, Any]) -> str:
    """Return the sha256 of a header as plain JSON, keys sorted, without its own `seal`."""
    rest = {key: value for key, value in plain.items() if key != "seal"}
    return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).hexdigest()


def broken_links(root: Path, record: RunRecord) -> dict[str, str]:
    """Return which files of a finished run are not there, or not as the run wrote them, and for each what mends it.

    Not looked at are the sounds, and `replicates.npz`, which whoever needs it reads in any case.

    Raises:
        UsageError: a file cannot be read.
    """
    paths, found = RunPaths(root), {}
    if header_seal(codec.decode(file_bytes(paths.record), dict[str, Any])) != record.seal:
        found[paths.record.name] = (
            f"{paths.record} was changed after the run: its own sha256 is another one. {_anew(root)}"
        )
    for name in HASHED:
        digest, written = _sha256(root / name), str(record.provenance.get(name.partition(".")[0]))
        if digest is None:
            found[name] = f"{root / name} is not there. {_anew(root)}"
        elif digest != written:
            found[name] = (
                f"{root / name} was changed after the run: its sha256 begins with {digest[:8]}, run.json says "
                f"{written[:8]}. {_anew(root)}"
            )
    if journals_sha256(root) != record.provenance.get(JOURNALS):
        found[JOURNALS] = (
            f"the journals in {paths.shards} were changed after the run: they are not what run.json says. The same "
            "vsseval run command makes what lacks anew"
        )
    return found


def intact(root: Path, record: RunRecord) -> bool:
    """Return whether all but the sounds of a run is there, as the run wrote it."""
    try:
        replicates = content_sha256(read_replicates(RunPaths(root).replicates))
    except UsageError:
        return False
    return record.provenance.get("replicates") == replicates and not broken_links(root, record)


def _anew(root: Path) -> str:
    return f"Make it anew with: vsseval score {root}"


def _sha256(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
