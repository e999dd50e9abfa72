"""The border to extractors: what they make of media becomes arrays that can be stored, or one fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vsseval.border.blame import PluginFault, call, readable
from vsseval.border.build import build
from vsseval.border.plain import named_arrays
from vsseval.errors import EnvironmentFault, Unmeasurable

__all__ = ["build_extractor", "features", "features_of_many"]

_TAKEN = frozenset({"file", "args", "kwds", "allow_pickle", "__unmeasurable__"})
"""Names that mean something to the files that features are stored in."""


def build_extractor(name: str, networks: str = "cpu") -> Any:
    """Return an extractor whose network, if it has one, will run on a device.

    Args:
        name: of the extractor.
        networks: `RunSpec.networks`; a precision counts for extractors that have it (`compute_fast`).

    Raises:
        UsageError: no such extractor.
        EnvironmentFault: it cannot be had.
    """
    extractor = build("extractors", name)
    device, _, precision = networks.partition("+")
    if device != "cpu" and hasattr(extractor, "on"):
        try:
            call(extractor, lambda: extractor.on(device), "on")
        except PluginFault as fault:
            raise EnvironmentFault(f"extractor '{name}' cannot be put on {device}: {fault}") from fault
    if precision and hasattr(extractor, "compute_fast"):
        call(extractor, extractor.compute_fast, "compute_fast")
    return extractor


def features(extractor: Any, source: Any) -> dict[str, np.ndarray]:
    """Return the features of one medium, or of a pair of features for an extractor of pairs.

    Raises:
        Unmeasurable: the medium has no such feature.
        VssevalError: the extractor says what the machine lacks.
        PluginFault: it raised anything else, or gave what cannot be stored.
    """
    if isinstance(source, tuple):
        return call(extractor, lambda: _plain(extractor.combine(*source)), "combine")
    return call(extractor, lambda: _plain(extractor.extract(source)), "extract")


def features_of_many(extractor: Any, sources: Sequence[Any]) -> list[dict[str, np.ndarray] | Unmeasurable]:
    """Return the features of several media, or why one of them has none.

    Raises:
        VssevalError: the extractor says what the machine lacks.
        PluginFault: it raised anything else, or gave what cannot be stored, or not as many as it was given.
    """

    def taken() -> list[dict[str, np.ndarray] | Unmeasurable]:
        found = [*extractor.extract_many(sources)]
        if len(found) != len(sources):
            raise ValueError(f"it gave {len(found)} features of {len(sources)} media")
        return [Unmeasurable(readable(one)) if isinstance(one, Unmeasurable) else _plain(one) for one in found]

    return call(extractor, taken, "extract_many")


def _plain(given: Any) -> dict[str, np.ndarray]:
    found = named_arrays(given)
    odd = sorted(_TAKEN & found.keys())
    if odd:
        raise PluginFault(f"the name '{odd[0]}' of an array is taken: choose another one")
    return found
