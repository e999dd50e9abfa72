"""From a folder of clips to a table: `vsseval run` with the recognisers and speaker encoders of the papers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tools import seeded_speech_models as speech_models
from tools.seeded_speech_models import installed, seeded_state, speech
from vsseval import media
from vsseval.cli import invoke

# openai-whisper leaves the files of its tokens open
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
ROOT = Path(__file__).parents[2]
TEXTS = ("Bin blue at F two now.", "She's paid $20.", "字", "one")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A benchmark of four speaking clips, the sounds of a system, and tiny weights in their places."""
    from vsseval.networks.rawnet3_espnet import RawNet3

    folder = tmp_path_factory.mktemp("speech")
    (folder / "clips").mkdir()
    (folder / "sounds").mkdir()
    rows = ["id,video,transcript,reference,speaker_prompt"]
    for place, text in enumerate(TEXTS):
        random = np.random.default_rng(place)
        frames = random.integers(0, 255, (10, 16, 16, 3), dtype=np.uint8)
        media.write_mp4(folder / "clips" / f"c{place}.mp4", frames, 10.0)
        media.write_flac(folder / "clips" / f"r{place}.flac", speech(1.0, 16_000, place)[0], 16_000)
        media.write_flac(folder / "clips" / f"p{place}.flac", speech(1.3, 16_000, 5)[0], 16_000)
        sound = np.zeros(22_050, np.float32) if place == 3 else speech(1.0, 22_050, place + 1)[0]
        media.write_flac(folder / "sounds" / f"c{place}.flac", sound, 22_050)
        rows.append(f'c{place},c{place}.mp4,"{text}",r{place}.flac,p{place}.flac')
    (folder / "clips" / "clips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    weights = folder / "weights"
    for size in ("base", "large_v3"):
        speech_models.whisper(weights, size)
    speech_models.faster_whisper(weights, "large_v3")
    speech_models.openai_whisper(weights, "large_v3")
    listed = json.loads((ROOT / "tests" / "golden" / "speaker" / "rawnet3.json").read_text())
    fixed = RawNet3().state_dict()
    state = {**seeded_state(listed["keys"]), **{key: fixed[key] for key in listed["as_built"]}}
    (weights / "rawnet3").mkdir()
    torch.save(state, weights / "rawnet3" / "40epoch.pth")
    installed(weights, "rawnet3")
    return folder


@pytest.fixture
def run(place, monkeypatch, capfd):
    """Carry out the command with more arguments: its exit code, and what it printed, by whatever it started too."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(place / "weights"))

    def carry_out(*more):
        asked = ["run", "--model", f"audio:{place / 'sounds'}", "--no-bounds", "--json"]
        asked += ["--benchmark", f"folder:{place / 'clips'}", "--store", "store", "--jobs", "1", *more]
        code = invoke(asked)
        return code, *capfd.readouterr()

    return carry_out


METRICS = (
    "wer@seedtts",
    "wer_over50@seedtts",
    "wer@f5",
    "wer@aligndit",
    "wer@vssflow",
    "cer@vssflow",
    "wer@v2c-asreported",
    "wer@whisper-base",
    "spk_sim@vssflow",
)


@pytest.mark.slow
def test_the_whole_path(run):
    code, out, err = run(*(part for name in METRICS for part in ("--metric", name)))
    assert "Traceback" not in err
    cells = {cell["metric"]: cell for cell in json.loads(out)[0]["aggregates"] if not cell["subset"]}
    assert set(cells) == set(METRICS)
    for name in METRICS:
        # a transcript in letters that nobody who listens knows does not apply to word errors
        total = 4 if name == "spk_sim@vssflow" else 3
        assert (cells[name]["status"], cells[name]["total"], cells[name]["n"]) == ("ok", total, 3), (name, cells[name])
        assert cells[name]["low"] <= cells[name]["value"] <= cells[name]["high"]
    # of silence there is no voice, and the clip is failed, not dropped
    assert cells["spk_sim@vssflow"]["failed"] == 1
    assert code == 0
    assert cells["wer@f5"]["macro"] is None
    assert cells["wer@aligndit"]["macro"] == pytest.approx(cells["wer@f5"]["value"])
    assert "whisper_large_v3" in cells["wer@seedtts"]["signature"]
    _, again, _ = run(*(part for name in METRICS for part in ("--metric", name)))
    assert json.loads(again)[0]["aggregates"] == json.loads(out)[0]["aggregates"]


def test_what_is_asked_for_but_not_there_is_missing_with_the_command(run):
    code, _, err = run("--metric", "wer@ctc-hubert", "--metric", "spk_sim@seedtts", "--runs", "others")
    assert "Traceback" not in err
    assert code == 3
    assert "vsseval weights pull hubert_ctc" in err
    assert "vsseval weights pull wavlm_ecapa" in err
