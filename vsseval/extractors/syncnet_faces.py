"""The faces in a video to the vectors of SyncNet, one for each 1/25 s of each face that is followed through a shot.

Chung and Zisserman, 'Out of time: automated lip sync in the wild', ACCV workshops 2016, through the published pipeline
(syncnet_python, run_pipeline.py), which Wav2Lip's scores of real videos use. Pictures do not pass through MPEG-4 and
JPEG in between, as they do there.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors import faces, syncnet
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, Video, computed_on
from vsseval.extractors.network import full_precision
from vsseval.extractors.pictures import at_rate
from vsseval.extractors.shots import Cuts
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights
from vsseval.weights.verify import joint_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from vsseval.networks.s3fd import S3FD
    from vsseval.networks.syncnet import SyncNet

LEAST = 50
"""Pictures in which a face has to be found; metrics may ask for more."""

_AT_ONCE = 20
"""Windows to a forward."""


class SyncNetFaces:
    """`embeddings`, float32, (n, 1024), of all tracks one after the other; `tracks`, int64, (k >= 1, 3).

    Satisfies `Extractor`. A row of `tracks` holds the track's first place of 1/25 s, how many rows of `embeddings`
    are its own, and in how many pictures the face was found.
    """

    device = "cpu"

    def __init__(self, weights: Weights, detector: Weights) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: syncnet_v2.
            detector: sfd_face.
        """
        self._weights, self._detector = weights, detector
        self.spec = ExtractorSpec(
            name="syncnet_faces",
            version="1",
            input_kinds=("video",),
            weights=joint_sha256({one.name: one.sha256 for one in (weights, detector)}),
            licence="MIT",
            description="SyncNet v2 on faces that S3FD finds in more than 50 pictures, vectors at 25 a second",
        )

    def on(self, device: str) -> None:
        """Choose where the networks run, before their first use."""
        self.device = device
        self.spec = computed_on(self.spec, device)

    @cached_property
    def network(self) -> SyncNet:
        """SyncNet, built at its first use."""
        return syncnet.load(self._weights.file()).eval().requires_grad_(requires_grad=False).to(self.device)

    @cached_property
    def detector(self) -> S3FD:
        """The detector of faces, built at its first use."""
        from vsseval.networks.s3fd import S3FD
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._detector.file()
        with SkipInitialWeights():
            network = fill_network(S3FD, read_state_dict(file), file, "S3FD")
        return network.eval().requires_grad_(requires_grad=False).to(self.device)

    def extract(self, source: Source) -> Arrays:
        """Return the vectors of each face that is followed.

        Raises:
            Unmeasurable: no face is.
        """
        if not isinstance(source, Video):
            raise TypeError(f"syncnet_faces takes video, not {type(source).__name__}")
        tracks = self._tracks(source)
        if not tracks:
            raise Unmeasurable(
                f"no face of more than {faces.SMALLEST} pixels is found in more than {LEAST} pictures of one shot"
            )
        embeddings = [self._embedded(crops) for crops in _crops(source, tracks)]
        rows = [(track.first, len(own), track.seen) for track, own in zip(tracks, embeddings, strict=True)]
        return {"embeddings": np.concatenate(embeddings), "tracks": np.array(rows, np.int64)}

    def _tracks(self, video: Video) -> list[faces.Track]:
        found: list[np.ndarray] = []
        cuts = Cuts()
        for places, picture in at_rate(video, syncnet.FPS):
            cuts.show(picture, places)
            found += [faces.found(self.detector, picture)] * places
        return [
            track
            for first, stop in cuts.shots()
            if stop - first >= LEAST
            for track in faces.followed(found[first:stop], first, LEAST)
        ]

    def _embedded(self, crops: Tensor) -> np.ndarray:
        import torch

        windows = torch.split(syncnet.picture_windows(crops), _AT_ONCE)
        with torch.inference_mode(), full_precision():
            parts = [self.network.lips(part.to(self.device).float()).cpu().numpy() for part in windows]
        return np.concatenate(parts)


def _crops(video: Video, tracks: Sequence[faces.Track]) -> list[Tensor]:
    """Return the cut-out pictures of each track, uint8 (n, 3, 224, 224), blue first."""
    import torch

    windows = [faces.window(track) for track in tracks]
    crops = [torch.empty(len(track.boxes), 3, 224, 224, dtype=torch.uint8) for track in tracks]
    at = 0
    for places, picture in at_rate(video, syncnet.FPS):
        for place in range(at, at + places):
            for track, window, into in zip(tracks, windows, crops, strict=True):
                index = place - track.first
                if 0 <= index < len(into):
                    face = faces.cut_out(picture, *(float(values[index]) for values in window))
                    into[index] = torch.from_numpy(face[..., ::-1].transpose(2, 0, 1).copy())
        at += places
    return crops
