"""Words against picture: who follows the words has 1, who follows the picture 0, and changes are paired by video."""

import numpy as np
import pytest

from support import build_plugins
from vsseval import plugins
from vsseval.benchmarks.vggsound_tvc import LEVELS, vggsound_tvc
from vsseval.errors import Unmeasurable
from vsseval.stages.inputs import text_inputs, why_not_applicable
from vsseval.types import Medium, Sample

CONFLICTS = LEVELS[1:]


def metric(name, level):
    return build_plugins.build_metric(f"{name}@tvc-{level.lower().replace('_', '-')}")


def joined(made, clips):
    """The rows of clips `(id, sound, condition)`, as scoring joins them."""
    found = [made.rows({"embedding": sound}, {"embedding": condition}, clip) for clip, sound, condition in clips]
    return {name: np.concatenate([rows[name] for rows in found]) for name in found[0]}


def clips(videos=5, seed=0, sound=lambda words, seen: words):
    """Clips of all levels, of which `sound` says what they sound like, given their words and what is seen."""
    draw = np.random.default_rng(seed)
    found = []
    for video in range(videos):
        words = {level: draw.normal(size=16) for level in LEVELS}
        found += [(f"v{video}_000010__{level}", sound(words[level], words["L0"]), words[level]) for level in LEVELS]
    return found


@pytest.mark.parametrize("level", CONFLICTS)
def test_who_follows_the_words_has_one_and_who_follows_the_picture_none(level):
    share = metric("follows_text", level)
    assert share.value(joined(share, clips())) == 1.0
    assert share.value(joined(share, clips(sound=lambda _, seen: seen))) == 0.0
    assert share.value(joined(share, clips(sound=lambda words, seen: words + 0.3 * seen))) == 1.0
    assert share.value(joined(share, clips(sound=lambda words, seen: 0.3 * words + seen))) == 0.0


def test_the_same_words_at_both_levels_are_half():
    share = metric("follows_text", "L3")
    same = [(clip, sound, np.ones(16)) for clip, sound, _ in clips()]
    assert share.value(joined(share, same)) == 0.5


@pytest.mark.parametrize("name", ["clap_change", "ib_change"])
@pytest.mark.parametrize("level", CONFLICTS)
def test_a_change_is_the_mean_of_paired_differences(name, level):
    change = metric(name, level)
    noise = np.random.default_rng(4)
    given = clips(sound=lambda words, seen: words + seen + noise.normal(size=16))
    cosines = {
        clip: sound @ condition / np.linalg.norm(sound) / np.linalg.norm(condition) for clip, sound, condition in given
    }
    by_hand = np.mean([cosines[f"v{v}_000010__{level}"] - cosines[f"v{v}_000010__L0"] for v in range(5)])
    assert change.value(joined(change, given)) == pytest.approx(by_hand)
    assert change.value(joined(change, clips())) == pytest.approx(0.0)


def test_order_scale_and_other_levels_do_not_count():
    change, given = metric("clap_change", "L2"), clips(sound=lambda words, seen: words + 2 * seen)
    value = change.value(joined(change, given))
    louder = [(clip, 7.0 * sound, 0.1 * condition) for clip, sound, condition in given]
    assert change.value(joined(change, louder[::-1])) == pytest.approx(value)
    two = [clip for clip in given if clip[0].endswith(("__L0", "__L2"))]
    assert change.value(joined(change, two)) == pytest.approx(value)
    assert len(joined(change, given)["sound"]) == len(two)


def test_a_video_without_one_of_both_does_not_count():
    share = metric("follows_text", "L3")
    lost = [clip for clip in clips() if clip[0] != "v1_000010__L0"]
    without = [clip for clip in clips() if not clip[0].startswith("v1_")]
    assert share.value(joined(share, lost)) == share.value(joined(share, without))
    with pytest.raises(Unmeasurable, match="no video of which both L0 and L3"):
        share.value(joined(share, [clip for clip in clips() if clip[0].endswith("__L0")]))


@pytest.mark.parametrize("bad", [np.zeros(16), np.full(16, np.nan), np.ones(8)])
def test_what_has_no_direction_is_the_clips_reason(bad):
    share = metric("follows_text", "L3")
    with pytest.raises(Unmeasurable):
        share.rows({"embedding": bad}, {"embedding": np.ones(16)}, "v0_000010__L3")


def test_ids_say_what_is_a_level():
    spec = metric("ib_change", "L1_subject").spec
    seen = Medium(path="x.mp4", sha256="0" * 64)
    one, other = (Sample(id=name, cluster="v", duration=8.0, video=seen) for name in ("v_000010__L1_subject", "v"))
    assert why_not_applicable(spec, one) is None
    assert text_inputs(spec, one) == {"conflict": "v_000010__L1_subject"}
    assert "no level of conflict" in why_not_applicable(spec, other)


def test_the_benchmark_asks_for_all_of_them():
    named = {one for one in vggsound_tvc.metrics if "@tvc-" in one}
    assert len(named) == 12
    assert named == {one for one in plugins.names("metrics") if "@tvc-" in one}
