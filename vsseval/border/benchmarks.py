"""The border to benchmarks: what `samples` gives becomes valid samples; one that is not is a clip with a problem."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from vsseval.benchmarks.base import Benchmark, Sample
from vsseval.border.blame import PluginFault, blame, call
from vsseval.border.build import plainly
from vsseval.errors import EnvironmentFault
from vsseval.store import codec

__all__ = ["samples"]


def samples(benchmark: Benchmark, reference: str) -> tuple[Sample, ...]:
    """Return every clip of a benchmark, in its order.

    Args:
        benchmark: as its factory made it.
        reference: how it was asked for, for messages.

    Raises:
        UsageError: the benchmark says that its manifest is unreadable.
        EnvironmentFault: it says that its data is not there; it raised anything else; or a clip has no id.
    """
    try:
        return call(benchmark, lambda: tuple(_sample(benchmark, given) for given in benchmark.samples()), "samples")
    except PluginFault as fault:
        raise EnvironmentFault(f"benchmark '{reference}' gives no clips: {fault}") from fault


def _sample(benchmark: Benchmark, given: Any) -> Sample:
    try:
        converted = msgspec.convert(plainly(given), Sample, dec_hook=_path, from_attributes=True)
        # What goes through JSON and back has neither NaN nor text that is no Unicode.
        return codec.decode(codec.encode(converted), Sample)
    except Exception as error:
        clip = given.get("id") if isinstance(given, Mapping) else getattr(given, "id", None)
        if not isinstance(clip, str) or not clip:
            raise
        why = f"the benchmark does not describe the clip: {blame(error, benchmark, 'samples')}"
        return Sample(id=clip, cluster=clip, duration=0.0, problem=why)


def _path(kind: type, value: object) -> Path:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise TypeError(f"{kind.__name__} cannot be read")
