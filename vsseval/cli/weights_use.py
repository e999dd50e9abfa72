"""Which metrics need which weights: by way of the extractors that they read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval import plugins
from vsseval.errors import VssevalError
from vsseval.profiles import load_profile
from vsseval.types import Feature
from vsseval.weights import pins

if TYPE_CHECKING:
    from collections.abc import Iterable


def users() -> dict[str, tuple[str, ...]]:
    """Return the ids of the metrics that need a set of weights, sorted, by its name."""
    by_extractor: dict[str, set[str]] = {}
    for metric in plugins.names("metrics"):
        for extractor in _extractors(metric):
            by_extractor.setdefault(extractor, set()).add(metric)
    return {
        name: tuple(sorted(set().union(*(by_extractor.get(one, set()) for one in pin.extractors or (name,)))))
        for name, pin in pins.pinned().items()
    }


def needed(profile: str) -> list[str]:
    """Return the sets of weights that the metrics of a profile need, sorted.

    Raises:
        UsageError: there is no such profile.
    """
    metrics = {*load_profile(profile).metrics}
    return [name for name, used in users().items() if metrics.intersection(used)]


def _extractors(metric: str) -> Iterable[str]:
    """Yield the extractors that a metric reads from; none for a metric that is not whole on this machine."""
    try:
        spec = plugins.metric_spec(metric)
    except VssevalError:  # a row that is not right; `vsseval doctor` tells of it
        return
    for source in spec.inputs.values():
        if isinstance(source, Feature):
            yield source.extractor
