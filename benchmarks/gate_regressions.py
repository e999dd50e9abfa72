"""Tries `vsseval gate` on sounds: are planted faults stopped, do reruns pass? Prints a Markdown table.

    python benchmarks/gate_regressions.py [FOLDER]    # FOLDER/store keeps features from one time to the next

A "system" is made of the references of mini_vtts: each clip is shifted in time (10 ms, standard deviation), its level
changed (1 dB), and noise added 30 dB below it, by a seed; another seed is a rerun. Margins are learnt from reruns, then
further reruns (which ought to pass) and reruns with a fault (which ought not to) are gated against the first, by the
real metrics. Everything is one process; about 75 s on one core.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

from vsseval import plugins
from vsseval.language import is_grid
from vsseval.media import load_audio, write_flac
from vsseval.records import RunSpec
from vsseval.stages.run import run
from vsseval.statistics.gate import gate
from vsseval.statistics.gate_rules import load_gates
from vsseval.statistics.learn_margins import propose_margins
from vsseval.store.record import load_run
from vsseval.tables.margins import toml

METRICS = ("desync@onset", "fad@logmel", "wer@sphinx-grid")
BENCHMARK = "mini_vtts"
DELAY = 0.020
DROPPED = 1 / 20
SNR = 6.0
FAULTS = ("delay", "dropped", "noise")


def references(benchmark: str = BENCHMARK):
    """Return id, sound (n,), rate and transcript of each clip; the transcript where GRID is spoken, else None."""
    for sample in plugins.load("benchmarks", benchmark)(None).samples():
        sound = load_audio(sample.reference.path)
        grid = sample.transcript if is_grid(sample.language) else None
        yield sample.id, sound.mono(sound.sample_rate).astype(np.float64), sound.sample_rate, grid


def system(folder: Path, seed: int, fault: str = "", clips=None) -> Path:
    """Write the sounds of one run of the system, and return their folder."""
    folder.mkdir(parents=True)
    clips = [*references()] if clips is None else clips
    doomed = _doomed(clips, seed) if fault == "dropped" else {}
    for name, sound, rate, text in clips:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        moved = rng.normal(0, 0.010) + (DELAY if fault == "delay" else 0.0)
        made = _shifted(sound, round(moved * rate)) * 10 ** (rng.normal(0, 1) / 20)
        for word in doomed.get(name, ()):
            made = _without(made, sound, rate, text, word, round(moved * rate))
        made = made + _noise(sound, rng, 30.0)
        if fault == "noise":
            made = made + _noise(sound, rng, SNR)
        write_flac(folder / f"{name}.flac", np.clip(made, -1, 1).astype(np.float32), rate)
    return folder


def _noise(sound, rng, decibels: float):
    level = np.sqrt(np.mean(sound**2)) * 10 ** (-decibels / 20)
    return rng.normal(0, level, sound.size)


def _shifted(sound, by: int):
    padded = np.pad(sound, (max(by, 0), max(-by, 0)))
    return padded[: sound.size] if by >= 0 else padded[-sound.size :]


def _doomed(clips, seed: int) -> dict[str, list[int]]:
    """Choose one word in twenty of all that are spoken."""
    words = [(name, k) for name, _, _, text in clips if text for k in range(len(text.split()))]
    chosen = np.random.default_rng([seed, 20]).choice(len(words), round(len(words) * DROPPED), replace=False)
    found: dict[str, list[int]] = {}
    for i in sorted(chosen):
        found.setdefault(words[i][0], []).append(words[i][1])
    return found


def _without(made, sound, rate: int, text: str, word: int, moved: int):
    """Silence one word, where a recogniser that knows the transcript finds it."""
    start, end = word_times(sound, rate, text)[word]
    begin, stop = (max(round(t * rate) + moved, 0) for t in (start, end))
    cut = made.copy()
    cut[begin:stop] = 0.0
    return cut


def word_times(sound, rate: int, text: str) -> list[tuple[float, float]]:
    """Return start and end of each word in seconds, by forced alignment."""
    import pocketsphinx
    import soxr

    decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL", lm=None)
    decoder.set_align_text(text.lower())
    decoder.start_utt()
    wave = soxr.resample(sound, rate, 16_000)
    decoder.process_raw((np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    segments = [s for s in decoder.seg() if not s.word.startswith(("<", "[", "("))]
    if len(segments) != len(text.split()):
        raise ValueError(f"{len(segments)} of {len(text.split())} words were found of: {text}")
    return [(s.start_frame / 100, (s.end_frame + 1) / 100) for s in segments]


def measure(sounds: Path, where: Path, metrics=METRICS, benchmark: str = BENCHMARK):
    """Run `audio:FOLDER` on the benchmark, and return the finished run."""
    spec = RunSpec(
        model=f"audio:{sounds}",
        benchmark=benchmark,
        metrics=metrics,
        runs=where / "runs",
        store=where / "store",
        jobs=1,
    )
    (record,) = run([spec])
    return load_run(where / "runs" / record.id)


def trial(where: Path, learnt: int, reruns: int, metrics=METRICS):
    """Learn margins, then gate faults and reruns; yield the text of the margins, then name and verdict of each."""
    clips = [*references()]
    made = [measure(system(where / f"learnt_{seed}", seed, clips=clips), where, metrics) for seed in range(learnt)]
    margins = where / "gates.toml"
    margins.write_text(toml(propose_margins(made), made))
    yield "margins", margins.read_text()
    gates = load_gates(margins)
    wanted = [*FAULTS, *(f"rerun {k + 1}" for k in range(reruns))]
    for seed, name in enumerate(wanted, start=100):
        fault = name if name in FAULTS else ""
        candidate = measure(system(where / name.replace(" ", "_"), seed, fault, clips), where, metrics)
        yield name, gate(candidate, made[0], gates)


def main() -> None:
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="vsseval-gate-"))
    found = trial(where, learnt=5, reruns=10)
    _, margins = next(found)
    print(f"{margins}\n| run | verdict | what failed |\n|---|---|---|", flush=True)
    for name, verdict in found:
        bad = "; ".join(f"{check.name}: {check.says}" for check in verdict.checks if check.status != "passed")
        print(f"| {name} | {verdict.status} | {bad} |", flush=True)


if __name__ == "__main__":
    main()
