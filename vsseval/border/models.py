"""The border to models: what `generate` yields becomes outputs of samples in numpy, or one fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vsseval.border.blame import PluginFault, blame, call, readable
from vsseval.border.plain import array, scalar
from vsseval.models.base import Model, ModelOutput, Request

__all__ = ["answers"]

SPARE = 100
"""Outputs beyond ten for each clip after which a model is taken for endless."""

_END = object()


def answers(model: Model, batch: Sequence[Request]) -> Iterator[ModelOutput]:
    """Yield what a model gives for some requests, in plain values.

    Tuples and dicts of the same fields are understood too, lists of outputs, and for a batch of one an answer
    without an id. Samples that cannot be read are an output with an error: the clip's, and nobody else's.

    Raises:
        VssevalError: the model says what the machine lacks.
        PluginFault: it raised anything else, or gave what is no output.
    """
    stream = call(model, lambda: _stream(model, batch), "generate")
    for _ in range(10 * len(batch) + SPARE):
        found = call(model, lambda: next(stream, _END), "generate")
        if found is _END:
            return
        yield from call(model, lambda found=found: _outputs(model, found, batch), "generate")  # type: ignore[misc]
    raise PluginFault(f"the model gave more than ten outputs a clip for {len(batch)} clips: does it ever end?")


def _stream(model: Model, batch: Sequence[Request]) -> Iterator[Any]:
    made: Any = model.generate([*batch])
    if isinstance(made, ModelOutput | Mapping):
        return iter([made])
    return iter(made)


def _outputs(model: Model, found: Any, batch: Sequence[Request]) -> list[ModelOutput]:
    if isinstance(found, list | tuple) and found and all(isinstance(one, ModelOutput) for one in found):
        return [_plain(model, one._asdict(), batch) for one in found]
    return [_plain(model, _fields(found), batch)]


def _fields(found: Any) -> dict[str, Any]:
    """Return the fields of an answer by name; `id` may be absent."""
    if isinstance(found, Mapping):
        fields = {name: found[name] for name in ModelOutput._fields if name in found}
    elif isinstance(found, tuple | list) and 2 <= len(found) <= len(ModelOutput._fields):
        names = ModelOutput._fields[1:3] if len(found) == 2 else ModelOutput._fields
        fields = dict(zip(names, found, strict=False))
    else:
        fields = {name: getattr(found, name) for name in ModelOutput._fields if hasattr(found, name)}
    if not {"samples", "error", "missing"} & fields.keys():
        raise TypeError(f"it gave a {type(found).__name__} where a Take is needed")
    return fields


def _plain(model: Model, fields: Mapping[str, Any], batch: Sequence[Request]) -> ModelOutput:
    clip = _clip(fields.get("id"), batch)
    error, missing = fields.get("error"), bool(scalar(fields.get("missing", False)))
    if isinstance(error, BaseException):
        error = blame(error, model)
    if error is not None:
        return ModelOutput(clip, None, 0, error=readable(error), missing=missing)
    samples, rate = fields.get("samples"), scalar(fields.get("sample_rate", 0))
    if samples is None:
        return ModelOutput(clip, None, 0, missing=missing)
    try:
        taken = array(samples)
    except Exception as fault:  # noqa: BLE001 - whatever a stranger's array raises; the next clip may be well
        return ModelOutput(clip, None, 0, error=f"the samples cannot be read: {blame(fault, model, 'generate')}")
    # A batch of one
    taken = taken[0] if taken.ndim == 3 and taken.shape[0] == 1 else taken
    return ModelOutput(clip, taken, rate, missing=missing, picture=_picture(fields.get("picture")))


def _picture(given: Any) -> bytes | None:
    """Return a picture as the bytes of its file."""
    if given is None or isinstance(given, bytes):
        return given
    if isinstance(given, bytearray | memoryview):
        return bytes(given)
    raise TypeError(f"it gave a picture that is a {type(given).__name__}: the bytes of a video file are needed")


def _clip(given: Any, batch: Sequence[Request]) -> str:
    if given is None and len(batch) == 1:
        return batch[0].id
    given = given.decode() if isinstance(given, bytes) else scalar(given)
    if isinstance(given, str | int):
        return str(given)
    raise TypeError(f"it gave an output whose id is a {type(given).__name__}: the id of its request is needed")
