"""Which condition belongs on the channel axis? The ablation of VSSFlow (arXiv 2509.24773, section 4) at small size.

    python benchmarks/condition_schemes.py --data SPLIT --out DIR [--budgets 450,1350] [--seeds 0,1,2] [--plan]

The paper lays lips, phones and motion on the channel axis, and attends to scene and speaker. Against it: nothing on the
channel axis; lips and motion alone; phones and scene; all four. Joint models, both tasks evenly, same seeds and clips.
Goes on where it was killed; `--plan` only says what it costs. The report goes between the marks of vssflow/README.md.
"""

from __future__ import annotations

from training_trials import run  # beside this file
from trial import Arm, Question, Trial

OTHERS = ("none", "lip-sync", "phone-scene", "all")
TRIAL = Trial(
    name="condition schemes",
    heading="Which condition goes where?",
    arms={scheme: Arm("v2s,vtts", clips=2, rate=2, scheme=scheme) for scheme in ("paper", *OTHERS)},
    questions=tuple(
        Question(f"the paper's scheme against {other}, {task}", benchmark, "paper", other)
        for other in OTHERS
        for benchmark, task in (("mini_v2s", "video-to-sound"), ("mini_vtts", "visual text-to-speech"))
    ),
    setting=(
        "All models are joint, twice as many clips a step. paper: lips, phones and motion on the channel axis; none: "
        "nothing there; lip-sync: lips and motion; phone-scene: phones and scene; all: the scene too. The rest is "
        "attended to."
    ),
)

if __name__ == "__main__":
    run(TRIAL, __doc__)
