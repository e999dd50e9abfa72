"""LSE-C and LSE-D from SyncNet's vectors."""

import re

import numpy as np
import pytest

from support import build_plugins, goldens
from support.seeded_metric_weights import error, golden, input_tensor
from vsseval.errors import Unmeasurable
from vsseval.metrics.lse import (
    agreement,
    distances,
)

PARTS = goldens.parts("metrics/syncnet")


def vectors(part):
    """Lips, sound that goes with them, and other sound, as the golden file says in words."""
    said = golden(f"syncnet_{part}")[1]["inputs"]["features"]
    shapes = {name: (int(n), int(d)) for name, n, d in re.findall(r"'(syncnet_\w+)',\((\d+),(\d+)\)", said)}
    drawn = {name: input_tensor(name, shape) for name, shape in shapes.items()}
    base, noise, unrelated = (drawn[f"syncnet_{name}_{part}"] for name in ("feat", "featn", "unrel"))
    found = re.search(r"v=base\[(\d+):(\d+)\]; a=base\[(\d+):(\d+)\]\+([\d.]+)\*", said)
    first, stop, begin, end = (int(found[group]) for group in range(1, 5))
    return [one.numpy() for one in (base[first:stop], base[begin:end] + float(found[5]) * noise, unrelated)]


@pytest.mark.parametrize("part", PARTS)
def test_distances_and_scores_are_the_originals(part):
    arrays, meta = golden(f"syncnet_{part}")
    v, a, other = vectors(part)
    assert error(distances(v, a).T, arrays["dist_v_a_15"]) < 1e-6
    pairs = [(v, a), (v, a), (a, v), (v, a), (v, v), (v, other)]
    for pair, known in zip(pairs, meta["lse"], strict=True):
        lips, sound = (one[: known["n"]] for one in pair)
        found = agreement(lips, sound, known["vshift"])
        np.testing.assert_allclose(distances(lips, sound, known["vshift"]).mean(axis=0), known["mdist"], rtol=1e-5)
        assert found.distance == pytest.approx(known["lse_d"], rel=1e-5)
        assert found.confidence == pytest.approx(known["lse_c"], rel=1e-5)
        assert found.offset == known["offset"]


def test_the_metrics_cut_the_longer_medium_and_say_the_offset():
    v, a, _ = vectors("a")
    lips, sound = {"embeddings": v}, {"embeddings": np.concatenate([a, a])}
    known = agreement(v, a)
    c, d = (
        build_plugins.build_metric("lse_c@wav2lip-lrs").score(lips, sound),
        build_plugins.build_metric("lse_d@wav2lip-lrs").score(lips, sound),
    )
    assert (c.value, d.value) == (known.confidence, known.distance)
    assert c.detail == d.detail == {"offset_pictures": known.offset}
    assert (
        build_plugins.build_metric("lse_c@wav2lip-lrs").spec.id,
        build_plugins.build_metric("lse_c@wav2lip-lrs").spec.direction,
    ) == ("lse_c@wav2lip-lrs", "higher")
    assert (
        build_plugins.build_metric("lse_d@wav2lip-lrs").spec.id,
        build_plugins.build_metric("lse_d@wav2lip-lrs").spec.direction,
    ) == ("lse_d@wav2lip-lrs", "lower")


@pytest.mark.parametrize("late", [-4, 0, 7])
def test_late_sound_has_a_negative_offset(late):
    track = np.random.default_rng(0).standard_normal((80, 32))
    assert agreement(track[20:60], track[20 - late : 60 - late]).offset == -late


def test_beyond_the_ends_there_are_zeros():
    ones = np.ones((1, 4))
    np.testing.assert_allclose(distances(ones, ones, 2)[0], [2, 2, 0, 2, 2], atol=1e-5)


def test_nothing_and_numbers_that_are_none_are_refused():
    with pytest.raises(Unmeasurable, match="not one window"):
        agreement(np.ones((0, 4)), np.ones((0, 4)))
    with pytest.raises(Unmeasurable, match="not finite"):
        agreement(np.full((3, 4), np.nan), np.ones((3, 4)))


def test_tracks_are_scored_each_with_its_own_sound():
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((200, 32))
    early, late = sound[10:70], sound[97:190]
    lips = {"embeddings": np.concatenate([early, late]), "tracks": np.array([[10, 60, 64], [100, 93, 98]])}
    found = build_plugins.build_metric("lse_d@syncnet-track50").score(lips, {"embeddings": sound})
    parts = [agreement(early, sound[10:70]), agreement(late, sound[100:193])]
    assert found.value == pytest.approx(np.mean([part.distance for part in parts]))
    assert found.weight == 2
    assert found.detail == {"tracks": 2, "offset_pictures": 3}
    confidence = build_plugins.build_metric("lse_c@syncnet-track50").score(lips, {"embeddings": sound[:190]})
    assert confidence.value == pytest.approx(
        np.mean([parts[0].confidence, agreement(late[:90], sound[100:190]).confidence])
    )


def test_a_face_that_is_not_seen_for_long_enough_has_a_reason():
    rows = {"embeddings": np.ones((96, 8)), "tracks": np.array([[0, 96, 100]])}
    assert (
        build_plugins.build_metric("lse_d@syncnet-track50")
        .score(rows, {"embeddings": np.ones((96, 8))})
        .detail["tracks"]
        == 1
    )
    for metric in (build_plugins.build_metric("lse_c@wav2lip-real"), build_plugins.build_metric("lse_d@wav2lip-real")):
        with pytest.raises(Unmeasurable, match=r"more than 100 pictures \(4 s\)"):
            metric.score(rows, {"embeddings": np.ones((96, 8))})
    late = {**rows, "tracks": np.array([[300, 96, 100]])}
    with pytest.raises(Unmeasurable, match=r"more than 50 pictures"):
        build_plugins.build_metric("lse_c@syncnet-track50").score(late, {"embeddings": np.ones((96, 8))})
