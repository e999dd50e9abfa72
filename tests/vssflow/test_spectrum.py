"""From mel bands to the lines of the spectrum."""

import torch

from support.training_split import write_split
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow
from vssflow.small.spectrum import BINS, SpectrumNetwork
from vssflow.training.data import Split
from vssflow.training.loop import TrainingRecipe, fit
from vssflow.training.spectrum import WINDOW, SpectrumTraining


def test_magnitudes_have_a_line_for_each_bin_and_are_never_negative():
    magnitude = SpectrumNetwork(80).magnitude(torch.full((40, 80), -11.5))
    assert magnitude.shape == (40, BINS)
    assert magnitude.min() >= 0


def test_training_brings_the_lines_nearer(tmp_path):
    torch.manual_seed(0)
    model, split = VSSFlow(ModelConfig.named("small")), Split.read(write_split(tmp_path / "split"))
    model.codec.fit_components(torch.randn(400, 320) - 6)
    training = SpectrumTraining(split, model, range(8))
    heard, lines = training.windows(range(4), torch.Generator().manual_seed(0))
    assert heard.shape == (4, 4 * WINDOW, 80)
    assert lines.shape == (4, 4 * WINDOW, BINS)
    before = training.validate()
    fit(
        training.stage(), TrainingRecipe(steps=12, batch=4, rate=1e-2, warmup=1), [range(8)], [36] * 8, tmp_path / "out"
    )
    after = training.validate()
    assert after["val_log"] < 0.8 * before["val_log"]
