"""Reading weights that others wrote: every format of torch.save and safetensors, nothing executed, clear words."""

import argparse
import collections
import os
import random
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vsseval.errors import UsageError
from vsseval.networks.checkpoint_layout import read_layout
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import read_state_dict


class Unknown:
    """A class that a checkpoint may hold; the reader must not need it."""

    def __init__(self, value):
        self.value = value


class Malicious:
    """Creates a file when a trusting reader unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def weights():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return collections.OrderedDict(
        {
            "plain": base,
            "transposed": base.T,
            "part": base[1:3, 2:5],
            "half": base.half(),
            "brain": base.bfloat16(),
            "count": torch.tensor(7),
            "mask": torch.tensor([True, False, True]),
            "odd": torch.arange(3, dtype=torch.uint8),
            "empty": torch.zeros(0, 5),
            "parameter": nn.Parameter(torch.ones(2)),
        }
    )


def lightning(state, extra=None):
    """What Lightning saves beside the weights."""
    return {
        "epoch": 209,
        "global_step": 251_000,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 210}}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "path": Path("a")}},
        "optimizer_states": [
            {"state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(4)}}, "param_groups": [{"lr": 1e-4}]}
        ],
        "lr_schedulers": [{"last_epoch": 3, "_schedulers": [Unknown([1, 2])]}],
        "hparams_name": "kwargs",
        "hyper_parameters": argparse.Namespace(lr=1e-4, unknown=Unknown(3), kinds=collections.defaultdict(list, a=[1])),
        "extra": extra,
    }


def equal(read, written):
    assert list(read) == list(written)
    for key, value in written.items():
        assert read[key].dtype == value.dtype, key
        assert torch.equal(read[key], value.detach()), key


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_every_kind_of_tensor_comes_back(tmp_path, zipped, protocol):
    path = tmp_path / "w.pt"
    torch.save(weights(), path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    equal(read_state_dict(path), weights())


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_lightning_checkpoint_gives_its_weights_only(tmp_path, zipped):
    path = tmp_path / "last.ckpt"
    torch.save(lightning(weights()), path, _use_new_zipfile_serialization=zipped)
    equal(read_state_dict(path), weights())


def test_the_key_model_is_a_state_dict_too(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"model": weights(), "rng": [1, 2]}, path)
    equal(read_state_dict(path), weights())


def test_a_network_whose_own_parameter_is_called_model(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"model": torch.ones(2)}, path)
    equal(read_state_dict(path), {"model": torch.ones(2)})


def test_safetensors_come_back(tmp_path):
    path = tmp_path / "w.safetensors"
    written = {key: value.detach().clone().contiguous() for key, value in weights().items()}
    save_file(written, path, {"config": "{}"})
    read = read_state_dict(path)
    equal({key: read[key] for key in written}, written)
    assert read_layout(path).metadata == {"config": "{}"}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_nothing_is_executed(tmp_path, zipped):
    trap = tmp_path / "trap"
    path = tmp_path / "w.ckpt"
    torch.save(lightning(weights(), Malicious(trap)), path, _use_new_zipfile_serialization=zipped)
    equal(read_state_dict(path), weights())
    assert not trap.exists()
    # the trap is a real one: torch's own reader falls into it when it is told to trust the file
    torch.load(path, weights_only=False)
    assert trap.exists()


def raw(path, program):
    """A checkpoint whose pickle is written by hand."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
    return path


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'touch {trap}'\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c{size}touch {trap}\x85R.",
        b"(S'touch {trap}'\nios\nsystem\n.",
        b"(cos\nsystem\nS'touch {trap}'\no.",
        b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR(S'touch {trap}'\ntR.",
        b"ctorch._utils\n_rebuild_from_type_v2\n(cos\nsystem\nN(S'touch {trap}'\ntNtR.",
        b"ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nN(S'touch {trap}'\ntNtR.",
        b"ccollections\nOrderedDict\n}S'items'\ncos\nsystem\nsb.",
        b"ccollections\nOrderedDict\n)RN}S'items'\ncos\nsystem\ns\x86b.",
        b"ctorch._utils\n_rebuild_tensor_v2\nN}S'__call__'\ncos\nsystem\ns\x86b.",
    ],
)
def test_no_opcode_reaches_a_function(tmp_path, program):
    trap = tmp_path / "trap"
    command = f"touch {trap}".encode()
    program = program.replace(b"{size}touch {trap}", bytes([len(command)]) + command)
    path = raw(tmp_path / "w.pt", program.replace(b"touch {trap}", command))
    with pytest.raises(UsageError, match="w.pt cannot be loaded"):
        read_state_dict(path)
    assert not trap.exists()
    # and the reader is what it was
    torch.save(weights(), tmp_path / "good.pt")
    equal(read_state_dict(tmp_path / "good.pt"), weights())


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"a": torch.ones(4)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in records if name.endswith("data/0"))
    records[name] = records[name][:8]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    with pytest.raises(UsageError, match=r"reaches beyond its 8 bytes"):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_damaged_file_is_read_or_refused_in_words(tmp_path, zipped):
    path = tmp_path / "w.pt"
    torch.save(lightning(weights()), path, _use_new_zipfile_serialization=zipped)
    whole, dice = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(dice.choice((1, 2, 5))):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            read_state_dict(path)
        except UsageError as error:
            assert "w.pt cannot be loaded" in str(error)  # noqa: PT017 - most damage is in numbers, and none of it shows
            refused += 1
    assert refused


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_file_that_is_cut_short_is_refused_in_words(tmp_path, kind):
    path = tmp_path / "w.ckpt"
    if kind == "safetensors":
        save_file({"a": torch.ones(300)}, path)
    else:
        torch.save(lightning(weights()), path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    # the last row of numbers of an old file may be one whose end no tensor reaches
    for share in (0.02, 0.3, 0.6, 0.9, *([] if kind == "legacy" else [0.999])):
        path.write_bytes(whole[: max(1, int(len(whole) * share))])
        with pytest.raises(UsageError, match="w.ckpt cannot be loaded"):
            read_state_dict(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\n  <html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"not weights at all", "neither a safetensors file nor one of torch.save"),
        (b"\x00" * 4096, "neither a safetensors file nor one of torch.save"),
        (b"PK\x03\x04 and no more", "damaged or cut short"),
    ],
)
def test_a_file_that_holds_something_else_is_refused_in_words(tmp_path, content, words):
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_state_dict(path)


def test_no_file_a_folder_and_no_weights_are_refused_in_words(tmp_path):
    with pytest.raises(UsageError, match="nowhere: no such file"):
        read_state_dict(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="a folder"):
        read_state_dict(tmp_path)
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "bare.pt")
    with pytest.raises(UsageError, match="no named tensors"):
        read_state_dict(tmp_path / "bare.pt")
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pt")
    with pytest.raises(UsageError, match="no named tensors"):
        read_state_dict(tmp_path / "whole.pt")


def test_other_archives_are_refused_in_words(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(UsageError, match="not one of torch.save"):
        read_state_dict(tmp_path / "other.zip")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), str(tmp_path / "p.pt"))
    with pytest.raises(UsageError, match="TorchScript"):
        read_state_dict(tmp_path / "p.pt")


def test_tensors_lie_on_the_file_and_leave_it_as_it_is(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"a": torch.zeros(1000)}, path)
    before = path.read_bytes()
    path.chmod(0o444)
    state = read_state_dict(path)
    state["a"].fill_(1.0)
    assert float(state["a"].sum()) == 1000.0
    assert path.read_bytes() == before


def test_memory_is_not_spent_on_reading(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"a": torch.zeros(64 << 20, dtype=torch.uint8), "b": torch.ones(1)}, path)
    code = (
        "import resource, sys, torch; from pathlib import Path;"
        "from vsseval.networks.state_dict import read_state_dict;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "state = read_state_dict(Path(sys.argv[1])); float(state['b'][0]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16_000


def test_the_layout_is_read_without_torch(tmp_path):
    path = tmp_path / "w.ckpt"
    torch.save(lightning(weights()), path)
    code = (
        "import sys; from pathlib import Path; from vsseval.networks.checkpoint_layout import read_layout;"
        "print(read_layout(Path(sys.argv[1])).entries['part'].shape, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, os.fspath(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(2, 3) False"


def test_a_network_is_built_without_drawing_its_weights():
    before = torch.get_rng_state()
    with SkipInitialWeights():
        network = nn.Sequential(nn.Linear(20_000, 20_000), nn.Conv1d(3, 4, 5), nn.LayerNorm(6), nn.Embedding(7, 8))
    assert torch.equal(torch.get_rng_state(), before)
    assert sum(parameter.numel() for parameter in network.parameters()) > 4e8
    assert torch.equal(nn.LayerNorm(6).weight, torch.ones(6))
