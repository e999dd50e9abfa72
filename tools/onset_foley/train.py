"""Training of the weights of `recognise`: all small enough for seconds of one core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vsseval.models.onset_foley.features import RHYTHM, around, course
from vsseval.models.onset_foley.motion import FPS, Motion
from vsseval.models.onset_foley.recognise import COURSE_REACH, FACE, Weights, onset_rows

__all__ = ["Example", "train"]

_HIDDEN = 32
_STEPS, _BATCH = 2_500, 2_048
_RATE = 2e-3
_POSITIVE = 4.0
"""Weight of the few frames with an event against the many without."""
_CLASS_DECAY, _RIDGE_COURSE, _RIDGE_TIMBRE = 3e-3, 10.0, 300.0


@dataclass(frozen=True, kw_only=True)
class Example:
    """A training clip, or a window of one."""

    label: str
    motion: Motion
    vectors: tuple[np.ndarray, ...]
    """The clip's descriptor, and its mirror image's."""
    events: tuple[float, ...] = ()
    intensity: np.ndarray | None = None
    """0..1 at each frame, of continuous classes."""
    spectrum: np.ndarray | None = None
    """Of its sound, see `sounds.spectrum`."""


def train(examples: list[Example], labels: list[str], threshold: float) -> Weights:
    """Fit everything.

    Args:
        examples: of all classes.
        labels: the classes in the order of the outputs.
        threshold: log odds from which a peak is an event.
    """
    weights: Weights = {"labels": np.array(labels), "onset/threshold": np.array(threshold, np.float32)}
    weights |= _classes(examples, labels) | _onsets(examples, labels)
    for label in labels:
        own = [example for example in examples if example.label == label]
        weights |= _timbre(weights, label, [example for example in own if example.spectrum is not None])
        weights |= _intensity(label, [example for example in own if example.intensity is not None])
    return {name: value.astype(np.float32) if value.dtype == np.float64 else value for name, value in weights.items()}


def _classes(examples: list[Example], labels: list[str]) -> Weights:
    """Fit the class to the whole descriptor, and to the rhythm alone."""
    x = np.concatenate([np.stack(example.vectors) for example in examples]).astype(np.float64)
    y = np.concatenate([[labels.index(example.label)] * len(example.vectors) for example in examples])
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = np.clip((x - mean) / scale, -5.0, 5.0)
    objects = y != labels.index(FACE)
    matrix, bias = _softmax(x, y, len(labels))
    rhythm, tempo = _softmax(x[objects][:, list(RHYTHM)], y[objects], len(labels))
    return {
        "class/mean": mean, "class/scale": scale, "class/matrix": matrix, "class/bias": bias,
        "rhythm/matrix": rhythm, "rhythm/bias": tempo,
    }  # fmt: skip


def _softmax(x: np.ndarray, y: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Softmax regression by L-BFGS: the matrix (D, count) and the bias (count,)."""
    import torch

    inputs, target = torch.from_numpy(x), torch.from_numpy(y)
    matrix = torch.zeros(x.shape[1], count, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(count, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([matrix, bias], max_iter=150, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(inputs @ matrix + bias, target) + _CLASS_DECAY * (matrix**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return matrix.detach().numpy(), bias.detach().numpy()


def _onsets(examples: list[Example], labels: list[str]) -> Weights:
    """One hidden layer, cross-entropy; the frames right beside an event count neither way."""
    import torch

    rows, target, weight = [], [], []
    for example in examples:
        if not example.events:
            continue
        rows.append(onset_rows(example.motion, example.label, labels))
        nearest = np.rint(np.asarray(example.events) * FPS).astype(int)
        frames = np.arange(len(rows[-1]))
        apart = np.abs(frames[:, None] - nearest[None, :]).min(axis=1)
        target.append(apart == 0)
        weight.append(np.where(apart == 0, _POSITIVE, np.where(apart == 1, 0.2, 1.0)))
    x = np.concatenate(rows)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    inputs = torch.from_numpy(np.clip((x - mean) / scale, -5.0, 5.0).astype(np.float32))
    wanted = torch.from_numpy(np.concatenate(target).astype(np.float32))
    counts = torch.from_numpy(np.concatenate(weight).astype(np.float32))
    random = torch.Generator().manual_seed(1)
    first = torch.randn(inputs.shape[1], _HIDDEN, generator=random) * inputs.shape[1] ** -0.5
    second = torch.randn(_HIDDEN, generator=random) * _HIDDEN**-0.5
    parameters = [first, torch.zeros(_HIDDEN), second, torch.zeros(())]
    for parameter in parameters:
        parameter.requires_grad_()
    optimiser = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE * 3, total_steps=_STEPS)
    for _ in range(_STEPS):
        chosen = torch.randint(len(inputs), (_BATCH,), generator=random)
        odds = torch.relu(inputs[chosen] @ parameters[0] + parameters[1]) @ parameters[2] + parameters[3]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(odds, wanted[chosen], counts[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    first, first_bias, second, second_bias = (parameter.detach().numpy() for parameter in parameters)
    return {
        "onset/mean": mean, "onset/scale": scale, "onset/first": first, "onset/first_bias": first_bias,
        "onset/second": second, "onset/second_bias": second_bias,
    }  # fmt: skip


def _intensity(label: str, examples: list[Example]) -> Weights:
    """Ridge regression of the intensity within each clip on slow curves."""
    if not examples:
        return {}
    rows, wanted = [], []
    for example in examples:
        if example.intensity is not None:
            rows.append(around(course(example.motion), COURSE_REACH))
            wanted.append(example.intensity - example.intensity.mean())
    return {f"intensity/{label}": _ridge(np.concatenate(rows), np.concatenate(wanted), _RIDGE_COURSE)}


def _timbre(weights: Weights, label: str, examples: list[Example]) -> Weights:
    """Ridge regression of the sound's spectrum on the standardised descriptor."""
    if not examples:
        return {}
    x = np.concatenate([np.stack(example.vectors) for example in examples])
    x = np.clip((x - weights["class/mean"]) / weights["class/scale"], -5.0, 5.0)
    spectra = [example.spectrum for example in examples for _ in example.vectors if example.spectrum is not None]
    y = np.stack(spectra)
    matrix = _ridge(x - x.mean(axis=0), y - y.mean(axis=0), _RIDGE_TIMBRE)
    return {f"timbre/{label}": matrix, f"tint/{label}": y.mean(axis=0) - x.mean(axis=0) @ matrix}


def _ridge(x: np.ndarray, y: np.ndarray, strength: float) -> np.ndarray:
    return np.asarray(np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y))
