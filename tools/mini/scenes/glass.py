"""Glass that falls and shatters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.draw import mix, rotate_points, shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour, Point

_FLOOR = 0.84
_GRAVITY = 2.6
"""Picture heights a second squared, of shards."""
_OUTLINES: dict[str, list[Point]] = {
    "glass": [(-0.09, -0.2), (0.09, -0.2), (0.07, 0.0), (-0.07, 0.0)],
    "bottle": [
        (-0.03, -0.3),
        (0.03, -0.3),
        (0.035, -0.2),
        (0.08, -0.15),
        (0.08, 0.0),
        (-0.08, 0.0),
        (-0.08, -0.15),
        (-0.035, -0.2),
    ],
    "wine glass": [
        (-0.09, -0.26),
        (0.09, -0.26),
        (0.06, -0.12),
        (0.015, -0.1),
        (0.015, -0.02),
        (0.06, 0.0),
        (-0.06, 0.0),
        (-0.015, -0.02),
        (-0.015, -0.1),
        (-0.06, -0.12),
    ],
}


def _shards(rng: np.random.Generator, count: int) -> np.ndarray:
    """Initial speeds (x, y up), spin and size of each shard, shape (count, 4)."""
    return np.stack(
        [
            rng.normal(0.0, 0.38, count),
            rng.uniform(0.25, 1.15, count),
            rng.uniform(-14.0, 14.0, count),
            rng.uniform(0.025, 0.065, count),
        ],
        axis=1,
    )


@dataclass(frozen=True, kw_only=True)
class _Fall:
    """A glass of `outline` that leaves a shelf of height `shelf` and end `edge`, and needs `seconds` to the floor."""

    outline: list[Point]
    colour: Colour
    shelf: float
    edge: float
    seconds: float
    spin: float

    def paint(self, canvas: Canvas, left: float) -> None:
        """The whole glass, `left` seconds before it breaks."""
        slid = min(1.0, max(0.0, 1.0 - (left - self.seconds) / 0.8))
        fallen = max(0.0, 1.0 - left / self.seconds)
        x = self.edge - 0.16 + 0.18 * slid + 0.14 * fallen
        y = self.shelf + (_FLOOR - self.shelf) * fallen**2
        angle, centre = self.spin * fallen, (x, y - 0.1)
        canvas.polygon(rotate_points([(x + px, y + py) for px, py in self.outline], angle, centre), self.colour)
        canvas.line(
            rotate_points([(x - 0.04, y - 0.13), (x - 0.03, y - 0.03)], angle, centre), shade(self.colour, 1.7), 0.02
        )


def _broken(canvas: Canvas, x0: float, shards: np.ndarray, colour: Colour, past: float) -> None:
    if past < 0.1:
        layer.burst_marks(canvas, (x0, _FLOOR), (-math.pi, 0.0), past, count=9, colour=(255, 255, 255))
    for speed, up, rate, size in shards:
        flight = 2.0 * up / _GRAVITY
        when = min(past, flight)
        x = x0 + speed * when + 0.25 * speed * max(0.0, 1.0 - math.exp(-4.0 * (past - when))) * 0.4
        y = _FLOOR - up * when + 0.5 * _GRAVITY * when**2
        corners: list[Point] = [(x - size, y), (x + 0.6 * size, y - 0.9 * size), (x + 0.8 * size, y + 0.2 * size)]
        canvas.polygon(rotate_points(corners, rate * when, (x, y)), mix(colour, (255, 255, 255), 0.3 * (rate > 0)))


def _crash(rng: np.random.Generator, seconds: float, event: float, shards: np.ndarray) -> np.ndarray:
    landings = event + 2.0 * shards[:, 1] / _GRAVITY
    track = np.zeros(sounds.samples(seconds))
    base = float(rng.uniform(1_500, 2_300))
    body = sounds.bank(rng, base, (1.0, 1.32, 1.71, 2.2, 2.63, 3.1, 3.5, 4.2), decay=0.09, damping=0.3, tilt=0.1)
    sounds.add(track, event, sounds.burst(rng, 900, 7_200, 0.05), 0.32)
    sounds.add(track, event, sounds.burst(rng, 150, 1_500, 0.008), 0.25)
    sounds.add(track, event, body.strike(1.0), 1.2)
    for second in event + rng.exponential(0.07, 40):
        shard = sounds.bank(rng, rng.uniform(2_200, 5_500), (1.0, 1.5, 2.1), decay=rng.uniform(0.01, 0.04))
        sounds.add(track, float(second), shard.strike(float(rng.uniform(0.2, 0.7))), 0.7)
    for second, size in zip(landings, shards[:, 3], strict=True):
        shard = sounds.bank(rng, 100.0 / size + 800.0, (1.0, 1.6, 2.3), decay=rng.uniform(0.03, 0.07), damping=0.3)
        sounds.add(track, float(second), shard.strike(0.5), 0.5)
    return sounds.finish(rng, track, peak=(0.5, 0.8))


def glass_break(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A glass that slides off a shelf and shatters on the floor; shards tinkle where they land."""
    kind = layer.pick(rng, ("glass", "bottle", "wine glass"))
    surface = layer.pick(rng, ("stone", "tiled", "concrete"))
    fall = float(rng.uniform(0.4, 0.5))
    event = layer.snap(rng, float(rng.uniform(fall + 0.1, max(fall + 0.2, seconds - 1.3))))
    shelf = float(rng.uniform(0.3, 0.38))
    colour: Colour = layer.tint(rng, (60, 130, 80) if kind == "bottle" else (176, 220, 236), 12)
    shards = _shards(rng, 22)
    edge = float(rng.uniform(0.36, 0.46))
    spin = float(rng.uniform(1.2, 2.6))
    falling = _Fall(outline=_OUTLINES[kind], colour=colour, shelf=shelf, edge=edge, seconds=fall, spin=spin)
    ground_colour = layer.tint(rng, layer.FLOORS[surface], 10)

    def draw(canvas: Canvas, second: float) -> None:
        canvas.rectangle((0.04, shelf), (edge + 0.02, shelf + 0.05), (120, 84, 52))
        canvas.line([(0.1, shelf + 0.05), (0.1, _FLOOR)], (96, 66, 40), 0.03)
        if second < event - 0.009:
            falling.paint(canvas, event - second)
        else:
            _broken(canvas, edge + 0.16, shards, colour, second - event)

    caption = layer.pick(
        rng,
        (
            f"a {kind} falls and shatters on a {surface} floor",
            f"a {kind} breaking on the floor",
            f"the crash of a {kind} shattering on a {surface} floor",
            f"a {kind} drops from a shelf and breaks into pieces",
        ),
    )
    return layer.Layer(
        label="glass_break",
        caption=caption,
        draw=draw,
        events=(event,),
        ground=lambda canvas, reach: layer.floor(canvas, reach, surface, ground_colour, 0.78),
        audio=_crash(rng, seconds, event, shards),
        notes={"object": kind, "floor": surface},
    )
