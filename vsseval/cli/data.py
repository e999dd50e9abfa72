"""`vsseval data`: benchmarks over your own copy of a data set; the folder is read, never written into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval import plugins
from vsseval.errors import Busy, EnvironmentFault, UsageError, unknown
from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from vsseval.datasets.dataset import Dataset, Variant
    from vsseval.datasets.manifest_store import Header
    from vsseval.types import Sample

INCOMPLETE = 3
SHOWN = 5
"""Clips of each kind of problem that are named."""

_ROOT = click.Path(path_type=Path)
_LIST = click.Path(dir_okay=False, path_type=Path)
_JOBS = click.option("--jobs", type=click.IntRange(0), default=0, help="Processes that open files; 0: one per core.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="Register your copies of benchmarks.")
def command() -> None:
    """Register your copies of benchmarks.

    Media are opened and hashed once, and a manifest is written to $VSSEVAL_DATA (or your user data folder). Nothing
    is ever written into the data folder.
    """


@command.command(short_help="Check a folder and register it.")
@click.argument("name")
@click.option("--root", type=_ROOT, required=True, metavar="DIR", help="The data folder.")
@click.option("--list", "listed", type=_LIST, metavar="FILE", help="Your copy of the list, where it is not in DIR.")
@click.option("--variant", "variants", multiple=True, metavar="V", help="List or setting; repeatable.")
@click.option("--exclude", "excluded", type=_LIST, multiple=True, metavar="FILE", help="Ids that are not to be used.")
@_JOBS
@_JSON
def add(
    name: str, root: Path, listed: Path | None, variants: tuple[str, ...], excluded: tuple[Path, ...], jobs: int, *,
    as_json: bool,
) -> None:  # fmt: skip
    """Check the folder of the benchmark NAME, hash its media and write its manifest.

    Clips that are absent, too short or without sound stay in N, each with its reason. Stopped, the same command goes
    on where it was.
    """
    from vsseval.datasets import clip_lists
    from vsseval.datasets.add_dataset import chosen_variants, require_outside
    from vsseval.datasets.add_dataset import register_variant as register

    dataset = _dataset(name)
    found = clip_lists.read_list(listed) if listed else None
    left_out = [clip_lists.read_list(path) for path in excluded]
    require_outside(root)
    done: list[Header] = []
    with _held(name):
        for variant in chosen_variants(dataset, variants, found):
            title = f"{name}:{variant.name}"
            with _watched(title, "opening files") as watch:
                header, samples = register(dataset, variant, root, found, left_out, jobs or _cores(), watch)
            if not as_json:
                _print([header], as_json=False)
            _tell(header, samples)
            done.append(header)
    if as_json:
        _print(done, as_json=True)


@command.command(name="list", short_help="Say what is registered.")
@_JSON
def list_(*, as_json: bool) -> None:
    """Say what is registered, how much of it can be used, and what else could be."""
    from vsseval.datasets.manifest_store import registered_headers

    found = registered_headers()
    _print(found, as_json=as_json)
    rest = [name for name in _datasets() if name not in {header.benchmark for header in found}]
    if rest and not as_json:
        say(f"Not registered: {', '.join(rest)}. Register with: vsseval data add NAME --root DIR", err=True)


@command.command(short_help="Say what a benchmark is.")
@click.argument("name")
def show(name: str) -> None:
    """Say what the benchmark NAME is: licence, layout, lists, customary metrics, protocol, known losses."""
    dataset = _dataset(name)
    facts = {
        "task": dataset.task, "licence": dataset.licence, "citation": dataset.citation, "home": dataset.home,
        "folder": dataset.layout, "inputs": ", ".join(dataset.inputs), "profile": dataset.profile,
        "metrics": ", ".join(dataset.metrics), "protocol": dataset.protocol, "known losses": dataset.known_losses,
    }  # fmt: skip
    say(f"{dataset.name}: {dataset.description}")
    for fact, text in facts.items():
        say(f"{fact}: {text}")
    for variant in dataset.variants:
        say(f"variant {variant.name}: {_variant(variant)}")


def _variant(variant: Variant) -> str:
    length = f"first {variant.seconds:g} s" if variant.seconds else "whole clips"
    parts = [f"{variant.size:,} clips" if variant.size else "", length, variant.description]
    if variant.reference_mode != "none":
        parts.append(f"speaker prompt {variant.reference_mode}")
    if variant.pin is not None:
        digest = f", sha256 {variant.pin.sha256[:12]}" if variant.pin.sha256 else ""
        parts.append(f"list {' or '.join(variant.pin.names)} ({variant.pin.url}{digest})")
    return "; ".join(part.rstrip(".") for part in parts if part)


@command.command(short_help="Hash the files again.")
@click.argument("name")
@_JOBS
def check(name: str, jobs: int) -> int:
    """Hash every file of the benchmark NAME (or NAME:VARIANT) again, and say which have changed."""
    from vsseval.datasets.add_dataset import changed_files

    wrong = 0
    for header in _registered(name):
        title = f"{header.benchmark}:{header.variant}"
        with _held(header.benchmark), _watched(title, "hashing files") as watch:
            faults = changed_files(header, jobs or _cores(), watch)
        for fault in faults:
            say(fault)
        wrong += len(faults)
        verdict = f"{len(faults)} files differ" if faults else "every file is as it was registered"
        say(f"{title}: {verdict}", err=True)
        if faults:
            say(f"Put the files back, or register what is there: {header.again}", err=True)
    return INCOMPLETE if wrong else 0


@command.command(short_help="Forget a registered benchmark.")
@click.argument("name")
def remove(name: str) -> None:
    """Forget the benchmark NAME (or NAME:VARIANT); its folder is not touched."""
    from vsseval.datasets.manifest_store import remove_registered as forget

    benchmark, variant = plugins.split_argument(name)
    # By name alone: a damaged header must be removable too.
    for one in [variant] if variant else [header.variant for header in _registered(benchmark)]:
        forget(benchmark, one)
        say(f"{benchmark}:{one} is forgotten; its data folder is as it was.", err=True)


def _dataset(name: str) -> Dataset:
    from vsseval.datasets.dataset import Dataset

    bare, variant = plugins.split_argument(name)
    if variant is not None:
        raise UsageError(f"write the variant as an option: vsseval data add {bare} --variant {variant} --root DIR")
    factory = plugins.load("benchmarks", name)
    if not isinstance(factory, Dataset):
        raise UsageError(f"'{name}' is no benchmark over data of your own. There are: {', '.join(_datasets())}")
    return factory


def _datasets() -> list[str]:
    from vsseval.datasets.dataset import Dataset

    found = []
    for name in plugins.names("benchmarks"):
        try:
            if isinstance(plugins.load("benchmarks", name), Dataset):
                found.append(name)
        except EnvironmentFault:
            continue  # somebody's broken plugin: `vsseval list` tells of it
    return found


def _registered(name: str) -> list[Header]:
    from vsseval.datasets.manifest_store import registered_headers

    benchmark, variant = plugins.split_argument(name)
    found = [header for header in registered_headers(benchmark) if variant in {None, header.variant}]
    if not found:
        if benchmark not in plugins.names("benchmarks"):
            raise unknown("benchmark", benchmark, _datasets())
        raise UsageError(f"{name} is not registered. See: vsseval data list")
    return found


def _print(headers: Sequence[Header], *, as_json: bool) -> None:
    if as_json:
        from vsseval.store import codec

        show_json(codec.pretty(list(headers)), nl=False)
        return
    wide = max((len(f"{header.benchmark}:{header.variant}") for header in headers), default=0)
    for header in headers:
        title = f"{header.benchmark}:{header.variant}".ljust(wide)
        share = f"{header.present:,} of {header.size:,} usable"
        say(f"{title}  {share}  {header.list} {header.list_sha256[:12]}  {header.root}")


def _tell(header: Header, samples: Sequence[Sample]) -> None:
    """Say what cannot be used: how many of which kind, the first few by name, and where all of them are named."""
    from vsseval.datasets.manifest_store import PROBLEMS, registered_folder

    lost = [sample for sample in samples if sample.problem is not None]
    for kind, count in header.problems.items():
        named = [sample for sample in lost if (sample.problem or "").partition(":")[0] == kind][:SHOWN]
        say(f"  {count:,} {kind}, such as {', '.join(sample.id for sample in named)}", err=True)
        say(f"    {named[0].id}: {named[0].problem}", err=True)
    if lost:
        say(f"  All are named in {registered_folder(header.benchmark, header.variant) / PROBLEMS}", err=True)
    say(f"Run on it with: vsseval run --model M --benchmark {header.benchmark}:{header.variant}", err=True)


@contextmanager
def _watched(title: str, stage: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar, or plain lines, for one variant."""
    from vsseval.cli.progress import shown

    with shown() as watcher:
        watcher.run(title)
        before = 0

        def step(done: int, total: int) -> None:
            nonlocal before
            if before == 0:
                watcher.stage(stage, total)
            watcher.advance(done - before)
            before = done

        yield step


@contextmanager
def _held(name: str) -> Iterator[None]:
    """Hold the lock of one benchmark's registration."""
    from vsseval.datasets.manifest_store import data_root
    from vsseval.store.lock import hold_lock

    try:
        with hold_lock(data_root(), name):
            yield
    except Busy as error:
        raise Busy(f"the benchmark {name} is being registered already: {error}") from error


def _cores() -> int:
    from vsseval.store.provenance import cores

    return cores()
