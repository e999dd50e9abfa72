"""Evaluation and benchmarking for video-to-sound, visual text-to-speech and joint generation.

The public names are loaded when they are first used: `import vsseval` imports neither torch nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsseval.api.exporting import export as export
    from vsseval.api.judging import compare as compare
    from vsseval.api.judging import gate as gate
    from vsseval.api.runs import Run as Run
    from vsseval.api.runs import find_runs as find_runs
    from vsseval.api.runs import load_run as load_run
    from vsseval.api.scoring import score as score
    from vsseval.api.showing import table as table
    from vsseval.records import RunRecord as RunRecord
    from vsseval.records import RunSpec as RunSpec
    from vsseval.stages.run import run as run

    __version__: str

_HOMES = {
    "Run": "vsseval.api.runs",
    "RunRecord": "vsseval.records",
    "RunSpec": "vsseval.records",
    "compare": "vsseval.api.judging",
    "export": "vsseval.api.exporting",
    "find_runs": "vsseval.api.runs",
    "gate": "vsseval.api.judging",
    "load_run": "vsseval.api.runs",
    "run": "vsseval.stages.run",
    "score": "vsseval.api.scoring",
    "table": "vsseval.api.showing",
}

__all__ = [
    "Run",
    "RunRecord",
    "RunSpec",
    "__version__",
    "compare",
    "export",
    "find_runs",
    "gate",
    "load_run",
    "run",
    "score",
    "table",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("vsseval")
    if name not in _HOMES:
        raise AttributeError(f"module 'vsseval' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
