"""Unpickling of tensors and plain containers, and of nothing else: no class that a file names is ever imported.

Everything that a pickle can name (callbacks, optimisers, parameters, functions) becomes an `Ignored` object, which
holds nothing and does nothing. Tensors become a `View`: where in which storage their numbers would lie.
"""

from __future__ import annotations

import pickle
from typing import IO, Any, NamedTuple, Self

ITEM_BYTES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1,
    "bool": 1,
}  # fmt: skip
"""Types of numbers that weights come in, by torch's names, with their sizes."""
STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip


class TensorEntry(NamedTuple):
    """One tensor in a file."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    """In numbers, not in bytes."""
    start: int
    """Byte of the file at which the first number lies."""
    size: int
    """Bytes from the first number to the end of the last."""


class Ignored:
    """Stands for any object that is neither a tensor nor a plain container."""

    __slots__ = ()

    def __new__(cls, *_arguments: object, **_options: object) -> Self:
        """Take whatever the class that is meant would take."""
        return super().__new__(cls)

    def __setstate__(self, _state: object) -> None:
        pass

    def __call__(self, *_arguments: object, **_options: object) -> Self:
        """Do nothing in the place of a function that a file names."""
        return self

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def append(self, _item: object) -> None:
        """Ignore an item."""

    extend = add = append


class Mapping(dict[Any, Any]):
    """An ordered dict without attributes: a file cannot put anything in the place of its methods."""

    __slots__ = ()

    def __setstate__(self, _state: object) -> None:
        pass


class _DefaultMapping(Mapping):
    """A defaultdict without its factory."""

    def __init__(self, _factory: object = None, items: Any = ()) -> None:
        super().__init__(items)


class Storage(NamedTuple):
    """A row of numbers that tensors of a file share."""

    key: str
    dtype: str
    offset: int = 0
    """Numbers of the storage before the first that is meant."""


class View:
    """A tensor as a file describes it, before anybody looks where its numbers are."""

    __slots__ = ("offset", "shape", "storage", "stride")

    def __new__(cls, storage: object, *_rest: object) -> Any:
        """Numbers of a kind that no network here uses (complex, quantised) are no weights."""
        return super().__new__(cls) if isinstance(storage, Storage) else Ignored()

    def __init__(self, storage: Storage, offset: int, shape: Any, stride: Any, *_rest: object) -> None:
        self.storage, self.offset = storage, int(offset)
        self.shape = tuple(int(length) for length in shape)
        self.stride = tuple(int(step) for step in stride)

    def __setstate__(self, _state: object) -> None:
        pass

    def entry(self, start: int, size: int) -> TensorEntry:
        """Place the tensor in a storage of `size` bytes that begins at byte `start` of the file."""
        item = ITEM_BYTES[self.storage.dtype]
        first = (self.storage.offset + self.offset) * item
        last = sum((length - 1) * step for length, step in zip(self.shape, self.stride, strict=True))
        needed = 0 if 0 in self.shape else (last + 1) * item
        if min((first, *self.shape, *self.stride)) < 0 or first + needed > size:
            raise ValueError(f"a tensor of shape {self.shape} reaches beyond its {size} bytes")
        return TensorEntry(self.storage.dtype, self.shape, self.stride, start + first, needed)


class _Wrapped:
    """A parameter: the tensor in it."""

    def __new__(cls, data: Any, *_rest: object) -> Any:
        return data

    def __setstate__(self, _state: object) -> None:
        pass


class _Subclassed:
    """A tensor with attributes of its own: the tensor alone."""

    def __new__(cls, rebuild: Any, _type: object, arguments: Any, _state: object) -> Any:
        return rebuild(*arguments)

    def __setstate__(self, _state: object) -> None:
        pass


KNOWN: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): Mapping,
    ("collections", "defaultdict"): _DefaultMapping,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor"): View,
    ("torch._utils", "_rebuild_tensor_v2"): View,
    ("torch._utils", "_rebuild_parameter"): _Wrapped,
    ("torch._utils", "_rebuild_parameter_with_state"): _Wrapped,
    ("torch._tensor", "_rebuild_from_type_v2"): _Subclassed,
    **{("torch", name): dtype for name, dtype in STORAGES.items()},
}


class Reader(pickle.Unpickler):
    """Unpickles tensors and containers, and imports nothing."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self.dtypes: dict[str, str] = {}
        """Storages that were met, with their types of numbers."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Say what stands for a class or function; nothing is looked up outside the table."""
        return KNOWN.get((module, name), Ignored)

    def persistent_load(self, reference: Any, /) -> Any:
        """Name the numbers that lie outside the pickle."""
        if not isinstance(reference, tuple) or reference[0] != "storage" or reference[1] not in ITEM_BYTES:
            return Ignored()
        _, dtype, key, _, _numbers, *view = reference
        self.dtypes[str(key)] = dtype
        # in an old file a storage may be a part of another, so many numbers from its beginning
        return Storage(str(key), dtype, int(view[0][1]) if view and view[0] is not None else 0)
