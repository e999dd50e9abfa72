"""What makes a run this run: a hash of all that its sounds depend on, which its folder and its records are named by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vsseval.store import codec

if TYPE_CHECKING:
    from vsseval.records import RunSpec
    from vsseval.types import BenchmarkCard, ModelCard

__all__ = ["argument_of", "run_identity"]


def run_identity(spec: RunSpec, benchmark: BenchmarkCard, model: ModelCard, manifest: str) -> str:
    """Return the sha256 of model, benchmark, manifest, seeds and kind of device."""
    parts = {
        "model": [model.name, model.version, model.weights, argument_of(spec, model), model.threads],
        "benchmark": [benchmark.name, benchmark.version, manifest],
        "seed": spec.seeds or spec.seed,
        # The limit acts through the manifest. Devices differ in their last bits, cuda:0 and cuda:1 do not.
        "device": spec.device.partition(":")[0],
    }
    return hashlib.sha256(codec.encode(parts, order="sorted")).hexdigest()


def argument_of(spec: RunSpec, model: ModelCard) -> str | None:
    """Return a model's argument in its one spelling; None where it has none."""
    return (spec.model.partition(":")[2] or None) if model.argument is None else model.argument
