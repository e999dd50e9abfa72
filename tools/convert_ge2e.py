"""Makes ge2e.safetensors from the checkpoint inside the wheel of Resemblyzer 0.1.4.

pip download Resemblyzer==0.1.4 --no-deps
python -m tools.convert_ge2e Resemblyzer-0.1.4-py3-none-any.whl ge2e.safetensors
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

KEPT = ("lstm.", "linear.")
"""The rest of the checkpoint belongs to training: optimiser, step, similarity scale."""


def convert(wheel: Path, target: Path) -> None:
    """Write the encoder's tensors, unchanged in float32.

    Args:
        wheel: Resemblyzer-0.1.4-py3-none-any.whl.
        target: file to write.
    """
    import torch
    from safetensors.torch import save_file

    with zipfile.ZipFile(wheel) as archive:
        raw = io.BytesIO(archive.read("resemblyzer/pretrained.pt"))
    checkpoint = torch.load(raw, map_location="cpu", weights_only=True)
    state = checkpoint["model_state"]
    kept = {key: value.contiguous() for key, value in state.items() if key.startswith(KEPT)}
    save_file(
        kept, target, metadata={"source": "Resemblyzer 0.1.4, resemblyzer/pretrained.pt", "licence": "Apache-2.0"}
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
