"""What `vsseval doctor` looks at: the machine, weights, extractors, metrics, benchmarks and models."""

from __future__ import annotations

import importlib.util
import math
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vsseval import plugins
from vsseval.border.benchmarks import samples as samples_of
from vsseval.border.blame import PluginFault
from vsseval.border.build import build
from vsseval.border.extractors import features
from vsseval.cli.check import Check, part
from vsseval.cli.machine_checks import machine, packages, python, torch_build
from vsseval.cli.weights_checks import lacks_weights, without_weights
from vsseval.cli.weights_checks import weights as weights_checks
from vsseval.errors import (
    EnvironmentFault,
    MissingData,
    MissingEnvironment,
    MissingExtra,
    MissingWeights,
    Unmeasurable,
    UsageError,
)
from vsseval.extractors.base import is_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vsseval.media import Audio, Video

HASHED = 400
"""Media of one benchmark whose sha256 is checked; the shipped ones have fewer."""
RATE = 16_000


def every_check() -> Iterator[Check]:
    """Yield all checks, one by one as they are done; none of them raises."""
    for area, check in (
        ("python", python), ("packages", packages), ("torch", torch_build), ("machine", machine),
        ("weights", weights_checks), ("extractors", extractors), ("metrics", metrics), ("benchmarks", benchmarks),
        ("models", models), ("optional", optional),
    ):  # fmt: skip
        try:
            yield from check()
        except Exception as fault:  # noqa: BLE001 - the doctor survives every patient
            yield Check(area, "check", "problem", f"{type(fault).__name__}: {fault}", "report this as a bug of vsseval")


def extractors() -> Iterator[Check]:
    """Does every extractor load its weights and give finite features of a made-up sound, picture and text?"""
    yield from (Check("extractors", "rows", "problem", fault) for fault in plugins.faults("extractors"))
    with tempfile.TemporaryDirectory() as folder:
        sources = sample_sources(Path(folder))
        lacking = []
        for name in plugins.names("extractors"):
            try:
                yield _extractor(name, sources)
            except MissingWeights:
                lacking.append(name)
        yield from without_weights("extractors", lacking)


def _extractor(name: str, sources: dict[str, Audio | Video | str]) -> Check:
    begun = time.perf_counter()
    try:
        made = build("extractors", name)
        input_kinds = made.spec.input_kinds
        found = [] if is_pair(made) else [features(made, sources[kind]) for kind in input_kinds if kind != "features"]
    except Unmeasurable as reason:
        return Check("extractors", name, "note", f"loads; gives no feature of the test sound: {reason}")
    except MissingWeights:
        raise
    except MissingExtra as fault:
        return Check("extractors", name, "note", str(fault))
    except (EnvironmentFault, UsageError) as fault:
        return Check("extractors", name, "problem", *part(fault, f"vsseval list extractors  # {name}"))
    except PluginFault as fault:
        return Check("extractors", name, "problem", str(fault), _reinstall("extractors", name))
    numbers = [value for arrays in found for value in arrays.values()]
    if not all(np.isfinite(value).all() for value in numbers if np.issubdtype(value.dtype, np.number)):
        return Check("extractors", name, "problem", "gives NaN of the test sound", _reinstall("extractors", name))
    seconds = time.perf_counter() - begun
    weights = "" if made.spec.weights == "none" else f", weights {made.spec.weights[:8]}"
    return Check("extractors", name, "ok", f"v{made.spec.version}, {' '.join(input_kinds)}, {seconds:.1f} s{weights}")


def sample_sources(folder: Path) -> dict[str, Audio | Video | str]:
    """Make two seconds of something to extract from: syllables on a pitch, a square that jumps, a caption."""
    from vsseval.media import Audio, Video, write_mp4

    t = np.arange(2 * RATE) / RATE
    voice = sum(np.sin(2 * math.pi * 120 * k * t) / k for k in range(1, 20))
    sound = (0.08 * voice * np.clip(np.sin(2 * math.pi * 3 * t), 0, 1)).astype(np.float32)
    frames = np.full((50, 96, 96, 3), 40, dtype=np.uint8)
    for i, frame in enumerate(frames):
        frame[30:60, 10 + 40 * (i // 12 % 2) :][:, :30] = 220
    write_mp4(folder / "test.mp4", frames, 25.0)
    return {"audio": Audio(sound, RATE), "video": Video(folder / "test.mp4"), "text": "a dog barks twice"}


def metrics() -> Iterator[Check]:
    """Does every metric load, and has it its extractors?"""
    from vsseval.stages.catalog import resolve_metrics

    yield from (Check("metrics", "rows", "problem", fault) for fault in plugins.faults("metrics"))
    names = plugins.names("metrics")
    found = resolve_metrics((), names)
    if found.metrics:
        yield Check("metrics", f"{len(found.metrics)} of {len(names)}", "ok", ", ".join(found.metrics))
    yield from without_weights("metrics", [name for name, why in found.unavailable.items() if lacks_weights(why)])
    for name, reason in found.unavailable.items():
        if not lacks_weights(reason):
            extra = "vsseval[" in reason
            yield Check("metrics", name, "note" if extra else "problem", *part(reason, "vsseval list metrics"))


def benchmarks() -> Iterator[Check]:
    """Is every benchmark there, with the media that its manifest names?"""
    absent = []
    for name in plugins.names("benchmarks"):
        try:
            made = build("benchmarks", name, None)
        except UsageError:
            yield Check("benchmarks", name, "note", "needs an argument")
            continue
        except MissingData:
            absent.append(name)
            continue
        except EnvironmentFault as fault:
            yield Check("benchmarks", name, "note", f"missing: {fault}")
            continue
        yield _clips(name, made)
    if absent:
        detail = f"{', '.join(absent)}. Register your copy of one with: vsseval data add NAME --root DIR"
        yield Check("benchmarks", f"{len(absent)} are not registered", "note", detail)


def _clips(name: str, made: Any) -> Check:
    from vsseval.media import sha256

    registered = bool(made.card.data)
    mend = f"vsseval data check {name}" if registered else _reinstall("benchmarks", name)
    try:
        samples = samples_of(made, name)
    except (EnvironmentFault, UsageError) as fault:
        return Check("benchmarks", name, "problem", *part(fault, mend))
    # Data sets erode: only what changed since it was registered is a fault.
    lost = [sample for sample in samples if sample.problem and (not registered or sample.problem.startswith("changed"))]
    bad = [f"{sample.id}: {sample.problem}" for sample in lost]
    usable = [sample for sample in samples if not (registered and sample.problem)]
    media = {m.path: m.sha256 for s in usable for m in (s.video, s.reference, s.speaker_prompt) if m is not None}
    checked = list(media.items())[:HASHED]
    bad += [f"{path.name} is not the file of the manifest" for path, known in checked if sha256(path) != known]
    if bad:
        return Check("benchmarks", name, "problem", f"{len(bad)} faults, the first: {bad[0]}", mend)
    return Check("benchmarks", name, "ok", f"v{made.card.version}, {len(usable)} clips, {len(checked)} media verified")


def models() -> Iterator[Check]:
    """Can every model be built? Its sound is tried with --model."""
    from vsseval.models.base import ModelOptions

    apart = 0
    for name in plugins.names("models"):
        try:
            card = build("models", name, ModelOptions()).card
        except UsageError:
            yield Check("models", name, "note", "needs an argument")
        except MissingEnvironment:
            apart += 1  # there are dozens; whoever wants one looks at the list of models
        except MissingExtra as fault:
            yield Check("models", name, "note", str(fault))
        except EnvironmentFault as fault:
            yield Check("models", name, "problem", *part(fault, _reinstall("models", name)))
        else:
            weights = "" if card.weights == "none" else f", weights {card.weights[:8]}"
            yield Check("models", name, "ok", f"v{card.version}, {' '.join(card.tasks)}{weights}")
    if apart:
        yield Check("models", "baselines", "note", f"{apart} have no environment here: vsseval list models")


def optional() -> Iterator[Check]:
    """Speech synthesisers: needed only to make the benchmarks anew, and by one baseline."""
    flite = shutil.which("flite")
    yield Check("optional", "flite", "note", flite or "absent: only for making the benchmarks anew (apt install flite)")
    espeak = importlib.util.find_spec("espeakng_loader") is not None
    detail = "present" if espeak else "absent: only for the model tts_dub (pip install espeakng-loader==0.2.4)"
    yield Check("optional", "espeak-ng", "note", detail)


def _reinstall(kind: Literal["benchmarks", "models", "extractors", "metrics"], name: str) -> str:
    return f"pip install --force-reinstall {plugins.distribution(kind, name).split()[0]}"
