"""Speaker encoders: equal to the originals with seeded weights, and clear about what is no voice."""

import json
import warnings

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from tools import seeded_speech_models as speech_models
from tools.seeded_speech_models import fill, installed, seeded_state, speech
from vsseval import plugins
from vsseval.errors import MissingExtra, MissingWeights, Unmeasurable, UsageError
from vsseval.extractors import ecapa, rawnet3, wavlm_ecapa, wavlm_sv
from vsseval.extractors.speech import sinc
from vsseval.media import Audio
from vsseval.networks import optional_packages
from vsseval.networks import rawnet3_espnet as rawnet3_network

NUMBERS = {name: goldens.file(f"speaker/{name}.json") for name in ("rawnet3", "wavlm_ecapa")}


def golden(name):
    return json.loads(NUMBERS[name].read_text())


def sound(seed=0, seconds=1.5, rate=16_000, channels=1):
    return Audio(speech(seconds, rate, seed, channels), rate)


def embed(extractor, audio):
    return extractor.extract(audio)["embedding"]


def error(ours, theirs):
    theirs = np.asarray(theirs)
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


def saved(root, name, state, file="weights.pth"):
    (root / name).mkdir()
    torch.save(state, root / name / file)
    return installed(root, name)


@pytest.fixture(scope="module")
def raw(root):
    """ESPnet's layout of RawNet3, with the parameters of training that its file holds besides."""
    listed = golden("rawnet3")
    fixed = rawnet3_network.RawNet3().state_dict()
    state = seeded_state({key: shape for key, shape in listed["keys"].items() if key not in listed["as_built"]})
    state |= {key: fixed[key] for key in listed["as_built"]}
    return rawnet3.RawNet3Extractor(saved(root, "rawnet3", {**state, "loss.weight": torch.zeros(6, 192)}))


@pytest.fixture(scope="module")
def joint(root):
    """The layout of wavlm_large_finetune.pth, of a WavLM of 64 channels."""
    state = {**seeded_state(golden("wavlm_ecapa")["keys"]), "loss_calculator.projection.weight": torch.zeros(3, 256)}
    weights = saved(root, "wavlm_ecapa", {"model": state})
    return wavlm_ecapa.WavLMECAPAExtractor(weights, width=64, layers=3, heads=4)


@pytest.fixture(scope="module")
def xvector(root):
    """A repository of transformers' WavLMForXVector, in the format of 2021."""
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    config = WavLMConfig(
        **dict.fromkeys(("hidden_size", "intermediate_size"), 32),
        num_hidden_layers=2,
        num_attention_heads=2,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        tdnn_dim=(32, 32, 32, 32, 64),
        xvector_output_dim=24,
        use_weighted_layer_sum=True,
    )
    folder = root / "wavlm_base_plus_sv"
    network = fill(WavLMForXVector(config), 1)
    network.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    old = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for key, value in network.state_dict().items()
        if key != "wavlm.masked_spec_embed"
    }
    (folder / "model.safetensors").unlink()
    torch.save(old, folder / "pytorch_model.bin")
    return wavlm_sv.WavLMSV(installed(root, "wavlm_base_plus_sv"), "base_plus"), network


HYPERPARAMETERS = """
compute_features: !new:speechbrain.lobes.features.Fbank
  n_mels: 80
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
  norm_type: sentence
  std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
  input_size: 80
  channels: [1024, 1024, 1024, 1024, 3072]
  kernel_sizes: [5, 3, 3, 3, 1]
  dilations: [1, 2, 3, 4, 1]
  attention_channels: 128
  lin_neurons: 192
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
  input_size: 192
  out_neurons: 5
modules:
  compute_features: !ref <compute_features>
  mean_var_norm: !ref <mean_var_norm>
  embedding_model: !ref <embedding_model>
  classifier: !ref <classifier>
label_encoder: null
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
  loadables:
    embedding_model: !ref <embedding_model>
"""


@pytest.fixture(scope="module")
def speechbrain(root):
    """The repository speechbrain/spkrec-ecapa-voxceleb with seeded weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

        network = ECAPA_TDNN(
            80,
            lin_neurons=192,
            channels=[1024, 1024, 1024, 1024, 3072],
            kernel_sizes=[5, 3, 3, 3, 1],
            dilations=[1, 2, 3, 4, 1],
            attention_channels=128,
        )
    return ecapa.ECAPA(saved(root, "ecapa", fill(network, 2).state_dict(), "embedding_model.ckpt"))


@pytest.mark.parametrize("case", ["0_1.5", "1_2.03", "2_0.11"])
def test_rawnet3_equals_espnet(raw, case):
    seed, seconds = case.split("_")
    # with seeded weights the deviations over time are small differences of large numbers, and show the last bits, which
    # differ between processors whatever path MKL and oneDNN take: 1.7e-5 on an Intel Xeon, 1.1e-4 on an AMD EPYC
    assert error(embed(raw, sound(int(seed), float(seconds))), golden("rawnet3")["outputs"][case]) < 3e-4


@pytest.mark.parametrize("case", ["0_1.5", "1_2.03", "2_0.11"])
def test_wavlm_with_ecapa_equals_seed_tts_eval(joint, case):
    seed, seconds = case.split("_")
    # 1.6e-5 on an AMD EPYC, of a tenth of a second
    assert error(embed(joint, sound(int(seed), float(seconds))), golden("wavlm_ecapa")["outputs"][case]) < 5e-5


@pytest.mark.parametrize(("seed", "rate", "channels"), [(0, 16_000, 1), (1, 24_000, 1), (2, 44_100, 2)])
def test_x_vectors_equal_those_of_transformers(xvector, seed, rate, channels):
    from transformers import Wav2Vec2FeatureExtractor

    extractor, network = xvector
    audio = sound(seed, rate=rate, channels=channels)
    features = Wav2Vec2FeatureExtractor.from_pretrained(str(extractor._weights.folder), local_files_only=True)
    with torch.inference_mode():
        expected = network(**features(sinc(audio), sampling_rate=16_000, return_tensors="pt")).embeddings[0]
    assert error(embed(extractor, audio), expected) < 1e-5


@pytest.mark.parametrize(("seed", "rate", "channels"), [(0, 16_000, 1), (1, 24_000, 1), (2, 44_100, 2)])
def test_ecapa_equals_the_classifier_of_speechbrain(speechbrain, tmp_path, seed, rate, channels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from speechbrain.dataio.preprocess import AudioNormalizer
        from speechbrain.inference.classifiers import EncoderClassifier

        for file in speechbrain._weights.folder.iterdir():
            (tmp_path / file.name).symlink_to(file)
        (tmp_path / "hyperparams.yaml").write_text(HYPERPARAMETERS)
        original = EncoderClassifier.from_hparams(source=str(tmp_path), savedir=str(tmp_path / "saved"))
        audio = sound(seed, rate=rate, channels=channels)
        wave = AudioNormalizer()(torch.from_numpy(audio.samples.T), rate)
        expected = original.encode_batch(wave)[0, 0].numpy()
    assert error(embed(speechbrain, audio), expected) < 1e-5


@pytest.fixture(params=["raw", "joint", "xvector", "speechbrain"])
def encoder(request):
    found = request.getfixturevalue(request.param)
    return found[0] if isinstance(found, tuple) else found


def test_voices_differ_and_nothing_is_carried_over(encoder):
    first = embed(encoder, sound(0))
    other = embed(encoder, sound(5, 1.1))
    assert first.dtype == np.float32
    assert not np.allclose(first, other, rtol=1e-3)
    assert (embed(encoder, sound(0)) == first).all()
    many = encoder.extract_many([sound(0), sound(5, 1.1), Audio(np.zeros(16_000), 16_000)])
    assert (many[0]["embedding"] == first).all()
    assert (many[1]["embedding"] == other).all()
    assert isinstance(many[2], Unmeasurable)


def test_silence_and_scraps_are_no_voice(encoder):
    for audio in (Audio(np.zeros(16_000), 16_000), Audio(1e-4 * np.ones((2, 44_100)), 44_100)):
        with pytest.raises(Unmeasurable, match="silent"):
            encoder.extract(audio)
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.\d+ s \(0\.05 s\)"):
        encoder.extract(sound(0, 0.05))
    with pytest.raises(Unmeasurable, match=r"longer than 120 s \(121 s\)"):
        encoder.extract(Audio(np.ones(121 * 8_000) * 0.1, 8_000))
    with pytest.raises(TypeError):
        encoder.extract("speech")


def test_the_shortest_voice_has_an_embedding(encoder):
    shortest = wavlm_sv.SHORTEST if isinstance(encoder, wavlm_sv.WavLMSV) else 0.1
    assert np.isfinite(embed(encoder, sound(0, shortest))).all()


def test_stereo_is_mixed_but_for_the_recipe_that_takes_the_first_channel(encoder):
    left, both = sound(0), Audio(np.concatenate([sound(0).samples, sound(3).samples]), 16_000)
    same = np.array_equal(embed(encoder, both), embed(encoder, left))
    assert same == isinstance(encoder, wavlm_ecapa.WavLMECAPAExtractor)


def test_weights_of_another_network_are_refused_by_their_keys(encoder, tmp_path):
    name = encoder._weights.name
    file = {"ecapa": "embedding_model.ckpt", "wavlm_base_plus_sv": "pytorch_model.bin"}.get(name, "weights.pth")
    (tmp_path / name).mkdir()
    for other in encoder._weights.folder.glob("*.json"):
        (tmp_path / name / other.name).write_bytes(other.read_bytes())
    torch.save({"fc9.weight": torch.zeros(3)}, tmp_path / name / file)
    (tmp_path / name / "weights.json").unlink()
    arguments = {"wavlm_base_plus_sv": ("base_plus",), "wavlm_ecapa": (64, 3, 4)}.get(name, ())
    wrong = type(encoder)(installed(tmp_path, name), *arguments)
    with pytest.raises(UsageError, match=rf"{file} does not hold the weights of {name}.*unexpected: fc9\.weight"):
        wrong.extract(sound())


def test_a_repository_without_its_front_end_is_refused(xvector, tmp_path):
    folder = tmp_path / "wavlm_base_plus_sv"
    folder.mkdir()
    for file in xvector[0]._weights.folder.iterdir():
        if file.name not in {"preprocessor_config.json", "weights.json"}:
            (folder / file.name).symlink_to(file)
    lacking = wavlm_sv.WavLMSV(installed(tmp_path, "wavlm_base_plus_sv"), "base_plus")
    with pytest.raises(UsageError, match=r"preprocessor_config\.json is missing.*--again wavlm_base_plus_sv"):
        lacking.extract(sound())


def test_similarities_are_cosines(raw, speechbrain):
    for metric, encoder, other in (
        (build_plugins.build_metric("spk_sim@vssflow"), raw, "reference"),
        (build_plugins.build_metric("spk_sim@ecapa-prompt"), speechbrain, "prompt"),
    ):
        voice, same = encoder.extract(sound(0)), encoder.extract(Audio(0.5 * sound(0).samples, 16_000))
        assert metric.score(voice, **{other: voice}).value == pytest.approx(1, abs=1e-6)
        assert 0.9 < metric.score(voice, **{other: same}).value <= 1
        assert -1 <= metric.score(voice, **{other: encoder.extract(sound(5))}).value < 1


@pytest.mark.parametrize(
    ("create", "package"),
    [
        (plugins.load("extractors", "ecapa"), "speechbrain"),
        (plugins.load("extractors", "wavlm_base_sv"), "transformers"),
        (plugins.load("extractors", "wavlm_base_plus_sv"), "transformers"),
        (plugins.load("extractors", "wavlm_ecapa"), "transformers"),
        (plugins.load("extractors", "rawnet3"), None),
    ],
)
def test_what_is_not_there_is_named_with_the_command(create, package, tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull"):
        create()
    if package is not None:
        monkeypatch.setattr(optional_packages, "find_spec", lambda name: None)
        with pytest.raises(MissingExtra, match=rf"needs the package {package}: pip install 'vsseval\[papers\]'"):
            create()


def test_the_parameters_of_the_published_file_are_all_renamed():
    from transformers import WavLMConfig, WavLMModel

    from vsseval.networks.wavlm_ecapa import WavLMECAPA, renamed

    config = WavLMConfig(
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=256,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
    )
    expected = {key: list(value.shape) for key, value in WavLMECAPA(WavLMModel(config), 4, 64).state_dict().items()}
    assert {renamed(key): shape for key, shape in golden("wavlm_ecapa")["keys"].items()} == expected
    assert speech_models.seeded_state({"a.bias": [2]})["a.bias"].shape == (2,)
