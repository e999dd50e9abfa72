"""What `reliability.py` does to runs, files and processes by itself: how often each attack was tried, and survived."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
MINI = ROOT / "vsseval" / "benchmarks" / "mini"
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz", "flags.json")
METRICS = ("--metric", "fad@logmel", "--metric", "desync@onset")
SURVIVED = {0, 2, 3, 4}
"""Exit codes with which a command says what is wrong; 70 is a bug, a negative one a signal."""


class Outcome(NamedTuple):
    """What came of one attack."""

    tried: int
    survived: int
    said: str = ""


class Place(NamedTuple):
    """Where an attack may write, and its chance."""

    folder: Path
    chance: random.Random
    kept: Path
    """Where the attacks find what none of them changes: it outlives each."""

    def under(self, name: str) -> Path:
        found = self.folder / name
        found.mkdir(parents=True, exist_ok=True)
        return found


def environment(folder: Path) -> dict[str, str]:
    """Return variables by which a command keeps all that it writes in one folder."""
    own = {"STORE": "store", "DATA": "data", "WEIGHTS": "weights"}
    return {
        **os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg",
        **{f"VSSEVAL_{name}": str(folder / where) for name, where in own.items()},
    }  # fmt: skip


def vsseval(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vsseval", *arguments]


def done(command: Sequence[str], folder: Path, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    """Carry a command out to its end."""
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=seconds, check=False
    )


def killed(command: Sequence[str], folder: Path, after: float) -> bool:
    """Start a command and kill it and all its children after some seconds; return whether it was still at work."""
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=log, stderr=log, start_new_session=True
        )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def kills(
    place: Place,
    name: str,
    prepare: Callable[[Path], list[str]],
    digest: Callable[[Path], object],
    times: int,
    each: int,
) -> Outcome:
    """Kill a command at random times, start it again until it ends, and compare what it leaves with an undisturbed one.

    Args:
        place: where.
        name: of the attack.
        prepare: fills a folder, and returns the command.
        digest: what counts of the folder.
        times: folders.
        each: kills of the command in each folder, before it is let to its end.
    """
    whole = place.under(f"{name}-whole")
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


def run_command(folder: Path, *more: str) -> list[str]:
    return vsseval(
        "run", "--model", "onset_foley", "--benchmark", "mini_v2s", "--limit", "5", *METRICS, "--no-bounds",
        "--jobs", "2", "--runs", str(folder / "runs"), *more,
    )  # fmt: skip


def results(folder: Path) -> dict[str, bytes]:
    """Return what a run left, and that nothing else lies about."""
    (run,) = (folder / "runs").glob("*/run.json")
    stray = [path.name for path in run.parent.rglob(".*")]
    return {name: (run.parent / name).read_bytes() for name in RESULTS} | {"stray": str(stray).encode()}


def finished(place: Place) -> subprocess.CompletedProcess[str]:
    """Make the run that several attacks start from in `place.kept`, unless another one has made it."""
    return done(run_command(place.kept), place.kept)


def kill_run(place: Place, size: int) -> Outcome:
    return kills(place, "run", run_command, results, max(1, size // 3), 3)


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


def not_root(place: Place, size: int) -> Outcome:
    """Run without what root may do: files that nobody may write are not written, and the results are the same."""
    del size
    mine, theirs = place.under("mine"), place.under("theirs")
    whole = done(run_command(mine), mine)
    command = run_command(theirs)
    if os.geteuid() == 0:
        command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", *command]
    closed = place.under("closed")
    closed.chmod(0o500)
    refused = done([*command[: -len(run_command(theirs))], *run_command(closed)], theirs)
    found = done(command, theirs)
    if whole.returncode or found.returncode:
        return Outcome(1, 0, f"exit {whole.returncode} and {found.returncode}: {found.stderr[-200:]}")
    told = refused.returncode == 4 and "ermission denied" in refused.stderr
    said = "" if told else f"exit {refused.returncode}: {refused.stderr[-200:]}"
    return Outcome(2, int(results(mine) == results(theirs)) + told, said)


def tampering(place: Place, size: int) -> Outcome:
    """Change, cut or take away a file of a finished run: whoever reads it has to see it."""
    from vsseval.errors import VssevalError
    from vsseval.store.record import load_run

    made = finished(place)
    if made.returncode:
        return Outcome(1, 0, made.stderr[-300:])
    (original,) = (run.parent for run in (place.kept / "runs").glob("*/run.json"))
    path = shutil.copytree(original, place.folder / original.name)
    files = [path / "run.json", *(path / name for name in RESULTS), *sorted((path / "shards").glob("*.jsonl"))]
    survived, said = 0, ""
    for number in range(size):
        file = files[number % len(files)]
        whole = file.read_bytes()
        spot = place.chance.randrange(len(whole))
        kind = place.chance.choice(("byte", "cut", "gone", "empty"))
        changed = {
            "byte": whole[:spot] + bytes([whole[spot] ^ (1 << place.chance.randrange(8))]) + whole[spot + 1 :],
            "cut": whole[:spot], "empty": b"", "gone": None,
        }[kind]  # fmt: skip
        file.unlink() if changed is None else file.write_bytes(changed)
        try:
            seen = bool(load_run(path).broken)
        except VssevalError:
            seen = True
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            seen = False
            said = said or f"{file.name}, {kind} at {spot}: {type(error).__name__}: {error}"
        if not seen and not said and file.suffix == ".npz":
            seen = True  # the container's own padding: what is read is held against its hash
        survived += seen
        said = said or ("" if seen else f"{file.name}, {kind} at {spot}: nobody noticed")
        file.write_bytes(whole)
    return Outcome(size, survived, said)


def damaged_media(place: Place, size: int) -> Outcome:
    """Damage shipped media at random and read them: a sound or a reason, within bounds, and the process lives."""
    folder = place.under("media")
    sources = sorted(MINI.glob("*/media/*"))
    for number in range(size):
        source = place.chance.choice(sources)
        data = bytearray(source.read_bytes())
        for _ in range(place.chance.choice((1, 8, 64))):
            data[place.chance.randrange(len(data))] = place.chance.randrange(256)
        if place.chance.random() < 0.3:
            data = data[: place.chance.randrange(len(data))]
        (folder / f"{number:05d}{source.suffix}").write_bytes(data)
    read = subprocess.run(
        [sys.executable, str(Path(__file__)), str(folder)], env=environment(folder), capture_output=True, text=True,
        timeout=1800, check=False,
    )  # fmt: skip
    if read.returncode:
        return Outcome(size, 0, f"exit {read.returncode}: {read.stderr[-300:]}")
    good, bad = json.loads(read.stdout)
    return Outcome(size, good, bad[0] if bad else "")


def soak(place: Place, clips: int) -> Outcome:
    """Run many short clips; memory and files of the last third of the work are held against those of the middle one."""
    import psutil

    folder = place.under("soak")
    for name in ("clips", "outputs"):
        (folder / name).mkdir()
    rng, lines = np.random.default_rng(0), ["id,reference,transcript"]
    for number in range(clips):
        name = f"clip{number:05d}"
        for where in ("clips", "outputs"):
            soundfile.write(folder / where / f"{name}.wav", rng.normal(0, 0.05, 8000), 8000)
        lines.append(f"{name},{name}.wav,noise")
    (folder / "clips" / "clips.csv").write_text("\n".join(lines) + "\n")
    command = vsseval(
        "run", "--model", f"audio:{folder / 'outputs'}", "--benchmark", f"folder:{folder / 'clips'}", "--metric",
        "fad@logmel", "--no-bounds", "--jobs", "1", "--runs", str(folder / "runs"),
    )  # fmt: skip
    begun, log = time.monotonic(), (folder / "log").open("w")
    process = psutil.Popen(command, cwd=folder, env=environment(folder), stdout=log, stderr=log)
    making: list[tuple[float, int, int]] = []
    peak = 0
    while process.poll() is None:
        time.sleep(1.0)
        try:
            family = [process, *process.children(recursive=True)]
            memory, files = sum(one.memory_info().rss for one in family), sum(one.num_fds() for one in family)
        except psutil.Error:
            continue
        peak = max(peak, memory)
        stages = (folder / "log").read_text().splitlines()
        if stages and stages[-1].strip().startswith("extract"):  # what comes after holds a row for each clip
            making.append((time.monotonic() - begun, memory, files))
    told = (folder / "log").read_text()
    if process.returncode not in {0, 3} or len(making) < 9:
        return Outcome(1, 0, f"exit {process.returncode}, {len(making)} looks: {told[-200:]}")
    third = len(making) // 3
    early, late = (
        np.median(np.array(part)[:, 1:], axis=0) for part in (making[third : 2 * third], making[2 * third :])
    )
    flat = bool((late <= early * 1.1 + [20e6, 4]).all())
    said = (
        f"{clips} clips in {time.monotonic() - begun:.0f} s; while features are made {early[0] / 1e6:.0f} then "
        f"{late[0] / 1e6:.0f} MB, {early[1]:.0f} then {late[1]:.0f} files; peak, at scoring, {peak / 1e6:.0f} MB"
    )
    return Outcome(1, int(flat), said)


def _read_all(folder: Path) -> tuple[int, list[str]]:
    from vsseval.errors import Unmeasurable, VssevalError
    from vsseval.media import Video, load_audio

    good, bad = 0, []
    for path in sorted(folder.iterdir()):
        if path.suffix not in {".flac", ".mp4"}:
            continue
        start = time.monotonic()
        try:
            if path.suffix == ".mp4":
                Video(path).frames(5)
            else:
                load_audio(path)
        except (VssevalError, Unmeasurable):
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            bad.append(f"{path.name}: {type(error).__name__}: {error}")
            continue
        if time.monotonic() - start > 30:
            bad.append(f"{path.name}: {time.monotonic() - start:.0f} s")
        else:
            good += 1
    return good, bad


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(json.dumps(_read_all(Path(sys.argv[1]))))
