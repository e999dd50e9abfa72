"""Edit lists of MP4: what a player shows and plays is what is seen and heard here, whatever the list does."""

import struct
from contextlib import suppress

import numpy as np
import pytest

from support.videos import read_numbers, write_timed
from vsseval.errors import Unmeasurable
from vsseval.media import Video, check_video, load_audio, mute, probe

RATE, MOVIE = 16000, 1000
INSIDE = {b"moov", b"trak", b"edts", b"mdia"}
PITCHES = 20
"""The sound has another pitch in every tenth of a second; so says each how far into the recording it is."""


def parsed(data):
    boxes, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        boxes.append([kind, parsed(body) if kind in INSIDE else body])
        at += size
    return boxes


def joined(boxes):
    made = b""
    for kind, body in boxes:
        inside = joined(body) if isinstance(body, list) else body
        made += struct.pack(">I4s", len(inside) + 8, kind) + inside
    return made


def first(boxes, *path):
    body = next(body for kind, body in boxes if kind == path[0])
    return first(body, *path[1:]) if path[1:] else body


def edited(data, handler, edits, *, wide=False, count=None):
    """Give a track another list: (seconds, second of the recording at which they begin, or None for nothing)."""
    boxes = parsed(data)
    for kind, track in first(boxes, b"moov"):
        if kind != b"trak" or first(track, b"mdia", b"hdlr")[8:12] != handler:
            continue
        scale = struct.unpack_from(">I", first(track, b"mdia", b"mdhd"), 12)[0]
        (begin,) = struct.unpack_from(">i", first(track, b"edts", b"elst"), 12)  # of the recording, in the media
        form = ">QqI" if wide else ">IiI"
        rows = [struct.pack(form, round(seconds * MOVIE), -1 if at is None else begin + round(at * scale), 1 << 16)
                for seconds, at in edits]  # fmt: skip
        head = struct.pack(">II", int(wide) << 24, len(rows) if count is None else count)
        track[:] = [box for box in track if box[0] != b"edts"]
        track.insert(1, [b"edts", [[b"elst", head + b"".join(rows)]]])
    return joined(boxes)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("edits") / "whole.mp4"
    time = np.arange(RATE // 10) / RATE
    sound = np.concatenate([0.5 * np.sin(2 * np.pi * (400 + 200 * place) * time) for place in range(PITCHES)])
    return write_timed(path, [place / 25 for place in range(50)], sound=sound.astype(np.float32)).read_bytes()


def pitches(path):
    """Which tenth of the recording is heard in each tenth of a second; -1 for nothing."""
    samples = load_audio(path).mono(RATE)
    found = []
    for start in range(320, len(samples) - 960, RATE // 10):
        part = samples[start : start + 960]
        peak = np.abs(np.fft.rfft(part * np.hanning(960), 8192)).argmax() * RATE / 8192
        found.append(-1 if np.abs(part).max() < 0.02 else round((peak - 400) / 200))
    return found


def played(edits, step):
    """Return the second of the recording that a player has at each step; None where it has nothing."""
    found = []
    for seconds, at in edits:
        found += [None if at is None else at + place * step for place in range(round(seconds / step))]
    return found


LISTS = {
    "all": [(2, 0)],
    "late": [(0.4, None), (2, 0)],
    "late by two": [(0.2, None), (0.2, None), (2, 0)],
    "late, and from within": [(0.4, None), (1, 0.4)],
    "very late, and from within": [(1, None), (1, 1)],
    "from within": [(1.6, 0.4)],
    "its first half": [(1, 0)],
    "without its middle": [(0.8, 0), (0.8, 1.2)],
    "twice": [(1.6, 0), (1.6, 0)],
    "its end first": [(1, 1), (1, 0)],
    "every fifth for itself": [(0.2, place / 5) for place in range(10)],
}


@pytest.mark.parametrize("edits", LISTS.values(), ids=LISTS)
def test_pictures_are_those_that_a_player_shows(recording, tmp_path, edits):
    path = tmp_path / "a.mp4"
    path.write_bytes(edited(recording, b"vide", edits))
    expected = [at if at is None else round(at * 25) for at in played(edits, 0.04)]
    earliest = next(at for at in expected if at is not None)  # stands on the screen before
    assert probe(path).seconds == pytest.approx(len(expected) / 25, abs=0.002)
    assert check_video(path).seconds == probe(path).seconds
    seen = read_numbers(Video(path).frames(25)).tolist()
    assert seen == [earliest if at is None else at for at in expected]
    assert load_audio(path).seconds == pytest.approx(2, abs=0.002)
    copy = tmp_path / "muted.mp4"
    mute(path, copy)
    copied = read_numbers(Video(copy).frames(25)).tolist()
    assert copied == seen[: len(copied)]
    assert len(copied) >= len(seen) - 2  # the header of a copy that began late counts from the first that is decoded


@pytest.mark.parametrize("edits", LISTS.values(), ids=LISTS)
def test_sound_is_that_which_a_player_plays(recording, tmp_path, edits):
    path = tmp_path / "a.mp4"
    path.write_bytes(edited(recording, b"soun", edits))
    expected = [-1 if at is None else round(at * 10) for at in played(edits, 0.1)]
    heard = pitches(path)
    assert len(heard) == len(expected)
    assert heard == expected
    assert probe(path).seconds == pytest.approx(2, abs=0.002)


WRONG = {
    "longer than a century": ([(4e6, 0)], {}),
    "longer than all time": ([(1e15, 0)], {"wide": True}),
    "nothing for a month": ([(3e6, None), (2, 0)], {}),
    "nothing for ever": ([(4e15, None), (2, 0)], {"wide": True}),
    "before its start": ([(2, -1)], {}),
    "before all time": ([(2, -1e13)], {"wide": True}),
    "behind its end": ([(2, 100)], {}),
    "behind all time": ([(2, 1e13)], {"wide": True}),
    "no length": ([(0, 0)], {}),
    "nothing alone": ([(2, None)], {}),
    "no edits": ([], {}),
    "more than there are": ([(2, 0)], {"count": 0xFFFFFFFF}),
    "a hundred without length": ([(0, 0)] * 100, {}),
}


@pytest.mark.parametrize("handler", [b"vide", b"soun"])
@pytest.mark.parametrize(("edits", "form"), WRONG.values(), ids=WRONG)
def test_a_list_that_is_wrong_is_read_or_has_a_reason(recording, tmp_path, handler, edits, form):
    path = tmp_path / "a.mp4"
    path.write_bytes(edited(recording, handler, edits, **form))
    for read in (lambda: len(list(Video(path).timed((8, 8)))) / 25, lambda: load_audio(path).seconds):
        with suppress(Unmeasurable):
            assert 0 < read() < 3


def test_more_edits_than_any_film_has_are_refused_before_they_are_followed(recording, tmp_path):
    path = tmp_path / "a.mp4"
    for handler in (b"vide", b"soun"):
        path.write_bytes(edited(recording, handler, [(2, 0)] * 100_000))
        for read in (probe, load_audio, Video):
            with pytest.raises(Unmeasurable, match=r"a\.mp4: its edit lists have 100,001 edits, more than the 1,000"):
                read(path)


@pytest.mark.parametrize("seed", range(3))
def test_boxes_that_are_damaged_are_read_or_have_a_reason(recording, tmp_path, seed):
    draw = np.random.default_rng(seed)
    header = recording.rindex(b"moov") - 4
    path = tmp_path / "a.mp4"
    for _ in range(20):
        data = bytearray(edited(recording, b"vide", [(0.5, None), (1, 0.5)]))
        for place in draw.integers(header, header + 700, 4):
            data[place] = draw.choice([0, 1, 8, 255])
        path.write_bytes(bytes(data))
        for read in (probe, load_audio, lambda path: list(Video(path).timed((8, 8)))):
            with suppress(Unmeasurable):
                read(path)
