"""Tries a model on three clips: rate, length, finite, not silent, and the same sound twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from vsseval import plugins
from vsseval.border.benchmarks import samples as samples_of
from vsseval.border.blame import PluginFault
from vsseval.border.build import build
from vsseval.border.models import answers
from vsseval.cli.check import Check, part
from vsseval.errors import EnvironmentFault, Unmeasurable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vsseval.models.base import Model, ModelOutput
    from vsseval.types import BenchmarkCard, ModelCard, Request, Sample

CLIPS = 3
QUIET = 1e-3
"""Peak (-60 dBFS) under which a sound counts as silent."""


def try_model(reference: str, checkpoint: Path | None, device: str) -> Iterator[Check]:
    """Run a model on the first three clips of a fitting benchmark, twice; the second time in reverse order.

    Args:
        reference: `name` or `name:argument`.
        checkpoint: its weights, or None.
        device: where it runs.

    Raises:
        UsageError: there is no such model, or no benchmark that fits it is present.
    """
    from vsseval.models.base import ModelOptions
    from vsseval.stages.bound_references import bound_references
    from vsseval.stages.requests import make_request
    from vsseval.store.features import FeatureStore, default_store_root

    name, argument = plugins.split_argument(reference)
    area = f"model {reference}"
    begun = time.perf_counter()
    try:
        model: Model = build("models", name, ModelOptions(argument, checkpoint, device))
    except EnvironmentFault as fault:
        yield Check(area, "load", "problem", *part(fault, "vsseval list models"))
        return
    card, samples = _fitting(model.card)
    references = bound_references(model.card.bound, samples)
    store = FeatureStore(default_store_root())
    uses_video = model.card.uses_video
    try:
        requests = [make_request(sample, 0, store, references, uses_video=uses_video) for sample in samples[:CLIPS]]
    except Unmeasurable as fault:
        yield Check(area, "requests", "problem", str(fault), f"vsseval data check {card.name}")
        return
    first = _generate(model, requests)
    if isinstance(first, str):
        yield Check(area, "generate", "problem", first, "mend the model; what it raised is shown here")
        return
    seconds = time.perf_counter() - begun
    yield Check(area, "generate", "ok", f"{len(first)} clips of {card.name} in {seconds:.1f} s, loading included")
    for request in requests:
        yield from _sound(area, request, first.get(request.id))
    yield _same(area, first, _generate(model, requests[::-1]))


def _fitting(card: ModelCard) -> tuple[BenchmarkCard, Sequence[Sample]]:
    """The first benchmark that is present and asks for what the model does."""
    for name in plugins.names("benchmarks"):
        try:
            made = build("benchmarks", name, None)
            samples = [sample for sample in samples_of(made, name) if not sample.problem]
        except (EnvironmentFault, UsageError):
            continue
        if made.card.task in card.tasks and samples:
            return made.card, samples
    raise UsageError(
        f"no benchmark is present that asks for {' or '.join(card.tasks)}, as {card.name} does. See: vsseval list"
    )


def _generate(model: Model, requests: Sequence[Request]) -> dict[str, ModelOutput] | str:
    """Return the outputs by clip, or what went wrong."""
    try:
        return {take.id: take for take in answers(model, requests)}
    except (EnvironmentFault, PluginFault, Unmeasurable, UsageError) as fault:
        return str(fault)


def _sound(area: str, request: Request, take: ModelOutput | None) -> Iterator[Check]:
    from vsseval.stages.validate_output import validate_output

    mend = "mend the model: vsseval run would count this clip as it is shown here"
    if take is None:
        yield Check(area, request.id, "problem", "the model yielded nothing for this clip", mend)
        return
    found = validate_output(take, request)
    if found.samples is None:
        yield Check(area, request.id, "problem", found.error or "no sound", mend)
        return
    peak = float(np.abs(found.samples).max())
    seconds = found.samples.shape[-1] / found.sample_rate
    detail = f"{seconds:.2f} s at {found.sample_rate} Hz, peak {peak:.2f}"
    if peak < QUIET:
        yield Check(area, request.id, "problem", f"{detail}: silent", mend)
    elif found.note:
        yield Check(area, request.id, "note", f"{detail}; {found.note}")
    else:
        yield Check(area, request.id, "ok", detail)


def _same(area: str, first: dict[str, ModelOutput], second: dict[str, ModelOutput] | str) -> Check:
    mend = "seed the model from request.seed alone: vsseval promises the same bits on every rerun"
    if isinstance(second, str):
        return Check(area, "again", "problem", second, mend)
    other = [name for name, take in first.items() if name not in second or not _equal(take, second[name])]
    if other:
        detail = f"another sound for {', '.join(other)} when asked again in another order"
        return Check(area, "again", "problem", detail, mend)
    return Check(area, "again", "ok", "the same sound, bit for bit, in another order")


def _equal(a: ModelOutput, b: ModelOutput) -> bool:
    if a.samples is None or b.samples is None:
        return a.samples is b.samples
    return a.sample_rate == b.sample_rate and np.array_equal(a.samples, b.samples)
