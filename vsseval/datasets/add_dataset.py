"""`vsseval data add`, step by step: folder, list, clips, media, manifest. Nothing is written into the data folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from vsseval.datasets import clip_lists, hash_media, manifest_store
from vsseval.datasets.clip_lists import ListText
from vsseval.datasets.description import CUSTOM, ClipEntry, DatasetDescription, DatasetSource, Variant
from vsseval.datasets.entry_samples import sample_with_video, sample_without_video
from vsseval.datasets.file_index import FileIndex, youtube_names
from vsseval.datasets.folder_csv import id_fault, refuse
from vsseval.datasets.hash_media import FileFacts
from vsseval.errors import UsageError
from vsseval.types import Sample

__all__ = ["changed_files", "chosen_variants", "register_variant"]

Watch = Callable[[int, int], None]
"""Called with the files that are done and their number."""


def unwatched(done: int, total: int) -> None:
    """Show nothing."""
    del done, total


def chosen_variants(dataset: DatasetDescription, named: Sequence[str], listed: ListText | None) -> list[Variant]:
    """Return the variants to register; a list without a name is recognised by its sha256.

    Raises:
        UsageError: there is no such variant, or the benchmark takes no list.
    """
    if named:
        return [dataset.variant(name) for name in dict.fromkeys(named)]
    if listed is None:
        return [dataset.variant()]
    same = [v for v in dataset.variants if v.pin is not None and clip_lists.matches_pin(listed, v.pin)]
    if same:
        return same[:1]
    if all(v.pin is None for v in dataset.variants):
        raise UsageError(f"{dataset.name} takes no list: its folder says what there is. Leave out --list")
    unpinned = [v for v in dataset.variants if v.pin is not None and not v.pin.known]
    return unpinned[:1] or [dataset.variant(CUSTOM)]


def register_variant(
    dataset: DatasetDescription,
    variant: Variant,
    root: Path,
    listed: ListText | None = None,
    excluded: Sequence[ListText] = (),
    jobs: int = 1,
    watch: Watch = unwatched,
) -> tuple[manifest_store.Header, Sequence[Sample]]:
    """Register one variant, and return its header and its clips.

    Args:
        dataset: the benchmark.
        variant: its list or setting.
        root: the data folder, which is only read.
        listed: the user's copy of the list; without it the list is looked for in the root.
        excluded: lists of ids that stay in N with the problem "excluded".
        jobs: processes that open and hash.
        watch: told of the progress.

    Raises:
        UsageError: folder or list are not those of this benchmark.
        EnvironmentFault: the harness's own place cannot be written.
    """
    require_outside(root)
    tree = FileIndex(root)
    if not len(tree):
        raise UsageError(f"{tree.root} is empty. {dataset.name} is expected as: {dataset.layout}")
    listed = _list(dataset, variant, tree, listed)
    entries = _entries(dataset, DatasetSource(tree, variant, listed))
    entries = _without(entries, excluded)
    path = manifest_store.registered_folder(dataset.name, variant.name).parent / manifest_store.FILES
    facts = _facts(entries, path, jobs, watch)
    if dataset.prompts:
        samples = tuple(sample_without_video(entry, variant, facts) for entry in entries)
    else:
        samples = tuple(sample_with_video(entry, facts, shortest=variant.seconds is not None) for entry in entries)
    usable = [manifest_store.cut_sample(sample, variant.seconds) for sample in samples]
    digest = _digest(variant, listed, entries)
    header = manifest_store.Header(
        schema=manifest_store.SCHEMA,
        benchmark=dataset.name,
        variant=variant.name,
        version=f"{variant.version}-{digest[:8]}",
        root=tree.root,
        list=listed.path.name if listed else "(folder)",
        list_sha256=digest,
        size=len(samples),
        present=sum(sample.problem is None for sample in usable),
        problems=manifest_store.problem_kinds(usable),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest_store.write_registered(header, samples)
    return header, usable


def require_outside(root: Path) -> None:
    """Make sure that nothing of the harness's would be written into the data folder, not even a lock.

    Raises:
        UsageError: manifests would lie inside it.
    """
    home = manifest_store.data_root()
    if home.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"manifests would be written to {home}, inside the data folder: set VSSEVAL_DATA elsewhere")


def changed_files(header: manifest_store.Header, jobs: int = 1, watch: Watch = unwatched) -> list[str]:
    """Hash every file of a registered variant again, and return what is wrong, one line per file.

    What is found is kept in the journal, so that a run no longer takes a damaged file for the registered one.

    Raises:
        UsageError: the manifest is damaged.
        EnvironmentFault: the journal cannot be written.
    """
    folder = manifest_store.registered_folder(header.benchmark, header.variant)
    usable = [sample for sample in manifest_store.manifest(header) if sample.problem is None]
    known = {medium.path: medium.sha256 for sample in usable for medium in manifest_store.media_of(sample)}
    wrong = []
    journal = folder.parent / manifest_store.FILES
    for done, facts in enumerate(hash_media.examined(known, journal, jobs, {}), 1):
        watch(done, len(known))
        if facts.sha256 != known[facts.path]:
            wrong.append(f"{facts.path}: {'changed' if facts.sha256 else 'absent or unreadable'}")
    return sorted(wrong)


def _digest(variant: Variant, listed: ListText | None, entries: Sequence[ClipEntry]) -> str:
    """Return what a list is known by: its pin, whatever its line ends; else its own sha256, or that of the ids."""
    if listed is None:
        return hashlib.sha256("\n".join(entry.id for entry in entries).encode()).hexdigest()
    return (variant.pin.sha256 if variant.pin else None) or listed.sha256


def _list(dataset: DatasetDescription, variant: Variant, tree: FileIndex, listed: ListText | None) -> ListText | None:
    """Return the list of a variant, the user's or the one that lies in the root; refuse another than the pinned one."""
    pin = variant.pin
    if pin is None:
        if listed is not None:
            raise UsageError(f"the variant {variant.name} takes no list: leave out --list, or add --variant {CUSTOM}")
        return None
    if listed is None:
        path = next((found for name in pin.names if (found := tree.at(name)) is not None), None)
        if path is None and variant.optional:
            return None
        if path is None:
            names = " or ".join(pin.names) or "a list"
            where = f" ({pin.url})" if pin.url else ""
            raise UsageError(
                f"{dataset.name}:{variant.name} needs {names}{where}, which is not in {tree.root}. Give it with: "
                f"vsseval data add {dataset.name} --root {tree.root} --variant {variant.name} --list FILE"
            )
        listed = clip_lists.read_list(path)
    if pin.known and not clip_lists.matches_pin(listed, pin):
        others = [v.name for v in dataset.variants if v.pin is not None and clip_lists.matches_pin(listed, v.pin)]
        other = f"--variant {others[0]}" if others else f"--variant {CUSTOM}-NAME"
        raise UsageError(
            f"{listed.path} is not the public list of {dataset.name}:{variant.name} ({_known(listed, pin)}). "
            f"Get that one from {pin.url}, or register yours with: {other} --list {listed.path}"
        )
    return listed


def _known(listed: ListText, pin: clip_lists.Pin) -> str:
    """Say by what a list differs from the pinned one."""
    kind, found = ("sha256", listed.sha256) if pin.sha256 else ("git blob", listed.git_blob)
    return f"{kind} {found[:12]}…, not {pin.known[:12]}…"


def _entries(dataset: DatasetDescription, source: DatasetSource) -> list[ClipEntry]:
    where = source.listed.path if source.listed else source.tree.root
    by_id: dict[str, ClipEntry] = {}
    faults: list[str] = []
    for entry in dataset.list_clips(source):
        if fault := id_fault(entry.id):
            faults.append(fault)
        elif by_id.setdefault(entry.id, entry) != entry:
            faults.append(f"{entry.id!r} is listed twice, with different content")
    refuse(where, list(dict.fromkeys(faults)))
    entries = list(by_id.values())
    expected = source.variant.size
    if expected is not None and len(entries) != expected:
        raise UsageError(f"{where} gives {len(entries)} clips, {dataset.name}:{source.variant.name} has {expected}")
    if not entries:
        raise UsageError(f"{where} names no clips of {dataset.name}. Expected: {dataset.layout}")
    if not dataset.prompts and not any(entry.video or entry.reference for entry in entries):
        seen = source.tree.media("video") + source.tree.media("audio")
        example = f", such as {seen[0].relative_to(source.tree.root).as_posix()}" if seen else ""
        reason = f"; the first: {entries[0].id}: {entries[0].problem}"
        raise UsageError(
            f"none of the {len(entries)} clips of {dataset.name} is in {source.tree.root} ({len(seen)} media there"
            f"{example}){reason}. Expected: {dataset.layout}"
        )
    return entries


def _without(entries: Sequence[ClipEntry], excluded: Sequence[ListText]) -> list[ClipEntry]:
    """Mark the clips that the user's lists of ids exclude; both conventions of YouTube ids are understood."""
    reasons: dict[str, str] = {}
    for found in excluded:
        ids = {line for _, (line,) in clip_lists.lines(found)}
        names = {name for line in ids for name in (youtube_names(line) or ())[:1]}
        reasons.update(dict.fromkeys(ids | names, f"excluded: by the list {found.path.name} ({found.sha256[:12]})"))
    return [
        msgspec.structs.replace(entry, problem=entry.problem or reasons[entry.id]) if entry.id in reasons else entry
        for entry in entries
    ]


def _facts(entries: Iterable[ClipEntry], journal: Path, jobs: int, watch: Watch) -> Mapping[Path, FileFacts]:
    wanted = {
        path
        for entry in entries
        if entry.problem is None
        for path in (entry.video, entry.reference, entry.speaker_prompt)
        if path is not None
    }
    found: dict[Path, FileFacts] = {}
    for facts in hash_media.examined(sorted(wanted), journal, jobs, hash_media.journal(journal)):
        found[facts.path] = facts
        watch(len(found), len(wanted))
    return found
