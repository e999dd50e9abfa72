"""A program that behaves as a published system does on the outside: what it reads, how it names its files, its faults.

    fake_program.py DESCRIPTION PROGRAM ARGUMENTS...

DESCRIPTION is a JSON file, written by the test from `tests/support/published_programs.py`; standard library only, so that it is quick.
"""

import csv
import json
import math
import os
import pathlib
import shutil
import struct
import sys
import time
import wave


def main():
    told = json.loads(pathlib.Path(sys.argv[1]).read_text())
    name, arguments = sys.argv[2], sys.argv[3:]
    program = told["programs"][name]
    flags, places = parse(arguments, program)
    with open(told["record"], "a") as file:
        file.write(json.dumps({"program": name, "arguments": arguments, "cwd": os.getcwd()}) + "\n")
    print("loading", name)
    if program.get("settings"):
        flags |= settings(flags, program)
    for flag in program.get("must_exist", []):
        if not os.path.exists(flags[flag]):
            sys.exit(f"{name}: {flags[flag]} does not exist")
    if program.get("empty") and os.path.exists(program["empty"].format(**flags)):
        sys.exit(f"{name}: the folder {program['empty'].format(**flags)} exists")
    if "write" not in program:
        for path in program.get("touch", []):
            target = pathlib.Path(path.format(**flags))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("features")
        return
    for row, clip in enumerate(clips(program, flags, places)):
        make(told, program, flags, row, clip)


def parse(arguments, program):
    """Read --flag value, --flag=value, flag=value and -f value; refuse what the program does not know."""
    known, bare = set(program["flags"]), set(program.get("switches", []))
    flags, places, index = {}, {}, 0
    for one in program.get("required", program["flags"]):
        flags[one.lstrip("-").replace(".", "_")] = None
    while index < len(arguments):
        word = arguments[index]
        key, equals, value = word.partition("=")
        if word in bare:
            flags[word.lstrip("-")] = "yes"
        elif equals and key in known:
            flags[key.lstrip("-").replace(".", "_")] = value
        elif word in known and "=" not in word:
            index += 1
            flags[word.lstrip("-").replace(".", "_")] = arguments[index]
        elif not word.startswith("-") or not known:
            places[f"place{len(places)}"] = word
        else:
            sys.exit(f"unrecognised argument: {word}")
        index += 1
    lost = [key for key, value in flags.items() if value is None]
    if lost:
        sys.exit(f"the following arguments are required: {', '.join(lost)}")
    return {**flags, **places}, places


def settings(flags, program):
    """Return the settings of the program's file; it knows no others, and needs them all."""
    found = json.loads(pathlib.Path(flags["config-file"]).read_text())
    odd = set(found) ^ set(program["settings"])
    if odd:
        sys.exit(f"settings that are not known, or lacking: {', '.join(sorted(odd))}")
    if not isinstance(found["seed"], int) or not found["text_prompt"]:
        sys.exit("the seed is no number, or there is nothing to make")
    return found


def clips(program, flags, places):
    """Return what the program takes for its clips: dicts with a stem, and whatever a list has."""
    source, of = program["clips"]
    value = of.format(**flags)
    if source == "file":
        return [{"stem": pathlib.Path(value).stem, "video": value}]
    if source == "name":
        return [{"stem": pathlib.Path(value).stem}]
    if source == "folder":
        return [{"stem": path.stem, "video": str(path)} for path in sorted(pathlib.Path(value).glob("*.mp4"))]
    if source == "npy":
        return [{"stem": path.stem} for path in sorted(pathlib.Path(value).glob("*.npy"))]
    if source == "ids":
        return [{"stem": word} for word in pathlib.Path(value).read_text().split()]
    text = pathlib.Path(value).read_text()
    if source == "csv":
        rows = list(csv.DictReader(text.splitlines()))
    elif source == "jsonl":
        rows = [json.loads(line) for line in text.splitlines()]
    else:
        rows = [{str(i): field for i, field in enumerate(line.split("\t"))} for line in text.splitlines()]
    key = program["key"]
    return [{**row, "stem": pathlib.Path(row[key]).stem, "video": row[key]} for row in rows]


def make(told, program, flags, row, clip):
    stem = clip["stem"]
    if "video" in clip and program.get("looks", True) and not os.path.exists(clip["video"]):
        sys.exit(f"cannot open {clip['video']}")
    if row in told.get("skip", []):
        print("skipping", stem)
        return
    if row in told.get("die", []):
        print("CUDA out of memory at", stem)
        sys.stdout.flush()
        os.kill(os.getpid(), 9)
    stem = stem.replace("+", " ") if program.get("mangles") else stem
    values = {
        **flags, "row": row, "stem": stem, "date": time.strftime("%m%d"), "now": time.strftime("%Y%m%d_%H%M%S"),
    }  # fmt: skip
    for pattern in [program["write"], *program.get("also", [])]:
        path = pathlib.Path(pattern.format(**values))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".wav":
            sound(path, told, stem)
        elif path.suffix in {".npy", ".csv"}:
            path.write_text("features")
        else:
            shutil.copy(told["templates"] + "/template" + path.suffix, path)


def sound(path, told, stem):
    """Write a tone whose pitch is the clip's: 200 Hz plus 10 for each of its last digits' value."""
    rate, channels, width = told["sample_rate"], told.get("channels", 1), told.get("width", 2)
    digits = "".join(c for c in stem if c.isdigit())[-2:] or "0"
    pitch, count = 200 + 10 * int(digits), round(told["seconds"] * rate)
    full = 2 ** (8 * width - 1) * 0.5
    period = bytearray()
    for index in range(rate // 10):  # a multiple of 10 Hz comes round after a tenth of a second
        period += struct.pack("<i", int(full * math.sin(2 * math.pi * pitch * index / rate)))[:width] * channels
    size = count * width * channels
    data = (bytes(period) * (size // len(period) + 1))[:size]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)


if __name__ == "__main__":
    main()
