"""Which scenes are known, and which have never been seen."""

import torch

from vssflow.small.scenes import KnownScenes, gist


def clusters(seed=0, classes=3, clips=400, width=40):
    """Middles of the classes and gists around them, (clips, 2 * width), some axes much narrower than others."""
    generator = torch.Generator().manual_seed(seed)
    middles = 3 * torch.randn(classes, 2 * width, generator=generator)
    stretch = torch.cat([torch.linspace(0.5, 2.0, width), torch.full((width,), 0.01)])
    which = torch.arange(classes).repeat_interleave(clips)
    return middles, middles[which] + stretch * torch.randn(len(which), 2 * width, generator=generator), which


def learned():
    middles, gists, which = clusters()
    known = KnownScenes(4, gists.shape[1] // 2)
    known.learn(gists, which)
    return known, middles, gists


def test_nearly_all_scenes_that_were_learnt_are_known():
    known, _, gists = learned()
    assert 0.99 < (known.strangeness(gists) <= 0).float().mean() < 1


def test_what_lies_between_the_classes_or_beyond_them_is_not():
    known, middles, _ = learned()
    between, beyond = middles[:2].mean(0, keepdim=True), middles[:1] + 4
    assert (known.strangeness(torch.cat([between, beyond])) > 0).all()


def test_a_class_without_clips_is_like_nothing():
    known, _, _ = learned()
    assert known.strangeness(torch.zeros(1, 80)) > 0


def test_half_precision_as_in_the_file_hardly_moves_anything():
    known, _, gists = learned()
    before = known.strangeness(gists)
    for buffer in known.buffers():
        buffer.copy_(buffer.half().float())
    assert torch.allclose(known.strangeness(gists), before, rtol=0.03, atol=0.03)


def test_a_gist_is_mean_and_deviation_and_holds_for_a_single_frame():
    scene = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    assert gist(scene).tolist() == [2.0, 5.0, 1.0, 0.0]
    assert gist(scene[:1]).tolist() == [1.0, 5.0, 0.0, 0.0]


def test_before_anything_is_learnt_everything_is_known():
    assert KnownScenes(4, 8).knows(torch.randn(5, 8))
