"""A user's own folder: every clip keeps its place, every fault of a list is told at once, nothing is written."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import soundfile

from vsseval.benchmarks.folder import folder
from vsseval.errors import UsageError
from vsseval.media import write_mp4


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """One second of a moving square, with a sound (`loud`) and without (`mute`), as bytes."""
    root = tmp_path_factory.mktemp("videos")
    pictures = np.random.default_rng(0).integers(0, 255, (25, 32, 32, 3), dtype=np.uint8)
    write_mp4(root / "loud.mp4", pictures, 25, np.full(16000, 0.1), 16000)
    write_mp4(root / "mute.mp4", pictures, 25)
    return {path.stem: path.read_bytes() for path in root.iterdir()}


@pytest.fixture
def clips(tmp_path, videos):
    """A folder with two usable videos."""
    root = tmp_path / "my clips"
    root.mkdir()
    (root / "a.mp4").write_bytes(videos["loud"])
    (root / "b.MP4").write_bytes(videos["mute"])
    return root


def samples(root):
    return {sample.id: sample for sample in folder(str(root)).samples()}


def write_list(root, text, name="clips.csv", encoding="utf-8"):
    (root / name).write_bytes(text.encode(encoding))
    return root


def fault(root):
    with pytest.raises(UsageError) as caught:
        folder(str(root))
    return str(caught.value)


def snapshot(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


# Without a list


def test_every_video_is_a_clip_and_its_own_sound_the_reference(clips):
    (clips / "notes.txt").write_text("no clip")
    (clips / "._a.mp4").write_bytes(b"left by a foreign file system")
    before = snapshot(clips)
    found = samples(clips)
    assert list(found) == ["a", "b"]
    assert found["a"].reference == found["a"].video
    assert found["a"].video.path == clips / "a.mp4"
    assert found["b"].reference is None
    assert [(s.duration, s.cluster, s.problem) for s in found.values()] == [(1.0, "a", None), (1.0, "b", None)]
    assert snapshot(clips) == before


def test_the_card_says_what_can_be_measured(clips):
    card = folder(str(clips)).card
    assert (card.name, card.task, card.size) == ("folder", "v2s", 2)
    assert card.metrics == ("fad@aisfx", "kl@aisfx", "sound_sim@aisfx", "fad@logmel", "desync@onset")
    assert len(card.version) == 8


def test_unusable_videos_keep_their_place(clips, videos):
    (clips / "empty.mp4").write_bytes(b"")
    (clips / "garbage.mkv").write_bytes(b"no video at all" * 100)
    (clips / "half.mp4").write_bytes(videos["loud"][: len(videos["loud"]) // 2])
    (clips / "lost.mov").symlink_to(clips / "gone.mov")
    soundfile.write(clips / "sound.wav", np.zeros(100), 16000)
    (clips / "sound.wav").rename(clips / "sound.avi")
    benchmark = folder(str(clips))
    problems = {sample.id: sample.problem for sample in benchmark.samples() if sample.problem}
    assert benchmark.card.size == len(benchmark.samples()) == 7
    assert sorted(problems) == ["empty", "garbage", "half", "lost", "sound"]
    assert "empty.mp4: the file is empty" in problems["empty"]
    assert "half.mp4: not readable" in problems["half"]
    assert "lost.mov" in problems["lost"]
    assert "no video stream" in problems["sound"]


def test_names_with_spaces_and_unicode(clips, videos):
    (clips / "ein Glöckchen läutet 🔔.mp4").write_bytes(videos["loud"])
    assert "ein Glöckchen läutet 🔔" in samples(clips)


def test_videos_of_one_name_are_refused(clips, videos):
    (clips / "a.mov").write_bytes(videos["loud"])
    assert "a.mov and a.mp4 share the id 'a'" in fault(clips)


@pytest.mark.parametrize("argument", [None, "", "gone", "file", "nothing"])
def test_a_wrong_folder_is_told_with_an_example(tmp_path, monkeypatch, argument):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UsageError, match="--benchmark folder:my_clips"):
        folder(argument)


def test_videos_in_a_subfolder_are_clips(clips):
    assert list(samples(clips.parent)) == ["a", "b"]


# With a list


def test_a_full_list(clips, videos, tmp_path):
    (clips / "deep").mkdir()
    (clips / "deep" / "c.mp4").write_bytes(videos["mute"])
    soundfile.write(clips / "prompt.wav", np.full(8000, 0.1), 8000)
    soundfile.write(tmp_path / "outside.wav", np.full(8000, 0.1), 8000)
    write_list(clips, "\n".join([
        "id,video,transcript,caption,reference,speaker_prompt,language,label,cluster,speech_start,speech_end",
        "one,a.mp4,bin blue at f two now,,,prompt.wav,en-grid,,speaker 1,0.2,0.9",
        f'two,deep/c.mp4,,"a bell, ringing",{tmp_path / "outside.wav"},,,bell,,,',
    ]))  # fmt: skip
    one, two = folder(str(clips)).samples()
    assert (one.transcript, one.caption, one.language) == ("bin blue at f two now", None, "en-x-grid")
    assert (one.cluster, one.speech_window) == ("speaker 1", (0.2, 0.9))
    assert one.reference == one.video
    assert one.speaker_prompt.path == clips / "prompt.wav"
    assert (two.caption, two.label, two.cluster, two.language) == ("a bell, ringing", "bell", "two", "en")
    assert two.reference.path == tmp_path / "outside.wav"
    assert two.speech_window is None
    card = folder(str(clips)).card
    assert (card.task, card.size) == ("joint", 2)
    assert card.metrics == (
        "fad@aisfx", "kl@aisfx", "sound_sim@aisfx", "fad@logmel", "desync@onset", "wer@sphinx-grid", "spk_sim@ge2e",
        "mos@distillmos", "lip_sync@landmarks",
    )  # fmt: skip


@pytest.mark.parametrize(("rows", "task"), [
    ("video,transcript\na.mp4,hello\n", "vtts"), ("video,caption\na.mp4,a bell\n", "v2s"),
    ("video,label\na.mp4,bell\n", "v2s"), ("video\na.mp4\n", "v2s"),
    ("video,transcript,label\na.mp4,hello,bell\n", "joint"),
])  # fmt: skip
def test_the_task_follows_from_the_texts(clips, rows, task):
    card = folder(str(write_list(clips, rows))).card
    assert card.task == task
    assert ("wer@whisper-tiny.en" in card.metrics) == ("transcript" in rows)


def test_either_id_or_video_is_enough(clips):
    write_list(clips, "id,video\na,\n,b.MP4\n")
    assert {clip: sample.video.path.name for clip, sample in samples(clips).items()} == {
        "a": "a.mp4", "b": "b.MP4",
    }  # fmt: skip


CAPTION = 'two\r\nlines, "quoted"'


@pytest.mark.parametrize(("name", "lines"), [
    ("clips.csv", ["id,video,Caption", "", 'x,a.mp4,"two\r\nlines, ""quoted"""', "  ", "y,b.MP4,", ""]),
    ("clips.jsonl", [
        json.dumps({"id": "x", "video": "a.mp4", "caption": CAPTION}), "",
        json.dumps({"id": "y", "video": "b.MP4", "caption": None}),
    ]),
])  # fmt: skip
def test_marks_blank_lines_and_line_ends_of_other_systems(clips, name, lines):
    found = samples(write_list(clips, "\ufeff" + "\r\n".join(lines), name))
    assert list(found) == ["x", "y"]
    assert found["x"].caption == CAPTION
    assert found["y"].caption is None


def test_csv_and_jsonl_of_the_same_clips_are_the_same_benchmark(clips):
    write_list(clips, "id,video,speech_start,speech_end\n1,a.mp4,0,0.5\n")
    one = folder(str(clips))
    (clips / "clips.csv").unlink()
    write_list(clips, '{"id": 1, "video": "a.mp4", "speech_start": 0, "speech_end": 0.5}\n', "clips.jsonl")
    two = folder(str(clips))
    assert (one.card, one.samples()) == (two.card, two.samples())


def test_a_clip_whose_video_is_missing_keeps_its_place(clips):
    write_list(clips, "id,video,transcript\none,gone.mp4,hello\ntwo,,hello\nthree,a.mp4,hello\n")
    found = samples(clips)
    assert list(found) == ["one", "two", "three"]
    assert "gone.mp4" in found["one"].problem
    assert "no video named 'two'" in found["two"].problem
    assert found["three"].problem is None


def test_a_clip_is_used_without_an_unreadable_reference_or_prompt(clips, caplog):
    (clips / "empty.wav").write_bytes(b"")
    write_list(clips, "video,reference,speaker_prompt\na.mp4,gone.wav,empty.wav\nb.MP4,b.MP4,\n")
    with caplog.at_level(logging.WARNING, "vsseval"):
        found = samples(clips)
    assert all(sample.problem is sample.reference is sample.speaker_prompt is None for sample in found.values())
    assert {record.getMessage() for record in caplog.records} == {
        "clip 'a' is used without its reference: gone.wav: no such file",
        "clip 'a' is used without its speaker prompt: empty.wav: the file is empty (0 bytes)",
        "clip 'b' is used without its reference: b.MP4: has no audio track",
    }


def test_every_fault_of_a_csv_is_told_at_once_with_its_line(clips):
    long = "x" * 201
    text = "\n".join([
        "id,video,speech_start,speech_end",
        "good,a.mp4,,",
        "good,b.MP4,,",
        "a/b,a.mp4,,",
        "a\\b,a.mp4,,",
        "..,a.mp4,,",
        "bell\x07,a.mp4,,",
        "nul\x00,a.mp4,,",
        f"{long},a.mp4,,",
        ",,0,1",
        "late,a.mp4,2,1",
        "half,a.mp4,1,",
        "words,a.mp4,one,two",
        "nan,a.mp4,nan,1",
        "out,../a.mp4,,",
        "many,a.mp4,,,,",
    ])  # fmt: skip
    message = fault(write_list(clips, text))
    assert "clips.csv has 14 faults" in message
    lines = [line.strip() for line in message.splitlines()[1:]]
    assert [line.split(":")[0] for line in lines] == [f"line {n}" for n in range(3, 17)]
    for number, reason in {
        3: "'good' is already that of line 2", 4: "holds '/'", 5: "holds '/'", 6: "'..'", 7: "control character",
        8: "control character", 9: "201 characters", 10: "neither id nor video", 11: "not a span of time",
        12: "go together", 13: "must be seconds", 14: "not a span of time", 15: "leads out of the folder",
        16: "6 cells under 4 columns",
    }.items():  # fmt: skip
        assert reason in lines[number - 3]


def test_every_fault_of_a_jsonl_is_told_at_once_with_its_line(clips):
    lines = [
        '{"id": "good", "video": "a.mp4"}',
        '{"id": "torn", "vid',
        "[1, 2]",
        '{"id": "x", "video": ["a.mp4"]}',
        '{"id": "x", "video": "a.mp4", "captoin": "a bell"}',
        '{"id": true}',
        "{}",
        '{"id": "\\ud800", "video": "a.mp4"}',
        '{"id": "good"}',
    ]
    message = fault(write_list(clips, "\n".join(lines), "clips.jsonl"))
    told = [line.strip() for line in message.splitlines()[1:]]
    assert [line.split(":")[0] for line in told] == [f"line {n}" for n in range(2, 10)]
    for number, reason in {
        2: "not JSON", 3: "not a JSON object", 4: "video must be a text", 5: "did you mean 'caption'?",
        6: "id must be a text", 7: "neither id nor video", 8: "surrogate pair", 9: "already that of line 1",
    }.items():  # fmt: skip
        assert reason in told[number - 2]


@pytest.mark.parametrize(("text", "reason"), [
    ("id,vidoe\na,a.mp4\n", "unknown column 'vidoe': did you mean 'video'?"),
    ("id,video,id\na,a.mp4,a\n", "column 'id' comes twice"),
    ("id;video\na;a.mp4\n", "separated by commas"),
    ("id,video\n", "names no clips"),
    ("", "names no clips"),
    ('id,video\na,a.mp4\nb,"a.mp4\nc,a.mp4\n', "line 3: not CSV from here on"),
])  # fmt: skip
def test_a_list_that_is_no_list(clips, text, reason):
    assert reason in fault(write_list(clips, text))


def test_a_list_in_another_encoding_is_told_with_its_line(clips):
    write_list(clips, "id,caption\na,plain\nb,Glöckchen\n", encoding="latin-1")
    assert "line 3: not UTF-8" in fault(clips)


def test_two_lists_are_refused(clips):
    write_list(clips, "id\na\n")
    write_list(clips, json.dumps({"id": "a"}), "clips.jsonl")
    assert "both clips.csv and clips.jsonl" in fault(clips)


def test_two_videos_for_one_id_must_be_told_apart(clips, videos):
    (clips / "a.mov").write_bytes(videos["loud"])
    assert "a.mov and a.mp4 could both be the video of 'a'" in fault(write_list(clips, "id\na\n"))


def test_a_very_long_report_is_cut(clips):
    rows = "\n".join(f"x/{number}" for number in range(1000))
    message = fault(write_list(clips, f"id\n{rows}\n"))
    assert "1000 faults" in message
    assert "... and 800 more" in message


# The version


def test_the_version_follows_texts_and_contents_not_places(clips, videos, tmp_path):
    write_list(clips, "id,video,caption\none,a.mp4,a bell\ntwo,b.MP4,\n")
    first = folder(str(clips)).card.version
    clips = clips.rename(tmp_path / "moved")
    assert folder(str(clips)).card.version == first
    versions = {first}
    write_list(clips, "id,video,caption\none,a.mp4,a gong\ntwo,b.MP4,\n")
    versions.add(folder(str(clips)).card.version)
    write_list(clips, "id,video,caption\none,a.mp4,a gong\nthree,b.MP4,\n")
    versions.add(folder(str(clips)).card.version)
    (clips / "b.MP4").write_bytes(videos["loud"])
    versions.add(folder(str(clips)).card.version)
    (clips / "b.MP4").write_bytes(b"")
    versions.add(folder(str(clips)).card.version)
    assert len(versions) == 5
