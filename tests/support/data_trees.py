"""Makes small data folders of the layouts that people have, and registers them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import soundfile

from vsseval.datasets import add_dataset, clip_lists
from vsseval.media import write_mp4


@cache
def video(seconds: float = 10.2, *, sound: bool = True) -> bytes:
    """Return an MP4 of five pictures a second, with a quiet noise."""
    pictures = np.random.default_rng(0).integers(0, 255, (round(5 * seconds), 32, 32, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).normal(0, 0.05, round(8000 * seconds)) if sound else None
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        write_mp4(path, pictures, 5, noise, 8000 if sound else None)
        return path.read_bytes()


@cache
def wav(seconds: float = 1.0) -> bytes:
    """Return a WAV of 8 kHz."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "sound.wav")
        soundfile.write(path, np.full(round(8000 * seconds), 0.1), 8000)
        return path.read_bytes()


def put(root: Path, files: dict[str, bytes | str]) -> Path:
    """Write files below a folder, by relative name."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def listing(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return the state of everything below a folder, folders included."""
    return {
        path.relative_to(root).as_posix(): (
            path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted([root, *root.rglob("*")])
    }  # fmt: skip


def registered(dataset, root: Path, variant: str | None = None, listed: Path | None = None, **options):
    """Register a folder, and return the clips that a run is given, by id."""
    found = clip_lists.read_list(listed) if listed else None
    (chosen,) = add_dataset.chosen_variants(dataset, [variant] if variant else [], found)
    header, _ = add_dataset.register_variant(dataset, chosen, root, found, **options)
    samples = dataset(header.variant).samples()
    assert [sample.id for sample in samples] == list(dict.fromkeys(sample.id for sample in samples))
    return {sample.id: sample for sample in samples}


def unpinned(dataset, name, **changes):
    """Return the dataset with a variant whose list is not the public one, for lists of a few lines."""
    old = dataset.variant(name)
    pin = msgspec.structs.replace(old.pin, sha256=None) if old.pin else None
    changed = msgspec.structs.replace(old, pin=pin, size=None, **changes)
    return replace(dataset, variants=tuple(changed if one.name == name else one for one in dataset.variants))
