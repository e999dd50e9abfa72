"""What is odd about the sounds of a run becomes checks of a gate: more than the baseline has is a regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.statistics.flagged import FEW, flagged_clips, said
from vsseval.statistics.gate_verdict import PASSED, REGRESSION, Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.statistics.gate_verdict import Outcome
    from vsseval.store.record import LoadedRun


def flag_checks(run: LoadedRun, baseline: LoadedRun) -> Iterator[Check]:
    """Yield a check for each kind of flag that the run has; clips that the baseline has it for too do not count.

    Chance flags a sound now and then: up to one in twenty, and one in any case, may be new.
    """
    before = {kind: {flag.clip for flag in found} for kind, found in flagged_clips(baseline.flags).items()}
    for kind, found in flagged_clips(run.flags).items():
        new = {flag.clip for flag in found} - before.get(kind, set())
        status: Outcome = REGRESSION if len(new) > max(1.0, FEW * run.flags.sounds) else PASSED
        message = f"{said(kind, found, run.flags.sounds)}; the baseline has {len(before.get(kind, ()))} such clips"
        yield Check(name=f"sounds {kind}", status=status, message=message)
