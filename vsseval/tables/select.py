"""Turns a heap of runs into groups that may stand in one table: the newest finished run of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.statistics.compare import signature, signature_differences
from vsseval.store.run_names import setting
from vsseval.types import BOUNDS, Record
from vsseval.types import is_bound as bound_card

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.store.record import LoadedRun


class Group(Record, frozen=True, kw_only=True):
    """Runs of one benchmark whose numbers may be compared: at most one per model."""

    runs: tuple[LoadedRun, ...]
    """Systems by name, then the bounds from best to worst."""
    unfinished: tuple[LoadedRun, ...] = ()
    """Runs that have not come to their end, where their model has no newer finished one."""


def is_bound(run: LoadedRun) -> bool:
    """Whether a run is of a pseudo-system (`reference`, `silence`, ...)."""
    return bound_card(run.record.model)


def comparable_groups(runs: Iterable[LoadedRun]) -> list[Group]:
    """Sort runs into tables.

    Two runs share a table if benchmark, version, manifest, seed and limit agree, and the signature of every
    metric that both have. Of one model (name, argument, version, weights) the newest finished run is taken.

    Returns:
        Groups in order of benchmark; of one benchmark the largest first, so that a trial with `--limit`
        stands below the whole.
    """
    tables: dict[tuple[object, ...], list[LoadedRun]] = {}
    for run in runs:
        tables.setdefault(setting(run), []).append(run)
    groups: list[Group] = []
    for members in tables.values():
        members.sort(key=lambda run: (run.record.created, run.path.name), reverse=True)
        finished, unfinished = _newest(members)
        parts = _split_by_signature(finished)
        groups += [Group(runs=_in_order(part)) for part in parts[1:]]
        groups.append(Group(runs=_in_order(parts[0] if parts else []), unfinished=tuple(unfinished)))
    return sorted(groups, key=_group_order)


def model_key(run: LoadedRun) -> tuple[object, ...]:
    """Identity of what was run: two runs with one key are two measurements of the same thing."""
    return run.record.system, run.record.model.version, run.record.model.weights


def _newest(newest_first: Sequence[LoadedRun]) -> tuple[list[LoadedRun], list[LoadedRun]]:
    """Take the newest finished run of each model, and the unfinished ones that are newer than it."""
    finished: dict[tuple[object, ...], LoadedRun] = {}
    unfinished: dict[tuple[object, ...], LoadedRun] = {}
    for run in newest_first:
        key = model_key(run)
        if run.record.status == "finished":
            finished.setdefault(key, run)
        elif key not in finished:
            unfinished.setdefault(key, run)
    return list(finished.values()), list(unfinished.values())


def _split_by_signature(newest_first: Sequence[LoadedRun]) -> list[list[LoadedRun]]:
    """Put each run into the first part with which no metric's signature disagrees; the newest run leads."""
    parts: list[tuple[dict[str, dict[str, str]], list[LoadedRun]]] = []
    for run in newest_first:
        signs = {metric: signature(run, metric) for metric in run.record.metrics}
        for known, members in parts:
            if not any(signature_differences(m, known.get(m, {}), sign) for m, sign in signs.items()):
                known.update({m: sign for m, sign in signs.items() if sign})
                members.append(run)
                break
        else:
            parts.append(({m: sign for m, sign in signs.items() if sign}, [run]))
    return [members for _, members in parts]


def _in_order(runs: Iterable[LoadedRun]) -> tuple[LoadedRun, ...]:
    def order(run: LoadedRun) -> tuple[bool, int, str, str, str]:
        name = run.record.model.name
        rank = BOUNDS.index(name) if name in BOUNDS else len(BOUNDS)
        return is_bound(run), rank if is_bound(run) else 0, name.casefold(), run.record.spec.model, run.record.created

    return tuple(sorted(runs, key=order))


def _group_order(group: Group) -> tuple[str, int, int, str]:
    first = (group.runs or group.unfinished)[0].record
    clips = first.spec.limit or first.benchmark.size
    return first.benchmark.title, -clips, -len(group.runs), first.manifest_sha256


def what_differs(group: Group, other: Group) -> list[str]:
    """Say why two groups of one benchmark are two tables."""
    if not group.runs or not other.runs:
        return []
    a, b = group.runs[0].record, other.runs[0].record
    pairs = (
        ("version", a.benchmark.version, b.benchmark.version),
        ("manifest", a.manifest_sha256[:8], b.manifest_sha256[:8]),
        ("seed", a.spec.seed, b.spec.seed),
        ("limit", a.spec.limit or "none", b.spec.limit or "none"),
    )
    reasons = [f"{name} {x} (above: {y})" for name, x, y in pairs if x != y]
    if not reasons:
        seen: dict[str, None] = {}
        for run in group.runs:
            for rival in other.runs:
                for metric in run.record.metrics:
                    found = signature_differences(metric, signature(run, metric), signature(rival, metric))
                    seen.update(dict.fromkeys(found))
        reasons = list(seen)
    return reasons
