"""Speech as measures of intelligibility read it: the waveform itself, mono at 16 kHz."""

from __future__ import annotations

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.networks.spectrum import silent

RATE = 16_000
SHORTEST = 0.5
"""Seconds below which neither STOI nor PESQ has a value."""


class Speech16k:
    """Satisfies `Extractor`; holds no state."""

    spec = ExtractorSpec(
        name="speech16k",
        version="1",
        input_kinds=("audio",),
        sample_rate=RATE,
        licence="Apache-2.0",
        description="mono waveform at 16 kHz",
    )

    def extract(self, source: Source) -> Arrays:
        """Return `samples`, float32 (n,), the mean of all channels.

        Raises:
            Unmeasurable: the sound is silent (peak below -60 dBFS) or shorter than 0.5 s.
        """
        source = sound(source, "speech16k")
        samples = source.mono(RATE)
        if silent(samples):
            raise Unmeasurable("the audio is silent")
        if samples.size < SHORTEST * RATE:
            raise Unmeasurable(f"the audio is shorter than {SHORTEST} s ({samples.size / RATE:.2f} s)")
        return {"samples": samples}
