"""Does the fast sampler change what the metrics say? The shipped model sampled both ways, compared clip by clip.

    python benchmarks/vssflow_sampler_metrics.py [--limit L] [--work DIR] [--threads N]

Every clip of the shipped benchmarks is generated from the same features and the same noise, once by the fast sampler at
its default steps and once by the authors' dopri5 at 1e-5, both with guidance throughout; both go through the same
decoder. The sounds are scored as finished folders (`--model audio:DIR`), and `vsseval compare` says which differences
are real.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib import resources
from pathlib import Path

import torch

from vsseval.media import write_flac
from vsseval.records import RunSpec
from vsseval.stages.catalog import Catalog
from vsseval.stages.plan import limit_samples
from vsseval.stages.requests import make_request
from vsseval.stages.run import run
from vsseval.statistics.compare import compare
from vsseval.store.features import FeatureStore
from vsseval.store.record import load_run
from vsseval.tables.comparison import sheet
from vsseval.tables.sheet import markdown
from vssflow.plugin import prompt_of
from vssflow.sampling.fast import FastSampler
from vssflow.sampling.noise import clip_noise
from vssflow.sampling.reference import sample_reference
from vssflow.small.model import VSSFlow

BENCHMARKS = ("mini_v2s", "mini_vtts", "mini_joint")
RATE = 16_000
WEIGHTS = Path(str(resources.files("vssflow") / "weights" / "vssflow-small.safetensors"))


@torch.no_grad()
def generate(benchmark: str, limit: int | None, work: Path) -> None:
    model = VSSFlow.load(WEIGHTS)
    fast = FastSampler(model.vaflow, model.config.latent)
    store = FeatureStore(work / "store")
    for sample in limit_samples(Catalog().samples(benchmark), limit):
        request = make_request(sample, 0, store, None)
        targets = {name: work / benchmark / name / f"{sample.id}.flac" for name in ("fast", "reference")}
        if all(path.exists() for path in targets.values()):
            continue
        conditions = model.conditions(model.features(prompt_of(request)))
        noise = clip_noise([request.seed], model.config.latent, [conditions.locked.shape[-1]])
        latents = {
            "fast": fast.sample(conditions, noise, guidance=model.config.guidance).latent,
            "reference": sample_reference(model.vaflow, conditions, noise, guidance=model.config.guidance).latent,
        }
        length = round(request.duration * RATE)
        for name, latent in latents.items():
            targets[name].parent.mkdir(parents=True, exist_ok=True)
            sound = model.codec.decode(latent[0], seed=request.seed).clamp(-1.0, 1.0)
            write_flac(targets[name], sound[:length].numpy(), RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, help="clips of each benchmark")
    parser.add_argument("--work", type=Path, help="where sounds and runs are kept, for a second call to go on")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    work = asked.work or Path(tempfile.mkdtemp())
    for benchmark in BENCHMARKS:
        generate(benchmark, asked.limit, work)
        specs = [
            RunSpec(
                model=f"audio:{work / benchmark / name}", benchmark=benchmark, limit=asked.limit, runs=work / "runs",
                store=work / "store", jobs=1,
            )
            for name in ("fast", "reference")
        ]  # fmt: skip
        runs = [load_run(spec.runs / record.id) for spec, record in zip(specs, run(specs), strict=True)]
        print(markdown(sheet(compare(*runs, moved=0), [f"{benchmark}, fast", f"{benchmark}, authors"], [])))


if __name__ == "__main__":
    main()
