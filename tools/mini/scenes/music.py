"""Instruments that are struck: a drum and a bell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.draw import mix, rotate_points, shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour, Point

_STEEL = (150, 154, 162)
_BELL: list[Point] = [
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


def _drum(canvas: Canvas, place: Point, colours: tuple[Colour, Colour], hit: float, past: float) -> None:
    """A drum of half width and top `place`; `hit` 0..1 is what is left of the last blow, `past` its age."""
    width, top = place
    shell, skin = colours
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


def _drum_sound(
    rng: np.random.Generator, seconds: float, events: list[float], forces: list[float], kind: str
) -> np.ndarray:
    base, decay = {
        "bass drum": (62.0, 0.22),
        "tom": (120.0, 0.18),
        "snare drum": (190.0, 0.07),
        "bongo": (330.0, 0.07),
    }[kind]
    body = sounds.bank(rng, base * rng.uniform(0.85, 1.2), sounds.MEMBRANE, decay=decay, damping=0.9, tilt=0.5)
    track = np.zeros(sounds.samples(seconds))
    for second, force in zip(events, forces, strict=True):
        sounds.add(track, second, body.strike(force))
        sounds.add(track, second, sounds.burst(rng, 300, 4_000, 0.004), 0.1 * force)
        if kind == "snare drum":
            sounds.add(track, second, sounds.burst(rng, 1_200, 7_000, 0.06), 0.1 * force)
    return sounds.finish(rng, track)


def drum(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """Sticks that beat a drum."""
    kind = layer.pick(rng, ("bass drum", "tom", "snare drum", "bongo"))
    width = {"bass drum": 0.36, "tom": 0.3, "snare drum": 0.3, "bongo": 0.2}[kind]
    events = layer.beats(rng, seconds, (0.32, 0.75), unsteady=0.22)
    forces = layer.blow_forces(rng, len(events))
    shell, skin = layer.vivid(rng), layer.tint(rng, (232, 226, 210), 10)
    top = float(rng.uniform(0.52, 0.6))
    stick = layer.tint(rng, (190, 140, 84))

    def draw(canvas: Canvas, second: float) -> None:
        last, past = layer.since(second, events)
        hit = forces[last] * max(0.0, 1.0 - past / 0.12) if last >= 0 else 0.0
        _drum(canvas, (width, top), (shell, skin), hit, past)
        for side in (0, 1):
            mine = [i for i in range(len(events)) if i % 2 == side]
            height = layer.lift(second, [events[i] for i in mine], [forces[i] for i in mine], 0.24) if mine else 0.55
            sign = 1.0 if side else -1.0
            tip = (0.5 + sign * 0.06, top - 0.34 * height)
            hand = (0.5 + sign * 0.42, top - 0.16 - 0.12 * height)
            canvas.line([hand, tip], stick, 0.026)
            canvas.ellipse(*tip, 0.026, colour=shade(stick, 1.3))
            canvas.ellipse(*hand, 0.05, colour=(214, 166, 134))

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
        audio=_drum_sound(rng, seconds, events, forces, kind),
        notes={"object": kind, "speed": tempo},
    )


def _swung(canvas: Canvas, size: float, metal: Colour, lean: float, clapper: float) -> Point:
    """A bell at an angle and its clapper at another; returns where the clapper's ball is."""
    pivot = (0.5, 0.16)
    canvas.line([(0.5, 0.0), pivot], (90, 70, 50), 0.05)
    outline = [(pivot[0] + x * size, pivot[1] + y * size) for x, y in _BELL]
    tip = rotate_points([(pivot[0], pivot[1] + 0.65 * size)], clapper, pivot)[0]
    canvas.line([pivot, tip], (60, 56, 52), 0.03)
    canvas.polygon(rotate_points(outline, lean, pivot), metal)
    band = [(pivot[0] - 0.25 * size, pivot[1] + 0.5 * size), (pivot[0] + 0.25 * size, pivot[1] + 0.5 * size)]
    canvas.line(rotate_points(band, lean, pivot), shade(metal, 0.65), 0.02)
    shine = [(pivot[0] - 0.08 * size, pivot[1] + 0.12 * size), (pivot[0] - 0.12 * size, pivot[1] + 0.44 * size)]
    canvas.line(rotate_points(shine, lean, pivot), shade(metal, 1.5), 0.03)
    canvas.ellipse(*tip, 0.055 * size, colour=(60, 56, 52))
    return tip


def _bell_sound(rng: np.random.Generator, seconds: float, events: list[float], *, big: bool) -> np.ndarray:
    base = float(rng.uniform(210, 420) if big else rng.uniform(700, 1_300))
    body = sounds.bank(rng, base, sounds.BELL, decay=1.1 if big else 0.5, damping=0.75, tilt=0.15, seconds=2.5)
    track = np.zeros(sounds.samples(seconds))
    for index, second in enumerate(events):
        sounds.add(track, second, body.strike(0.85 if index % 2 else 0.78))
        sounds.add(track, second, sounds.burst(rng, 1_500, 7_000, 0.003), 0.12)
    return sounds.finish(rng, track)


def bell(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A bell that swings until its clapper strikes, on one side and the other."""
    big = bool(rng.random() < 0.5)
    gap = max(seconds / 9.5, float(rng.uniform(0.6, 1.0) if big else rng.uniform(0.42, 0.65)))
    second = 0.22 + float(rng.uniform(0.0, gap - 0.2))
    events = [layer.snap(rng, second)]
    while (second := second + gap * float(rng.normal(1.0, 0.03))) < seconds - 0.1 and len(events) < 10:
        events.append(layer.snap(rng, second))
    metal = layer.tint(rng, (206, 160, 60) if rng.random() < 0.7 else (150, 152, 150), 12)
    swing, size = float(rng.uniform(0.22, 0.36)), 0.92 if big else 0.76
    knots = [events[0] - gap, *events, events[-1] + gap]

    def draw(canvas: Canvas, second: float) -> None:
        turns = float(np.interp(second, knots, np.arange(len(knots))))
        lean = swing * math.cos(math.pi * turns)
        # The clapper crosses at constant speed and turns back at once: a contact is a reversal.
        inner = 1.0 - 2.0 * abs((turns % 2.0) - 1.0)
        last, past = layer.since(second, events)
        kick = 0.06 * max(0.0, 1.0 - past / 0.1) * (1.0 if last % 2 else -1.0)
        tip = _swung(canvas, size, metal, kick - lean, 0.33 * inner - lean)
        if past < 0.11:
            layer.burst_marks(canvas, tip, (-0.5, 0.5) if tip[0] > 0.5 else (2.64, 3.64), past)

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
        audio=_bell_sound(rng, seconds, events, big=big),
        notes={"size": word},
    )
