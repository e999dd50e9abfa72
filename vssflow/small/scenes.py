"""Whether a scene is of the kind that the small model was trained on, or something that it has never seen.

A classifier is as sure of what it does not know as of what it does. The scene stream of a clip is therefore compared
with the means of the training clips, class by class, by one common covariance (Lee et al. 2018, arXiv 1807.03888): of
the rendered clips nearly all lie within `limit`, of recordings next to none.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Seen = Literal["rendered", "mouth", "motion", "nothing"]
"""What is taken from a video: all of it, where it is of the rendered kind that was trained on; of any other the mouth
by landmarks, where there is something to say, or else the motion; or nothing."""
SHARE_KNOWN = 0.995
"""Share of the training clips that lie within the limit."""
_RIDGE = 1e-3
_FAR = 1e3
"""Mean of a class without clips: nothing is near it."""


class KnownScenes(nn.Module):
    """Means of the classes, what whitens the differences from them, and the largest distance of a known scene."""

    means: Tensor
    whitening: Tensor
    limit: Tensor

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(classes, width))
        self.register_buffer("whitening", torch.zeros(width, width))
        self.register_buffer("limit", torch.ones(()))

    def distance(self, scene: Tensor) -> Tensor:
        """Map mean scene features (clips, width) to squared distances over the width, (clips,): about 1 within."""
        away = (scene[:, None] - self.means) @ self.whitening
        return away.square().mean(-1).min(-1).values

    def knows(self, scene: Tensor) -> bool:
        """Say whether a clip's scene stream (frames, width) is of a kind that was trained on."""
        return bool(self.distance(scene.mean(0, keepdim=True))[0] <= self.limit)

    @torch.no_grad()
    def learn(self, scenes: Tensor, classes: Tensor) -> None:
        """Learn from mean scene features (clips, width) and the class of each clip (clips,), int64."""
        scenes = scenes.double()
        within = torch.empty_like(scenes)
        means = torch.full(self.means.shape, _FAR, dtype=torch.float64)
        for place in sorted(set(classes.tolist())):
            here = classes == place
            means[place] = scenes[here].mean(0)
            within[here] = scenes[here] - means[place]
        covariance = within.T @ within / len(within)
        covariance += _RIDGE * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=torch.float64)
        values, vectors = torch.linalg.eigh(covariance)
        self.means.copy_(means)
        self.whitening.copy_(vectors / values.sqrt())
        self.limit.copy_(torch.quantile(self.distance(scenes.float()), SHARE_KNOWN))
