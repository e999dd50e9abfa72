"""The demo page: its words, its server over HTTP, and, where a browser is there, the page itself."""

import asyncio
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import numpy as np
import pytest

from support.small_model import quick, untrained
from vsseval.errors import MissingExtra, UsageError
from vsseval.media import load_audio, probe, write_flac, write_mp4
from vssflow import demo, demo_guard
from vssflow.cli import invoke


@pytest.fixture(scope="module")
def model():
    return quick(untrained())


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    where = tmp_path_factory.mktemp("demo")
    generator = np.random.default_rng(0)
    write_mp4(where / "clip.mp4", generator.integers(0, 255, (25, 64, 64, 3), dtype=np.uint8), 25)
    write_flac(where / "voice.flac", 0.1 * generator.standard_normal(4 * 16000), 16000)
    return where


@pytest.fixture(scope="module")
def url(model, tmp_path_factory):
    """Address of `vssflow demo`, which runs in a process of its own, as for its users."""
    if find_spec("gradio") is None:
        pytest.skip("the page needs Gradio: pip install 'vsseval[demo]'")
    folder = tmp_path_factory.mktemp("server")
    model.network.save(folder / "untrained.safetensors")
    command = [
        sys.executable,
        "-m",
        "vssflow",
        "demo",
        "--steps",
        "1",
        "--checkpoint",
        folder / "untrained.safetensors",
    ]
    with (folder / "err").open("w") as err, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err) as server:
        address = server.stdout.readline().decode().strip()
        assert address, (folder / "err").read_text()
        yield address
        server.terminate()  # an interrupt would be ignored where the tests run in the background
        assert server.wait(timeout=60) == -signal.SIGTERM
    assert (folder / "err").read_text() == ""


def call(url, *given):
    """Press the button: the outputs of the page."""
    data = json.dumps({"data": given}).encode()
    request = Request(f"{url}gradio_api/call/generate", data, {"Content-Type": "application/json"})
    with urlopen(request) as answered:
        event = json.load(answered)["event_id"]
    with urlopen(f"{url}gradio_api/call/generate/{event}") as answered:
        lines = answered.read().decode().splitlines()
    assert "event: complete" in lines, lines
    return json.loads(next(line for line in reversed(lines) if line.startswith("data: ")).removeprefix("data: "))


def upload(url, path):
    """Hand a file to the page."""
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + b"\r\n--edge--\r\n"
    request = Request(f"{url}gradio_api/upload", body, {"Content-Type": "multipart/form-data; boundary=edge"})
    with urlopen(request) as answered:
        return {"path": json.load(answered)[0], "meta": {"_type": "gradio.FileData"}}


def answer(model, folder, **given):
    asked = {"video": None, "transcript": "", "voice": None, "start": None, "end": None, "seed": 0, "guidance": 3.0}
    return demo.respond(model, folder, **{**asked, **given})


def test_a_video_comes_back_with_sound(model, media, tmp_path):
    video, words = answer(model, tmp_path, video=str(media / "clip.mp4"), transcript="hello", start=0.2)
    assert load_audio(video).seconds == pytest.approx(1.0, abs=0.01)
    assert "1.00 s of sound" in words
    assert "vssflow, untrained" in words
    assert "guidance 3" in words


def test_what_is_not_honoured_is_said(model, media, tmp_path):
    words = answer(model, tmp_path, video=str(media / "clip.mp4"), transcript="hello <b>你好</b>")[1]
    assert "Note: left out of the transcript" in words
    assert "你好" in words
    assert "<b>" not in words


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "There is no video yet"),
        ({"video": "gone.mp4"}, "gone.mp4: no such file"),
        ({"video": "voice.flac"}, "voice.flac: holds no video stream"),
        ({"video": "clip.mp4", "voice": "text.wav"}, "text.wav: not readable as media"),
        ({"video": "clip.mp4", "start": 2.0, "end": 1.0}, "ends before it begins"),
        ({"video": "clip.mp4", "seed": -3}, "the seed -3 is impossible"),
    ],
)
def test_errors_become_words_on_the_page(model, media, tmp_path, capsys, given, told):
    (tmp_path / "text.wav").write_text("no sound")
    for field in ("video", "voice"):
        if field in given:
            folder = tmp_path if given[field] == "text.wav" else media
            given = {**given, field: str(folder / given[field])}
    video, words = answer(model, tmp_path, **given)
    assert video is None
    assert 'class="told error"' in words
    assert told in words
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_program_is_told_as_such(media, tmp_path, capsys):
    video, words = answer(quick(None), tmp_path, video=str(media / "clip.mp4"))
    assert video is None
    assert "Something broke in vssflow" in words
    assert "Traceback" not in words
    assert "AttributeError" in capsys.readouterr().err


def test_the_examples_are_clips_that_ship():
    rows, labels = demo.examples()
    assert len(rows) == len(labels) == 3
    for video, transcript, voice, start, end in rows:
        assert Path(video).is_file()
        assert bool(transcript) == (voice is not None) == (start is not None)
        assert voice is None or (Path(voice).is_file() and 0 <= start < end <= probe(video).seconds)


def test_without_gradio_the_command_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(MissingExtra):
        demo.gradio()
    assert invoke(["demo"]) == 4
    assert "pip install 'vsseval[demo]'" in capsys.readouterr().err


def test_a_taken_port_is_told():
    with demo.listen("127.0.0.1", None) as taken, pytest.raises(UsageError, match="try another --host or --port"):
        demo.listen("127.0.0.1", taken.getsockname()[1])


def test_the_server_makes_a_video_over_http(url, media, tmp_path):
    video, voice = (upload(url, media / name) for name in ("clip.mp4", "voice.flac"))
    made, words = call(url, video, "hello", voice, 0.2, 0.8, 5, 2.0)
    with urlopen(made["url"]) as answered:
        (tmp_path / "made.mp4").write_bytes(answered.read())
    assert load_audio(tmp_path / "made.mp4").seconds == pytest.approx(1.0, abs=0.01)
    assert "guidance 2" in words
    nothing, words = call(url, None, "hello", None, None, None, 0, 3.0)
    assert nothing is None
    assert "There is no video yet" in words


def test_the_page_names_no_other_host(url):
    with urlopen(url) as answered:
        page = answered.read().decode()
    fetched = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"', page)
    assert fetched
    assert {urlparse(address).netloc for address in fetched} <= {"", urlparse(url).netloc}


def test_in_a_browser_the_video_plays_and_nothing_is_fetched_from_elsewhere(url, media):
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs chromium or google-chrome on the path")
    asked = []
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 500, "height": 900})
        page.set_default_timeout(120_000)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url, wait_until="networkidle")
        page.get_by_role("button", name="Generate").click()
        page.wait_for_selector(".told.error")
        assert "There is no video yet" in page.inner_text("#status")
        page.set_input_files("#source input[type=file]", media / "clip.mp4")
        page.wait_for_selector("#source video")
        page.get_by_role("button", name="Generate").click()
        page.wait_for_selector(".told.done")
        page.wait_for_selector("#result video")
        heard = page.evaluate(
            "async () => { const video = document.querySelector('#result video'); video.muted = true; "
            "await video.play(); await new Promise(done => setTimeout(done, 700)); "
            "return [video.currentTime, video.duration, video.webkitAudioDecodedByteCount]; }"
        )
        width = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert heard[0] > 0.1
    assert heard[1] == pytest.approx(1.0, abs=0.1)
    assert heard[2] > 0
    assert width <= 500
    hosts = {urlparse(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlparse(url).netloc}


def ask(url, path, body=b"", method="POST", **headers):
    """Speak HTTP as no browser would: the status and the words of the answer."""
    address = urlparse(url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=120)) as connection:
        connection.putrequest(method, path, skip_host="Host" in named, skip_accept_encoding=True)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **named}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        with connection.getresponse() as answered:
            return answered.status, answered.read(2000).decode("utf-8", "replace")


@pytest.fixture
def secret(media):
    shutil.copy(media / "clip.mp4", media / "secret.mp4")
    return str(media / "secret.mp4")


@pytest.mark.parametrize("where", ["call/generate", "queue/join", "run/predict", "api/generate"])
@pytest.mark.parametrize("shape", ["{}", "[{}]", '{{"value": {}}}'])
def test_a_file_of_the_server_is_not_read(url, secret, where, shape):
    for path in (secret, f"{secret}/../secret.mp4", "https://example.com/a.mp4", "file:///etc/hostname", ["a"]):
        file = json.dumps({"path": path, "meta": {"_type": "gradio.FileData"}})
        body = '{"data": [%s, "hello", null, null, null, 0, 3.0], "fn_index": 0, "session_hash": "a"}'
        status, said = ask(url, f"/gradio_api/{where}", (body % shape.format(file)).encode())
        assert (status, "was not uploaded" in said) == (403, True), (path, said)


def test_a_file_of_the_server_is_not_served(url, secret):
    for path in (secret, "/etc/hostname", "/proc/self/environ"):
        assert ask(url, f"/gradio_api/file={path}", method="GET")[0] in {403, 404}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "",
        "[",
        "localhost:7860,evil.example",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "2130706433",
        "127.1",
    ],
)
def test_a_foreign_host_is_refused(url, host):
    status, said = ask(url, "/", method="GET", Host=host)
    assert status in {400, 403}
    assert "is not the address of this page" in said or status == 400


def test_a_foreign_page_is_refused(url):
    body = b'{"data": [null, "", null, null, null, 0, 3.0]}'
    assert ask(url, "/gradio_api/call/generate", body, Origin="https://evil.example")[0] == 403
    assert ask(url, "/gradio_api/call/generate", body, Origin=url.rstrip("/"))[0] == 200


def shout(url, *lines, body=b""):
    """Send lines as they are, headers twice among them: the first line of the answer, and its words."""
    address = urlparse(url)
    head = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {len(body)}", "Connection: close", ""))
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head.encode("latin-1") + body)
        answered = b""
        with suppress(ConnectionResetError):
            while block := connection.recv(1 << 16):
                answered += block
    head, _, said = answered.partition(b"\r\n\r\n")
    return int(head.split()[1]), said.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Content-Type: application/json", "Content-Type: multipart/form-data; boundary=edge"),
        ("Content-Type: multipart/form-data; boundary=edge", "content-type: application/json"),
        ("Origin: https://evil.example", "Origin: http://{host}"),
    ],
)
def test_what_is_said_twice_is_refused(url, secret, first, second):
    host = urlparse(url).netloc
    body = json.dumps({"data": [{"path": secret, "meta": {"_type": "gradio.FileData"}}]}).encode()
    lines = ["POST /gradio_api/call/generate HTTP/1.1", f"Host: {host}", first.format(host=host)]
    assert shout(url, *lines, second.format(host=host), body=body)[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/gradio_api/process_recording", 404),  # ffmpeg without a limit
        ("POST", "/gradio_api/component_server", 404),
        ("POST", "/gradio_api/vibe-code", 404),
        ("POST", "/gradio_api/call/generate/../../upload", 404),
        ("GET", "/gradio_api/deep_link?session_hash=a", 404),  # writes a file
        ("GET", "/gradio_api/custom_component/%1b]0;a%07/client/a/b", 404),  # prints its address on the terminal
        ("GET", "/gradio_api/proxy=http://127.0.0.1/", 404),
        ("GET", "/gradio_api/file=https://example.com/", 403),
        ("HEAD", "/gradio_api/file=%2Fetc%2Fhostname", 403),
        ("GET", "/gradio_api/file/etc/hostname", 404),
        ("GET", "/gradio_api/openapi.json", 404),
        ("GET", "/monitoring/a", 404),
        ("GET", "//gradio_api/file=/etc/hostname", 404),
        ("OPTIONS", "/gradio_api/upload", 405),
        ("PUT", "/config", 405),
    ],
)
def test_what_the_page_does_not_ask_for_is_shut(url, method, path, status):
    form = "multipart/form-data; boundary=edge"
    body = b'--edge\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\na\r\n--edge--\r\n'
    assert ask(url, path, body, method, Content_Type=form)[0] == status


def test_a_form_is_no_way_around(url, secret):
    body = json.dumps({"data": [{"path": secret, "meta": {"_type": "gradio.FileData"}}]}).encode()
    form = "multipart/form-data; boundary=edge"
    assert ask(url, "/gradio_api/call/generate", body, Content_Type=form)[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_and_no_more(url, site):
    link = {"Sec_Fetch_Site": site, "Sec_Fetch_Dest": "document"}
    assert ask(url, "/", method="GET", **link)[0] == 200
    assert ask(url, "/config", method="GET", **link)[0] == 403
    assert ask(url, "/", method="GET", **{**link, "Sec_Fetch_Dest": "iframe"})[0] == 403
    assert ask(url, "/config", method="GET", Sec_Fetch_Site="same-origin")[0] == 200


def test_a_question_has_one_reading(url):
    for body in (b"[" * 40 + b"]" * 40, b'{"data": [1e999]}', '{"data": []}'.encode("utf-16"), b'{"a": NaN}'):
        assert ask(url, "/gradio_api/call/generate", body)[0] == 400, body


def test_what_is_too_large_or_no_question_is_refused(url):
    form = "multipart/form-data; boundary=edge"
    status, said = ask(url, "/gradio_api/upload", b"--edge", Content_Type=form, Content_Length=str(600 << 20))
    assert (status, said) == (413, "an upload has 512 MB at most\n")
    assert ask(url, "/gradio_api/call/generate", b" " * ((1 << 20) + 1))[0] == 413
    assert ask(url, "/gradio_api/call/generate", b"[" * 100_000)[0] == 400
    assert ask(url, "/gradio_api/call/generate", b"path=/etc/hostname", Content_Type="text/plain")[0] == 400


def test_an_upload_that_says_no_length_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_guard, "LARGEST_UPLOAD", 1000)
    heard = []

    async def app(_scope, receive, _send):
        while (message := await receive())["type"] == "http.request":
            heard.append(len(message["body"]))

    async def endless():
        return {"type": "http.request", "body": bytes(300), "more_body": True}

    headers = [(b"host", b"localhost:7860"), (b"content-type", b"multipart/form-data; boundary=edge")]
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": headers}
    asyncio.run(demo_guard.Guard(app, tmp_path, [])(scope, endless, None))
    assert heard == [300, 300, 300]
