"""From Synchformer's classes to seconds."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from support.seeded_metric_weights import GOLDEN, input_tensor
from vsseval.errors import Unmeasurable
from vsseval.metrics.desync_synchformer import signed

PARTS = goldens.parts("metrics/evaluate")


@pytest.mark.parametrize("part", PARTS)
def test_offsets_are_the_originals(part):
    known = json.loads((GOLDEN / f"evaluate_{part}.json").read_text())["desync_postprocessing"]
    logits = input_tensor(f"desync_logits_{part}", (5, 2, 21)).numpy().copy()
    logits[1, 0] = 0
    logits[2, 0, [4, 17]] = 9
    logits[3, 1, 10] = 9
    logits[4, 0, 20] = 9
    assert logits.argmax(axis=-1).T.tolist() == known["argmax"]
    offsets = signed(logits)
    np.testing.assert_array_equal(
        np.abs(offsets).T.ravel(), np.float32(known["abs_scores_in_order_first_window_then_last"])
    )
    scores = [build_plugins.build_metric("desync@synchformer").score({"logits": one}) for one in logits]
    assert np.mean([score.value for score in scores]) == pytest.approx(known["mean"], rel=1e-12)
    assert scores[3].detail["offset_last"] == 0.0
    assert scores[4].detail["offset_first"] == 2.0
    np.testing.assert_array_equal(signed(np.eye(21)), np.float32(known["grid_float32"]))


def test_a_number_that_is_none_is_refused():
    logits = np.zeros((2, 21))
    logits[1, 3] = np.nan
    with pytest.raises(Unmeasurable, match="not finite"):
        build_plugins.build_metric("desync@synchformer").score({"logits": logits})
