"""A bank for retrieval: videos with sound of the training side, the same bytes each time."""

from __future__ import annotations

import zipfile

import av

from tools.mini.bank import build_bank
from tools.mini.v2s import LABELS


def test_a_bank_holds_videos_with_sound_and_is_the_same_each_time(tmp_path):
    made = [tmp_path / name for name in ("a.zip", "b.zip")]
    for path in made:
        assert list(build_bank(path, 2, 0)) == [1, 2]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert len(LABELS) > 2
    with zipfile.ZipFile(made[0]) as bank:
        assert bank.namelist() == ["v2s-000000.mp4", "v2s-000001.mp4"]
        for name in bank.namelist():
            with bank.open(name) as file, av.open(file) as video:
                assert [len(video.streams.video), len(video.streams.audio)] == [1, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"]
