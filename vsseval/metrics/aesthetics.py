"""Four things that listeners say of any sound, as Meta's Audiobox aesthetics predicts them (Tjandra et al., 2025)."""

from __future__ import annotations

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score


class Aesthetic:
    """One axis of Audiobox aesthetics; satisfies `SampleMetric`."""

    def __init__(self, axis: str, what: str, *, ranked: bool = True) -> None:
        """Declare.

        Args:
            axis: name of the feature.
            what: what a reader of tables is told.
            ranked: whether it is agreed that more is better.
        """
        self._axis = axis
        self.spec = MetricSpec(
            name=f"aes_{axis}",
            recipe="audiobox",
            version="1",
            inputs={"audio": Feature(extractor="aesthetics", of=Need.AUDIO)},
            direction="higher",
            unit="",
            description=f"{what} predicted by Audiobox aesthetics (about 1 to 10)",
            citation="Tjandra et al., Meta Audiobox Aesthetics, arXiv 2502.05139, 2025",
            # another clip's sound is as pleasant
            sees=("noise", "silence") if ranked else (),
            ranked=ranked,
        )

    def score(self, audio: Arrays) -> Score:
        """Return the predicted score, about 1 to 10.

        Args:
            audio: the four scores of the generated sound, () each.
        """
        return Score(value=float(audio[self._axis]))


def aes_ce() -> Aesthetic:
    """Return content enjoyment."""
    return Aesthetic("ce", "how enjoyable the sound is")


def aes_cu() -> Aesthetic:
    """Return content usefulness."""
    return Aesthetic("cu", "how useful the sound is as material")


def aes_pc() -> Aesthetic:
    """Return production complexity. Papers do not agree whether more of it is better, so nobody is ranked by it."""
    return Aesthetic("pc", "how complex the sound is (papers disagree whether that is good)", ranked=False)


def aes_pq() -> Aesthetic:
    """Return production quality."""
    return Aesthetic("pq", "technical quality of the sound")
