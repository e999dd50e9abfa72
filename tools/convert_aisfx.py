"""Makes aisfx.safetensors from the checkpoint inside the wheel of aisfx 0.1.2.

pip download aisfx==0.1.2 --no-deps
python -m tools.convert_aisfx aisfx-0.1.2-py2.py3-none-any.whl aisfx.safetensors
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

CLASSIFIER = 3
"""Of soundstormBalanced: of the nine, the one whose classes tell real recordings apart best."""


def convert(wheel: Path, target: Path) -> None:
    """Write the shared convolutions and one classifier, weights in half precision, normalisation as it is.

    Args:
        wheel: aisfx-0.1.2-py2.py3-none-any.whl.
        target: file to write.
    """
    import numpy as np
    import torch
    from safetensors.torch import save_file

    with zipfile.ZipFile(wheel) as archive:
        raw = io.BytesIO(archive.read("aisfx/models/checkpoint.pth"))
    # beside the weights lie the libraries' sizes, as numbers of an older numpy
    reduced: Any = np.int64(0).__reduce__()
    allowed: list[Any] = [(reduced[0], "numpy.core.multiarray.scalar"), np.dtype, type(np.dtype(np.int64))]
    with torch.serialization.safe_globals(allowed):
        state, _ = torch.load(raw, map_location="cpu", weights_only=True)
    kept = {}
    for key, value in state.items():
        name = key.removeprefix("embedding_net.").replace(f"fc.{CLASSIFIER}.", "classifier.")
        if name != key:
            kept[name] = (value if ".bn" in name else value.half()).contiguous()
    save_file(
        kept,
        target,
        # one entry alone, for safetensors writes several in any order
        metadata={"source": "aisfx/models/checkpoint.pth of aisfx 0.1.2, (c) 2022 A.B. Ma and A. Lerch, CC-BY-4.0"},
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
