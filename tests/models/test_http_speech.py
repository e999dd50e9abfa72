"""Speech from an endpoint on this machine: late, an error page, another rate, half a file; and a key kept secret."""

from __future__ import annotations

import base64
import json
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from support.data_trees import put, registered
from vsseval import plugins
from vsseval.benchmarks.seedtts import seedtts
from vsseval.cli import invoke
from vsseval.errors import NeedsArgument, UsageError
from vsseval.media import write_wav
from vsseval.models.base import ModelOptions
from vsseval.models.http_speech.pace import Pace
from vsseval.types import Medium, Request

KEY = "sk-very-secret-0123456789"


def wav(path, rate=24000, seconds=0.5):
    write_wav(path, 0.3 * np.sin(2 * np.pi * 300 * np.arange(round(rate * seconds)) / rate), rate)
    return path.read_bytes()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.asked.append((time.monotonic(), body, self.headers.get("Authorization")))
        answer = server.answers.pop(0) if server.answers else {}
        time.sleep(answer.get("late", 0.0))
        data = answer.get("data", server.sound)
        self.send_response(answer.get("state", 200))
        self.send_header("Content-Type", answer.get("kind", "audio/wav"))
        self.send_header("Content-Length", str(answer.get("length", len(data))))
        for name, value in answer.get("heads", {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.delenv("VSSEVAL_HTTP_KEY", raising=False)
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.sound, found.answers, found.asked = wav(tmp_path / "s.wav"), [], []
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


def model(server, query="model=tts-1&voice=alloy", **more):
    made = plugins.load("models", "http")(
        ModelOptions(f"http://127.0.0.1:{server.server_port}/v1/audio/speech?{query}", **more)
    )
    made._asking._sleep = lambda seconds: made.__dict__.setdefault("slept", []).append(seconds)
    return made


def said(made, text="hello there", **more):
    (output,) = made.generate([Request(id="c", duration=1.0, seed=0, transcript=text, **more)])
    return output


def test_a_sentence_is_asked_for_as_openai_says_and_starts_where_the_face_speaks(server):
    output = said(model(server, "model=tts-1&voice=alloy&speed=1.5"), "  hello \n there ", speech_window=(0.25, 0.9))
    assert output.error is None
    assert (output.sample_rate, output.samples.size) == (24000, 24000)
    assert np.flatnonzero(np.abs(output.samples) > 0.01)[0] == pytest.approx(6000, abs=10)
    ((_, body, key),) = server.asked
    assert body == {
        "model": "tts-1", "voice": "alloy", "input": "hello there", "response_format": "wav", "speed": 1.5,
    }  # fmt: skip
    assert key is None


def test_the_voice_goes_out_where_the_address_names_a_field_for_it(server, tmp_path):
    voice = Medium(path=tmp_path / "voice.wav", sha256="v")
    sent = wav(voice.path, 16000, 1.0)
    assert said(model(server, "model=m&prompt=ref_audio"), speaker_prompt=voice).error is None
    kind, _, data = server.asked[0][1]["ref_audio"].partition(",")
    assert (kind, base64.b64decode(data)) == ("data:audio/wav;base64", sent)
    assert "no speaker prompt" in said(model(server, "model=m&prompt=ref_audio")).error
    assert said(model(server), speaker_prompt=voice).error is None
    assert "ref_audio" not in server.asked[1][1]
    assert len(server.asked) == 2
    with pytest.raises(UsageError, match="names a field for the voice"):
        model(server, "prompt=input")


def test_sentences_of_seed_tts_over_an_endpoint_stay_as_many(server, tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "data"))
    registered(seedtts, put(tmp_path / "set", {
        "en/meta.lst": "a|Its words.|prompt-wavs/p.wav|A sentence.\nb|Its words.|prompt-wavs/p.wav|Another.\n"
                       "c|Its words.|prompt-wavs/gone.wav|A third.\n",
        "en/prompt-wavs/p.wav": wav(tmp_path / "p.wav", 16000, 1.0),
        "en/wavs/a.wav": wav(tmp_path / "a.wav", 16000, 1.0),
    }))  # fmt: skip
    server.answers = [{}, {"state": 400, "kind": "text/plain", "data": b"too short"}]
    code = invoke([
        "run", "--model", f"http:http://127.0.0.1:{server.server_port}/v1/audio/speech?model=m&prompt=ref_audio",
        "--benchmark", "seedtts:en", "--metric", "mos@distillmos", "--no-bounds", "--runs", str(tmp_path / "runs"),
        "--jobs", "1",
    ])  # fmt: skip
    assert code == 3
    (record,) = (json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*/run.json"))
    assert sum(record["clips"].values()) == 3
    assert record["clips"]["ok"] == 1
    assert {body["input"] for _, body, _ in server.asked} == {"A sentence.", "Another."}
    assert all(body["ref_audio"].startswith("data:audio/wav;base64,") for _, body, _ in server.asked)


def test_an_answer_at_another_rate_keeps_it(server, tmp_path):
    made = model(server)
    server.answers = [{}, {"data": wav(tmp_path / "low.wav", 8000)}]
    assert [said(made).sample_rate for _ in range(2)] == [24000, 8000]


def test_a_sound_longer_than_the_clip_is_kept_whole(server, tmp_path):
    server.sound = wav(tmp_path / "long.wav", 16000, 2.5)
    assert said(model(server)).samples.size == 40000


def test_a_late_answer_is_asked_for_again_and_given_up(server):
    made = model(server, "model=m&seconds=0.2")
    server.answers = [{"late": 0.6}]
    assert said(made).error is None
    assert len(server.asked) == 2
    server.answers = [{"late": 0.5}] * 4
    assert "no answer within 0.2 s" in said(made).error
    assert len(server.asked) == 6


def test_an_error_page_is_a_reason_and_not_a_sound(server):
    server.answers = [{"kind": "text/html", "data": b"<html><h1>Bad   gateway</h1>"}]
    output = said(model(server))
    assert output.samples is None
    assert "answers with text/html, no sound: <html><h1>Bad gateway</h1>" in output.error
    assert len(server.asked) == 1


def test_half_a_file_is_asked_for_again(server):
    half = server.sound[: len(server.sound) // 2]
    # The first breaks off on the way, the second is cut short before it is sent.
    server.answers = [{"data": half, "length": len(server.sound)}, {"data": half}]
    assert said(model(server)).error is None
    assert len(server.asked) == 3
    server.answers = [{"data": half}] * 4
    assert "that are no whole sound" in said(model(server)).error


def test_a_stream_whose_header_knows_no_length_is_a_sound(server):
    head, tail = server.sound[:40], server.sound[44:]
    unknown = struct.pack("<I", 0xFFFFFFFF)
    server.answers = [{"data": head[:4] + unknown + head[8:] + unknown + tail}]
    assert said(model(server)).error is None


def test_a_busy_endpoint_is_left_alone_for_as_long_as_it_asks(server):
    made = model(server)
    server.answers = [{"state": 429, "heads": {"Retry-After": "7"}}, {"state": 503}, {}]
    assert said(made).error is None
    assert made.slept == [7.0, 2.0]


@pytest.mark.parametrize("state", [400, 401, 404])
def test_a_refusal_is_not_repeated(server, state):
    server.answers = [{"state": state, "kind": "application/json", "data": b'{"error": "no such voice"}'}]
    assert f"refuses: {state}" in (error := said(model(server)).error)
    assert "no such voice" in error
    assert len(server.asked) == 1


def test_a_key_is_sent_and_never_shown(server, monkeypatch):
    monkeypatch.setenv("VSSEVAL_HTTP_KEY", KEY)
    made = model(server)
    server.answers = [{"state": 401, "kind": "text/plain", "data": f"wrong key {KEY}".encode()}]
    error = said(made).error
    assert server.asked[0][2] == f"Bearer {KEY}"
    assert "wrong key ***" in error
    server.answers = [{"kind": "text/plain", "data": KEY.encode()}]
    assert KEY not in said(made).error + repr(made.card)


def test_a_redirection_is_not_followed(server, monkeypatch):
    monkeypatch.setenv("VSSEVAL_HTTP_KEY", KEY)
    server.answers = [{"state": 302, "heads": {"Location": "http://127.0.0.1:1/elsewhere"}}]
    assert "it redirects, and the key is not sent on" in said(model(server)).error
    assert len(server.asked) == 1


def test_no_endpoint_is_a_reason(server):
    made = model(server)
    server.shutdown()
    server.server_close()
    assert "gave no sound in 4 tries: ConnectionRefusedError" in said(made).error
    assert made.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://h/x", "a whole address"), ("tts-1", "a whole address"), ("http://u:p@h/x", "before the host"),
        ("https://h/x?api_key=1", "holds `api_key`"), ("https://h/x?voise=a", "asks for voise"),
        ("https://h/x?per_minute=many", "per_minute=many"), ("https://h/x?speed=fast", "speed=fast"),
    ],
)  # fmt: skip
def test_addresses_that_are_refused(address, says, monkeypatch):
    monkeypatch.delenv("VSSEVAL_HTTP_KEY", raising=False)
    with pytest.raises(UsageError, match=says):
        plugins.load("models", "http")(ModelOptions(address))


def test_a_key_is_not_sent_in_the_open(monkeypatch):
    monkeypatch.setenv("VSSEVAL_HTTP_KEY", KEY)
    with pytest.raises(UsageError, match="others could read it") as fault:
        plugins.load("models", "http")(ModelOptions("http://example.org/v1/audio/speech"))
    assert KEY not in str(fault.value)
    with pytest.raises(NeedsArgument):
        plugins.load("models", "http")(ModelOptions())


def test_processes_take_turns(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, second = (Pace("http://h/x", 600.0) for _ in range(2))
    begin = time.monotonic()
    for one in (first, second, first, second):
        one.wait()
    assert time.monotonic() - begin >= 0.28
    begin = time.monotonic()
    for _ in range(50):
        Pace("http://h/y", 0.0).wait()
    assert time.monotonic() - begin < 0.2


def test_a_run_of_an_endpoint_holds_no_key_anywhere(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VSSEVAL_HTTP_KEY", KEY)
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path / "store"))
    server.answers = [{"state": 400, "kind": "text/plain", "data": KEY.encode()}]
    address = f"http:http://127.0.0.1:{server.server_port}/v1/audio/speech?model=m&voice=v"
    code = invoke([
        "run", "--model", address, "--benchmark", "mini_vtts", "--limit", "2", "--metric", "fad@logmel", "--no-bounds",
        "--runs", str(tmp_path / "runs"), "--jobs", "1",
    ])  # fmt: skip
    assert code == 3
    (run,) = (file.parent for file in (tmp_path / "runs").glob("*/run.json"))
    record = json.loads((run / "run.json").read_text())
    assert record["clips"] == {"ok": 1, "failed": 1}
    assert record["model"]["name"] == f"http:127.0.0.1:{server.server_port}:m:v"
    texts = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not [text for text in texts if KEY.encode() in text]
    assert KEY not in "".join(capsys.readouterr())
