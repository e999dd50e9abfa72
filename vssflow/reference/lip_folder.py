"""A folder of AV-HuBERT features, one file a clip; without torch."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from vsseval.errors import UsageError

SUFFIXES = (".lips.npy", ".lips.npz", ".npy", ".npz")


def lip_files(folder: Path | None, option: str) -> dict[str, Path]:
    """Files of lip features by clip: `<id>.lips.npy` or `<id>.npy` (or .npz), the id as it is or percent-encoded.

    Args:
        folder: None for none.
        option: what it was given by, with its sign, for messages: `lips=` or `--lips `.

    Raises:
        UsageError: there is no such folder, it holds no such file, or two for one clip.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise UsageError(f"{option}{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        suffix = next((suffix for suffix in SUFFIXES if file.name.lower().endswith(suffix)), None)
        if suffix is None or file.name.startswith(".") or not file.is_file():
            continue
        clip = unquote(file.name[: -len(suffix)])
        if clip in found:
            raise UsageError(
                f"{option}{folder}: both {found[clip].name} and {file.name} are for the clip {clip}; keep one"
            )
        found[clip] = file
    if not found:
        raise UsageError(f"{option}{folder} holds no lip features; <clip id>.npy is one, of shape (frames, 1024)")
    return found
