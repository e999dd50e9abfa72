"""Unpickling of tensors and plain containers, and of nothing else: no class that a file names is ever imported.

Everything that a pickle can name (callbacks, optimisers, parameters, functions, sets) becomes an `Ignored` object,
which holds nothing and does nothing. Tensors become a `View`: where in which storage their numbers would lie.

Nor does a small pickle take long or grow large: it is read by the reader of the standard library that is written in
Python, whose memory does not depend on the numbers that a file chooses; keys of dicts are such that they are hashed at
once; nothing that is read is copied.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import IO, Any, ClassVar, NamedTuple, Self

ITEM_BYTES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1,
    "bool": 1,
}  # fmt: skip
"""Types of numbers that weights come in, by torch's names, with their sizes."""
MOST_AXES = 64
"""Of a tensor; torch itself has no more."""
LARGEST = 2**63 - 1
"""Number that torch takes for a length, a step or a place."""
LONGEST_KEY = 64
"""Items of a tuple that is a key."""
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
    """A dict without attributes: a file cannot put anything in the place of its methods."""

    __slots__ = ()

    def __init__(self, items: object = None) -> None:
        """Take the pairs of a list out of it, as Python 2 wrote them: named again, they are not copied again."""
        super().__init__()
        if isinstance(items, list):
            for key, value in items:
                self[key] = value
            items.clear()

    def __setitem__(self, key: Any, value: Any, /) -> None:
        """Set an item, if the key is hashed in a moment.

        Raises:
            UnpicklingError: it is a nested or long tuple, or a number by which many keys could be made to collide.
        """
        plain = isinstance(key, tuple) and len(key) <= LONGEST_KEY
        for part in key if plain else (key,):
            if isinstance(part, tuple) or (isinstance(part, int) and abs(part) > LARGEST):
                raise pickle.UnpicklingError(f"a dict has a key that no state dict has, of type {type(key).__name__}")
        super().__setitem__(key, value)

    def __setstate__(self, _state: object) -> None:
        pass


class _DefaultMapping(Mapping):
    """A defaultdict without its factory."""

    def __init__(self, _factory: object = None, items: object = None) -> None:
        super().__init__(items)


class _Size:
    """A shape: a tuple of its lengths."""

    def __new__(cls, lengths: Any = ()) -> Any:
        return _whole_numbers(lengths)

    def __setstate__(self, _state: object) -> None:
        pass


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
        self.storage, (self.offset,) = storage, _whole_numbers((offset,))
        self.shape, self.stride = _whole_numbers(shape), _whole_numbers(stride)

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


def _whole_numbers(given: Any) -> tuple[int, ...]:
    """Return lengths, steps or a place as they are.

    Raises:
        UnpicklingError: they are none that a tensor could have.
    """
    if len(given) > MOST_AXES or not all(isinstance(number, int) and 0 <= number <= LARGEST for number in given):
        raise pickle.UnpicklingError("a tensor has lengths, steps or a place that none could have")
    return tuple(given)


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
    ("torch", "Size"): _Size,
    ("torch._utils", "_rebuild_tensor"): View,
    ("torch._utils", "_rebuild_tensor_v2"): View,
    ("torch._utils", "_rebuild_parameter"): _Wrapped,
    ("torch._utils", "_rebuild_parameter_with_state"): _Wrapped,
    ("torch._tensor", "_rebuild_from_type_v2"): _Subclassed,
    **{("torch", name): dtype for name, dtype in STORAGES.items()},
}


class Reader(pickle._Unpickler):  # noqa: SLF001 - the one that has a table of what it does
    """Unpickles tensors and containers, and imports nothing.

    The reader in C is faster, but takes memory by the number that a file gives an object, and dicts as they are.
    """

    dispatch: ClassVar[dict[int, Any]] = {**pickle._Unpickler.dispatch}  # noqa: SLF001
    append: Callable[[object], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self.dtypes: dict[str, str] = {}
        """Storages that were met, with their types of numbers."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Say what stands for a class or function; nothing is looked up outside the table."""
        return KNOWN.get((module, name), Ignored)

    def persistent_load(self, reference: Any, /) -> Any:
        """Name the numbers that lie outside the pickle."""
        if not isinstance(reference, tuple) or not isinstance(reference[1], str):
            return Ignored()
        _, dtype, key, _, _numbers, *view = reference
        if reference[0] != "storage" or dtype not in ITEM_BYTES:
            return Ignored()
        self.dtypes[name_of(key)] = dtype
        # in an old file a storage may be a part of another, so many numbers from its beginning
        (offset,) = _whole_numbers((view[0][1],)) if view and view[0] is not None else (0,)
        return Storage(name_of(key), dtype, offset)

    def _empty_dict(self) -> None:
        self.append(Mapping())

    def _dict(self) -> None:
        found = self.pop_mark()
        self.append(Mapping([*zip(found[::2], found[1::2], strict=True)]))

    def _empty_set(self) -> None:
        self.append(Ignored())

    def _frozen_set(self) -> None:
        self.pop_mark()
        self.append(Ignored())

    def _bytearray(self) -> None:
        raise pickle.UnpicklingError("it holds an array of bytes, which no file of torch.save does")

    dispatch[pickle.EMPTY_DICT[0]] = _empty_dict
    dispatch[pickle.DICT[0]] = _dict
    dispatch[pickle.EMPTY_SET[0]] = _empty_set
    dispatch[pickle.FROZENSET[0]] = _frozen_set
    dispatch[pickle.BYTEARRAY8[0]] = _bytearray


def name_of(storage: object) -> str:
    """Return the name of a storage, a text or a number.

    Raises:
        UnpicklingError: it is neither.
    """
    if not isinstance(storage, str | int):
        raise pickle.UnpicklingError("a storage has a name that is none")
    return str(storage)
