"""What `vsseval doctor` looks at before anything of vsseval runs: the interpreter, packages, torch, disk and memory."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.cli.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE_DISK = 2e9
"""Bytes: features and sounds of the shipped benchmarks take a tenth of it."""
FREE_MEMORY = 3e9
"""Bytes: what `vsseval run` takes with two processes."""


def python() -> Iterator[Check]:
    """Is this a Python that vsseval is tested with?"""
    from packaging.specifiers import SpecifierSet

    try:
        wanted = SpecifierSet(metadata("vsseval")["Requires-Python"])
    except PackageNotFoundError:
        return  # `packages` says so
    found = platform.python_version()
    if wanted.contains(found, prereleases=True):
        yield Check("python", found, "ok")
    else:
        yield Check("python", found, "problem", f"vsseval is tested with {wanted}", "python3.11 -m venv .venv")


def packages() -> Iterator[Check]:
    """Is every required package there, in a version that works?"""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(line) for line in requires("vsseval") or []]
    except PackageNotFoundError:
        yield Check("packages", "vsseval", "problem", "not installed: it runs from its folder", "pip install -e .")
        return
    good = []
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        mend = f'pip install "{requirement.name}{requirement.specifier}"'
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Check("packages", requirement.name, "problem", "not installed", mend)
            continue
        if requirement.specifier.contains(found, prereleases=True):
            good.append(f"{requirement.name} {found}")
        else:
            detail = f"{found} is installed, {requirement.specifier} is needed"
            yield Check("packages", requirement.name, "problem", detail, mend)
    yield Check("packages", f"{len(good)} of {len(good)}", "ok", ", ".join(good))


def torch_build() -> Iterator[Check]:
    """Can torch be imported, and is there a GPU?"""
    try:
        import torch
    except Exception as fault:  # noqa: BLE001 - a build that lacks a library raises OSError or RuntimeError
        detail = f"{type(fault).__name__}: {fault}; only tables, comparisons, gate and leaderboard do without torch"
        yield Check("torch", "import", "problem", detail, "pip install vsseval")
        return
    yield Check("torch", f"torch {torch.__version__}", "ok")
    if torch.cuda.is_available():
        yield Check("torch", "GPU", "ok", f"{torch.cuda.get_device_name(0)}: vsseval run --device cuda")
    else:
        yield Check("torch", "GPU", "note", "none: everything runs on the CPU")


def machine() -> Iterator[Check]:
    """Is there room, and may the store be written?"""
    from vsseval.store.features import default_store_root

    store = default_store_root()
    yield _writable("feature store", store)
    yield _writable("runs", Path("runs"))
    for name, place in (("disk of the store", store), ("disk of this folder", Path.cwd())):
        free = shutil.disk_usage(_existing(place)).free
        low = free < FREE_DISK
        yield Check(
            "machine", name, "problem" if low else "ok", f"{free / 1e9:.1f} GB free",
            f"free {FREE_DISK / 1e9:.0f} GB, or name another disk: vsseval run --store DIR --runs DIR" if low else "",
        )  # fmt: skip
    memory = _free_memory()
    if memory is not None:
        low = memory < FREE_MEMORY
        yield Check(
            "machine", "memory", "problem" if low else "ok", f"{memory / 1e9:.1f} GB free",
            "vsseval run --jobs 1, or close other programs" if low else "",
        )  # fmt: skip


def _writable(name: str, folder: Path) -> Check:
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"vsseval")
    except OSError as fault:
        option = "--store" if "store" in name else "--runs"
        return Check("machine", name, "problem", f"{place}: {fault.strerror}", f"vsseval run {option} DIR")
    return Check("machine", name, "ok", f"{folder} can be written")


def _existing(place: Path) -> Path:
    """The nearest folder that exists: the store is made at the first run."""
    return next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())


def _free_memory() -> int | None:
    info = Path("/proc/meminfo")
    if info.exists():
        found = re.search(r"MemAvailable:\s+(\d+) kB", info.read_text())
        return int(found.group(1)) * 1024 if found else None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
