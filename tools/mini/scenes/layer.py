"""What a sounding object is made of, and the timing and drawing that several of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from tools.mini.clip import FPS
from tools.mini.draw import Canvas, Colour, Point, mix, shade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Setting = Literal["indoor", "outdoor", "overcast", "night"]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A sounding object: its picture at any time, its sound, and what is known about both.

    It draws inside the unit square of whatever `Canvas` it is given, over whatever is there already: to put it into a
    part of a picture, draw it on `canvas.view(x, y, scale)`.
    """

    label: str
    caption: str
    draw: Callable[[Canvas, float], None]
    """`draw(canvas, second)` paints the object as it is at that time."""
    ground: Callable[[Canvas, float], None]
    """`ground(canvas, reach)` paints what the object stands on, `reach` beyond the unit square on the left, on the
    right and below: 1 to fill a picture of its own, 0 to stay inside the region of a joint clip."""
    audio: np.ndarray
    """float32 (n,), n = round(seconds * SAMPLE_RATE)."""
    setting: Setting = "indoor"
    """The surroundings that go with it."""
    events: tuple[float, ...] = ()
    """Seconds of the contacts; empty for continuous classes."""
    intensity: Callable[[float], float] | None = None
    """Of continuous classes: 0..1, what both the picture's motion and the loudness follow."""
    fills: bool = False
    """Whether it lies over its whole unit square, so that a camera must not look past the edges."""
    notes: dict[str, str] = field(default_factory=dict)


class Curve:
    """A smooth random course of an intensity between 0 and 1 that goes through both extremes of its range.

    Args:
        rng: Draws the values.
        seconds: Length of the course.
        low: Smallest value.
        high: Largest value.
        pace: Seconds between turning points, on average.
    """

    def __init__(
        self, rng: np.random.Generator, seconds: float, low: float = 0.1, high: float = 1.0, pace: float = 0.9
    ) -> None:
        """Draw the turning points."""
        count = max(3, round(seconds / pace) + 1)
        knots = np.sort(rng.uniform(0.1, seconds - 0.1, count - 2))
        self._times = np.concatenate(([0.0], 0.5 * (knots + np.linspace(0, seconds, count)[1:-1]), [seconds]))
        values = rng.random(count)
        if count > 3:  # alternate, so that a clip has more than one rise or fall
            values = np.sort(values)
            values = np.where(np.arange(count) % 2 == rng.integers(2), values, values[::-1] * 0.6)
        spread = max(float(np.ptp(values)), 1e-6)
        self._values = low + (high - low) * (values - values.min()) / spread

    def at(self, second: np.ndarray) -> np.ndarray:
        """The values at these seconds, same shape."""
        place = np.clip(np.searchsorted(self._times, second, "right") - 1, 0, self._times.size - 2)
        left, right = self._times[place], self._times[place + 1]
        share = np.clip((second - left) / np.maximum(right - left, 1e-6), 0.0, 1.0)
        share = share * share * (3.0 - 2.0 * share)
        return np.asarray(self._values[place] + (self._values[place + 1] - self._values[place]) * share)

    def __call__(self, second: float) -> float:
        """The value at one second."""
        return float(self.at(np.array([second]))[0])


def snap(rng: np.random.Generator, second: float) -> float:
    """Move a contact to within 8 ms of a frame, so that a picture shows it."""
    return round(second * FPS) / FPS + float(rng.uniform(-0.008, 0.008))


def beats(
    rng: np.random.Generator, seconds: float, gap: tuple[float, float], *, unsteady: float = 0.15, most: int = 10
) -> list[float]:
    """Times of blows that follow a random tempo, each seen in a frame; at least one, at most `most`.

    Args:
        rng: Draws the tempo, the start and each gap.
        seconds: Length of the clip; the last blow leaves 0.25 s to ring.
        gap: Range of the mean gap between blows, seconds.
        unsteady: Relative standard deviation of a gap.
        most: Largest number of blows.
    """
    mean = rng.uniform(*gap)
    second = 0.24 + rng.uniform(0.0, min(1.2, max(0.3, 1.5 * mean)))
    stop = seconds - 0.25
    found = [snap(rng, min(second, stop))]
    while len(found) < most:
        second += mean * max(0.5, rng.normal(1.0, unsteady))
        if second > stop:
            break
        found.append(snap(rng, second))
    return found[: int(rng.integers(max(1, len(found) // 2), len(found) + 1))]


def blow_forces(rng: np.random.Generator, count: int) -> list[float]:
    """Forces 0.4..1 of a row of blows."""
    return [float(force) for force in np.clip(rng.normal(0.78, 0.16, count), 0.4, 1.0)]


def lift(second: float, events: Sequence[float], forces: Sequence[float], lead: float = 0.3) -> float:
    """Height of a striking tool: 0 at each contact, about 1 at the top before the hardest blow.

    Between blows it flies a parabola, so that it meets its target at full speed; it waits raised before the first
    blow (`lead` seconds of fall) and rests half raised after the last.
    """
    following = int(np.searchsorted(np.asarray(events), second, "right"))
    if following == 0:
        fall = min(1.0, (events[0] - second) / lead)
        return float((1.0 - (1.0 - fall) ** 2) * (0.4 + 0.6 * forces[0]))
    past = second - events[following - 1]
    if following == len(events):
        share = min(0.5, past / (3.0 * lead))
        return float(4.0 * share * (1.0 - share) * 0.55)
    gap = events[following] - events[following - 1]
    reach = min(1.0, gap / (1.6 * lead))
    share = past / gap
    return float(4.0 * share * (1.0 - share) * (0.4 + 0.6 * forces[following]) * reach)


def since(second: float, events: Sequence[float]) -> tuple[int, float]:
    """Index of the last contact and the seconds since; (-1, infinity) before the first."""
    last = int(np.searchsorted(np.asarray(events), second + 0.009, "right")) - 1
    return (last, max(0.0, second - events[last])) if last >= 0 else (-1, float("inf"))


def burst_marks(
    canvas: Canvas,
    place: Point,
    span: Point,
    past: float,
    *,
    count: int = 3,
    colour: Colour = (250, 240, 200),
) -> None:
    """Strokes that fly apart from a contact, `past` seconds after it, between two angles of `span` (radians)."""
    near, far = 0.05 + 1.1 * past, 0.11 + 2.2 * past
    for way in np.linspace(span[0], span[1], count):
        across, down = float(np.cos(way)), float(np.sin(way))
        start = (place[0] + near * across, place[1] + near * down)
        canvas.line([start, (place[0] + far * across, place[1] + far * down)], colour, 0.014)


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """One of several words."""
    return choices[int(rng.integers(len(choices)))]


def tint(rng: np.random.Generator, colour: Colour, spread: float = 16.0) -> Colour:
    """The colour, a little different each time."""
    red, green, blue = (int(np.clip(c + rng.normal(0.0, spread), 0, 255)) for c in colour[:3])
    return red, green, blue


def vivid(rng: np.random.Generator) -> Colour:
    """A saturated colour of any hue."""
    hue = rng.uniform(0.0, 6.0)
    red, green, blue = (
        int(60 + 180 * np.clip(abs((hue + shift) % 6.0 - 3.0) - 1.0, 0, 1)) for shift in (0.0, 4.0, 2.0)
    )
    return red, green, blue


FLOORS: dict[str, Colour] = {
    "wooden": (164, 116, 72),
    "concrete": (142, 142, 144),
    "stone": (122, 118, 112),
    "tiled": (196, 196, 188),
    "gravel": (150, 138, 120),
    "snow": (232, 236, 242),
    "grass": (92, 142, 66),
    "asphalt": (78, 80, 84),
}
"""Colours of what things stand on."""


def floor(canvas: Canvas, reach: float, kind: str, colour: Colour, top: float = 0.8) -> None:
    """Paint a floor from `top` downwards, with the marks of its kind."""
    left, right, bottom = -reach, 1.0 + reach, 1.0 + reach
    canvas.rectangle((left, top), (right, bottom), colour)
    dark = shade(colour, 0.82)
    if kind in {"wooden", "tiled"}:
        for row in range(1, 4):
            y = top + 0.2 * (row / 3.0) ** 1.5
            canvas.line([(left, y), (right, y)], dark, 0.006)
    if kind in {"wooden", "tiled", "concrete"}:
        count = 4 if kind == "tiled" else 2
        for step in range(-2 * count, 3 * count + 1):
            x = step / count + 0.07
            if left <= x <= right:
                lean = x + 0.35 * (x - 0.5)
                canvas.line([(x, top), (min(max(lean, left), right), 1.0)], dark, 0.006)
    canvas.line([(left, top), (right, top)], mix(dark, (0, 0, 0), 0.2), 0.008)
