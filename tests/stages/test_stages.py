"""What becomes of every clip, and what the numbers are made of."""

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from support import build_plugins
from support.fake_plugin import make_clips, medium, spec, write_samples
from vsseval import media, plugins
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.stages import run as run_module
from vsseval.stages.catalog import resolve_metrics
from vsseval.stages.inputs import why_not_applicable
from vsseval.stages.run import rescore, run
from vsseval.store import codec
from vsseval.store.record import load_run
from vsseval.store.scores import read_scores
from vsseval.types import Medium, Need, Request, Sample

WISH = Request(id="a", duration=1.0, seed=1)


pytestmark = pytest.mark.usefixtures("site")


def load(folder):
    return codec.decode((folder / "samples.json").read_bytes(), list[Sample])


def outcomes(path, metric):
    return {row.sample_id: row for row in read_scores(path / "scores.parquet") if row.metric == metric}


def finish(asked):
    """Run one spec; return the loaded run."""
    (record,) = run([asked])
    return load_run(asked.runs / record.id)


@pytest.mark.parametrize(
    ("mode", "status", "says"),
    [
        ("raise", "failed", "RuntimeError: cannot do it"),
        ("drop", "missing", "nothing for this clip"),
        ("error", "failed", "no sound for this one"),
        ("missing", "missing", "no file"),
    ],
)
def test_one_bad_clip_is_a_row_and_costs_no_other(clips, tmp_path, mode, status, says):
    done = finish(spec(clips, tmp_path, model=f"fake:{mode}"))
    rows = outcomes(done.path, "level@fake")
    assert len(rows) == 8
    assert rows["clip3"].status == status
    assert says in json.loads(rows["clip3"].detail)["reason"]
    assert sum(row.status == "ok" for row in rows.values()) == 7
    for metric in ("fd@fake", "level@fake", "words@fake"):
        cell = done.cell(metric)
        assert (cell.n, cell.total, getattr(cell, status)) == (7, 8, 1)
        assert cell.status == "ok"
    assert done.record.clips == {status: 1, "ok": 7}


@pytest.mark.parametrize("mode", ["batch", "twice"])
def test_a_model_that_stumbles_gives_what_a_good_one_gives(clips, tmp_path, mode):
    good = finish(spec(clips, tmp_path))
    odd = finish(spec(clips, tmp_path, model=f"fake:{mode}"))
    assert odd.record.clips == {"ok": 8}
    assert (odd.path / "scores.parquet").read_bytes() == (good.path / "scores.parquet").read_bytes()


def test_what_the_machine_lacks_is_no_clips_fault(clips, tmp_path):
    with pytest.raises(EnvironmentFault, match="weights pull"):
        run([spec(clips, tmp_path, model="fake:environment")])


def test_silence_is_failed_and_not_a_number(clips, tmp_path):
    done = finish(spec(clips, tmp_path, model="fake:silent"))
    row = outcomes(done.path, "level@fake")["clip3"]
    assert (row.status, row.value) == ("failed", None)
    assert json.loads(row.detail) == {"reason": "generated audio: silent"}
    assert done.record.clips == {"ok": 8}
    assert (done.cell("fd@fake").n, done.cell("fd@fake").total) == (7, 8)


def strange(folder):
    """Write samples of which each lacks something."""
    samples = load(folder)
    black = folder / "black.mp4"
    media.write_mp4(black, np.zeros((5, 16, 16, 3), np.uint8), 10.0)
    change = msgspec.structs.replace
    samples[0] = change(samples[0], problem="v0.mp4: truncated", reference=None)
    samples[1] = change(samples[1], transcript=None)
    samples[2] = change(samples[2], language="en-grid")
    samples[4] = change(samples[4], video=medium(black))
    samples[5] = change(samples[5], transcript="unsayable")
    samples[6] = change(samples[6], transcript="not a number")
    samples[7] = change(samples[7], reference=None)
    return samples


def test_what_the_benchmark_lacks_is_not_applicable_for_every_model(clips, tmp_path):
    folder = tmp_path / "strange"
    folder.mkdir()
    for file in clips.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "samples.json").unlink()
    (folder / "samples.json").write_bytes((clips / "samples.json").read_bytes())
    write_samples(folder, strange(folder))
    totals = []
    for model in ("fake", "fake:raise", "fake:silent", "fake_own"):
        done = finish(spec(folder, tmp_path, model=model))
        totals.append({cell.metric: cell.total for cell in done.aggregates if not cell.subset})
        status = {m: {k: r.status for k, r in outcomes(done.path, m).items()} for m in done.record.metrics}
        assert {status[m]["clip0"] for m in status} == {"failed"}
        assert status["words@fake"]["clip 1"] == "not_applicable"
        assert status["words@fake"]["clip2"] == "not_applicable"
        assert status["level@fake"]["clip4"] == "not_applicable"
        assert status["fd@fake"]["clip7"] == "not_applicable"
        if model == "fake":
            assert status["words@fake"]["clip5"] == "failed"
            assert status["words@fake"]["clip6"] == "failed"
            assert status["words@fake"]["clip3"] == "ok"
    assert totals == [{"fd@fake": 7, "level@fake": 7, "words@fake": 6}] * 4


def test_the_numbers_are_those_of_the_rows(clips, tmp_path):
    done = finish(spec(clips, tmp_path))
    rows = outcomes(done.path, "words@fake").values()
    cell = done.cell("words@fake")
    assert cell.value == pytest.approx(sum(r.value * r.weight for r in rows) / sum(r.weight for r in rows))
    assert cell.macro == pytest.approx(sum(r.value for r in rows) / 8)
    assert done.cell("level@fake").macro is None
    assert cell.low < cell.value < cell.high
    assert done.cell("fd@fake").method == "jackknife t(3), pairs"
    part = done.cell("level@fake", "held-out")
    assert (part.n, part.total) == (2, 2)
    assert done.cell("fd@fake", "held-out").value != done.cell("fd@fake").value
    assert re.fullmatch(
        r"metric:words@fake\|version:1\|bench:fake-1\|manifest:[0-9a-f]{8}\|"
        r"x:fake_level-1-none\+fake_words-1-none\|sr:8000\|seed:0\|n:8/8\|intervals:2\|vsseval:[0-9.]+",
        cell.signature,
    )
    assert all(row.value is None and row.status == "ok" for row in outcomes(done.path, "fd@fake").values())


def test_too_few_clips_have_no_distance_and_a_reason(clips, tmp_path):
    cell = finish(spec(clips, tmp_path, limit=1)).cell("fd@fake")
    assert (cell.status, cell.value, cell.n, cell.total) == ("not_applicable", None, 1, 1)
    assert cell.reason == "fewer than two clips"
    assert "limit:1" in cell.signature


@pytest.mark.parametrize(("limit", "value"), [(2, None), (3, "some")])
def test_a_mean_over_fewer_clips_than_the_metric_asks_for_is_none(clips, tmp_path, monkeypatch, limit, value):
    asks = msgspec.structs.replace(plugins.metric_spec("level@fake"), least_clips=3)
    family, load = type(resolve_metrics([], ["level@fake"]).metrics["level@fake"]), plugins.load
    monkeypatch.setattr(
        "vsseval.plugins.load",
        lambda kind, name: (lambda: family(asks)) if name == "level@fake" else load(kind, name),
    )
    done = finish(spec(clips, tmp_path, limit=limit))
    cell = done.cell("level@fake")
    assert (cell.value is None) == (value is None)
    # the rows stay: nothing is lost
    assert (cell.n, len(outcomes(done.path, "level@fake"))) == (limit, limit)
    if value is None:
        assert (cell.status, cell.low, cell.se) == ("not_applicable", None, None)
        assert cell.reason == "2 of the 3 clips at least that this metric needs: one clip says little by it"


@pytest.mark.parametrize("gives", [np.nan, np.linalg.LinAlgError("did not converge")])
def test_a_distance_that_breaks_is_a_failed_cell_and_no_traceback(clips, tmp_path, monkeypatch, gives):
    class Odd(type(resolve_metrics([], ["fd@fake"]).metrics["fd@fake"])):
        def value(self, sums):
            if isinstance(gives, Exception):
                raise gives
            return gives

    def odd():
        return Odd(plugins.metric_spec("fd@fake"))

    load = plugins.load
    monkeypatch.setattr("vsseval.plugins.load", lambda kind, name: odd if name == "fd@fake" else load(kind, name))
    cell = finish(spec(clips, tmp_path)).cell("fd@fake")
    assert (cell.status, cell.value) == ("failed", None)
    assert ("did not converge" if isinstance(gives, Exception) else "not finite") in cell.reason


def test_scores_do_not_depend_on_jobs_and_shards(clips, tmp_path):
    first = finish(spec(clips, tmp_path / "a", jobs=1, shard_size=64))
    second = finish(spec(clips, tmp_path / "b", jobs=2, shard_size=3))
    for name in ("scores.parquet", "aggregates.json", "replicates.npz"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
    assert len(list((second.path / "shards").glob("*.done"))) == 3


def test_a_medium_that_kills_its_process_costs_its_own_clip(clips, tmp_path):
    folder = tmp_path / "kill"
    folder.mkdir()
    samples = load(clips)
    write_samples(folder, [*samples[:4], msgspec.structs.replace(samples[4], duration=1.0), *samples[5:]])
    done = finish(spec(folder, tmp_path, jobs=2, metrics=("killer@fake",)))
    rows = outcomes(done.path, "killer@fake")
    assert rows["clip4"].status == "failed"
    assert "was killed" in rows["clip4"].detail
    assert sum(row.status == "ok" for row in rows.values()) == 7
    assert done.record.provenance["faults"]


def test_an_extractor_that_cannot_be_had_is_missing_with_the_command(clips, tmp_path):
    done = finish(spec(clips, tmp_path, metrics=("bare@fake", "level@fake")))
    cell = done.cell("bare@fake")
    assert (cell.status, cell.n, cell.total) == ("missing", 0, 8)
    assert "weights pull fake" in cell.reason
    assert done.cell("level@fake").status == "ok"


def test_an_unknown_metric_is_refused_and_a_customary_one_is_missing(clips):
    with pytest.raises(UsageError, match="did you mean fd@fake"):
        resolve_metrics(["fd@fak"], [])
    assert set(resolve_metrics([], ["fd@fake", "gone@fake"]).unavailable) == {"gone@fake"}


def test_a_metric_that_asks_for_what_an_extractor_does_not_make_is_missing(monkeypatch):
    found = resolve_metrics([], ["fd@fake"]).metrics["fd@fake"]
    asked = next(iter(found.spec.inputs.values()))
    inputs = {"x": msgspec.structs.replace(asked, of=Need.AUDIO, paired_with=Need.VIDEO)}
    odd = type(found)(msgspec.structs.replace(found.spec, inputs=inputs))

    def broken():
        raise RuntimeError("no luck")

    load = plugins.load
    factories = {"level@fake": broken, "fd@fake": lambda: odd}
    monkeypatch.setattr("vsseval.plugins.load", lambda kind, name: factories.get(name) or load(kind, name))
    found = resolve_metrics([], ["fd@fake", "level@fake", "words@fake"])
    assert [*found.metrics] == ["words@fake"]
    assert "for what it does not make: its features are of one medium" in found.unavailable["fd@fake"]
    assert "RuntimeError: no luck (" in found.unavailable["level@fake"]
    assert "test_stages.py:" in found.unavailable["level@fake"]


def test_a_replaced_file_never_lends_its_features(clips, tmp_path):
    folder = tmp_path / "replaced"
    samples = make_clips(folder, 4)
    asked = spec(folder, tmp_path)
    first = finish(asked)
    media.write_flac(samples[2].reference.path, np.full(4000, 0.3, np.float32), 8000)
    rows = outcomes(rescore_without_store(first.path, tmp_path).path, "fd@fake")
    assert rows["clip2"].status == "failed"
    assert "sha256 differs" in rows["clip2"].detail


def rescore_without_store(path, tmp_path):
    rescore(path, store=tmp_path / "fresh", jobs=1)
    return load_run(path)


def test_a_damaged_feature_is_made_anew(clips, tmp_path):
    done = finish(spec(clips, tmp_path))
    before = (done.path / "scores.parquet").read_bytes()
    for file in (tmp_path / "store" / "features").rglob("*.pack"):
        file.write_bytes(file.read_bytes()[:50])
    rescore(done.path, jobs=1)
    assert (done.path / "scores.parquet").read_bytes() == before


def test_a_changed_benchmark_is_not_scored_as_the_old_one(tmp_path):
    folder = tmp_path / "changing"
    samples = make_clips(folder, 3)
    done = finish(spec(folder, tmp_path))
    write_samples(folder, samples[:2])
    with pytest.raises(UsageError, match="Run it anew: vsseval run --model fake"):
        rescore(done.path, jobs=1)


def test_run_module_is_importable_by_its_public_name():
    import vsseval

    assert vsseval.run is run_module.run


@pytest.mark.parametrize("words", ["", "   ", "… ?!", "🎧"])
def test_a_transcript_without_a_word_is_not_applicable(words):
    spec = build_plugins.build_metric("wer@sphinx-lm").spec
    assert (
        why_not_applicable(spec, Sample(id="a", cluster="a", duration=1.0, transcript=words))
        == "the clip has no transcript"
    )
    assert why_not_applicable(spec, Sample(id="a", cluster="a", duration=1.0, transcript="well")) is None


@pytest.mark.parametrize(
    ("seconds", "why"), [(4.79, "the clip lasts 4.79 s, the metric takes 4.8 s or more"), (4.8, None)]
)
def test_a_clip_may_be_too_short_for_a_metric_whatever_the_model_made_of_it(seconds, why):
    spec = build_plugins.build_metric("desync@synchformer").spec
    clip = Sample(id="a", cluster="a", duration=seconds, video=Medium(path=Path("a.mp4"), sha256="0"))
    assert why_not_applicable(spec, clip) == why
    broken = msgspec.structs.replace(clip, problem="cannot be read")
    assert why_not_applicable(spec, broken) is None  # stays in N as failed


def test_a_medium_beyond_a_bound_is_measured_once_the_bound_is_higher(clips, tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_MEDIA_LIMITS", "sound_mb=0.001")
    done = finish(spec(clips, tmp_path))
    rows = outcomes(done.path, "level@fake").values()
    assert {row.status for row in rows} == {"failed"}
    assert all("more than the 0.001 allowed" in row.detail for row in rows)
    monkeypatch.delenv("VSSEVAL_MEDIA_LIMITS")
    rescore(done.path, jobs=1)
    assert {row.status for row in outcomes(done.path, "level@fake").values()} == {"ok"}
