"""Plugins that misbehave, each in a way of its own: every odd value in every place where a plugin hands one over."""

import math
import types
from pathlib import Path

import click
import msgspec
import numpy as np
import torch

from vsseval.errors import Unmeasurable
from vsseval.models.base import ModelOutput
from vsseval.types import BenchmarkCard, ExtractorSpec, ModelCard, Sample, Score

RATE = 8000
SOUND = (0.1 * np.sin(np.arange(2000) / 9)).astype(np.float32)


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("nor can this be said")


class Hostile:
    """Refuses everything that it is asked."""

    def __getattr__(self, name):
        raise OSError(f"no {name}")

    def __len__(self):
        return -1  # noqa: PLE0303

    def __float__(self):
        raise ArithmeticError("no float")

    def __array__(self, *_args, **_kwargs):
        raise BufferError("no array")

    def __str__(self):
        raise Unspeakable

    __repr__ = __str__


class Foreign(BaseException):
    """What no `except Exception` sees."""


def raised():
    """Return one of each kind of exception, anew, by a name."""
    return {
        "value": ValueError("odd"), "bare": KeyError(), "exit": SystemExit(0), "exit_text": SystemExit("go away"),
        "stop": StopIteration(), "generator": GeneratorExit(), "foreign": Foreign("hidden"), "abort": click.Abort(),
        "click": click.ClickException("usage"), "memory": MemoryError(), "recursion": RecursionError("deep"),
        "unspeakable": Unspeakable(), "surrogate": ValueError("bad \udcff name"), "long": ValueError("x" * 100_000),
        "lines": ValueError("one\ntwo\n\tthree"), "disk": OSError(28, "No space left on device"),
        "decode": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "start"), "import": ImportError("no module"),
        "assertion": AssertionError(), "group": ExceptionGroup("many", [ValueError("a"), TypeError("b")]),
    }  # fmt: skip


def values():
    """Return one of each kind of value that is odd somewhere, by a name."""
    return {
        "none": None, "text": "text", "bytes": b"\x00\xff", "surrogate": "\udcff", "nan": math.nan, "inf": math.inf,
        "huge": 10**400, "negative": -1, "true": True, "complex": 1 + 2j, "float": 0.25, "int": 3,
        "numpy_float": np.float32(0.25), "numpy_int": np.int64(3), "numpy_bool": np.bool_(1),
        "numpy_0d": np.array(0.25),
        "numpy_text": np.array("text"), "objects": np.array([object()]), "complexes": np.ones(3, np.complex64),
        "masked": np.ma.masked_array([0.1, 0.2], [0, 1]), "dates": np.array(["2026-01-01"], "datetime64[D]"),
        "grad": torch.full((300,), 0.1, requires_grad=True) * 2, "bfloat16": torch.full((300,), 0.1).bfloat16(),
        "half": torch.full((300,), 0.1).half(), "tensor_0d": torch.tensor(0.25, requires_grad=True),
        "sparse": torch.eye(3).to_sparse(), "meta": torch.empty(3, device="meta"),
        "ints": torch.ones(3, dtype=torch.long),
        "list": [0.1, 0.2], "ragged": [[0.1], [0.2, 0.3]], "nested": [[0.1, 0.2], [0.3, 0.4]], "empty": [],
        "tuple": (0.1, 0.2),
        "triple": (0.1, 0.2, 0.3), "dict": {"a": 1}, "numbers_as_names": {1: 2.0}, "set": {1}, "function": len,
        "class": int, "module": types, "generator": (x for x in [1]), "hostile": Hostile(),
        "raised": ValueError("given"),
        "path": Path("/nowhere"),
    }  # fmt: skip


NAMES = (*values(),)
FAULTS = (*raised(),)

TAKES = {
    "samples": lambda clip, odd: ModelOutput(clip, odd, RATE),
    "rate": lambda clip, odd: ModelOutput(clip, SOUND, odd),
    "id": lambda clip, odd: ModelOutput(odd, SOUND, RATE),
    "error": lambda clip, odd: ModelOutput(clip, SOUND, RATE, error=odd),
    "missing": lambda clip, odd: ModelOutput(clip, SOUND, RATE, missing=odd),
    "take": lambda clip, odd: odd,
    "pair": lambda clip, odd: (odd, RATE),
    "fields": lambda clip, odd: {"id": clip, "samples": odd, "sample_rate": RATE, "more": odd},
}
SCORES = {
    "value": lambda odd: Score(value=odd),
    "weight": lambda odd: Score(value=0.5, weight=odd),
    "detail": lambda odd: Score(value=0.5, detail={"said": odd}),
    "details": lambda odd: Score(value=0.5, detail=odd),
    "score": lambda odd: odd,
    "fields": lambda odd: {"value": 0.5, "more": odd},
}


def misbehaviours(places):
    """Return `place.value` for every odd value in every place, and `raise.kind` for every exception."""
    return [f"{place}.{name}" for place in places for name in NAMES] + [f"raise.{name}" for name in FAULTS]


MODEL = misbehaviours(TAKES)
METRIC = misbehaviours(SCORES)
EXTRACTOR = misbehaviours(("array", "arrays"))
DISTANCE = misbehaviours(("array",))
FACTORY = misbehaviours(("made", "card"))
CLIPS = misbehaviours(("samples", "clip", "field"))


def odd(what):
    """Raise or return what a misbehaviour names."""
    place, _, name = what.partition(".")
    if place == "raise":
        raise raised()[name]
    return values()[name]


class OddModel:
    """Misbehaves in another way for each clip, whose id says how; clips without a point in their id are well."""

    def __init__(self, options):
        self.card = ModelCard(name="odd", version="1", tasks=("v2s",))

    def generate(self, requests):
        for request in requests:
            place = request.id.partition(".")[0]
            if "." not in request.id:
                yield ModelOutput(request.id, SOUND, RATE)
            else:
                yield TAKES.get(place, lambda clip, odd: odd)(request.id, odd(request.id))


class Well:
    spec = ExtractorSpec(name="odd_well", version="1", input_kinds=("audio",))

    def extract(self, source):
        return {"x": np.array([float(np.abs(source.samples).mean()), 1.0])}


class WellMetric:
    kind = "per_clip"

    def __init__(self, spec):
        self.spec = spec

    def score(self, sound):
        return float(sound["x"][0])


class OddMetric:
    kind = "per_clip"

    def __init__(self, spec, number):
        self.spec, self.what = spec, METRIC[number]

    def score(self, sound):
        return SCORES.get(self.what.partition(".")[0], lambda odd: odd)(odd(self.what))


class OddExtractor:
    def __init__(self, number):
        self.what = EXTRACTOR[number]
        self.spec = ExtractorSpec(name=f"odd_extractor{number}", version="1", input_kinds=("audio",))

    def extract(self, source):
        found = odd(self.what)
        return {"x": found} if self.what.startswith("array.") else found


class OddReader:
    kind = "per_clip"

    def __init__(self, spec):
        self.spec = spec

    def score(self, sound):
        return 1.0


class OddDistance:
    kind = "sums"

    def __init__(self, spec, number):
        self.spec, self.what = spec, DISTANCE[number]

    def sums(self, sound):
        found = odd(self.what)
        return {"x": found} if self.what.startswith("array.") else found

    def value(self, sums):
        return sums["x"].sum()


class OddValue(OddDistance):
    def sums(self, sound):
        return {"x": sound["x"]}

    def value(self, sums):
        return odd(self.what)


def odd_factory(number):
    """Return a factory of models that misbehaves, or whose card does."""
    what = FACTORY[number]

    def create(options):
        found = odd(what)
        if what.startswith("card."):
            return types.SimpleNamespace(card=found, generate=lambda requests: iter(()))
        return found

    return create


class Clips:
    card = BenchmarkCard(
        name="odd", version="1", task="v2s", size=1, licence="none", description="of a test", metrics=("well@odd",)
    )

    def __init__(self, argument):
        self.ids = Path(argument).read_text().split("\n")

    def samples(self):
        return [Sample(id=name, cluster=name, duration=0.25) for name in self.ids]


def odd_benchmark(number):
    """Return a factory of benchmarks of two clips, one of which is odd, or of benchmarks whose list is."""
    what = CLIPS[number]

    def create(argument):
        made = types.SimpleNamespace(card=msgspec.structs.replace(Clips.card, name=f"odd{number}"))
        good = Sample(id="good", cluster="good", duration=0.25)

        def samples():
            found = odd(what)
            if what.startswith("samples."):
                return found
            return [good, found if what.startswith("clip.") else Sample(id="odd", cluster="odd", duration=found)]

        made.samples = samples
        return made

    return create


class Mute:
    """Raises what a clip's status is made of where it should not."""

    card = ModelCard(name="mute", version="1", tasks=("v2s",))

    def generate(self, requests):
        raise Unmeasurable("nothing to be heard")
        yield


MAKERS = {
    "factory": odd_factory, "benchmark": odd_benchmark,
}  # fmt: skip


def __getattr__(name):
    kind, _, number = name.partition("_")
    if kind not in MAKERS:
        raise AttributeError(name)
    return MAKERS[kind](int(number))


def entry_points():
    """Return the text of entry_points.txt."""
    lines = {
        "models": [
            "odd = vsseval_odd:OddModel", "odd_mute = vsseval_odd:mute",
            *(f"odd_factory{n} = vsseval_odd:factory_{n}" for n in range(len(FACTORY))),
        ],
        "benchmarks": [
            "odd = vsseval_odd:Clips", *(f"odd_clips{n} = vsseval_odd:benchmark_{n}" for n in range(len(CLIPS))),
        ],
        "extractors": ["odd = vsseval_odd_variants"],
        "metrics": ["odd = vsseval_odd_recipes"],
    }  # fmt: skip
    return "".join(f"[vsseval.{group}]\n" + "\n".join(entries) + "\n" for group, entries in lines.items())


def tables():
    """Return the rows of extractors and metrics: package -> text of its file."""
    heard, row = "odd_well", '["{}@odd"]\nfamily = "vsseval_odd:{}"\nextractor = "{}"\n{}'.format
    defaults = (
        '[defaults]\nversion = "1"\ndirection = "lower"\nunit = ""\ndescription = "of a test"\n'
        'inputs = { sound = { of = "audio" } }'
    )
    number = "parameters = {{ number = {} }}".format
    recipes = [
        defaults, row("well", "WellMetric", heard, ""),
        *(row(f"metric{n}", "OddMetric", heard, number(n)) for n in range(len(METRIC))),
        *(row(f"extractor{n}", "OddReader", f"odd_extractor{n}", "") for n in range(len(EXTRACTOR))),
        *(row(f"distance{n}", "OddDistance", heard, number(n)) for n in range(len(DISTANCE))),
        *(row(f"value{n}", "OddValue", heard, number(n)) for n in range(len(DISTANCE))),
    ]  # fmt: skip
    variants = [
        '[odd_well]\nfamily = "vsseval_odd:Well"',
        *(f'[odd_extractor{n}]\nfamily = "vsseval_odd:OddExtractor"\n{number(n)}' for n in range(len(EXTRACTOR))),
    ]
    return {"vsseval_odd_recipes": "\n\n".join(recipes), "vsseval_odd_variants": "\n\n".join(variants)}


def mute(options):
    return Mute()
