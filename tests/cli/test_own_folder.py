"""`vsseval run` on a user's own folder, whole: odd containers, outputs with companions, transcripts as written."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from support.videos import tone, write_timed
from vsseval import cli
from vsseval.benchmarks.mini import mini_vtts


def run(capsys, *more):
    command = ["run", "--model", "audio:out", "--benchmark", "folder:clips", "--no-bounds", "--json", "--jobs", "1"]
    code = cli.invoke([*command, "--store", "store", *more])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else None, told.err


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with `clips` and `out` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    (tmp_path / "out").mkdir()
    return tmp_path


def test_every_container_is_a_clip_and_what_is_none_is_named(here, capsys, caplog):
    for name, form in (("a.mp4", "mp4"), ("b.ts", "mpegts"), ("c.flv", "flv"), ("d.3gp", "3gp"), ("more/e.mp4", "mp4")):
        (here / "clips" / name).parent.mkdir(exist_ok=True)
        write_timed(here / "clips" / name, np.arange(25) / 25, format=form)
        soundfile.write(here / "out" / f"{name[-5] if '/' in name else name[0]}.wav", tone(1.0).T, 16000)
    (here / "clips" / "notes.txt").write_text("no clip")
    (here / "out" / "log.txt").write_text("no sound")
    code, (told,), _ = run(capsys, "--metric", "desync@onset")
    said = [record.getMessage() for record in caplog.records]
    assert code == 0
    assert told["record"]["clips"] == {"ok": 5}
    assert said.count(f"{here / 'clips'}: passed over, a text: notes.txt") == 1
    assert said.count("out: passed over, no sound: log.txt") == 1


def test_a_sound_beside_the_video_of_an_output_folder_is_taken(here, capsys):
    write_timed(here / "clips" / "x.mp4", np.arange(25) / 25, sound=tone(1.0)[0])
    write_timed(here / "out" / "x.mp4", np.arange(25) / 25, sound=tone(1.0)[0])
    soundfile.write(here / "out" / "x.flac", tone(1.0).T, 16000)
    code, (told,), _ = run(capsys, "--metric", "desync@onset")
    assert (code, told["record"]["clips"]) == (0, {"ok": 1})


def test_spellings_of_one_transcript_have_one_error_rate(here, capsys):
    sample = next(sample for sample in mini_vtts().samples() if sample.language == "en-grid")
    *front, letter, digit, last = sample.transcript.split()
    figure = "zero one two three four five six seven eight nine".split().index(digit)
    spellings = {
        "plain": (sample.transcript, "en-x-grid"),
        "figure": (f"{' '.join(front).title()} {letter.upper()} {figure}, {last}.", "English"),
        "glued": (f"{' '.join(front)} {letter}{figure}\u200b {last}", ""),
        "russian": ("Привет, мир", ""),
    }
    with (here / "clips" / "clips.jsonl").open("w") as lines:
        for name, (transcript, language) in spellings.items():
            row = {"id": name, "transcript": transcript, "language": language, "reference": "speech.flac"}
            lines.write(json.dumps(row) + "\n")
            shutil.copy(sample.reference.path, here / "out" / f"{name}.flac")
    shutil.copy(sample.reference.path, here / "clips" / "speech.flac")
    code, (told,), said = run(capsys, "--metric", "wer@sphinx-grid", "--metric", "wer@sphinx-lm")
    assert code == 0, said
    rates = {cell["metric"]: cell for cell in told["aggregates"]}
    grid, free = rates["wer@sphinx-grid"], rates["wer@sphinx-lm"]
    assert (grid["n"], grid["total"], grid["not_applicable"]) == (3, 3, 1)
    (scores,) = (here / "runs").glob("*/scores.parquet")
    rows = [row for row in pq.read_table(scores).to_pylist() if row["metric"] == "wer@sphinx-grid"]
    assert len({row["value"] for row in rows if row["status"] == "ok"}) == 1
    assert grid["value"] < 0.5
    assert free["value"] is None
