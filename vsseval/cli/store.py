"""`vsseval store`: how much the feature store holds, of which extractors, and the clearing of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from vsseval.errors import EnvironmentFault, UsageError, unknown
from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STORE = click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    help="Feature store [default: the user's cache folder].",
)
COPIES = {"muted": "copies of videos without sound", "excerpts": "copies of segments of sounds"}
"""Folders of the store that hold copies of media, made for models."""


class Kept(NamedTuple):
    """What the store keeps under one name."""

    name: str
    entries: int
    size: int
    """Bytes on the disk."""
    spare: int
    """Bytes that nothing refers to."""


@click.group(short_help="Show and clear what is kept of features.")
def command() -> None:
    """Show and clear what is kept of features. Whatever is cleared is made anew when it is needed."""


@command.command(short_help="Say how much is kept of what.")
@_STORE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def du(store: Path | None, *, as_json: bool) -> None:
    """Say how much is kept of what, the largest first."""
    from vsseval.store import codec

    root = _root(store)
    found = sorted(_kept(root), key=lambda one: (-one.size, one.name))
    if as_json:
        show_json(codec.pretty([one._asdict() for one in found]), nl=False)
        return
    for one in found:
        spare = f"  {one.spare / 1e6:,.1f} MB to spare" if one.spare else ""
        say(f"{one.size / 1e6:12,.1f} MB {one.entries:12,}  {one.name}{spare}")
    say(f"{sum(one.size for one in found) / 1e6:12,.1f} MB {sum(one.entries for one in found):12,}  in {root}")


@command.command(short_help="Clear what is not needed.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--outdated", is_flag=True, help="Clear what no extractor that is installed here would make any more.")
@_STORE
def prune(names: tuple[str, ...], store: Path | None, *, outdated: bool) -> None:
    """Clear the features under each NAME, as `vsseval store du` shows it; free what nothing refers to in the others."""
    root = _root(store)
    known = [one.name for one in _kept(root)]
    for name in names:
        if name not in known:
            raise unknown("part of the store", name, known)
    gone = {*names, *(_outdated(root) if outdated else ())}
    before = _size(root)
    for name in sorted(gone):
        _remove(root, name)
        say(f"cleared: {name}", err=True)
    for folder in _folders(root):
        _compact(folder)
    say(f"{(before - _size(root)) / 1e6:,.1f} MB freed in {root}")


def _kept(root: Path) -> Iterator[Kept]:
    from vsseval.store.packs import Packs

    for folder in _folders(root):
        entries, used, size = Packs(folder).usage()
        yield Kept(folder.name, entries, size, max(0, size - used - 52 * entries))
    for name in COPIES:
        files = [path for path in (root / name).glob("*") if path.is_file()]
        if files:
            yield Kept(name, len(files), sum(path.stat().st_size for path in files), 0)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in (root / "features").glob("*") if path.is_dir())


def _outdated(root: Path) -> Sequence[str]:
    """Return the folders that belong to no extractor as it is installed here.

    Of one whose weights are not here, nobody knows which they would be: what is kept of it stays.
    """
    from vsseval import plugins
    from vsseval.border.extractors import build_extractor
    from vsseval.store.features import FeatureStore

    store, current, unsure = FeatureStore(root), set(), set()
    for name in plugins.names("extractors"):
        try:
            current.add(store.folder(build_extractor(name).spec).name)
        except (EnvironmentFault, UsageError):
            unsure.add(name)
    found = []
    for folder in _folders(root):
        made_by = max((name for name in unsure if folder.name.startswith(f"{name}-")), key=len, default=None)
        on_device = any(folder.name.startswith(f"{name}-") for name in current)
        if folder.name not in current and made_by is None and not on_device:
            found.append(folder.name)
    return found


def _compact(folder: Path) -> None:
    from vsseval.store.packs import Packs

    packs = Packs(folder)
    entries, used, size = packs.usage()
    if size > used + 52 * entries:
        packs.compact()


def _remove(root: Path, name: str) -> None:
    from vsseval.store import atomic

    folder = root / name if name in COPIES else root / "features" / name
    with atomic.as_environment_fault(folder):
        shutil.rmtree(folder)


def _size(root: Path) -> int:
    return sum(one.size for one in _kept(root))


def _root(store: Path | None) -> Path:
    from vsseval.store.features import default_store_root

    root = store or default_store_root()
    if not root.is_dir():
        raise UsageError(f"there is no feature store in {root}: name it with --store DIR")
    return root
