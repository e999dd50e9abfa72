"""Whether a scene is of the kind that the small model was trained on, or something that it has never seen.

A classifier is as sure of what it does not know as of what it does. Mean and deviation over time of a clip's scene
stream are therefore held against the training clips, class by class: a Gaussian each, its covariance drawn towards the
common one (Lee et al. 2018, arXiv 1807.03888, with the covariances of Friedman 1989). The limit lies where nearly all
rendered clips are likelier, and next to no recording is.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Seen = Literal["rendered", "mouth", "motion", "nothing"]
"""What is taken from a video: all of it, where it is of the rendered kind that was trained on; of any other the mouth
by landmarks, where there is something to say, or else the motion; or nothing."""
SHARE_KNOWN = 0.995
"""Share of the training clips that are known."""
_AXES = 32
"""Principal axes that are looked at."""
_COMMON = 0.3
"""Weight of the common covariance."""
_RIDGE = 1e-3
_NEVER = 1e4
"""Offset of a class without clips: nothing is like it."""


def gist(scene: Tensor) -> Tensor:
    """Return mean and deviation over time of a scene stream (frames, width), (2 * width,)."""
    return torch.cat([scene.mean(0), scene.std(0, unbiased=False)])


class KnownScenes(nn.Module):
    """The training clips of each class as a Gaussian, and how unlikely a known scene may be."""

    axes: Tensor
    means: Tensor
    whitening: Tensor
    offsets: Tensor

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.register_buffer("axes", torch.zeros(2 * width, _AXES))
        self.register_buffer("means", torch.zeros(classes, _AXES))
        # of each class the triangle of its precision's Cholesky factor, row by row
        self.register_buffer("whitening", torch.zeros(classes, len(torch.tril_indices(_AXES, _AXES)[0])))
        self.register_buffer("offsets", torch.zeros(classes))

    def strangeness(self, gists: Tensor) -> Tensor:
        """Map gists (clips, 2 * width) to how unlike the likeliest class they are, (clips,).

        Minus twice the logarithm of the density for each axis, less the most that a known scene has.
        """
        away = (gists @ self.axes)[:, None] - self.means
        rows, columns = torch.tril_indices(_AXES, _AXES)
        factors = away.new_zeros(len(self.whitening), _AXES, _AXES)
        factors[:, rows, columns] = self.whitening
        whitened = torch.einsum("ckd,kde->cke", away, factors)
        return (whitened.square().mean(-1) + self.offsets).min(-1).values

    def knows(self, scene: Tensor) -> bool:
        """Say whether a clip's scene stream (frames, width) is of a kind that was trained on."""
        return bool(self.strangeness(gist(scene).unsqueeze(0))[0] <= 0)

    @torch.no_grad()
    def learn(self, gists: Tensor, classes: Tensor) -> None:
        """Learn from gists (clips, 2 * width) and the class of each clip (clips,), int64."""
        wide = gists.double()
        axes = torch.linalg.eigh(torch.cov(wide.T)).eigenvectors[:, -_AXES:]
        seen = wide @ axes
        here = {place: seen[classes == place] for place in sorted(set(classes.tolist()))}
        own = {place: torch.cov(clips.T, correction=0) for place, clips in here.items()}
        common = torch.stack([own[place] * len(clips) for place, clips in here.items()]).sum(0) / len(seen)
        ridge = _RIDGE * common.diagonal().mean() * torch.eye(_AXES, dtype=torch.float64)
        self.axes.copy_(axes)
        self.offsets.fill_(_NEVER)
        for place, clips in here.items():
            covariance = (1 - _COMMON) * own[place] + _COMMON * common + ridge
            factor = torch.linalg.cholesky(torch.linalg.inv(covariance))
            rows, columns = torch.tril_indices(_AXES, _AXES)
            self.means[place] = clips.mean(0)
            self.whitening[place] = factor[rows, columns]
            self.offsets[place] = torch.logdet(covariance) / _AXES
        self.offsets -= torch.quantile(self.strangeness(gists), SHARE_KNOWN)
