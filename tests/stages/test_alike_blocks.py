"""The search for equal sounds block by block finds what a search of all at once finds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from vsseval.stages import alike


def prints(rng, count, codes=3000):
    """Random prints of a few landmarks, most of them of sounds that share many; every tenth is an earlier one, late."""
    made = []
    for number in range(count):
        if number % 10 == 9:
            old = made[number - 7]
            made.append(alike.Print(old.codes, old.frames + 5))
        else:
            size = int(rng.integers(10, 60))
            frames = np.sort(rng.integers(0, 300, size)).astype(np.int32)
            made.append(alike.Print(rng.integers(0, codes, size).astype(np.uint32), frames))
    return made


@pytest.mark.parametrize("codes", [200, 3000])  # of few codes each is in a crowd
@pytest.mark.parametrize("own", [False, True])
def test_blocks_change_nothing(monkeypatch, codes, own):
    made = prints(np.random.default_rng(0), 80, codes)
    found = {}
    for block in (1000, 80, 13):
        monkeypatch.setattr(alike, "BLOCK", block)
        found[block] = alike.candidates(len(made), made.__getitem__, len(made), made.__getitem__, own=own)
    assert found[1000] == found[80] == found[13]
    copies = [found[1000][number] for number in range(9, 80, 10)]
    hit = sum((number - 7) in places for number, places in zip(range(9, 80, 10), copies, strict=True))
    assert hit == 8 or codes == 200


def one_by_one(made, asked, without):
    """What is said of the search, sound by sound: votes for one shift, of which two are taken for half a hop."""
    votes = {}
    for place, print_ in enumerate(made):
        shifts = [
            int(theirs) - int(ours)
            for code, ours in zip(asked.codes, asked.frames, strict=True)
            for theirs in print_.frames[print_.codes == code]
        ]
        counts = Counter([shift // 2 for shift in shifts] + [(shift + 1) // 2 for shift in shifts])
        if place != without and counts and max(counts.values()) >= alike.VOTES:
            votes[place] = max(counts.values())
    return sorted(votes, key=lambda place: (-votes[place], place))[: alike.CANDIDATES]


@pytest.mark.parametrize("together", [1, 7, 256])
def test_those_that_are_looked_for_together_are_found_as_if_alone(monkeypatch, together):
    monkeypatch.setattr(alike, "TOGETHER", together)
    made = prints(np.random.default_rng(2), 60, codes=900)
    found = alike.candidates(len(made), made.__getitem__, len(made), made.__getitem__, own=True)
    assert found == [one_by_one(made, one, place) for place, one in enumerate(made)]
    assert sum(map(bool, found)) > 20


def test_no_more_than_a_block_is_read_at_a_time(monkeypatch):
    monkeypatch.setattr(alike, "BLOCK", 10)
    made = prints(np.random.default_rng(1), 50)
    most = []
    build = alike._Index.__init__

    def watched(index, some, *more):
        most.append(len(some))
        build(index, some, *more)

    monkeypatch.setattr(alike._Index, "__init__", watched)
    alike.candidates(len(made), made.__getitem__, 3, made.__getitem__)
    assert most == [10] * 5


def test_codes_are_one_for_one():
    from vsseval.extractors import sound_print

    bins = sound_print.WINDOW // 2 + 1
    low, high = (part.ravel() for part in np.meshgrid(np.arange(bins), np.arange(bins)))
    apart = np.arange(low.size) % (sound_print.REACH + 1)
    codes = alike._code(low, high, apart)
    assert codes.max() < alike.CODES
    np.testing.assert_array_equal(np.stack([codes >> 15, codes >> 6 & 511, codes & 63]), np.stack([low, high, apart]))
