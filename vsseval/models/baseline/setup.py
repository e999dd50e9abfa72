"""Makes the environment of a baseline: an interpreter of its version, its locked packages, a copy of its repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.models.baseline.installed import InstalledEnvironment, environment_folder, write_environment
from vsseval.models.subprocesses import Log, log_tail, subprocess_env
from vsseval.store import atomic
from vsseval.text.readers import file_text, toml_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vsseval.models.baseline.spec import Baseline

__all__ = ["adopt", "interpreter", "make"]

LOCK = "requirements.lock"
PROJECT = "pyproject.toml"
TIMEOUT_SECONDS = 3600.0
_TRUST = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}
"""Makes uv, which brings certificates of its own, trust the machine's, as pip does; older versions know the second."""


def adopt(baseline: Baseline, python: Path | None, repo: Path | None) -> InstalledEnvironment:
    """Use an environment that is there already.

    Args:
        baseline: the system.
        python: its interpreter.
        repo: its repository, if it needs one.

    Raises:
        UsageError: one of them is not there, or lacking.
    """
    if python is None or not python.is_file():
        raise UsageError(f"{python or 'no interpreter'} is no interpreter: --python ENVIRONMENT/bin/python")
    if baseline.needs_repo and (repo is None or not repo.is_dir()):
        raise UsageError(f"{baseline.name} runs in its repository ({baseline.code}): name your copy with --repo DIR")
    # Not resolved: the interpreter of a virtual environment is a link, and knows its packages by its own place.
    return _noted(baseline, InstalledEnvironment(python=python.absolute(), repo=repo.absolute() if repo else None))


def make(baseline: Baseline, folder: Path, say: Callable[[str], None]) -> InstalledEnvironment:
    """Make the environment anew, from nothing.

    Args:
        baseline: the system.
        folder: its folder.
        say: told of each step.

    Raises:
        EnvironmentFault: no interpreter of its version is here, or a step fails; the message names the log.
    """
    root = environment_folder(baseline.name)
    log = root / "setup.log"
    python = interpreter(baseline)
    say(f"environment with {python}")
    with atomic.as_environment_fault(root):
        shutil.rmtree(root / "env", ignore_errors=True)
        root.mkdir(parents=True, exist_ok=True)
    uv = _uv()
    env = root / "env" / "bin" / "python"
    make_env = [uv, "venv", "--quiet", "--python", python] if uv else [python, "-m", "venv"]
    _do([*make_env, str(root / "env")], log)
    wanted = _packages(folder)
    if wanted:
        say(f"packages of {folder / wanted[-1]}")
        pip = (
            [uv, "pip", "install", "--quiet", "--python", str(env)] if uv else [str(env), "-m", "pip", "install", "-q"]
        )
        _do([*pip, *wanted], log, cwd=folder)
    repo = _clone(baseline, root, log, say) if baseline.needs_repo else None
    return _noted(baseline, InstalledEnvironment(python=env, repo=repo, revision=baseline.revision if repo else ""))


def interpreter(baseline: Baseline) -> str:
    """Return an interpreter of a version that the system runs on: the preferred one first, and only such as run.

    Raises:
        EnvironmentFault: there is none.
    """
    for version in baseline.environment.python or (f"{sys.version_info[0]}.{sys.version_info[1]}",):
        for candidate in _candidates(version):
            if _is_version(candidate, version):
                return candidate
    wanted = " or ".join(baseline.environment.python)
    raise EnvironmentFault(
        f"{baseline.name} needs Python {wanted}, which is not on this machine. Install it, or name an interpreter of "
        f"an environment that you made: vsseval baselines setup {baseline.name} --python ENVIRONMENT/bin/python"
    )


def _candidates(version: str) -> list[str]:
    named = shutil.which(f"python{version}")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(root.glob(f"{version}.*/bin/python"), reverse=True)
    return [sys.executable, *([named] if named else []), *map(str, kept)]


def _is_version(candidate: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter of this machine
            [candidate, "-c", code], capture_output=True, text=True, check=False, timeout=20.0, env=subprocess_env({})
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def _uv() -> str | None:
    """Return uv, which makes environments in a tenth of the time, if it is here."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def _packages(folder: Path) -> list[str]:
    """Return what tells a package installer the packages: the lock, or the project file's own list."""
    if (folder / LOCK).is_file():
        return ["-r", LOCK]
    if not (folder / PROJECT).is_file():
        return []
    wanted: list[str] = toml_tables(file_text(folder / PROJECT)).get("project", {}).get("dependencies", [])
    return wanted


def _clone(baseline: Baseline, root: Path, log: Path, say: Callable[[str], None]) -> Path:
    repo = root / "repo"
    git = shutil.which("git")
    if git is None:
        raise EnvironmentFault("the program git is not installed: apt-get install git")
    if not repo.exists():
        say(f"repository {baseline.code}")
        _do([git, "clone", "--quiet", "--recurse-submodules", baseline.code, str(repo)], log)
    _do([git, "-C", str(repo), "checkout", "--quiet", baseline.revision], log)
    return repo


def _noted(baseline: Baseline, site: InstalledEnvironment) -> InstalledEnvironment:
    write_environment(baseline.name, site)
    return site


def _do(step: Sequence[str], log: Path, cwd: Path | None = None) -> None:
    """Run one step; what it prints goes to the log.

    Raises:
        EnvironmentFault: it fails.
    """
    book = Log(log)
    try:
        done = subprocess.run(  # noqa: S603 - programs that were looked up, no shell
            list(step), cwd=cwd, env=subprocess_env(_TRUST), stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
        book.write(done.stdout + done.stderr)
    except subprocess.TimeoutExpired as slow:
        raise EnvironmentFault(
            f"{' '.join(step[:4])} was not done in {TIMEOUT_SECONDS:.0f} s. {log_tail(log)}"
        ) from slow
    except OSError as fault:
        raise EnvironmentFault(f"{step[0]} cannot be started: {fault.strerror or fault}") from fault
    finally:
        book.close()
    if done.returncode != 0:
        raise EnvironmentFault(f"{' '.join(step[:4])} fails with status {done.returncode}. {log_tail(log)}")
