"""Takes numbers and arrays as plugins hand them over: tensors of any device and precision, scalars, lists."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["array", "named_arrays", "number", "scalar"]


def array(value: Any) -> np.ndarray:
    """Return a numpy array of numbers or text.

    Torch's tensors are detached, fetched from their device, and widened to float32 where numpy has no such precision
    (bfloat16).

    Raises:
        TypeError: it is none, or one of Python objects.
        ValueError: its rows differ in length.
    """
    if hasattr(value, "detach"):
        return _of_tensor(value)
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(np.float64), np.nan)
    found = np.asarray(value)
    if found.dtype.hasobject:
        raise TypeError(f"a {type(value).__name__} is no array of numbers")
    # bfloat16 of the package ml_dtypes, which is JAX's, is a kind of its own to numpy
    return found.astype(np.float32) if found.dtype.kind == "V" and found.dtype.names is None else found


def named_arrays(given: Any) -> dict[str, np.ndarray]:
    """Return a dict of named arrays.

    Raises:
        TypeError: it is no dict, a name is no text, or a value is no array.
        ValueError: rows of a value differ in length.
    """
    if not hasattr(given, "items"):
        raise TypeError(f"it gave a {type(given).__name__} where a dict of named arrays is needed")
    found = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(f"it names an array {name!r}: a name is a str")
        try:
            found[str(name)] = array(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"its array '{name}': {error}") from error
    return found


def scalar(value: Any) -> Any:
    """Return the Python number or text behind a value that holds just one; anything else as it is."""
    if isinstance(value, bool | int | float | str) and not isinstance(value, np.generic):
        return value
    if hasattr(value, "detach") or isinstance(value, np.generic | np.ndarray):
        found = array(value)
        return found.reshape(()).item() if found.size == 1 else value
    return value


def number(value: Any) -> float:
    """Return a number.

    Raises:
        TypeError: it is none.
    """
    found = scalar(value)
    if not isinstance(found, int | float):
        raise TypeError(f"a {type(value).__name__} is no number")
    return float(found)


def _of_tensor(value: Any) -> np.ndarray:
    bare = value.detach().cpu()
    if bare.layout is not _strided(bare):
        bare = bare.to_dense()
    try:
        return np.asarray(bare.resolve_conj().resolve_neg().numpy())
    except TypeError:
        return np.asarray(bare.float().numpy())


def _strided(tensor: Any) -> object:
    return tensor.new_empty(0).layout
