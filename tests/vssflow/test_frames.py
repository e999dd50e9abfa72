"""Which frames the authors' vision networks see, and how they are scaled."""

import itertools
import re
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from PIL import Image

from support.videos import HEIGHT, WIDTH, numbered, read_numbers, tone, write_timed
from vsseval.errors import Unmeasurable
from vsseval.media import Video, write_flac, write_mp4
from vssflow.reference import frames as frames_module
from vssflow.reference.frames import CLIP_MEAN, CLIP_STD, clip_frames, sync_frames


def shown(pictures, count):
    """Number of the frame at each place; -1 where there is none."""
    numbers = np.full(count, -1)
    for places, picture in pictures:
        numbers[places] = read_numbers(picture[None])[0]
    return numbers


def clip_numbers(path, start=0.0):
    return shown(frames_module._clip_pictures(path, start), 100)


def sync_numbers(path, start=0.0):
    return shown(frames_module._sync_pictures(path, start), 250)


def filtered_by_ffmpeg(path):
    """Numbers of the first 250 frames that FFmpeg's own `fps` filter lets through."""
    out = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        parts = graph.add_buffer(template=stream), graph.add("fps", "25"), graph.add("buffersink")
        for first, second in itertools.pairwise(parts):
            first.link_to(second)
        graph.configure()
        for frame in [*container.decode(stream), None]:
            graph.push(frame)
            while True:
                try:
                    out.append(parts[-1].pull().to_ndarray(format="rgb24"))
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
    numbers = np.full(250, -1)
    numbers[: len(out)] = read_numbers(np.stack(out))[:250]
    return numbers


@pytest.fixture(scope="module")
def ten(tmp_path_factory):
    """A little more than ten seconds at 25 frames/s."""
    path = tmp_path_factory.mktemp("frames") / "ten.mp4"
    write_mp4(path, numbered(256), 25)
    return path


def test_clip_takes_halves_to_the_even_frame(ten):
    numbers = clip_numbers(ten)
    assert numbers[:8].tolist() == [0, 2, 5, 8, 10, 12, 15, 18]
    assert numbers.tolist() == [round(i * 2.5) for i in range(100)]


def test_only_the_first_ten_seconds_are_seen(ten):
    assert sync_numbers(ten).tolist() == list(range(250))
    assert clip_numbers(ten)[-1] == 248


def test_a_later_window_is_seen_as_if_the_file_began_there(ten):
    sync, clip = sync_numbers(ten, 4.0), clip_numbers(ten, 4.0)
    assert sync[:156].tolist() == list(range(100, 256))
    assert set(sync[156:]) == {-1}
    assert clip[:63].tolist() == [100 + round(i * 2.5) for i in range(63)]
    assert set(clip[63:]) == {-1}
    assert set(sync_numbers(ten, 11.0)) | set(clip_numbers(ten, 11.0)) == {-1}


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(15), Fraction(60), Fraction(25, 2), Fraction(8)])
def test_other_frame_rates(tmp_path, rate):
    stamps = [float(i / rate) for i in range(40)]
    path = write_timed(tmp_path / "a.mp4", stamps)
    fps = Video(path).fps
    expected = [round(i * fps / 10) for i in range(100)]
    assert clip_numbers(path).tolist() == [i if i < 40 else -1 for i in expected]
    numbers = sync_numbers(path)
    np.testing.assert_array_equal(numbers, filtered_by_ffmpeg(path))
    # the writer gives the last frame 1/25 s
    assert (numbers >= 0).sum() == pytest.approx(float(39 / rate * 25 + 1), abs=1)


@pytest.mark.parametrize("start", [0.0, 0.37, 30.0])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_variable_rate_counts_from_the_first_frame(tmp_path, suffix, start):
    gaps = np.random.default_rng(5).choice([0.013, 0.02, 0.04, 0.1, 0.25], 60)
    stamps = start + np.concatenate([[0], np.cumsum(gaps)[:-1]])
    path = write_timed(tmp_path / f"vfr.{suffix}", stamps)
    numbers = sync_numbers(path)
    assert numbers[0] in {0, 1}
    np.testing.assert_array_equal(numbers, filtered_by_ffmpeg(path))


def test_what_is_missing_is_black_before_clip_normalises_and_zero_for_synchformer(tmp_path):
    write_mp4(tmp_path / "short.mp4", np.full((30, 64, 96, 3), 200, np.uint8), 25)
    clip, sync = clip_frames(tmp_path / "short.mp4"), sync_frames(tmp_path / "short.mp4")
    assert (clip.shape, clip.dtype) == ((100, 3, 224, 224), torch.float32)
    assert (sync.shape, sync.dtype) == ((250, 3, 224, 224), torch.float32)
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (CLIP_MEAN, CLIP_STD))
    black, grey = -mean / deviation, (200 / 255 - mean) / deviation
    # round(11 * 2.5) is the 28th frame, round(12 * 2.5) would be the 30th, which is not there
    torch.testing.assert_close(clip[:12], grey.expand_as(clip[:12]), atol=0.06, rtol=0)
    torch.testing.assert_close(clip[12:], black.expand_as(clip[12:]), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(sync[:30], torch.full_like(sync[:30], 200 / 127.5 - 1), atol=0.02, rtol=0)
    assert torch.equal(sync[30:], torch.full_like(sync[30:], -1.0))


@pytest.mark.parametrize("shape", [(90, 160), (160, 90), (224, 224), (300, 226), (226, 301), (37, 53)])
def test_synchformer_sees_whole_numbers_cut_from_the_centre(shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    centre = frames_module._centre(picture)
    assert (centre.shape, centre.dtype) == ((3, 224, 224), torch.uint8)
    # PIL rounds differently between the two passes; torchvision truncates the longer side
    height, width = (length * 224 // min(shape) for length in shape)
    scaled = np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    top, left = round((height - 224) / 2), round((width - 224) / 2)
    cut = scaled[top : top + 224, left : left + 224].transpose(2, 0, 1)
    assert np.abs(centre.numpy() - cut).max() <= 2


def test_clip_sees_the_whole_picture_squeezed(tmp_path):
    left_and_right = np.zeros((30, 40, 120, 3), np.uint8)
    left_and_right[:, :, 60:] = 255
    write_mp4(tmp_path / "wide.mp4", left_and_right, 25)
    picture = clip_frames(tmp_path / "wide.mp4")[0] * torch.tensor(CLIP_STD).view(3, 1, 1)
    picture += torch.tensor(CLIP_MEAN).view(3, 1, 1)
    assert float(picture[:, :, :105].max()) < 0.1
    assert float(picture[:, :, 119:].min()) > 0.9


def test_a_portrait_video_is_seen_upright(tmp_path):
    pictures = np.zeros((30, 96, 64, 3), np.uint8)
    pictures[:, :48] = 255  # the upper half is white
    write_mp4(tmp_path / "tall.mp4", np.rot90(pictures, 1, axes=(1, 2)), 25)
    data = bytearray((tmp_path / "tall.mp4").read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    quarter = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in quarter)
    (tmp_path / "tall.mp4").write_bytes(data)
    for read in (clip_frames, sync_frames):
        picture = read(tmp_path / "tall.mp4")[0].mean(0)
        assert float(picture[:100].min()) > 0.9 > -0.9 > float(picture[124:].max()), read.__name__


def test_odd_sizes_are_read(tmp_path):
    with av.open(str(tmp_path / "odd.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 33, 17, "yuv444p"
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((17, 33, 3), 255, np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    assert float(sync_frames(tmp_path / "odd.mkv")[:5].min()) > 0.95
    assert float(clip_frames(tmp_path / "odd.mkv")[:2].min()) > 1.5


@pytest.mark.parametrize("read", [clip_frames, sync_frames])
def test_a_video_of_one_frame_is_too_short(tmp_path, read):
    write_mp4(tmp_path / "one.mp4", numbered(1), 25)
    with pytest.raises(Unmeasurable, match=r"one\.mp4: lasts 0\.040 s; .* longer than 0\.05 s"):
        read(tmp_path / "one.mp4")


@pytest.mark.parametrize(("count", "rate"), [(2, 25), (1, 10), (3, 50)])
def test_a_video_just_long_enough_is_read(tmp_path, count, rate):
    path = write_timed(tmp_path / "short.mp4", np.arange(count) / rate)
    if count == 1:
        write_mp4(path, numbered(1), rate)
    assert clip_numbers(path)[0] == 0
    assert sync_numbers(path)[0] == 0
    assert sync_numbers(path)[5] == -1


@pytest.mark.parametrize("read", [clip_frames, sync_frames])
def test_what_is_no_video_says_so(tmp_path, read):
    write_flac(tmp_path / "sound.flac", tone(), 16000)
    (tmp_path / "garbage.mp4").write_bytes(b"no video" * 100)
    (tmp_path / "empty.mp4").touch()
    for name, reason in (("sound.flac", "holds no video"), ("garbage.mp4", "not readable"), ("empty.mp4", "0 bytes"),
                         ("missing.mp4", "no such file")):  # fmt: skip
        with pytest.raises(Unmeasurable, match=rf"{re.escape(name)}: .*{reason}"):
            read(tmp_path / name)


def test_a_file_without_a_frame_rate_says_how_to_give_it_one(ten, monkeypatch):
    monkeypatch.setattr(Video, "fps", 0.0)
    with pytest.raises(Unmeasurable, match=r"ten\.mp4: states no frame rate.*ffmpeg -i ten\.mp4"):
        clip_frames(ten)


def test_each_frame_of_a_file_comes_once_with_its_time(ten):
    every = [(one.start, one.stop, one.picture()) for one in Video(ten).each()]
    assert [start for start, _, _ in every] == [Fraction(i, 25) for i in range(256)]
    assert [stop for _, stop, _ in every] == [Fraction(i + 1, 25) for i in range(256)]
    pictures = np.stack([picture for _, _, picture in every])
    assert pictures.shape == (256, HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(read_numbers(pictures), np.arange(256))
