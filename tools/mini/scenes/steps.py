"""Walking feet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.draw import shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour, Point

_FLOOR = 0.84


def _step_sound(rng: np.random.Generator, seconds: float, events: list[float], surface: str) -> np.ndarray:
    track = np.zeros(sounds.samples(seconds))
    plank = sounds.bank(rng, rng.uniform(85, 130), sounds.PLATE, decay=0.04, damping=0.5, tilt=0.9)
    hard = sounds.bank(rng, rng.uniform(900, 1_400), (1.0, 1.6, 2.4, 3.3), decay=0.008, tilt=0.3)
    for second in events:
        force = float(rng.uniform(0.7, 1.0))
        if surface in {"gravel", "snow"}:
            low, high = (900, 6_500) if surface == "gravel" else (250, 2_200)
            crunch = sounds.burst(rng, low, high, 0.05)
            rough = 0.25 + rng.exponential(0.75, crunch.size // 40 + 1).repeat(40)[: crunch.size]
            sounds.add(track, second, crunch * (rough if surface == "gravel" else 1.0), 0.3 * force)
            sounds.add(track, second, sounds.burst(rng, 80, 500, 0.012), 0.2 * force)
            sounds.add(track, second + 0.12, sounds.burst(rng, low, high, 0.03), 0.1 * force)
        else:
            sounds.add(track, second, plank.strike(force), 1.3 if surface == "wooden" else 0.3)
            sounds.add(track, second, hard.strike(force), 0.35 if surface == "wooden" else 0.9)
            sounds.add(track, second, sounds.burst(rng, 300, 4_000, 0.005), 0.1 * force)
            sounds.add(track, second + 0.11, sounds.burst(rng, 200, 1_500, 0.01), 0.04 * force)
    return sounds.finish(rng, track, room=0.0 if surface in {"gravel", "snow"} else 0.14)


def _leg(canvas: Canvas, hip: Point, ankle: Point, colour: Colour, shoe: Colour) -> None:
    thigh = 0.3
    reach = math.dist(hip, ankle)
    half = min(0.5 * reach, thigh)
    bulge = math.sqrt(max(0.0, thigh**2 - half**2))
    across, down = (ankle[0] - hip[0]) / reach, (ankle[1] - hip[1]) / reach
    knee = (hip[0] + across * half + down * bulge, hip[1] + down * half - across * bulge)
    canvas.line([hip, knee, ankle], colour, 0.095)
    heel = (ankle[0] - 0.055, ankle[1] + 0.055)
    canvas.polygon(
        [
            (heel[0], heel[1] - 0.1),
            (heel[0] + 0.1, heel[1] - 0.1),
            (heel[0] + 0.19, heel[1] - 0.035),
            (heel[0] + 0.19, heel[1]),
            heel,
        ],
        shoe,
    )


def _foot(stride: float, phase: float, index: int) -> tuple[float, float]:
    """Place of the foot that lands at step `index`, against the hip, and its height."""
    parity = (phase - index) % 2.0
    if parity < 1.25:  # planted since its landing
        return stride * (0.62 - 1.1 * parity), 0.0
    share = (parity - 1.25) / 0.75
    start = 0.62 - 1.1 * 1.25
    return stride * (start + (0.62 - start) * math.sin(0.5 * math.pi * share)), 0.13 * 4.0 * share * (1.0 - share)


def footsteps(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """Legs that walk; each heel sounds as it comes down."""
    surface = layer.pick(rng, ("wooden", "concrete", "gravel", "snow"))
    gap = max(seconds / 9.6, float(rng.uniform(0.38, 0.72)))
    events = [layer.snap(rng, 0.22 + float(rng.uniform(0.0, gap - 0.2)))]
    while (following := events[-1] + gap * float(rng.normal(1.0, 0.04))) < seconds - 0.12 and len(events) < 10:
        events.append(layer.snap(rng, following))
    cloth, shoe = shade(layer.vivid(rng), 0.7), layer.tint(rng, (40, 34, 32), 10)
    stride = float(rng.uniform(0.24, 0.31))
    knots = [events[0] - 2 * gap, events[0] - gap, *events, events[-1] + gap, events[-1] + 2 * gap]
    ground_colour = layer.tint(rng, layer.FLOORS[surface], 8)
    marks = rng.random((30, 2))

    def draw(canvas: Canvas, second: float) -> None:
        phase = float(np.interp(second, knots, np.arange(-2, len(knots) - 2)))
        for x0, y0 in marks:
            x = (x0 - 1.1 * stride * phase) % 1.0
            canvas.line(
                [(x, _FLOOR + 0.12 * y0), (min(1.0, x + 0.04), _FLOOR + 0.12 * y0)], shade(ground_colour, 0.7), 0.014
            )
        last, past = layer.since(second, events)
        hip = (0.5, 0.24 + 0.016 * max(0.0, 1.0 - past / 0.12))
        for index, colour in ((1, shade(cloth, 0.65)), (0, cloth)):
            x, height = _foot(stride, phase, index)
            _leg(canvas, hip, (hip[0] + x, _FLOOR - 0.055 - height), colour, shoe)
            if past < 0.12 and last % 2 == index:
                for way in (-1.0, 0.0, 1.0, 2.0):
                    canvas.ellipse(
                        hip[0] + x + 0.06 * way, _FLOOR - 0.01 - 0.25 * past, 0.014, colour=shade(ground_colour, 1.4)
                    )
        canvas.polygon(
            [(0.38, hip[1] - 0.26), (0.6, hip[1] - 0.26), (0.57, hip[1] + 0.04), (0.43, hip[1] + 0.04)],
            shade(cloth, 1.25),
        )

    pace = "slowly" if gap > 0.58 else "briskly" if gap < 0.47 else "steadily"
    ground = {"wooden": "a wooden floor", "concrete": "concrete", "gravel": "gravel", "snow": "snow"}[surface]
    caption = layer.pick(
        rng,
        (
            f"a person walking {pace} on {ground}",
            f"footsteps on {ground}",
            f"someone walks {pace} across {ground}",
            f"shoes stepping {pace} on {ground}",
        ),
    )
    return layer.Layer(
        label="footsteps",
        caption=caption,
        draw=draw,
        events=tuple(events),
        setting="outdoor" if surface in {"gravel", "snow"} else "indoor",
        ground=lambda canvas, reach: layer.floor(canvas, reach, "plain", ground_colour, 0.8),
        audio=_step_sound(rng, seconds, events, surface),
        notes={"floor": surface, "speed": pace},
    )
