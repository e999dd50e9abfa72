"""Archives of NumPy by strangers: whatever is wrong with one is one error, in the three places that read some."""

import io
import struct
import zipfile

import numpy as np
import pytest

from vsseval.errors import UsageError
from vsseval.store import group_sums
from vsseval.store.features import FeatureStore
from vsseval.store.group_sums import read_sums, write_sums
from vsseval.store.packs import Packs
from vsseval.store.replicates import read_replicates
from vsseval.text import arrays as module
from vsseval.text.arrays import array_sizes, arrays
from vsseval.text.readers import Unreadable
from vsseval.types import ExtractorSpec

CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


def npy(kind: str, shape: str, body: bytes = b"") -> bytes:
    head = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (63 - (len(head) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body


MEMBERS = {
    "no bytes each, a million million times": npy("'<U0'", f"({1 << 40},)"),
    "nothing, as many times": npy("'|V0'", f"({1 << 40},)"),
    "more than a disk": npy("'<f8'", f"({1 << 60},)"),
    "more than a memory": npy("'<f8'", f"({1 << 45},)", bytes(64)),
    "fewer than none": npy("'<f8'", "(-1,)"),
    "a length that is no number": npy("'<f8'", "(1.5,)", bytes(8)),
    "an object": npy("'|O'", "(1,)", b"cos\nsystem\n(S'false'\ntR."),
    "a record": npy("[('a', '<f8')]", "(1,)", bytes(8)),
    "an object in a record": npy("[('a', '|O')]", "(1,)", bytes(8)),
    "a date": npy("'<M8[s]'", "(1,)", bytes(8)),
    "bytes": npy("'|S8'", "(1,)", bytes(8)),
    "a text that is no Unicode": npy("'<U1'", "(1,)", b"\xff\xff\xff\xff"),
    "the same from the other end": npy("'>U1'", "(1,)", b"\x00\x11\x00\x00"),
    "a header of a gigabyte": b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 30) + b"{",
    "a nest": b"\x93NUMPY\x02\x00" + struct.pack("<I", 9000) + b"(" * 9000,
    "a version of the future": b"\x93NUMPY\x09\x00" + bytes(99),
    "no array": b"text",
    "nothing": b"",
}


def archive(members, compression=zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return made.getvalue()


def patched(data: bytes, mark: bytes, at: int, new: bytes) -> bytes:
    place = data.rfind(mark) + at
    return data[:place] + new + data[place + len(new) :]


NUMBERS = npy("'<f8'", "(2,)", bytes(16))
PLAIN = archive([("0/a.npy", NUMBERS)])
DEFLATED = archive([("0/a.npy", npy("'<f8'", "(9999,)", bytes(79992)))], zipfile.ZIP_DEFLATED)
ARCHIVES = {
    **{name: archive([("0/a.npy", member)]) for name, member in MEMBERS.items()},
    "two of one name": archive([("0/a.npy", NUMBERS), ("0/a", NUMBERS)]),
    "locked": patched(PLAIN, CENTRAL, 8, b"\x01\x00"),
    "packed in an unknown way": patched(PLAIN, CENTRAL, 10, b"\x63\x00"),
    "at a place behind its end": patched(PLAIN, CENTRAL, 42, b"\xff\xff\xff\x7f"),
    "of another checksum": patched(PLAIN, CENTRAL, 16, b"\xff\xff\xff\xff"),
    "of fewer bytes than it unfolds to": patched(DEFLATED, CENTRAL, 24, b"\xc8\0\0\0"),
    "damaged within": patched(DEFLATED, LOCAL, 40, b"\xff" * 12),
    "torn": PLAIN[:-30],
    "no archive": NUMBERS,
    "empty": b"",
}  # fmt: skip


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES)
def test_what_is_no_archive_of_numbers_is_one_error_everywhere(tmp_path, data, spec):
    (tmp_path / "run" / "sums").mkdir(parents=True)
    path = tmp_path / "run" / "sums" / "a.npz"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(Unreadable):
            arrays(source)
    with pytest.raises(UsageError, match="is damaged"):
        read_replicates(path)
    with pytest.raises(UsageError, match="cannot be read"):
        [*read_sums(path).values()]
    store = FeatureStore(tmp_path / "store")
    Packs(store.folder(spec)).write(KEY, data, 0)
    assert store.read(spec, KEY) is None
    assert not store.has(spec, KEY)
    store.write(spec, KEY, {"a": np.arange(3)})
    assert len(store.read(spec, KEY)["a"]) == 3


KEY = "ab" * 32


@pytest.fixture
def spec():
    return ExtractorSpec(name="x", version="1", input_kinds=("audio",))


def test_bombs_are_not_unfolded(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 100_000)
    monkeypatch.setattr(group_sums, "KEPT_BYTES", 50_000)
    write_sums(tmp_path / "a.npz", {group: {"a": np.zeros(9000)} for group in range(5)})
    found = read_sums(tmp_path / "a.npz")
    assert [len(found[group]["a"]) for group in found] == [9000] * 5  # each by itself is within the bound
    with pytest.raises(Unreadable, match="it unfolds to 360,640 bytes, more than the 100,000"):
        arrays(tmp_path / "a.npz")
    bomb = archive([("0/a.npy", npy("'<f8'", "(99999,)", bytes(799992)))], zipfile.ZIP_DEFLATED)
    (tmp_path / "b.npz").write_bytes(bomb)
    assert len(bomb) < 2000
    with pytest.raises(UsageError, match="it unfolds to"):
        read_sums(tmp_path / "b.npz")[0]


def test_names_that_lead_elsewhere_write_nothing(tmp_path):
    names = ("../../a", "/etc/a", "C:\\a", "..\\a", "a\n")
    (tmp_path / "a.npz").write_bytes(archive([(f"{name}.npy", NUMBERS) for name in names]))
    assert len(array_sizes(tmp_path / "a.npz")) == len(arrays(tmp_path / "a.npz")) == len(names)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("value", [np.array(True), np.arange(3, dtype=">i2"), np.ones((2, 3), np.float16, order="F"),
                                   np.array(["é", ""]), np.empty((0, 4), np.float32), np.array(1j)])  # fmt: skip
def test_numbers_and_texts_come_back_as_they_are(tmp_path, value):
    np.savez(tmp_path / "a.npz", a=value, b=np.zeros(1))
    found = arrays(tmp_path / "a.npz", ["a"])
    assert [*found] == ["a"]
    assert found["a"].dtype == value.dtype
    assert np.array_equal(found["a"], value)
    with pytest.raises(Unreadable, match="it holds no 'c'"):
        arrays(tmp_path / "a.npz", ["c"])
