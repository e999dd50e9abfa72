"""Struck bodies: a hammer, a drum, a door and a bell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vsseval.benchmarks.mini.make import sounds
from vsseval.benchmarks.mini.make.draw import mix, shade, turn
from vsseval.benchmarks.mini.make.scenes import layer

if TYPE_CHECKING:
    from vsseval.benchmarks.mini.make.draw import Canvas

_STEEL = (150, 154, 162)
_WOOD = (150, 104, 62)


def _forces(rng: np.random.Generator, count: int) -> list[float]:
    return [float(force) for force in np.clip(rng.normal(0.78, 0.16, count), 0.4, 1.0)]


def hammer(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A hammer that drives a nail into wood or beats on an anvil."""
    anvil = bool(rng.random() < 0.45)
    events = layer.beats(rng, seconds, (0.36, 0.8))
    forces = _forces(rng, len(events))
    top = float(rng.uniform(0.62, 0.7))
    handle, steel = layer.tint(rng, (170, 110, 50)), layer.tint(rng, (92, 96, 106), 10)
    block = layer.tint(rng, (70, 72, 80) if anvil else _WOOD)
    nail = 0.0 if anvil else 0.13
    step = nail * 0.8 / len(events)

    def draw(canvas: Canvas, second: float) -> None:
        last, past = layer.since(second, events)
        jolt = 0.02 * max(0.0, 1.0 - past / 0.06)
        stem = nail - step * (last + 1)
        face = top - stem
        if anvil:
            canvas.polygon(
                [(0.1, top + jolt), (0.74, top + jolt), (0.6, 0.8), (0.68, 1.0), (0.2, 1.0), (0.3, 0.8)], block
            )
            canvas.line([(0.12, top + jolt), (0.72, top + jolt)], shade(block, 1.3), 0.02)
        else:
            canvas.line([(0.38, face), (0.38, top)], (80, 82, 90), 0.025)
            canvas.line([(0.345, face), (0.415, face)], (80, 82, 90), 0.02)
            canvas.rectangle((0.08, top + jolt), (0.72, 1.0), block)
            for row in (0.08, 0.16, 0.25):
                canvas.line([(0.1, top + row), (0.7, top + row)], shade(block, 0.8), 0.008)
        angle = 1.05 * layer.lift(second, events, forces, 0.26)
        pivot = (0.88, face - 0.075)
        canvas.polygon(
            turn(
                [(0.9, pivot[1] - 0.025), (0.9, pivot[1] + 0.025), (0.4, pivot[1] + 0.02), (0.4, pivot[1] - 0.02)],
                angle,
                pivot,
            ),
            handle,
        )
        head = [(0.32, face), (0.44, face), (0.43, face - 0.19), (0.33, face - 0.19)]
        canvas.polygon(turn(head, angle, pivot), steel)
        canvas.ellipse(pivot[0] + 0.03, pivot[1], 0.065, colour=(222, 176, 144))
        if past < 0.11 and anvil:
            layer.burst_marks(canvas, (0.38, face), (-3.0, -0.14), past, count=7, colour=(255, 226, 120))

    base = float(rng.uniform(900, 1_500) if anvil else rng.uniform(180, 300))
    metal = sounds.bank(
        rng,
        base,
        sounds.BAR if anvil else sounds.PLATE,
        decay=0.28 if anvil else 0.03,
        damping=0.5,
        tilt=0.2 if anvil else 0.8,
    )
    tick = sounds.bank(rng, rng.uniform(2_600, 3_600), (1.0, 1.4, 1.9), decay=0.02)
    track = np.zeros(sounds.samples(seconds))
    for second, force in zip(events, forces, strict=True):
        sounds.add(track, second, metal.strike(force))
        sounds.add(track, second, tick.strike(force), 0.35)
        sounds.add(track, second, sounds.burst(rng, 600, 6_000, 0.003), 0.2 * force)
    speed = "fast" if np.mean(np.diff(events or [0])) < 0.5 and len(events) > 2 else "slow"
    target = "an anvil" if anvil else "a nail"
    caption = layer.pick(
        rng,
        (
            f"a hammer striking {target}" + ("" if anvil else " into wood"),
            f"{speed} hammering on {target}",
            f"someone hammers on {target}" if anvil else "someone hammers a nail into a wooden block",
            "a blacksmith's hammer ringing on an anvil" if anvil else "a hammer knocking a nail into a board",
        ),
    )
    return layer.Layer(
        label="hammer",
        caption=caption,
        draw=draw,
        events=tuple(events),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "concrete", (96, 92, 90), 0.9),
        audio=sounds.finish(rng, track),
        notes={"object": target.split()[1], "speed": speed},
    )


def drum(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """Sticks that beat a drum."""
    kind = layer.pick(rng, ("bass drum", "tom", "snare drum", "bongo"))
    base, decay = {
        "bass drum": (62.0, 0.22),
        "tom": (120.0, 0.18),
        "snare drum": (190.0, 0.07),
        "bongo": (330.0, 0.07),
    }[kind]
    width = {"bass drum": 0.36, "tom": 0.3, "snare drum": 0.3, "bongo": 0.2}[kind]
    events = layer.beats(rng, seconds, (0.32, 0.75), unsteady=0.22)
    forces = _forces(rng, len(events))
    shell, skin = layer.vivid(rng), layer.tint(rng, (232, 226, 210), 10)
    top = float(rng.uniform(0.52, 0.6))
    stick = layer.tint(rng, (190, 140, 84))

    def draw(canvas: Canvas, second: float) -> None:
        last, past = layer.since(second, events)
        hit = forces[last] * max(0.0, 1.0 - past / 0.12) if last >= 0 else 0.0
        dip = 0.02 * hit
        canvas.ellipse(0.5, 0.88 + dip, width, 0.075, colour=shade(shell, 0.7))
        canvas.rectangle((0.5 - width, top + dip), (0.5 + width, 0.88 + dip), shell)
        for post in (-0.7, -0.25, 0.25, 0.7):
            canvas.line([(0.5 + post * width, top + 0.03), (0.5 + post * width, 0.92)], shade(shell, 1.4), 0.014)
        canvas.ellipse(
            0.5, top + dip, width, 0.085, colour=mix(skin, (255, 200, 90), 0.9 * hit), outline=_STEEL, width=0.018
        )
        if hit > 0.0:
            canvas.ellipse(
                0.5,
                top + dip,
                width * (0.2 + 5.0 * past),
                0.085 * min(1.0, 0.2 + 5.0 * past),
                outline=shade(skin, 0.6),
                width=0.012,
            )
        for side in (0, 1):
            mine = [i for i in range(len(events)) if i % 2 == side]
            height = layer.lift(second, [events[i] for i in mine], [forces[i] for i in mine], 0.24) if mine else 0.55
            sign = 1.0 if side else -1.0
            tip = (0.5 + sign * 0.06, top + 0.0 - 0.34 * height)
            hand = (0.5 + sign * 0.42, top - 0.16 - 0.12 * height)
            canvas.line([hand, tip], stick, 0.026)
            canvas.ellipse(*tip, 0.026, colour=shade(stick, 1.3))
            canvas.ellipse(*hand, 0.05, colour=(214, 166, 134))

    body = sounds.bank(rng, base * rng.uniform(0.85, 1.2), sounds.MEMBRANE, decay=decay, damping=0.9, tilt=0.5)
    track = np.zeros(sounds.samples(seconds))
    for second, force in zip(events, forces, strict=True):
        sounds.add(track, second, body.strike(force))
        sounds.add(track, second, sounds.burst(rng, 300, 4_000, 0.004), 0.1 * force)
        if kind == "snare drum":
            sounds.add(track, second, sounds.burst(rng, 1_200, 7_000, 0.06), 0.1 * force)
    tempo = "quickly" if len(events) > 5 else "slowly"
    caption = layer.pick(
        rng,
        (
            f"someone {tempo} beating a {kind}",
            f"a {kind} being played with sticks",
            f"drumsticks hitting a {kind}",
            f"a drummer {tempo} strikes a {kind}",
        ),
    )
    return layer.Layer(
        label="drum",
        caption=caption,
        draw=draw,
        events=tuple(events),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "wooden", layer.FLOORS["wooden"], 0.86),
        audio=sounds.finish(rng, track),
        notes={"object": kind, "speed": tempo},
    )


def knock(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A fist that knocks on a door, in groups of two to four."""
    metal = bool(rng.random() < 0.3)
    events: list[float] = []
    second = 0.25 + float(rng.uniform(0.0, 0.8))
    while second < seconds - 0.3 and len(events) < 10:
        gap = float(rng.uniform(0.2, 0.3))
        for _ in range(int(rng.integers(2, 5))):
            if second < seconds - 0.25 and len(events) < 10:
                events.append(layer.snap(rng, second))
            second += gap * float(rng.normal(1.0, 0.06))
        second += float(rng.uniform(0.5, 1.0))
    forces = _forces(rng, len(events))
    door = layer.tint(rng, (118, 124, 132) if metal else (140, 88, 48))
    skin = layer.tint(rng, (214, 166, 134), 12)
    sleeve = layer.vivid(rng)
    high = float(rng.uniform(0.4, 0.6))

    def draw(canvas: Canvas, second: float) -> None:
        last, past = layer.since(second, events)
        jolt = 0.018 * max(0.0, 1.0 - past / 0.07)
        canvas.rectangle((0.06 - jolt, 0.02), (0.46 - jolt, 0.98), shade(door, 0.7))
        canvas.rectangle((0.1 - jolt, 0.06), (0.46 - jolt, 0.96), door)
        for panel in (0.12, 0.56):
            canvas.rectangle((0.16 - jolt, panel), (0.38 - jolt, panel + 0.32), shade(door, 0.82))
        canvas.ellipse(0.42 - jolt, 0.52, 0.02, colour=(220, 190, 90))
        away = 0.24 * layer.lift(second, events, forces, 0.16)
        fist = 0.46 - jolt + 0.085 + away
        canvas.line([(fist + 0.05, high + 0.02), (0.98, high + 0.24)], sleeve, 0.12)
        canvas.rectangle((fist - 0.085, high - 0.08), (fist + 0.085, high + 0.08), skin, radius=0.04)
        for finger in (-0.04, 0.0, 0.04):
            canvas.line([(fist - 0.08, high + finger), (fist - 0.01, high + finger)], shade(skin, 0.7), 0.008)
        if past < 0.09:
            layer.burst_marks(canvas, (0.44 - jolt, high - 0.08), (-2.2, -0.94), past)

    body = sounds.bank(
        rng,
        rng.uniform(170, 260) if metal else rng.uniform(105, 150),
        sounds.PLATE,
        decay=0.16 if metal else 0.035,
        damping=0.5,
        tilt=0.5 if metal else 1.0,
    )
    track = np.zeros(sounds.samples(seconds))
    for second, force in zip(events, forces, strict=True):
        sounds.add(track, second, body.strike(force * 0.8))
        sounds.add(track, second, sounds.burst(rng, 200, 2_400, 0.004), 0.08 * force)
    word = "metal" if metal else "wooden"
    caption = layer.pick(
        rng, (f"someone knocking on a {word} door", f"knocks on a {word} door", f"a fist knocks on a {word} door")
    )
    return layer.Layer(
        label="knock",
        caption=caption,
        draw=draw,
        events=tuple(events),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "wooden", (120, 92, 66), 0.97),
        audio=sounds.finish(rng, track, room=0.12),
        notes={"material": word},
    )


def bell(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A bell that swings until its clapper strikes, on one side and the other."""
    big = bool(rng.random() < 0.5)
    gap = max(seconds / 9.5, float(rng.uniform(0.6, 1.0) if big else rng.uniform(0.42, 0.65)))
    second = 0.22 + float(rng.uniform(0.0, gap - 0.2))
    events = [layer.snap(rng, second)]
    while (second := second + gap * float(rng.normal(1.0, 0.03))) < seconds - 0.1 and len(events) < 10:
        events.append(layer.snap(rng, second))
    metal = layer.tint(rng, (206, 160, 60) if rng.random() < 0.7 else (150, 152, 150), 12)
    swing, size = float(rng.uniform(0.26, 0.42)), 1.0 if big else 0.8
    knots = [events[0] - gap, *events, events[-1] + gap]

    def draw(canvas: Canvas, second: float) -> None:
        turns = float(np.interp(second, knots, np.arange(len(knots))))
        lean = swing * math.cos(math.pi * turns)
        # The clapper crosses at constant speed and turns back at once: a contact is a reversal.
        inner = 1.0 - 2.0 * abs((turns % 2.0) - 1.0)
        last, past = layer.since(second, events)
        pivot = (0.5, 0.16)
        reach = 0.56 * size
        kick = 0.06 * max(0.0, 1.0 - past / 0.1) * (1.0 if last % 2 else -1.0)
        canvas.line([(0.5, 0.0), pivot], (90, 70, 50), 0.05)
        shape = [
            (-0.07, 0.02),
            (-0.15, 0.12),
            (-0.18, 0.36),
            (-0.27, 0.52),
            (-0.27, 0.56),
            (0.27, 0.56),
            (0.27, 0.52),
            (0.18, 0.36),
            (0.15, 0.12),
            (0.07, 0.02),
        ]
        outline = [(pivot[0] + x * size, pivot[1] + y * size) for x, y in shape]
        tip = turn([(pivot[0], pivot[1] + reach + 0.09 * size)], -lean + inner * 0.33, pivot)[0]
        canvas.line([pivot, tip], (60, 56, 52), 0.03)
        canvas.polygon(turn(outline, -lean + kick, pivot), metal)
        band = [(pivot[0] - 0.25 * size, pivot[1] + 0.5 * size), (pivot[0] + 0.25 * size, pivot[1] + 0.5 * size)]
        canvas.line(turn(band, -lean + kick, pivot), shade(metal, 0.65), 0.02)
        shine = [(pivot[0] - 0.08 * size, pivot[1] + 0.12 * size), (pivot[0] - 0.12 * size, pivot[1] + 0.44 * size)]
        canvas.line(turn(shine, -lean + kick, pivot), shade(metal, 1.5), 0.03)
        canvas.ellipse(*tip, 0.055 * size, colour=(60, 56, 52))
        if past < 0.11:
            layer.burst_marks(canvas, tip, (-0.5, 0.5) if tip[0] > 0.5 else (2.64, 3.64), past)

    base = float(rng.uniform(210, 420) if big else rng.uniform(700, 1_300))
    body = sounds.bank(rng, base, sounds.BELL, decay=1.1 if big else 0.5, damping=0.75, tilt=0.15, seconds=2.5)
    track = np.zeros(sounds.samples(seconds))
    for index, second in enumerate(events):
        sounds.add(track, second, body.strike(0.85 if index % 2 else 0.78))
        sounds.add(track, second, sounds.burst(rng, 1_500, 7_000, 0.003), 0.12)
    word = layer.pick(rng, ("large", "heavy", "big") if big else ("small", "bright", "little"))
    caption = layer.pick(
        rng,
        (
            f"a {word} bell ringing",
            f"a {word} bell swings and rings",
            f"the tolling of a {word} bell" if big else f"a {word} hand bell being rung",
            f"a {word} metal bell being struck by its clapper",
        ),
    )
    return layer.Layer(
        label="bell",
        caption=caption,
        draw=draw,
        events=tuple(events),
        setting="outdoor" if big else "indoor",
        ground=lambda canvas, reach: canvas.rectangle((-reach, -reach), (1.0 + reach, 0.05), (104, 78, 52)),
        audio=sounds.finish(rng, track),
        notes={"size": word},
    )
