"""The examples of docs/plugins.md: what they say is installed, and runs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from vsseval import plugins, recipes
from vsseval.metrics.base import METHODS, MetricSpec
from vsseval.types import Feature, Need

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()


def blocks(language, holds):
    found = [one for one in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holds in one]
    assert found, f"there is no example with {holds}"
    return found


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The packages of the examples: their rows under their entry points, and a module with the family."""
    points = {}
    for block in blocks("toml", "entry-points"):
        for group, named in tomllib.loads(block)["project"]["entry-points"].items():
            points.setdefault(group, {}).update(named)
    for holds, folder in (("fd_mynet@mylab", "recipes"), ("[mynet]", "variants")):
        (block,) = blocks("toml", holds)
        (tmp_path / "my_package" / folder).mkdir(parents=True)
        (tmp_path / "my_package" / folder / "rows.toml").write_text(block)
    (tmp_path / "my_package" / "__init__.py").touch()
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\nVersion: 1.0\n")
    text = "".join(
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items()) for group, named in points.items()
    )
    (info / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_recipe_is_a_metric(installed):
    metric = plugins.load("metrics", "fd_mynet@mylab")()
    assert metric.spec.inputs["reference"] == Feature(extractor="mynet", of=Need.REFERENCE)
    assert plugins.distribution("metrics", "fd_mynet@mylab") == "my_package 1.0"


def test_the_variant_is_a_row(installed):
    row = plugins.variant("mynet")
    assert (row.weights, row.parameters) == (("panns",), {"size": "base"})


def test_the_family_is_one():
    (code,) = blocks("python", "class Loudness")
    names = {}
    exec(code, names)
    spec = MetricSpec(
        name="loudness",
        recipe="mine",
        version="1",
        inputs={},
        direction="higher",
        unit="dB",
        description="as documented",
    )
    family = names["Loudness"]
    assert all(hasattr(family, method) for method in METHODS[family.kind])
    assert family(spec, floor=-50.0).score({"level": np.asarray(-70.0)}).value == -50.0


def test_the_table_of_kinds_is_that_of_the_code():
    told = {
        kind: set(re.findall(r"`(\w+)\(", cells))
        for kind, cells in re.findall(r'^\| `"(\w+)"` \|(.*)$', PAGE, re.MULTILINE)
    }
    assert set(told) == set(METHODS)
    for kind, methods in METHODS.items():
        assert told[kind] | ({"rows", "value"} if kind == "grouped_rows" else set()) == set(methods)


def test_every_field_of_a_row_is_named():
    for field in recipes.MetricRecipe.__struct_fields__:
        assert re.search(rf"`{field}`|^{field} =", PAGE, re.MULTILINE), f"docs/plugins.md does not name {field}"
