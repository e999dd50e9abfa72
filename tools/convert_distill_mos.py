"""Makes distill_mos.safetensors from the checkpoint inside the wheel of distillmos 0.9.1.

pip download distillmos==0.9.1 --no-deps
python -m tools.convert_distill_mos distillmos-0.9.1-py3-none-any.whl distill_mos.safetensors
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

MEMBER = "distillmos/weights/distill_mos_v7.pt"
_TOP = r"^transformer_pool_attn\."
_NAMES = (
    (_TOP + r"norm_input\.", "outer_norm."),
    (_TOP + r"transformer\.norm\.", "inner_norm."),
    (_TOP + r"norm_trans\.", "last_norm."),
    (_TOP + r"transformer\.linear_proj\.", "projection."),
    (_TOP + r"transformer\.transformer_encoder\.layers\.", "layers."),
    (r"\.self_attn\.in_proj_", ".to_attention."),
    (r"\.self_attn\.out_proj\.", ".from_attention."),
    (r"^(layers\.\d+)\.linear1\.", r"\1.wider."),
    (r"^(layers\.\d+)\.linear2\.", r"\1.narrower."),
    (r"\.norm1\.", ".first_norm."),
    (r"\.norm2\.", ".second_norm."),
    (_TOP + r"pool\.linear1\.", "pool.wider."),
    (_TOP + r"pool\.linear2\.", "pool.weight."),
    (_TOP + r"pool\.linear3\.", "pool.score."),
)
_COMPUTED = ".position_encoding.pe"


def convert(wheel: Path, target: Path) -> None:
    """Write the network's tensors under our own names, unchanged in float32.

    Args:
        wheel: distillmos-0.9.1-py3-none-any.whl.
        target: file to write.
    """
    import torch
    from safetensors.torch import save_file

    with zipfile.ZipFile(wheel) as archive:
        raw = io.BytesIO(archive.read(MEMBER))
    state = torch.load(raw, map_location="cpu", weights_only=True)["model"]
    kept = {_renamed(key): value.contiguous() for key, value in state.items() if not key.endswith(_COMPUTED)}
    save_file(kept, target, metadata={"source": f"distillmos 0.9.1, {MEMBER}", "licence": "MIT"})


def _renamed(key: str) -> str:
    """Return our name of a tensor; convolutions alternate with activations there."""
    key = re.sub(r"^cnn\.cnn\.(\d+)\.", lambda found: f"convolutions.{int(found[1]) // 2}.", key)
    for old, new in _NAMES:
        key = re.sub(old, new, key)
    return key


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
