"""What a paper has to say of its listening test, filled in from the test and its answers.

The fields are those that Cooper, Le Maguer, Klabbers and Yamagishi (arXiv:2503.03250, 2025) give reviewers to look for,
and Chiang, Huang and Lee (Interspeech 2023) found missing: who listened, how they were found and paid, what they were
asked and told, how many there were of everything, how loud it was, and which test was made of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import UsageError
from vsseval.listening.screening import HIDDEN, HIDDEN_SHARE, MOST_FAILED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.listening.answers import Rater
    from vsseval.listening.key import TestKey
    from vsseval.listening.results import Results
    from vsseval.listening.screening import Judgement, Screened

__all__ = ["STATED", "checklist", "stated"]

STATED = {
    "recruitment": "how listeners were found",
    "payment": "what they were paid",
    "language": "which language they had to speak, and where they live",
    "consent": "how they consented, and who approved",
    "training": "what they heard before the first trial",
}
"""What only whoever ran the test knows."""
KINDS = {
    "ab": "preference in pairs, with ties",
    "mos": "absolute category rating, 1 (bad) to 5 (excellent) in whole steps",
    "mushra": "several sounds with a hidden reference (after ITU-R BS.1534), 0 to 100",
}


def stated(given: Sequence[str]) -> dict[str, str]:
    """Read FIELD=TEXT.

    Raises:
        UsageError: there is no such field.
    """
    found = {}
    for text in given:
        name, equals, what = text.partition("=")
        if not equals or name not in STATED or not what.strip():
            raise UsageError(f"--state {text}: write FIELD=TEXT, where FIELD is one of {', '.join(STATED)}")
        found[name] = what.strip()
    return found


def checklist(
    key: TestKey, raters: Sequence[Rater], screened: Sequence[Screened], said: Sequence[Judgement], found: Results,
    told: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Return field -> text, in the order of a paper.

    Args:
        key: of the test.
        raters: all.
        screened: of each.
        said: by those whose answers count.
        found: the results.
        told: fields that only whoever ran the test knows.
    """
    kept = {one.rater for one in screened if not one.out}
    return {
        "test": f"{KINDS[key.kind]}; no comparison with scores of another test is meant",
        "question": key.question,
        "instructions": key.instructions,
        "systems": ", ".join(f"{s.name} ({s.role})" for s in key.systems),
        "material": f"{len(key.clusters)} clips of {len({*key.clusters.values()})} clusters of {key.benchmark}, drawn "
                    f"with seed {key.seed} among those of which every system has a sound",
        "presentation": "with the picture, as often as wanted, changes at the same place; order and sides drawn anew "
                        f"for each listener; at least {key.least_heard:g} s of each sound before an answer",
        "loudness": f"sounds of a clip equally loud, {key.target_lufs:g} LUFS or the highest that does not clip "
                    "(ITU-R BS.1770)",
        "listeners": f"{len(raters)}, of whom {len(kept)} count",
        "recruitment": _told("recruitment", told),
        "payment": _told("payment", told),
        "language": _told("language", told) + "; first languages as they said: " + _counted(raters, "language"),
        "hearing": _counted(raters, "hearing"),
        "playback": _counted(raters, "playback"),
        "room": _counted(raters, "room"),
        "experience": _counted(raters, "experience"),
        "consent": _told("consent", told),
        "training": f"{key.practice} trials for practice; {_told('training', told)}",
        "screening": _screening(key, screened),
        "ratings": _ratings(said),
        "duration": _minutes(screened),
        "agreement": _agreement(found),
        "statistics": _statistics(key.kind),
    }  # fmt: skip


def _told(name: str, told: Mapping[str, str]) -> str:
    return told.get(name) or f"not stated ({STATED[name]}): --state {name}=..."


def _counted(raters: Sequence[Rater], field: str) -> str:
    found = Counter(rater.listener.get(field) or "not said" for rater in raters)
    return ", ".join(f"{number} {name}" for name, number in found.most_common(8))


def _screening(key: TestKey, screened: Sequence[Screened]) -> str:
    rules = []
    if key.checks:
        rules.append(f"{len(key.checks)} attention checks (noise beside the reference), out beyond {MOST_FAILED:.0%}")
    if key.kind == "mushra":
        rules.append(f"hidden reference below {HIDDEN:.0f} in more than {HIDDEN_SHARE:.0%} of trials: out (BS.1534)")
    out = Counter(one.out for one in screened if one.out)
    left = "; ".join(f"{number} left out: {reason}" for reason, number in out.items()) or "none left out"
    return f"{'; '.join(rules) or 'no rule, for there is no reference'}; {left}"


def _ratings(said: Sequence[Judgement]) -> str:
    per_rater = Counter(one.rater for one in said)
    per_unit = Counter((one.clip, one.systems) for one in said)
    if not said:
        return "none"
    return (
        f"{len(said)}: {min(per_rater.values())} to {max(per_rater.values())} a listener, "
        f"{min(per_unit.values())} to {max(per_unit.values())} of each sound or pair that was rated ({len(per_unit)})"
    )


def _minutes(screened: Sequence[Screened]) -> str:
    minutes = [one.minutes for one in screened]
    return f"{np.median(minutes):.0f} minutes (median), {min(minutes):.0f} to {max(minutes):.0f}" if minutes else "-"


def _agreement(found: Results) -> str:
    alpha = found.agreement
    if alpha.value is None:
        return "no two listeners rated the same"
    ends = "" if alpha.low is None else f" [{alpha.low:.2f}, {alpha.high:.2f}]"
    return f"Krippendorff's alpha {alpha.value:.2f}{ends} over {alpha.units} units"


def _statistics(kind: str) -> str:
    what = "strengths by Davidson's model of pairs with ties (1970)" if kind == "ab" else "means of scores"
    return (
        f"{what}; 95 % intervals from errors clustered by listener and by clip at once (Cameron, Gelbach and Miller "
        "2011), Student's t; differences tested in pairs, p adjusted by Holm"
    )
