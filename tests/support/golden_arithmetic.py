"""The stored cases of metric arithmetic (golden/metrics/metrics_*.json), with their inputs made or read."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
FORMULA = r"\(RandomState\((\d+)\)\.standard_normal\(\((\d+), ?(\d+)\)\)\*(\d+)\)\.astype\(float32\)"
FILES = sorted(GOLDEN.glob("metrics_*.json"))


def cases(family):
    """Return (file, case) of one family, of all files that are there."""
    return [(file, case) for file in FILES for case in json.loads(file.read_text())[family]]


def name(value):
    return value["name"] if isinstance(value, dict) else value.stem


def stored(file, key):
    with np.load(file.with_suffix(".npz")) as arrays:
        return arrays[key]


def vectors(file, case, side, short):
    """Return one side of a case, and whether it is to the last bit what the original was given."""
    rule = case[side]
    x = made(rule) if isinstance(rule, dict) else stored(file, f"fd_{case['name']}_{short}")
    exact = hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest() == case["sha256"][short == "gt"]
    return x, exact


def made(rule):
    """Seeded vectors, by the rule of the golden README."""
    rng = np.random.RandomState(rule["seed"])
    n, d, kind = rule["n"], rule["d"], rule.get("kind")
    x = rng.standard_normal((n, d))
    if kind == "relu":
        x = np.maximum(x * rng.uniform(0.2, 2, d) + rng.uniform(-2, 0.5, d), 0)
    elif kind == "corr":
        m = max(4, d // 8)
        mix = rng.standard_normal((m, d)) / np.sqrt(m)
        x = rng.standard_normal((n, m)) @ mix + 0.05 * x
    elif kind == "const":
        x = np.ones((n, d)) * rng.standard_normal(d)
    return (x + rule.get("shift", 0)).astype(rule.get("dtype", "float32"))


def logits(file, case):
    """Return the logits of an inception score; large ones are made by the formula that stands beside them."""
    key = f"isc_{case['name']}"
    with np.load(file.with_suffix(".npz")) as arrays:
        if key in arrays:
            return arrays[key]
        base = {name: arrays[name] for name in arrays.files if name.startswith("isc_")}
    if "input" in case:
        seed, n, c, scale = map(int, re.fullmatch(FORMULA, case["input"]).groups())
        return (np.random.RandomState(seed).standard_normal((n, c)) * scale).astype(np.float32)
    for x in base.values():
        for candidate in (x, x[::-1]):
            if hashlib.sha256(np.ascontiguousarray(candidate).tobytes()).hexdigest() == case["sha256"]:
                return candidate
    raise AssertionError(f"no input of {case['name']}")


def number(text):
    """Return a stored value as a float: NaN and infinity are words there."""
    return float(text)
