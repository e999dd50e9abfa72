"""What runs lack of the profile that they were asked to measure by, and the one command that gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vsseval.cli.weights_checks import lacks_weights
from vsseval.profiles import load_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun


class ProfileFaults(NamedTuple):
    """What is to be said of the profiles of some runs."""

    nothing: list[str]
    """A line for each profile and benchmark of which nothing could be measured: such a run is incomplete."""
    hints: list[str]
    """A line for each profile of which metrics lack weights, with the command that gets them all."""


def profile_faults(runs: Sequence[LoadedRun]) -> ProfileFaults:
    """Look at what could not be had of each profile; runs without one have nothing to say.

    Args:
        runs: finished.
    """
    nothing: dict[str, None] = {}
    lacking: dict[str, set[str]] = {}
    for run in runs:
        profile, card = run.record.spec.profile, run.record.benchmark
        if not profile:
            continue
        asked = load_profile(profile).selects(card.task)
        lost: dict[str, str] = run.record.provenance.get("unavailable", {})
        if asked and all(metric in lost for metric in asked):
            nothing[f"{card.name}: nothing of the profile '{profile}' could be measured"] = None
        lacking.setdefault(profile, set()).update(m for m in asked if lacks_weights(lost.get(m, "")))
    return ProfileFaults(
        [*nothing],
        [
            f"{len(metrics)} metrics of the profile '{profile}' lack weights. Get all that it needs with: "
            f"vsseval weights pull --profile {profile}"
            for profile, metrics in lacking.items() if metrics
        ],
    )  # fmt: skip
