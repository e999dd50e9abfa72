"""What models are given, and what is believed of their answers."""

import hashlib

import msgspec
import numpy as np
import pytest

from support.fake_plugin import medium, spec, write_samples
from vsseval import media, plugins
from vsseval.errors import UsageError
from vsseval.models.base import ModelOptions, ModelOutput
from vsseval.stages.bound_references import BoundReferences, bound_references
from vsseval.stages.clip_seed import clip_seed
from vsseval.stages.derangement import derangement
from vsseval.stages.muted_copy import muted_copy
from vsseval.stages.plan import limit_samples, plan
from vsseval.stages.requests import make_request
from vsseval.stages.validate_output import validate_output
from vsseval.store import codec
from vsseval.store.features import FeatureStore
from vsseval.store.manifest_hash import manifest_hash
from vsseval.types import BOUNDS, Medium, Request, Sample

WISH = Request(id="a", duration=1.0, seed=1)


pytestmark = pytest.mark.usefixtures("site")


def load(folder):
    return codec.decode((folder / "samples.json").read_bytes(), list[Sample])


def test_the_manifest_hash_knows_content_and_not_places(clips, tmp_path):
    samples = load(clips)
    moved = [msgspec.structs.replace(s, video=Medium(path=tmp_path / "x", sha256=s.video.sha256)) for s in samples]
    assert manifest_hash(moved) == manifest_hash(samples)
    changed = [*samples[:-1], msgspec.structs.replace(samples[-1], transcript="other")]
    assert manifest_hash(changed) != manifest_hash(samples)
    assert manifest_hash(samples[::-1]) != manifest_hash(samples)


def test_what_the_sound_depends_on_is_in_the_identity(clips, tmp_path):
    base = spec(clips, tmp_path)
    same = [{}, {"jobs": 2}, {"shard_size": 3}, {"metrics": ("fd@fake",)}, {"limit": 99}]
    other = [{"seed": 1}, {"limit": 3}, {"model": "fake:raise"}, {"device": "cuda"}]
    identities = [plan(msgspec.structs.replace(base, **change)).identity for change in [*same, *other]]
    assert len(set(identities[: len(same)])) == 1
    assert len(set(identities)) == 1 + len(other)


def test_a_limit_is_the_same_clips_in_any_order(clips):
    samples = load(clips)
    chosen = limit_samples(samples, 3)
    assert {s.id for s in chosen} == {s.id for s in limit_samples(samples[::-1], 3)}
    assert [s.id for s in chosen] == [s.id for s in samples if s in chosen]
    assert {s.id for s in limit_samples(samples, 2)} < {s.id for s in chosen}


def test_seeds_are_of_the_clip_and_known():
    assert clip_seed(7, "a") == int(hashlib.sha256(b"7:a").hexdigest()[:16], 16) % 2**63
    assert clip_seed(0, "a") != clip_seed(1, "a") != clip_seed(1, "b")
    assert 0 <= clip_seed(123, "x" * 300) < 2**63


def test_a_request_holds_no_answer(clips, tmp_path):
    sample = load(clips)[0]
    request = make_request(sample, 0, FeatureStore(tmp_path), None)
    assert request.reference is None
    assert not set(Request.__struct_fields__) & {"label", "events", "subset", "cluster"}


def test_videos_lose_their_sound_once(clips, tmp_path):
    path = tmp_path / "loud.mp4"
    media.write_mp4(path, np.zeros((10, 16, 16, 3), np.uint8), 10.0, np.zeros(8000, np.float32), 8000)
    store = FeatureStore(tmp_path / "store")
    quiet = muted_copy(medium(path), store)
    assert quiet.path == store.muted_path(medium(path).sha256)
    assert not media.probe(quiet.path).has_audio
    written = quiet.path.stat().st_mtime_ns
    assert muted_copy(medium(path), store) == quiet
    assert quiet.path.stat().st_mtime_ns == written
    silent = load(clips)[0].video
    assert muted_copy(silent, store) == silent


def test_who_does_not_watch_is_handed_no_video_and_none_is_copied(clips, tmp_path):
    path = tmp_path / "loud.mp4"
    media.write_mp4(path, np.zeros((10, 16, 16, 3), np.uint8), 10.0, np.zeros(8000, np.float32), 8000)
    sample = msgspec.structs.replace(load(clips)[0], video=medium(path))
    store = FeatureStore(tmp_path / "store")
    assert make_request(sample, 0, store, None, uses_video=False).video is None
    assert not store.root.exists()
    assert make_request(sample, 0, store, None).video.path == store.muted_path(sample.video.key)
    watching = {name for name in BOUNDS if plugins.load("models", name)(ModelOptions()).card.uses_video}
    assert watching == set()


def test_nobody_hears_more_of_a_prompt_than_its_stretch(clips, tmp_path):
    media.write_wav(tmp_path / "long.wav", np.linspace(-0.5, 0.5, 16_000, dtype=np.float32), 8000)
    whole = medium(tmp_path / "long.wav")
    part = msgspec.structs.replace(whole, start=0.5, seconds=1.0)
    sample = msgspec.structs.replace(load(clips)[0], speaker_prompt=part)
    store = FeatureStore(tmp_path / "store")
    given = make_request(sample, 0, store, None).speaker_prompt
    heard = media.load_audio(given.path)
    assert given.key == given.sha256
    assert heard.seconds == 1.0
    assert np.array_equal(heard.samples, media.load_audio(whole.path, 0.5, 1.0).samples)
    uncut = msgspec.structs.replace(sample, speaker_prompt=whole)
    assert make_request(uncut, 0, store, None).speaker_prompt == whole


def test_the_derangement_uses_each_reference_once_and_no_label_twice(clips):
    samples = load(clips)
    stand_ins = derangement(samples)
    assert sorted(s.id for s in stand_ins) == sorted(s.id for s in samples)
    assert all(a.id != b.id and a.label != b.label for a, b in zip(samples, stand_ins, strict=True))
    shifted = dict(zip((s.id for s in samples[::-1]), derangement(samples[::-1]), strict=True))
    assert [shifted[s.id] for s in samples] == stand_ins
    alike = [msgspec.structs.replace(s, label="one") for s in samples]
    assert all(a.id != b.id for a, b in zip(alike, derangement(alike), strict=True))
    assert derangement(samples[:1]) == []


def test_references_go_to_bounds_only(clips, tmp_path):
    assert plan(spec(clips, tmp_path)).references is None
    samples = {s.id: s for s in load(clips)}
    own = plan(spec(clips, tmp_path, model="fake_own")).references
    assert own == {name: BoundReferences(s.reference) for name, s in samples.items()}
    other = plan(spec(clips, tmp_path, model="fake_other")).references
    assert all(other[name] != own[name] for name in samples)


def test_a_bound_of_two_recordings_is_given_its_own_and_that_of_shuffled(clips):
    samples = load(clips)
    own, other, both = (bound_references(bound, samples) for bound in ("own", "other", "both"))
    assert both == {name: BoundReferences(own[name].reference, other[name].reference) for name in own}
    assert bound_references("both", samples[:1]) == {}
    request = make_request(samples[0], 0, None, both)
    assert (request.reference, request.other) == both[samples[0].id][:2]


@pytest.mark.parametrize(("change", "says"), [({"limit": 0}, "limit"), ({"shard_size": -1}, "shard")])
def test_impossible_options_are_refused(clips, tmp_path, change, says):
    with pytest.raises(UsageError, match=says):
        plan(spec(clips, tmp_path, **change))


def test_a_duplicate_id_is_refused(clips, tmp_path):
    samples = load(clips)
    write_samples(tmp_path, [*samples, samples[2]])
    with pytest.raises(UsageError, match="'clip2' twice"):
        plan(spec(tmp_path, tmp_path))


def ones(*shape):
    return np.full(shape, 0.5, np.float32)


@pytest.mark.parametrize(
    ("take", "says"),
    [
        (ModelOutput("a", None, 0), "neither"),
        (ModelOutput("a", None, 0, error="why"), "why"),
        (ModelOutput("a", np.zeros(0, np.float32), 8000), "empty"),
        (ModelOutput("a", np.array([0, np.nan], np.float32), 8000), "1 of 2 samples are NaN"),
        (ModelOutput("a", np.array([0, np.inf], np.float32), 8000), "infinite"),
        (ModelOutput("a", np.zeros(8, np.int16), 8000), "int16"),
        (ModelOutput("a", ones(2, 2, 2), 8000), "shape"),
        (ModelOutput("a", ones(8000, 2), 8000), "shape"),
        (ModelOutput("a", ones(), 8000), "shape"),
        (ModelOutput("a", ones(8), 3999), "3999"),
        (ModelOutput("a", ones(8), 192_001), "192001"),
        (ModelOutput("a", ones(8), 8000.5), "8000.5"),
        (ModelOutput("a", ones(8), "8000"), "8000"),
    ],
)
def test_a_bad_sound_has_a_reason(take, says):
    found = validate_output(take, WISH)
    assert found.samples is None
    assert says in found.error


def test_a_good_sound_is_taken_as_it_is():
    assert validate_output(ModelOutput("a", ones(8000), 8000), WISH).note is None
    assert (
        validate_output(ModelOutput("a", ones(2, 8000).astype(np.float64), np.int64(8000)), WISH).samples.dtype
        == np.float32
    )
    long = validate_output(ModelOutput("a", ones(16_000) * 3, 8000), WISH)
    assert long.samples.shape == (16_000,)
    assert "peak was 1.5" in long.note
    assert "2.00 s long, 1.00 s" in long.note
