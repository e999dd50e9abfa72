"""Kills commands at random times: the same bytes come in the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from attacks.common import Outcome, Place, done, finished, killed, results, run_command, vsseval


def kills(
    place: Place,
    name: str,
    prepare: Callable[[Path], list[str]],
    digest: Callable[[Path], object],
    times: int,
    each: int,
    whole: Path | None = None,
) -> Outcome:
    """Kill a command at random times, start it again until it ends, and compare what it leaves with an undisturbed one.

    Args:
        place: where.
        name: of the attack.
        prepare: fills a folder, and returns the command.
        digest: what counts of the folder.
        times: folders.
        each: kills of the command in each folder, before it is let to its end.
        whole: where the undisturbed one is made; a folder of its own unless named.
    """
    whole = whole or place.under(f"{name}-whole")
    command, begun = prepare(whole), time.monotonic()
    first = done(command, whole)
    lasts = time.monotonic() - begun
    if first.returncode:
        return Outcome(1, 0, f"undisturbed, it ends with {first.returncode}: {first.stderr[-300:]}")
    want, tried, survived, said = digest(whole), 0, 0, ""
    for number in range(times):
        folder, hit = place.under(f"{name}-{number}"), 0
        command = prepare(folder)
        while hit < each:
            begun = time.monotonic()
            if killed(command, folder, place.chance.uniform(0.05, 0.7) * lasts):
                hit += 1
            elif hit:
                break
            else:  # it was done before the signal came: the machine is quicker by now
                lasts = time.monotonic() - begun
                shutil.rmtree(folder)
                command = prepare(place.under(f"{name}-{number}"))
        again = done(command, folder)
        same = again.returncode == 0 and digest(folder) == want
        tried, survived = tried + hit, survived + hit * same
        said = said or ("" if same else f"{folder.name}: exit {again.returncode}, {again.stderr[-200:]}")
        shutil.rmtree(folder)
    return Outcome(tried, survived, said or f"undisturbed it takes {lasts:.0f} s")


def kill_run(place: Place, size: int) -> Outcome:
    # the undisturbed one is the run that other attacks start from: this is the first of them, and it is made once
    return kills(place, "run", run_command, results, max(1, size // 3), 3, place.kept)


def kill_data_add(place: Place, size: int) -> Outcome:
    def prepare(folder: Path) -> list[str]:
        source = folder / "LJSpeech-1.1"
        if not source.exists():
            (source / "wavs").mkdir(parents=True)
            rng, lines = np.random.default_rng(0), []
            for number in range(300):
                name = f"LJ001-{number:04d}"
                soundfile.write(source / "wavs" / f"{name}.wav", rng.normal(0, 0.05, 22050), 22050)
                lines.append(f"{name}|a sentence|a sentence\n")
            (source / "metadata.csv").write_text("".join(lines))
        return vsseval("data", "add", "ljspeech", "--root", str(source), "--variant", "all", "--jobs", "2")

    def digest(folder: Path) -> dict[str, str]:
        return {
            path.name: path.read_text().replace(str(folder), "")
            for path in sorted((folder / "data").rglob("*")) if path.name in {"manifest.jsonl", "problems.tsv"}
        }  # fmt: skip

    return kills(place, "data", prepare, digest, size, 1)


def kill_report(place: Place, size: int) -> Outcome:
    first = finished(place)
    if first.returncode:
        return Outcome(1, 0, first.stderr[-300:])

    def prepare(folder: Path) -> list[str]:
        return vsseval("report", "--runs", str(place.kept / "runs"), "-o", str(folder / "r.html"))

    return kills(place, "report", prepare, lambda folder: (folder / "r.html").read_bytes(), size, 1)
