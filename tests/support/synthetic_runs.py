"""Writes finished run directories of a made-up benchmark, in the format of a real run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.records import Aggregate, Flags, RunRecord, RunSpec
from vsseval.stages.leave_out import leave_out
from vsseval.statistics.intervals import ratio
from vsseval.statistics.replicates import estimate as replicated
from vsseval.store import chain, codec, group_sums, record
from vsseval.store.layout import RunPaths
from vsseval.store.replicates import Replicates, clips_sha256, write_replicates
from vsseval.store.run_identity import run_identity
from vsseval.store.scores import ScoreRow, write_scores
from vsseval.types import BenchmarkCard, Feature, Generation, MetricSpec, ModelCard, Need

AUDIO = {"heard": Feature(extractor="toy", of=Need.AUDIO)}
WER = MetricSpec(
    name="wer", recipe="toy", version="1", inputs=AUDIO, direction="lower", unit="%", scale=100.0, decimals=1,
    description="Word error rate of a made-up recogniser.", expected_to_separate=("shuffled", "noise", "silence"),
)  # fmt: skip
CLAP = MetricSpec(
    name="clap_score", recipe="toy", version="1", inputs=AUDIO, direction="higher", unit="", decimals=3,
    description="Made-up agreement of sound and caption.",
)  # fmt: skip
DESYNC = MetricSpec(
    name="desync", recipe="toy", version="1", inputs=AUDIO, direction="lower", unit="s", decimals=2,
    description="Made-up offset between sound and picture.", expected_to_separate=("shuffled",),
)  # fmt: skip
FAD = MetricSpec(
    name="fad", recipe="toy", version="1", inputs=AUDIO, direction="lower", unit="", decimals=2,
    description="Made-up distance of two distributions.",
)  # fmt: skip
METRICS = (FAD, CLAP, DESYNC, WER)


class ToyFad:
    """Squared distance of two means; additive sums, as a real distance has."""

    kind = "sums"
    spec = FAD

    def value(self, parts: dict[str, np.ndarray]) -> float:
        if parts["n"] < 2:
            raise Unmeasurable("too few clips")
        return float(((parts["gen"] - parts["ref"]) / parts["n"]) ** 2)


def sealed(path: Path) -> Path:
    """Let a run know the sha256 of its aggregates and replicates, as `vsseval run` does."""
    made = record.read_record(path)
    assert made is not None
    known = {**made.provenance, **chain.links(path)}
    record.write_record(path, msgspec.structs.replace(made, provenance=known))
    return path


@mock.patch("os.fsync", new=mock.Mock())
def write_run(
    root: Path,
    model: str,
    badness: float,
    *,
    clips: int = 24,
    benchmark: str = "toy_joint",
    bench_version: str = "1.0",
    manifest: str = "1a2b3c4d" * 8,
    seed: int = 0,
    limit: int | None = None,
    metrics: Sequence[MetricSpec] = METRICS,
    failed: Sequence[int] = (),
    status: str = "finished",
    created: str = "2026-01-02T03:04:05Z",
    note: str = "",
    extractor: str = "toy-1-9f8e7d6c",
    subsets: bool = False,
    noise_seed: int = 0,
) -> Path:
    """Write one run; `badness` 0 is the reference, 1 is rubbish. Returns the run directory."""
    card = BenchmarkCard(
        name=benchmark, version=bench_version, task="joint", size=clips, licence="CC0",
        description="Made up.", metrics=tuple(m.id for m in metrics),
    )  # fmt: skip
    n = min(limit or clips, clips)
    asked = RunSpec(model=model, benchmark=benchmark, seed=seed, limit=limit)
    system = ModelCard(
        name=model.partition(":")[0], version="1", tasks=("joint",), note=note,
        bound={"reference": "own", "shuffled": "other"}.get(model),
    )  # fmt: skip
    identity = run_identity(asked, card, system, manifest)
    start = f"{created.replace(':', '')}-{model.replace(':', '_').replace('/', '_')}-{benchmark}-{seed}"
    path = root / f"{start}-{identity[:8]}"
    path.mkdir(parents=True)
    made = RunRecord(
        schema=record.SCHEMA, id=path.name, status=status, created=created, manifest_sha256=manifest,
        finished=created if status == "finished" else None, benchmark=card, spec=asked, model=system,
        clips={"ok": n - len(failed), "failed": len(failed)}, metrics={m.id: m for m in metrics},
        provenance={"packages": {"numpy": "2.0"}, "python": "3.11", "cpu": "made up", "identity": identity},
    )  # fmt: skip
    record.write_record(path, made)
    if status == "finished":
        rng = np.random.default_rng(noise_seed)
        kept: list[Replicates] = []
        rows = [row for m in metrics for row in _rows(m, model, badness, n, failed, seed, rng, subsets, kept)]
        write_scores(RunPaths(path).scores, rows)
        write_replicates(RunPaths(path).replicates, kept)
        parts = ["", "seen", "unseen"] if subsets else [""]
        cells = [_cell(made, m, rows, part, extractor, kept) for part in parts for m in metrics]
        record.write_aggregates(path, [cell for cell in cells if cell is not None])
        record.write_flags(path, Flags(sounds=n - len(failed), covered=1.0))
        lines = [codec.encode(_generation(f"clip{i:02d}", i in failed, seed)) for i in range(n)]
        RunPaths(path).shards.mkdir()
        RunPaths(path).journal(0).write_bytes(b"\n".join(lines) + b"\n")
        sealed(path)
    return path


def _generation(clip: str, failed: bool, seed: int) -> Generation:
    if failed:
        return Generation(id=clip, status="failed", error="the model ran out of memory")
    audio = Path(f"audio/{clip}__s{seed}.flac")
    return Generation(id=clip, status="ok", path=audio, sample_rate=16000, seconds=4.0)


def _rows(metric, model, badness, n, failed, seed, rng, subsets, kept):
    hard = np.random.default_rng(99).uniform(0.5, 1.5, n)  # What is hard is hard for every model.
    own = rng.normal(0, 0.05, n)
    rows, groups = [], {}
    for i in range(n):
        clip = f"clip{i:02d}"
        weight, detail, value = 1.0, {}, 0.0
        if metric is WER:
            weight = 6.0
            errors = int(np.clip(round(6 * (badness * hard[i] + own[i])), 0, 6))
            words = "bin blue at f two now".split()
            detail = {"hypothesis": " ".join(words[errors:]), "errors": errors}
            value = errors / weight
        elif metric is CLAP:
            value = float(0.6 - 0.5 * badness * hard[i] + own[i])
        elif metric is DESYNC:
            value = abs(float(0.05 + own[i] + (0.0 if model == "shuffled" else badness * hard[i])))
        subset = ("seen" if i < n // 2 else "unseen") if subsets else ""
        bad = i in failed
        if bad:
            detail = {"reason": "no audio: the model ran out of memory"}
        rows.append(
            ScoreRow(
                sample_id=clip, cluster=f"c{i // 2:02d}", subset=subset, seed=seed, metric=metric.id,
                version=metric.version, status="failed" if bad else "ok",
                value=None if bad or metric is FAD else value, weight=None if bad or metric is FAD else weight,
                detail=json.dumps(detail),
            )
        )  # fmt: skip
        if metric is FAD and not bad:
            for part in ("", subset) if subset else ("",):
                group = groups.setdefault(part, {}).setdefault(i // 2 % 20, {})
                group_sums.add_sums(
                    group,
                    {
                        "gen": np.array(2 * badness * hard[i] + own[i]),
                        "ref": np.array(0.0),
                        "n": np.array(1.0),
                    },
                )
    if metric is FAD:
        for part in ("", "seen", "unseen") if subsets else ("",):
            mine = [row for row in rows if part in {"", row.subset}]
            kept.append(_replicates(part, mine, groups.get(part, {})))
    return rows


def _replicates(part, rows, groups):
    ok = [row for row in rows if row.status == "ok"]
    clips = clips_sha256((row.sample_id, int(row.cluster[1:]) % 20) for row in ok)
    known = Replicates(metric=FAD.id, subset=part, n=len(ok), total=len(rows), clips=clips)
    try:
        found = leave_out(ToyFad(), groups, len(ok))._asdict() if ok else {"reason": "no clips"}
    except Unmeasurable as error:
        found = {"reason": str(error)}
    return msgspec.structs.replace(known, **found)


def _cell(made, metric, rows, part, extractor, kept) -> Aggregate | None:
    mine = [r for r in rows if r.metric == metric.id and part in ("", r.subset)]
    ok = [r for r in mine if r.status == "ok"]
    if metric is FAD:
        estimate = replicated(next(one for one in kept if one.subset == part))
    else:
        estimate = ratio([r.value for r in ok], [r.weight for r in ok], [r.cluster for r in ok])
    signature = (
        f"metric:{metric.id}|version:{metric.version}|bench:{made.benchmark.name}-{made.benchmark.version}"
        f"|manifest:{made.manifest_sha256[:8]}|x:{extractor}|sr:16000|seed:{made.spec.seed}"
        f"|n:{len(ok)}/{len(mine)}|vsseval:0.1.0{f'|subset:{part}' if part else ''}"
        f"{'' if made.spec.limit is None else f'|limit:{made.spec.limit}'}"
    )
    return Aggregate(
        metric=metric.id, status="ok" if ok else "failed", n=len(ok), total=len(mine), subset=part,
        value=estimate.value, se=estimate.se, low=estimate.low, high=estimate.high, method=estimate.method,
        failed=len(mine) - len(ok), signature=signature, reason=None if ok else "every clip failed",
    )  # fmt: skip


def write_table(root: Path, **options: Any) -> dict[str, Path]:
    """Write two systems and all bounds: `good` is better than `poor`; `desync@toy` cannot see `shuffled`."""
    wanted = {"good": 0.15, "poor": 0.4, "reference": 0.0, "shuffled": 0.7, "noise": 0.95, "silence": 1.0}
    return {
        name: write_run(root, name, badness, noise_seed=i, **options)
        for i, (name, badness) in enumerate(wanted.items())
    }
