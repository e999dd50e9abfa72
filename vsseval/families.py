"""Builds metrics and extractors from their rows: imports the class, and holds the row against what it takes."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from vsseval.errors import VssevalError
from vsseval.networks.optional_packages import require_package
from vsseval.recipes import ExtractorVariant, MetricRecipe, PluginRow, spec_of

if TYPE_CHECKING:
    from vsseval.extractors.base import AnyExtractor
    from vsseval.metrics.base import Metric
    from vsseval.recipes import UncheckedRow
    from vsseval.types import MetricSpec
    from vsseval.weights.find import Weights

    Parameters = dict[str, object]


def metric_factory(stated: UncheckedRow) -> Callable[[], Metric]:
    """Import the family of a recipe, and return what builds the metric.

    Raises:
        EnvironmentFault: the row is not right, or does not go with its family; the message says where and why.
    """
    from vsseval.metrics.base import METHODS

    row, spec = stated.checked(MetricRecipe), spec_of(stated)
    family = _imported(stated, row)
    kind: object = getattr(family, "kind", None)
    methods = next((methods for known, methods in METHODS.items() if known == kind), None)
    if methods is None:
        known_kinds = ", ".join(METHODS)
        raise stated.fault(f'{row.family} declares no kind: give the class `kind: Final = "…"`, one of {known_kinds}')
    lacking = [method for method in methods if not callable(getattr(family, method, None))]
    if lacking:
        raise stated.fault(f"{row.family} is of kind {kind} and has no {' and no '.join(lacking)}")
    # the first method is given the inputs of a clip
    _check_names(stated, f"{row.family}.{methods[0]}", getattr(family, methods[0]), 1, spec.inputs, "input")
    return partial(_metric, stated, row, family, spec, _parameters(stated, row, family, 1))


def extractor_factory(stated: UncheckedRow) -> Callable[[], AnyExtractor]:
    """Import the class of a variant, and return what builds the extractor.

    Raises:
        EnvironmentFault: the row is not right, or does not go with its class; the message says where and why.
    """
    row = stated.checked(ExtractorVariant)
    family = _imported(stated, row)
    return partial(_extractor, stated, row, family, _parameters(stated, row, family, len(row.weights)))


def require_weights(name: str, row: ExtractorVariant) -> list[Weights]:
    """Return the sets of weights that an extractor is built with.

    Raises:
        MissingExtra: a package that it needs is not installed.
        MissingWeights: a set was not fetched yet.
    """
    from vsseval.weights.find import find_weights

    require_packages(name, row)
    return [find_weights(one) for one in row.weights]


def require_packages(name: str, row: PluginRow) -> None:
    """See to it that the optional packages of a row are installed, without importing them.

    Raises:
        MissingExtra: one is not; the message holds the command that installs it.
    """
    for package, installed_by in row.packages.items():
        require_package(package, name, installed_by)


def _metric(stated: UncheckedRow, row: MetricRecipe, family: type, spec: MetricSpec, parameters: Parameters) -> Metric:
    require_packages(stated.name, row)
    return cast("Metric", family(spec, **parameters))


def _extractor(stated: UncheckedRow, row: ExtractorVariant, family: type, parameters: Parameters) -> AnyExtractor:
    made = cast("AnyExtractor", family(*require_weights(stated.name, row), **parameters))
    if made.spec.name != stated.name:
        raise stated.fault(f"{row.family} made of it calls itself '{made.spec.name}': features are stored by that name")
    return made


def _imported(stated: UncheckedRow, row: PluginRow) -> type:
    module, _, name = row.family.partition(":")
    if not module or not name:
        raise stated.fault(f"family = '{row.family}' is not of the form `package.module:Class`")
    try:
        found: object = getattr(importlib.import_module(module), name)
    except VssevalError:
        raise
    except Exception as error:
        raise stated.fault(f"the family {row.family} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(found, type):
        raise stated.fault(f"the family {row.family} is no class")
    return found


def _parameters(stated: UncheckedRow, row: PluginRow, family: type, given: int) -> Parameters:
    """Return what a constructor is given after its first `given` arguments, each of the type that it asks for."""
    _check_names(stated, row.family, family, given, row.parameters, "parameter")
    found: Parameters = dict(row.parameters)
    for name, expected in _hints(family).items():
        if name in found:
            try:
                found[name] = msgspec.convert(found[name], expected)
            except (msgspec.ValidationError, TypeError) as error:
                raise stated.fault(f"the parameter {name} of {row.family}: {error}") from error
    return found


def _hints(family: type) -> dict[str, object]:
    try:
        parameters = inspect.signature(family, eval_str=True).parameters
    except NameError:
        return {}  # types that are imported for the type checker alone: there is nothing to hold a value against
    return {name: one.annotation for name, one in parameters.items() if one.annotation is not one.empty}


def _check_names(
    stated: UncheckedRow, who: str, function: Callable[..., object], given: int, names: Collection[str], what: str
) -> None:
    """Raise a fault where a function does not take these names as keywords, or needs others."""
    parameters = [*inspect.signature(function).parameters.values()]
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return
    places = sum(one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD} for one in parameters)
    if places < given:
        raise stated.fault(f"{who} takes {places} arguments, and is to be given {given} before its {what}s")
    named = {one.name: one for one in parameters[given:] if one.kind in {one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY}}
    takes = f"it takes {', '.join(named) or 'none'}"
    for name in names:
        if name not in named:
            raise stated.fault(f"{who} has no {what} '{name}': {takes}")
    for name, one in named.items():
        if one.default is one.empty and name not in names:
            raise stated.fault(f"{who} needs the {what} '{name}': {takes}")
