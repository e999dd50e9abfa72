"""The store survives crashes, full disks, strange ids and damaged files."""

import errno
import multiprocessing
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsseval.errors import Busy, EnvironmentFault, Unmeasurable, UsageError
from vsseval.records import Aggregate
from vsseval.store import atomic, group_sums, journal, lock, record, scores
from vsseval.store.features import FeatureStore, default_store_root, text_key
from vsseval.store.layout import RunPaths, safe_name
from vsseval.types import ExtractorSpec, Generation

SPEC = ExtractorSpec(name="x", version="1", input_kinds=("audio",), weights="0123456789")
KEY = "ab" * 32


@given(st.lists(st.text(min_size=1, max_size=300), min_size=2, max_size=20, unique=True))
def test_file_names_are_safe_and_never_shared(ids):
    names = [safe_name(text) for text in ids]
    assert len(set(names)) == len(ids)
    for name in names:
        assert "/" not in name
        assert not name.startswith(".")
        assert len(os.fsencode(name)) <= 120


@pytest.mark.parametrize("bad", ["../../etc/passwd", "a/b", "..", ".", "a b", "ä" * 300, "x" * 300, "", "-rf", "con\n"])
def test_bad_ids_stay_in_the_folder(tmp_path, bad):
    path = RunPaths(tmp_path).audio(bad, 0)
    assert path.parent == tmp_path / "audio"
    path.parent.mkdir()
    path.write_bytes(b"x")


def test_plain_ids_keep_their_name():
    assert safe_name("bbaf2n_s1.v-2") == "bbaf2n_s1.v-2"


def test_atomic_write_keeps_the_old_file_when_the_writer_fails(tmp_path):
    path = tmp_path / "f.json"
    atomic.write_bytes(path, b"old")

    def fail(target):
        target.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        atomic.write_with(path, fail)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["f.json"]


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "no room left.*go"), (errno.EACCES, "cannot write.*--runs")]
)
def test_full_disk_is_an_environment_fault_that_says_what_to_do(tmp_path, number, says):
    def refuse(target):
        raise OSError(number, os.strerror(number))

    with pytest.raises(EnvironmentFault, match=says) as caught:
        atomic.write_with(tmp_path / "f", refuse)
    assert caught.value.exit_code == 4
    assert list(tmp_path.iterdir()) == []


def line(name, status="ok"):
    return Generation(id=name, status=status)


def test_a_torn_line_is_dropped_and_cut_off_before_the_next(tmp_path):
    path = tmp_path / "0000.jsonl"
    with journal.Journal(path) as file:
        file.append(line("a"))
        file.append(line("b"))
    whole = path.read_bytes()
    for cut in range(len(whole) // 2 + 1, len(whole)):
        path.write_bytes(whole[:cut])
        assert set(journal.read_journal(path)) <= {"a", "b"}
        assert "a" in journal.read_journal(path)
        with journal.Journal(path) as file:
            file.append(line("c"))
        assert set(journal.read_journal(path)) == {"a", "c"}


def test_the_last_line_of_a_clip_counts(tmp_path):
    path = tmp_path / "0000.jsonl"
    with journal.Journal(path) as file:
        file.append(line("a", "failed"))
        file.append(line("a"))
    assert journal.read_journals(tmp_path)["a"].status == "ok"
    assert journal.read_journal(tmp_path / "none.jsonl") == {}


def test_features_come_back_and_reasons_are_raised(tmp_path):
    store = FeatureStore(tmp_path)
    assert store.read(SPEC, KEY) is None
    assert not store.has(SPEC, KEY)
    store.write(SPEC, KEY, {"e": np.arange(3.0), "text": np.array("hello ä")})
    store.refresh([SPEC])
    assert store.is_feature(SPEC, KEY)
    found = store.read(SPEC, KEY)
    assert found["e"].tolist() == [0, 1, 2]
    assert str(found["text"]) == "hello ä"
    assert store.folder(SPEC) == tmp_path / "features/x-1-01234567"
    store.write_reason(SPEC, KEY, "silent")
    store.refresh([SPEC])
    assert store.has(SPEC, KEY)
    assert not store.is_feature(SPEC, KEY)
    with pytest.raises(Unmeasurable, match="silent"):
        store.read(SPEC, KEY)


@pytest.mark.parametrize("damage", ["cut", "zero", "empty", "flip"])
def test_a_damaged_feature_is_as_good_as_none(tmp_path, damage):
    store = FeatureStore(tmp_path)
    store.write(SPEC, KEY, {"e": np.random.default_rng(0).random(1000)})
    (path,) = store.folder(SPEC).glob("*.pack")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 0xFF
    path.write_bytes({"cut": data[:-40], "zero": bytes(len(data)), "empty": b""}.get(damage, data))
    assert store.read(SPEC, KEY) is None
    store.refresh([SPEC])
    assert not store.has(SPEC, KEY)
    store.write(SPEC, KEY, {"e": np.zeros(1)})
    store.refresh([SPEC])
    assert store.has(SPEC, KEY)
    assert store.read(SPEC, KEY)["e"].tolist() == [0]


def _hammer(root, value):
    store = FeatureStore(root)
    for _ in range(30):
        store.write(SPEC, KEY, {"e": np.full(2000, value)})


def test_two_processes_may_write_one_feature(tmp_path):
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_hammer, args=(tmp_path, value)) for value in (1.0, 2.0)]
    for other in others:
        other.start()
    store = FeatureStore(tmp_path)
    while any(other.is_alive() for other in others):
        found = store.read(SPEC, KEY)
        if found is not None:
            assert len(set(found["e"].tolist())) == 1
    for other in others:
        other.join()
        assert other.exitcode == 0
    assert store.read(SPEC, KEY)["e"][0] in {1.0, 2.0}


def test_the_store_is_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path))
    assert default_store_root() == tmp_path
    monkeypatch.delenv("VSSEVAL_STORE")
    assert default_store_root().name == "vsseval"
    assert text_key("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_one_process_at_a_time_and_the_other_is_named(tmp_path):
    with (
        lock.hold_lock(tmp_path, "abc"),
        pytest.raises(Busy, match=f"pid {os.getpid()}"),
        lock.hold_lock(tmp_path, "abc"),
    ):
        pass
    with lock.hold_lock(tmp_path, "abc"), lock.hold_lock(tmp_path, "other"):
        pass


def test_groups_do_not_depend_on_who_asks():
    clusters = [f"c{index:02d}" for index in range(50)]
    found = group_sums.assign_groups(reversed(clusters * 2))
    assert found["c00"] == 0
    assert found["c21"] == 1
    assert set(found.values()) == set(range(20))
    assert group_sums.assign_groups(["b", "a", "a"]) == {"a": 0, "b": 1}


def test_sums_come_back_and_add_up(tmp_path):
    made = {0: {"n": np.array(2.0), "x": np.ones(3)}, 19: {"n": np.array(1.0), "x": np.full(3, 0.5)}}
    path = tmp_path / "sums" / "fd@x.npz"
    group_sums.write_sums(path, made)
    with np.load(path) as file:
        assert sorted(file.files) == ["0/n", "0/x", "19/n", "19/x"]
        assert all(file[name].dtype == np.float64 for name in file.files)
    found = group_sums.read_sums(path)
    assert group_sums.total_sums(found)["n"] == 3
    assert group_sums.subtract_group(group_sums.total_sums(found), found[0])["x"].tolist() == [0.5] * 3
    with pytest.raises(UsageError, match="vsseval score"):
        group_sums.read_sums(tmp_path / "sums" / "none.npz")


def row(name, metric="m@x", **more):
    fields = {"sample_id": name, "cluster": "c", "subset": "", "seed": 0, "metric": metric, "version": "1", **more}
    return scores.ScoreRow(**fields)


def test_scores_are_sorted_and_the_same_bytes_in_any_order(tmp_path):
    rows = [row("b", status="failed", detail='{"reason":"x"}'), row("a", status="ok", value=1.5, weight=2.0)]
    rows.append(row("z", metric="a@x", status="missing"))
    scores.write_scores(tmp_path / "1.parquet", rows)
    scores.write_scores(tmp_path / "2.parquet", rows[::-1])
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    found = scores.read_scores(tmp_path / "1.parquet")
    assert [(r.metric, r.sample_id, r.value) for r in found] == [
        ("a@x", "z", None),
        ("m@x", "a", 1.5),
        ("m@x", "b", None),
    ]
    assert tuple(scores.read_frame(tmp_path / "1.parquet").columns) == scores.COLUMNS
    scores.write_scores(tmp_path / "3.parquet", [])
    assert scores.read_scores(tmp_path / "3.parquet") == []
    with pytest.raises(UsageError, match="vsseval score"):
        scores.read_scores(tmp_path / "none.parquet")


def test_a_damaged_header_is_one_clear_error(tmp_path):
    with pytest.raises(UsageError, match="not a run directory"):
        record.load_run(tmp_path)
    (tmp_path / "run.json").write_text('{"schema": 1,')
    with pytest.raises(UsageError, match=r"damaged.*mv "):
        record.load_run(tmp_path)


def test_aggregates_never_hold_nan(tmp_path):
    cell = Aggregate(metric="m@x", status="failed", n=0, total=3, failed=3, reason="silent")
    record.write_aggregates(tmp_path, [cell])
    text = (tmp_path / "aggregates.json").read_text()
    assert "NaN" not in text
    assert '"value": null' in text
