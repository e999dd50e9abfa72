"""From mel bands to the lines of the spectrum."""

import torch

from support.training_split import write_split
from vssflow.small.audio import MelSpectrogram
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow
from vssflow.small.spectrum import SpectrumNetwork
from vssflow.training.data import Split
from vssflow.training.loop import TrainingRecipe, fit
from vssflow.training.spectrum import WINDOW, SpectrumTraining


def test_before_training_the_lines_have_the_bands_that_were_given():
    mel = MelSpectrogram()
    time = torch.arange(16000) / 16000
    sound = 0.1 * torch.sin(2 * torch.pi * 440 * time) + 0.05 * torch.sin(2 * torch.pi * 1300 * time)
    bands = mel(sound[None])[0]
    magnitude = SpectrumNetwork(mel.filters).magnitude(bands)
    assert magnitude.shape == (100, 513)
    assert magnitude.min() >= 0
    loud = bands > bands.max() - 2
    assert ((magnitude @ mel.filters).log() - bands)[loud].abs().mean() < 0.1


def test_training_brings_the_lines_nearer(tmp_path):
    torch.manual_seed(0)
    model, split = VSSFlow(ModelConfig.named("small")), Split.read(write_split(tmp_path / "split"))
    model.codec.fit_components(torch.randn(400, 320) - 6)
    training = SpectrumTraining(split, model, range(8))
    heard, lines = training.windows(range(4), torch.Generator().manual_seed(0))
    assert heard.shape == (4, 4 * WINDOW, 80)
    assert lines.shape == (4, 4 * WINDOW, 513)
    before = training.validate()
    fit(
        training.stage(), TrainingRecipe(steps=12, batch=4, rate=1e-2, warmup=1), [range(8)], [36] * 8, tmp_path / "out"
    )
    after = training.validate()
    assert after["val_log"] < 0.95 * before["val_log"]
