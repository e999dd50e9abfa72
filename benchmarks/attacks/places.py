"""Runs as another user, and for very long."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import soundfile

from attacks.common import ROOT, Outcome, Place, done, environment, results, run_command, vsseval

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all",
             "--bounding-set=-all", "--no-new-privs")  # fmt: skip


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


def another_user(place: Place, size: int) -> Outcome:
    """Run as a user who owns a home and nothing else, with a package that may only be read."""
    del size
    if os.geteuid():
        return Outcome(1, 1, "whoever runs this is not root: every other line is tried so")
    mine, theirs = place.under("mine"), place.under("theirs")
    place.folder.chmod(0o755)
    os.chown(theirs, NOBODY, NOBODY)
    (theirs / "home").mkdir()
    os.chown(theirs / "home", NOBODY, NOBODY)
    python = _interpreter()
    if python is None:
        return Outcome(1, 0, "there is no interpreter that others may start")
    folders = [str(ROOT), *(one for one in sys.path if one.endswith("site-packages"))]
    clean = ["env", "-i", f"HOME={theirs / 'home'}", "PATH=/usr/bin:/bin", "OMP_NUM_THREADS=1", "MPLBACKEND=Agg",
             f"PYTHONPATH={os.pathsep.join(folders)}"]  # fmt: skip
    whole = done([*clean, f"VSSEVAL_STORE={mine / 'store'}", python, *run_command(mine)[1:]], mine)
    if whole.returncode:
        return Outcome(1, 0, f"exit {whole.returncode}: {whole.stderr[-200:]}")
    clean += [python, "-m", "vsseval"]
    survived, said = 0, ""
    tries = [run_command(theirs)[3:], ["table"], ["report", "-o", "r.html"], ["doctor"], ["weights", "list"]]
    for arguments in tries:
        found = done([*AS_NOBODY, *clean, *arguments], theirs)
        survived += found.returncode == 0
        said = said or ("" if found.returncode == 0 else f"{arguments[0]}: {found.stderr[-200:]}")
    return Outcome(len(tries) + 1, survived + (results(mine) == results(theirs)), said)


def _interpreter() -> str | None:
    """Return an interpreter of this version that the other user may start: that of root may lie in root's home."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        tried = subprocess.run([*AS_NOBODY, "env", python, "-c", ""], capture_output=True, check=False)
        if tried.returncode == 0:
            return python
    return None


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
        time.sleep(0.2)
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
