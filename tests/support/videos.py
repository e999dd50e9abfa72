"""Videos whose pictures show their own number, at given times, and tones."""

from fractions import Fraction

import av
import numpy as np

HEIGHT, WIDTH, BITS = 32, 128, 8


def numbered(count):
    """Pictures that show their own number, eight black or white columns for its bits."""
    numbers = np.arange(count)[:, None] >> np.arange(BITS)
    columns = np.repeat((numbers & 1) * 255, WIDTH // BITS, axis=1).astype(np.uint8)
    return np.repeat(np.repeat(columns[:, None, :, None], HEIGHT, axis=1), 3, axis=3)


def read_numbers(frames):
    gray = frames.astype(int).mean(axis=-1) if frames.ndim == 4 else frames
    centres = gray[:, gray.shape[1] // 2, gray.shape[2] // BITS // 2 :: gray.shape[2] // BITS] > 127
    return (centres << np.arange(BITS)).sum(axis=1)


def tone(seconds=1.0, rate=16000, channels=1):
    time = np.arange(round(seconds * rate)) / rate
    waves = [0.5 * np.sin(2 * np.pi * 200 * (k + 1) * time) for k in range(channels)]
    return np.array(waves, np.float32)


def write_timed(path, stamps, *, codec="libx264", sound=None, sound_at=0.0, tick=Fraction(1, 90000), **options):
    """Write numbered pictures at given seconds, and a mono sound of 16 kHz from `sound_at` on."""
    with av.open(str(path), "w", **options) as out:
        video = out.add_stream(codec, rate=25, options={"crf": "10", "threads": "1"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = tick
        track = out.add_stream("aac", rate=16000, layout="mono") if sound is not None else None
        for stamp, picture in zip(stamps, numbered(len(stamps)), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(stamp / tick), tick
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start in range(0, len(sound) if track else 0, 1024):
            block = np.ascontiguousarray(sound[None, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, start + round(sound_at * 16000)
            out.mux(track.encode(frame))
        if track:
            out.mux(track.encode(None))
    return path
