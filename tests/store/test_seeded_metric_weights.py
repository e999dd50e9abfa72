"""The weight rule gives the tensors whose hashes lie beside the golden numbers."""

import pytest

from support.seeded_metric_weights import KAIMING, check_probe, golden, listed


@pytest.mark.parametrize(
    ("fixture", "listing", "gain"),
    [
        ("vggish_a", "vggish", KAIMING),
        ("panns_a", "panns_cnn14_16k", KAIMING),
        ("passt_a", "passt_s_swa_p16_128_ap476", 1.0),
    ],
)
def test_the_probed_tensors_are_those_of_the_originals(fixture, listing, gain):
    _, meta = golden(fixture)
    assert meta["fill"]["gain"] == gain
    check_probe(meta, listed(listing, gain))
