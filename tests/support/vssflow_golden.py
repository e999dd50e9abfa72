"""Where the golden numbers of VSSFlow lie, and how far something is from them."""

import numpy as np
import torch

from support import goldens

GOLDEN = goldens.GOLDEN / "vssflow"
KEYS = goldens.file("vssflow/keys")


def relative_error(ours: torch.Tensor, golden: np.ndarray) -> float:
    reference = torch.from_numpy(golden)
    return float((ours - reference).abs().max() / reference.abs().max())
