"""Where the golden numbers of VSSFlow lie, and how far something is from them."""

from pathlib import Path

import numpy as np
import torch

GOLDEN = Path(__file__).parents[1] / "golden" / "vssflow"


def relative_error(ours: torch.Tensor, golden: np.ndarray) -> float:
    reference = torch.from_numpy(golden)
    return float((ours - reference).abs().max() / reference.abs().max())
