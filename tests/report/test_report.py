"""The report: one file that needs nothing else, shows what matters, and keeps its promises when things are missing."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from support.synthetic_runs import CLAP, METRICS, WER, write_run, write_table
from vsseval import media, plugins
from vsseval.benchmarks.base import BenchmarkCard, Sample
from vsseval.cli.report import benchmark_media, command
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.report import clip_cards
from vsseval.report.clips import Clips
from vsseval.report.embed import MediaBudget
from vsseval.report.figures import forest_plot, spectrogram, svg
from vsseval.report.marked_words import marked
from vsseval.report.report import write_report
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


class Strict(HTMLParser):
    """Checks that tags are closed in order, and collects what the page would fetch."""

    VOID = frozenset({"meta", "link", "img", "br", "path", "use"})

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.counts = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.fetched += [v for k, v in attrs if k in {"src", "href"} and v and not v.startswith(("data:", "#"))]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def parse(text):
    page = Strict()
    page.feed(text)
    assert page.open == []
    return page


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
    def load(kind, name):
        assert (kind, name) == ("benchmarks", "toy_joint")
        return lambda argument: ToyBenchmark(request.getfixturevalue("place"))

    monkeypatch.setattr(plugins, "load", load)


@pytest.fixture(scope="module")
def page(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "load", lambda kind, name: lambda argument: ToyBenchmark(place))
        target = place / "report.html"
        media_budget = write_report(find_runs(place / "runs"), target, clips=4, media=benchmark_media({}))
    return target.read_text(), media_budget


def test_it_is_one_whole_file_that_fetches_nothing(page):
    text, _ = page
    found = parse(text)
    assert found.fetched == []
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", re.sub(r"data:[^\"]*", "", text))


def test_it_has_table_plots_players_failures_and_provenance(page):
    text, media_budget = page
    found = parse(text)
    assert found.counts["svg"] == len(METRICS)
    assert found.counts["article"] == 4
    assert found.counts["video"] == 4
    # Reference, three systems and shuffled are heard; one clip of `partial` may have failed.
    assert 4 * 5 - 4 <= found.counts["audio"] <= 4 * 5
    assert media_budget.left_out == 0
    assert "the model ran out of memory" in text
    assert "metric:wer@toy|version:1|bench:toy_joint-1.0" in text
    assert "By part: seen, unseen" in text
    assert "desync@toy: shuffled, cannot tell with 24 clips (about" in text


def test_what_the_benchmark_says_is_escaped(page):
    text, _ = page
    assert "a &lt;b&gt;voice&lt;/b&gt; &amp; a bell" in text
    assert "<b>voice</b>" not in text


def test_recognised_words_are_marked(page):
    text, _ = page
    assert '<span class="delete" title="not heard">bin</span>' in text


def test_a_changed_benchmark_is_said(page):
    # The made-up runs carry a made-up manifest hash.
    assert "The benchmark has changed since these runs" in page[0]


def test_the_budget_is_kept_and_stated(place, tmp_path):
    target = tmp_path / "small.html"
    media_budget = write_report(find_runs(place / "runs"), target, budget=20_000, clips=4, media=benchmark_media({}))
    assert media_budget.used <= 20_000
    assert media_budget.left_out > 0
    assert "did not fit and were left out" in target.read_text()
    parse(target.read_text())
    bare = write_report(find_runs(place / "runs"), target, budget=0, clips=4, media=benchmark_media({}))
    assert (bare.used, bare.embedded) == (0, 0)
    found = parse(target.read_text())
    assert "audio" not in found.counts
    assert "Media were left out on request" in target.read_text()


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
    assert "its audio file is gone" in text
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
        clip: sum(clips.row(run, clip, "clap_score@toy")["value"] for run in section.group.runs[:3])
        for clip in (f"clip{i:02d}" for i in range(24) if i not in {3, 4})
    }
    assert worst == min(values, key=values.get)


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


def test_a_clip_by_itself_has_no_number_where_it_says_little():
    row = {"status": "ok", "value": 0.25, "detail": {}}
    assert clip_cards._score(CLAP, row)["text"] == "0.250"
    asks = msgspec.structs.replace(CLAP, least_clips=3)
    assert clip_cards._score(asks, row) == {
        "name": "clap_score@toy", "text": "see mean", "why": "one clip says little by this metric",
    }  # fmt: skip


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
    assert picture.size == (320, 64)


def test_a_tone_is_a_line_in_its_band():
    from vsseval.report.figures import _levels

    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    levels = _levels(tone)
    band = int(np.median(levels.argmax(axis=0)))
    edges = np.geomspace(50, 8000, 65)
    assert edges[band - 1] <= 1000 <= edges[band + 2]
    assert levels.max() == pytest.approx(0.0, abs=0.5)


def test_a_shelf_counts_what_cannot_be_read(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"not a sound")
    media_budget = MediaBudget(1000)
    assert media_budget.sound(tmp_path / "a.flac") == (None, None)
    assert len(media_budget.unreadable) == 1


def test_the_command(place, tmp_path):
    target = tmp_path / "out.html"
    done = CliRunner().invoke(command, ["--runs", str(place / "runs"), "-o", str(target), "--no-media", "--clips", "2"])
    assert done.exit_code == 0, done.output
    assert str(target) in done.output
    refused = CliRunner().invoke(command, ["--runs", str(place / "runs"), "-o", str(target / "r.html")])
    assert isinstance(refused.exception, EnvironmentFault)


def test_nothing_finished_is_an_error(tmp_path):
    write_run(tmp_path, "a", 0.1, status="generated")
    with pytest.raises(UsageError, match="no run is finished yet"):
        write_report(find_runs(tmp_path), tmp_path / "r.html")
