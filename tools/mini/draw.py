"""Drawing in normalised coordinates, so that a picture of 64 and one of 192 pixels show the same.

`x` and `y` run from 0 to 1 over the canvas, `y` downwards; lengths are fractions of the canvas's side. A
`Canvas` is drawn at `supersample` times its size and box-filtered down, which gives smooth edges and
sub-pixel motion.
`Canvas.view` hands out the same picture under other coordinates: the camera, and the region of a joint clip.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour = tuple[int, int, int] | tuple[int, int, int, int]
"""Red, green, blue and, where the paint is not opaque, alpha; each 0..255."""
Point = tuple[float, float]
"""Normalised x and y."""


def mix(first: Colour, second: Colour, weight: float) -> Colour:
    """Blend two opaque colours; `weight` 0 gives `first`, 1 gives `second`."""
    share = min(1.0, max(0.0, weight))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first[:3], second[:3], strict=True))
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """Darken (`factor` below 1) or lighten towards white (above 1) an opaque colour."""
    return mix((0, 0, 0), colour, factor) if factor <= 1.0 else mix(colour, (255, 255, 255), factor - 1.0)


def with_alpha(colour: Colour, alpha: float) -> Colour:
    """The colour with an opacity of 0..1."""
    red, green, blue = colour[:3]
    return red, green, blue, round(255 * min(1.0, max(0.0, alpha)))


def rotate_points(points: Sequence[Point], angle: float, centre: Point) -> list[Point]:
    """Rotate points about `centre` by `angle` radians, clockwise on the screen."""
    cosine, sine = math.cos(angle), math.sin(angle)
    cx, cy = centre
    return [(cx + (x - cx) * cosine - (y - cy) * sine, cy + (x - cx) * sine + (y - cy) * cosine) for x, y in points]


class Canvas:
    """A square picture and a coordinate system on it.

    Args:
        size: Side of the finished picture in pixels.
        supersample: Pixels drawn per finished pixel and side.
        background: Colour the picture starts with.
    """

    def __init__(self, size: int, supersample: int = 2, background: Colour = (0, 0, 0)) -> None:
        """Start with an empty picture of one colour."""
        self.size = size
        self.supersample = supersample
        self._side = size * supersample
        self._image = Image.new("RGB", (self._side, self._side), background[:3])
        self._opaque = ImageDraw.Draw(self._image)
        self._blend = ImageDraw.Draw(self._image, "RGBA")
        self._origin = (0.0, 0.0)
        self._scale = float(self._side)

    def view(self, x: float, y: float, scale: float) -> Canvas:
        """The same picture, whose unit square now covers [x, x + scale] by [y, y + scale] of this one.

        Drawing through the view draws on this picture; `fill` and `gradient` still cover all of it.
        """
        other = object.__new__(Canvas)
        other.__dict__.update(self.__dict__)
        other._origin = (self._origin[0] + x * self._scale, self._origin[1] + y * self._scale)
        other._scale = self._scale * scale
        return other

    def copy(self) -> Canvas:
        """An independent picture of the same content and coordinates."""
        other = object.__new__(Canvas)
        other.__dict__.update(self.__dict__)
        other._image = self._image.copy()
        other._opaque = ImageDraw.Draw(other._image)
        other._blend = ImageDraw.Draw(other._image, "RGBA")
        return other

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        (ox, oy), scale = self._origin, self._scale
        return [(ox + x * scale, oy + y * scale) for x, y in points]

    def _brush(self, colour: Colour) -> ImageDraw.ImageDraw:
        return self._blend if len(colour) == 4 and colour[3] < 255 else self._opaque

    def fill(self, colour: Colour) -> None:
        """Cover the whole picture with one colour."""
        self._brush(colour).rectangle((0, 0, self._side, self._side), fill=colour)

    def gradient(self, top: Colour, bottom: Colour) -> None:
        """Cover the whole picture with a vertical gradient."""
        weight = np.linspace(0.0, 1.0, self._side)[:, None, None]
        first, last = np.array(top[:3], np.float64), np.array(bottom[:3], np.float64)
        column = np.rint(first + (last - first) * weight).astype(np.uint8)
        self._image.paste(Image.fromarray(column).resize((self._side, self._side), Image.Resampling.NEAREST))

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float | None = None,
        *,
        colour: Colour | None = None,
        outline: Colour | None = None,
        width: float = 0.0,
    ) -> None:
        """An ellipse about (x, y) of half axes `rx`, `ry` (without: a circle); `width` is the outline's."""
        high = rx if ry is None else ry
        if rx < 0.0 or high < 0.0:
            return
        (x0, y0), (x1, y1) = self._pixels([(x - rx, y - high), (x + rx, y + high)])
        thick = max(1, round(width * self._scale)) if outline is not None else 0
        self._brush(colour or outline or (0, 0, 0)).ellipse((x0, y0, x1, y1), fill=colour, outline=outline, width=thick)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon of at least three points."""
        self._brush(colour).polygon(self._pixels(points), fill=colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A polyline with round joints and ends, `width` as a fraction of the side."""
        pixels = self._pixels(points)
        thick = max(1, round(width * self._scale))
        brush = self._brush(colour)
        brush.line(pixels, fill=colour, width=thick, joint="curve")
        if thick > 2 and brush is self._opaque:
            half = thick / 2 - 0.5
            for px, py in (pixels[0], pixels[-1]):
                brush.ellipse((px - half, py - half, px + half, py + half), fill=colour)

    def arc(self, x: float, y: float, rx: float, ry: float, *, degrees: Point, colour: Colour, width: float) -> None:
        """The outline of an ellipse between two angles (0 = right, clockwise)."""
        (x0, y0), (x1, y1) = self._pixels([(x - rx, y - ry), (x + rx, y + ry)])
        thick = max(1, round(width * self._scale))
        self._brush(colour).arc((x0, y0, x1, y1), degrees[0], degrees[1], fill=colour, width=thick)

    def rectangle(self, corner: Point, opposite: Point, colour: Colour, *, radius: float = 0.0) -> None:
        """A rectangle between two corners, its own corners rounded by `radius`."""
        (xa, ya), (xb, yb) = self._pixels([corner, opposite])
        box = (min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))
        if radius > 0.0:
            self._brush(colour).rounded_rectangle(box, radius * self._scale, fill=colour)
        else:
            self._brush(colour).rectangle(box, fill=colour)

    def paste(self, other: Canvas, x: float, y: float, width: float) -> None:
        """Lay another picture, scaled to `width`, with its top left corner at (x, y)."""
        (px, py) = self._pixels([(x, y)])[0]
        side = max(1, round(width * self._scale))
        image = other._image
        if image.size != (side, side):
            image = image.resize((side, side), Image.Resampling.BILINEAR)
        self._image.paste(image, (round(px), round(py)))

    def array(self) -> np.ndarray:
        """The finished picture: uint8, shape (size, size, 3)."""
        return np.asarray(self._image.reduce(self.supersample) if self.supersample > 1 else self._image).copy()
