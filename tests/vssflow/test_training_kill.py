"""Killed at any time and started again, a training ends with the bytes of one that nobody disturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from support.training_split import write_split
from support.training_tree import write_tree

ROOT = Path(__file__).parents[2]


def small(folder):
    split = write_split(folder / "split")
    stages = ["--vision-steps", "2", "--mouth-steps", "2", "--spectrum-steps", "2"]
    return ["--data", str(split), *stages, "--mix", "add"]


def authors(folder):
    tree = write_tree(folder / "tree")
    frozen = ["--frozen", str(tree / "vae.safetensors")]
    options = ["--mix", "insert", "--mask-ratio", "0.5", "--workers", "2", "--accumulate", "2"]
    return ["--config", str(tree / "tiny.toml"), "--rows", str(tree / "train.csv"), *frozen, *options]


def start(options, out):
    command = [sys.executable, "-m", "vssflow", "train", *options, "--out", str(out)]
    command += ["--steps", "6", "--batch", "2", "--warmup", "2", "--save-every", "2", "--listen-every", "4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with (out.parent / f"{out.name}.log").open("a") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


def kill_within(options, out, step, random):
    """Start a training and kill it a moment after it has logged `step`; return whether it was still running."""
    process, log = start(options, out), out / "flow" / "log.jsonl"
    while process.poll() is None and not (log.exists() and f'"step": {step},' in log.read_text()):
        time.sleep(0.02)
    time.sleep(random.uniform(0, 0.8))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def log_of(out, stage="flow"):
    lines = [json.loads(line) for line in (out / stage / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("configuration", [small, authors])
def test_a_killed_training_ends_with_the_same_bytes(configuration, tmp_path):
    options, random = configuration(tmp_path), Random()
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    assert start(options, whole).wait() == 0, (tmp_path / "whole.log").read_text()
    assert kill_within(options, torn, random.choice((2, 4)), random), (tmp_path / "torn.log").read_text()
    assert start(options, torn).wait() == 0, (tmp_path / "torn.log").read_text()

    names = {path.relative_to(whole) for pattern in ("*.safetensors", "**/*.wav") for path in whole.glob(pattern)}
    assert names
    for name in names:
        assert (whole / name).read_bytes() == (torn / name).read_bytes(), name
    assert log_of(whole) == log_of(torn)
    assert [line["step"] for line in log_of(torn)] == [2, 4, 6]
