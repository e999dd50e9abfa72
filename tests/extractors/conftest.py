"""Shared by the tests of networks whose seeded weights are large."""

import shutil

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for up to a gigabyte of weights, which pytest would keep."""
    made = tmp_path_factory.mktemp("weights")
    yield made
    shutil.rmtree(made)
