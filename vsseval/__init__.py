"""Evaluation and benchmarking for video-to-sound, visual text-to-speech and joint generation.

The public names are loaded when they are first used: `import vsseval` imports neither torch nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsseval.records import RunRecord as RunRecord
    from vsseval.records import RunSpec as RunSpec
    from vsseval.stages.run import run as run
    from vsseval.store.record import LoadedRun as LoadedRun
    from vsseval.store.record import find_runs as find_runs
    from vsseval.store.record import load_run as load_run

    __version__: str

__all__ = ["LoadedRun", "RunRecord", "RunSpec", "__version__", "find_runs", "load_run", "run"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("vsseval")
    homes = {
        "LoadedRun": "vsseval.store.record",
        "RunRecord": "vsseval.records",
        "RunSpec": "vsseval.records",
        "find_runs": "vsseval.store.record",
        "load_run": "vsseval.store.record",
        "run": "vsseval.stages.run",
    }
    if name not in homes:
        raise AttributeError(f"module 'vsseval' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(homes[name]), name)


def __dir__() -> list[str]:
    return __all__
