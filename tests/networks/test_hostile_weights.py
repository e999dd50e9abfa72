"""Files of weights that are made to take memory or time, or to mean two things: refused at once, by every reader."""

import json
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from vsseval.errors import UsageError
from vsseval.networks import nisqa
from vsseval.networks.checkpoint_layout import read_layout
from vsseval.networks.state_dict import read_state_dict
from vssflow.small.model import VSSFlow

HEAD = b"\x80\x02"
LEGACY = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE


def doubled(name: bytes = b"", deep: int = 60) -> bytes:
    """Push a tuple that holds the last one twice, again and again: hashing it takes 2 ** deep steps."""
    made = b"K\x01\x85q\x00"
    for place in range(deep):
        again = b"h%c" % place
        made += b"0" + name + again + again + b"\x86" + (b"\x85R" if name else b"") + b"q%c" % (place + 1)
    return made


def number(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return b"\x8a%c" % size + value.to_bytes(size, "little")


def tensor(shape: bytes, stride: bytes, offset: bytes = b"K\x00") -> bytes:
    return HEAD + b"}X\x01\x00\x00\x00a" + TENSOR + offset + shape + stride + b"\x89}tRs."


def repeated(again: int) -> bytes:
    """A dict of a thousand items, and as many copies of it as are asked for, by the name of a class."""
    items = (
        b"]("
        + b"".join(b"]((K\x01K\x02t" for _ in ())
        + b"".join(number(i) + b"K\x00\x86" for i in range(1000))
        + b"eq\x00"
    )
    return HEAD + items + b"0(" + b"ccollections\nOrderedDict\nh\x00\x85R" * again + b"l."


PICKLES = {
    "a memo of 4 GB": HEAD + b"}r\xff\xff\xff\x1f.",
    "an array of 200 GB": b"\x80\x05\x96" + struct.pack("<Q", 200 << 30) + b".",
    "bytes of 200 GB": b"\x80\x05\x8e" + struct.pack("<Q", 200 << 30) + b".",
    "a key that is hashed for years": HEAD + b"}(" + doubled() + b"K\x01u.",
    "the same in a dict without items": HEAD + b"(" + doubled() + b"K\x01d.",
    "the same in a set": b"\x80\x04\x8f(" + doubled() + b"\x90.",
    "the same in a frozen set": b"\x80\x04(" + doubled() + b"\x91.",
    "the same by pairs": HEAD + b"ccollections\nOrderedDict\n](" + doubled() + b"K\x01\x86e\x85R.",
    "the same as a shape": HEAD + b"}(" + doubled(b"ctorch\nSize\n") + b"K\x01u.",
    "the same as the type of a storage": HEAD + b"(X\x07\x00\x00\x00storage" + doubled() + b"K\x00K\x00K\x00tQ.",
    "the same as its name": HEAD + b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n" + doubled() + b"K\x00K\x00tQ.",
    "keys that collide": HEAD + b"}(" + number((2**61 - 1) << 8) + b"K\x01u.",
    "a tensor of 70 axes": tensor(b"(" + b"K\x01" * 70 + b"t", b"(" + b"K\x01" * 70 + b"t"),
    "a length beyond torch's": tensor(number(1 << 70) + b"\x85", b"K\x00\x85"),
    "a place beyond torch's": tensor(b"K\x01\x85", b"K\x01\x85", number(1 << 70)),
    "a length of a text": tensor(b"X\x01\x00\x00\x001\x85", b"K\x01\x85"),
    "a number that stands for a terabyte": tensor(number(1 << 40) + b"\x85", b"K\x00\x85"),
    "nothing behind a name": HEAD + b"(tQ.",
}


def saved(path, data, *more):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("archive/data.pkl", data), ("archive/data/0", bytes(16)), *more):
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.parametrize("data", PICKLES.values(), ids=PICKLES)
def test_a_pickle_that_takes_memory_or_time_is_refused(tmp_path, data, form):
    path = tmp_path / "a.pt"
    if form == "zip":
        saved(path, data)
    else:
        path.write_bytes(LEGACY + data)
    with pytest.raises(UsageError, match=r"a\.pt cannot be loaded"):
        read_state_dict(path)


def test_what_is_named_again_is_not_copied_again(tmp_path):
    path = saved(tmp_path / "a.pt", HEAD + b"}X\x01\x00\x00\x00b" + repeated(1000)[2:-1] + b"sX\x05\x00\x00\x00model}"
                 + tensor(b"K\x01\x85", b"K\x01\x85")[2:-1] + b"0s.")  # fmt: skip
    with pytest.raises(UsageError, match="no named tensors"):
        read_layout(path)
    path = saved(tmp_path / "b.pt", HEAD + b"}(X\x05\x00\x00\x00model" + tensor(b"K\x01\x85", b"K\x01\x85")[2:-1]
                 + b"X\x01\x00\x00\x00b" + repeated(100)[2:-1] + b"u.")  # fmt: skip
    copies = read_layout(path).beside["b"]
    assert sum(map(len, copies)) == 1000


def test_ordinary_checkpoints_are_read_as_they_are(tmp_path):
    state = {"a": torch.arange(6.0).reshape(2, 3), "mask": torch.ones(1).expand(4, 4)}
    about = {"state_dict": state, "rates": {(1, 2): 3, 4: None}, "seen": {1, 2}, "epoch": 7}
    for name, old in (("new.pt", True), ("old.pt", False)):
        torch.save(about, tmp_path / name, _use_new_zipfile_serialization=old)
        found = read_state_dict(tmp_path / name)
        assert all(torch.equal(found[key], state[key]) for key in state)
        beside = read_layout(tmp_path / name).beside
        assert (beside["rates"], beside["epoch"]) == (about["rates"], 7)


def test_parts_of_one_name_are_refused(tmp_path):
    data = tensor(b"K\x01\x85", b"K\x01\x85")
    assert read_state_dict(saved(tmp_path / "one.pt", data))["a"].shape == (1,)
    with pytest.warns(UserWarning, match="Duplicate"):
        saved(tmp_path / "two.pt", data, ("archive/data/0", bytes(8)))
    with pytest.raises(UsageError, match="two of its parts have one name"):
        read_state_dict(tmp_path / "two.pt")


def described(**tensors):
    return {name: {"dtype": "F32", "shape": shape, "data_offsets": place} for name, (shape, place) in tensors.items()}


HEADERS = {
    "a hundred thousand axes": described(a=([1] * 100_000, [0, 16])),
    "numbers that are no places": described(a=([4], [0.0, 16.0])),
    "a shape that is no number": b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,16]}}',
    "a shape of truths": b'{"a":{"dtype":"F32","shape":[true],"data_offsets":[0,16]}}',
    "a shape of text": b'{"a":{"dtype":"F32","shape":"4","data_offsets":[0,16]}}',
    "a negative length": described(a=([-4], [0, 16])),
    "a negative place": described(a=([4], [-16, 0])),
    "a length beyond all": b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,16]}}',
    "no numbers of a shape beyond torch's": described(a=([0, 1 << 62, 1 << 62], [0, 0]), b=([4], [0, 16])),
    "two at one place": described(a=([4], [0, 16]), b=([4], [0, 16])),
    "two that overlap": described(a=([3], [0, 12]), b=([2], [8, 16])),
    "a hole": described(a=([1], [0, 4]), b=([2], [8, 16])),
    "bytes of nobody": described(a=([3], [0, 12])),
    "more bytes than there are": described(a=([5], [0, 20])),
    "fewer numbers than bytes": described(a=([3], [0, 16])),
    "one name twice": b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
    b'"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}',
    "metadata that is a list": {"__metadata__": [1], **described(a=([4], [0, 16]))},
    "metadata of numbers": {"__metadata__": {"config": 1}, **described(a=([4], [0, 16]))},
    "a type that is a list": {"a": {"dtype": ["F32"], "shape": [4], "data_offsets": [0, 16]}},
    "no tensor but a number": b'{"a":1}',
    "no table": b'{"a"',
    "a nest": b'{"a":' + b"[" * 100_000,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_lies_is_refused(tmp_path, header):
    path = tmp_path / "a.safetensors"
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    with pytest.raises(UsageError, match=r"a\.safetensors cannot be loaded"):
        read_state_dict(path)


@pytest.mark.parametrize("length", [0, 1 << 27, 1 << 62, (1 << 64) - 1])
def test_a_header_of_another_length_is_refused(tmp_path, length):
    path = tmp_path / "a.safetensors"
    text = json.dumps(described(a=([4], [0, 16]))).encode()
    path.write_bytes(struct.pack("<Q", length) + text + bytes(16))
    with pytest.raises(UsageError, match=r"a\.safetensors cannot be loaded"):
        read_state_dict(path)


def test_more_tensors_than_any_network_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vsseval.networks.checkpoint_layout.MOST_TENSORS", 3)
    for count in (3, 4):
        state = {f"t{i}": torch.zeros(1) for i in range(count)}
        save_file(state, tmp_path / f"{count}.safetensors")
        torch.save(state, tmp_path / f"{count}.pt")
    for suffix in ("safetensors", "pt"):
        assert len(read_state_dict(tmp_path / f"3.{suffix}")) == 3
        with pytest.raises(UsageError, match="it names 4 tensors, more than the 3"):
            read_state_dict(tmp_path / f"4.{suffix}")


@pytest.mark.parametrize(
    "changes", [{"layers": 10**12}, {"width": 2**40, "heads": 2**20}, {"layers": -1}, {"layers": "1"}, {"width": None}]
)
def test_a_configuration_that_is_not_that_of_the_weights_makes_no_network(tmp_path, changes):
    config = {
        "latent": {"channels": 8}, "vision": {},
        "dit": {"channels": 1900, "width": 64, "heads": 4, "kv_heads": 2, "layers": 1, **changes}, "conditions": {},
    }  # fmt: skip
    config["dit"]["channels"] = 8 + 2080
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(1)}, path, {"config": json.dumps(config)})
    with pytest.raises((ValueError, TypeError, RuntimeError)) as error:
        VSSFlow.load(path)
    assert "allocate" not in str(error.value)


@pytest.mark.parametrize("changes", [{"td_sa_num_layers": 10**9}, {"cnn_c_out_1": 10**9}, {"cnn_c_out_1": 2**16},
                                     {"ms_hop_length": float("nan")}, {"ms_n_fft": 10**30}])  # fmt: skip
def test_settings_that_are_not_those_of_the_weights_make_no_network(tmp_path, changes):
    args = {
        "model": "NISQA_DIM", "ms_sr": None, "ms_fmax": 20_000, "ms_n_fft": 4096, "ms_hop_length": 0.01,
        "ms_win_length": 0.02, "ms_n_mels": 48, "ms_seg_length": 15, "ms_seg_hop_length": 4, "cnn_model": "adapt",
        "cnn_c_out_1": 16, "cnn_c_out_2": 32, "cnn_c_out_3": 64, "cnn_kernel_size": (3, 3), "cnn_fc_out_h": 20,
        "cnn_pool_1": (24, 7), "cnn_pool_2": (12, 5), "cnn_pool_3": (6, 3), "td": "self_att", "td_2": "skip",
        "td_sa_d_model": 64, "td_sa_nhead": 1, "td_sa_pos_enc": None, "td_sa_num_layers": 2, "td_sa_h": 64,
        "td_lstm_h": None, "td_lstm_num_layers": None, "td_lstm_bidirectional": None, "pool": "att",
        "pool_att_h": 128, **changes,
    }  # fmt: skip
    torch.save({"args": args, "model_state_dict": {"a": torch.zeros(1)}}, tmp_path / "a.tar")
    with pytest.raises(UsageError, match=r"a\.tar (holds a NISQA that is not known|does not hold the weights)"):
        nisqa.build(tmp_path / "a.tar")
