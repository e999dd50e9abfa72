"""What listeners would say of speech, as networks predict it that hear nothing but the speech itself."""

from __future__ import annotations

from vsseval.metrics.base import Arrays, Feature, MetricSpec, Need, Score


class OpinionScore:
    """A mean opinion score of one network; satisfies `SampleMetric`."""

    def __init__(self, spec: MetricSpec, feature: str) -> None:
        """Declare.

        Args:
            spec: the declaration, with one input `speech`.
            feature: which of the network's scores.
        """
        self.spec = spec
        self._feature = feature

    def score(self, speech: Arrays) -> Score:
        """Return the predicted score, about 1 (bad) to 5 (excellent).

        Args:
            speech: the network's scores of the generated sound, () each.
        """
        return Score(value=float(speech[self._feature]))


def utmos() -> OpinionScore:
    """Return UTMOS22's naturalness of speech."""
    spec = MetricSpec(
        name="utmos",
        recipe="utmos22-strong",
        version="1",
        inputs={"speech": Feature(extractor="utmos", of=Need.AUDIO)},
        direction="higher",
        unit="",
        description="naturalness of speech predicted by UTMOS22, strong learner (about 1 to 5)",
        citation="Saeki et al., UTMOS: UTokyo-SaruLab System for VoiceMOS Challenge 2022, Interspeech 2022",
        # another speaker sounds as natural
        sees=("noise", "silence"),
    )
    return OpinionScore(spec, "score")


def dnsmos_ovrl() -> OpinionScore:
    """Return DNSMOS's overall quality after ITU-T P.835."""
    return OpinionScore(_dnsmos("ovrl", "quality of speech and background (P.835)", ("noise", "silence")), "ovrl")


def dnsmos_sig() -> OpinionScore:
    """Return DNSMOS's quality of the speech alone, after ITU-T P.835."""
    return OpinionScore(_dnsmos("sig", "quality of the speech itself (P.835)", ("noise", "silence")), "sig")


def dnsmos_bak() -> OpinionScore:
    """Return DNSMOS's quality of the background, after ITU-T P.835: silence has a good one."""
    return OpinionScore(_dnsmos("bak", "how little the background disturbs (P.835)", ("noise",)), "bak")


def dnsmos_p808() -> OpinionScore:
    """Return DNSMOS's overall quality after ITU-T P.808."""
    return OpinionScore(_dnsmos("p808", "overall quality of speech (P.808)", ("noise", "silence")), "p808")


def _dnsmos(which: str, what: str, sees: tuple[str, ...]) -> MetricSpec:
    return MetricSpec(
        name=f"dnsmos_{which}",
        recipe="speechmos",
        version="1",
        inputs={"speech": Feature(extractor="dnsmos", of=Need.AUDIO)},
        direction="higher",
        unit="",
        description=f"{what} predicted by DNSMOS (about 1 to 5)",
        citation="Reddy et al., DNSMOS P.835, ICASSP 2022; DNSMOS, ICASSP 2021",
        sees=sees,
    )
