"""Damages media, and files of finished runs: whoever reads them has a reason, and sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from attacks.common import MINI, RESULTS, Outcome, Place, environment, finished


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
        [sys.executable, "-m", "attacks.files", str(folder)], env=environment(folder), capture_output=True, text=True,
        timeout=1800, check=False,
    )  # fmt: skip
    if read.returncode:
        return Outcome(size, 0, f"exit {read.returncode}: {read.stderr[-300:]}")
    good, bad = json.loads(read.stdout)
    return Outcome(size, good, bad[0] if bad else "")


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


if __name__ == "__main__":
    print(json.dumps(_read_all(Path(sys.argv[1]))))
