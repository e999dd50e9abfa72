"""What is odd about the sounds of a run is said, and nothing of honest ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from support.cheats import CHEATS, Given
from vsseval import media
from vsseval.records import Flags, RunSpec
from vsseval.stages.catalog import Catalog, resolve_metrics
from vsseval.stages.extract import ExtractFaults, missing_features
from vsseval.stages.extract_job import run_jobs
from vsseval.stages.flags import find_flags
from vsseval.stages.plan import plan
from vsseval.statistics.flagged import remark, unranked
from vsseval.types import Generation

CLIPS = 6


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    """A few clips of the shipped benchmark, and a store that keeps the prints of their references."""
    planned = plan(
        RunSpec(
            model=f"audio:{_folder(tmp_path_factory)}", benchmark="mini_v2s", limit=CLIPS,
            runs=tmp_path_factory.mktemp("runs"), store=tmp_path_factory.mktemp("store"),
        ),
        Catalog(),
    )  # fmt: skip
    resolved = resolve_metrics((), ())
    return planned, resolved, [media.load_audio(sample.reference.path) for sample in planned.samples]


def _folder(factory) -> Path:
    folder = factory.mktemp("outputs")
    media.write_wav(folder / "v2s-00.wav", np.ones(100, np.float32), 16000)
    return folder


def honest(seed: int, size: int, rate: int) -> np.ndarray:
    """A made-up sound of noisy hits at times of its own."""
    rng = np.random.default_rng(seed)
    sound = 1e-3 * rng.standard_normal(size)
    for start in rng.integers(0, size, 40):
        length = min(rate // 4, size - start)
        sound[start : start + length] += rng.standard_normal(length) * np.exp(-np.arange(length) / (0.02 * rate))
    return 0.2 * sound / np.abs(sound).max()


def flags_of(benchmark, sounds) -> Flags:
    """Flags of a run whose clips have these sounds, as (samples, rate)."""
    planned, resolved, _ = benchmark
    lines = {}
    (planned.root / "audio").mkdir(parents=True, exist_ok=True)
    for sample, (samples, rate) in zip(planned.samples, sounds, strict=True):
        target = planned.paths.audio(sample.id, 0)
        peak = float(np.abs(samples).max())
        media.write_flac(target, samples, rate)
        lines[sample.id] = Generation(
            id=sample.id, status="ok", path=target.relative_to(planned.root), sha256=media.sha256(target),
            sample_rate=rate, seconds=samples.size / rate, peak=peak if peak > 1 else msgspec.UNSET,
        )  # fmt: skip
    assert run_jobs(missing_features(planned, lines, resolved), planned.store.root) == []
    found = find_flags(planned, [lines], resolved, ExtractFaults())
    # of the same sounds they are not looked for again, of others they are
    kept = msgspec.structs.replace(found, covered=0.5)
    assert find_flags(planned, [lines], resolved, ExtractFaults(), kept) is kept
    other = {name: msgspec.structs.replace(line, peak=2.0) for name, line in lines.items()}
    assert find_flags(planned, [other], resolved, ExtractFaults(), kept).covered == found.covered
    unseen = msgspec.structs.replace(kept, unseen=1)
    assert find_flags(planned, [lines], resolved, ExtractFaults(), unseen) == found
    return found


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_raises_its_flag_for_most_clips(benchmark, name):
    cheat, references = CHEATS[name], benchmark[2]
    mono = [audio.samples.mean(0).astype(np.float64) for audio in references]
    rate = references[0].sample_rate
    sounds = []
    for place, own in enumerate(mono):
        noise = np.random.Generator(np.random.PCG64(place))
        given = Given(own, mono[(place + 2) % CLIPS], mono[0], honest(7, 6 * rate, rate), rate, noise)
        sounds.append((cheat.make(given), rate))
    found = flags_of(benchmark, sounds)
    flagged = {flag.clip for flag in found.found if flag.kind == cheat.flag}
    assert found.sounds == CLIPS
    assert found.unseen == 0
    assert len(flagged) >= cheat.share * CLIPS, found
    assert remark(found).startswith("Flagged: ")
    assert unranked(found) or cheat.flag not in {"copy", "repeated"}
    if name == "played backwards":
        assert all(flag.note == name for flag in found.found if flag.kind == "copy")
    if name == "another clip's":
        ids = [sample.id for sample in benchmark[0].samples]
        named = {flag.clip: flag.other for flag in found.found if flag.kind == "copy"}
        assert all(other == ids[(ids.index(clip) + 2) % CLIPS] for clip, other in named.items())


def test_honest_sounds_raise_nothing(benchmark):
    sounds = [
        (honest(100 + place, round(sample.duration * 44100), 44100), 44100)
        for place, sample in enumerate(benchmark[0].samples)
    ]
    found = flags_of(benchmark, sounds)
    assert (found.sounds, found.unseen, found.found) == (CLIPS, 0, ())
    assert found.covered == pytest.approx(1.0, abs=1e-3)
    assert remark(found) == ""
    assert not unranked(found)


def test_bounds_are_what_they_say_and_have_no_flags(benchmark):
    planned, resolved, _ = benchmark
    card = msgspec.structs.replace(planned.model, name="reference", bound="own")
    bound = replace(planned, model=card)
    lines = {sample.id: Generation(id=sample.id, status="missing") for sample in planned.samples}
    assert missing_features(bound, lines, resolved) == []
    assert find_flags(bound, [lines], resolved, ExtractFaults()) == Flags()
