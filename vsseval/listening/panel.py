"""Decides what is heard in a listening test: the systems, the reference and the anchors, and on which clips."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from vsseval.errors import UsageError
from vsseval.listening.key import System
from vsseval.store import journal
from vsseval.tables.select import is_bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vsseval.listening.key import Kind, Role
    from vsseval.store.record import LoadedRun
    from vsseval.types import Generation

__all__ = ["LOWPASS", "Panel", "Voice", "choose_clips", "gather"]

LOWPASS = "lowpass"
"""Name of the anchor that is made of the reference."""
REFERENCE = "reference"
FEWEST = {"ab": 2, "mushra": 1, "mos": 1}


class Voice(NamedTuple):
    """A run whose sounds are heard, and what became of its clips."""

    system: System
    run: LoadedRun
    journal: Mapping[str, Generation]

    def path(self, clip: str) -> Path | None:
        """Return the sound of a clip, or None where there is none."""
        found = self.journal.get(clip)
        if found is None or found.status != "ok" or found.path is None:
            return None
        path = self.run.path / found.path
        return path if path.is_file() else None


class Panel(NamedTuple):
    """Who is heard."""

    voices: tuple[Voice, ...]
    lowpass: bool
    """Whether the low-passed reference is an anchor."""
    without: tuple[str, ...]
    """What could not be had, and why."""

    @property
    def reference(self) -> Voice | None:
        """The benchmark's own sound, where a run of it is at hand."""
        return next((v for v in self.voices if v.system.role == "reference"), None)

    @property
    def systems(self) -> list[Voice]:
        """Those that are compared."""
        return [v for v in self.voices if v.system.role == "system"]

    @property
    def anchors(self) -> list[Voice]:
        """Runs of bounds that mark the lower end."""
        return [v for v in self.voices if v.system.role == "anchor"]


def gather(
    runs: Sequence[LoadedRun], around: Sequence[LoadedRun], kind: Kind, anchors: Sequence[str], *, reference: bool
) -> Panel:
    """Sort runs into systems, reference and anchors.

    Args:
        runs: as asked for; bounds among them are anchors or reference.
        around: others of the same folders, among which the bounds are looked for.
        kind: of test.
        anchors: models of bounds, or "lowpass".
        reference: whether the reference is judged too (MUSHRA needs it in any case).

    Raises:
        UsageError: runs of several benchmarks, too few systems, or none of what the kind of test needs.
    """
    finished = [run for run in runs if run.record.status == "finished"]
    systems = _newest([run for run in finished if not is_bound(run)])
    if len(systems) < FEWEST[kind]:
        few = "no finished run of a system" if not systems else f"one system only ({systems[0].record.system})"
        raise UsageError(
            f"{few} on a benchmark: a test of kind {kind} needs {FEWEST[kind]}. Make runs with: vsseval run"
        )
    _same_benchmark(systems)
    key = systems[0].record.manifest_sha256
    bounds = [
        run for run in (*finished, *around)
        if run.record.status == "finished" and is_bound(run) and run.record.manifest_sha256 == key
    ]  # fmt: skip
    named = {run.record.system: run for run in sorted(bounds, key=lambda run: run.record.created)}
    voices = [_voice(run, "system", systems) for run in systems]
    without = []
    own = named.get(REFERENCE)
    if own is not None and (reference or kind == "mushra"):
        voices.append(_voice(own, "reference", ()))
    elif own is None:
        text = f"no run of the model {REFERENCE} on {systems[0].record.benchmark.name} is beside these runs"
        if kind == "mushra":
            raise UsageError(f"{text}: MUSHRA needs it. Make one with: {_again(systems[0], REFERENCE)}")
        without.append(f"Reference and attention checks: {text}. Make one with: {_again(systems[0], REFERENCE)}")
    if kind != "ab" or anchors:
        voices += _anchors(named, anchors, systems[0])
    return Panel(tuple(voices), LOWPASS in anchors and own is not None, tuple(without))


def attention(panel: Panel, around: Sequence[LoadedRun]) -> Voice | None:
    """Return the reference for attention checks, judged or not."""
    if panel.reference is not None:
        return panel.reference
    key = panel.systems[0].run.record.manifest_sha256
    own = [
        run for run in around
        if run.record.system == REFERENCE and run.record.status == "finished" and run.record.manifest_sha256 == key
    ]  # fmt: skip
    return _voice(own[-1], "check", ()) if own else None


def choose_clips(voices: Sequence[Voice], clusters: Mapping[str, str], number: int, seed: int) -> list[str]:
    """Draw clips of which every voice has a sound, from as many clusters as possible.

    Raises:
        UsageError: there is none.
    """
    common = sorted({c for c in voices[0].journal if all(v.path(c) is not None for v in voices)})
    if not common:
        names = ", ".join(v.system.name for v in voices)
        raise UsageError(f"no clip has a sound of each of {names}: were their folders of audio deleted?")
    random.Random(f"{seed} clips").shuffle(common)  # noqa: S311 - an order, not a secret
    seen: dict[str, int] = {}
    ranked = []
    for place, clip in enumerate(common):
        cluster = clusters.get(clip, clip)
        ranked.append((seen.get(cluster, 0), place, clip))
        seen[cluster] = seen.get(cluster, 0) + 1
    return [clip for *_, clip in sorted(ranked)[:number]]


def _newest(runs: Sequence[LoadedRun]) -> list[LoadedRun]:
    """Return one run of each model on each benchmark, as tables do: the newest, in order of name."""
    kept = {(run.record.benchmark.name, run.record.manifest_sha256, run.record.system): run
            for run in sorted(runs, key=lambda run: (run.record.created, run.path.name))}  # fmt: skip
    return sorted(kept.values(), key=lambda run: run.record.system.casefold())


def _same_benchmark(systems: Sequence[LoadedRun]) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for run in systems:
        found.setdefault((run.record.benchmark.name, run.record.manifest_sha256), []).append(run.path.name)
    if len(found) > 1:
        told = "; ".join(f"{name} ({sha[:8]}): {', '.join(runs)}" for (name, sha), runs in found.items())
        raise UsageError(f"a listening test is of one benchmark, and these runs are of {len(found)}: {told}")
    for run in systems:
        if run.record.model.own_picture:
            raise UsageError(f"{run.record.system} makes its own picture: raters would know it by that")


def _voice(run: LoadedRun, role: Role, among: Sequence[LoadedRun]) -> Voice:
    alike = sum(other.record.system == run.record.system for other in among) > 1
    name = run.path.name if alike else run.record.system
    return Voice(System(name, role, run.path.resolve()), run, journal.read_journals(run.paths.shards))


def _anchors(named: Mapping[str, LoadedRun], anchors: Sequence[str], system: LoadedRun) -> list[Voice]:
    found = []
    for name in anchors:
        if name == LOWPASS:
            continue
        if name not in named:
            known = ", ".join(sorted({*named} - {REFERENCE})) or "none"
            raise UsageError(
                f"there is no run of the anchor {name} beside these runs (there is: {known}, and {LOWPASS}). Make one "
                f"with: {_again(system, name)}"
            )
        found.append(_voice(named[name], "anchor", ()))
    return found


def _again(system: LoadedRun, model: str) -> str:
    limit = f" --limit {system.record.spec.limit}" if system.record.spec.limit else ""
    return f"vsseval run --model {model} --benchmark {system.record.spec.benchmark}{limit}"
