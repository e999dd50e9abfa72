"""Simulated raters: they answer a listening test by what they think of its systems, and save files as the page does."""

from __future__ import annotations

import json

import numpy as np

TIES = 0.6
"""Nu of Davidson's model."""
QUALITY = {"reference": 2.0, "check noise": -6.0, "lowpass": -1.0, "shuffled": -2.0}


def quality(name, given):
    return {**QUALITY, **given}[name]


def answer_all(key, rater, given, *, seed=0, sd=0.3, careless=False):
    """Return what a page saves: `given` is the log strength of each system."""
    rng = np.random.default_rng([seed, len(rater), *rater.encode()])
    stimuli = {one.id: one for one in key.stimuli}
    mood = {name: rng.normal(0, sd) for name in sorted({one.system for one in key.stimuli})}
    answers = []
    for trial in key.trials:
        order = [str(one) for one in rng.permutation(trial.stimuli)]
        names = [stimuli[one].system for one in order]
        worth = np.array([quality(n, given) + mood[n] for n in names])
        made = {"trial": trial.id, "stimuli": order, "heard": dict.fromkeys(order, 2.5), "seconds": 9.0}
        if key.kind == "ab":
            chances = np.exp([*worth, np.log(TIES) + worth.mean()])
            chances = np.full(3, 1 / 3) if careless else chances / chances.sum()
            made["better"] = [*order, "tie"][rng.choice(3, p=chances)]
        else:
            low, high = (1, 5) if key.kind == "mos" else (0, 100)
            middle = (low + high) / 2
            points = middle + (high - low) / 6 * (worth + rng.normal(0, 0.5, len(worth)))
            points = rng.uniform(low, high, len(worth)) if careless else points
            made["scores"] = {one: float(np.clip(round(p), low, high)) for one, p in zip(order, points, strict=True)}
            if key.kind == "mushra" and not careless:
                made["scores"][order[names.index("reference")]] = 100.0
        answers.append(made)
    return {
        "schema": 1, "test": key.test, "kind": key.kind, "rater": rater, "session": f"session of {rater}",
        "started": "2026-11-29T10:00:00Z", "finished": None, "comment": "", "plan": [], "answers": answers,
        "listener": {"playback": "headphones", "hearing": "normal", "language": "Finnish", "room": "quiet"},
    }  # fmt: skip


def save(folder, answers):
    """Write one file, as a browser's download."""
    folder.mkdir(exist_ok=True)
    path = folder / f"answers-{len([*folder.iterdir()]):02d}.json"
    path.write_text(json.dumps(answers))
    return path
