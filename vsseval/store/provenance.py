"""What a run was made with: package versions, commit, machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "vsseval", "torch", "torchaudio", "numpy", "scipy", "pandas", "pyarrow", "jiwer", "soundfile", "soxr",
    "av", "pillow", "safetensors", "pocketsphinx", "msgspec", "transformers", "tokenizers", "speechbrain",
    "faster-whisper", "ctranslate2", "onnxruntime", "speechmos", "pyworld", "pystoi", "pesq", "opencv-python-headless",
    "ftfy", "regex",
)  # fmt: skip


def provenance() -> dict[str, object]:
    """Return what can change a number: versions, the commit where vsseval is a checkout, the machine."""
    torch = sys.modules.get("torch")
    return {
        "packages": packages(),
        "commit": commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": processor_name(),
        "cores": cores(),
        "torch_threads": torch.get_num_threads() if torch else None,
    }


def packages() -> dict[str, str]:
    """Return the installed versions of the packages that numbers depend on."""
    return dict(_versions(tuple(sys.path)))


@cache
def _versions(path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return each package with its version; `path` is the import path, on which alone they depend."""
    del path
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def commit() -> str | None:
    """Return the commit of the checkout that vsseval runs from ("…-dirty" where it was changed), or None."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    """Return the model of the processor, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())
