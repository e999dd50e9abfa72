"""Which tensors lie where in a file of weights: read without torch, and without executing anything of the file."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated, Any, NamedTuple

import msgspec

from vsseval.errors import UsageError
from vsseval.networks.safe_unpickle import ITEM_BYTES, MOST_AXES, Reader, Storage, TensorEntry, View, name_of

SAFETENSORS = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""First number of a file of `torch.save` before version 1.6, which is a row of pickles and then raw numbers."""
LONGEST_HEADER = 100_000_000
"""Bytes: the limit that the safetensors library itself sets."""
MOST_TENSORS = 100_000
"""Of a file; the largest networks have a few thousand."""
UNFOLDED = 64 << 20
"""Bytes that a tensor may have beyond those of the whole file: one number may stand for many, as in a mask."""
WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Where a checkpoint keeps its weights: Lightning's key, that of NISQA's makers, and that of RawNet3's."""


class _Described(msgspec.Struct):
    """What the header of a safetensors file says of a tensor."""

    dtype: str
    shape: Annotated[list[Annotated[int, msgspec.Meta(ge=0)]], msgspec.Meta(max_length=MOST_AXES)]
    data_offsets: tuple[int, int]


class Layout(NamedTuple):
    """What a file of weights holds."""

    entries: dict[str, TensorEntry]
    metadata: dict[str, str]
    """The header of a safetensors file; empty for the others."""
    beside: Mapping[str, Any] = {}
    """What a file of torch.save keeps beside its weights (the numbers that a network was built with): plain containers,
    numbers and texts. Any other object is `Ignored`, a tensor a `View`."""


def read_layout(path: Path) -> Layout:
    """Find the tensors of a .safetensors file, or of a .pt, .pth or .ckpt file of `torch.save`, new or old.

    Raises:
        UsageError: there is no such file, it is cut short, or it holds no weights; the message says which.
    """
    if not path.is_file():
        raise UsageError(f"{path}: {'a folder, not a file of weights' if path.is_dir() else 'no such file'}")
    try:
        with path.open("rb") as file:
            layout = _read(path, file)
        _require_within(layout, path.stat().st_size)
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"{path} cannot be loaded: {error.strerror or error}") from error
    except Exception as error:  # a damaged pickle can fail in any way
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise UsageError(f"{path} cannot be loaded: damaged or cut short ({reason}); fetch it again") from error
    if not layout.entries:
        raise UsageError(f"{path} cannot be loaded: there are no named tensors in it")
    return layout


def _require_within(layout: Layout, total: int) -> None:
    if len(layout.entries) > MOST_TENSORS:
        raise ValueError(f"it names {len(layout.entries):,} tensors, more than the {MOST_TENSORS:,} that are read")
    for key, entry in layout.entries.items():
        if math.prod(entry.shape) * ITEM_BYTES[entry.dtype] > total + UNFOLDED:
            raise ValueError(f"{key} has the shape {entry.shape}, and the file {total} bytes")
        if entry.start + entry.size > total:
            raise ValueError(f"{key} ends at byte {entry.start + entry.size} of {total}")


def _read(path: Path, file: IO[bytes]) -> Layout:
    head = file.read(64)
    file.seek(0)
    if not head:
        raise UsageError(f"{path} cannot be loaded: it is empty (0 bytes); fetch it again")
    if head.startswith(b"PK\x03\x04"):
        return _zip(path, file)
    if head.startswith(b"version https://git-lfs"):
        raise UsageError(f"{path} cannot be loaded: it is a Git LFS pointer; run `git lfs pull`")
    if head.lstrip().startswith(b"<"):
        raise UsageError(f"{path} cannot be loaded: a web page, not weights; fetch it again, logged in if need be")
    if head.startswith(b"\x80") and LEGACY_MAGIC.to_bytes(10, "little") in head:
        return _legacy(path, file)
    if head[8:9] == b"{":
        return _safetensors(path, file)
    raise UsageError(f"{path} cannot be loaded: neither a safetensors file nor one of torch.save")


def _safetensors(path: Path, file: IO[bytes]) -> Layout:
    length = int.from_bytes(file.read(8), "little")
    total = path.stat().st_size
    if length > min(LONGEST_HEADER, total - 8):
        raise ValueError(f"its header of {length} bytes does not fit in {total} bytes")
    header = msgspec.json.decode(file.read(length), type=dict[str, msgspec.Raw])
    metadata = msgspec.json.decode(header.pop("__metadata__", b"{}"), type=dict[str, str])
    if len(header) > MOST_TENSORS:
        raise ValueError(f"it names {len(header):,} tensors, more than the {MOST_TENSORS:,} that are read")
    given = {key: msgspec.json.decode(raw, type=_Described) for key, raw in header.items()}
    entries, at = {}, 0
    # as its format has it: all bytes are of one tensor each, without a hole
    for key, one in sorted(given.items(), key=lambda item: item[1].data_offsets):
        if one.dtype not in SAFETENSORS:
            raise UsageError(f"{path} cannot be loaded: {key} is of type {one.dtype}, which no network here uses")
        begin, end = one.data_offsets
        size = math.prod(one.shape) * ITEM_BYTES[SAFETENSORS[one.dtype]]
        if begin != at or end - begin != size:
            raise ValueError(f"{key}, of {size} bytes, lies at {begin} to {end}, behind one that ends at {at}")
        stride = [math.prod(one.shape[axis + 1 :]) for axis in range(len(one.shape))]
        entries[key] = View(Storage(key, SAFETENSORS[one.dtype]), 0, one.shape, stride).entry(8 + length + begin, size)
        at = end
    if 8 + length + at != total:
        raise ValueError(f"its tensors end at byte {8 + length + at} of {total}")
    return Layout({key: entries[key] for key in given}, metadata)


def _zip(path: Path, file: IO[bytes]) -> Layout:
    with zipfile.ZipFile(file) as archive:
        records = {record.filename: record for record in archive.infolist()}
        pickles = [name for name in records if name == "data.pkl" or name.endswith("/data.pkl")]
        if not pickles:
            raise UsageError(f"{path} cannot be loaded: a zip archive, but not one of torch.save")
        root = min(pickles, key=len).removesuffix("data.pkl")
        if len(records) < len(archive.infolist()):
            raise ValueError("two of its parts have one name")
        if f"{root}constants.pkl" in records:
            raise UsageError(f"{path} cannot be loaded: a TorchScript program; its state dict is needed")
        if any(record.compress_type != zipfile.ZIP_STORED for record in records.values()):
            raise UsageError(f"{path} cannot be loaded: it was compressed; unpack it and use the file of torch.save")
        if f"{root}byteorder" in records and archive.read(f"{root}byteorder") != b"little":
            raise UsageError(f"{path} cannot be loaded: it was written on a big-endian machine")
        with archive.open(f"{root}data.pkl") as stream:
            views, beside = _views(Reader(stream).load())
    places = {}
    for key in {view.storage.key for view in views.values()}:
        record = records[f"{root}data/{key}"]
        # the name and a padding of free length stand between the local header and the numbers
        file.seek(record.header_offset + 26)
        name, padding = (int.from_bytes(file.read(2), "little") for _ in range(2))
        places[key] = (record.header_offset + 30 + name + padding, record.file_size)
    return Layout({key: view.entry(*places[view.storage.key]) for key, view in views.items()}, {}, beside)


def _legacy(path: Path, file: IO[bytes]) -> Layout:
    _magic, _version, system = (Reader(file).load() for _ in range(3))
    if not system["little_endian"]:
        raise UsageError(f"{path} cannot be loaded: it was written on a big-endian machine")
    reader = Reader(file)
    views, beside = _views(reader.load())
    places, total = {}, path.stat().st_size
    for key in map(name_of, Reader(file).load()):
        size = int.from_bytes(file.read(8), "little") * ITEM_BYTES[reader.dtypes[key]]
        places[key] = (file.tell(), size)
        if file.tell() + size > total:
            raise ValueError(f"a storage ends at byte {file.tell() + size} of {total}")
        file.seek(size, os.SEEK_CUR)
    return Layout({key: view.entry(*places[view.storage.key]) for key, view in views.items()}, {}, beside)


def _views(content: Any) -> tuple[dict[str, View], dict[str, Any]]:
    """The tensors of the state dict in an unpickled file, and what stands beside it."""
    beside: dict[str, Any] = {}
    for wrapper in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            beside = {key: value for key, value in content.items() if isinstance(key, str) and key != wrapper}
            content = content[wrapper]
            break
    named = content.items() if isinstance(content, dict) else ()
    return {key: value for key, value in named if isinstance(key, str) and isinstance(value, View)}, beside
