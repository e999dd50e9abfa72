"""What several test modules share: a small benchmark, and the fake plugin on the path."""

import os

import pytest
from hypothesis import HealthCheck, settings

from support.fake_plugin import install, make_clips
from vsseval.networks.optional_packages import without_stand_ins

# read when Ray is imported: without it a cluster takes a network card's address where it is given the loopback address
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

# a machine that has other work makes no example wrong; a change is judged by the same examples wherever it is tested,
# and whoever looks for more of them says so: EXPLORE=1 pytest ...
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="EXPLORE" not in os.environ
)
settings.load_profile("busy")


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Eight short clips for the benchmark `fake:FOLDER`; to be read only."""
    folder = tmp_path_factory.mktemp("clips")
    make_clips(folder)
    return folder


@pytest.fixture(autouse=True, scope="session")
def _own_store(tmp_path_factory):
    """Keep what is found in the files of tests out of the user's store."""
    with pytest.MonkeyPatch.context() as patch:
        if "VSSEVAL_STORE" not in os.environ:
            patch.setenv("VSSEVAL_STORE", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder in which the fake plugin is installed, on the path."""
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture(autouse=True)
def _no_stand_ins():
    """Hypothesis walks all loaded modules, and would set off imports of packages that nobody has."""
    without_stand_ins()
