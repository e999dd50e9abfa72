"""Sounds without contacts: an engine, the wind and a siren; each follows an intensity that is also seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vsseval.benchmarks.mini.make import sounds
from vsseval.benchmarks.mini.make.draw import mix, shade, turn, with_alpha
from vsseval.benchmarks.mini.make.scenes import layer

if TYPE_CHECKING:
    from vsseval.benchmarks.mini.make.draw import Canvas, Colour, Point


def _clock(seconds: float) -> np.ndarray:
    return np.arange(sounds.samples(seconds)) / sounds.SAMPLE_RATE


def _engine_sound(rng: np.random.Generator, seconds: float, course: layer.Curve, idle: float) -> np.ndarray:
    strength = course.at(_clock(seconds))
    hertz = idle * (1.0 + 2.4 * strength)
    phase = 2.0 * np.pi * np.cumsum(hertz) / sounds.SAMPLE_RATE
    track = np.zeros(strength.size)
    for order in range(1, 22):
        gain = rng.uniform(0.4, 1.0) * order**-0.9
        track += gain * (0.45 + 0.55 * strength ** (0.3 + 0.08 * order)) * np.sin(order * phase + rng.uniform(0, 6.28))
    pulses = np.maximum(0.0, np.sin(phase)) ** 4
    track += sounds.band_noise(rng, strength.size, 300, 3_500, -3.0) * (0.15 + 0.5 * pulses) * (0.3 + 0.9 * strength)
    return sounds.finish(rng, track * (0.22 + 0.78 * strength), room=0.0, peak=(0.4, 0.75))


def _wheel(canvas: Canvas, x: float, y: float, radius: float, angle: float) -> None:
    canvas.ellipse(x, y, radius, colour=(30, 30, 34))
    canvas.ellipse(x, y, 0.62 * radius, colour=(176, 178, 184))
    for spoke in range(3):
        tip = turn([(x + 0.6 * radius, y)], angle + spoke * 2.0944, (x, y))[0]
        canvas.line([(x, y), tip], (60, 60, 66), 0.022)


_BODIES: dict[str, list[Point]] = {
    "car": [
        (0.08, 0.72),
        (0.08, 0.58),
        (0.24, 0.54),
        (0.34, 0.4),
        (0.64, 0.4),
        (0.76, 0.54),
        (0.92, 0.58),
        (0.92, 0.72),
    ],
    "van": [(0.08, 0.74), (0.08, 0.32), (0.72, 0.32), (0.82, 0.5), (0.92, 0.54), (0.92, 0.74)],
    "tractor": [
        (0.14, 0.66),
        (0.14, 0.5),
        (0.22, 0.5),
        (0.22, 0.26),
        (0.5, 0.26),
        (0.52, 0.5),
        (0.9, 0.52),
        (0.9, 0.68),
    ],
}
_WINDOWS: dict[str, list[Point]] = {
    "car": [(0.36, 0.44), (0.62, 0.44), (0.71, 0.54), (0.29, 0.54)],
    "van": [(0.6, 0.36), (0.7, 0.36), (0.78, 0.5), (0.6, 0.5)],
    "tractor": [(0.27, 0.3), (0.46, 0.3), (0.47, 0.48), (0.27, 0.48)],
}


def engine(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A vehicle whose engine revs up and down: wheels, road and shaking follow the speed."""
    kind = layer.pick(rng, ("car", "van", "tractor"))
    course = layer.Curve(rng, seconds, 0.05, 1.0, 1.4)
    idle = float({"car": rng.uniform(38, 52), "van": rng.uniform(28, 38), "tractor": rng.uniform(18, 25)}[kind])
    clock = _clock(seconds)
    rolled = np.cumsum(course.at(clock)) / sounds.SAMPLE_RATE
    colour = layer.vivid(rng)
    wheels = ((0.26, 0.14), (0.76, 0.14)) if kind != "tractor" else ((0.3, 0.19), (0.78, 0.12))
    marks = rng.random(7)
    puffs = rng.random((8, 2))

    def draw(canvas: Canvas, second: float) -> None:
        strength = course(second)
        way = float(np.interp(second, clock, rolled))
        for step in range(5):
            x = (step / 5.0 + float(marks[0]) - 1.6 * way) % 1.0
            canvas.rectangle((x, 0.93), (min(1.0, x + 0.1), 0.955), (226, 222, 200))
        shake = 0.016 * strength * math.sin(71.0 * second) + 0.006 * math.sin(47.0 * second)
        for index, (phase, high) in enumerate(puffs):
            age = (phase + 1.4 * second) % 1.0
            if index / 8.0 < 0.15 + strength and kind != "tractor":
                puff = with_alpha((150, 150, 156), 0.75 * (1.0 - age))
                canvas.ellipse(
                    0.1 - 0.2 * age + 0.08, 0.74 - 0.12 * age * high, 0.02 + 0.045 * age * (0.4 + strength), colour=puff
                )
            elif index / 8.0 < 0.15 + strength:
                puff = with_alpha((90, 90, 96), 0.8 * (1.0 - age))
                canvas.ellipse(0.74 - 0.2 * age, 0.36 - 0.3 * age, 0.02 + 0.06 * age * (0.4 + strength), colour=puff)
        if kind == "tractor":
            canvas.line([(0.74, 0.38 + shake), (0.74, 0.54)], (60, 60, 64), 0.035)
        canvas.polygon([(x, y + shake) for x, y in _BODIES[kind]], colour)
        canvas.polygon([(x, y + shake) for x, y in _WINDOWS[kind]], (190, 216, 232))
        canvas.line([(0.1, 0.66 + shake), (0.9, 0.66 + shake)], shade(colour, 0.7), 0.016)
        for x, radius in wheels:
            _wheel(canvas, x, 0.88 - radius, radius, 11.0 * way * 0.14 / radius)

    caption = layer.pick(
        rng,
        (
            f"a {kind} engine revving up and down",
            f"a {kind} driving, its engine speeding up and slowing down",
            f"the motor of a {kind} running",
            f"a {kind} accelerates on a road",
        ),
    )
    road = layer.tint(rng, layer.FLOORS["asphalt"], 6)
    return layer.Layer(
        label="engine",
        caption=caption,
        draw=draw,
        setting="outdoor",
        fills=True,
        intensity=course,
        ground=lambda canvas, reach: layer.floor(canvas, reach, "plain", road, 0.82),
        audio=_engine_sound(rng, seconds, course, idle),
        notes={"object": kind},
    )


def _wind_sound(rng: np.random.Generator, seconds: float, course: layer.Curve, leaves: float) -> np.ndarray:
    strength = course.at(_clock(seconds))
    count = strength.size
    track = sounds.band_noise(rng, count, 60, 260, -3.0) * (0.15 + strength)
    track += sounds.band_noise(rng, count, 250, 700, -3.0) * strength**1.4
    hertz = (320.0 + 380.0 * strength) * rng.uniform(0.8, 1.3)
    wander = np.cumsum(sounds.band_noise(rng, count, 1.0, 12.0)) * 0.012
    track += 0.35 * strength**2 * np.sin(2.0 * np.pi * np.cumsum(hertz) / sounds.SAMPLE_RATE + wander)
    track += leaves * sounds.band_noise(rng, count, 1_800, 6_000, -2.0) * strength**2
    return sounds.finish(rng, track * (0.1 + 0.9 * strength), room=0.0, peak=(0.3, 0.65))


def wind(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A tree and grass that bend in gusts."""
    bare = bool(rng.random() < 0.35)
    course = layer.Curve(rng, seconds, 0.06, 1.0, 1.2)
    crown = layer.tint(rng, (70, 130, 56) if rng.random() < 0.6 else (196, 120, 40))
    way = 1.0 if rng.random() < 0.5 else -1.0
    leaves = rng.random((14, 3))
    blades = np.sort(rng.random(18))
    blobs = rng.uniform(-1.0, 1.0, (7, 2))
    clock = _clock(seconds)
    blown = np.cumsum(course.at(clock)) / sounds.SAMPLE_RATE
    ground_colour = layer.tint(rng, layer.FLOORS["grass"], 10)

    def draw(canvas: Canvas, second: float) -> None:
        strength = course(second)
        far = float(np.interp(second, clock, blown))
        bend = way * (0.24 * strength + 0.035 * strength * math.sin(13.0 * second))
        trunk: list[Point] = [(0.5 + bend * (k / 6.0) ** 2, 0.86 - 0.085 * k) for k in range(7)]
        canvas.line(trunk, (92, 64, 42), 0.05)
        top = trunk[-1]
        if bare:
            for side in (-1.0, 1.0):
                for k in (2, 3, 4, 5):
                    x, y = trunk[k]
                    canvas.line(
                        [(x, y), (x + side * 0.16 + 0.6 * bend, y - 0.15 + 0.1 * abs(bend))], (92, 64, 42), 0.02
                    )
        else:
            for bx, by in blobs:
                lag = 0.02 * strength * math.sin(17.0 * second + 3.0 * bx)
                canvas.ellipse(
                    top[0] + 0.14 * bx + 0.3 * bend + lag,
                    top[1] + 0.11 * by,
                    0.12,
                    0.1,
                    colour=shade(crown, 1.0 + 0.15 * by),
                )
        for x in blades:
            tip = way * (0.09 * strength + 0.02 * math.sin(11.0 * second + 9.0 * x) * strength)
            canvas.line([(x, 0.92), (x + tip, 0.82 + 0.03 * strength)], shade(ground_colour, 0.75), 0.012)
        for index, (x0, y0, phase) in enumerate(leaves):
            if index / 14.0 < strength:
                x = (x0 + way * 1.3 * far) % 1.0
                y = 0.15 + 0.65 * y0 + 0.05 * math.sin(7.0 * second + 6.28 * phase)
                canvas.ellipse(x, y, 0.016, 0.011, colour=shade(crown, 0.7))

    tree = "a bare tree" if bare else "a leafy tree"
    caption = layer.pick(
        rng,
        (
            f"gusts of wind bending {tree}",
            f"wind blowing through {tree}",
            f"strong wind howls around {tree}",
            f"{tree} swaying in the wind",
        ),
    )
    return layer.Layer(
        label="wind",
        caption=caption,
        draw=draw,
        setting="outdoor",
        fills=True,
        intensity=course,
        ground=lambda canvas, reach: layer.floor(canvas, reach, "plain", ground_colour, 0.84),
        audio=_wind_sound(rng, seconds, course, 0.05 if bare else 0.35),
        notes={"object": tree},
    )


def _glow(canvas: Canvas, x: float, y: float, lamp: Colour, bright: float) -> None:
    for radius, alpha in ((0.3, 0.16), (0.2, 0.25), (0.13, 0.4)):
        canvas.ellipse(x, y, radius * (0.5 + 0.5 * bright), colour=with_alpha(lamp, alpha * bright))


def siren(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """An emergency vehicle: its lamps brighten as its wail rises, or change sides with the two tones."""
    two_tone = bool(rng.random() < 0.4)
    kind = layer.pick(rng, ("police car", "ambulance", "fire truck"))
    period = float(rng.uniform(0.8, 1.3) if two_tone else rng.uniform(0.9, 2.4))
    start = float(rng.random())
    lamp = {"police car": (60, 110, 255), "ambulance": (255, 50, 50), "fire truck": (255, 70, 40)}[kind]
    other: Colour = (255, 60, 60) if kind == "police car" else lamp
    body = {"police car": (40, 48, 66), "ambulance": (234, 234, 230), "fire truck": (186, 30, 28)}[kind]
    low, high = float(rng.uniform(420, 620)), float(rng.uniform(1_050, 1_500))

    def level(second: np.ndarray) -> np.ndarray:
        """0..1: the pitch and loudness of the wail and the brightness of the lamps."""
        turns = second / period + start
        if two_tone:
            return np.asarray((turns % 1.0 < 0.5) * 1.0)
        return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * turns))

    def draw(canvas: Canvas, second: float) -> None:
        bright = float(level(np.array([second]))[0])
        shape = _BODIES["car" if kind == "police car" else "van"]
        canvas.polygon(shape, body)
        canvas.polygon(_WINDOWS["car" if kind == "police car" else "van"], (120, 150, 176))
        stripe = (240, 240, 240) if kind != "ambulance" else (220, 60, 50)
        canvas.line([(0.1, 0.64), (0.9, 0.64)], stripe, 0.03)
        for x in (0.26, 0.76):
            _wheel(canvas, x, 0.74, 0.12, 0.0)
        roof = shape[3][1] if kind == "police car" else shape[1][1]
        y = roof - 0.05
        for x, colour, share in ((0.41, lamp, bright), (0.57, other, 1.0 - bright if two_tone else bright)):
            canvas.rectangle(
                (x - 0.075, y - 0.045),
                (x + 0.075, y + 0.05),
                mix(shade(colour, 0.25), shade(colour, 1.35), share),
                radius=0.03,
            )
            _glow(canvas, x, y, colour, share)
            if share > 0.6:
                canvas.ellipse(x, y, 0.05 * share, colour=(255, 250, 240))

    clock = _clock(seconds)
    strength = level(clock)
    smooth = np.convolve(np.pad(strength, 80, mode="edge"), np.ones(161) / 161.0, "valid")
    hertz = low * (high / low) ** smooth if not two_tone else low * np.where(strength > 0.5, 1.335, 1.0)
    phase = 2.0 * np.pi * np.cumsum(hertz) / sounds.SAMPLE_RATE
    track = sum(np.sin(order * phase) / order**1.1 for order in range(1, 6))
    gain = (
        (0.35 + 0.65 * smooth)
        if not two_tone
        else 1.0 - 0.9 * np.abs(np.gradient(smooth)) / max(float(np.abs(np.gradient(smooth)).max()), 1e-9)
    )
    caption = layer.pick(
        rng,
        (
            f"the siren of {'an' if kind == 'ambulance' else 'a'} {kind} wailing",
            f"{'an' if kind == 'ambulance' else 'a'} {kind} with flashing lights and its siren on",
            f"an emergency siren, {'two tones' if two_tone else 'rising and falling'}",
            f"a wailing {kind} siren",
        ),
    )
    return layer.Layer(
        label="siren",
        caption=caption,
        draw=draw,
        setting="night",
        intensity=lambda second: float(level(np.array([second]))[0]),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "plain", (48, 50, 58), 0.82),
        audio=sounds.finish(rng, np.asarray(track * gain), room=0.1, peak=(0.3, 0.6)),
        notes={"object": kind, "tone": "two tones" if two_tone else "wail"},
    )
