"""Where each phone of a transcript is said, read off the lips.

The authors give every phone equal time and leave it to the transformer to move them under the mouth. A transformer
of a hundredth of the size is spared this: the lip stream names phones frame by frame, and the transcript's phones are
laid along it in their order, each with a likely duration: a hidden semi-Markov model, solved exactly. Without lips
the durations alone decide.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

LONGEST_FRAMES = 24
"""Longest phone (0.96 s at 25 frames a second); pauses may be longer."""
SPREAD = 0.45
"""Standard deviation of the logarithm of a phone's duration."""
TRUST = 0.6
"""Weight of a frame's evidence; neighbouring frames say much the same, so that it is below one."""
PAUSE_CHANCE = 0.05
"""Chance of a pause between two words."""


class Script(NamedTuple):
    """Phones in order, pauses before, between and after the words."""

    ids: tuple[int, ...]
    optional: tuple[bool, ...]
    """True for pauses, which may be skipped and may be long."""


def script(words: list[list[int]], pause: int) -> Script:
    """Put an optional pause around and between words (lists of phone ids)."""
    ids, optional = [pause], [True]
    for word in words:
        ids += [*word, pause]
        optional += [False] * len(word) + [True]
    return Script(tuple(ids), tuple(optional))


def lay(spoken: Script, evidence: Tensor, log_durations: Tensor, *, fills: bool = True) -> Tensor | None:
    """Find the likeliest frames of each phone.

    Args:
        spoken: phones and optional pauses, S in all.
        evidence: (frames, phones) log-likelihood ratios of each frame for each phone id; zeros say nothing.
        log_durations: (phones,) mean logarithm of each phone's duration in frames, at an ordinary rate.
        fills: whether the frames are those of the speech; else it has an ordinary rate, and begins and ends anywhere.

    Returns:
        Phone id of each frame (frames,), int64; None where there are more phones than frames.
    """
    frames = len(evidence)
    needed = [place for place, optional in enumerate(spoken.optional) if not optional]
    if not needed or len(needed) > frames:
        return None
    ids = torch.tensor(spoken.ids)
    typical = log_durations[ids]
    # the window's own rate: what the phones would take, against what there is
    rate = math.log(frames / float(typical[needed].exp().sum()))
    rate = rate if fills else min(rate, 0.0)
    heard = torch.cat([torch.zeros(1, len(ids)), (TRUST * evidence[:, ids]).cumsum(0)]).double()
    best = torch.full((frames + 1,), -torch.inf, dtype=torch.float64)
    best[0] = 0.0
    back = torch.zeros(len(ids), frames + 1, dtype=torch.long)
    for place, optional in enumerate(spoken.optional):
        longest = frames if optional else min(frames, LONGEST_FRAMES)
        prior = _pause_prior(longest) if optional else _duration_prior(longest, float(typical[place]) + rate)
        if not fills and place in {0, len(ids) - 1}:
            prior = torch.zeros_like(prior)
        first = 0 if optional else 1
        durations = torch.arange(first, longest + 1)
        ends = torch.arange(frames + 1)
        begins = ends[:, None] - durations[None, :]
        valid = begins >= 0
        begins = begins.clamp_min(0)
        score = best[begins] + heard[ends, place][:, None] - heard[begins, place] + prior[None, :]
        best, choice = score.masked_fill(~valid, -torch.inf).max(1)
        back[place] = durations[choice]
    return _trace(ids, back, frames)


def _duration_prior(longest: int, typical: float) -> Tensor:
    """Log-normal density of 1 .. longest frames around exp(typical)."""
    frames = torch.arange(1, longest + 1, dtype=torch.float64)
    return -0.5 * ((frames.log() - typical) / SPREAD).square() - frames.log()


def _pause_prior(longest: int) -> Tensor:
    """Chance of no pause, else any length alike: log of 0 .. longest frames."""
    prior = torch.full((longest + 1,), math.log(PAUSE_CHANCE / 10), dtype=torch.float64)
    prior[0] = math.log(1 - PAUSE_CHANCE)
    return prior


def _trace(ids: Tensor, back: Tensor, frames: int) -> Tensor:
    """Walk back from the end; the durations of the places follow."""
    durations = torch.zeros(len(ids), dtype=torch.long)
    end = frames
    for place in range(len(ids) - 1, -1, -1):
        durations[place] = back[place, end]
        end -= int(durations[place])
    return torch.repeat_interleave(ids, durations)
