"""RawNet3 against the authors' numbers, and what it makes of prompts that are no voice."""

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_weights import listed_state, seeded_input
from vsseval.errors import UsageError
from vsseval.networks.rawnet3 import RawNet3, load_rawnet3
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vssflow.reference.speaker import embed, voice_windows

GOLDEN = goldens.read(goldens.file("vssflow/i_rawnet3_true.npz")).arrays


class Blank(torch.nn.Module):
    """Stands for the network where it is not to be asked, or where only its window counts."""

    def __init__(self):
        super().__init__()
        self.fc6 = torch.nn.Linear(1, 1)
        self.asked = 0

    def forward(self, audio):
        self.asked += 1
        return audio[:, :256]


@pytest.fixture(scope="module")
def state():
    with SkipInitialWeights():
        network = RawNet3()
    return listed_state(network, goldens.file("vssflow/keys") / "rawnet3.json")


@pytest.fixture(scope="module")
def network(state):
    with SkipInitialWeights():
        network = RawNet3()
    network.load_state_dict(state, assign=True)
    return network


BOUND = 5e-4
"""With seeded weights the deviations over time are small differences of large numbers, and show the last bits, which
differ between processors: less than 1e-4 was seen on an Intel Xeon, 1.9e-4 on an AMD EPYC."""


def relative_error(ours, golden):
    reference = torch.as_tensor(golden)
    return float((ours - reference).abs().max() / reference.abs().max())


@pytest.mark.slow
def test_a_short_prompt_gives_the_authors_embedding(network):
    audio = 0.1 * seeded_input("rawnet.short", (20_800,))
    assert relative_error(embed(network, audio), GOLDEN["mean_short"]) < BOUND
    with torch.no_grad():
        last = network(voice_windows(audio)[9:])
    assert relative_error(last[0], GOLDEN["embd_short"][9]) < BOUND


@pytest.mark.slow
def test_a_long_prompt_gives_the_authors_embedding(network):
    audio = 0.1 * seeded_input("rawnet.long", (64_000,))
    assert relative_error(embed(network, audio), GOLDEN["mean_long"]) < BOUND


@pytest.mark.slow
@torch.no_grad()
def test_a_voice_does_not_see_its_batch(network):
    windows = voice_windows(0.1 * seeded_input("rawnet.long", (64_000,)))[[0, 9]]
    together = network(windows)
    assert relative_error(together[1], network(windows[1:])[0]) < BOUND
    assert relative_error(together[0], GOLDEN["embd_long"][0]) < BOUND


def test_the_filters_pass_their_bands():
    filters = RawNet3().conv1.filterbank().squeeze(1).detach()
    assert filters.shape == (256, 251)
    spectrum = torch.fft.rfft(filters, 16_000).abs()
    # the peaks ascend within each half, and a sine and its cosine pass the same band
    even, odd = spectrum[:128].argmax(1), spectrum[128:].argmax(1)
    assert (even.diff() >= -60).all()
    assert even[-1] > 7000 > even[64] > 1000
    assert ((even - odd).abs() < 120).all()
    assert torch.allclose(filters[:128], filters[:128].flip(1))
    assert torch.allclose(filters[128:], -filters[128:].flip(1))


def test_windows_are_spread_evenly():
    audio = torch.arange(64_000.0)
    windows = voice_windows(audio)
    assert windows.shape == (10, 48_000)
    assert windows[:, 0].tolist() == [int(start) for start in np.linspace(0, 16_000, 10)]
    assert torch.equal(windows[9], audio[-48_000:])
    assert len(voice_windows(torch.arange(48_000.0)).unique(dim=0)) == 1


@pytest.mark.parametrize("samples", [1, 7, 20_800, 47_999])
def test_short_prompts_are_repeated_to_three_seconds_and_a_sample(samples):
    audio = torch.arange(float(samples))
    windows = voice_windows(audio)
    whole = np.pad(audio.numpy(), (0, 48_001 - samples), "wrap")
    assert np.array_equal(windows[0].numpy(), whole[:-1])
    assert np.array_equal(windows[9].numpy(), whole[1:])


def test_equal_windows_are_asked_for_once():
    blank, audio = Blank(), torch.randn(30_000)
    embedding = embed(blank, audio)
    assert blank.asked == 2
    assert torch.allclose(embedding, voice_windows(audio)[:, :256].mean(0))


@pytest.mark.parametrize(
    "audio",
    [None, torch.zeros(0), torch.zeros(1, 0), torch.zeros(48_000), torch.full((9,), 0.3), 1e-6 * torch.randn(50_000)],
)
def test_no_voice_is_zeros(audio):
    blank = Blank()
    assert torch.equal(embed(blank, audio), torch.zeros(256))
    assert blank.asked == 0


@pytest.mark.parametrize("audio", [torch.tensor([0.0, torch.nan]), torch.tensor([0.0, torch.inf]), torch.zeros(2, 9)])
def test_what_is_no_prompt_is_refused(audio):
    with pytest.raises(UsageError, match="the voice prompt"):
        embed(Blank(), audio)


def test_an_embedding_that_is_not_finite_is_refused():
    class Overflowing(Blank):
        def forward(self, audio):
            return super().forward(audio) * torch.inf

    with pytest.raises(UsageError, match="too loud"):
        embed(Overflowing(), torch.randn(48_000))


def test_its_makers_file_is_read(tmp_path, state):
    path = tmp_path / "rawnet3.pt"
    torch.save({"model": state, "epoch": 3}, path)
    loaded = load_rawnet3(path)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert all(torch.equal(value, state[key]) for key, value in loaded.state_dict().items())


def test_half_precision_is_widened(tmp_path, state):
    path = tmp_path / "half.pt"
    torch.save({key: value.half() if value.is_floating_point() else value for key, value in state.items()}, path)
    loaded = load_rawnet3(path)
    assert loaded.fc6.weight.dtype == torch.float32
    assert loaded.bn1.num_batches_tracked.dtype == torch.int64


def test_other_weights_are_refused_by_name(tmp_path, state):
    path = tmp_path / "other.pt"
    torch.save({"fc6.weight": torch.zeros(1), "head.weight": torch.zeros(1)}, path)
    with pytest.raises(
        UsageError,
        match=r"weights of RawNet3: 233 missing: preprocess.* and more; 1 unexpected: head\.weight",
    ):
        load_rawnet3(path)
    small = {key: value[:1] if key == "fc6.weight" else value for key, value in state.items()}
    torch.save(small, path)
    with pytest.raises(UsageError, match=r"1 of another shape: fc6\.weight"):
        load_rawnet3(path)
    with pytest.raises(UsageError, match="no such file"):
        load_rawnet3(tmp_path / "absent.pt")
