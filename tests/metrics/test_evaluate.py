"""All numbers of av-benchmark's evaluator at once: its caches as stored features, through scoring and aggregation."""

import functools
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_metric_weights import GOLDEN, fill, input_tensor
from vsseval import plugins
from vsseval.extractors.synchformer_sync import SynchformerSync
from vsseval.metrics import inception
from vsseval.metrics.gaussians import frechet_of_vectors
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.synchformer import Synchformer
from vsseval.records import RunSpec
from vsseval.stages.aggregate import aggregate
from vsseval.stages.catalog import ResolvedMetrics, extractor_names
from vsseval.stages.inputs import base_features, feature_inputs, feature_source
from vsseval.stages.plan import Plan
from vsseval.stages.score import score
from vsseval.store.scores import read_scores
from vsseval.types import BenchmarkCard, ExtractorSpec, Feature, Generation, Medium, ModelCard, Need, Sample
from vsseval.weights.find import Weights

FILES = goldens.files("metrics/evaluate_?.json")
CASES = [
    pytest.param(file, name, id=f"{file.stem}-{name}")
    for file in FILES
    for name in json.loads(file.read_text())["cases"]
]
METRICS = {
    "FD-VGG": plugins.load("metrics", "fd_vggish@avbench"),
    "FD-PANN": plugins.load("metrics", "fd_panns@avbench"),
    "FD-PASST": plugins.load("metrics", "fd_passt@avbench"),
    "KL-PANNS-softmax": plugins.load("metrics", "kl_panns@avbench"),
    "KL-PASST-softmax": plugins.load("metrics", "kl_passt@avbench"),
    "ISC-PANNS-mean": plugins.load("metrics", "is_panns@avbench"),
    "ISC-PASST-mean": plugins.load("metrics", "is_passt@avbench"),
    "IB-Score": plugins.load("metrics", "ib_score@avbench"),
    "DeSync": plugins.load("metrics", "desync@synchformer"),
    "LAION-CLAP-Score": plugins.load("metrics", "clap_score@laion"),
    "MS-CLAP-Score": plugins.load("metrics", "clap_score@msclap-first7"),
}
UNPAIRED = {"FD-VGG", "FD-PANN", "ISC-PANNS-mean"}
"""What the original computes over all sounds, whether or not they have a recording."""


SIDES = ("pred", "gt")


@functools.cache
def caches_of(file):
    return Caches(file)


class Caches:
    """The synthetic caches of one file, drawn by the names of side, network and clip."""

    def __init__(self, file: Path) -> None:
        self._part = file.stem.removeprefix("evaluate_")

    def drawn(self, side, network, name, *shape):
        return input_tensor(f"eval_{self._part}/{side}/{network}/{name}", shape).numpy()

    def arrays(self, extractor, side, name):
        """The features of one clip's side, "gt" or "pred", as an extractor gives them."""
        draw, shift = self.drawn, np.float32(0.1 if side == "pred" else 0)
        if extractor == "vggish":
            return {"patches": draw(side, "vggish", name, 8, 128) + shift}
        if extractor == "panns":
            embedding = np.maximum(draw(side, "panns2048", name, 2048) + shift, 0)
            return {"embedding": embedding, "logits": 2 * draw(side, "pannslogits", name, 527)}
        if extractor == "passt":
            embedding = draw(side, "passtembed", name, 768) + shift
            return {"embedding": embedding, "logits": 2 * draw(side, "passtlogits", name, 527)}
        if extractor == "synchformer":
            return {"tokens": draw(side, "sync", name, 24, 8 if side == "gt" else 6, 768)}
        names = {"laion_clap": ("clap_laion", 512), "ms_clap": ("clap_ms", 1024), "imagebind": ("imagebind", 1024)}
        vector = draw(side, names[extractor][0], name, names[extractor][1])
        # Text-audio encoders give vectors of unit length; the original divides by the lengths afterwards.
        return {"embedding": vector / np.linalg.norm(vector) if "clap" in extractor else vector}


@pytest.fixture(scope="module")
def comparing():
    """What Synchformer's last transformer, with the seeded weights, makes of one clip of some caches."""
    with SkipInitialWeights():
        network = Synchformer().eval().requires_grad_(requires_grad=False)
    fill(network, keep=("vfeat_extractor", "afeat_extractor"))
    made = SynchformerSync(Weights("synchformer", GOLDEN, ("none.pth",), "0" * 64), "synchformer_sync", "synchformer")
    made.network = network
    return functools.cache(lambda caches, name: made.combine(*(caches.arrays("synchformer", s, name) for s in SIDES)))


def medium(kind, name):
    return Medium(path=Path(f"{kind}/{name}"), sha256=hashlib.sha256(f"{kind}/{name}".encode()).hexdigest())


def resolved():
    made = {metric.spec.id: metric for metric in (make() for make in METRICS.values())}
    names = {*extractor_names([metric.spec for metric in made.values()]), "synchformer"}
    extractors = {
        name: ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("features",) if name == "synchformer_sync" else ("audio",),
            source_extractor="synchformer" if name == "synchformer_sync" else None,
        )
        for name in sorted(names)
    }
    return ResolvedMetrics(dict(sorted(made.items())), extractors, {})


def planned(folder, names):
    samples = tuple(
        Sample(
            id=name, cluster=name, duration=8.0, video=medium("video", name), reference=medium("gt", name), caption=name
        )
        for name in names
    )
    card = BenchmarkCard(
        name="caches", version="1", task="v2s", size=len(names), licence="none", description="Synthetic.", metrics=()
    )
    spec = RunSpec(model="caches", benchmark="caches", store=folder / "store")
    model = ModelCard(name="caches", version="1", tasks=("v2s",))
    return Plan(spec, card, model, samples, "0" * 64, "0" * 64, folder / "run")


def generation(name, *, there):
    if not there:
        return Generation(id=name, status="missing", error="not in the cache")
    return Generation(id=name, status="ok", path=Path(name), sha256=medium("pred", name).sha256)


def stored(plan, generations, found, caches, comparing):
    """Write the caches into the feature store, under the keys that scoring asks for."""
    sides = {Need.AUDIO: "pred", Need.REFERENCE: "gt", Need.VIDEO: "gt", Need.CAPTION: "gt"}
    for sample in plan.samples:
        for metric in found.metrics.values():
            for _, feature in feature_inputs(metric.spec):
                for part in base_features(feature, found.extractors):
                    place = feature_source(part, sample, generations[sample.id], plan.root, found.extractors)
                    if place is not None:
                        arrays = caches.arrays(part.extractor, sides[part.of], sample.id)
                        plan.store.write(found.extractors[part.extractor], place.key, arrays)
        pair = Feature(extractor="synchformer_sync", of=Need.AUDIO, paired_with=Need.VIDEO)
        place = feature_source(pair, sample, generations[sample.id], plan.root, found.extractors)
        if place is not None:
            plan.store.write(found.extractors["synchformer_sync"], place.key, comparing(caches, sample.id))


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name"), CASES)
def test_every_number_of_the_evaluator(file, name, tmp_path, comparing):
    case, caches = json.loads(file.read_text())["cases"][name], caches_of(file)
    known, heard = case["metrics"], set(case["pred"])
    paired = [clip for clip in case["gt"] if clip in heard]
    plan, found = planned(tmp_path, case["gt"]), resolved()
    plan.root.mkdir()
    generations = {clip: generation(clip, there=clip in heard) for clip in case["gt"]}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    stored(plan, generations, found, caches, comparing)
    torch.set_num_threads(threads)
    score(plan, [generations], found)
    cells = {cell.metric: cell for cell in aggregate(plan, found)}
    whole = heard == set(case["gt"])
    for column, make in METRICS.items():
        cell = cells[make().spec.id]
        assert (cell.n, cell.total, cell.status) == (len(paired), len(case["gt"]), "ok"), column
        if whole or column not in UNPAIRED:
            assert cell.value == pytest.approx(known[column], rel=1e-5, abs=1e-6), column
    rows = {row.sample_id: row for row in read_scores(plan.paths.scores) if row.metric == "desync@synchformer"}
    for clip, one in case["desync_per_clip"].items():
        detail = json.loads(rows[clip].detail)
        assert [detail["offset_first"], detail["offset_last"]] == pytest.approx(one["offset_s"], abs=1e-6), clip


@pytest.mark.parametrize(("file", "name"), CASES)
def test_what_the_evaluator_computes_over_sounds_without_recordings(file, name):
    case, caches = json.loads(file.read_text())["cases"][name], caches_of(file)
    paired = [clip for clip in case["pred"] if clip in set(case["gt"])]

    def rows(extractor, array, side, clips):
        return np.concatenate([np.atleast_2d(caches.arrays(extractor, side, clip)[array]) for clip in clips])

    known = case["metrics"]
    for extractor, array, column in (("vggish", "patches", "FD-VGG"), ("panns", "embedding", "FD-PANN")):
        distance = frechet_of_vectors(*(rows(extractor, array, side, case[side]) for side in ("pred", "gt")))
        assert distance == pytest.approx(known[column], rel=1e-5), column
    for extractor, column, clips in (("panns", "ISC-PANNS", case["pred"]), ("passt", "ISC-PASST", paired)):
        mean, deviation = inception.inception_score(rows(extractor, "logits", "pred", clips))
        assert mean == pytest.approx(known[f"{column}-mean"], rel=1e-5)
        assert deviation == pytest.approx(known[f"{column}-std"], rel=1e-5)
    for column, value in (case["unpaired_metrics"] or {}).items():
        if column == "FD-PASST":
            distance = frechet_of_vectors(*(rows("passt", "embedding", side, case[side]) for side in ("pred", "gt")))
            assert distance == pytest.approx(value, rel=1e-5)
        if column == "ISC-PASST-mean":
            assert inception.inception_score(rows("passt", "logits", "pred", case["pred"]))[0] == pytest.approx(value)
