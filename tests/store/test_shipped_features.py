"""Features that come with vsseval: where they are from, that they are what is made here, and what they are not for."""

from __future__ import annotations

import shutil
import zlib

import numpy as np
import pytest

from tools.mini.features import BENCHMARKS, SLOW
from vsseval import media
from vsseval.border.extractors import build_extractor
from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.plugins import load
from vsseval.records import RunSpec
from vsseval.stages.catalog import Catalog
from vsseval.stages.forecast import units_left
from vsseval.stages.generate import journal_outcomes
from vsseval.stages.inputs import medium_source
from vsseval.stages.losses import Losses
from vsseval.stages.progress import NoProgress
from vsseval.stages.run import plan_runs, run
from vsseval.store.features import FeatureStore
from vsseval.store.packs import Packs
from vsseval.store.shipped import FOLDER, made, shipped_features
from vsseval.types import ExtractorSpec, Generation, Medium, Need

HERE = made()
ROOM = 3_000_000
"""Bytes that the features may take in the wheel."""


def samples(benchmark):
    return load("benchmarks", benchmark)(None).samples()


def spec_of(identity):
    name, version, weights, *computed = identity
    device, precision = computed or ("cpu", "float32")
    return ExtractorSpec(
        name=name, version=version, input_kinds=("audio",), weights=weights, device=device, precision=precision
    )


def test_they_are_of_the_extractors_that_are_here():
    """Where a version is raised, `python -m tools.mini features` makes the features anew."""
    assert {one.identity for one in HERE.features} == {build_extractor(name, "cpu").spec.identity for name in SLOW}
    assert HERE.packages["ctranslate2"]
    assert HERE.processor


def test_every_file_is_named_with_its_hash_and_all_are_small():
    named = {f"{one.folder}/{name}" for one in HERE.features for name in one.sha256}
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*") if path.parent.name != "__pycache__"}
    assert named == there
    assert sum(len(zlib.compress((FOLDER / name).read_bytes())) for name in named) < ROOM
    for one in HERE.features:
        assert shipped_features(one.identity).usage().entries == one.entries


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """What the bounds make of a few clips here: key -> file. The keys are of the bytes that FLAC's encoder writes."""
    folder, found = tmp_path_factory.mktemp("bounds"), {}
    for model in ("reference", "noise", "silence"):
        asked = RunSpec(
            model=model, benchmark="mini_vtts", limit=4, metrics=("fad@logmel",), runs=folder / "runs",
            store=folder / "store", jobs=1,
        )  # fmt: skip
        (record,) = run([asked])
        root = folder / "runs" / record.id
        found |= {line.sha256: Medium(path=root / line.path, sha256=line.sha256) for line in journal_outcomes(root)}
    return found


def pictures():
    """The videos of the benchmarks, by the keys of their features."""
    nothing = Generation(id="", status="missing")
    every = (one for benchmark in BENCHMARKS for one in samples(benchmark))
    found = (medium_source(Need.VIDEO, one, nothing, FOLDER) for one in every)
    return {one.key: one.medium for one in found}


def test_pictures_of_faces_recordings_and_bounds_are_there(tmp_path, heard):
    store = FeatureStore(tmp_path)
    specs = {one.identity[0]: spec_of(one.identity) for one in HERE.features}
    faces = [key for key, medium in pictures().items() if medium.path.parts[-3] in {"vtts", "joint"}]
    assert len(faces) > 90
    assert all(store.has(specs["mouth"], key) for key in faces)
    effects = [one.reference.key for name in ("mini_v2s", "mini_joint") for one in samples(name)]
    assert all(store.has(specs["aisfx"], key) for key in effects)
    assert len(heard) >= 9
    assert all(store.has(specs[name], key) for key in heard for name in ("distill_mos", "ge2e"))
    # each of these hears some of the clips: sentences of GRID, or others; silence of one length is the same sound
    for key in heard:
        assert store.has(specs["sphinx_grid"], key) or store.has(specs["faster_whisper_tiny_en"], key)
    assert not (tmp_path / "features").exists()


@pytest.mark.parametrize("name", SLOW)
def test_what_is_made_here_is_what_ships(name, heard):
    """Of one recording each, or one video; another kind of processor may compute the last digits otherwise."""
    extractor = build_extractor(name, "cpu")
    shipped = shipped_features(extractor.spec.identity)
    seen = extractor.spec.input_kinds == ("video",)
    effects = {one.reference.key: one.reference for one in samples("mini_v2s")}
    key, chosen = next(
        (key, one) for key, one in (pictures() if seen else heard | effects).items() if shipped.find(key) == 0
    )
    source = (media.Video if seen else media.load_audio)(chosen.path, chosen.start, chosen.seconds)
    stored = FeatureStore(FOLDER / "none").read(extractor.spec, key)
    own = extractor.extract(source)
    assert own.keys() == stored.keys()
    for key, value in stored.items():
        found = np.asarray(own[key])
        assert (found.shape, found.dtype.kind) == (value.shape, value.dtype.kind), key
        if value.dtype.kind == "U":
            assert str(found) == str(value)
        else:
            np.testing.assert_allclose(found, value, rtol=1e-3, atol=1e-4, err_msg=key)


def test_ones_own_feature_goes_first_and_what_is_missing_stays_missing(tmp_path):
    store = FeatureStore(tmp_path)
    one = next(one for one in HERE.features if one.identity[0] == "ge2e")
    spec = spec_of(one.identity)
    key = next(key for key, _ in shipped_features(one.identity).entries())
    assert store.is_feature(spec, key)
    assert set(store.read(spec, key)) == {"embedding"}
    store.write_reason(spec, key, "another time")
    assert not store.is_feature(spec, key)
    with pytest.raises(Unmeasurable, match="another time"):
        store.read(spec, key)
    assert store.read(spec, "ab" * 32) is None
    assert not store.has(spec_of(("ge2e", "other", *one.identity[2:])), key)


def test_a_damaged_file_is_a_fault_of_the_installation(tmp_path):
    folder = tmp_path / "shipped"
    shutil.copytree(FOLDER, folder)
    one = HERE.features[0]
    assert isinstance(shipped_features(one.identity, folder), Packs)
    other = HERE.features[1]
    path = folder / other.folder / "features.pack"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(EnvironmentFault, match=r"features\.pack is missing, damaged or replaced.*force-reinstall"):
        shipped_features(other.identity, folder)


def test_what_the_bounds_need_is_not_foretold(tmp_path):
    """A plan cannot know the bytes of sounds that are not there yet, but that what bounds make is known."""
    few = {"metrics": ("mos@distillmos", "spk_sim@ge2e", "fad@logmel"), "runs": tmp_path / "runs", "store": tmp_path}

    def counted(model, **more):
        asked = [RunSpec(model=model, benchmark="mini_vtts", **few, **more)]
        tasks = plan_runs(asked, Catalog(), Losses(asked), NoProgress(), here=True)
        return {
            (stage, name): clips for (stage, _, name), (clips, _) in units_left(tasks).items() if stage == "extract"
        }

    assert ("extract", "distill_mos") not in counted("noise")
    assert counted("noise")["extract", "logmel"] > 56
    assert counted("noise", seed=1)["extract", "distill_mos"] == 56
    assert counted("shuffled", limit=5)["extract", "distill_mos"] == 5
    assert counted("tts_dub")["extract", "distill_mos"] == 56


def test_a_folder_without_a_word_on_its_features_has_none(tmp_path):
    assert shipped_features(HERE.features[0].identity, tmp_path) is None
