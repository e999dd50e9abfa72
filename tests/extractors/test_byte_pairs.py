"""Byte pairs against the tokenizers that the makers of both CLAPs use (golden/metrics/tokens)."""

import json
import shutil

import pytest

from support import goldens
from vsseval.errors import MissingExtra, UsageError
from vsseval.extractors import byte_pairs
from vsseval.extractors.laion_clap import LaionClapExtractor
from vsseval.extractors.ms_clap import MsClapExtractor
from vsseval.networks import optional_packages
from vsseval.weights.find import Weights

TOKENS = goldens.file("metrics/tokens")
CASES = json.loads((TOKENS / "expected.json").read_text())


def weights(folder, name):
    shutil.copy(TOKENS / f"{name}.json", folder / "vocab.json")
    shutil.copy(TOKENS / "merges.txt", folder / "merges.txt")
    return Weights(name, folder, ("x.pt", "vocab.json", "merges.txt"), "0" * 64)


@pytest.mark.parametrize("case", CASES, ids=[case["caption"][:20] for case in CASES])
def test_tokens_are_those_of_the_makers(tmp_path, case):
    numbers, counts = LaionClapExtractor(weights(tmp_path, "roberta"), "laion_clap", "", "BASE").tokens(case["caption"])
    assert numbers.tolist() == case["roberta"]
    assert counts.sum() == case["roberta_mask"]
    assert MsClapExtractor(weights(tmp_path, "gpt2")).tokens(case["caption"]).tolist() == case["gpt2"]


def test_a_small_vocabulary_is_refused(tmp_path):
    (tmp_path / "vocab.json").write_text(json.dumps({"!": 0, '"': 1}))
    with pytest.raises(UsageError, match="it has 2 entries, fewer than 1000"):
        byte_pairs.tokenizer(tmp_path / "vocab.json", TOKENS / "merges.txt", [byte_pairs.Special("!")])


def test_a_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(optional_packages, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"tokenizers: pip install 'vsseval\[papers\]'"):
        byte_pairs.tokenizer(TOKENS / "gpt2.json", TOKENS / "merges.txt", [])
