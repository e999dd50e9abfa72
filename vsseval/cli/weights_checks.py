"""What `vsseval doctor` says of weights: a problem where damaged, or lacking to the first table, else a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.cli.check import Check
from vsseval.cli.weights_use import needed
from vsseval.weights import pins, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BROKEN = frozenset({"damaged", "outdated"})
_FIRST_TABLE = "mini"
"""The profile whose weights come with an install."""


def weights() -> Iterator[Check]:
    """Are the published weights that are here whole, and which are not here?"""
    states = {name: verify.weights_state(name, pin) for name, pin in pins.pinned().items()}
    here = [name for name, state in states.items() if state.status == "present"]
    absent = [name for name, state in states.items() if state.status == "absent"]
    if here:
        yield Check("weights", f"{len(here)} of {len(states)}", "ok", ", ".join(here))
    for name, state in states.items():
        if state.status in _BROKEN:
            yield Check("weights", name, "problem", state.detail, f"vsseval weights pull --again {name}")
        elif state.status == "unpinned":
            yield Check("weights", name, "note", "files of yours, not those that are pinned")
    for name in {*needed(_FIRST_TABLE)}.intersection(absent):
        detail = "a metric of the first table needs it, and no installed package holds it"
        yield Check("weights", f"{name} is not here", "problem", detail, f"vsseval weights pull {name}")
        absent.remove(name)
    if absent:
        detail = "for published metrics only; get one with: vsseval weights pull NAME"
        yield Check("weights", f"{len(absent)} of {len(states)} are not here", "note", detail)


def lacks_weights(reason: str) -> bool:
    """Tell whether a reason why something cannot be had is that weights were not fetched yet."""
    return "vsseval weights pull " in reason and "--again" not in reason


def without_weights(area: str, names: Sequence[str]) -> Iterator[Check]:
    """Yield one note on all that lack their weights; nothing where there are none."""
    if names:
        yield Check(area, f"{len(names)} without weights", "note", f"{', '.join(names)}. See: vsseval weights list")
