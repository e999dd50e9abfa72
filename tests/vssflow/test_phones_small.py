"""Text to phones, and phones along the lips: the order is the transcript's, the times are the evidence's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vssflow.small.align import Script, lay, script
from vssflow.small.phones import BLANK, IDS, ROWS, Lips, phone_frames, pronounce


def blind(frames):
    return Lips(torch.zeros(frames, ROWS), torch.ones(ROWS))


def order(ids):
    return [i for i in ids.unique_consecutive().tolist() if i != BLANK]


def test_words_numbers_and_unknown_words_are_pronounced():
    assert pronounce("Bin blue") == [[IDS[p] for p in ("B", "IH", "N")], [IDS[p] for p in ("B", "L", "UW")]]
    assert pronounce("2") == pronounce("two")
    assert pronounce("1234") == pronounce("one thousand two hundred thirty four")
    assert all(0 < phone < BLANK for word in pronounce("blorptch zyxgh it's") for phone in word)
    assert pronounce("… 🎧 你好") == []


def test_phones_fill_the_speech_window_and_nothing_else():
    ids = phone_frames("bin", (0.4, 1.2), 50, blind(50))
    assert not ids[:10].any()
    assert not ids[30:].any()
    assert ids[10:30].all()
    assert order(ids[10:30]) == [IDS["B"], IDS["IH"], IDS["N"]]


def test_windows_beyond_the_clip_are_cut_and_empty_ones_say_nothing():
    assert phone_frames("bin", (0.5, 9.0), 25, blind(25))[12:].all()
    assert not phone_frames("bin", (0.5, 0.5), 25, blind(25)).any()
    assert not phone_frames("bin", (7.0, 9.0), 25, blind(25)).any()
    assert not phone_frames(None, (0.0, 1.0), 25, blind(25)).any()


def test_more_phones_than_frames_are_spread_evenly():
    ids = phone_frames("place white by letter a nine again", (0.0, 0.4), 10, blind(10))
    assert len(ids) == 10
    assert ids[0] == BLANK


def test_phones_go_where_the_lips_say_them():
    words = pronounce("bin blue")
    truth = torch.tensor([1] * 6 + [2] * 2 + [3] * 3 + [4] * 2 + [5] * 1 + [6] * 9)
    flat = [phone for word in words for phone in word]
    ids = torch.tensor(flat)[truth - 1]
    evidence = torch.full((len(ids), ROWS), -6.0)
    evidence[torch.arange(len(ids)), ids] = 6.0
    assert torch.equal(phone_frames("bin blue", None, len(ids), Lips(evidence, torch.ones(ROWS))), ids)


def test_a_pause_is_put_where_the_lips_rest():
    ids = torch.tensor([IDS["B"]] * 3 + [BLANK] * 8 + [IDS["UW"]] * 3)
    evidence = torch.full((14, ROWS), -2.0)
    evidence[torch.arange(14), ids] = 2.0
    laid = lay(script([[IDS["B"]], [IDS["UW"]]], BLANK), evidence, torch.ones(ROWS))
    assert torch.equal(laid, ids)


def test_without_a_window_lips_say_when_the_speech_begins_and_ends():
    spoken = torch.tensor([IDS["B"]] * 2 + [IDS["IH"]] * 3 + [IDS["N"]] * 3)
    truth = torch.cat([torch.full((12,), BLANK), spoken, torch.full((20,), BLANK)])
    evidence = torch.full((len(truth), ROWS), -2.0)
    evidence[torch.arange(len(truth)), truth] = 2.0
    ids = phone_frames("bin", None, len(truth), Lips(evidence, torch.ones(ROWS)))
    assert torch.equal(ids[12:20], spoken)
    assert not ids[:12].any()
    assert not ids[20:].any()
    # lips that are not seen say nothing: the whole clip is spoken in
    assert phone_frames("bin", None, len(truth), blind(len(truth))).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 39), min_size=1, max_size=5), min_size=1, max_size=5), st.integers(0, 10**6))
def test_every_phone_is_said_once_and_in_order(words, seed):
    generator = torch.Generator().manual_seed(seed)
    evidence = 3 * torch.randn(40, ROWS, generator=generator)
    laid = lay(script(words, BLANK), evidence, 0.5 * torch.randn(ROWS, generator=generator))
    assert laid.shape == (40,)
    flat = [phone for word in words for phone in word]
    # neighbours that are alike melt into one run
    merged = [phone for k, phone in enumerate(flat) if k == 0 or phone != flat[k - 1]]
    runs = order(laid)
    assert [p for k, p in enumerate(runs) if k == 0 or p != runs[k - 1]] == merged


@pytest.mark.parametrize("fills", [True, False])
def test_exact_solution_equals_an_exhaustive_search(fills):
    spoken = Script((BLANK, 1, 2, BLANK), (True, False, False, True))
    evidence = torch.randn(6, ROWS, generator=torch.Generator().manual_seed(1))
    log_durations = torch.ones(ROWS)
    laid = lay(spoken, evidence, log_durations, fills=fills)
    best, found = -float("inf"), None
    for first in range(7):
        for second in range(first + 1, 7):
            for third in range(second + 1, 7):
                ids = [BLANK] * first + [1] * (second - first) + [2] * (third - second) + [BLANK] * (6 - third)
                value = _score(first, second, third, evidence, log_durations, fills)
                if value > best:
                    best, found = value, ids
    assert laid.tolist() == found


def _score(first, second, third, evidence, log_durations, fills):
    """The model of `vssflow.small.align`, written out for two phones between two pauses in six frames."""
    import math

    from vssflow.small import align

    rate = math.log(6 / float(log_durations[[1, 2]].exp().sum()))
    rate = rate if fills else min(rate, 0.0)
    pause = lambda n: (
        0.0 if not fills else math.log(1 - align.PAUSE_CHANCE) if n == 0 else math.log(align.PAUSE_CHANCE / 10)
    )
    phone = lambda n, p: -0.5 * ((math.log(n) - float(log_durations[p]) - rate) / align.SPREAD) ** 2 - math.log(n)
    heard = align.TRUST * float(
        evidence[:first, BLANK].sum()
        + evidence[first:second, 1].sum()
        + evidence[second:third, 2].sum()
        + evidence[third:, BLANK].sum()
    )
    return heard + pause(first) + phone(second - first, 1) + phone(third - second, 2) + pause(6 - third)
