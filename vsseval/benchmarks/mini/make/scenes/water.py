"""Water: a dripping tap and rain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.benchmarks.mini.make import sounds
from vsseval.benchmarks.mini.make.draw import mix, shade
from vsseval.benchmarks.mini.make.scenes import layer

if TYPE_CHECKING:
    from vsseval.benchmarks.mini.make.draw import Canvas, Colour

_DROP: Colour = (120, 180, 235)


def _drip_sound(rng: np.random.Generator, seconds: float, events: list[float], metal: bool) -> np.ndarray:
    track = np.zeros(sounds.samples(seconds))
    pan = sounds.bank(rng, rng.uniform(900, 1_500), sounds.PLATE, decay=0.09, damping=0.5, tilt=0.3)
    hertz = float(rng.uniform(700, 1_700))
    for second in events:
        force = float(rng.uniform(0.6, 1.0))
        sounds.add(track, second, sounds.burst(rng, 1_500, 7_000, 0.0025), 0.25 * force)
        if metal:
            sounds.add(track, second, pan.strike(force), 1.0)
        else:
            sounds.add(track, second, sounds.bubble(hertz * rng.uniform(0.85, 1.2), 0.022, 0.25), 0.8 * force)
            for _ in range(int(rng.integers(1, 4))):
                late = second + rng.uniform(0.03, 0.12)
                sounds.add(track, late, sounds.bubble(hertz * rng.uniform(1.2, 2.2), 0.01), 0.25 * force)
    return sounds.finish(rng, track, room=0.1)


def drip(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A tap whose drops fall into water or onto a metal sink."""
    metal = bool(rng.random() < 0.4)
    events = layer.beats(rng, seconds, (0.4, 1.0), unsteady=0.2)
    fall = float(rng.uniform(0.26, 0.34))
    surface, mouth = float(rng.uniform(0.74, 0.8)), float(rng.uniform(0.2, 0.27))
    size = float(rng.uniform(0.03, 0.042))
    steel = layer.tint(rng, (168, 174, 184), 10)
    body = layer.tint(rng, (150, 156, 162) if metal else (46, 104, 160), 12)
    vessel = layer.vivid(rng)

    def basin(canvas: Canvas, past: float) -> None:
        if not metal:
            canvas.polygon([(0.12, surface), (0.88, surface), (0.8, 1.0), (0.2, 1.0)], vessel)
        canvas.ellipse(0.5, surface, 0.38, 0.1, colour=body, outline=shade(steel if metal else vessel, 0.7), width=0.02)
        if metal:
            canvas.ellipse(0.5, surface + 0.02, 0.06, 0.018, colour=shade(body, 0.5))
        if past < 0.6:
            for wave in (0.0, 0.12):
                spread = 0.55 * (past - wave) + 0.03
                if past >= wave and spread < 0.34 and not (metal and spread > 0.14):
                    lit = mix(shade(body, 1.6), body, past / 0.6)
                    canvas.ellipse(0.5, surface, spread, 0.26 * spread, outline=lit, width=0.016)
        if past < 0.26:
            for way in (-1.0, -0.5, 0.0, 0.5, 1.0):
                up = (1.5 - 0.5 * abs(way)) * past - 5.6 * past**2
                canvas.ellipse(0.5 + 0.55 * way * past, surface - 0.015 - up, 0.02, colour=(226, 240, 252))

    def draw(canvas: Canvas, second: float) -> None:
        last, past = layer.since(second, events)
        basin(canvas, past)
        canvas.rectangle((0.14, mouth - 0.16), (0.54, mouth - 0.08), steel, radius=0.03)
        canvas.rectangle((0.45, mouth - 0.14), (0.55, mouth), steel, radius=0.02)
        canvas.rectangle((0.26, mouth - 0.24), (0.34, mouth - 0.14), shade(steel, 0.8))
        canvas.rectangle((0.2, mouth - 0.26), (0.4, mouth - 0.22), shade(steel, 0.7), radius=0.02)
        for second_of in events:
            left = second_of - second
            if 0.0 < left <= fall:
                down = (surface - mouth) * (1.0 - left / fall) ** 2
                canvas.ellipse(0.5, mouth + down, size, size * 1.25, colour=_DROP)
                canvas.ellipse(0.49, mouth + down - 0.01, size * 0.35, colour=(235, 246, 255))
            elif fall < left < fall + 0.5:
                grown = size * (1.0 - (left - fall) / 0.5)
                canvas.ellipse(0.5, mouth + grown * 0.6, grown, grown, colour=_DROP)

    where = "a metal sink" if metal else layer.pick(rng, ("a bucket of water", "a basin full of water"))
    caption = layer.pick(
        rng,
        (
            f"water dripping from a tap into {where}",
            f"drops fall from a faucet into {where}",
            f"a leaking tap drips into {where}",
            f"single drops of water falling into {where}",
        ),
    )
    return layer.Layer(
        label="drip",
        caption=caption,
        draw=draw,
        events=tuple(events),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "tiled", layer.FLOORS["tiled"], 0.86),
        audio=_drip_sound(rng, seconds, events, metal),
        notes={"object": where},
    )


def _rain_sound(rng: np.random.Generator, seconds: float, course: layer.Curve, roof: bool) -> np.ndarray:
    count = sounds.samples(seconds)
    strength = course.at(np.arange(count) / sounds.SAMPLE_RATE)
    hiss = sounds.band_noise(rng, count, 1_200, 7_000, -1.0) * (0.5 if roof else 1.0)
    low = sounds.band_noise(rng, count, 250, 1_400, -2.0) * 0.35
    if roof:
        pan = sounds.bank(rng, 520.0, sounds.PLATE, decay=0.03, damping=0.3, tilt=0.2)
        kernels = [pan.strike(force) for force in (0.5, 0.9)]
    else:
        kernels = [sounds.bubble(float(rng.uniform(1_500, 4_500)), 0.004) for _ in range(4)]
    drops = sounds.grains(rng, 30.0 + 260.0 * strength**1.3, kernels)
    drops /= max(float(np.sqrt(np.mean(drops**2))), 1e-9)
    track = (hiss + low) * strength**1.3 + drops * (0.25 + 0.5 * strength) * (0.9 if roof else 0.4) * strength**0.5
    return sounds.finish(rng, track, room=0.0, peak=(0.3, 0.6))


def rain(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """Rain that grows and slackens, on a street, a lake or a metal roof."""
    where = layer.pick(rng, ("a street", "a lake", "a metal roof"))
    course = layer.Curve(rng, seconds, 0.08, 1.0, 1.3)
    colour = {"a street": (74, 78, 86), "a lake": (52, 84, 112), "a metal roof": (120, 110, 104)}[where]
    ground_colour = layer.tint(rng, colour, 8)
    drops = rng.random((90, 3))
    rank = rng.permutation(90) / 90.0
    splashes = rng.random((26, 3))
    lean = float(rng.uniform(-0.1, 0.1))
    top = float(rng.uniform(0.66, 0.76))
    speed = float(rng.uniform(2.2, 3.0))

    def draw(canvas: Canvas, second: float) -> None:
        strength = course(second)
        for index in np.flatnonzero(rank < strength):
            x0, phase, near = drops[index]
            fallen = (phase + (speed + 0.5 * near) * second) % 1.0
            y = -0.15 + fallen * (top + 0.24 * near + 0.1)
            x = x0 + lean * fallen
            length = 0.05 + 0.06 * near
            canvas.line([(x, y), (x + lean * length, y + length)], (198, 214, 232), 0.008 + 0.008 * near)
        for index, (x, y0, phase) in enumerate(splashes):
            if index / 26.0 < strength:
                age = (phase + 3.1 * second) % 1.0
                y = top + 0.04 + y0 * (0.96 - top)
                canvas.ellipse(x, y, 0.01 + 0.045 * age, 0.004 + 0.012 * age, outline=(190, 206, 224), width=0.008)

    def ground(canvas: Canvas, reach: float) -> None:
        layer.floor(canvas, reach, "plain", ground_colour, top)
        if where == "a metal roof":
            for step in range(-4, 12):
                x = step / 8.0
                if -reach <= x <= 1.0 + reach:
                    canvas.line([(x, top), (x, 1.0 + reach)], shade(ground_colour, 0.75), 0.012)

    heavy = "rain of changing strength"
    caption = layer.pick(
        rng,
        (
            f"rain falling on {where}",
            f"{heavy} falls on {where}",
            f"a rain shower on {where} grows and slackens",
            f"heavy rain pouring on {where}",
        ),
    )
    return layer.Layer(
        label="rain",
        caption=caption,
        draw=draw,
        ground=ground,
        setting="overcast",
        fills=True,
        intensity=course,
        audio=_rain_sound(rng, seconds, course, where == "a metal roof"),
        notes={"surface": where},
    )
