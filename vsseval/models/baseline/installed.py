"""Where the environments of baselines lie on this machine, and which of them are there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import EnvironmentFault
from vsseval.store import atomic, codec
from vsseval.text.readers import file_bytes

if TYPE_CHECKING:
    from vsseval.models.baseline.spec import Baseline

__all__ = ["InstalledEnvironment", "environment_folder", "find_environment", "missing_part", "write_environment"]

_FILE = "site.json"


class InstalledEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment that is there."""

    python: Path
    """Its interpreter."""
    repo: Path | None = None
    """Its copy of the system's repository."""
    revision: str = ""
    """What is checked out there; empty where it was not made by `vsseval baselines setup`."""


def environment_folder(name: str) -> Path:
    """Return the folder of a baseline's environment: below `$VSSEVAL_BASELINES`, or the user's data folder."""
    named = os.environ.get("VSSEVAL_BASELINES")
    if named:
        return Path(named).absolute() / name
    from platformdirs import user_data_dir

    return Path(user_data_dir("vsseval")) / "baselines" / name


def find_environment(name: str) -> InstalledEnvironment | None:
    """Return the environment of a baseline, or None.

    Raises:
        EnvironmentFault: the note that says where it lies is damaged.
    """
    path = environment_folder(name) / _FILE
    try:
        return codec.decode(file_bytes(path), InstalledEnvironment)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as fault:
        raise EnvironmentFault(f"{path} cannot be read ({fault}): vsseval baselines setup {name}") from fault


def write_environment(name: str, site: InstalledEnvironment) -> None:
    """Note where an environment lies.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    atomic.write_bytes(environment_folder(name) / _FILE, codec.pretty(site))


def missing_part(baseline: Baseline, site: InstalledEnvironment | None) -> str | None:
    """Return what of a baseline's environment is not there, or None."""
    if site is None:
        return "no environment"
    if not site.python.is_file():
        return f"its interpreter {site.python} is gone"
    if baseline.needs_repo:
        if site.repo is None:
            return "no copy of its repository"
        if not site.repo.is_dir():
            return f"its repository {site.repo} is gone"
    gone = [w.target for w in baseline.weights if site.repo and w.target and not (site.repo / w.target).exists()]
    return f"no weights at {site.repo}/{gone[0]}" if gone else None
