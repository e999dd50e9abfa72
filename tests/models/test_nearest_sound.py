"""The ceiling of retrieval: of the other clips' recordings the one most alike by the judge's own network."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from vsseval.benchmarks.mini import mini_v2s
from vsseval.errors import UsageError
from vsseval.models.base import ModelOptions
from vsseval.models.nearest_sound import nearest_sound
from vsseval.stages.bound_references import POOL, bound_references
from vsseval.types import Medium, Request, is_bound

RATE = 16_000


def recording(folder, name, samples):
    soundfile.write(folder / f"{name}.wav", samples.astype(np.float32), RATE, subtype="FLOAT")
    return Medium(path=folder / f"{name}.wav", sha256=name)


@pytest.fixture
def sounds(tmp_path):
    """Two tones a hair apart, and hiss."""
    at = np.arange(2 * RATE) / RATE
    hiss = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    tones = {name: 0.3 * np.sin(2 * np.pi * pitch * at) for name, pitch in (("tone", 440), ("like", 445))}
    return {name: recording(tmp_path, name, one) for name, one in {**tones, "hiss": hiss}.items()}


def asked(sounds, own, *others):
    return Request(id="c", duration=1.5, seed=0, reference=sounds[own], others=tuple(sounds[other] for other in others))


@pytest.mark.parametrize("order", [("hiss", "like"), ("like", "hiss")])
def test_the_recording_most_alike_is_given_at_the_length_of_the_clip(sounds, order):
    (output,) = nearest_sound(ModelOptions()).generate([asked(sounds, "tone", *order)])
    chosen, _ = soundfile.read(sounds["like"].path, dtype="float32")
    assert output.sample_rate == RATE
    assert np.array_equal(output.samples[0], chosen[: round(1.5 * RATE)])


def test_what_cannot_be_read_is_nobodys_nearest(sounds, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    bad = {**sounds, "bad": Medium(path=tmp_path / "bad.wav", sha256="bad")}
    made = nearest_sound(ModelOptions())
    good, lost, none, unread = made.generate(
        [asked(bad, "tone", "bad", "hiss"), asked(bad, "bad", "hiss"), asked(bad, "tone"), asked(bad, "tone", "bad")]
    )
    assert good.samples is not None
    assert lost.error is not None
    assert "no other one" in none.error
    assert "none of the other recordings can be read" in unread.error


def test_it_is_a_bound_and_takes_no_argument():
    assert is_bound(nearest_sound(ModelOptions()).card)
    with pytest.raises(UsageError, match="no argument"):
        nearest_sound(ModelOptions(argument="x"))


def test_the_choice_is_among_the_others_never_the_own():
    samples = mini_v2s().samples()
    found = bound_references("others", samples)
    assert len(found) == len(samples)
    for sample in samples:
        others = {medium.path for medium in found[sample.id].others}
        assert found[sample.id].reference == sample.reference
        assert sample.reference.path not in others
        assert len(others) == len(samples) - 1
    assert bound_references("others", samples[::-1]) == found
    assert bound_references("others", samples[:1]) == {}
    assert POOL == 64


def test_of_many_clips_the_choice_is_among_as_many_for_each(tmp_path):
    one = mini_v2s().samples()[0]
    from msgspec.structs import replace

    many = [replace(one, id=f"c{i}", reference=Medium(path=tmp_path / f"{i}.wav", sha256=str(i))) for i in range(200)]
    assert {len(choice.others) for choice in bound_references("others", many).values()} == {POOL}
