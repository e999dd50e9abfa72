"""Lip features from a file: AV-HuBERT's last layer at 25 frames a second.

Shi et al. 2022, "Learning audio-visual speech representation by masked multimodal cluster prediction". Computing them
takes fairseq, an environment of its own; here they are read. Without them the model gets zeros, as in the authors'
own inference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vsseval.errors import UsageError
from vsseval.text.arrays import arrays

WIDTH = 1024
"""Numbers in one frame of AV-HuBERT large."""
FRAMES = 250
"""Frames of ten seconds."""


def read_lips(path: Path) -> Tensor:
    """Read lip features from a .npy file, or from a .npz file with one array.

    Returns:
        float32, shape (frames, 1024), 25 frames a second.

    Raises:
        UsageError: there is no such file, it is damaged, or it holds something else; the message says which.
    """
    if path.suffix.lower() not in {".npy", ".npz"}:
        raise UsageError(f"{path}: lip features are read from .npy and .npz files; save them with numpy.save")
    if not path.is_file():
        raise UsageError(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'} of lip features")
    try:
        array = _array(path)
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged archive can fail in any way
        raise UsageError(f"{path} cannot be read as an array ({error}); compute the lip features again") from error
    if array.dtype.kind != "f":
        raise UsageError(f"{path}: lip features are floating-point numbers, not {array.dtype}")
    # what is too large for float32 becomes infinite, and is refused as such
    with np.errstate(over="ignore"):
        lips = torch.from_numpy(array.astype(np.float32))
    check_lips(lips, str(path))
    return lips


def _array(path: Path) -> np.ndarray:
    """The only array in a file; pickled objects are refused by numpy."""
    # opened here: of a damaged archive numpy would leave the file open
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    found = arrays(path)
    if len(found) != 1:
        names = ", ".join(found) or "nothing"
        raise UsageError(f"{path} holds {names}, not one array; save the lip features alone with numpy.save")
    return next(iter(found.values()))


def fit_lips(lips: Tensor | None, frames: int = FRAMES) -> Tensor:
    """Cut lip features to `frames` rows, or pad them with zeros at the end.

    Args:
        lips: shape (n, 1024); None gives zeros, which is "no lips are seen".
        frames: rows that are wanted.

    Returns:
        float32, shape (frames, 1024).

    Raises:
        UsageError: they are of another shape, or hold NaN or infinite numbers.
    """
    if lips is None:
        return torch.zeros(frames, WIDTH)
    check_lips(lips, "the lip features")
    return F.pad(lips[:frames].float(), (0, 0, 0, max(0, frames - len(lips))))


def check_lips(lips: Tensor, name: str) -> None:
    """Raise UsageError unless `lips` is (frames, 1024) with one frame or more, and finite.

    Args:
        lips: what to look at.
        name: what to call it in the message.
    """
    if lips.ndim != 2 or lips.shape[1] != WIDTH or len(lips) == 0:
        wanted = f"(frames, {WIDTH}), the last layer of AV-HuBERT large at 25 frames a second"
        raise UsageError(f"{name}: of shape {tuple(lips.shape)}, not {wanted}")
    bad = int((~lips.isfinite()).sum())
    if bad:
        raise UsageError(f"{name}: {bad} of {lips.numel()} numbers are NaN or infinite; compute the features again")
