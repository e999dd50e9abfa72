"""The leaderboard: what is accepted, what a check finds, what the repository's own folder holds."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from support.fake_plugin import ROOT
from support.leaderboards import ROW, faults, folder, written  # noqa: F401
from support.synthetic_runs import METRICS, write_run, write_table
from vsseval.cli import invoke
from vsseval.leaderboard.entries import entry_sha256, read_entry
from vsseval.store import record
from vsseval.store.chain import header_seal
from vsseval.store.record import load_run

OWN = ROOT / "leaderboards"


def accepted(folder, path):
    assert invoke(["leaderboard", "add", str(path)]) == 0
    return folder / "records" / f"{path.name}.json"


def changed(path, change):
    """Change a record, and seal it as one who knows how would."""
    plain = json.loads(path.read_text())
    change(plain)
    plain["sha256"] = entry_sha256(plain)
    path.write_text(json.dumps(plain))


# What is accepted


def test_a_record_is_small_has_every_hash_and_no_path_of_the_machine(folder, tmp_path, capsys):
    run = write_run(tmp_path / "deep/home", "audio:/home/me/secret_wavs", 0.2, note="x")
    made = load_run(run).record
    spec = msgspec.structs.replace(made.spec, checkpoint=Path("/home/me/best.ckpt"), runs=Path("/home/me/runs"))
    record.write_record(run, msgspec.structs.replace(made, spec=spec))
    path = accepted(folder, run)
    assert capsys.readouterr().out.split() == [f"leaderboards/records/{run.name}.json"]
    assert path.stat().st_size < 20_000
    assert "/home/me" not in path.read_text().replace("audio__home_me", "")
    assert str(tmp_path) not in path.read_text()
    entry, plain = read_entry(path)
    assert (entry.run.spec.model, entry.run.spec.checkpoint) == ("audio:secret_wavs", Path("best.ckpt"))
    assert set(entry.files) == {
        "aggregates.json", "scores.parquet", "replicates.npz", "flags.json", "shards/0000.jsonl",
    }  # fmt: skip
    for name, digest in entry.files.items():
        assert digest == hashlib.sha256((run / name).read_bytes()).hexdigest()
    assert entry.sha256 == entry_sha256(plain)
    assert [cell.signature for cell in entry.aggregates] == [cell.signature for cell in load_run(run).aggregates]
    assert faults(folder) == []


def test_the_same_run_gives_the_same_record(folder, tmp_path):
    run = write_run(tmp_path, "good", 0.2)
    first = accepted(folder, run).read_bytes()
    assert accepted(folder, run).read_bytes() == first


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"limit": 5}, "made with --limit 5: run it on all clips"),
        ({"status": "generated"}, "it is generated, not finished"),
        ({"failed": range(24), "metrics": METRICS[1:]}, "it has no number"),
    ],
)
def test_what_may_not_stand_in_a_leaderboard_is_refused(folder, tmp_path, capsys, options, says):
    run = write_run(tmp_path, "m", 0.2, **options)
    assert invoke(["leaderboard", "add", str(run)]) == 2
    assert says in capsys.readouterr().err
    assert not [*folder.glob("records/*")]


def test_an_edited_run_is_refused(folder, tmp_path, capsys):
    run = write_run(tmp_path, "m", 0.2)
    (run / "aggregates.json").write_text((run / "aggregates.json").read_text() + "\n")
    assert invoke(["leaderboard", "add", str(run)]) == 2
    assert "was changed after the run" in capsys.readouterr().err
    assert not [*folder.glob("records/*")]


# What a check finds


def test_a_check_counts_and_passes(folder, tmp_path, capsys):
    for path in write_table(tmp_path / "runs").values():
        accepted(folder, path)
    written(folder, ROW)
    capsys.readouterr()
    assert invoke(["leaderboard", "check"]) == 0
    assert capsys.readouterr().out == "6 records (0 signed), 1 reported numbers: no fault\n"


def test_an_edited_record_is_found(folder, tmp_path, capsys, monkeypatch):
    path = accepted(folder, write_run(tmp_path, "m", 0.2))
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 7', 1))
    assert "it was edited: its sha256 is another one" in faults(folder)[0]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    capsys.readouterr()
    assert invoke(["leaderboard", "check"]) == 2
    shown = capsys.readouterr()
    assert f"leaderboards/records/{path.name}: it was edited" in shown.out
    assert f"::error title=leaderboards/records/{path.name}::it was edited" in shown.err


def cell(**values):
    def change(plain):
        plain["aggregates"][1].update(values)
        text = msgspec.json.format(msgspec.json.encode(plain["aggregates"]), indent=1) + b"\n"
        plain["files"]["aggregates.json"] = hashlib.sha256(text).hexdigest()

    return change


def run_with(**values):
    return lambda plain: plain["run"].update(values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda plain: plain.update(schema=4), "has layout 4, this vsseval reads 3"),
        (
            lambda plain: plain.update(schema=1),
            "Make it anew with: vsseval run --model m --benchmark toy_joint --runs runs && vsseval leaderboard add RUN",
        ),
        (lambda plain: plain.update(extra=1), "unknown field `extra`"),
        (lambda plain: plain.pop("files"), "missing required field `files`"),
        (lambda plain: plain["files"].pop("scores.parquet"), "it has no sha256 of scores.parquet"),
        (lambda plain: plain["files"].update({"scores.parquet": "abc"}), "the sha256 of scores.parquet is none"),
        (lambda plain: plain["aggregates"][0].update(value=0.0), "its aggregates are not those of the run"),
        (lambda plain: plain["run"]["spec"].update(limit=5), "made with --limit 5"),
        (run_with(status="started"), "it is started, not finished"),
        (cell(signature=""), "clap_score@toy has no signature"),
        (cell(metric="clap_score@mine"), "clap_score@mine: there is no such metric in the record"),
        (cell(n=25), "n = 25 of N = 24"),
        (cell(n=20), "20 measured, 0 failed and 0 missing clips are not N = 24"),
        (cell(n=240, total=240), "N = 240 and 0 clips that it does not apply to, but the benchmark has 24 clips"),
        (cell(value=None), "status ok, but no value"),
        (cell(low=9.0, high=8.0), "its interval runs from 9 to 8"),
        (lambda plain: plain["run"]["spec"].update(seed=3), "its signature says seed:0, the record 3"),
    ],
)
def test_faults_of_a_record_are_found_even_if_it_is_sealed_again(folder, tmp_path, change, says):
    changed(accepted(folder, write_run(tmp_path, "m", 0.2)), change)
    found = faults(folder)
    assert any(says in fault for fault in found), found


TAMPERED = {
    "the limit is taken out": (
        {"limit": 5}, lambda header: header["spec"].update(limit=None), "it has 5 clips, the benchmark 24"
    ),
    "and the benchmark made smaller": (
        {"limit": 5},
        lambda header: (header["spec"].update(limit=None), header["benchmark"].update(size=5)),
        "its signature says limit:5, the record nothing",
    ),
    "another model": ({}, lambda header: header["model"].update(name="gpt"), "the identity is another one"),
    "other weights": ({}, lambda header: header["model"].update(weights="f" * 64), "the identity is another one"),
    "another manifest": ({}, lambda header: header.update(manifest_sha256="f" * 64), "the identity is another one"),
    "another seed": ({}, lambda header: header["spec"].update(seed=7), "the identity is another one"),
    "a clip more": ({"failed": (3,)}, lambda header: header["clips"].update(failed=0), "it has 23 clips"),
    "packages that are none": (
        {}, lambda header: header["provenance"].update(packages="all"), "under packages what is no table of texts"
    ),
    "a metric of two lines": (
        {},
        lambda header: header["provenance"].update(unavailable={"wer@x\n::error::owned": "why"}),
        "'wer@x\\n::error::owned' is no id of a metric",
    ),
    "no identity": ({}, lambda header: header["provenance"].pop("identity"), "its identity begins with nothing"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_a_header_that_was_edited_and_sealed_again_disagrees_with_its_hashes(folder, tmp_path, capsys, name):
    """Whoever knows the format can write any hash; what follows from the others has to agree nevertheless."""
    options, change, says = TAMPERED[name]
    run = write_run(tmp_path, "m", 0.2, **options)
    header = json.loads((run / "run.json").read_text())
    change(header)
    header["seal"] = header_seal(header)
    (run / "run.json").write_text(json.dumps(header))
    assert load_run(run).broken == {}
    assert invoke(["leaderboard", "add", str(run)]) == 2
    assert says in capsys.readouterr().err
    if not options:
        path = accepted(folder, write_run(tmp_path / "honest", "m", 0.2))
        changed(path, lambda plain: change(plain["run"]))
        assert any(says in fault for fault in faults(folder))


def test_a_record_with_nan_is_no_json_and_a_stray_file_no_record(folder, tmp_path):
    path = accepted(folder, write_run(tmp_path, "m", 0.2))
    path.write_text(re.sub(r'"value": [^,\n]+', '"value": NaN', path.read_text(), count=1))
    (folder / "records/notes.txt").write_text("x")
    shutil.copy(accepted(folder, write_run(tmp_path, "n", 0.2)), folder / "records/other.json")
    found = faults(folder)
    assert "is no JSON" in found[0]
    assert "the file ought to be called" in found[1]
    assert "only .json files and their signatures belong here" in found[2]
