"""The explorer of the report: its numbers are those of the scores, and it does in a browser what it is for."""

from __future__ import annotations

import json
import shutil

import msgspec
import numpy as np
import pytest

from support.browser import CHROMIUM, REASON, browser
from support.report_pages import media_of, parse, section_data
from support.synthetic_runs import CLAP, METRICS, WER, sealed, write_run, write_table
from vsseval import media
from vsseval.report.report import Media, write_report
from vsseval.statistics.compare import compare
from vsseval.store.record import find_runs, load_run
from vsseval.store.scores import read_scores
from vsseval.types import Medium, Sample

RATE = 16_000
NAUGHTY = 'a </script><img src=x onerror="window.hit = 1"> bell'
LONG = 3.0
"""Seconds of each sound."""


class Marks:
    def of_sound(self, audio, key):
        return [0.5, 1.5]

    def of_picture(self, medium):
        return [0.75]


def samples(root, clips=24):
    video = Medium(path=root / "v.mp4", sha256="0" * 64)
    return {
        f"clip{i:02d}": Sample(
            id=f"clip{i:02d}", cluster=f"c{i // 2:02d}", duration=LONG, video=video, transcript="bin blue at f two now",
            caption=NAUGHTY if i == 0 else f"caption {i}", events=(1.0,) if i == 0 else (),
        )
        for i in range(clips)
    }  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("explorer")
    frames = np.random.default_rng(0).integers(0, 255, (30, 48, 64, 3), dtype=np.uint8)
    media.write_mp4(root / "v.mp4", frames, 10.0)
    sound = 0.1 * np.sin(np.arange(int(LONG * RATE)) * 0.2)
    for place, gain in enumerate((1.0, 0.25)):
        media.write_flac(root / f"{place}.flac", (gain * sound).astype(np.float32), RATE)
    paths = write_table(root / "runs", metrics=METRICS, subsets=True)
    paths["partial"] = write_run(root / "runs", "partial", 0.5, failed=(3, 4), noise_seed=8, subsets=True)
    for name, path in paths.items():
        (path / "audio").mkdir()
        for clip in range(24):
            shutil.copy(root / f"{int(name == 'poor')}.flac", path / f"audio/clip{clip:02d}__s0.flac")
    return root


@pytest.fixture(scope="module")
def page(root):
    target = root / "report.html"
    found = samples(root)
    # Enough for some clips: the others are linked.
    budget = write_report(
        find_runs(root / "runs"), target, budget=400_000, media=lambda record: Media(found), marks=Marks(), processes=1
    )
    assert 1 <= budget.clips < 24
    return target


@pytest.fixture(scope="module")
def data(page):
    return section_data(page.read_text(), "toy_joint")


def test_every_value_on_the_page_is_that_of_the_scores(root, data):
    specs = {spec.id: spec for spec in METRICS}
    places = {clip: place for place, clip in enumerate(data["clips"]["id"])}
    assert {metric["id"] for metric in data["metrics"]} == {spec.id for spec in METRICS if spec.name != "fad"}
    seen = 0
    for system, known in enumerate(data["systems"]):
        for row in read_scores(root / "runs" / known["run"] / "scores.parquet"):
            if row.metric == "fad@toy":
                continue
            metric = next(i for i, m in enumerate(data["metrics"]) if m["id"] == row.metric)
            shown = data["values"][metric][system][places[row.sample_id]]
            spec = specs[row.metric]
            if row.status == "ok":
                assert shown == pytest.approx(row.value * spec.scale, abs=0.6 * 10 ** -(spec.decimals + 2))
                seen += 1
            else:
                assert shown is None
                code, reason = data["without"][metric][system][str(places[row.sample_id])]
                assert (code, data["texts"][reason]) == (1, json.loads(row.detail)["reason"])
            assert data["clips"]["subset"][places[row.sample_id]] == row.subset
    assert seen == 3 * (7 * 24 - 2)


def test_differences_are_those_of_compare(root, data):
    labels = [system["label"] for system in data["systems"]]
    pairs = {(labels[pair["a"]], labels[pair["b"]]) for pair in data["pairs"]}
    systems = {"good", "poor", "partial"}
    assert pairs == {("good", "poor"), ("good", "partial"), ("partial", "poor")} | {(s, "reference") for s in systems}
    pair = next(pair for pair in data["pairs"] if (labels[pair["a"]], labels[pair["b"]]) == ("good", "poor"))
    runs = [load_run(root / "runs" / data["systems"][pair[side]]["run"]) for side in ("a", "b")]
    deltas = {delta.metric: delta for delta in compare(*runs, allow_partial=True, moved=3)}
    assert {row["metric"] for row in pair["rows"]} == set(deltas)
    for row in pair["rows"]:
        delta = deltas[row["metric"]]
        for name in ("difference", "low", "high"):
            assert row[name] == pytest.approx(getattr(delta, name) * delta.scale, abs=10 ** -(delta.decimals + 2))
        assert (row["p"], row["holm"], row["better"]) == (delta.p, delta.p_holm, delta.better)
        assert [data["clips"]["id"][place] for place, _, _ in row["moved"][:3]] == [one.clip for one in delta.moved]


def test_histograms_count_every_value_once(data):
    for metric, found in zip(data["values"], data["distributions"], strict=True):
        for values, spread in zip(metric, found["systems"], strict=True):
            there = [value for value in values if value is not None]
            assert sum(spread["counts"]) == spread["n"] == len(there)
            assert spread["quantiles"][2] == pytest.approx(np.median(there), abs=0.006)


def test_embedded_media_carry_what_is_drawn(page, data):
    found = media_of(page.read_text(), "toy_joint", data["embedded"][0])
    labels = [system["label"] for system in data["systems"]]
    sounds = {labels[int(place)]: sound for place, sound in found["sounds"].items()}
    assert set(sounds) == {"reference", "good", "poor", "partial", "shuffled"} - (
        {"partial"} if data["embedded"][0] in {3, 4} else set()
    )
    assert found["motion"] == [0.75]
    assert sounds["good"]["onsets"] == [0.5, 1.5]
    assert sounds["good"]["loudness"] - sounds["poor"]["loudness"] == pytest.approx(12.04, abs=0.11)
    assert (sounds["poor"]["volume"], sounds["good"]["volume"]) == (1.0, pytest.approx(0.25, abs=0.003))


def test_a_metric_of_which_one_clip_says_little_is_not_shown_of_one(tmp_path):
    asks = msgspec.structs.replace(CLAP, recipe="many", least_clips=3)
    for place, name in enumerate(("a", "b")):
        write_run(tmp_path, name, 0.2 + 0.3 * place, metrics=(WER, asks), noise_seed=place)
    write_report(find_runs(tmp_path), tmp_path / "r.html", budget=0)
    found = section_data((tmp_path / "r.html").read_text(), "toy_joint")
    assert [metric["id"] for metric in found["metrics"]] == [WER.id]
    moved = {row["metric"]: len(row["moved"]) for row in found["pairs"][0]["rows"]}
    assert moved[WER.id] > 0
    assert moved[asks.id] == 0


def test_damaged_details_cost_their_words_alone(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = write_run(tmp_path, "a", 0.4, metrics=(WER,), failed=(1,))
    table = pq.read_table(path / "scores.parquet")
    place = table.schema.get_field_index("detail")
    broken = pa.array(['{"hypothesis": torn', "[1]", *["{}"] * (len(table) - 2)])
    pq.write_table(table.set_column(place, "detail", broken), path / "scores.parquet")
    sealed(path)
    write_report(find_runs(tmp_path), tmp_path / "r.html", budget=0)
    found = section_data((tmp_path / "r.html").read_text(), "toy_joint")
    assert sum(value is not None for value in found["values"][0][0]) == 23
    code, reason = found["without"][0][0]["1"]
    assert (code, found["texts"][reason]) == (1, "no number")


def test_two_tables_of_one_benchmark_have_addresses_of_their_own(tmp_path):
    write_run(tmp_path, "a", 0.1, metrics=(WER,))
    write_run(tmp_path, "a", 0.1, metrics=(WER,), limit=6, created="2026-01-03T03:04:05Z")
    write_report(find_runs(tmp_path), tmp_path / "r.html", budget=0)
    text = (tmp_path / "r.html").read_text()
    parse(text)
    assert len(section_data(text, "toy_joint")["clips"]["id"]) == 24
    assert len(section_data(text, "toy_joint~2")["clips"]["id"]) == 6


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


needs_browser = pytest.mark.skipif(not CHROMIUM, reason=REASON)
ROWS = "[...document.querySelectorAll('.gridbox tbody tr[data-place] a')].map((a) => a.textContent)"


@needs_browser
@pytest.mark.parametrize(
    "address", ["", "#clips", "#clip=toy_joint/{clip}", "#differences", "#scatter", "#distributions"]
)
@pytest.mark.parametrize(("width", "dark"), [(400, True), (1000, False), (1600, True)])
def test_every_view_opens_without_a_message_or_a_request_and_fits(tab, page, data, address, width, dark):
    embedded = data["clips"]["id"][data["embedded"][0]]
    tab.open(page, address.format(clip=embedded), width=width, dark=dark)
    tab.wait(60)
    assert (tab.logged, tab.fetched) == ([], [])
    assert tab.ask("document.documentElement.scrollWidth") <= width
    assert tab.ask("window.hit === undefined && document.querySelector('main:not([hidden])').innerText.length > 100")


@needs_browser
@pytest.mark.parametrize("width", [400, 1000, 1600])
def test_menus_open_within_the_window(tab, page, width):
    tab.open(page, "#clips", width=width)
    for place in range(3):
        tab.ask(f"document.querySelectorAll('details.menu')[{place}].open = true")
        tab.wait(60)
        assert tab.ask("document.documentElement.scrollWidth") <= width
        box = f"document.querySelectorAll('details.menu')[{place}].querySelector('.pop').getBoundingClientRect()"
        assert tab.ask(f"{box}.left >= 0 && {box}.width > 100")
        tab.ask("document.body.click()")
        assert tab.ask("document.querySelectorAll('details.menu[open]').length") == 0


@needs_browser
def test_clips_are_filtered_and_sorted_and_the_address_says_how(tab, page, data):
    tab.open(page, "#clips&bench=toy_joint&q=caption%20clip1&subset=unseen&sort=-wer@toy*poor")
    shown = tab.ask(ROWS)
    poor, wer = (
        [system["label"] for system in data["systems"]].index("poor"),
        [metric["id"] for metric in data["metrics"]].index("wer@toy"),
    )
    column = data["values"][wer][poor]
    wanted = sorted(range(12, 20), key=lambda place: (-column[place], place))
    assert shown == [f"clip{place:02d}" for place in wanted]
    tab.ask("document.querySelector('select[name=status]').value = 'silent'")
    tab.ask("document.querySelector('select[name=status]').dispatchEvent(new Event('change'))")
    tab.ask("const q = document.querySelector('input[name=q]'); q.value = ''; q.dispatchEvent(new Event('input'))")
    tab.ask(
        "const s = document.querySelector('select[name=subset]'); s.value = ''; s.dispatchEvent(new Event('change'))"
    )
    tab.wait(300)
    assert tab.ask(ROWS) == ["clip03", "clip04"]
    assert "status=silent" in tab.ask("location.hash")
    assert "q=" not in tab.ask("location.hash")
    tab.open(page, "#clips&range=wer@toy,good,0,10&metrics=wer@toy&systems=good")
    good = data["values"][wer][[system["label"] for system in data["systems"]].index("good")]
    assert tab.ask(ROWS) == [f"clip{place:02d}" for place in range(24) if 0 <= good[place] <= 10]
    assert tab.ask("document.querySelectorAll('.gridbox tbody tr[data-place]')[0].cells.length") == 3
    assert tab.logged == []


@needs_browser
def test_a_clip_keeps_its_place_through_a_pause_and_a_change_of_system(tab, page, data):
    clip = data["clips"]["id"][data["embedded"][0]]
    tab.open(page, f"#clip=toy_joint/{clip}&system=good")
    tab.press(" ")
    tab.wait(900)
    at = "document.querySelector('.controls input[type=range]').valueAsNumber"
    playing = "document.querySelector('.play.big').getAttribute('aria-label') === 'pause'"
    assert tab.ask(playing)
    tab.press(" ")
    paused = tab.ask(at)
    assert paused > 0.2
    assert not tab.ask(playing)
    tab.press("ArrowDown")
    assert tab.ask("document.querySelector('.lane.chosen .label').textContent") == "partial"
    assert "system=partial" in tab.ask("location.hash")
    assert tab.ask(at) == pytest.approx(paused, abs=0.02)
    tab.press(" ")
    tab.wait(250)
    assert tab.ask(at) >= paused
    tab.press(" ")
    tab.press("0")
    assert tab.ask(at) == 0
    tab.press("ArrowRight")
    assert tab.ask(at) == pytest.approx(0.5, abs=0.01)
    tab.press("m")
    assert tab.ask("document.querySelector('.switches input').checked")
    tab.press("b")
    assert tab.ask("document.querySelector('.folded').open")
    tab.press("e")
    assert tab.ask("document.querySelector('dialog.zoom').open")
    tab.press("+")
    assert "2 \N{MULTIPLICATION SIGN}" in tab.ask("document.querySelector('dialog.zoom .said').textContent")
    tab.ask("document.querySelector('dialog.zoom').close()")
    assert tab.fetched == []
    tab.press("n")
    tab.wait(100)
    assert tab.ask("location.hash").startswith("#clip=toy_joint/")
    assert clip not in tab.ask("location.hash")
    assert tab.logged == []


@needs_browser
def test_loudness_is_matched_on_demand(tab, page, data):
    tab.open(page, f"#clip=toy_joint/{data['clips']['id'][data['embedded'][0]]}&system=good")
    tab.ask(
        "window.heard = []; const play = HTMLMediaElement.prototype.play;"
        " HTMLMediaElement.prototype.play = function () {"
        " if (this.tagName === 'AUDIO') heard.push(this.volume); return play.call(this); }; null"
    )
    for key in (" ", " ", "m", " ", " "):
        tab.press(key)
        tab.wait(150)
    before, after = tab.ask("heard")
    assert (before, after) == (1, pytest.approx(0.25, abs=0.003))


@needs_browser
def test_marks_are_drawn_at_their_seconds(tab, page, data):
    clip = "clip00" if 0 in data["embedded"] else data["clips"]["id"][data["embedded"][0]]
    tab.open(page, f"#clip=toy_joint/{clip}")
    lines = tab.ask(
        "[...document.querySelector('.lane.chosen .marks').children]"
        ".map((line) => [line.getAttribute('class'), Number(line.getAttribute('x1'))])"
    )
    events = [["event", 1000 / 3]] if clip == "clip00" else []
    assert sorted(lines) == sorted([*events, ["motion", 250], ["onset", 500 / 3], ["onset", 500]])
    assert tab.ask("document.querySelectorAll('.lane.chosen .hertz span').length") == 5
    assert tab.ask("[...document.querySelectorAll('.lane.chosen .times span')].map((s) => s.textContent)")[:2] == [
        "0",
        "0.5",
    ]


@needs_browser
def test_linked_clips_play_from_their_files(tab, page, data):
    place = next(i for i in range(24) if i not in data["embedded"] and i not in {3, 4})
    tab.open(page, f"#clip=toy_joint/clip{place:02d}&system=good")
    tab.press("k")
    tab.wait(900)
    assert tab.ask("document.querySelector('.controls input[type=range]').valueAsNumber") > 0.1
    assert tab.ask("document.querySelector('video').src").endswith("v.mp4")
    assert tab.logged == []


@needs_browser
def test_a_dot_and_a_bar_lead_to_clips(tab, page):
    tab.open(page, "#scatter&x=wer@toy&xs=good&y=clap_score@toy&ys=poor")
    tab.ask("document.querySelector('canvas').focus()")
    tab.press("ArrowRight")
    named = tab.ask("document.querySelector('.tip a').textContent")
    tab.press("Enter")
    tab.wait(80)
    assert tab.ask("location.hash").startswith(f"#clip=toy_joint/{named}")
    tab.open(page, "#distributions&metric=desync@toy")
    count = tab.ask("document.querySelector('.spread-row svg a').getAttribute('aria-label')").split()[0]
    tab.ask("location.hash = document.querySelector('.spread-row svg a').getAttribute('href')")
    tab.wait(80)
    assert tab.ask("document.querySelector('.filters output').value").startswith(f"{count} of 24")
    tab.open(page, "#differences&pair=good%20minus%20poor&metric=wer@toy")
    assert "Clips that moved most by wer@toy" in tab.ask("document.querySelector('.moved').innerText")
    assert tab.logged == []


@needs_browser
@pytest.mark.parametrize("address", ["", "#clips&bench=toy_joint", "#differences"])
def test_paper_of_a4_holds_every_column(tab, page, address):
    tab.open(page, address)
    found = tab.on_paper()
    assert found["tables"] > 0
    assert found["beyond"] == []


@pytest.mark.slow
@needs_browser
def test_fifteen_thousand_clips_open_at_once_and_scroll(tab, tmp_path):
    for place, name in enumerate(("good", "poor")):
        write_run(tmp_path / "runs", name, 0.2 + 0.2 * place, clips=15_000, metrics=(CLAP, WER), noise_seed=place)
    target = tmp_path / "report.html"
    write_report(find_runs(tmp_path / "runs"), target, budget=0)
    tab.open(target, "#clips")
    tab.wait(300)
    paint = tab.ask("performance.getEntriesByType('paint').map((entry) => entry.startTime)")
    assert 0 < max(paint) < 1000
    assert tab.ask("document.querySelector('.filters output').value") == "15000 of 15000 clips"
    tab.ask("(() => { const box = document.querySelector('.gridbox'); box.scrollTop = box.scrollHeight; })()")
    tab.wait(200)
    assert tab.ask(ROWS)[-1] == "clip9999"  # by name: the manifest is not at hand
    assert tab.ask("document.querySelectorAll('.gridbox tbody tr').length") < 120
    assert tab.logged == []
