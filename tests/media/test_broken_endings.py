"""What breaks off in a container that states no length is called truncated, wherever it breaks off."""

from __future__ import annotations

import pytest

from tools.cases.media import RATE, ball_video, encode, speech_like
from vsseval.errors import Unmeasurable
from vsseval.media import load_audio, probe

FRAGMENTS = {"frag_duration": "500000", "movflags": "frag_keyframe+empty_moov"}
SEPARATE = {"frag_duration": "500000", "movflags": "frag_keyframe+default_base_moof"}


@pytest.mark.parametrize(
    ("form", "options"),
    [("mpegts", {}), ("mpegts", {"mpegts_m2ts_mode": "1"}), ("mp4", FRAGMENTS), ("mp4", SEPARATE)],
    ids=["ts", "m2ts", "fragments", "separate"],
)
def test_a_stream_that_breaks_off_is_truncated(tmp_path, form, options):
    path = tmp_path / "sound.bin"
    whole = encode(form, "aac", speech_like(2.0), RATE, **options)
    path.write_bytes(whole)
    assert load_audio(path).seconds == pytest.approx(2.0, abs=0.06)
    for share in (0.31, 0.5, 0.77):
        cut = int(share * len(whole))
        path.write_bytes(whole[: cut + (cut % 188 == 0 or cut % 192 == 0)])
        with pytest.raises(Unmeasurable, match="truncated"):
            load_audio(path)


def test_what_follows_the_boxes_of_a_whole_file_is_no_break(tmp_path):
    path = tmp_path / "sound.m4a"
    path.write_bytes(encode("mp4", "aac", speech_like(2.0), RATE, **FRAGMENTS) + b"\0\0\0\1")
    assert load_audio(path).seconds == pytest.approx(2.0, abs=0.06)


def test_time_stamps_beyond_a_day_are_damaged(tmp_path):
    path = ball_video(tmp_path / "clip.mkv", "matroska")
    assert probe(path).seconds == pytest.approx(4.0, abs=0.1)
    far = ball_video(tmp_path / "far.mkv", "matroska", picture_start=30 * 3600.0)
    with pytest.raises(Unmeasurable, match=r"far\.mkv: ends after 30 hours by its time stamps"):
        probe(far)
