"""The colours of the pages: text can be read on every ground, light and dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from vsseval.tables.html import TEMPLATES


def palettes():
    """Return the colours by name of each theme in the style of the pages."""
    style = (TEMPLATES / "base.css").read_text()
    blocks = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", line)) for line in style.splitlines()]
    return [block for block in blocks if "ink" in block]


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_text_and_edges_can_be_seen_on_every_ground():
    themes = palettes()
    assert len(themes) == 3
    for theme in themes:
        for ground in ("paper", "card", "soft"):
            for text in ("ink", "muted", "accent", "bad"):
                assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground, theme)
            assert contrast(theme["edge"], theme[ground]) >= 3, (ground, theme)
        assert contrast(theme["paper"], theme["accent"]) >= 4.5
