"""Turns proposed margins into the text of a `gates.toml`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vsseval.text.escaping import toml_comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.learn_margins import Proposal
    from vsseval.store.record import LoadedRun


BASES = {
    "reruns": ("between two reruns", ""),
    "clips": ("between two versions, over clips", " --from-clips"),
}
"""What margins are learnt from -> of what s is the standard deviation, and the option."""


def toml(
    proposals: Sequence[Proposal], runs: Sequence[LoadedRun], *, basis: str = "reruns", correlation: float = 0.0
) -> str:
    """Return the rules, each with what it was made of and what it catches.

    Args:
        proposals: of `learn_margins`.
        runs: what they were learnt from.
        basis: a key of `BASES`.
        correlation: that was taken for granted of the clips of two versions, where there is one run on a benchmark.
    """
    what, option = BASES[basis]
    lines = [
        f"# Margins in the units of the tables, proposed by `vsseval gate --learn{option}`: margin = h + 3 s,",
        f"# where s is the standard deviation of a difference {what}, and h the widest half of its 95 % interval.",
        "# Add floor = ... and ceiling = ... where a value has to hold whatever the baseline has.",
    ]
    for benchmark in sorted({proposal.benchmark for proposal in proposals}):
        mine = [run for run in runs if run.record.benchmark.title == benchmark]
        models = ", ".join(sorted({run.record.model.name for run in mine}))
        seeds = ", ".join(str(seed) for seed in sorted({run.record.spec.seed for run in mine}))
        said = f"{benchmark}: {len(mine)} run{'s' * (len(mine) > 1)} of {models}, seeds {seeds}"
        lines += ["", f"# {toml_comment(said)}"]
        if basis == "clips" and len(mine) == 1:
            lines.append(f"# another version is taken to spread as much, and to correlate with it by {correlation:g}")
        for proposal in [p for p in proposals if p.benchmark == benchmark]:
            lines += _rule(proposal)
    return "\n".join(lines) + "\n"


def _rule(proposal: Proposal) -> list[str]:
    unit = f" {proposal.unit}" if proposal.unit else ""
    made = (
        f"s = {proposal.noise:.2g}, h = {proposal.half:.2g}, {proposal.clips} clips; "
        f"stops a loss of {proposal.caught:.2g}{unit} nine times in ten"
    )
    if proposal.detail:
        return [f"# {made}", f"shift = {{ {_key(proposal.detail)} = {proposal.margin:g} }}"]
    place = f"[{_key(proposal.benchmark)}.{_key(proposal.metric)}]"
    return ["", place, f"# {made}", f"margin = {proposal.margin:g}"]


def _key(text: str) -> str:
    """Quote a key; TOML's basic strings have the escapes of JSON, but DEL must be one too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
