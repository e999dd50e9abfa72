"""Pages filled in by a headless Chromium: played, answered, saved, gone on with; and the ranking read from them."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner

from support.browser import CHROMIUM, REASON, browser
from support.heard_runs import BADNESS, write_heard
from support.videos import numbered
from vsseval.cli.listen import command
from vsseval.listening.key import read_key
from vsseval.listening.page import Asked, write_test
from vsseval.listening.panel import attention, gather
from vsseval.media import sha256, write_mp4
from vsseval.store.record import load_run
from vsseval.types import Medium, Sample

pytestmark = pytest.mark.skipif(not CHROMIUM, reason=REASON)

ABOUT = {"playback": "headphones", "hearing": "normal", "language": "Finnish", "room": "quiet", "experience": "none"}
TELL = """
(async (name, about, taste) => {
  const get = (id) => document.getElementById(id);
  const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
  const wait = async (good) => { for (let i = 0; i < 1000 && !good(); i++) await sleep(5); };
  const form = get('about').elements;
  form.rater.value = name;
  for (const [field, value] of Object.entries(about)) form[field].value = value;
  get('about').requestSubmit();
  for (let i = 0; i < 100 && get('end').hidden && i < window.most; i++) {
    const place = get('place').textContent;
    await wait(() => get('trial').getAttribute('aria-busy') === 'false');
    const voices = [...document.querySelectorAll('[data-voice]')].map((one) => one.dataset.voice);
    for (const voice of voices.length ? voices : [null]) {
      if (voice) document.querySelector(`[data-voice="${voice}"]`).click(); else get('play').click();
      await wait(() => get('play').classList.contains('on'));
      await wait(() => !get('play').classList.contains('on'));
    }
    const sounds = voices.filter((one) => one !== 'reference');
    if (document.body.dataset.kind === 'ab') {
      const [a, b] = sounds;
      const better = taste[a] === taste[b] ? 'tie' : taste[a] > taste[b] ? a : b;
      document.querySelector(`[data-value="${better}"]`).click();
    } else {
      for (const row of document.querySelectorAll('.rated')) {
        const slider = row.querySelector('input');
        slider.value = taste[row.dataset.id];
        slider.dispatchEvent(new Event('input'));
      }
    }
    get('next').click();
    await wait(() => get('place').textContent !== place || !get('end').hidden);
    if (get('place').textContent === place && get('end').hidden) return 'stays: ' + get('wanting').textContent;
  }
  return get('place').textContent + ' ' + !get('end').hidden;
})
"""


def made(tmp_path, kind, clips=2, seconds=0.15, practice=0):
    """Write a test with pictures; returns its key and what each sound is worth."""
    runs = [load_run(path) for path in write_heard(tmp_path / "runs", clips=6, seconds=seconds).values()]
    write_mp4(tmp_path / "clip.mp4", numbered(10), 20.0)
    medium = Medium(path=tmp_path / "clip.mp4", sha256=sha256(tmp_path / "clip.mp4"))
    samples = {
        f"clip{i:02d}": Sample(
            id=f"clip{i:02d}", cluster=f"c{i}", duration=seconds, video=medium, transcript="<i>hello</i>"
        )
        for i in range(6)
    }
    anchors = ("shuffled", "lowpass") if kind == "mushra" else ()
    panel = gather(runs, [], kind, anchors, reference=False)
    asked = Asked(kind, clips, 2, least_heard=0.04, practice=practice)
    write_test(tmp_path / kind, panel, asked, samples, attention(panel, runs), "2026-11-29T00:00:00Z")
    key = read_key(tmp_path / kind)
    worth = {**{name: 80 - 60 * bad for name, bad in BADNESS.items()}, "reference": 100, "shuffled": 10, "lowpass": 40,
             "check noise": 0}  # fmt: skip
    return key, {one.id: worth[one.system] for one in key.stimuli}


def files(folder, number):
    """Wait for downloads."""
    for _ in range(200):
        found = sorted(folder.glob("*.json")) if folder.exists() else []
        if len(found) >= number:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{folder} has {[*folder.iterdir()]}")


def fill(page, name, taste, most=1000):
    page.ask(f"window.most = {most}; 0")
    return page.ask(f"({TELL})({json.dumps(name)}, {json.dumps(ABOUT)}, {json.dumps(taste)})")


def test_pairs_are_heard_answered_saved_and_ranked(tmp_path):
    key, taste = made(tmp_path, "ab")
    path = tmp_path / "ab" / "test.html"
    with browser(tmp_path / "one") as page:
        page.keep_downloads(tmp_path / "got")
        page.open(path, width=400)
        assert page.ask("document.documentElement.scrollWidth") <= 400
        # Half of it, then the page is opened again, and goes on where it was.
        assert fill(page, "Ann", taste, most=4) == f"Trial 5 of {len(key.trials)} false"
        page.open(path, width=400)
        assert f"4 of {len(key.trials)} trials of Ann" in page.ask("document.getElementById('told').textContent")
        assert fill(page, "Ann", taste).endswith("true")
        page.ask("document.getElementById('finish').click()")
        files(tmp_path / "got", 1)
        assert not page.logged
        assert {url.partition(":")[0] for url in page.fetched} <= {"file", "data", "blob"}
    with browser(tmp_path / "other") as page:
        page.keep_downloads(tmp_path / "got")
        page.open(path)
        assert fill(page, "Bo <b>", taste).endswith("true")
        page.ask("document.getElementById('finish').click()")
        files(tmp_path / "got", 2)
    found = CliRunner().invoke(
        command, ["import", "--test", str(tmp_path / "ab"), "--json", str(tmp_path / "got")], standalone_mode=False
    )
    assert found.exception is None, found.exception
    assert (found.return_value, found.stderr) == (0, "")
    told = json.loads(found.stdout)
    assert [one["name"] for one in told["results"]["systems"]] == ["audio:fine", "audio:fair", "audio:poor"]
    assert [(one["checks"], one["failed"], one["answers"]) for one in told["raters"]] == [(2, 0, len(key.trials))] * 2
    orders = [json.loads(path.read_text())["plan"] for path in files(tmp_path / "got", 2)]
    assert orders[0] != orders[1]
    assert told["checklist"]["language"].endswith("2 Finnish")


def test_a_set_wants_every_sound_heard_and_the_reference_found(tmp_path):
    key, taste = made(tmp_path, "mushra", clips=1, practice=1)
    with browser(tmp_path / "one") as page:
        page.keep_downloads(tmp_path / "got")
        page.open(tmp_path / "mushra" / "test.html")
        low = {one: min(points, 90) for one, points in taste.items()}
        assert fill(page, "Ann", low) == "stays: One of them is the reference itself: give it 100."
        page.open(tmp_path / "mushra" / "test.html")
        assert fill(page, "Ann", taste).endswith("true")
        page.ask("document.getElementById('finish').click()")
        files(tmp_path / "got", 1)
        assert not page.logged
    said = json.loads(files(tmp_path / "got", 1)[0].read_text())
    assert len(said["answers"]) == len(key.trials)
    assert all(answer["scores"] == {one: taste[one] for one in answer["stimuli"]} for answer in said["answers"])


def test_keys_play_change_and_keep_the_place(tmp_path):
    made(tmp_path, "ab", seconds=2.0)
    script = (
        "[document.getElementById('clock').textContent, document.querySelector('.voice.on b').textContent, "
        "document.getElementById('play').classList.contains('on'), document.getElementById('picture').currentTime]"
    )
    with browser(tmp_path / "one") as page:
        page.open(tmp_path / "ab" / "test.html")
        fill(page, "Ann", {}, most=0)
        page.ask("new Promise(go => { const look = () => parseFloat(document.getElementById('clock').textContent"
                 ".split('/')[1]) > 0 ? go() : setTimeout(look, 10); look(); })")  # fmt: skip
        page.strike("2", "Digit2")
        page.ask("new Promise(go => setTimeout(go, 150))")
        page.strike(" ", "Space")
        clock, voice, playing, picture = page.ask(script)
        assert (voice, playing) == ("B", False)
        at = float(clock.split()[0])
        assert 0 < at < 1.5
        assert picture == pytest.approx(at, abs=0.12)
        page.strike("1", "Digit1")
        page.strike(" ", "Space")
        clock, voice, playing, _ = page.ask(script)
        assert (voice, playing) == ("A", False)
        assert float(clock.split()[0]) >= at
        page.strike("Enter")
        assert "Choose" in page.ask("document.getElementById('wanting').textContent") or "Listen" in page.ask(
            "document.getElementById('wanting').textContent"
        )
        page.strike("k", "KeyK")
        assert page.ask("document.querySelector('[data-value=tie]').getAttribute('aria-checked')") == "true"
        # Whoever has opened the list of keys goes on with them.
        page.ask("document.querySelector('summary').focus()")
        page.strike("l", "KeyL")
        assert page.ask("document.querySelector('[data-value=tie]').getAttribute('aria-checked')") == "false"
