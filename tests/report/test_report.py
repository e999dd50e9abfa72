"""The report: one file that needs nothing else, shows what matters, and keeps its promises when things are missing."""

from __future__ import annotations

import hashlib
import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from support.report_pages import parse, section_data
from support.synthetic_runs import METRICS, WER, write_run, write_table
from vsseval import media, plugins
from vsseval.benchmarks.base import BenchmarkCard, Sample
from vsseval.cli.report import benchmark_media, command
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.media.loudness import integrated_loudness
from vsseval.report.clip_media import ClipJob, EncodedClip, EncodedSound, SoundJob, encode_clip, matched
from vsseval.report.clips import Clips
from vsseval.report.embed import MediaBudget, embedded
from vsseval.report.figures import forest_plot, svg
from vsseval.report.marked_words import Word, compact, marked
from vsseval.report.report import write_report
from vsseval.report.spectrogram import BANDS, HIGHEST, LOWEST, WIDTH, levels, spectrogram
from vsseval.statistics.run_cache import RunCache
from vsseval.store.record import find_runs
from vsseval.tables.layout import sections
from vsseval.types import Medium

RATE = 16_000
SHA = "0" * 64


class ToyBenchmark:
    """The clips that the made-up runs are of; the first two have media."""

    def __init__(self, folder):
        self.card = BenchmarkCard(
            name="toy_joint", version="1.0", task="joint", size=24, licence="CC0", description="Made up.", metrics=()
        )
        self.folder = folder

    def samples(self):
        video = Medium(path=self.folder / "v.mp4", sha256=SHA)
        return [
            Sample(
                id=f"clip{i:02d}", cluster=f"c{i // 2:02d}", duration=1.0, video=video,
                transcript="bin blue at f two now", caption="a <b>voice</b> & a bell",
            )
            for i in range(24)
        ]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Runs with real, tiny media."""
    root = tmp_path_factory.mktemp("report")
    frames = np.random.default_rng(0).integers(0, 255, (10, 48, 64, 3), dtype=np.uint8)
    media.write_mp4(root / "v.mp4", frames, 10.0)
    media.write_flac(root / "sound.flac", (0.1 * np.sin(np.arange(RATE) * 0.2)).astype(np.float32), RATE)
    paths = write_table(root / "runs", metrics=METRICS, subsets=True)
    paths["partial"] = write_run(root / "runs", "partial", 0.5, failed=(3, 4), noise_seed=8)
    for path in paths.values():
        (path / "audio").mkdir()
        for clip in range(24):
            shutil.copy(root / "sound.flac", path / f"audio/clip{clip:02d}__s0.flac")
    return root


@pytest.fixture(autouse=True)
def _toy(monkeypatch, request):
    real = plugins.load

    def load(kind, name):
        if kind != "benchmarks":
            return real(kind, name)
        assert name == "toy_joint"
        return lambda argument: ToyBenchmark(request.getfixturevalue("place"))

    monkeypatch.setattr(plugins, "load", load)


@pytest.fixture(scope="module")
def page(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "load", lambda kind, name: lambda argument: ToyBenchmark(place))
        target = place / "report.html"
        media_budget = write_report(find_runs(place / "runs"), target, budget=300_000, media=benchmark_media({}))
    return target.read_text(), media_budget


def test_it_is_one_whole_file_that_fetches_nothing(page):
    text, _ = page
    found = parse(text)
    assert found.fetched == []
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", re.sub(r"data:[^\"]*", "", text))


def test_it_has_table_plots_failures_provenance_and_every_clip(page):
    text, media_budget = page
    found = parse(text)
    assert found.counts["svg"] == len(METRICS)
    data = section_data(text, "toy_joint")
    assert data["clips"]["id"] == [f"clip{i:02d}" for i in range(24)]
    assert len(data["embedded"]) == media_budget.clips == 24 - media_budget.left_out > 0
    assert "the model ran out of memory" in text
    assert "metric:wer@toy|version:1|bench:toy_joint-1.0" in text
    assert "By part: seen, unseen" in text
    assert "desync@toy: shuffled, cannot tell with 24 clips (about" in text


def test_what_the_benchmark_says_cannot_leave_its_script(page):
    text, _ = page
    assert "\\u003cb\\u003evoice" in text
    assert "<b>voice</b>" not in text
    assert section_data(text, "toy_joint")["clips"]["caption"][0] == "a <b>voice</b> & a bell"


def test_a_changed_benchmark_is_said(page):
    # The made-up runs carry a made-up manifest hash.
    assert "The benchmark has changed since these runs" in page[0]


def test_the_budget_is_kept_and_stated_and_the_rest_is_linked(place, tmp_path):
    target = tmp_path / "small.html"
    media_budget = write_report(find_runs(place / "runs"), target, budget=60_000, media=benchmark_media({}))
    assert 0 < media_budget.used <= 60_000
    assert media_budget.clips + media_budget.left_out == 24
    text = target.read_text()
    assert f"Those of {media_budget.left_out} more are linked" in text
    data = section_data(text, "toy_joint")
    assert len(data["embedded"]) == media_budget.clips == text.count('id="media:')
    for system, folder in zip(data["systems"], data["folders"], strict=True):
        files = data["files"][data["systems"].index(system)]
        assert len(files) == (22 if system["label"] == "partial" else 24)
        assert all((tmp_path / folder / file).is_file() for file in files.values())
    assert all((tmp_path / video).is_file() for video, _, _ in data["videos"].values())
    bare = write_report(find_runs(place / "runs"), target, budget=0, media=benchmark_media({}))
    assert (bare.used, bare.embedded, bare.left_out) == (0, 0, 24)
    assert "0 media of 0 clips are embedded" in target.read_text()


def test_media_that_are_gone_or_broken_are_said_and_the_page_is_whole(tmp_path, place, monkeypatch):
    path = write_run(tmp_path, "lost", 0.3, metrics=(WER,))
    (path / "audio").mkdir()
    (path / "audio/clip00__s0.flac").write_bytes(b"")

    def load(kind, name):
        raise EnvironmentFault("toy_joint is not here: vsseval data pull toy_joint")

    monkeypatch.setattr(plugins, "load", load)
    write_report(find_runs(tmp_path), tmp_path / "r.html", media=benchmark_media({}))
    text = (tmp_path / "r.html").read_text()
    parse(text)
    data = section_data(text, "toy_joint")
    code, reason = data["made"][0]["1"]
    assert (code, data["texts"][reason]) == (2, "its audio file is gone")
    assert "clip00__s0.flac" in text.split('<p class="problem">')[1]
    assert "vsseval data pull toy_joint" in text


def test_clips_are_the_worst_best_and_median_and_the_failed(place):
    cache = RunCache()
    (section,) = sections(find_runs(place / "runs"), cache=cache)
    clips = Clips(section.group, section.whole, cache)
    chosen = clips.choose(list(METRICS), 12)
    reasons = [reason for choice in chosen for reason in choice.reasons]
    assert {"worst by wer@toy", "best by wer@toy", "median by wer@toy", "failed: partial"} <= set(reasons)
    assert len({choice.clip for choice in chosen}) == len(chosen) <= 12
    assert len(clips.choose(list(METRICS), 3)) == 3
    worst = next(choice.clip for choice in chosen if "worst by clap_score@toy" in choice.reasons)
    values = {
        clip: sum(value_of(clips.table(run), clip) for run in section.group.runs[:3])
        for clip in (f"clip{i:02d}" for i in range(24) if i not in {3, 4})
    }
    assert worst == min(values, key=values.get)


def value_of(table, clip):
    (value,) = table[(table["metric"] == "clap_score@toy") & (table["sample_id"] == clip)]["value"]
    return value


def test_failures_name_clip_model_and_reason_and_bounds_are_summed_up(place):
    cache = RunCache()
    (section,) = sections(find_runs(place / "runs"), cache=cache)
    found = Clips(section.group, section.whole, cache).failures()
    assert [(f.model, f.clip, f.what) for f in found] == [
        ("partial", "clip03", "generation"),
        ("partial", "clip04", "generation"),
    ]
    assert {f.reason for f in found} == {"the model ran out of memory"}


@pytest.mark.parametrize(
    ("said", "detail", "kinds"),
    [
        ("Bin blue, now!", {"hypothesis": "bin blue now"}, "equal equal equal"),
        ("bin blue now", {"hypothesis": "bin glue"}, "equal substitute delete"),
        ("bin blue", {"hypothesis": "oh bin blue"}, "insert equal equal"),
        ("bin blue", {"hypothesis": ""}, "delete delete"),
        ("", {"hypothesis": "hello you"}, "equal equal"),
        # The metric spells "2" as "two" and counts no error: no marks, rather than wrong ones.
        ("at 2", {"hypothesis": "at two", "substitutions": 0, "deletions": 0, "insertions": 0}, "equal equal"),
    ],
)
def test_words(said, detail, kinds):
    assert " ".join(word.kind for word in marked(said, detail)) == kinds


def test_words_are_one_line_and_marks_are_not_mistaken_for_words():
    words = [Word("bin", "equal"), Word("glue", "substitute", "blue"), Word("-x", "equal"), Word("now", "delete")]
    assert compact([*words, Word("oh", "insert")]) == "bin ~glue|blue =-x -now +oh"


def test_no_hypothesis_no_words():
    assert marked("bin blue", {"reason": "silent"}) is None


def test_a_plot_follows_the_page_and_touches_no_pyplot_state(place):
    import sys

    (section,) = sections(find_runs(place / "runs"))
    text = svg(forest_plot(section.whole, section.whole.columns[0]), 'fad <&"')
    assert text.startswith('<svg role="img" aria-label="fad &lt;&amp;&quot;"')
    assert "var(--accent)" in text
    assert "var(--muted)" in text
    assert "#01" not in text
    assert "good" in text
    assert text == svg(forest_plot(section.whole, section.whole.columns[0]), 'fad <&"')
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.zeros(10), np.ones((2, 700)) * 0.1])
def test_spectrograms_of_anything(samples):
    from io import BytesIO

    from PIL import Image

    picture = Image.open(BytesIO(spectrogram(media.Audio(samples, RATE))))
    assert picture.size == (WIDTH, BANDS)


@pytest.mark.parametrize("hertz", [100, 1000, 9000])
def test_a_tone_is_a_line_in_its_band(hertz):
    tone = np.sin(2 * np.pi * hertz * np.arange(32_000) / 32_000).astype(np.float32)
    found = levels(tone)
    band = int(np.median(found.argmax(axis=0)))
    edges = np.geomspace(LOWEST, HIGHEST, BANDS + 1)
    assert edges[max(band - 3, 0)] <= hertz <= edges[min(band + 4, BANDS)]
    assert found.max() == pytest.approx(0.0, abs=0.7)


def test_a_budget_counts_what_cannot_be_read(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"not a sound")
    job = ClipJob(0, 1.0, None, {0: SoundJob(tmp_path / "a.flac", None, (), None)})
    media_budget = MediaBudget(1000)
    assert list(embedded([("toy", job)], media_budget, None)) == []
    assert len(media_budget.unreadable) == 1
    assert media_budget.left_out == 0


def test_nothing_is_tried_after_what_did_not_fit():
    sound = EncodedSound("x" * 500, "y" * 100, 1.0, [], None, None, None)
    media_budget = MediaBudget(700)
    assert media_budget.take(EncodedClip(0, None, [], {0: sound}, [])) is not None
    assert media_budget.take(EncodedClip(1, None, [], {0: sound}, [])) is None
    assert (media_budget.used, media_budget.embedded, media_budget.clips) == (600, 2, 1)


def test_sounds_are_matched_to_the_quietest_that_is_no_silence():
    found = matched({0: -20.0, 1: -26.0, 2: -60.0, 3: None})
    assert found == {0: pytest.approx(10 ** (-6 / 20), abs=1e-4), 1: 1.0, 2: 1.0, 3: 1.0}
    assert matched({}) == {}
    assert matched({0: None}) == {0: 1.0}


class FixedMarks:
    def of_sound(self, audio, key):
        return [0.25]

    def of_picture(self, medium):
        return [0.5]


def test_a_sound_that_was_changed_after_it_was_scored_is_not_played(place):
    from vsseval.report.word_times import Aligner

    clip = place / "sound.flac"
    scored = hashlib.sha256(clip.read_bytes()).hexdigest()
    for known, played in ((scored, 1), (SHA, 0)):
        found = encode_clip(ClipJob(3, 1.0, None, {1: SoundJob(clip, known, (), None)}), None, Aligner())
        assert len(found.sounds) == played
        assert len(found.unreadable) == 1 - played
    assert "sound.flac was changed after it was scored: vsseval verify" in found.unreadable[0]
    gone = encode_clip(ClipJob(3, 1.0, None, {1: SoundJob(place / "gone.flac", SHA, (), None)}), None, Aligner())
    assert "gone.flac" in gone.unreadable[0]


def test_a_clip_is_encoded_with_its_onsets_loudness_and_length(place):
    from vsseval.report.word_times import Aligner

    clip = place / "sound.flac"
    video = Medium(path=place / "v.mp4", sha256=SHA)
    job = ClipJob(3, 1.0, video, {1: SoundJob(clip, None, (), video)})
    found = encode_clip(job, FixedMarks(), Aligner())
    sound = found.sounds[1]
    assert (found.place, found.motion, sound.onsets, sound.seconds, sound.times) == (3, [0.5], [0.25], 1.0, None)
    assert sound.loudness == pytest.approx(integrated_loudness(media.load_audio(clip)), abs=0.06)
    assert sound.video.startswith("data:video/mp4;base64,")
    assert found.size == len(found.video) + len(sound.sound) + len(sound.picture) + len(sound.video)


def test_the_command(place, tmp_path):
    target = tmp_path / "out.html"
    done = CliRunner().invoke(
        command, ["--runs", str(place / "runs"), "-o", str(target), "--no-media", "--plots", str(tmp_path / "plots")]
    )
    assert done.exit_code == 0, done.output
    assert str(target) in done.output
    assert f"{tmp_path / 'plots'} ({len(METRICS)} plots" in done.output
    for metric in METRICS:
        stem = tmp_path / f"plots/toy_joint_1.0-{metric.id}"
        assert stem.with_name(stem.name + ".pdf").read_bytes().startswith(b"%PDF")
        assert stem.with_name(stem.name + ".png").read_bytes().startswith(b"\x89PNG")
    refused = CliRunner().invoke(command, ["--runs", str(place / "runs"), "-o", str(target / "r.html"), "--no-media"])
    assert isinstance(refused.exception, EnvironmentFault)


def test_nothing_finished_is_an_error(tmp_path):
    write_run(tmp_path, "a", 0.1, status="generated")
    with pytest.raises(UsageError, match="no run is finished yet"):
        write_report(find_runs(tmp_path), tmp_path / "r.html")
