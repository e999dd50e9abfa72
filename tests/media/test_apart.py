"""A file that crashes, hangs or swells its decoder costs that file alone."""

import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from support import hostile_decoder
from support.fake_plugin import make_clips
from vsseval.cli import invoke
from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import BeyondLimit, Video, apart, check_video, dub, load_audio, look, mute, probe
from vsseval.media.limits import VARIABLE


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    make_clips(folder)
    return folder / "v0.mp4"


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Decoders that files can bring down; gives what makes a file of a name."""
    monkeypatch.syspath_prepend(hostile_decoder.install(tmp_path / "hook"))
    apart.decoders().close()
    yield lambda name, source: shutil.copyfile(source, tmp_path / name)
    apart.decoders().close()


def ways(path):
    """Every way in which a medium is opened."""
    yield lambda: probe(path)
    yield lambda: check_video(path)
    yield lambda: load_audio(path)
    yield lambda: mute(path, path.with_name("muted.mp4"))
    yield lambda: dub(path, path.with_name("dubbed.mp4"), np.zeros(800, np.float32), 8000)


def children():
    every = psutil.Process().children(recursive=True)  # right below this process are those that keep them
    return [child for child in every if child.cmdline()[1:3] == ["-m", "vsseval.media.decoder"]]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("segfault.mp4", r"segfault\.mp4: the decoder died on it \(signal 11, SIGSEGV\)"),
        ("abort.mp4", r"abort\.mp4: the decoder died on it \(signal 6, SIGABRT\)"),
        ("liar.mp4", r"liar\.mp4: the decoder gave an answer that is none"),
    ],
)
def test_a_crash_is_the_reason_of_one_file(hostile, whole, name, reason):
    path = hostile(name, whole)
    for way in list(ways(path))[: None if name.startswith("segfault") else 1]:
        with pytest.raises(Unmeasurable, match=reason):
            way()
    assert load_audio(whole.with_name("r0.flac")).samples.size
    assert look(path).kind == "video"
    assert not list(path.parent.glob(".tmp-*"))


def test_one_that_leaves_is_told_by_its_status(hostile, whole):
    with pytest.raises(Unmeasurable, match=r"exit\.mp4: the decoder died on it \(status 3\)"):
        load_audio(hostile("exit.mp4", whole))


@pytest.mark.parametrize("name", ["endless.mp4", "deaf.mp4"])
def test_an_endless_decode_is_ended(hostile, whole, monkeypatch, name):
    path = hostile(name, whole)
    monkeypatch.setenv(VARIABLE, "work=0.5")
    for way in list(ways(path))[1:4]:
        begun = time.perf_counter()
        with pytest.raises(BeyondLimit, match=rf"{name}: decoding it took over 0\.5 s \(set {VARIABLE}=work=NUMBER"):
            way()
        assert time.perf_counter() - begun < 3
    monkeypatch.delenv(VARIABLE)
    assert len(children()) <= 1  # what was ended is gone
    assert probe(whole).has_video


def test_memory_is_bounded(hostile, whole, monkeypatch):
    path = hostile("hungry.mp4", whole)
    monkeypatch.setenv(VARIABLE, "memory_mb=500")
    with pytest.raises(BeyondLimit, match=rf"hungry\.mp4: .*more than the 500 MB .*\(set {VARIABLE}=memory_mb=NUMBER"):
        load_audio(path)
    with pytest.raises(BeyondLimit, match="memory_mb"):
        probe(path)
    monkeypatch.setenv(VARIABLE, "memory_mb=1")
    with pytest.raises(Unmeasurable):
        Video(whole).frames()
    monkeypatch.delenv(VARIABLE)
    assert Video(whole).frames().size


def test_a_crash_that_does_not_come_again_costs_nothing(hostile, whole):
    expected = probe(whole)
    assert probe(hostile("once.mp4", whole)) == expected


def test_one_that_is_killed_from_outside_is_replaced(whole):
    before = load_audio(whole.with_name("r0.flac")).samples
    for child in children():
        child.kill()
    np.testing.assert_array_equal(load_audio(whole.with_name("r0.flac")).samples, before)


def test_passes_under_way_do_not_wait_for_one_another(whole):
    expected = Video(whole).frames(10.0)
    one, other = Video(whole).stream(10.0), Video(whole).timed()
    first = next(one)
    next(other)
    with contextlib.closing(Video(whole).each()) as frames:
        np.testing.assert_array_equal(next(frames).picture(), first)
        load_audio(whole.with_name("r0.flac"))
    np.testing.assert_array_equal(np.stack([first, *one]), expected)
    del other
    gc.collect()
    assert len(children()) <= 3


def test_threads_each_have_their_own(whole):
    expected = Video(whole).frames(25.0, (16, 16))
    found = {}

    def read(number):
        found[number] = Video(whole).frames(25.0, (16, 16))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for pictures in found.values():
        np.testing.assert_array_equal(pictures, expected)
    assert len(children()) <= 2 + 1


def test_pictures_are_of_the_frame_that_they_were_asked_for(whole):
    every = np.stack([picture for _, picture in Video(whole).timed((24, 32))])
    with contextlib.closing(Video(whole).each()) as frames:
        before, seen = None, []
        for shown in frames:
            if before is not None:
                seen.append(before.picture((24, 32)))
            before = shown
        seen.append(before.picture((24, 32)))
    np.testing.assert_array_equal(np.stack(seen), every)


def test_the_last_frame_is_had_after_the_end_whatever_becomes_of_the_decoder(whole, monkeypatch):
    wanted = [picture for _, picture in Video(whole).timed()][-1]
    monkeypatch.setattr(apart, "_MOST", 1)  # any decoder that is given back is ended
    with contextlib.closing(Video(whole).each()) as frames:
        for shown in frames:
            last = shown
        np.testing.assert_array_equal(last.picture(), wanted)
    with pytest.raises(Unmeasurable):
        last.picture()


READ = """
import sys, time
from vsseval.media import probe
from vsseval.media.apart import decoders
probe(sys.argv[1])
print(decoders()._idle[0]._process.pid, flush=True)
probe(sys.argv[2]) if len(sys.argv) > 2 else time.sleep(60)
"""


@pytest.mark.parametrize("busy", [False, True])
def test_a_decoder_ends_with_whoever_asks(hostile, whole, busy):
    files = [str(whole), *([str(hostile("endless.mp4", whole))] if busy else [])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", READ, *files], stdout=subprocess.PIPE, text=True, env=env) as process:
        decoder = psutil.Process(int(process.stdout.readline()))
        assert decoder.is_running()
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while decoder.is_running() and decoder.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not decoder.is_running() or decoder.status() == psutil.STATUS_ZOMBIE


def test_what_a_decoder_starts_ends_with_it(hostile, whole):
    """Out of its session, without its variables, and its mother dead."""
    path = hostile("orphan.mp4", whole)
    written = path.with_name("orphan.mp4.written")
    assert probe(path).has_video
    deadline = time.monotonic() + 10
    while not written.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    apart.decoders().close()
    size = written.stat().st_size
    time.sleep(0.3)
    assert written.stat().st_size == size


def test_one_that_cannot_be_started_is_the_machines_fault(whole, tmp_path, monkeypatch):
    (tmp_path / "av.py").write_text("raise ImportError('libavcodec.so is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    apart.decoders().close()
    with pytest.raises(EnvironmentFault, match=r"does not start .*libavcodec\.so is missing"):
        load_audio(whole.with_name("r0.flac"))
    monkeypatch.undo()
    assert load_audio(whole.with_name("r0.flac")).samples.size


def test_a_run_loses_the_clip_and_nothing_else(hostile, whole, tmp_path, monkeypatch):
    folder, sounds = tmp_path / "videos", tmp_path / "sounds"
    for place in (folder, sounds):
        place.mkdir()
    for index in range(3):
        name = "segfault" if index == 1 else f"clip{index}"
        shutil.copyfile(whole.with_name(f"v{index}.mp4"), folder / f"{index}{name}.mp4")
        shutil.copyfile(whole.with_name(f"r{index}.flac"), sounds / f"{index}{name}.flac")
    (folder / "1segfault.mp4").rename(folder / "segfault.mp4")
    (sounds / "1segfault.flac").rename(sounds / "segfault.flac")
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path / "store"))
    command = ["run", "--model", f"audio:{sounds}", "--benchmark", f"folder:{folder}", "--jobs", "1",
               "--metric", "desync@onset", "--no-bounds", "--runs", str(tmp_path / "runs")]  # fmt: skip
    assert invoke(command) in {0, 3}
    said = "".join(path.read_text() for path in (tmp_path / "runs").glob("*/shards/*.jsonl"))
    assert "signal 11, SIGSEGV" in said
    assert said.count('"ok"') == 2


def test_a_device_is_named_and_never_opened(monkeypatch):
    monkeypatch.setattr(apart, "talk", None)
    for path in (Path("/dev/null"), Path("/dev/zero")):
        for way in list(ways(path))[:3]:
            with pytest.raises(Unmeasurable, match="not a file"):
                way()
        assert look(path).kind == "other"
