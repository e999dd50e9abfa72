"""Which scenes are known, and which have never been seen."""

import torch

from vssflow.small.scenes import KnownScenes


def clusters(seed=0, classes=3, clips=200, width=8):
    generator = torch.Generator().manual_seed(seed)
    middles = 3 * torch.randn(classes, width, generator=generator)
    stretch = torch.linspace(0.05, 1.0, width)
    which = torch.arange(classes).repeat_interleave(clips)
    return middles, middles[which] + stretch * torch.randn(len(which), width, generator=generator), which


def learned(**options):
    middles, scenes, which = clusters(**options)
    known = KnownScenes(4, scenes.shape[1])
    known.learn(scenes, which)
    return known, middles, scenes


def test_scenes_like_those_that_were_learnt_are_known():
    known, _, scenes = learned()
    assert (known.distance(scenes) <= known.limit).float().mean() > 0.99
    assert 0.7 < known.distance(scenes).mean() < 1.3
    assert known.knows(scenes[7].repeat(20, 1))


def test_what_lies_between_the_classes_or_beyond_them_is_not():
    known, middles, _ = learned()
    assert not known.knows((middles[:2].mean(0)).repeat(5, 1))
    assert not known.knows((middles[0] + 4).repeat(5, 1))


def test_a_small_step_along_a_narrow_axis_leads_further_than_along_a_wide_one():
    known, middles, _ = learned()
    step = torch.eye(8) * 0.5
    narrow, wide = known.distance(middles[:1] + step[:1]), known.distance(middles[:1] + step[-1:])
    assert narrow > 10 * wide


def test_a_class_without_clips_is_near_nothing():
    known, _, _ = learned()
    assert not known.knows(torch.zeros(5, 8) + 500.0)


def test_half_precision_as_in_the_file_hardly_moves_a_distance():
    known, _, scenes = learned()
    before = known.distance(scenes)
    for buffer in known.buffers():
        buffer.copy_(buffer.half().float())
    assert torch.allclose(known.distance(scenes), before, rtol=0.02, atol=0.02)


def test_before_anything_is_learnt_everything_is_known():
    assert KnownScenes(4, 8).knows(torch.randn(5, 8))
