"""A dripping tap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.draw import mix, shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour

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


@dataclass(frozen=True, kw_only=True)
class _Sink:
    """A tap with its end at `mouth` over a surface of water or metal."""

    mouth: float
    surface: float
    metal: bool
    steel: Colour
    body: Colour
    vessel: Colour

    def tap(self, canvas: Canvas) -> None:
        mouth, steel = self.mouth, self.steel
        canvas.rectangle((0.14, mouth - 0.16), (0.54, mouth - 0.08), steel, radius=0.03)
        canvas.rectangle((0.45, mouth - 0.14), (0.55, mouth), steel, radius=0.02)
        canvas.rectangle((0.26, mouth - 0.24), (0.34, mouth - 0.14), shade(steel, 0.8))
        canvas.rectangle((0.2, mouth - 0.26), (0.4, mouth - 0.22), shade(steel, 0.7), radius=0.02)

    def basin(self, canvas: Canvas) -> None:
        surface = self.surface
        if not self.metal:
            canvas.polygon([(0.12, surface), (0.88, surface), (0.8, 1.0), (0.2, 1.0)], self.vessel)
        rim = shade(self.steel if self.metal else self.vessel, 0.7)
        canvas.ellipse(0.5, surface, 0.38, 0.1, colour=self.body, outline=rim, width=0.02)
        if self.metal:
            canvas.ellipse(0.5, surface + 0.02, 0.06, 0.018, colour=shade(self.body, 0.5))

    def splash(self, canvas: Canvas, past: float) -> None:
        """Rings and droplets, `past` seconds after a drop."""
        widest = 0.14 if self.metal else 0.34
        for wave in (0.0, 0.12):
            spread = 0.55 * (past - wave) + 0.03
            if past >= wave and spread < widest:
                lit = mix(shade(self.body, 1.6), self.body, past / 0.6)
                canvas.ellipse(0.5, self.surface, spread, 0.26 * spread, outline=lit, width=0.016)
        if past < 0.26:
            for way in (-1.0, -0.5, 0.0, 0.5, 1.0):
                up = (1.5 - 0.5 * abs(way)) * past - 5.6 * past**2
                canvas.ellipse(0.5 + 0.55 * way * past, self.surface - 0.015 - up, 0.02, colour=(226, 240, 252))


def _drop(canvas: Canvas, sink: _Sink, size: float, fall: float, left: float) -> None:
    """A drop `left` seconds before it lands: it swells for half a second, then falls for `fall` seconds."""
    if 0.0 < left <= fall:
        y = sink.mouth + (sink.surface - sink.mouth) * (1.0 - left / fall) ** 2
        canvas.ellipse(0.5, y, size, size * 1.25, colour=_DROP)
        canvas.ellipse(0.49, y - 0.01, size * 0.35, colour=(235, 246, 255))
    elif fall < left < fall + 0.5:
        grown = size * (1.0 - (left - fall) / 0.5)
        canvas.ellipse(0.5, sink.mouth + grown * 0.6, grown, grown, colour=_DROP)


def drip(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A tap whose drops fall into water or onto a metal sink."""
    metal = bool(rng.random() < 0.4)
    events = layer.beats(rng, seconds, (0.4, 1.0), unsteady=0.2)
    fall = float(rng.uniform(0.26, 0.34))
    size = float(rng.uniform(0.03, 0.042))
    sink = _Sink(
        mouth=float(rng.uniform(0.2, 0.27)),
        surface=float(rng.uniform(0.74, 0.8)),
        metal=metal,
        steel=layer.tint(rng, (168, 174, 184), 10),
        body=layer.tint(rng, (150, 156, 162) if metal else (46, 104, 160), 12),
        vessel=layer.vivid(rng),
    )

    def draw(canvas: Canvas, second: float) -> None:
        _, past = layer.since(second, events)
        sink.basin(canvas)
        sink.splash(canvas, past)
        sink.tap(canvas)
        for landing in events:
            _drop(canvas, sink, size, fall, landing - second)

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
