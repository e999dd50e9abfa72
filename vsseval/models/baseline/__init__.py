"""`baseline:NAME`, or `NAME` alone: a published system in an environment of its own, described by a folder of data.

A folder holds `baseline.toml` and, where the system has no command line, `worker.py`. Folders are found through the
entry points of the group `vsseval.baselines`, each of which names a package of such folders.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vsseval import plugins
from vsseval.errors import MissingEnvironment, NeedsArgument, ReportedOnly, UsageError, unknown
from vsseval.models.base import Model, ModelCard, ModelOptions
from vsseval.models.baseline import installed
from vsseval.models.baseline.spec import Baseline, digest, read_baseline

if TYPE_CHECKING:
    from vsseval.models.baseline.installed import InstalledEnvironment

__all__ = ["baseline_model", "find_baseline"]

_LARGE = 64
_WHOLE = 1 << 30
"""More clips than any benchmark has: the official list is run once."""


def find_baseline(name: str) -> tuple[Baseline, Path]:
    """Return a baseline and its folder.

    Raises:
        UsageError: there is none of that name.
        EnvironmentFault: its file is damaged.
    """
    found = plugins.baseline_folders()
    if name not in found:
        raise unknown("baseline", name, found)
    return read_baseline(found[name]), found[name]


def baseline_model(options: ModelOptions) -> Model:
    """Return the model of `baseline:NAME` or `baseline:NAME:VARIANT`; of published sound, `baseline:NAME:FOLDER`.

    Raises:
        UsageError: no name, an unknown one, or an unknown variant.
        NeedsArgument: published sound is asked for without the folder that holds it.
        ReportedOnly: neither code nor outputs are public.
        MissingEnvironment: its environment was not made yet; the message holds the command.
        EnvironmentFault: its file is damaged.
    """
    if not options.argument:
        raise UsageError("the model `baseline` needs a name: --model baseline:mmaudio. See: vsseval list models")
    name, variant = plugins.split_argument(options.argument)
    baseline, folder = find_baseline(name)
    if baseline.kind == "precomputed":
        if not variant:
            raise NeedsArgument(
                f"{name} is finished sound: get it from {baseline.outputs} and write --model {name}:FOLDER",
                _card(baseline, folder, "", options),
            )
        from vsseval.models.baseline.precomputed_model import PrecomputedModel

        return PrecomputedModel(_card(baseline, folder, "", options), baseline, Path(variant).expanduser())
    baseline = _chosen(baseline, variant)
    card = _card(baseline, folder, variant or "", options)
    if baseline.kind == "reported_only":
        raise ReportedOnly(f"reported only: {baseline.reason}", card)
    if baseline.mix is not None:
        from vsseval.models.baseline.mix_model import MixModel

        return MixModel(card, baseline.mix, options)
    return _living(card, baseline, folder, options)


def _living(card: ModelCard, baseline: Baseline, folder: Path, options: ModelOptions) -> Model:
    found = installed.find_environment(baseline.name)
    lost = installed.missing_part(baseline, found)
    if lost is not None or found is None:
        raise MissingEnvironment(
            f"{lost}; verified: {baseline.verified}. Get it with: vsseval baselines setup {baseline.name}", card
        )
    if baseline.kind == "command":
        from vsseval.models.baseline.command_model import CommandModel

        return CommandModel(card, baseline, folder, found, options)
    from vsseval.models.baseline.driver_model import DriverModel

    return DriverModel(card, baseline, folder, found, options)


def _chosen(baseline: Baseline, variant: str | None) -> Baseline:
    """Return the baseline with the expectations of a variant.

    Raises:
        UsageError: it has no such variant.
    """
    if variant is not None and variant not in baseline.variants:
        known = ", ".join(baseline.variants) or "none"
        raise UsageError(f"{baseline.name} has no variant {variant!r}; it has: {known}")
    name = variant if variant is not None else next(iter(baseline.variants), None)
    if name is None:
        return baseline
    fields = msgspec.structs.asdict(baseline.variants[name])
    expect = msgspec.structs.replace(baseline.expect, **{key: value for key, value in fields.items() if value})
    return msgspec.structs.replace(baseline, expect=expect)


def _card(baseline: Baseline, folder: Path, variant: str, options: ModelOptions) -> ModelCard:
    needs = "needs a GPU; " if baseline.requires_gpu and baseline.kind in {"command", "python_driver"} else ""
    needs += "cannot be seeded: another sound at each run; " if baseline.random else ""
    return ModelCard(
        name=f"{baseline.name}:{variant}" if variant else baseline.name,
        version=f"{baseline.revision or '1'}+{digest(folder)[:8]}{_revision(baseline)}",
        tasks=baseline.tasks,
        weights=_weights(baseline, options),
        licence=baseline.licence,
        note=f"{baseline.title}; {needs}verified: {baseline.verified}.",
        own_picture=msgspec.UNSET if baseline.picture is msgspec.UNSET else True,
        threads=baseline.threads,
        batch=_batch(baseline),
    )


def _batch(baseline: Baseline) -> int:
    """Return how many clips a process is worth: a program that loads its networks for each batch wants large ones."""
    if baseline.kind == "command" and baseline.command is not None:
        return {"clip": 1, "batch": _LARGE, "whole": _WHOLE}[baseline.command.group]
    return baseline.driver.batch if baseline.driver is not None else _LARGE


def _revision(baseline: Baseline) -> str:
    """Return what marks a repository of another revision than the folder's: its sound is another system's."""
    if not baseline.needs_repo:
        return ""
    found: InstalledEnvironment | None = installed.find_environment(baseline.name)
    if found is None or not found.revision or found.revision.startswith(baseline.revision):
        return ""
    return f"+at-{found.revision[:8]}"


def _weights(baseline: Baseline, options: ModelOptions) -> str:
    """Return the hash of the weights: the checkpoint's own, or that of the published hashes; "none" if not known."""
    if options.checkpoint is not None:
        from vsseval.media import sha256

        return sha256(options.checkpoint)
    known = sorted(weights.sha256 for weights in baseline.weights)
    return hashlib.sha256("".join(known).encode()).hexdigest() if known and all(known) else "none"
