"""Every benchmark with speech, on a small folder of exactly the layout that people have."""

from __future__ import annotations

import pytest

from support.data_trees import put, registered, unpinned, video, wav
from vsseval.benchmarks.chem import chem
from vsseval.benchmarks.grid import grid
from vsseval.benchmarks.libritts import libritts
from vsseval.benchmarks.ljspeech import ljspeech
from vsseval.benchmarks.lrs2 import lrs2
from vsseval.benchmarks.lrs3 import lrs3
from vsseval.benchmarks.v2c import v2c
from vsseval.benchmarks.vssflow_joint import vssflow_joint
from vsseval.errors import UsageError


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "registered"))


def problems(found):
    return {clip: sample.problem.partition(":")[0] for clip, sample in found.items() if sample.problem}


# GRID

ALIGN = (
    "0 12250 sil\n12250 19250 lay\n19250 27250 blue\n27250 30500 at\n30500 36000 q\n36000 43250 four\n43250 55250 now\n"
)


def test_grid_as_it_is_downloaded(tmp_path):
    root = put(tmp_path / "data", {
        "s1/lbaq4n.mpg": video(1.0), "s1/align/lbaq4n.align": ALIGN + "55250 74500 sil\n", "s1/bbaf2n.mpg": video(1.0),
        "s2/video/lbaq4n.mpg": video(1.0), "s2/video/swiz3n.mpg": video(1.0), "s2/swiz3n.align": ALIGN,
        "s3/lgbz2p.mpg": video(1.0),
    })  # fmt: skip
    found = registered(grid, root, "all")
    assert list(found) == ["s1_bbaf2n", "s1_lbaq4n", "s2_lbaq4n", "s2_swiz3n", "s3_lgbz2p"]
    first = found["s1_lbaq4n"]
    assert (first.transcript, first.language, first.cluster) == ("lay blue at q four now", "en-x-grid", "s1")
    assert first.speech_window == (0.49, 2.21)
    assert first.reference == first.video
    assert first.speaker_prompt.path.name == "bbaf2n.mpg"
    assert problems(found) == {"s2_swiz3n": "contradiction", "s3_lgbz2p": "no speaker prompt"}


def test_grid_as_the_dubbing_papers_have_it(tmp_path):
    root = put(tmp_path / "data", {
        "videos_25fps_mp4/s28/s28_pris7n.mp4": video(1.0), "speakers/s28/s28_pris7n.wav": wav(),
        "speakers/s28/s28_pris7n.lab": "place red in s seven now", "videos_25fps_mp4/s28/s28_bbaf2n.mp4": video(1.0),
        "speakers/s28/s28_bbaf2n.wav": wav(), "videos_25fps_mp4/s9/s9_bbaf2n.mp4": video(1.0),
        "speakers/s9/s9-bbaf2n.wav": wav(),
    })  # fmt: skip
    listed = put(tmp_path, {"val.txt": "s28/s28-pris7n.wav|pleəs|23\ns28_bbaf2n\ns9/s9-bbaf2n.wav|x|1\n"}) / "val.txt"
    changed = unpinned(unpinned(grid, "setting2"), "setting1")
    one = registered(changed, root, "setting1", listed)
    assert one["s28_pris7n"].speaker_prompt == one["s28_pris7n"].reference
    assert one["s28_pris7n"].reference.path.suffix == ".wav"
    assert problems(one) == {}
    two = registered(changed, root, "setting2", listed)
    assert two["s28_pris7n"].speaker_prompt.path.name == "s28_bbaf2n.wav"
    assert problems(two) == {"s9_bbaf2n": "no speaker prompt"}
    wrong = (
        put(tmp_path, {"wrong.txt": "s28/s28-pris7n.wav|a|1\nFrozen@Anna/Frozen@Anna_00_0001_00.wav|b|2\n"})
        / "wrong.txt"
    )
    with pytest.raises(UsageError, match="line 2: .*is no clip of GRID"):
        registered(changed, root, "setting1", wrong)


# Chem


def test_chem_drops_its_prefix_where_the_videos_do(tmp_path):
    root = put(tmp_path / "data", {
        "sentence_video_25fps/_bcdefghij--001.mp4": video(1.0), "sentence_video_25fps/_bcdefghij--002.mp4": video(1.0),
        "sentence_video_25fps/zzzzzzzzzzz-003.mp4": video(1.0),
        "speakers/chem_00/chem_00__bcdefghij--001.wav": wav(),
        "speakers/chem_00/chem_00__bcdefghij--001.lab": "\ufeffso this is a mole\r\n",
        "speakers/chem_00/chem_00__bcdefghij--002.wav": wav(),
        "speakers/chem_00/chem_00__bcdefghij--002.lab": "and an atom",
        "speakers/chem_00/chem_00_zzzzzzzzzzz-003.wav": wav(),
    })  # fmt: skip
    listed = put(tmp_path, {"test.txt": "chem_00__bcdefghij--001\nchem_00_zzzzzzzzzzz-003.wav\n_bcdefghij--002|x\n"})
    found = registered(chem, root, "setting2", listed / "test.txt")
    assert list(found) == ["chem_00__bcdefghij--001", "chem_00_zzzzzzzzzzz-003", "chem_00__bcdefghij--002"]
    first = found["chem_00__bcdefghij--001"]
    assert (first.transcript, first.cluster) == ("so this is a mole", "_bcdefghij-")
    assert first.speaker_prompt.path != first.reference.path
    assert problems(found) == {"chem_00_zzzzzzzzzzz-003": "no transcript"}
    gt = registered(chem, root, "setting1", listed / "test.txt")
    assert gt["chem_00__bcdefghij--001"].speaker_prompt == gt["chem_00__bcdefghij--001"].reference
    assert len(registered(chem, root, "all")) == 3


# LRS


def test_lrs2_reads_both_kinds_of_ids_and_the_original_text(tmp_path):
    video_id = "6330311066473698535"
    capitals = "Text:  WHEN YOU'RE COOKING\nConf:  4\n"
    root = put(tmp_path / "data", {
        f"main/{video_id}/00018.mp4": video(1.0), f"main/{video_id}/00018.txt": capitals,
        f"video_25fps/{video_id}_27418/00000.mp4": video(1.0),
        f"video_25fps/{video_id}_27418/00000.txt": "Some words\n",
        f"main/{video_id}/00019.mp4": video(1.0),
    })  # fmt: skip
    listed = put(tmp_path, {"test.txt": f"{video_id}/00018 NF\n{video_id}_27418_00000\n{video_id}/00019 MV\n"})
    found = registered(lrs2, root, "test", listed / "test.txt")
    assert [sample.transcript for sample in found.values()] == ["when you're cooking", "Some words", None]
    assert [sample.speaker_prompt for sample in found.values()] == [None, None, None]
    assert problems(found) == {f"{video_id}_00019": "no transcript"}
    gt = registered(lrs2, root, "setting1", listed / "test.txt")
    assert gt[f"{video_id}_00018"].speaker_prompt == gt[f"{video_id}_00018"].video


def test_lrs3_takes_the_test_folder_or_pairs_of_a_list(tmp_path):
    root = put(tmp_path / "data", {
        "videos/test/a_cdefghij-/00001.mp4": video(1.0), "videos/test/a_cdefghij-/00002.mp4": video(1.0),
        "videos/trainval/zzzzzzzzzzz/00001.mp4": video(1.0), "audios/test/a_cdefghij-/00001.wav": wav(),
        "text/test/a_cdefghij-/00001.txt": "one\n", "text/test/a_cdefghij-/00002.txt": "two\n",
    })  # fmt: skip
    found = registered(lrs3, root)
    assert list(found) == ["a_cdefghij-_00001", "a_cdefghij-_00002"]
    assert [sample.transcript for sample in found.values()] == ["one", "two"]
    assert found["a_cdefghij-_00001"].cluster == "a_cdefghij-"
    listed = put(tmp_path, {"cross.lst": "a_cdefghij-_00001_00002\n"}) / "cross.lst"
    (pair,) = registered(unpinned(lrs3, "aligndit"), root, "aligndit", listed).values()
    assert (pair.id, pair.speaker_prompt.path.name) == ("a_cdefghij-_00002", "00001.wav")


# V2C-Animation

PHONES = "ðə dæm must fɔl. "


def test_v2c_settings_and_layouts(tmp_path):
    anna = "FrozenII@Anna/FrozenII@Anna_00"
    root = put(tmp_path / "data", {
        f"GT_Wav/{anna}_1305_00.wav": wav(), f"GT_Wav/{anna}_1305_00.lab": "the dam must fall\n",
        f"mp4/{anna}_1305_00.mp4": video(1.0), f"GT_Wav/{anna}_0002_00.wav": wav(),
        f"GT_Wav/{anna}_0002_00.lab": "come on", f"mp4/{anna}_0002_00.mp4": video(1.0),
        "zootopia/zootopia_speeches/Judy/00/Judy-00-0034.wav": wav(),
        "zootopia/zootopia_speeches/Judy/00/Judy-00-0034.normalized.txt": "stop",
        "zootopia/zootopia_videos/Judy/0034.mp4": video(1.0), "GRID/s2/s2-lwbz4s.wav": wav(),
    })  # fmt: skip
    lists = put(tmp_path, {
        "one.txt": f"{anna}_1305_00.wav|{PHONES}|103\nZootopia@Judy/Zootopia@Judy_00_0034_00.wav|{PHONES}|1\n",
        "two.txt": f"{anna}_1305_00.wav|{PHONES}|103|{anna}_0002_00.wav|{PHONES}\n" * 2,
        "three.txt": f"{anna}_1305_00|{PHONES}|s2/s2-lwbz4s.wav|{PHONES}\n{anna}_0002_00|{PHONES}|s2-lwbz4s|{PHONES}\n"
        f"{anna}_1305_00|{PHONES}|s2/s2-lwbz4s.wav|{PHONES}\n{anna}_0002_00|{PHONES}|s9-lwbz4s|{PHONES}\n",
        "deep.lst": "ref.wav\tr.mp4\thi\tx/Zootopia_speeches/Judy/00/Judy-00-0034.wav\tx.mp4\tstop  it\n",
    })  # fmt: skip
    one = registered(unpinned(v2c, "setting1"), root, "setting1", lists / "one.txt")
    first = one["FrozenII@Anna_00_1305_00"]
    assert (first.transcript, first.cluster) == ("the dam must fall", "FrozenII@Anna")
    assert first.speaker_prompt == first.reference
    assert one["Zootopia@Judy_00_0034_00"].transcript == "stop"
    assert one["Zootopia@Judy_00_0034_00"].video.path.name == "0034.mp4"
    assert problems(one) == {}
    two = registered(unpinned(v2c, "setting2"), root, "setting2", lists / "two.txt")
    assert [sample.speaker_prompt.path.stem for sample in two.values()] == ["FrozenII@Anna_00_0002_00"]
    three = registered(unpinned(v2c, "setting3"), root, "setting3", lists / "three.txt")
    assert list(three) == [
        "FrozenII@Anna_00_1305_00__s2-lwbz4s", "FrozenII@Anna_00_0002_00__s2-lwbz4s",
        "FrozenII@Anna_00_0002_00__s9-lwbz4s",
    ]  # fmt: skip
    assert problems(three) == {"FrozenII@Anna_00_0002_00__s9-lwbz4s": "no speaker prompt"}
    deep = registered(
        unpinned(v2c, "setting2-deepaudio"), root.parent / "data", "setting2-deepaudio", lists / "deep.lst"
    )
    assert deep["Zootopia@Judy_00_0034_00"].transcript == "stop it"
    assert problems(deep) == {"Zootopia@Judy_00_0034_00": "no speaker prompt"}


def test_a_public_list_of_v2c_must_have_its_number_of_clips(tmp_path):
    root = put(tmp_path / "data", {"A@B_00_0001_00.wav": wav(), "A@B_00_0001_00.mp4": video(1.0)})
    listed = put(tmp_path, {"Setting3.txt": "A@B_00_0001_00|x|s2-lwbz4s|y\n"}) / "Setting3.txt"
    with pytest.raises(UsageError, match=r"gives 1 clips, v2c:setting3 has 4851"):
        registered(v2c, root, "setting3", listed)


# Plain text-to-speech


def test_ljspeech_reads_both_lists(tmp_path):
    root = put(tmp_path / "data", {
        "wavs/LJ001-0001.wav": wav(), "wavs/LJ002-0002.wav": wav(2.0),
        "metadata.csv": 'LJ001-0001|Printing, "1" of|Printing, one of\nLJ002-0002|in|in\nLJ003-0001|a|a\n',
        "filelists/ljs_audio_text_test_filelist.txt": "DUMMY/LJ002-0002.wav|in being comparatively modern.\n",
    })  # fmt: skip
    found = registered(ljspeech, root, "all")
    assert [sample.transcript for sample in found.values()] == ["Printing, one of", "in", "a"]
    assert (found["LJ002-0002"].duration, found["LJ002-0002"].cluster) == (2.0, "LJ002")
    assert found["LJ001-0001"].video is None
    assert problems(found) == {"LJ003-0001": "absent"}
    assert list(registered(ljspeech, root)) == ["LJ002-0002"]


def test_libritts_takes_one_subset(tmp_path):
    root = put(tmp_path / "data", {
        "LibriTTS/test-clean/61/70968/61_70968_000000_000000.wav": wav(),
        "LibriTTS/test-clean/61/70968/61_70968_000000_000000.normalized.txt": "He began.",
        "LibriTTS/test-clean/61/70970/61_70970_000001_000000.wav": wav(),
        "LibriTTS/test-clean/61/70970/61_70970_000001_000000.original.txt": "It ended.",
        "LibriTTS/test-clean/99/1/99_1_000000_000000.wav": wav(),
        "LibriTTS/test-clean/99/1/99_1_000000_000000.normalized.txt": "Alone.",
        "LibriTTS/dev-clean/84/1/84_1_000000_000000.wav": wav(),
    })  # fmt: skip
    found = registered(libritts, root)
    assert [sample.transcript for sample in found.values()] == ["He began.", "It ended.", "Alone."]
    assert found["61_70968_000000_000000"].speaker_prompt == found["61_70970_000001_000000"].reference
    assert problems(found) == {"99_1_000000_000000": "no speaker prompt"}


# Sound and speech together


def test_vssflow_joint_cuts_speech_and_sets_unfair_rows_aside(tmp_path):
    rows = [
        ("-bcdefghijk", 30.0, "hello there", 1.0, 12.5), ("abcdefghij2", 0.0, "late", 10.2, 11.0),
        ("abcdefghij3", 0.0, "blink", 9.9, 12.0), ("abcdefghij4", 0.0, "a b c d e f g h", 1.0, 2.0),
        ("abcdefghij5", 0.0, "lost", 1.0, 2.0),
    ]  # fmt: skip
    text = "".join(f"{i}\t/public/x/{i}_{s:.1f}.mp4\t{t}\t{a}\t{b}\n" for i, s, t, a, b in rows)
    files = {f"balanced_train_00/{i}_{s:.1f}.mp4": video() for i, s, *_ in rows[:4]}
    root = put(tmp_path / "data", files | {"av_metadata_500.tsv": text})
    found = registered(unpinned(vssflow_joint, "av500"), root)
    first = found["-bcdefghijk_30.0"]
    assert (first.transcript, first.speech_window, first.duration) == ("hello there", (1.0, 10.0), 10.0)
    assert first.cluster == "-bcdefghijk"
    assert problems(found) == {
        "abcdefghij2_0.0": "unfair", "abcdefghij3_0.0": "unfair", "abcdefghij4_0.0": "unfair",
        "abcdefghij5_0.0": "absent",
    }  # fmt: skip
