"""Bouncing balls: gravity and restitution set the times, ball and floor set the sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.draw import shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour

_FLOOR = 0.84


@dataclass(frozen=True, kw_only=True)
class _Ball:
    name: str
    adjectives: tuple[str, ...]
    colours: tuple[Colour, ...]
    radius: tuple[float, float]
    restitution: tuple[float, float]
    hertz: tuple[float, float]
    decay: float
    click: tuple[float, float]
    """Corner frequency of the contact noise and its level."""


_BALLS = (
    _Ball(
        name="basketball", adjectives=("heavy", "big", "orange"), colours=((216, 112, 40), (190, 88, 36)),
        radius=(0.12, 0.15), restitution=(0.74, 0.82), hertz=(75.0, 110.0), decay=0.055, click=(900.0, 0.15),
    ),
    _Ball(
        name="rubber ball", adjectives=("small", "bouncy", "bright"), colours=((210, 40, 60), (40, 100, 210)),
        radius=(0.07, 0.1), restitution=(0.82, 0.9), hertz=(230.0, 380.0), decay=0.03, click=(2_000.0, 0.2),
    ),
    _Ball(
        name="tennis ball", adjectives=("worn", "soft", "yellow"), colours=((204, 222, 60), (190, 205, 80)),
        radius=(0.065, 0.08), restitution=(0.7, 0.78), hertz=(300.0, 420.0), decay=0.016, click=(1_400.0, 0.35),
    ),
    _Ball(
        name="ping-pong ball", adjectives=("light", "small", "hollow"), colours=((245, 245, 240), (240, 160, 60)),
        radius=(0.045, 0.06), restitution=(0.84, 0.92), hertz=(1_700.0, 2_600.0), decay=0.009, click=(5_000.0, 0.4),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class _Flight:
    contacts: list[float]
    forces: list[float]
    height: float
    whole: float
    """Seconds of a flight up to `height` and back."""

    def above(self, second: float) -> float:
        """Height of the ball over the floor."""
        following = int(np.searchsorted(np.asarray(self.contacts), second, "right"))
        if following == 0:
            fallen = max(0.0, 1.0 - (self.contacts[0] - second) / (0.5 * self.whole))
            return self.height * (1.0 - fallen**2)
        if following == len(self.contacts):
            last = self.forces[-1] * self.whole * 0.5
            share = (second - self.contacts[-1]) / max(last, 0.05)
            arc = self.height * (last / self.whole) ** 2
            return arc * 4.0 * share * (1.0 - share) if share < 1.0 else 0.0
        gap = self.contacts[following] - self.contacts[following - 1]
        share = (second - self.contacts[following - 1]) / gap
        return self.height * (gap / self.whole) ** 2 * 4.0 * share * (1.0 - share)


def _fly(rng: np.random.Generator, seconds: float, restitution: float) -> _Flight:
    """Contacts of a ball let go from a height: each flight lasts `restitution` times the one before."""
    height = float(rng.uniform(0.45, 0.62))
    whole = float(rng.uniform(0.66, 0.98))
    second = 0.24 + float(rng.uniform(0.0, 1.0))
    contacts, forces, gap = [layer.snap(rng, second)], [1.0], whole
    while len(contacts) < 10:
        gap *= restitution
        second += gap
        if gap < 0.17 or second > seconds - 0.15:
            break
        contacts.append(layer.snap(rng, second))
        forces.append(gap / whole)
    return _Flight(contacts, forces, height, whole)


def _dribble(rng: np.random.Generator, seconds: float) -> _Flight:
    """Contacts of a ball that a hand keeps pushing down, at a tempo that wanders."""
    whole = float(rng.uniform(0.42, 0.68))
    second = 0.24 + float(rng.uniform(0.0, 0.6))
    contacts = [layer.snap(rng, second)]
    while len(contacts) < 10:
        second += whole * float(np.clip(rng.normal(0.9, 0.12), 0.65, 1.0))
        if second > seconds - 0.15:
            break
        contacts.append(layer.snap(rng, second))
    forces = [float(force) for force in rng.uniform(0.7, 1.0, len(contacts))]
    return _Flight(contacts, forces, float(rng.uniform(0.36, 0.46)), whole)


def _hand(canvas: Canvas, x: float, top: float, skin: Colour) -> None:
    canvas.line([(x + 0.3, top - 0.2), (x + 0.06, top - 0.04)], skin, 0.07)
    canvas.line([(x - 0.09, top - 0.025), (x + 0.07, top - 0.035)], skin, 0.05)


def _sound(rng: np.random.Generator, seconds: float, ball: _Ball, surface: str, flight: _Flight) -> np.ndarray:
    base = rng.uniform(*ball.hertz)
    body = sounds.bank(rng, base, (1.0, 1.47, 2.1, 2.9, 4.2, 6.3), decay=ball.decay, damping=0.5, tilt=0.7)
    wood = surface == "wooden"
    plank = sounds.bank(
        rng, rng.uniform(140, 210) if wood else rng.uniform(420, 700), sounds.PLATE,
        decay=0.05 if wood else 0.01, damping=0.6, tilt=0.8,
    )  # fmt: skip
    track = np.zeros(sounds.samples(seconds))
    corner, level = ball.click
    for second, force in zip(flight.contacts, flight.forces, strict=True):
        click = sounds.burst(rng, 120.0, corner * (0.4 + 0.6 * force), 0.004)
        hit = body.strike(force)
        sounds.add(track, second, hit)
        sounds.add(track, second, plank.strike(force), 0.9 if wood else 0.5)
        sounds.add(track, second, click, level * 0.5 * force**1.3)
    return sounds.finish(rng, track, room=0.08)


def _paint(canvas: Canvas, ball: _Ball, colour: Colour, place: tuple[float, float, float], squash: float) -> None:
    x, y, radius = place
    rx, ry = radius * (1.0 + 0.5 * squash), radius * (1.0 - squash)
    dark = shade(colour, 0.45)
    canvas.ellipse(x, y, rx, ry, colour=colour, outline=dark, width=0.012)
    if ball.name == "basketball":
        canvas.line([(x - rx, y), (x + rx, y)], dark, 0.01)
        canvas.line([(x, y - ry), (x, y + ry)], dark, 0.01)
    elif ball.name == "tennis ball":
        canvas.arc(x - rx, y, rx, ry, degrees=(-50, 50), colour=(250, 250, 250), width=0.012)
    canvas.ellipse(x - 0.35 * rx, y - 0.4 * ry, 0.22 * rx, 0.2 * ry, colour=shade(colour, 1.6))


def ball_bounce(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A ball that falls and bounces, lower each time."""
    ball = _BALLS[int(rng.integers(len(_BALLS)))]
    surface = layer.pick(rng, ("wooden", "concrete", "stone"))
    ground_colour = layer.tint(rng, layer.FLOORS[surface], 12)
    colour = layer.tint(rng, ball.colours[int(rng.integers(len(ball.colours)))])
    radius = float(rng.uniform(*ball.radius))
    dribbled = bool(ball.name in {"basketball", "rubber ball"} and rng.random() < 0.4)
    flight = _dribble(rng, seconds) if dribbled else _fly(rng, seconds, float(rng.uniform(*ball.restitution)))
    skin = layer.tint(rng, (206, 158, 126), 14)
    start, speed = float(rng.uniform(0.3, 0.5)), 0.0 if dribbled else float(rng.uniform(-0.04, 0.1))

    def draw(canvas: Canvas, second: float) -> None:
        above = flight.above(second)
        last, past = layer.since(second, flight.contacts)
        squash = 0.32 * flight.forces[last] * max(0.0, 1.0 - past / 0.035) if last >= 0 else 0.0
        x = min(0.85, max(0.15, start + speed * second))
        shadow = max(0.35, 1.0 - above)
        canvas.ellipse(x, _FLOOR, radius * shadow, 0.02 * shadow, colour=shade(ground_colour, 0.55))
        if dribbled:
            rest = _FLOOR - 2.0 * radius - 0.75 * flight.height
            _hand(canvas, x, min(rest, _FLOOR - 2.0 * radius - above), skin)
        _paint(canvas, ball, colour, (x, _FLOOR - above - radius * (1.0 - squash), radius), squash)

    adjective = layer.pick(rng, ball.adjectives)
    caption = layer.pick(rng, (
        f"a {adjective} {ball.name} bouncing on a {surface} floor",
        f"a {ball.name} bounces on a {surface} floor",
        f"a {adjective} {ball.name} drops onto a {surface} floor and bounces",
        f"the sound of a {ball.name} bouncing on a {surface} floor",
    ))  # fmt: skip
    if dribbled:
        caption = layer.pick(rng, (
            f"someone dribbling a {adjective} {ball.name} on a {surface} floor",
            f"a hand bounces a {ball.name} on a {surface} floor",
        ))  # fmt: skip
    return layer.Layer(
        label="ball_bounce", caption=caption, draw=draw, events=tuple(flight.contacts),
        ground=lambda canvas, reach: layer.floor(canvas, reach, surface, ground_colour, 0.74),
        audio=_sound(rng, seconds, ball, surface, flight),
        notes={"object": ball.name, "floor": surface},
    )  # fmt: skip
