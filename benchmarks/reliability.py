"""Attack vsseval: kills, damaged files, hostile text and media, cheating and tampering; print tried and survived.

    python benchmarks/reliability.py [--share] [--only NAME] [--seed N] [--out docs/reliability.md]

In a checkout with the dev extra. A line is survived where everything that was tried ended as it should: the same bytes
after a kill, a named reason for a bad file, a flag for a cheat, an error for what was tampered with. The exit code is 1
where a line did not. `--share` tries a little of what this file does by itself (a minute), for CI; the attacks that are
tests run there anyway.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from attacks import files, hosts, kills, places
from attacks.common import ROOT, Outcome, Place

START, END = "<!-- reliability: begin -->", "<!-- reliability: end -->"


class Line(NamedTuple):
    """One line of the table."""

    name: str
    what: str
    attack: Callable[[Place, int], Outcome]
    size: int = 1
    """How much is tried; what it counts is the attack's."""
    share: int = 0
    """The same for CI; 0 leaves it out."""


def cases(*paths: str) -> Callable[[Place, int], Outcome]:
    """Return an attack that is written as tests: each case is one that is tried."""

    def attack(place: Place, size: int) -> Outcome:
        del size
        lacking = [path for path in paths if not (ROOT / path).exists()]
        if lacking:
            return Outcome(len(lacking), 0, f"there is no {', '.join(lacking)}")
        report = place.folder / f"{random.random():.12f}.xml"
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-n", "0", "-o",
            "addopts=--import-mode=importlib --strict-markers", f"--junitxml={report}",
            *paths,
        ]  # fmt: skip
        environ = {
            **os.environ,
            "MKL_CBWR": "AVX2",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            "HF_HUB_OFFLINE": "1",
        }
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=1800)
        if not report.exists():
            return Outcome(1, 0, done.stdout[-300:] + done.stderr[-300:])
        suites = ET.parse(report).getroot().iter("testsuite")
        counts = [
            {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")} for suite in suites
        ]
        tried = sum(one["tests"] - one["skipped"] for one in counts)
        bad = sum(one["failures"] + one["errors"] for one in counts)
        skipped = sum(one["skipped"] for one in counts)
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        said = failed[0] if failed else f"{skipped} skipped" if skipped else ""
        return Outcome(tried, tried - bad, said)

    return attack


LINES = (
    Line("kill run", "kill -9 at random times of `run`, the same bytes after", kills.kill_run, 18, 3),
    Line("kill stages", "kill -9 in every stage, torn journals, killed workers", cases("tests/stages/test_crash.py")),
    Line("kill data add", "kill -9 of `data add`", kills.kill_data_add, 6, 1),
    Line("kill report", "kill -9 of `report`: the old page or the new one", kills.kill_report, 6, 1),
    Line(
        "kill weights pull", "broken, refused and killed downloads",
        cases("tests/weights", "tests/cli/test_weights_cli.py"),
    ),
    Line("kill training", "kill -9 of `vssflow train`", cases("tests/vssflow/test_training_kill.py")),
    Line(
        "store", "killed writers, torn packs, damaged features",
        cases("tests/store/test_packs.py", "tests/store/test_store.py"),
    ),
    Line("damaged media", "shipped media with random bytes changed or cut", files.damaged_media, 900, 60),
    Line(
        "hostile media", "bombs, gaps, sizes, endings, pipes and devices",
        cases(
            "tests/media/test_limits.py", "tests/media/test_damaged_files.py", "tests/media/test_broken_endings.py",
            "tests/media/test_apart.py",
        ),
    ),
    Line(
        "edit lists and covers", "films and sounds that a header cuts, delays, repeats; stills beside the film",
        cases("tests/media/test_edit_lists.py", "tests/media/test_covers.py"),
    ),
    Line(
        "hostile workers", "workers that name files, never end, or fill the disk",
        cases("tests/models/test_worker_hostile.py"),
    ),
    Line(
        "orphans", "out of the session, without variables, mother dead or killed: ended with the run",
        cases("tests/processes"),
    ),
    Line(
        "hostile weights", "pickles, headers and settings that would run code, take memory or time, or mean two things",
        cases("tests/vssflow/test_weights.py", "tests/networks/test_hostile_weights.py"),
    ),
    Line("hostile archives", "arrays of objects, bombs, names that lead elsewhere", cases("tests/text/test_arrays.py")),
    Line("leftovers", "files of a killed command", cases("tests/store/test_leftovers.py")),
    Line("parts", "several processes on one folder", cases("tests/stages/test_parts.py")),
    Line("not root", "without what root may do; a folder that may not be written", places.not_root),
    Line("another user", "who owns a home alone, and a package that may only be read", places.another_user),
    Line("two hosts", "one run, one store, at once and after a kill; foreign pids and locks", hosts.two_hosts, 2),
    Line("demo", "requests for server paths, foreign hosts, large uploads", cases("tests/vssflow/test_demo.py")),
    Line("text", "escape codes, formulas, LaTeX, HTML, workflow commands", cases("tests/text")),
    Line(
        "hostile tables", "CSV, TSV, JSON lines and Parquet without end, of other types, that say what is not so",
        cases("tests/text/test_hostile_tables.py"),
    ),
    Line(
        "records of strangers", "hostile headers, cells, records",
        cases("tests/store/test_foreign_records.py", "tests/tables/test_table_bad_input.py"),
    ),
    Line(
        "cheating", "copies and faults of sound, each with its flag",
        cases("tests/stages/test_flags.py", "tests/statistics/test_flagged.py"),
    ),
    Line("tampering at random", "bytes of a run changed, cut or gone", files.tampering, 300, 42),
    Line(
        "tampering with a plan", "edited, sealed again, other sounds, other models",
        cases(
            "tests/stages/test_verify.py", "tests/leaderboard/test_leaderboard.py", "tests/leaderboard/test_signing.py"
        ),
    ),
    Line("supply chain", "locked hashes, the same wheel twice, what ships", cases("tests/tools/test_supply_chain.py")),
    Line("soak", "many short clips with flat memory and files", places.soak, 1500),
)  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--share", action="store_true", help="a little of it, for CI")
    options.add_argument("--only", action="append", default=[], metavar="NAME", choices=[line.name for line in LINES],
                         help="these lines alone")  # fmt: skip
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--soak", type=int, metavar="CLIPS", help="clips of the soak")
    options.add_argument("--out", type=Path, help="a page whose table is replaced")
    asked = options.parse_args()
    lines = [line for line in LINES if not asked.only or line.name in asked.only]
    if asked.share:
        lines = [line._replace(size=line.share) for line in lines if line.share]
    if asked.soak:
        lines = [line._replace(size=asked.soak) if line.name == "soak" else line for line in lines]
    rows, begun = ["| attack | tried | survived | seconds | |", "|---|---|---|---|---|"], time.monotonic()
    print(*rows, sep="\n", flush=True)
    good, kept = True, Path(tempfile.mkdtemp(prefix="vsseval-attacked-"))
    for line in lines:
        start, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="vsseval-attack-"))
        try:
            found = line.attack(Place(folder, random.Random(asked.seed), kept), line.size)
        except Exception as error:  # noqa: BLE001 - one line is lost, not the page
            found = Outcome(1, 0, f"{type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        held = 0 < found.tried == found.survived
        good &= held
        said = " ".join(found.said.split()).replace("|", "\\|")[:200]
        took = time.monotonic() - start
        survived = f"{found.survived}{'' if held else ' **not survived**'}"
        rows.append(f"| {line.name}: {line.what} | {found.tried} | {survived} | {took:.0f} | {said} |")
        print(rows[-1], flush=True)
    shutil.rmtree(kept)
    cores = len(os.sched_getaffinity(0))
    ending = (
        f"{time.monotonic() - begun:.0f} s on {cores} cores, Python {platform.python_version()}, seed {asked.seed}."
    )
    print(f"\n{ending} {'Every line survived.' if good else 'Not every line survived.'}")
    if asked.out:
        page = asked.out.read_text()
        head, tail = page.partition(START)[0], page.partition(END)[2]
        asked.out.write_text(head + START + "\n" + "\n".join(rows) + f"\n\n{ending}\n" + END + tail)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
