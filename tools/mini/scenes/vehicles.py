"""Vehicles: an engine at changing speed and a siren."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.clip import SAMPLE_RATE
from tools.mini.draw import mix, rotate_points, shade, with_alpha
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour, Point

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
_PIPES: dict[str, Point] = {"car": (0.06, 0.71), "van": (0.06, 0.72), "tractor": (0.74, 0.36)}


def _wheel(canvas: Canvas, x: float, y: float, radius: float, angle: float) -> None:
    canvas.ellipse(x, y, radius, colour=(30, 30, 34))
    canvas.ellipse(x, y, 0.62 * radius, colour=(176, 178, 184))
    for spoke in range(3):
        tip = rotate_points([(x + 0.6 * radius, y)], angle + spoke * 2.0944, (x, y))[0]
        canvas.line([(x, y), tip], (60, 60, 66), 0.022)


def _exhaust(canvas: Canvas, second: float, strength: float, pipe: Point, puffs: np.ndarray) -> None:
    """Puffs of smoke from a pipe's end, more and bigger ones the harder the engine works."""
    up = pipe[1] < 0.5
    for index, phase in enumerate(puffs):
        if index / puffs.size < 0.15 + strength:
            age = float(phase + 1.4 * second) % 1.0
            grey = with_alpha((90, 90, 96) if up else (150, 150, 156), 0.8 * (1.0 - age))
            y = pipe[1] - (0.3 if up else 0.08) * age
            canvas.ellipse(pipe[0] - 0.18 * age, y, 0.02 + 0.055 * age * (0.4 + strength), colour=grey)


def _engine_sound(rng: np.random.Generator, seconds: float, course: layer.Curve, idle: float) -> np.ndarray:
    strength = course.at(sounds.clock(seconds))
    hertz = idle * (1.0 + 2.4 * strength)
    phase = 2.0 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    track = np.zeros(strength.size)
    for order in range(1, 26):
        gain = rng.uniform(0.4, 1.0) * order**-0.6
        track += gain * (0.45 + 0.55 * strength ** (0.3 + 0.08 * order)) * np.sin(order * phase + rng.uniform(0, 6.28))
    pulses = np.maximum(0.0, np.sin(phase)) ** 4
    track += sounds.band_noise(rng, strength.size, 300, 3_500, -3.0) * (0.1 + 0.4 * pulses) * (0.3 + 0.9 * strength)
    return sounds.finish(rng, track * (0.22 + 0.78 * strength), room=0.0, peak=(0.4, 0.75))


def engine(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A vehicle whose engine revs up and down: wheels, road and shaking follow the speed."""
    kind = layer.pick(rng, ("car", "van", "tractor"))
    course = layer.Curve(rng, seconds, 0.05, 1.0, 1.1)
    idle = float({"car": rng.uniform(38, 52), "van": rng.uniform(28, 38), "tractor": rng.uniform(18, 25)}[kind])
    clock = sounds.clock(seconds)
    rolled = np.cumsum(course.at(clock)) / SAMPLE_RATE
    colour = layer.vivid(rng)
    wheels = ((0.26, 0.14), (0.76, 0.14)) if kind != "tractor" else ((0.3, 0.19), (0.78, 0.12))
    mark, puffs = float(rng.random()), rng.random(8)

    def draw(canvas: Canvas, second: float) -> None:
        strength = course(second)
        way = float(np.interp(second, clock, rolled))
        for step in range(5):
            x = (step / 5.0 + mark - 1.6 * way) % 1.0
            canvas.rectangle((x, 0.895), (min(1.0, x + 0.1), 0.92), (226, 222, 200))
        shake = 0.016 * strength * math.sin(71.0 * second) + 0.006 * math.sin(47.0 * second)
        body = canvas.view(0.12, 0.09, 0.88)
        _exhaust(body, second, strength, _PIPES[kind], puffs)
        if kind == "tractor":
            body.line([(0.74, 0.38 + shake), (0.74, 0.54)], (60, 60, 64), 0.035)
        body.polygon([(x, y + shake) for x, y in _BODIES[kind]], colour)
        body.polygon([(x, y + shake) for x, y in _WINDOWS[kind]], (190, 216, 232))
        body.line([(0.1, 0.66 + shake), (0.9, 0.66 + shake)], shade(colour, 0.7), 0.016)
        for x, radius in wheels:
            _wheel(body, x, 0.88 - radius, radius, 11.0 * way * 0.14 / radius)

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


def _glow(canvas: Canvas, x: float, y: float, lamp: Colour, bright: float) -> None:
    for radius, alpha in ((0.3, 0.16), (0.2, 0.25), (0.13, 0.4)):
        canvas.ellipse(x, y, radius * (0.5 + 0.5 * bright), colour=with_alpha(lamp, alpha * bright))


def _lamp(canvas: Canvas, x: float, y: float, colour: Colour, bright: float) -> None:
    glass = mix(shade(colour, 0.25), shade(colour, 1.35), bright)
    canvas.rectangle((x - 0.075, y - 0.045), (x + 0.075, y + 0.05), glass, radius=0.03)
    _glow(canvas, x, y, colour, bright)
    if bright > 0.6:
        canvas.ellipse(x, y, 0.05 * bright, colour=(255, 250, 240))


@dataclass(frozen=True, kw_only=True)
class _Wail:
    """The course of a siren: pitch, loudness and lamps follow the same 0..1."""

    period: float
    start: float
    two_tone: bool

    def at(self, second: np.ndarray) -> np.ndarray:
        turns = second / self.period + self.start
        if self.two_tone:
            return np.asarray((turns % 1.0 < 0.5) * 1.0)
        return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * turns))

    def __call__(self, second: float) -> float:
        return float(self.at(np.array([second]))[0])

    def sound(self, rng: np.random.Generator, seconds: float) -> np.ndarray:
        low = float(rng.uniform(420.0, 620.0))
        high = low * (4.0 / 3.0 if self.two_tone else float(rng.uniform(2.0, 2.6)))
        strength = self.at(sounds.clock(seconds))
        # 10 ms of smoothing keep the steps of the two tones from clicking.
        smooth = np.convolve(np.pad(strength, 80, mode="edge"), np.full(161, 1.0 / 161.0), "valid")
        phase = 2.0 * np.pi * np.cumsum(low * (high / low) ** smooth) / SAMPLE_RATE
        track = np.zeros(strength.size)
        for order in range(1, 6):
            track += np.sin(order * phase) / order**1.1
        return sounds.finish(rng, track * (0.4 + 0.6 * smooth), room=0.1, peak=(0.3, 0.6))


_LAMPS: dict[str, tuple[Colour, Colour]] = {
    "police car": ((60, 110, 255), (255, 60, 60)),
    "ambulance": ((255, 50, 50), (255, 50, 50)),
    "fire truck": ((255, 70, 40), (255, 70, 40)),
}
_PAINT: dict[str, tuple[Colour, Colour]] = {
    "police car": ((40, 48, 66), (240, 240, 240)),
    "ambulance": ((234, 234, 230), (220, 60, 50)),
    "fire truck": ((186, 30, 28), (240, 240, 240)),
}


def siren(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """An emergency vehicle: its lamps brighten as its wail rises, or change sides with the two tones."""
    two_tone = bool(rng.random() < 0.4)
    kind = layer.pick(rng, ("police car", "ambulance", "fire truck"))
    period = float(rng.uniform(0.8, 1.3) if two_tone else rng.uniform(0.9, 2.4))
    wail = _Wail(period=period, start=float(rng.random()), two_tone=two_tone)
    shape = "car" if kind == "police car" else "van"
    roof = min(y for _, y in _BODIES[shape])
    (first, other), (body, stripe) = _LAMPS[kind], _PAINT[kind]

    def draw(canvas: Canvas, second: float) -> None:
        bright = wail(second)
        canvas.polygon(_BODIES[shape], body)
        canvas.polygon(_WINDOWS[shape], (120, 150, 176))
        canvas.line([(0.1, 0.64), (0.9, 0.64)], stripe, 0.03)
        for x in (0.26, 0.76):
            _wheel(canvas, x, 0.74, 0.12, 0.0)
        _lamp(canvas, 0.41, roof - 0.05, first, bright)
        _lamp(canvas, 0.57, roof - 0.05, other, 1.0 - bright if two_tone else bright)

    article = "an" if kind == "ambulance" else "a"
    caption = layer.pick(
        rng,
        (
            f"the siren of {article} {kind} wailing",
            f"{article} {kind} with flashing lights and its siren on",
            f"an emergency siren, {'two tones' if two_tone else 'rising and falling'}",
            f"a wailing {kind} siren",
        ),
    )
    return layer.Layer(
        label="siren",
        caption=caption,
        draw=draw,
        setting="night",
        intensity=wail,
        ground=lambda canvas, reach: layer.floor(canvas, reach, "plain", (48, 50, 58), 0.82),
        audio=wail.sound(rng, seconds),
        notes={"object": kind, "tone": "two tones" if two_tone else "wail"},
    )
