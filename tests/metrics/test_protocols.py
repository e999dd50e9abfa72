"""No family is forgotten where mypy compares them with their Protocols, each under the kind that it declares."""

import ast
import importlib
from pathlib import Path

import pytest

from vsseval import plugins
from vsseval.metrics.base import METHODS

TYPED = Path(__file__).with_name("typed_families.py")


def listed():
    """Names of the classes that each function of the typed module gives as its Protocol."""
    functions = [node for node in ast.parse(TYPED.read_text()).body if isinstance(node, ast.FunctionDef)]
    calls = {one.name: [node for node in ast.walk(one) if isinstance(node, ast.Call)] for one in functions}
    return {name: {call.func.id for call in found} for name, found in calls.items()}


def families(kind, row):
    return {row(name).family for name in plugins.names(kind)}


def test_every_family_of_metrics_stands_under_its_kind(site):
    found = listed()
    for family in families("metrics", plugins.recipe):
        module, _, name = family.partition(":")
        made = getattr(importlib.import_module(module), name)
        assert name in found[made.kind], f"{family} is of kind {made.kind}: name it in {TYPED.name}"


def test_every_class_of_extractors_is_listed(site):
    names = {family.partition(":")[2] for family in families("extractors", plugins.variant)}
    assert names == listed()["extractors"] | listed()["pair_extractors"]


@pytest.mark.parametrize("kind", METHODS)
def test_each_kind_names_the_methods_of_its_protocol(kind):
    from vsseval.metrics import base

    protocols = {
        "per_clip": base.SampleMetric,
        "sums": base.DistributionMetric,
        "rows": base.RowsMetric,
        "grouped_rows": base.LeaveOutRowsMetric,
        "summed_rows": base.SummedRowsMetric,
    }
    own = {name for name in vars(protocols[kind]) if not name.startswith("_")} - {"kind"}
    assert set(METHODS[kind]) == own
