"""A model that makes its own picture is measured against that one, and says so; all others as ever."""

import json
import shutil

import pytest
import soundfile

from vsseval import media
from vsseval.benchmarks.mini import mini_v2s
from vsseval.errors import Unmeasurable, UsageError
from vsseval.models.av_dir import av_dir
from vsseval.models.base import ModelOptions, ModelOutput
from vsseval.records import RunSpec
from vsseval.stages.own_picture import kept_picture
from vsseval.stages.run import run
from vsseval.statistics.compare import compare
from vsseval.store.record import load_run
from vsseval.store.scores import read_scores
from vsseval.types import ModelCard, Request

CARD = ModelCard(name="own", version="1", tasks=("v2s",), own_picture=True)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Folders: `shown`, the benchmark's videos; `made`, outputs with another picture; `those`, these pictures alone."""
    root = tmp_path_factory.mktemp("own")
    for name in ("shown", "made", "those"):
        (root / name).mkdir()
    samples = mini_v2s().samples()[:6]
    for i, (asked, other) in enumerate(zip(samples[:3], samples[3:], strict=True)):
        shutil.copy(asked.video.path, root / "shown" / f"c{i}.mp4")
        shutil.copy(other.video.path, root / "those" / f"c{i}.mp4")
        sound = media.load_audio(other.reference.path)
        media.dub(other.video.path, root / "made" / f"c{i}.mp4", sound.samples, sound.sample_rate)
    return root


def measured(here, model, benchmark, runs="runs"):
    asked = RunSpec(
        model=f"{model}:{here / 'made'}", benchmark=f"folder:{here / benchmark}", metrics=("desync@onset",),
        runs=here / runs, store=here / "store", jobs=1,
    )  # fmt: skip
    (record,) = run([asked])
    return load_run(asked.runs / record.id)


def values(found):
    return {row.sample_id: row.value for row in read_scores(found.paths.scores) if row.metric == "desync@onset"}


def test_sync_is_that_of_the_sound_and_its_own_picture(here):
    own, others = measured(here, "av", "shown"), measured(here, "audio", "shown")
    right = measured(here, "audio", "those")
    assert own.record.clips == {"ok": 3}
    assert values(own) == values(right)
    assert values(own) != values(others)


def test_the_signature_says_whose_picture_and_comparisons_heed_it(here):
    own, others = measured(here, "av", "shown"), measured(here, "audio", "shown")
    assert "|picture:own|" in own.cell("desync@onset").signature
    assert "picture" not in others.cell("desync@onset").signature
    with pytest.raises(UsageError, match="desync@onset, picture: own against none"):
        compare(own, others)


def test_a_run_without_own_pictures_writes_nothing_of_them(here):
    found = measured(here, "audio", "shown")
    assert "own_picture" not in found.paths.record.read_text()
    assert "picture" not in found.paths.journal(0).read_text()
    assert not (found.path / "pictures").exists()


def test_the_picture_is_kept_without_sound_and_made_again_where_it_is_lost(here):
    found = measured(here, "av", "shown", "again")
    kept = sorted((found.path / "pictures").iterdir())
    assert [path.name for path in kept] == ["c0__s0.mp4", "c1__s0.mp4", "c2__s0.mp4"]
    assert not media.probe(kept[0]).has_audio
    (line, *_) = [json.loads(line) for line in found.paths.journal(0).read_text().splitlines()]
    assert line["picture"]["sha256"] == media.sha256(found.path / line["picture"]["path"])
    data, before = kept[0].read_bytes(), values(found)
    kept[0].write_bytes(b"no video")
    (found.path / "aggregates.json").unlink()
    assert values(measured(here, "av", "shown", "again")) == before
    assert kept[0].read_bytes() == data


def test_a_file_without_a_picture_is_refused_and_costs_no_other(tmp_path, here):
    shutil.copy(here / "made" / "c0.mp4", tmp_path / "a.mp4")
    sound = media.load_audio(tmp_path / "a.mp4")
    soundfile.write(tmp_path / "b.wav", sound.samples.T, sound.sample_rate)
    found = {one.id: one for one in av_dir(ModelOptions(str(tmp_path))).generate(
        [Request(id=name, duration=1.0, seed=0) for name in ("a", "b", "c")]
    )}  # fmt: skip
    assert found["a"].picture == (tmp_path / "a.mp4").read_bytes()
    assert "holds sound and no picture" in found["b"].error
    assert found["c"].missing
    with pytest.raises(UsageError, match="needs a folder"):
        av_dir(ModelOptions())


def test_an_output_that_lacks_its_picture_is_the_clips_fault(tmp_path, here):
    sound = ModelOutput("a", media.load_audio(here / "made" / "c0.mp4").samples, 16000)
    target = tmp_path / "pictures" / "a.mp4"
    with pytest.raises(Unmeasurable, match="gave none for this clip"):
        kept_picture(sound, CARD, target, tmp_path)
    with pytest.raises(Unmeasurable, match="its own picture cannot be used"):
        kept_picture(sound._replace(picture=b"no video"), CARD, target, tmp_path)
    assert list(target.parent.iterdir()) == []
