"""The frame of extractors that are networks: where they run, and in which precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vsseval.cli import invoke
from vsseval.engines.devices import require_device
from vsseval.extractors.base import Audio
from vsseval.extractors.network import NetworkExtractor, Parts, full_precision
from vsseval.types import ExtractorSpec


class Doubled(NetworkExtractor):
    """Twice the first ten samples."""

    spec = ExtractorSpec(name="doubled", version="1", input_kinds=("audio",))

    def build(self):
        network = torch.nn.Linear(10, 10, bias=False)
        network.weight.data = 2 * torch.eye(10)
        return network

    def prepare(self, source):
        return Parts(torch.from_numpy(source.samples[:, :10].copy()))

    def forward(self, parts, kind):
        return {"double": self.network(parts)}


SOUND = Audio(np.arange(20, dtype=np.float32), 10)


def test_a_network_gives_what_it_is():
    assert Doubled().extract(SOUND)["double"].tolist() == [[2.0 * i for i in range(10)]]


@pytest.mark.parametrize("device", ["cuda", "nowhere"])
def test_a_device_that_is_not_there_is_one_clear_error(device, capsys, tmp_path):
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is one")
    asked = ["run", "--model", "silence", "--benchmark", "mini_v2s", "--runs", str(tmp_path), "--no-bounds"]
    assert invoke([*asked, "--device", device]) == 4
    assert f"the device {device} cannot be used: " in capsys.readouterr().err
    require_device("cpu")


def test_full_precision_keeps_cudnn():
    before = torch.backends.cudnn.enabled
    with full_precision():
        assert torch.backends.cudnn.enabled
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.enabled == before
