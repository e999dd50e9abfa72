"""A cluster of several nodes, one of which is killed in the middle of a run: the same bytes as of one process."""

from __future__ import annotations

import os
import threading
import time

import pytest

from support.fake_plugin import ROOT, install, spec
from vsseval.engines.choice import EngineChoice
from vsseval.engines.listed import run_all
from vsseval.engines.on_ray import DEATHS, KILLED, OnRay
from vsseval.errors import EnvironmentFault
from vsseval.stages.run import carry_out, run
from vsseval.store.journal import read_journals
from vsseval.store.record import load_run

pytest.importorskip("ray", reason="pip install 'vsseval[ray]'")
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz")
NODES = 3
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}


@pytest.fixture
def cluster(tmp_path):
    """Nodes of one processor each, on this machine."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        site = install(tmp_path / "site")
        patch.syspath_prepend(site)
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}{os.pathsep}{site}")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        for _ in range(NODES - 1):
            made.add_node(**NODE)
        yield made
        made.shutdown()


@pytest.mark.slow
def test_a_node_that_dies_and_a_clip_that_kills_change_nothing_else(clips, tmp_path, cluster):
    choice = EngineChoice("ray", cluster.address)
    places = [spec(clips, tmp_path / "ray", model=model, shard_size=2) for model in ("fake:slow", "fake:kill")]
    journals = tmp_path / "ray" / "runs"

    def kill_a_node():
        while not any(path.stat().st_size for path in journals.glob("*/shards/*.jsonl")):
            time.sleep(0.05)
        cluster.remove_node(next(node for node in cluster.worker_nodes), allow_graceful=False)

    killer = threading.Thread(target=kill_a_node, daemon=True)
    killer.start()
    slow, kill = carry_out(places, choice=choice).records
    killer.join(60)
    assert len(cluster.worker_nodes) == NODES - 2
    (alone,) = run([spec(clips, tmp_path / "alone", model="fake:slow")])
    first, second = load_run(journals / slow.id), load_run(tmp_path / "alone" / "runs" / alone.id)
    sounds = {path.name: path.read_bytes() for path in (first.path / "audio").iterdir()}
    assert sounds == {path.name: path.read_bytes() for path in (second.path / "audio").iterdir()}
    for name in RESULTS:
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
    assert kill.clips == {"failed": 1, "ok": 7}
    lost = read_journals(journals / kill.id / "shards")["clip3"]
    assert lost.error == KILLED == f"{DEATHS} processes that worked on it were killed (out of memory?)"
    # in the same test, so that there is one cluster however many processes run the tests
    with pytest.raises(EnvironmentFault, match="has no GPU"):
        OnRay(cluster.address, device="cuda")
    with OnRay(cluster.address, workers=1) as engine:
        assert engine.jobs == 1
        assert run_all(engine, []) == []
