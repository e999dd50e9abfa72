"""`python -m tools.measure_voices`: measures the engines' voices and writes the table of `voices`.

Needs both engines: `pip install espeakng-loader==0.2.4` and `apt-get install flite`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from vsseval.errors import Unmeasurable, VssevalError
from vsseval.media import Audio
from vsseval.models.tts_dub.engines import Engine, Flite, Wheel
from vsseval.models.tts_dub.fit import trimmed
from vsseval.models.tts_dub.voices import RATE, TABLE, Voice, measure

_SAID = "the weather in the mountains was absolutely wonderful on monday"
_ESPEAK = tuple(f"en-us+{variant}" for variant in ("f2", "f1", "f3", "f5", "m6", "m1", "m2", "m5", "adam"))
"""The default first. Of 26 variants that sound like people, those of whose GRID commands a recogniser with the GRID
grammar gets at least three words in four; of Andy and Alicia it gets one in four."""
_SETTINGS = (50, 20, 35, 65, 80)
_FLITE = (("rms", (100,)), ("slt", (170, 150, 190)), ("awb", (130, 110, 150)), ("kal16", (105, 90, 120)))


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=TABLE, show_default=True)
def main(out: Path) -> None:
    """Measure every voice at every pitch setting and write the table to OUT."""
    rows = _rows(Wheel(), [(voice, setting) for voice in _ESPEAK for setting in _SETTINGS])
    rows += _rows(Flite(), [(voice, setting) for voice, settings in _FLITE for setting in settings])
    lines = b",\n".join(msgspec.json.encode(row) for row in rows)
    out.write_bytes(b"[\n" + lines + b"\n]\n")
    click.echo(f"{len(rows)} voices", err=True)


def _rows(engine: Engine, voices: list[tuple[str, int]]) -> list[Voice]:
    rows = []
    for voice, setting in voices:
        speech = trimmed(engine.say(_SAID, voice, 1.0, setting))
        try:
            traits = measure(Audio(speech.samples, speech.rate).mono(RATE))
        except Unmeasurable as reason:
            click.echo(f"{engine.name}: {voice} at {setting} left out: {reason}", err=True)
            continue
        rows.append(
            Voice(engine.family, voice, setting, round(traits.pitch, 1), round(traits.centroid), round(traits.tilt, 2))
        )
    return rows


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except VssevalError as fault:
        click.echo(f"error: {fault}", err=True)
        sys.exit(fault.exit_code)
