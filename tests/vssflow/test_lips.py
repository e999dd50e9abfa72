"""Lip features: read with care, fitted to ten seconds, zeros where there are none."""

import numpy as np
import pytest
import torch

from vsseval.errors import UsageError
from vssflow.reference.lips import fit_lips, read_lips


@pytest.fixture
def lips():
    return np.random.default_rng(0).standard_normal((90, 1024)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_array_is_read_as_float32(tmp_path, lips, dtype):
    np.save(tmp_path / "lips.npy", lips.astype(dtype))
    read = read_lips(tmp_path / "lips.npy")
    assert read.dtype == torch.float32
    assert np.array_equal(read.numpy(), lips.astype(dtype).astype(np.float32))


def test_an_archive_of_one_array_is_read_whatever_its_name(tmp_path, lips):
    np.savez_compressed(tmp_path / "lips.npz", feat=lips)
    np.savez(tmp_path / "other.npz", lips[::2])
    assert np.array_equal(read_lips(tmp_path / "lips.npz").numpy(), lips)
    assert np.array_equal(read_lips(tmp_path / "other.npz").numpy(), lips[::2])


def test_arrays_of_other_layouts_are_read(tmp_path, lips):
    np.save(tmp_path / "column.npy", np.asfortranarray(lips))
    np.save(tmp_path / "big.npy", lips.astype(">f4"))
    for name in ("column.npy", "big.npy"):
        assert np.array_equal(read_lips(tmp_path / name).numpy(), lips)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((10, 768), np.float32), "(10, 768)"),
        (np.zeros((1, 10, 1024), np.float32), "(1, 10, 1024)"),
        (np.zeros((0, 1024), np.float32), "(0, 1024)"),
        (np.zeros(1024, np.float32), "(1024,)"),
        (np.zeros((10, 1024), np.int64), "int64"),
        (np.full((10, 1024), np.nan), "10240 of 10240 numbers are NaN"),
        (np.full((10, 1024), 1e300), "NaN or infinite"),
        (np.array(["a"]), "<U1"),
        (np.array([{"a": 1}], dtype=object), "cannot be read"),
    ],
)
def test_other_arrays_are_refused_by_name(tmp_path, array, said):
    path = tmp_path / "lips.npy"
    np.save(path, array)
    with pytest.raises(UsageError) as error:
        read_lips(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_an_archive_of_several_arrays_or_none_is_refused(tmp_path, lips):
    np.savez(tmp_path / "two.npz", video=lips, audio=lips)
    np.savez(tmp_path / "none.npz")
    with pytest.raises(UsageError, match="video, audio"):
        read_lips(tmp_path / "two.npz")
    with pytest.raises(UsageError, match="nothing"):
        read_lips(tmp_path / "none.npz")


def test_damaged_files_are_refused(tmp_path, lips):
    np.save(tmp_path / "whole.npy", lips)
    np.savez(tmp_path / "whole.npz", lips)
    for suffix in (".npy", ".npz"):
        whole = (tmp_path / f"whole{suffix}").read_bytes()
        for count, part in enumerate((b"", b"not numbers", whole[:100], whole[: len(whole) // 2])):
            path = tmp_path / f"part{count}{suffix}"
            path.write_bytes(part)
            with pytest.raises(UsageError, match="cannot be read"):
                read_lips(path)


def test_a_wrong_name_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_lips(tmp_path / "absent.npy")
    with pytest.raises(UsageError, match=r"\.npy and \.npz"):
        read_lips(tmp_path / "lips.mp4")
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(UsageError, match="a folder"):
        read_lips(tmp_path / "folder.npy")


def test_lips_are_padded_and_cut_at_the_end(lips):
    lips = torch.from_numpy(lips)
    fitted = fit_lips(lips)
    assert fitted.shape == (250, 1024)
    assert torch.equal(fitted[:90], lips)
    assert not fitted[90:].any()
    assert torch.equal(fit_lips(lips, 40), lips[:40])
    assert torch.equal(fit_lips(lips, 90), lips)
    assert fit_lips(lips.double()).dtype == torch.float32


def test_no_lips_are_zeros():
    assert torch.equal(fit_lips(None), torch.zeros(250, 1024))
    assert fit_lips(None, 7).shape == (7, 1024)


@pytest.mark.parametrize("lips", [torch.zeros(10, 768), torch.zeros(1024), torch.full((3, 1024), torch.inf)])
def test_lips_of_a_call_are_checked_as_those_of_a_file(lips):
    with pytest.raises(UsageError, match="the lip features"):
        fit_lips(lips)
