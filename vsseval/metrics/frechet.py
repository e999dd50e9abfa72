"""Fréchet distances between the features of generated sounds and of the benchmark's recordings, by network.

The arithmetic is in `gaussians.py`. Never compare two of them across different numbers of clips: they fall with N.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vsseval.metrics import pairs
from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Rows, Sums, Unmeasurable
from vsseval.metrics.gaussians import frechet_distance, frechet_of_vectors, gaussian, moments

_SIDES = pairs.SIDES
_KILGOUR = "Kilgour et al., Fréchet Audio Distance, Interspeech 2019"


class FrechetLogMel:
    """`fad@logmel`; satisfies `DistributionMetric`."""

    spec = MetricSpec(
        name="fad",
        recipe="logmel",
        version="1",
        inputs={
            "generated": Feature(extractor="logmel", of=Need.AUDIO),
            "reference": Feature(extractor="logmel", of=Need.REFERENCE),
        },
        direction="lower",
        unit="",
        least=0.0,
        description="Fréchet distance between log-mel statistics of all 0.96 s patches, generated against reference",
        citation=f"{_KILGOUR} (features: log-mel statistics, not VGGish)",
        # The other clips' references have the same distribution: a shuffled set cannot be told from the right one.
        sees=("noise", "silence"),
    )

    def sums(self, generated: Arrays, reference: Arrays) -> Sums:
        """Return number, sum and sum of outer products of both sides' patches, float64.

        Args:
            generated: `patches` (n, d) of the generated clip.
            reference: `patches` (m, d) of the benchmark's clip.
        """
        return summed(generated["patches"], reference["patches"])

    def value(self, sums: Sums) -> float:
        """Return the distance, at least 0.

        Raises:
            Unmeasurable: one side has fewer than d + 1 patches, so that its covariance is singular.
        """
        for side in _SIDES:
            need = sums[f"{side}_x"].size + 1
            if sums[f"{side}_n"] < need:
                raise Unmeasurable(
                    f"a Fréchet distance in {need - 1} dimensions needs at least {need} patches (about one per "
                    f"half second); the {side} sound has {int(sums[f'{side}_n'])}: score more clips"
                )
        return distance_of_sums(sums)


class Recipe(NamedTuple):
    """One published Fréchet distance: which vectors of which network."""

    name: str
    recipe: str
    extractor: str
    array: str
    vectors: str
    """What they are, for the description."""
    citation: str


RECIPES = {
    "fd_vggish@avbench": Recipe(
        "fd_vggish", "avbench", "vggish", "patches", "VGGish embeddings of all 0.96 s patches (often called FAD)",
        "Hershey et al., CNN architectures for large-scale audio classification, ICASSP 2017",
    ),
    "fd_panns@avbench": Recipe(
        "fd_panns", "avbench", "panns", "embedding", "PANNs Cnn14 16 kHz embeddings, one per clip",
        "Kong et al., PANNs, IEEE/ACM TASLP 28, 2020",
    ),
    "fd_passt@avbench": Recipe(
        "fd_passt", "avbench", "passt", "embedding", "PaSST embeddings of 10 s, one per clip",
        "Koutini et al., Efficient training of audio transformers with Patchout, Interspeech 2022",
    ),
    "fd_vggish@audioldm": Recipe(
        "fd_vggish", "audioldm", "vggish_audioldm", "patches",
        "VGGish embeddings of all 0.96 s patches (its FAD), prepared as in audioldm_eval",
        "Kilgour et al., Fréchet Audio Distance, Interspeech 2019",
    ),
    "fd_panns@audioldm": Recipe(
        "fd_panns", "audioldm", "panns_audioldm", "embedding",
        "PANNs Cnn14 16 kHz embeddings, one per clip, prepared as in audioldm_eval",
        "Kong et al., PANNs, IEEE/ACM TASLP 28, 2020",
    ),
    "fid_melception@specvqgan": Recipe(
        "fid_melception", "specvqgan", "melception", "embedding",
        "Melception embeddings of 10 s, one per clip (SpecVQGAN's FID)",
        "Iashin and Rahtu, Taming visually guided sound generation, BMVC 2021",
    ),
    "fad_clap@laion": Recipe(
        "fad_clap", "laion", "laion_clap", "embedding", "LAION-CLAP sound embeddings, one per clip",
        "Wu et al., Large-scale contrastive language-audio pretraining, ICASSP 2023",
    ),
}  # fmt: skip
"""Metric id -> recipe. avbench: av-benchmark 050a5cd, the evaluator of MMAudio and of most papers since. audioldm:
audioldm_eval 8dc07ee, that of AudioLDM and of papers on video before. laion: of our own; fadtk cuts into windows."""


def declare(made: Recipe) -> MetricSpec:
    """Return the declaration of one recipe."""
    return MetricSpec(
        name=made.name,
        recipe=made.recipe,
        version="1",
        inputs=pairs.inputs(made.extractor),
        direction="lower",
        unit="",
        least=0.0,
        description=f"Fréchet distance between {made.vectors}, generated against reference",
        citation=f"{made.citation}; {_KILGOUR}",
        # The other clips' references have the same distribution: a shuffled set cannot be told from the right one.
        sees=("noise", "silence"),
    )


class FrechetOfPatches:
    """Several vectors to a clip, of so few dimensions that sums are small; satisfies `DistributionMetric`."""

    def __init__(self, made: Recipe) -> None:
        self.spec = declare(made)
        self._array = made.array

    def sums(self, generated: Arrays, reference: Arrays) -> Sums:
        """Return number, sum and sum of outer products of both sides' vectors, float64.

        Raises:
            Unmeasurable: a side has no vector, or they are of different length.
        """
        return summed(**pairs.rows(generated, reference, self._array))

    def value(self, sums: Sums) -> float:
        """Return the distance, at least 0.

        Raises:
            Unmeasurable: a side has fewer than two vectors.
        """
        return distance_of_sums(sums)


class FrechetOfClips:
    """Wide vectors, one to a clip, kept as they are; satisfies `SummedRowsMetric`."""

    def __init__(self, made: Recipe) -> None:
        self.spec = declare(made)
        self._array = made.array

    def rows(self, generated: Arrays, reference: Arrays) -> Rows:
        """Return the vectors of both sides, (1, d) each, as stored.

        Raises:
            Unmeasurable: they are of different length.
        """
        return pairs.rows(generated, reference, self._array)

    def sums(self, generated: np.ndarray, reference: np.ndarray) -> Sums:
        """Return number, sum and sum of outer products of both sides' rows, float64."""
        return summed(generated, reference)

    def value(self, sums: Sums) -> float:
        """Return the distance, at least 0.

        Raises:
            Unmeasurable: a side has fewer than two vectors.
        """
        return distance_of_sums(sums)

    def value_of_rows(self, rows: Rows) -> float:
        """Return the same distance straight from rows.

        Raises:
            Unmeasurable: a side has fewer than two vectors.
        """
        return frechet_of_vectors(rows["generated"], rows["reference"])


def fad_logmel() -> FrechetLogMel:
    """Return the metric that needs no download."""
    return FrechetLogMel()


def fd_vggish_avbench() -> FrechetOfPatches:
    """Return the distance that papers call FAD or FD_VGG."""
    return FrechetOfPatches(RECIPES["fd_vggish@avbench"])


def fd_panns_avbench() -> FrechetOfClips:
    """Return FD_PANNs."""
    return FrechetOfClips(RECIPES["fd_panns@avbench"])


def fd_passt_avbench() -> FrechetOfClips:
    """Return FD_PaSST."""
    return FrechetOfClips(RECIPES["fd_passt@avbench"])


def fd_vggish_audioldm() -> FrechetOfPatches:
    """Return FAD of audioldm_eval."""
    return FrechetOfPatches(RECIPES["fd_vggish@audioldm"])


def fd_panns_audioldm() -> FrechetOfClips:
    """Return FD_PANNs of audioldm_eval."""
    return FrechetOfClips(RECIPES["fd_panns@audioldm"])


def fid_melception_specvqgan() -> FrechetOfClips:
    """Return FID of SpecVQGAN's evaluator."""
    return FrechetOfClips(RECIPES["fid_melception@specvqgan"])


def fad_clap_laion() -> FrechetOfClips:
    """Return FAD of LAION-CLAP."""
    return FrechetOfClips(RECIPES["fad_clap@laion"])


def summed(generated: np.ndarray, reference: np.ndarray) -> Sums:
    """Return the `moments` of both sides, under `generated_` and `reference_`."""
    return {
        f"{side}_{name}": value
        for side, x in zip(_SIDES, (generated, reference), strict=True)
        for name, value in moments(x).items()
    }


def distance_of_sums(sums: Sums) -> float:
    """Return the Fréchet distance of what `summed` gives.

    Raises:
        Unmeasurable: a side has fewer than two vectors, or holds NaN or infinite values.
    """
    sides = [{name: sums[f"{side}_{name}"] for name in ("n", "x", "xx")} for side in _SIDES]
    return frechet_distance(*gaussian(sides[0]), *gaussian(sides[1]))
