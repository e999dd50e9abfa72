"""The same thing has one identity, however it is spelt, described or measured; other things never share one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from support.fake_plugin import install, make_clips, medium, spec, write_samples
from vsseval import media, plugins, recipes
from vsseval.cli import invoke
from vsseval.engines.local import Local
from vsseval.errors import Busy, EnvironmentFault
from vsseval.extractors.base import computed_on
from vsseval.stages import extract_job
from vsseval.stages.catalog import Catalog, relocated, resolve_metrics
from vsseval.stages.plan import plan
from vsseval.stages.run import carry_out, run
from vsseval.statistics.comparable import signature_differences
from vsseval.store.features import FeatureStore
from vsseval.store.lock import hold_lock
from vsseval.store.manifest_hash import WRITTEN, manifest_hash
from vsseval.store.record import find_runs, load_run
from vsseval.types import ExtractorSpec, Sample

METRIC = ("--metric", "level@fake", "--no-bounds", "--jobs", "1")


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    make_clips(folder, 3)
    return folder


def sounds(folder, level=0.1):
    folder.mkdir(parents=True)
    for name in ("clip0", "clip2"):
        media.write_wav(folder / f"{name}.wav", np.full(4000, level, np.float32), 8000)
    return folder


def test_one_folder_is_one_system_however_it_is_spelt(clips, site, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sounds(tmp_path / "place" / "out")
    monkeypatch.chdir(tmp_path / "place")
    Path("link").symlink_to("out")
    spellings = ("out", "out/", "./out", "out/../out", "link", str(tmp_path / "place" / "out"), "../place//out")
    for spelt in spellings:
        arguments = ["--benchmark", f"fake:{clips}", *METRIC, "--store", "store"]
        assert invoke(["run", "--model", f"audio:{spelt}", *arguments]) == 3  # clip 1 has no sound
    (done,) = find_runs("runs")
    assert done.record.system == "audio:out"
    capsys.readouterr()
    assert invoke(["table"]) == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith("audio")]
    assert len(shown) == 1
    assert shown[0].startswith("audio:out ¹")


def test_two_folders_of_one_name_are_two_systems(clips, site, tmp_path):
    for place, level in (("a", 0.1), ("b", 0.2)):
        run([spec(clips, tmp_path, model=f"audio:{sounds(tmp_path / place / 'out', level)}", metrics=("level@fake",))])
    assert len(find_runs(tmp_path / "runs")) == 2


def test_a_limit_at_or_above_n_is_none(clips, site, tmp_path):
    plans = [plan(spec(clips, tmp_path, limit=limit)) for limit in (None, 3, 4, 99)]
    assert len({one.identity for one in plans}) == 1
    assert {one.spec.limit for one in plans} == {None}
    assert plan(spec(clips, tmp_path, limit=2)).spec.limit == 2
    (first,) = run([spec(clips, tmp_path, limit=3)])
    (second,) = run([spec(clips, tmp_path)])
    assert first == second
    assert "limit" not in load_run(tmp_path / "runs" / first.id).cell("level@fake").signature


def test_the_hash_of_a_manifest_knows_every_field_that_counts_and_no_other():
    class Later(Sample, frozen=True):
        added: str = ""

    bare = Sample(id="a", cluster="a", duration=1.0)
    assert manifest_hash([Later(id="a", cluster="a", duration=1.0)]) == manifest_hash([bare])
    assert manifest_hash([msgspec.structs.replace(bare, lost=True)]) == manifest_hash([bare])
    other = {
        "id": "b", "cluster": "b", "duration": 2.0, "caption": "x", "transcript": "x", "language": "de",
        "speech_window": (0.0, 1.0), "label": "x", "events": (1.0,), "subset": "x",
    }  # fmt: skip
    assert other.keys() == set(WRITTEN)
    hashes = {manifest_hash([msgspec.structs.replace(bare, **{name: value})]) for name, value in other.items()}
    assert len(hashes | {manifest_hash([bare])}) == len(WRITTEN) + 1


def test_the_hash_of_a_manifest_is_the_one_that_it_was():
    sample = Sample(id="a", cluster="a", duration=1.0)
    text = (
        b'[{"caption":null,"cluster":"a","duration":1.0,"events":[],"id":"a","label":null,"language":"en",'
        b'"problem":false,"reference":null,"speaker_prompt":null,"speech_window":null,"subset":"","transcript":null,'
        b'"video":null}]'
    )
    assert manifest_hash([sample]) == hashlib.sha256(text).hexdigest()


def test_a_mended_description_measures_nothing_again(clips, site, tmp_path, monkeypatch):
    import vsseval_fakes

    asked = spec(clips, tmp_path)
    (first,) = run([asked])
    scores = load_run(tmp_path / "runs" / first.id).paths.scores
    before = scores.stat().st_mtime_ns
    rows = (site / "vsseval_fakes_recipes" / "metrics.toml").read_text()
    (site / "vsseval_fakes_recipes").unlink()
    (site / "vsseval_fakes_recipes").mkdir()
    mended = rows.replace('["level@fake"]\n', '["level@fake"]\ndescription = "said better"\ndecimals = 3\n')
    (site / "vsseval_fakes_recipes" / "metrics.toml").write_text(mended)
    plugins._read.cache_clear()
    recipes.read_rows.cache_clear()
    words = {"description": "said better", "licence": "MIT"}
    monkeypatch.setattr(vsseval_fakes.Level, "spec", msgspec.structs.replace(vsseval_fakes.Level.spec, **words))
    (second,) = run([asked])
    assert scores.stat().st_mtime_ns == before
    assert second.metrics["level@fake"].description == "said better"
    assert load_run(tmp_path / "runs" / first.id).record == second
    assert run([asked]) == [second]


class OnDevice:
    """An extractor that computes in half precision on anything but a processor."""

    def __init__(self):
        self.spec = ExtractorSpec(name="fake_level", version="1", input_kinds=("audio",), sample_rate=8000)

    def on(self, device):
        self.spec = computed_on(self.spec, device, "float16")

    def extract(self, source):
        return {"x": np.array([0.5, 0.5, 0.5])}


def test_device_and_precision_are_part_of_key_and_signature(clips, site, tmp_path, monkeypatch):
    import vsseval_fakes

    monkeypatch.setattr(vsseval_fakes, "Level", OnDevice)
    plain = resolve_metrics(["fd@fake"], []).extractors["fake_level"]
    half = resolve_metrics(["fd@fake"], [], device="cuda:1").extractors["fake_level"]
    assert (half.device, half.precision) == ("cuda", "float16")
    store = FeatureStore(tmp_path)
    assert store.folder(plain).name == "fake_level-1-none"
    assert store.folder(half).name == "fake_level-1-none-cuda-float16"
    float32 = computed_on(plain, "cuda")
    assert len({plain.identity, half.identity, float32.identity}) == 3
    assert signature_differences("m", {"x": "a-1-none"}, {"x": "a-1-none-float16", "device": "cuda"})
    assert not signature_differences("m", {"x": "a-1-none"}, {"x": "a-1-none", "device": "cuda"})


def test_names_that_look_alike_share_no_folder_of_the_store(tmp_path):
    store = FeatureStore(tmp_path)
    names = ("my ext", "my_ext", "my/ext", "x" * 200, "x" * 201)
    specs = [ExtractorSpec(name=name, version="1", input_kinds=("audio",)) for name in names]
    assert len({store.folder(one) for one in specs}) == len(names)


def test_every_spec_runs_on_its_own_device(clips, site, tmp_path, monkeypatch):
    seen = []

    class Here(Local):
        def __init__(self, jobs, device, kept):
            seen.append((jobs, device))
            super().__init__(jobs, "cpu", kept)

    def seen_extraction(jobs, root, device):
        seen.append(device)
        return run_jobs(jobs, root)

    run_jobs = extract_job.run_jobs
    monkeypatch.setattr(extract_job, "run_jobs", seen_extraction)
    monkeypatch.setattr("vsseval.stages.session.Local", Here)
    monkeypatch.setattr("vsseval.stages.run.require_device", lambda device: None)
    asked = [spec(clips, tmp_path, device=device, metrics=("level@fake",)) for device in ("cpu", "cuda")]
    records = run([*asked])
    assert [record.spec.device for record in records] == ["cpu", "cuda"]
    assert [one for one in seen if isinstance(one, tuple)] == [(1, "cpu"), (1, "cuda")]
    assert [*dict.fromkeys(one for one in seen if isinstance(one, str))] == ["cpu", "cuda"]


def test_a_device_that_is_not_there_costs_the_runs_on_it(clips, site, tmp_path):
    here, elsewhere = (spec(clips, tmp_path, device=device) for device in ("cpu", "xpu:7"))
    done = carry_out([here, msgspec.structs.replace(elsewhere, model="fake:twice")])
    assert len(done.records) == 1
    assert "the device xpu:7 cannot be used" in done.lost[f"fake:twice on fake:{clips}"]
    with pytest.raises(EnvironmentFault, match="xpu:7"):
        run([elsewhere])


def test_a_lock_is_of_one_name(tmp_path):
    with (
        hold_lock(tmp_path, "a" * 16 + "1"),
        hold_lock(tmp_path, "a" * 16 + "2"),
        hold_lock(tmp_path, "a/b"),
        hold_lock(tmp_path, "a_b"),
    ):
        assert len(list((tmp_path / ".locks").glob("*.lock"))) == 4
        with pytest.raises(Busy), hold_lock(tmp_path, "a/b"):
            pass
    with (next(iter((tmp_path / ".locks").iterdir()))).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_files_are_hashed_once_a_command(clips, site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "videos"
    folder.mkdir()
    for file in clips.glob("v*.mp4"):
        shutil.copyfile(file, folder / file.name)
    for name in ("v0", "v1", "v2"):
        sounds(tmp_path / name)
        (tmp_path / name / "clip0.wav").rename(tmp_path / f"{name}.wav")
    out = tmp_path / "out"
    out.mkdir()
    for name in ("v0", "v1", "v2"):
        shutil.move(tmp_path / f"{name}.wav", out / f"{name}.wav")
    for file in (*folder.iterdir(), *out.iterdir()):
        os.utime(file, ns=(10**18, 10**18))
    monkeypatch.setattr("vsseval.media.memory.SETTLED_NS", 0)
    read = []
    digest = hashlib.file_digest

    def counted(file, name):
        read.append(Path(file.name))
        return digest(file, name)

    monkeypatch.setattr("vsseval.media.hashing.hashlib.file_digest", counted)
    arguments = ["--benchmark", f"folder:{folder}", "--metric", "desync@onset", "--no-bounds", "--store", "store"]
    assert invoke(["run", "--model", f"audio:{out}", *arguments, "--jobs", "1"]) == 0
    assert {file for file in read if file.parent in {folder, out}} == {*folder.iterdir(), *out.iterdir()}
    heard = [file for file in read if file.suffix in {".mp4", ".wav", ".flac"}]
    assert len(heard) == len(set(heard))


def test_a_changed_file_is_hashed_again(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    first = media.sha256(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert media.sha256(path) != first
    assert media.hashed_state(path, first) is None
    path.unlink()
    assert media.file_state(path) is None


def test_moved_clips_are_found_with_one_option(clips, site, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(clips, tmp_path / "old" / "set")
    samples = Catalog().samples(f"fake:{clips}")
    write_samples(tmp_path / "old" / "set", [
        msgspec.structs.replace(one, video=medium(Path(one.video.path)), reference=None) for one in samples
    ])  # fmt: skip
    assert invoke(["run", "--model", "fake", "--benchmark", "fake:old/set", *METRIC, "--store", "store"]) == 0
    (done,) = find_runs("runs")
    (tmp_path / "old").rename(tmp_path / "new")
    shutil.move("runs", "kept")
    path = f"kept/{done.path.name}"
    capsys.readouterr()
    assert invoke(["score", path, "--store", "store", "--jobs", "1"]) in {2, 4}
    assert f"vsseval score {path} --data-root OLD=NEW" in capsys.readouterr().err
    assert invoke(["score", path, "--store", "store", "--jobs", "1", "--data-root", "old=new"]) == 0
    assert invoke(["report", "--runs", "kept", "--no-media", "--data-root", "old=new"]) == 0
    assert invoke(["report", "--runs", "kept", "--data-root", "old"]) == 2


def test_the_longest_old_beginning_counts():
    moved = {"/a": "/x", "/a/b/": "/y"}
    assert [relocated(path, moved) for path in ("/a/c", "/a/b/c", "/a/b", "/ab", "b")] == [
        "/x/c", "/y/c", "/y", "/ab", "b",
    ]  # fmt: skip
