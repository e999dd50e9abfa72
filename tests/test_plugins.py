"""Plugins are listed without being imported, loaded by name, and blamed by the name of their distribution."""

import sys

import pytest

from vsseval import plugins, recipes
from vsseval.errors import EnvironmentFault, UsageError


def test_names_lists_without_importing(site):
    sys.modules.pop("vsseval_fakes", None)
    assert {"fake", "fake_broken", "reference", "vssflow"} <= set(plugins.names("models"))
    assert "vsseval_fakes" not in sys.modules


def test_metric_names_have_their_at_sign(site):
    names = plugins.names("metrics")
    assert {"fad@logmel", "fd@fake", "wer@sphinx-grid"} <= set(names)
    assert names == sorted(names)
    assert type(plugins.load("metrics", "fd@fake")()).__name__ == "Distance"


def test_unknown_name_proposes_the_nearest(site):
    with pytest.raises(UsageError, match=r"no metric 'fad@logmle': did you mean fad@logmel"):
        plugins.load("metrics", "fad@logmle")
    with pytest.raises(UsageError, match=r"known: .*fake.*vsseval list"):
        plugins.load("models", "zzzzzzzz")


def test_a_plugin_that_cannot_be_imported_names_its_distribution(site):
    with pytest.raises(EnvironmentFault, match=r"'fake_broken' of the distribution 'vsseval-fakes'.*pip install"):
        plugins.load("models", "fake_broken")


def test_distribution(site):
    assert plugins.distribution("models", "fake") == "vsseval-fakes 1.0"
    assert plugins.distribution("models", "reference").startswith("vsseval ")


def test_two_distributions_with_one_name_are_refused(site):
    info = site / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vsseval.models]\nfake = os:getcwd\n")
    with pytest.raises(EnvironmentFault, match="claimed by other and vsseval-fakes"):
        plugins.load("models", "fake")


def test_split_keeps_colons_of_the_argument():
    assert plugins.split_argument("audio:C:/x") == ("audio", "C:/x")
    assert plugins.split_argument("vssflow") == ("vssflow", None)
    assert plugins.split_argument("fake:") == ("fake", "")


def test_every_metric_says_what_becomes_of_wrong_lengths():
    for name in plugins.names("metrics"):
        assert recipes.length_rule(plugins.recipe(name), plugins.variant), name
