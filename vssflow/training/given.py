"""Trained weights of the small configuration that a training is given: to go on from, to stand on, to follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from vsseval.errors import UsageError
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow


def trained_weights(option: str, path: Path) -> VSSFlow:
    """Read the weights that an option names.

    Raises:
        UsageError: they cannot be loaded.
    """
    from safetensors import SafetensorError

    try:
        return VSSFlow.load(path)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UsageError(f"{option} {path} cannot be loaded: {error}") from error


def other_parts(model: VSSFlow) -> dict[str, Tensor]:
    """Everything of a model but the transformer and its projections."""
    return {key: value for key, value in model.state_dict().items() if not key.startswith(("vaflow.", "conditions."))}


def on_parts_of(path: Path, config: ModelConfig, labels: tuple[str, ...]) -> VSSFlow:
    """Build a model with a new transformer on the other parts of trained weights.

    Args:
        path: the weights; guidance and encoder are theirs.
        config: of transformer and projections.
        labels: scenes of the training split.

    Raises:
        UsageError: they cannot be loaded, know other scenes, or have other sizes.
    """
    given = trained_weights("--parts-of", path)
    if given.config.vision.labels != labels:
        raise UsageError(
            f"--parts-of {path} knows other scenes ({', '.join(given.config.vision.labels)}) than the training data "
            f"({', '.join(labels)})"
        )
    theirs = given.config
    model = VSSFlow(replace(config, vision=theirs.vision, guidance=theirs.guidance, guided=theirs.guided))
    try:
        model.load_state_dict(other_parts(given), strict=False)
    except RuntimeError as error:
        raise UsageError(f"--parts-of {path} does not fit the configuration: {error}") from error
    return model


def teacher_for(model: VSSFlow, path: Path) -> VSSFlow:
    """Read a teacher that sees and decodes as the model does.

    Raises:
        UsageError: it cannot be loaded, or has other parts, so that its velocity means something else.
    """
    teacher = trained_weights("--teacher", path)
    own, its = other_parts(model), other_parts(teacher)
    if own.keys() != its.keys() or not all(torch.equal(own[key].half(), its[key].half()) for key in own):
        raise UsageError(f"--teacher {path} has other parts than the model; give them by --parts-of")
    return teacher.requires_grad_(requires_grad=False)
