"""Speech to the opinion scores that DNSMOS predicts: overall, speech, background (P.835), and overall (P.808).

Reddy et al., "DNSMOS P.835", ICASSP 2022, and "DNSMOS", ICASSP 2021. The networks come whole inside the package
speechmos; their front end is computed here, so that librosa is not needed. Quirks are kept: what is shorter than 9.01 s
is doubled until it is longer, windows of 9.01 s begin at whole seconds, and of ten seconds only the first one is seen.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.networks import optional_packages
from vsseval.networks.spectrum import mel_filters, power
from vsseval.weights.verify import joint_sha256

RATE = 16_000
SECONDS = 9.01
"""Of one window."""
WINDOW = int(SECONDS * RATE)
FILES = {
    "sig_bak_ovr.onnx": "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
    "model_v8.onnx": "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
}
"""sha256 of the two networks in speechmos 0.0.1.1, checked before the first sound."""

_EXTRA = "pip install 'vsseval[dnsmos]'"
_POLYNOMIALS = {
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
    "ovrl": (-0.06766283, 1.11546468, 0.04602535),
}
"""From what the P.835 network says to the listeners' scale; in the order of its outputs."""
_BANDS, _FFT, _HOP = 120, 321, 160
_FLOOR, _RANGE = 1e-10, 80.0
"""Of mel powers, and of their decibels below the loudest."""


class Dnsmos:
    """`ovrl`, `sig`, `bak` and `p808`, float64, (), about 1 to 5; satisfies `Extractor`."""

    spec = ExtractorSpec(
        name="dnsmos",
        version="1",
        input_kinds=("audio",),
        sample_rate=RATE,
        weights=joint_sha256(FILES),
        licence="MIT",
        description="DNSMOS P.835 and P.808 of speechmos 0.0.1.1; windows of 9.01 s, shorter sounds doubled",
    )

    @cached_property
    def _networks(self) -> tuple[Any, Any]:
        return _session("sig_bak_ovr.onnx"), _session("model_v8.onnx")

    def extract(self, source: Source) -> Arrays:
        """Return the means of the scores over all windows. Silence is scored like any other sound, and not badly.

        Raises:
            Unmeasurable: there are no samples.
            EnvironmentFault: speechmos or onnxruntime is missing, or not the one that was pinned.
        """
        source = sound(source, "dnsmos")
        p835, p808 = self._networks
        said, heard = [], []
        for window in windows(_loaded(source)):
            said.append(p835.run(None, {"input_1": window[None]})[0][0])
            heard.append(p808.run(None, {"input_1": log_mel(window[:-_HOP])[None]})[0][0][0])
        raw = np.asarray(said)
        scores = {name: np.polyval(shape, raw[:, place]) for place, (name, shape) in enumerate(_POLYNOMIALS.items())}
        return {name: np.asarray(np.mean(values)) for name, values in (scores | {"p808": np.asarray(heard)}).items()}


def windows(samples: np.ndarray) -> list[np.ndarray]:
    """Return the segments of 16 kHz sound (n,) that are scored, each of 144,160 samples.

    Raises:
        Unmeasurable: there are no samples.
    """
    if samples.size == 0:
        raise Unmeasurable("the audio holds no samples")
    while samples.size < WINDOW:
        samples = np.concatenate([samples, samples])
    number = int(np.floor(samples.size / RATE) - SECONDS) + 1
    found = [samples[begin * RATE : int((begin + SECONDS) * RATE)] for begin in range(number)]
    return [window.astype(np.float32) for window in found if window.size >= WINDOW]


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return what the P.808 network reads: decibels below the loudest, as -1..1; float32, (n // 160 + 1, 120)."""
    # librosa's transform in single precision takes in as much silence before and after
    padded = np.pad(samples, _FFT // 2)
    bands = power(padded, _FFT, _HOP) @ mel_filters(RATE, _FFT, _BANDS, 0.0, RATE / 2, "slaney")
    decibels = 10 * np.log10(np.maximum(bands, _FLOOR)) - 10 * np.log10(max(float(bands.max()), _FLOOR))
    return np.asarray((np.maximum(decibels, -_RANGE) + _RANGE / 2) / (_RANGE / 2), np.float32)


def _loaded(audio: Audio) -> np.ndarray:
    """Return the mean of the channels at 16 kHz as `librosa.load` gives it: soxr, high quality; float32, (n,)."""

    def make() -> np.ndarray:
        mixed = audio.samples.mean(axis=0)
        if audio.sample_rate == RATE or mixed.size == 0:
            return np.asarray(mixed)
        import soxr

        length = int(np.ceil(mixed.size * RATE / audio.sample_rate))
        out = np.asarray(soxr.resample(mixed, audio.sample_rate, RATE, quality="HQ"))
        return np.pad(out[:length], (0, max(0, length - out.size)))

    return audio.derived(("librosa", RATE), make)


def _session(name: str) -> Any:
    runtime = optional_packages.import_offline("onnxruntime", "DNSMOS", "dnsmos")
    package = find_spec("speechmos")
    if package is None or not package.submodule_search_locations:
        raise EnvironmentFault(f"the package speechmos is incomplete: {_EXTRA}")
    file = Path(package.submodule_search_locations[0]) / "dnsmos_models" / name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise EnvironmentFault(f"{file} of speechmos cannot be read ({error.strerror}): {_EXTRA}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != FILES[name]:
        raise EnvironmentFault(
            f"{name} of the installed speechmos is not that of 0.0.1.1 ({found[:8]} instead of {FILES[name][:8]}): "
            "pip install --force-reinstall speechmos==0.0.1.1"
        )
    options = runtime.SessionOptions()
    # one thread: sums in another order would give other last digits
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
