"""How far from the visible events of mini_v2s and mini_joint the sound of a run sets in.

    python benchmarks/event_offsets.py RUN_FOLDER...

For every event in the benchmark's manifest, the highest peak of the onset envelope within `REACH` seconds is taken, if
it stands out of the clip's envelope; the table gives the median absolute distance, the share of events within 60 ms
and the share of events at which nothing sets in. Put a run of `reference` beside it: it shows what the measure itself
gives, and one of `shuffled` what chance does.
"""

from __future__ import annotations

import argparse
import json
from importlib import resources
from pathlib import Path

import numpy as np

from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.media import load_audio

REACH = 0.3
"""Seconds around an event in which its sound is looked for."""
STANDS_OUT = 0.25
"""Least height of a peak, as a share of the clip's highest."""
NEAR = 0.06


def offsets(envelope: np.ndarray, rate: float, events: list[float]) -> list[float | None]:
    """Seconds from each event to its onset; None where nothing sets in."""
    inner = envelope[1:-1]
    peaks = 1 + np.flatnonzero((inner >= envelope[:-2]) & (inner > envelope[2:]))
    peaks = peaks[envelope[peaks] >= STANDS_OUT * envelope.max()]
    seconds = (peaks + 0.5) / rate
    found: list[float | None] = []
    for event in events:
        near = np.abs(seconds - event) <= REACH
        if not near.any():
            found.append(None)
            continue
        best = np.flatnonzero(near)[envelope[peaks[near]].argmax()]
        found.append(float(seconds[best] - event))
    return found


def measure(run: Path) -> str:
    """One line of the table: model, benchmark and what the sound of the run does at the events."""
    described = json.loads((run / "run.json").read_text())
    model, benchmark = described["model"]["name"], described["benchmark"]["name"]
    folder = resources.files("vsseval") / "benchmarks" / "mini" / benchmark.removeprefix("mini_")
    samples = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    extractor = plugins.load("extractors", "onset")()
    found: list[float | None] = []
    for sample in samples:
        if not sample.get("events"):
            continue
        audio = next(iter((run / "audio").rglob(f"{sample['id']}__*.flac")), None)
        try:
            arrays = extractor.extract(load_audio(audio)) if audio is not None else None
        except Unmeasurable:  # silent, or too short: nothing sets in
            arrays = None
        events: list[float] = sample["events"]
        found += offsets(arrays["flux"].mean(axis=1), float(arrays["rate"]), events) if arrays else [None] * len(events)
    heard = np.array([offset for offset in found if offset is not None])
    median = f"{np.median(np.abs(heard)) * 1e3:.0f} ms" if len(heard) else "-"
    share = np.mean(np.abs(heard) <= NEAR) * len(heard) / len(found)
    return f"{model:<14}{benchmark:<12}{len(found):>7}{median:>10}{share:>12.1%}{1 - len(heard) / len(found):>10.1%}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("runs", nargs="+", type=Path)
    print(f"{'model':<14}{'benchmark':<12}{'events':>7}{'median':>10}{'within 60ms':>12}{'silent':>10}")
    for run in parser.parse_args().runs:
        print(measure(run))


if __name__ == "__main__":
    main()
