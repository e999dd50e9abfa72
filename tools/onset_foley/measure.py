"""How well held-out clips are recognised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tools.onset_foley.train import Example
from vsseval.models.onset_foley.recognise import FACE, Seen, Weights, classify, events, intensity, is_unfamiliar, timbre

__all__ = ["matched", "report"]

NEAR_SECONDS = 0.06


def matched(found: Sequence[float], true: Sequence[float], near: float = NEAR_SECONDS) -> list[float]:
    """Return the signed error in seconds of each true event that a found one answers to, each used once."""
    free, errors = list(found), []
    for second in true:
        if not free:
            break
        best = min(free, key=lambda other: abs(other - second))
        if abs(best - second) <= near:
            errors.append(best - second)
            free.remove(best)
    return errors


def report(weights: Weights, examples: Sequence[Example]) -> Iterator[str]:
    """Yield lines on class, events, intensity and timbre."""
    seen = [Seen(motion=example.motion, vector=example.vectors[0]) for example in examples]
    told = [max(odds, key=odds.__getitem__) for odds in (classify(weights, item) for item in seen)]
    right = [label == example.label for label, example in zip(told, examples, strict=True)]
    yield f"class: {np.mean(right):.3f} of {len(right)} right"
    yield f"like nothing in training: {sum(is_unfamiliar(weights, item) for item in seen)}"
    faces = [label == FACE for label, example in zip(told, examples, strict=True) if example.label == FACE]
    if faces:
        yield f"faces: {np.mean(faces):.3f} of {len(faces)} right"
    found = true = 0
    errors: list[float] = []
    for item, label, example in zip(seen, told, examples, strict=True):
        if example.events and label != FACE and f"intensity/{label}" not in weights:
            times = [second for second, _ in events(weights, item, label)]
            errors += matched(times, example.events)
            found, true = found + len(times), true + len(example.events)
    if errors:
        yield (
            f"events: precision {len(errors) / found:.3f}, recall {len(errors) / true:.3f} of {true} within "
            f"{NEAR_SECONDS * 1e3:.0f} ms, median error {np.median(np.abs(errors)) * 1e3:.1f} ms"
        )
    for label in dict.fromkeys(example.label for example in examples if example.intensity is not None):
        likeness = [
            float(np.corrcoef(intensity(weights, item, label), example.intensity)[0, 1])
            for item, example in zip(seen, examples, strict=True)
            if example.label == label and example.intensity is not None
        ]
        yield f"intensity of {label}: median correlation {np.median(likeness):.3f}"
    pairs = [(timbre(weights, i, e.label), e) for i, e in zip(seen, examples, strict=True) if e.spectrum is not None]
    spectra = np.stack([example.spectrum for _, example in pairs if example.spectrum is not None])
    means = {label: weights[f"tint/{label}"] for label in {example.label for _, example in pairs}}
    rest = np.sqrt(np.mean((np.stack([expected for expected, _ in pairs]) - spectra) ** 2))
    spread = np.sqrt(np.mean((np.stack([means[example.label] for _, example in pairs]) - spectra) ** 2))
    yield f"timbre: {rest:.1f} dB from the truth, {spread:.1f} dB for the class's constant"
