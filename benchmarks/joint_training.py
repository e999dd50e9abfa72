"""Does joint training help? The paper's claim (VSSFlow, arXiv 2509.24773, section 4) at equal exposure.

    python benchmarks/joint_training.py --data SPLIT --out DIR [--budgets 450,1350,4050] [--seeds 0,1,2] [--plan]

Small models on the same encoders and features. At each budget (steps of the optimiser) and for each seed:

    v2s, vtts       one task alone, B clips a step
    joint           both tasks, 2 B clips a step, the rate twice as high: step for step the same clips of each task as
                    the models that see nothing else, and the same rate per clip
    half            both tasks, B clips a step: equal compute, half the exposure
    mixed           on mixtures of sound and speech from the start, 2 B clips a step
    tuned           the joint model, then the last fifth of its steps on mixtures (the paper's second part)

Goes on where it was killed; `--plan` only says what it costs. The report goes between the marks of vssflow/README.md.
"""

from __future__ import annotations

from training_trials import run  # beside this file
from trial import Arm, Question, Trial

TRIAL = Trial(
    name="joint training",
    heading="Does joint training help?",
    arms={
        "v2s": Arm("v2s", clips=1, rate=1),
        "vtts": Arm("vtts", clips=1, rate=1),
        "joint": Arm("v2s,vtts", clips=2, rate=2),
        "half": Arm("v2s,vtts", clips=1, rate=1),
        "mixed": Arm("v2s,vtts", clips=2, rate=2, mixtures=True),
        "tuned": Arm("v2s,vtts", clips=2, rate=2, mixtures=True, after="joint"),
    },
    questions=(
        Question("equal exposure, video-to-sound", "mini_v2s", "joint", "v2s"),
        Question("equal exposure, visual text-to-speech", "mini_vtts", "joint", "vtts"),
        Question("equal compute, video-to-sound", "mini_v2s", "half", "v2s"),
        Question("equal compute, visual text-to-speech", "mini_vtts", "half", "vtts"),
        Question("mixtures from the start against fine-tuning on them", "mini_joint", "mixed", "tuned"),
    ),
    setting=(
        "Joint at equal exposure: twice the clips and twice the rate, step for step the same clips of each task; half: "
        "the same tasks at equal compute; mixed: half of the clips are mixtures from the start; tuned: in the last "
        "fifth."
    ),
)

if __name__ == "__main__":
    run(TRIAL, __doc__)
