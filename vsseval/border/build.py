"""Builds plugins: whatever an import, a factory or a declaration raises is what the machine lacks, told by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vsseval import plugins
from vsseval.border.blame import PluginFault, call
from vsseval.errors import EnvironmentFault
from vsseval.types import BenchmarkCard, ExtractorSpec, MetricSpec, ModelCard

if TYPE_CHECKING:
    from vsseval.plugins import PluginKind

__all__ = ["build", "plainly"]

_DECLARES: dict[PluginKind, tuple[str, type]] = {
    "models": ("card", ModelCard),
    "benchmarks": ("card", BenchmarkCard),
    "extractors": ("spec", ExtractorSpec),
    "metrics": ("spec", MetricSpec),
}
_HAS: dict[PluginKind, tuple[str, ...]] = {
    "models": ("generate",),
    "benchmarks": ("samples",),
    "extractors": ("extract", "combine"),
    "metrics": ("score", "value"),
}
"""One of these methods every plugin of a kind has."""


def build(kind: PluginKind, name: str, *arguments: Any) -> Any:
    """Import a plugin, call its factory, and look at what it declares itself to be.

    Args:
        kind: of the plugin.
        name: without the argument after a colon; metrics as `fad@logmel`.
        arguments: what a factory of the kind is called with.

    Raises:
        UsageError: no such plugin, or its factory refuses the argument.
        EnvironmentFault: it cannot be had, with type, file and line of what it raised.
    """
    factory: Any = None
    try:
        factory = call(None, lambda: plugins.load(kind, name))
        made = call(factory, lambda: factory(*arguments))
        call(made, lambda: _look(kind, name, made), "__init__")
    except PluginFault as fault:
        raise EnvironmentFault(
            f"{kind[:-1]} '{name}' of '{plugins.distribution(kind, name)}' cannot be built: {fault}"
        ) from fault
    return made


def plainly(value: object) -> Any:
    """Return dicts, lists, numbers and strings of a record, with numpy's numbers as Python's."""
    return msgspec.to_builtins(value, enc_hook=_hook)


def _look(kind: PluginKind, name: str, made: Any) -> None:
    attribute, record = _DECLARES[kind]
    lacking = f"a {type(made).__name__}, which"
    if not hasattr(made, attribute):
        raise TypeError(f"its factory made {lacking} has no `{attribute}`")
    if not any(callable(getattr(made, method, None)) for method in _HAS[kind]):
        raise TypeError(f"its factory made {lacking} has no method `{'` or `'.join(_HAS[kind])}`")
    given = getattr(made, attribute)
    try:
        declared: Any = msgspec.convert(plainly(given), record, from_attributes=True)
    except msgspec.ValidationError as error:
        raise TypeError(f"its {attribute} is no {record.__name__}: {error}") from error
    if isinstance(declared, MetricSpec) and declared.id != name:
        raise ValueError(f"it declares itself as {declared.id}")
    if declared != given:
        setattr(made, attribute, declared)  # a list where a tuple is meant, numpy's numbers


def _hook(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place there")
