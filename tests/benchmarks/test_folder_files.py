"""Every file of a user's folder is a clip, a companion of one, or named with the reason why it is passed over."""

import json
import logging
import os
import unicodedata

import av
import numpy as np
import pytest
import soundfile

from vsseval.benchmarks.folder import folder
from vsseval.errors import UsageError
from vsseval.media import look, write_mp4
from vsseval.models.audio_dir import audio_dir
from vsseval.models.base import ModelOptions
from vsseval.types import Request

CONTAINERS = [
    ("mp4", "libx264"), ("mov", "libx264"), ("matroska", "libx264"), ("webm", "libvpx"), ("avi", "mpeg4"),
    ("mpegts", "libx264"), ("mpeg", "mpeg2video"), ("dvd", "mpeg2video"), ("asf", "wmv2"), ("3gp", "libx264"),
    ("flv", "flv1"), ("ogv", "libvpx"), ("gif", "gif"), ("apng", "apng"), ("nut", "mpeg4"), ("ivf", "libvpx"),
    ("mxf", "mpeg2video"), ("yuv4mpegpipe", "rawvideo"), ("h264", "libx264"), ("mjpeg", "mjpeg"), ("rm", "rv10"),
]  # fmt: skip


def write_video(path, container="mp4", codec="libx264", pictures=8, sounds=(), default=0):
    """A few grey pictures; sounds are the languages of audio tracks."""
    formats = {"gif": "rgb8", "apng": "rgb24", "mjpeg": "yuvj420p"}
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 352, 288, formats.get(container, "yuv420p")
        tracks = [out.add_stream("aac", rate=16000, layout="mono") for _ in sounds]
        for place, (track, language) in enumerate(zip(tracks, sounds, strict=True)):
            track.metadata["language"] = language
            track.disposition = av.stream.Disposition.default if place == default else av.stream.Disposition(0)
        for number in range(pictures):
            picture = np.full((288, 352, 3), 20 * number, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
        for place, track in enumerate(tracks):
            frame = av.AudioFrame.from_ndarray(np.full((1, 1024), 0.1 * (place + 1), np.float32), "fltp", "mono")
            frame.sample_rate = 16000
            out.mux(track.encode(frame))
            out.mux(track.encode(None))
    return path


def sound(path, level=0.1, seconds=0.3):
    soundfile.write(path, np.full(round(16000 * seconds), level), 16000)
    return path


def said(caplog, root, act=None):
    caplog.clear()
    with caplog.at_level(logging.WARNING, "vsseval"):
        (act or (lambda: folder(str(root))))()
    return "\n".join(record.getMessage() for record in caplog.records)


def samples(root):
    return {sample.id: sample for sample in folder(str(root)).samples()}


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A second of pictures with a sound, as bytes."""
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    pictures = np.random.default_rng(0).integers(0, 255, (25, 32, 32, 3), dtype=np.uint8)
    write_mp4(path, pictures, 25, np.full(16000, 0.1), 16000)
    return path.read_bytes()


@pytest.mark.parametrize(("container", "codec"), CONTAINERS)
def test_whatever_pyav_opens_is_a_video_by_its_content(tmp_path, container, codec):
    if codec not in av.codecs_available or container not in av.formats_available:
        pytest.skip(f"this PyAV writes no {container} with {codec}")
    file = write_video(tmp_path / "clip.data", container, codec)
    assert look(file).kind == "video"
    assert list(samples(tmp_path)) == ["clip"]


def test_what_is_no_clip_is_named_once_with_its_reason(tmp_path, video, caplog):
    (tmp_path / "a.mp4").write_bytes(video)
    (tmp_path / "notes.txt").write_text("no clip")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    (tmp_path / "play.m3u8").write_text("#EXTM3U\n#EXTINF:1,\na.mp4\n")
    (tmp_path / "code.ts").write_text("const clip: string = 'a';\n")
    (tmp_path / "array.npy").write_bytes(b"\x93NUMPY\x01\x00" + bytes(range(256)))
    av.VideoFrame.from_ndarray(np.zeros((8, 8, 3), np.uint8)).to_image().save(tmp_path / "poster.png")
    sound(tmp_path / "other.wav")
    (tmp_path / "results").mkdir()
    (tmp_path / ".hidden.mp4").write_bytes(video)
    told = said(caplog, tmp_path)
    assert list(samples(tmp_path)) == ["a"]
    for reason, names in {
        "a text": "a.srt, code.ts, notes.txt, play.m3u8", "a picture": "poster.png",
        "no medium that can be read": "array.npy", "a sound, no video has its name": "other.wav",
        "a folder of results by its name": "results",
    }.items():  # fmt: skip
        assert f"{tmp_path}: passed over, {reason}: {names}" in told.splitlines()
    assert ".hidden" not in told


def test_a_still_picture_that_could_move_is_a_picture(tmp_path):
    assert look(write_video(tmp_path / "one.gif", "gif", "gif", pictures=1)).kind == "picture"


def test_the_sound_beside_a_video_is_its_reference(tmp_path, video, caplog):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(video)
    sound(tmp_path / "a.flac")
    sound(tmp_path / "b.flac")
    sound(tmp_path / "b.wav")
    told = said(caplog, tmp_path)
    found = samples(tmp_path)
    assert found["a"].reference.path.name == "a.flac"
    assert found["b"].reference == found["b"].video
    assert "the reference is the sound beside the video of: a.flac" in told
    assert "of which either could be the reference (say which in a list): b.flac, b.wav" in told


def test_clips_of_subfolders_are_named_by_stem_or_by_place_and_outputs_alike(tmp_path, video, caplog):
    clips, out = tmp_path / "clips", tmp_path / "out"
    for name in ("top.mp4", "one/take.mp4", "two/take.mkv", "two/deep/only.ts", "two/top.mp4"):
        (clips / name).parent.mkdir(parents=True, exist_ok=True)
        (clips / name).write_bytes(video)
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        sound((out / name).with_suffix(".wav"))
    ids = ["one__take", "top", "only", "two__take", "two__top"]
    assert sorted(samples(clips)) == sorted(ids)
    model = audio_dir(ModelOptions(argument=str(out)))
    outputs = list(model.generate([Request(id=clip, duration=1.0, seed=0) for clip in ids]))
    assert [output.error for output in outputs] == [None] * len(ids)
    (out / "again").mkdir()
    sound(out / "again" / "flat.wav", 0.9)
    sound(out / "flat.wav")
    (output,) = audio_dir(ModelOptions(argument=str(out))).generate([Request(id="flat", duration=1.0, seed=0)])
    assert output.samples.max() == pytest.approx(0.1, abs=1e-3)


def test_names_meet_across_unicode_forms(tmp_path, video):
    name = "Glöckchen é"
    nfd = unicodedata.normalize("NFD", name)
    clips, out = tmp_path / "clips", tmp_path / "out"
    clips.mkdir()
    out.mkdir()
    (clips / f"{nfd}.mp4").write_bytes(video)
    sound(out / f"{nfd}.wav")
    sound(clips / f"{nfd} voice.wav")
    assert list(samples(clips)) == [name]
    for given in (name, nfd):
        row = {"id": given, "video": f"{given}.mp4", "speaker_prompt": f"{given} voice.wav"}
        (clips / "clips.jsonl").write_text(json.dumps(row), encoding="utf-8")
        found = samples(clips)[name]
        assert found.problem is None
        assert found.speaker_prompt is not None
        (output,) = audio_dir(ModelOptions(argument=str(out))).generate([Request(id=found.id, duration=1.0, seed=0)])
        assert output.error is None


@pytest.mark.parametrize(
    "name", ["Clips.CSV", "clips.tsv", "CLIPS.jsonl", "Metadata.csv", "metadata.TSV", "metadata.jsonl"]
)
def test_lists_are_found_in_any_case_and_form(tmp_path, video, name, caplog):
    (tmp_path / "a.mp4").write_bytes(video)
    (tmp_path / "b.mp4").write_bytes(video)
    row = {"file_name": "a.mp4", "transcript": "hello, you"}
    if name.lower().endswith("jsonl"):
        text = json.dumps(row)
    else:
        mark = "\t" if name.lower().endswith("tsv") else ","
        text = f'file_name{mark}transcript\na.mp4{mark}"hello, you"\n'
    (tmp_path / name).write_text(text)
    assert {clip: one.transcript for clip, one in samples(tmp_path).items()} == {"a": "hello, you"}
    assert f"a video, not named in {name}: b.mp4" in said(caplog, tmp_path)


def test_columns_of_other_programs_are_passed_over_in_metadata_only(tmp_path, video, caplog):
    (tmp_path / "a.mp4").write_bytes(video)
    (tmp_path / "metadata.csv").write_text("file_name,fps,transcript\na.mp4,25,hello\n")
    assert "columns passed over: fps" in said(caplog, tmp_path)
    assert samples(tmp_path)["a"].transcript == "hello"
    (tmp_path / "metadata.csv").rename(tmp_path / "clips.csv")
    with pytest.raises(UsageError, match="unknown column 'fps'"):
        folder(str(tmp_path))


def test_the_default_track_is_taken_and_told(tmp_path, caplog):
    write_video(tmp_path / "a.mkv", "matroska", sounds=("eng", "ger"), default=1)
    assert "a.mkv: of 2 audio tracks, number 2 (ger) is taken" in said(caplog, tmp_path)


def test_speech_without_pictures_is_as_long_as_its_reference(tmp_path, caplog):
    for name in ("one.wav", "two.wav", "voice.wav"):
        sound(tmp_path / name, seconds=1.5)
    (tmp_path / "clips.csv").write_text(
        "id,transcript,reference,speaker_prompt\none,hello,one.wav,voice.wav\ntwo,hello,,\nlost,hello,gone.wav,\n"
    )
    benchmark = folder(str(tmp_path))
    one, two, lost = benchmark.samples()
    assert (one.video, one.duration, one.problem) == (None, 1.5, None)
    assert one.speaker_prompt.path.name == "voice.wav"
    assert two.reference.path.name == "two.wav"
    assert "its reference gone.wav cannot be used" in lost.problem
    (tmp_path / "clips.csv").write_text("id,transcript,reference\none,hello,one.wav\n")
    card = folder(str(tmp_path)).card
    assert (card.task, card.metrics) == ("tts", ("fad@logmel", "wer@whisper-tiny.en", "mos@distillmos"))


LANGUAGES = [
    ("en-US", "hello", "en-US"), ("EN", "hello", "en"), ("English", "hello", "en"), ("eng", "hello", "en"),
    ("", "Bin blue at F 2, now.", "en-x-grid"), ("en-GB", "bin blue at f two now", "en-GB-x-grid"),
    ("en-grid", "bin blue at f two now", "en-x-grid"), ("de", "bin blue at f two now", "de"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "transcript", "tag"), LANGUAGES)
def test_languages_are_tags_and_sentences_of_grid_are_recognised(tmp_path, video, given, transcript, tag):
    (tmp_path / "a.mp4").write_bytes(video)
    (tmp_path / "clips.jsonl").write_text(json.dumps({"id": "a", "transcript": transcript, "language": given}))
    assert samples(tmp_path)["a"].language == tag


def test_an_unknown_language_is_a_fault_with_its_line(tmp_path, video):
    (tmp_path / "a.mp4").write_bytes(video)
    (tmp_path / "clips.csv").write_text("id,transcript,language\na,hello,en\nb,hello,klingon\nc,hello,en-x-grid\n")
    with pytest.raises(UsageError) as caught:
        folder(str(tmp_path))
    assert "line 3: language 'klingon' is no language tag: write a BCP 47 tag such as en" in str(caught.value)
    assert "line 4: language en-x-grid, but 'hello' is no sentence of GRID" in str(caught.value)


@pytest.mark.parametrize("transcript", ["Привет мир", "你好世界", "مرحبا", "こんにちは"])
def test_no_metric_is_customary_for_a_script_that_it_cannot_hear(tmp_path, video, transcript):
    (tmp_path / "a.mp4").write_bytes(video)
    (tmp_path / "clips.jsonl").write_text(json.dumps({"id": "a", "transcript": transcript}))
    assert "wer@whisper-tiny.en" not in folder(str(tmp_path)).card.metrics


def test_no_more_of_a_reference_is_used_than_the_clip_can_use(tmp_path, caplog):
    write_video(tmp_path / "a.mp4")
    sound(tmp_path / "a.wav", seconds=30)
    write_video(tmp_path / "b.mp4")
    sound(tmp_path / "b.wav", seconds=10)
    assert "clip 'a': its reference a.wav is 30 s long, of which 10.6 s are used" in said(caplog, tmp_path)
    clips = {clip.id: clip for clip in folder(str(tmp_path)).samples()}
    assert clips["a"].reference.seconds == pytest.approx(10.64)
    assert clips["b"].reference.seconds is None


def test_a_video_longer_than_is_allowed_is_a_clip_with_that_problem(tmp_path, monkeypatch):
    write_video(tmp_path / "a.mp4", pictures=12)
    monkeypatch.setenv("VSSEVAL_MEDIA_LIMITS", "seconds=0.25")
    (clip,) = folder(str(tmp_path)).samples()
    assert "a.mp4: 0 s of pictures, more than the 0.25 allowed" in clip.problem


def test_pipes_are_named_and_never_opened(tmp_path, caplog):
    write_video(tmp_path / "a.mp4")
    for name in ("b.mp4", "a.wav", "clips.csv"):
        os.mkfifo(tmp_path / name)
    log = said(caplog, tmp_path)
    assert "passed over, a pipe, a socket or a device: a.wav, b.mp4, clips.csv" in log
    assert [clip.id for clip in folder(str(tmp_path)).samples()] == ["a"]
