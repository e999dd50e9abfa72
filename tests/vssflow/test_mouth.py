"""Lips by landmarks: their scale, their imitation in training, and when a video is seen by them alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

import vsseval.benchmarks.mini
from support.small_model import quick, untrained
from vsseval.media import write_mp4
from vssflow.generate import generate, read_prompt
from vssflow.notes import of_sight
from vssflow.prompt import Prompt
from vssflow.small import model as small_model
from vssflow.small.mouth import MouthReader, measured, standard
from vssflow.training.landmarks import imitated

RENDERED = Path(vsseval.benchmarks.mini.__file__).parent / "vtts" / "media" / "vtts-00.mp4"


def talking(frames=100):
    time = torch.arange(frames) / 25
    opening = (0.5 + 0.5 * torch.sin(2 * torch.pi * 3 * time)) * (time > 0.6) * (time < 3.2)
    return torch.stack([opening, 0.5 + 0.2 * torch.cos(2 * torch.pi * 2 * time), torch.zeros(frames)], dim=-1)


def test_the_scale_of_a_face_does_not_matter():
    curves = talking()[:, :2]
    near, far = standard(curves), standard(0.1 * curves + torch.tensor([0.02, 0.3]))
    assert torch.allclose(near, far, atol=1e-5)
    assert near[:, 0].min() >= -0.1
    assert 0.9 < near[:, 0].max() < 1.3


def test_a_mouth_at_rest_is_not_blown_up_until_it_talks():
    still = 0.01 + 0.0005 * torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    assert standard(still).abs().max() < 0.15


def test_imitated_landmarks_are_poorer_but_of_the_same_mouth():
    mouth, generator = talking(), torch.Generator().manual_seed(0)
    alike = []
    for _ in range(20):
        curves = imitated(mouth, generator, (15, 80))
        assert curves.shape == (100, 2)
        assert torch.isfinite(curves).all()
        alike.append(float(np.corrcoef(curves[20:75, 0], mouth[20:75, 0])[0, 1]))
    assert 0.5 < np.mean(alike) < 0.98


def test_the_reader_keeps_the_frames_and_stays_in_the_range_of_the_lip_stream():
    lip = MouthReader(32)(standard(talking()[:, :2])[None])
    assert lip.shape == (1, 100, 32)
    assert lip.abs().max() < 1


def test_a_mouth_is_measured_for_as_long_as_is_asked():
    whole = measured(RENDERED, 2.0)
    assert whole.shape == (50, 2)
    assert 0 <= whole[:, 0].min() < whole[:, 0].max() < 0.4
    later = measured(RENDERED, 1.0, offset=1.0)
    assert later.shape == (25, 2)
    assert float(np.corrcoef(later[:, 0], whole[25:, 0])[0, 1]) > 0.9


def test_without_a_face_nothing_is_measured(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (25, 64, 64, 3), dtype=np.uint8)
    write_mp4(tmp_path / "noise.mp4", pictures, 25)
    assert measured(tmp_path / "noise.mp4", 1.0) is None


@pytest.fixture
def strange(monkeypatch):
    """A model to which every scene is strange, and where it measured mouths."""
    network, asked = untrained(), []
    network.scenes.offsets.fill_(1.0)

    def seen(video, seconds, offset=0.0):
        asked.append((video.name, seconds, offset))
        return torch.rand(round(seconds * 25), 2, generator=torch.Generator().manual_seed(0))

    monkeypatch.setattr(small_model, "measured", seen)
    return network, asked


def test_of_a_strange_face_the_mouth_alone_is_seen(strange):
    network, asked = strange
    prompt = Prompt(1.0, video=RENDERED, transcript="hello")
    sight = network.look(prompt)
    assert sight.of == "mouth"
    assert sight.streams.lip.any()
    assert not sight.streams.sync.any()
    assert not sight.streams.scene.any()
    assert network.look(prompt) is sight
    assert asked == [("vtts-00.mp4", 1.0, 0.0)]


def test_where_nothing_is_said_no_mouth_is_looked_for(strange):
    network, asked = strange
    sight = network.look(Prompt(1.0, video=RENDERED))
    assert sight.of == "motion"
    assert sight.streams.sync.any()
    assert not sight.streams.lip.any()
    assert not sight.streams.scene.any()
    assert asked == []


def test_where_no_face_is_seen_the_words_are_timed_without_it(strange, monkeypatch):
    network, _ = strange
    monkeypatch.setattr(small_model, "measured", lambda *_: None)
    prompt = Prompt(1.0, video=RENDERED, transcript="hello there")
    without = network.conditioned(prompt._replace(video=None), network.look(prompt._replace(video=None)))
    assert network.look(prompt).of == "nothing"
    assert torch.equal(network.features(prompt).phones, without.phones)


def test_what_is_known_is_seen_as_it_is():
    network = untrained()
    assert network.look(Prompt(1.0, video=RENDERED, transcript="hello")).of == "rendered"
    assert network.look(Prompt(1.0)).of == "nothing"


def test_a_file_that_was_written_anew_is_looked_at_anew(tmp_path):
    network, path = untrained(), tmp_path / "clip.mp4"
    pictures = np.random.default_rng(0).integers(0, 255, (25, 64, 64, 3), dtype=np.uint8)
    write_mp4(path, pictures, 25)
    first = network.look(Prompt(1.0, video=path))
    write_mp4(path, pictures[:20] // 2, 25)
    assert not torch.equal(network.look(Prompt(1.0, video=path)).streams.scene, first.streams.scene)


def test_it_is_said_what_of_a_video_is_not_known(strange):
    network, _ = strange
    made = generate(quick(network), read_prompt(RENDERED, transcript="hello"))
    assert any("the lips are read by landmarks" in note for note in made.notes)
    silent = generate(quick(network), read_prompt(RENDERED))
    assert any("its sound is a guess" in note for note in silent.notes)
    known = generate(quick(untrained()), read_prompt(RENDERED))
    assert not known.notes


def test_nothing_is_said_of_what_is_known_or_was_not_asked():
    prompt = Prompt(1.0, video=RENDERED)
    assert of_sight("rendered", prompt, ["rain"]) is None
    assert of_sight("nothing", prompt._replace(video=None), ["rain"]) is None
    assert "glass break, rain" in of_sight("motion", prompt, ["glass_break", "rain"])
