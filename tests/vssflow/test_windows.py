"""Clips longer than a generator serves at once: windows, words, seams, lengths."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsseval.media import write_mp4
from vssflow.prompt import Prompt
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow
from vssflow.windows import (
    FADE,
    OVERLAP,
    Part,
    Window,
    Word,
    divide,
    exactly,
    generate_long,
    join,
    part_prompt,
    plan,
    seam,
    time_words,
    window_seed,
)

SENTENCE = "we need to read the newspaper this weekend and then we will go home"


class Recorder:
    """A generator that keeps its prompts and answers with noise of its seed."""

    def __init__(self, longest=4.0, extra=0):
        self.longest = longest
        self.extra = extra
        self.asked = []

    def generate(self, prompt, *, seed):
        self.asked.append((prompt, seed))
        samples = math.ceil(prompt.seconds * 16000) + self.extra
        return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(seed % 2**31)).clamp(-3, 3)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.001, 200.0), st.floats(3.0, 30.0))
def test_windows_cover_the_clip_and_share_the_overlap(seconds, longest):
    windows = plan(seconds, longest)
    assert windows[0].start == 0.0
    assert windows[-1].end == seconds
    for window in windows:
        # half a frame more is served at once: the generator's own rounding
        assert 0 < window.end - window.start <= longest + 0.04
        assert window.start * 25 == pytest.approx(round(window.start * 25))
    for earlier, later in pairwise(windows):
        # the clip may end within a frame
        assert earlier.end - later.start > OVERLAP - 0.04
        assert earlier.start < later.start


def test_no_more_windows_than_needed():
    assert plan(10.0, 10.0) == [Window(0.0, 10.0)]
    assert plan(10.01, 10.0) == [Window(0.0, 10.01)]
    assert plan(19.0, 10.0) == [Window(0.0, 10.0), Window(9.0, 19.0)]
    assert len(plan(19.1, 10.0)) == 3
    assert len(plan(60.0, 10.0)) == 7


def test_a_generator_too_short_for_the_overlap_is_refused():
    with pytest.raises(ValueError, match="too short for an overlap of 1 s"):
        plan(5.0, 2.0)


def test_a_short_prompt_goes_through_unchanged():
    generator, prompt = Recorder(), Prompt(seconds=3.99, transcript="hello", voice=torch.ones(5))
    sound = generate_long(generator, prompt, seed=7)
    assert generator.asked == [(prompt, 7)]
    assert torch.equal(sound, Recorder().generate(prompt, seed=7)[: round(3.99 * 16000)])


@pytest.mark.parametrize("seconds", [0.001, 0.02, 4.0, 4.013, 4.03, 9.99, 10.0, 17.333])
@pytest.mark.parametrize("extra", [-5, 0, 700])
def test_lengths_are_exact(seconds, extra):
    sound = generate_long(Recorder(extra=extra), Prompt(seconds=seconds), seed=0)
    assert sound.shape == (max(1, round(seconds * 16000)),)
    assert sound.abs().max() <= 1.0


def test_each_window_has_noise_of_its_own_derived_from_the_seed():
    first, again, other = Recorder(), Recorder(), Recorder()
    sounds = [generate_long(one, Prompt(seconds=10.0), seed=seed) for one, seed in ((first, 1), (again, 1), (other, 2))]
    assert torch.equal(sounds[0], sounds[1])
    assert not torch.equal(sounds[0], sounds[2])
    seeds = [seed for one in (first, other) for _, seed in one.asked]
    assert len(set(seeds)) == len(seeds) == 6
    assert seeds[0] == window_seed(1, 0) == 1
    assert all(0 <= window_seed(-5, index) < 2**63 for index in range(1, 50))


def test_each_window_has_its_stretch_of_video_and_lips():
    generator, lips = Recorder(), torch.arange(250).float().unsqueeze(1)
    generate_long(generator, Prompt(seconds=10.0, lips=lips, offset=2.0), seed=0)
    for prompt, _ in generator.asked:
        start = prompt.offset - 2.0
        assert prompt.lips[:, 0].tolist() == list(range(round(start * 25), round((start + prompt.seconds) * 25)))
    assert [prompt.offset for prompt, _ in generator.asked] == [2.0, 5.0, 8.0]


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0, 9.0), st.floats(0.1, 20.0), st.floats(3.0, 12.0))
def test_every_word_is_said_once_and_in_order(start, length, longest):
    prompt = Prompt(seconds=14.0, transcript=SENTENCE, speech_window=(start, start + length))
    parts = divide(prompt, plan(14.0, longest))
    assert " ".join(word.text for part in parts for word in part.words) == SENTENCE
    for part in parts:
        if part.words:
            begin, end = part.speech
            assert part.window.start <= begin < end <= part.window.end


def test_words_part_at_a_boundary_and_the_speech_windows_meet_there():
    prompt = Prompt(seconds=19.0, transcript=SENTENCE, speech_window=(2.0, 18.0))
    first, second = divide(prompt, plan(19.0, 10.0))
    assert first.speech[1] == second.speech[0]
    assert 9.0 <= first.speech[1] <= 10.0
    assert part_prompt(prompt, first).speech_window[0] == 2.0
    assert part_prompt(prompt, second).speech_window == pytest.approx((second.speech[0] - 9.0, 9.0))


@pytest.mark.parametrize(("window", "said"), [((9.2, 12.0), [False, True]), ((7.0, 9.8), [True, False])])
def test_speech_that_begins_or_ends_in_the_overlap_is_not_divided(window, said):
    prompt = Prompt(seconds=19.0, transcript="lay red by c zero now", speech_window=window)
    assert [bool(part.words) for part in divide(prompt, plan(19.0, 10.0))] == said


def test_a_word_longer_than_the_overlap_goes_where_its_middle_is():
    prompt = Prompt(seconds=19.0, transcript="well", speech_window=(8.0, 12.0))
    first, second = divide(prompt, plan(19.0, 10.0))
    assert not first.words
    assert second.speech == (9.0, 12.0)
    assert part_prompt(prompt, first).transcript is None
    assert part_prompt(prompt, first).speech_window is None


def test_words_take_time_by_their_phones():
    words = time_words("a 😀 newspaper", (1.0, 2.0))
    assert words[0] == Word("a", 1.0, pytest.approx(1.1, abs=0.03))
    assert words[1].start == words[1].end == words[0].end
    assert words[2].end == 2.0
    # no English at all: another reader may know the script
    assert time_words("мир 中", (0.0, 1.0)) == [Word("мир", 0.0, 0.75), Word("中", 0.75, 1.0)]
    assert time_words("  ", (0.0, 1.0)) == []


@pytest.mark.parametrize("window", [(30.0, 40.0), (5.0, 5.0), (19.0, 20.0)])
def test_a_speech_window_outside_the_clip_or_empty_gives_no_words(window):
    parts = divide(Prompt(seconds=19.0, transcript="hello", speech_window=window), plan(19.0, 10.0))
    assert not any(part.words for part in parts)


def test_without_a_speech_window_the_whole_clip_speaks():
    parts = divide(Prompt(seconds=19.0, transcript=SENTENCE), plan(19.0, 10.0))
    assert parts[0].speech[0] == 0.0
    assert parts[1].speech[1] == pytest.approx(19.0)


def silent_but(place, samples=16000):
    sound = 0.5 * torch.ones(samples)
    sound[place - 1200 : place + 1200] = 0.0
    return sound


def test_the_seam_lies_where_both_are_quietest():
    width = round(FADE * 16000)
    place = seam(silent_but(5000), silent_but(5000), (0, 16000), width)
    assert place + width // 2 == pytest.approx(5000, abs=400)


def test_words_on_both_sides_fix_the_seam():
    width = round(FADE * 16000)
    assert seam(silent_but(5000), silent_but(5000), (9000, 9000), width) == 9000 - width // 2
    assert seam(silent_but(5000), silent_but(5000), (16000, 16000), width) == 16000 - width
    assert seam(silent_but(5000), silent_but(5000), (0, 0), width) == 0


def test_the_cross_fade_keeps_the_power_of_noise():
    noise = [0.1 * torch.randn(16000 * 4, generator=torch.Generator().manual_seed(seed)) for seed in range(40)]
    parts = [Part(Window(0.0, 4.0), ()), Part(Window(3.0, 7.0), ())]
    joined = torch.stack([join([one, two], parts) for one, two in zip(noise[::2], noise[1::2], strict=True)])
    assert joined.shape[1] == 7 * 16000
    assert joined[:, 48000:64000].square().mean().sqrt() == pytest.approx(0.1, rel=0.02)


def test_outside_the_overlap_every_window_is_kept_bit_for_bit():
    one, two = torch.rand(64000), torch.rand(64000)
    joined = join([one, two], [Part(Window(0.0, 4.0), ()), Part(Window(3.0, 7.0), ())])
    assert torch.equal(joined[:48000], one[:48000])
    assert torch.equal(joined[64000:], two[16000:])


def test_sound_is_cut_or_padded():
    assert exactly(torch.ones(10), 5 / 16000).tolist() == [1.0] * 5
    assert exactly(torch.ones(2), 4 / 16000).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert exactly(torch.ones(2), 0.0).shape == (1,)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    network = VSSFlow(ModelConfig.named("small")).eval()
    network.codec.fit_components(torch.randn(400, 320))
    return network


def test_the_small_model_sees_the_video_from_the_offset_on(model, tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (50, 64, 64, 3), dtype=np.uint8)
    write_mp4(tmp_path / "whole.mp4", frames, 25, crf=0)
    write_mp4(tmp_path / "later.mp4", frames[20:], 25, crf=0)
    from_offset = model.features(Prompt(seconds=1.2, video=tmp_path / "whole.mp4", offset=0.8))
    alone = model.features(Prompt(seconds=1.2, video=tmp_path / "later.mp4"))
    assert torch.allclose(from_offset.scene, alone.scene, atol=0.05)
    whole = model.features(Prompt(seconds=1.2, video=tmp_path / "whole.mp4"))
    assert (from_offset.sync - alone.sync).abs().mean() < 0.3 * (from_offset.sync - whole.sync).abs().mean()


def test_the_small_model_beyond_the_end_of_the_video_sees_its_last_frame(model, tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (10, 64, 64, 3), dtype=np.uint8)
    write_mp4(tmp_path / "short.mp4", frames, 25, crf=0)
    beyond = [model.features(Prompt(seconds=0.4, video=tmp_path / "short.mp4", offset=at)).sync for at in (1.0, 90.0)]
    assert torch.equal(*beyond)


def test_the_small_model_makes_a_clip_of_any_length(model):
    generator = Short(model)
    sound = generate_long(generator, Prompt(seconds=6.99, transcript="lay red by c zero now"), seed=3)
    assert sound.shape == (round(6.99 * 16000),)
    assert torch.isfinite(sound).all()
    assert generator.calls == 3


class Short:
    """The small model with windows of three seconds and one step."""

    longest = 3.0

    def __init__(self, network):
        self.network = network
        self.calls = 0

    def generate(self, prompt, *, seed):
        self.calls += 1
        return self.network.generate(prompt, seed=seed, steps=1, guidance=1.0)
