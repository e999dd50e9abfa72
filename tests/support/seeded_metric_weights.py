"""The weight rule of the metric networks' golden numbers: every tensor is drawn by its key in the original checkpoint.

r(key, shape) is a standard normal draw from a generator seeded by the CRC-32 of the key. What becomes of it depends on
the kind of tensor (`KINDS`): the scales keep the signal alive through deep networks, where plain small noise would not.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from support import goldens
from vsseval.media import Audio
from vsseval.weights.find import Weights

GOLDEN = goldens.GOLDEN / "metrics"
KEYS = goldens.file("metrics/keys")
"""Lists of the originals' keys, each with shape and kind."""
EMB = 0.3
"""Scale of class tokens and position tables, in every network."""
KAIMING = 2.0**0.5
"""Gain of VGGish, PANNs and SyncNet; that of the others is 1."""

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
NORMS = (*BATCH_NORMS, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d)

Shape = tuple[int, ...]


def draw(key: str, shape: Iterable[int]) -> Tensor:
    """r(key, shape)."""
    return drawn(key, torch.empty(tuple(shape)))


def drawn(key: str, into: Tensor) -> Tensor:
    """r(key, shape), in memory that is there: of networks of a gigabyte, half the time goes into taking new memory."""
    return into.normal_(generator=torch.Generator("cpu").manual_seed(zlib.crc32(key.encode())))


def input_tensor(name: str, shape: Iterable[int]) -> Tensor:
    return draw(f"input:{name}", shape)


def input_uint8(name: str, shape: Iterable[int]) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(zlib.crc32(f"input:{name}".encode()))
    return torch.randint(0, 256, tuple(shape), generator=generator, dtype=torch.int64).to(torch.uint8)


def waves(part: str = "a") -> dict[str, np.ndarray]:
    """w8 and w10: float32 in [-1, 1), 16 kHz, 8 and 10 seconds."""
    with np.load(GOLDEN / f"waves_{part}.npz") as stored:
        return {name: stored[name].astype(np.float32) / 32768 for name in ("w8", "w10")}


def utterances() -> dict[str, Audio]:
    """Lengths, rates, channels and levels that the goldens of whole utterances were made of."""
    w8, w10 = waves().values()
    return {
        "short": Audio(w8[:8_000], 16_000),
        "two": Audio(w10[:32_000], 16_000),
        "stereo": Audio(np.stack([w8[:24_000], w10[:24_000]]), 16_000),
        "native24k": Audio(w8[:36_000], 24_000),
        "quiet": Audio(w8[:16_000] / np.float32(50), 16_000),
    }


def golden(name: str) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays of a golden file, and what it says of itself."""
    found = goldens.read(goldens.file(f"metrics/{name}.npz"))
    return found.arrays, found.meta


def value(key: str, shape: Shape, kind: str, gain: float = 1.0, emb: float = EMB) -> Tensor:
    """The tensor of one key."""
    return _put(key, torch.empty(shape), kind, gain, emb)


def _put(key: str, into: Tensor, kind: str, gain: float, emb: float = EMB) -> Tensor:
    """Fill a tensor as its key and kind say."""
    kinds: dict[str, Callable[[Tensor], Tensor]] = {
        "norm": lambda r: r.mul_(0.02).add_(1),
        "bn_var": lambda r: r.mul_(0.02).abs_().add_(1),
        "bn_mean": lambda r: r.mul_(0.02),
        "vec": lambda r: r.mul_(0.02),
        "weight_g": lambda r: r.mul_(0.02).add_(2),
        "weight": lambda r: r.mul_(gain / math.sqrt(math.prod(r.shape[1:]))),
        "emb": lambda r: r.mul_(emb),
    }
    return kinds[kind](drawn(key, into))


def listed(listing: str, gain: float = 1.0, as_built: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The original's state dict, by a list of `KEYS` (its name without .json).

    Tensors that the originals compute are zeros of their shape, or those of `as_built`.
    """
    found = as_built or {}
    specs = json.loads((KEYS / f"{listing}.json").read_text())["keys"]
    return {
        key: found.get(key, torch.zeros(spec["shape"], dtype=getattr(torch, spec["dtype"])))
        if spec["kind"] == "as_built"
        else value(key, tuple(spec["shape"]), spec["kind"], gain)
        for key, spec in specs.items()
    }


@torch.no_grad()
def fill(module: nn.Module, gain: float = 1.0, prefix: str = "", keep: Iterable[str] = ()) -> dict[str, str]:
    """Fill a network in place by its own keys behind `prefix`; return the kind of every tensor, by its full key.

    Args:
        module: what is filled.
        gain: of the weights.
        prefix: what the original's keys have in front of those of the module.
        keep: parts of keys whose tensors stay as they are.
    """
    norms = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, NORMS)}
    kept = tuple(keep)
    kinds = {}
    for key, tensor in module.state_dict(keep_vars=True).items():
        kind = _kind(key, tensor, norms)
        if any(part in key for part in kept):
            kind = "as_built"
        if kind != "as_built":
            _put(prefix + key, tensor.data, kind, gain)
        kinds[prefix + key] = kind
    return kinds


def _kind(key: str, tensor: Tensor, norms: set[str]) -> str:
    last = key.rsplit(".", 1)[-1]
    if not tensor.is_floating_point():
        return "as_built"
    if key in norms:
        return "norm"
    named = {"running_var": "bn_var", "running_mean": "bn_mean", "weight_g": "weight_g"}
    if last in named:
        return named[last]
    if tensor.ndim < 2:
        return "vec"
    return "weight" if "weight" in last else "emb"


def put(folder: Path, name: str, content: Mapping) -> Weights:
    """Write what a checkpoint holds (a state dict, or a dict around one) as the weights `name`."""
    torch.save(content, folder / f"{name}.pth")
    return Weights(name, folder, (f"{name}.pth",), "0" * 64)


def check_probe(meta: Mapping, state: Mapping[str, Tensor]) -> None:
    """Compare the tensors whose hashes a golden file holds; those that are computed are passed over."""
    for key, known in meta["probe"].items():
        if "stft" in key or key == "device_proxy":
            continue
        array = state[key].numpy()
        assert list(array.shape) == known["shape"]
        np.testing.assert_allclose(array.ravel()[:4], known["first4"], rtol=1e-6)
        assert hashlib.sha256(array.tobytes()).hexdigest() == known["sha256"], key


def error(found: np.ndarray, wanted: np.ndarray) -> float:
    """Greatest difference, relative to the greatest number wanted."""
    assert found.shape == wanted.shape
    return float(np.abs(found.astype(np.float64) - wanted).max() / np.abs(wanted).max())
