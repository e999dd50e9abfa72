"""What research code returns from `generate` in a foreign process: taken where it is plain, else the clip's error."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from vsseval.models.vsseval_worker import _answer

REQUEST = {"id": "a"}


def answered(tmp_path, sound):
    def generate(_request):
        if isinstance(sound, BaseException):
            raise sound
        return sound

    return _answer(generate, REQUEST, str(tmp_path / "a.f32"), os.getpid())


@pytest.mark.parametrize(
    ("samples", "channels"),
    [
        (torch.full((4,), 0.5, requires_grad=True) * 1, 1),
        (torch.full((2, 4), 0.5).bfloat16(), 2),
        (np.full(4, 0.5), 1),
        ([0.5] * 4, 1),
        ([[0.5] * 4, [0.5] * 4], 2),
    ],
)
def test_a_plain_sound_is_taken(tmp_path, samples, channels):
    answer = answered(tmp_path, (samples, np.int64(16_000)))
    assert answer == {
        "type": "result",
        "id": "a",
        "file": str(tmp_path / "a.f32"),
        "rate": 16_000,
        "channels": channels,
    }
    assert np.fromfile(tmp_path / "a.f32", "<f4").tolist() == [0.5] * 4 * channels


@pytest.mark.parametrize(
    ("sound", "says"),
    [
        (([[0.5], [0.5, 0.5, 0.5]], 16_000), "ValueError: the channels differ in length: 1, 3 samples"),
        (([0.5], None), "TypeError"),
        (([0.5], "fast"), "ValueError"),
        (None, "TypeError"),
        ((["a"], 16_000), "TypeError"),
        (SystemExit("usage"), "SystemExit: usage"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_anything_else_is_the_clips_error(tmp_path, capfd, sound, says):
    answer = answered(tmp_path, sound)
    assert answer.keys() == {"type", "id", "error"}
    assert answer["error"].startswith(says)
