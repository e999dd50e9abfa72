"""Pictures scaled as OpenCV scales them, to the bit."""

import hashlib
import json

import numpy as np
import pytest

from support.seeded_metric_weights import GOLDEN
from vsseval.extractors.bilinear import scaled

CASES = json.loads((GOLDEN / "opencv_resize.json").read_text())["cases"]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_scaled_pictures_are_opencvs(index):
    case = CASES[index]
    picture = np.random.RandomState(index).randint(0, 256, (*case["from"], 3)).astype(np.uint8)
    found = scaled(picture, *case["to"], *([] if case["factor"] is None else [case["factor"]]))
    assert found[0, :4].ravel().tolist() == case["first"]
    assert hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest() == case["sha256"]
