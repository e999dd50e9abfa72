"""A page in the browser: a video, a transcript and a voice in; the video with its sound out.

Everything runs on this machine. The page fetches nothing from elsewhere: system fonts, no analytics, no history.
"""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from vsseval.errors import MissingExtra, Unmeasurable, UsageError, VssevalError
from vsseval.media import Video
from vsseval.text.escaping import html
from vsseval.text.saying import say
from vssflow.demo_guard import LARGEST_UPLOAD, Guard
from vssflow.generate import GeneratedSound, Model, generate, read_prompt, write
from vssflow.prompt import SAMPLE_RATE, Prompt

FIRST_PORT = 7860
"""Where Gradio's pages are usually found."""
PLAYED = ("h264", "vp8", "vp9", "av1")
"""Video codecs that every browser plays; others are encoded anew."""
EXAMPLES = (("v2s", "v2s-00", "A ball"), ("vtts", "vtts-01", "A speaker"), ("joint", "joint-02", "Both"))
"""Benchmark, clip and label of the examples, from the rendered benchmarks that ship with vsseval."""

TITLE = "VSSFlow"
SENTENCE = (
    "Gives a silent video its sound and its speech: "
    "what is seen decides what sounds, the transcript what is said, a recording in whose voice."
)
CSS = """
.gradio-container { width: 100% !important; max-width: 1120px !important; margin: 0 auto !important; }
.gradio-container > .main, .gradio-container > .main > .wrap { width: 100%; }
#head h1 { margin: .2em 0 0; font-size: 1.9rem; font-weight: 650; letter-spacing: -.01em; }
#head p { margin: .25em 0 .2em; max-width: 46em; color: var(--neutral-600); font-size: 1.02rem; line-height: 1.5; }
#voice .upload-container, #voice .upload-container > .wrap { height: 9rem; min-height: 0; }
#voice .upload-container > .wrap { padding-top: 1.5rem; }
/* trimming a video would fetch an encoder from elsewhere */
#source button[aria-label^="Trim"], #source button[aria-label^="Reset"] { display: none; }
#status .told { border-left: 3px solid var(--border-color-primary); padding: .1em 0 .1em .8em; line-height: 1.5; }
#status .told p { margin: .15em 0; overflow-wrap: anywhere; }
#status .error { border-color: #dc2626; }
#status .error p:first-child { font-weight: 600; }
#status .done { border-color: var(--primary-500); }
#status .card { color: var(--neutral-600); font-size: .85rem; }
.dark #head p, .dark #status .card { color: var(--neutral-300); }
#result video, #source video { background: #000; }
"""


def gradio() -> Any:
    """Return the module.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import gradio as gr
    except ImportError as error:
        raise MissingExtra(f"the demo page needs Gradio ({error}): pip install 'vsseval[demo]'") from error
    return gr


def respond(
    model: Model, folder: Path, video: str | None, transcript: str | None, voice: str | None,
    start: float | None, end: float | None, seed: float | None, guidance: float,
) -> tuple[str | None, str]:  # fmt: skip
    """Make what the page shows: the path of a video, or None, and words as HTML.

    Whatever goes wrong becomes words; a fault of the program leaves its traceback on standard error.
    """
    try:
        prompt = asked(video, transcript, voice, start, end)
        model = replace(model, guidance=float(guidance))
        made = generate(model, prompt, seed=int(seed or 0))
        target = Path(tempfile.mkdtemp(dir=folder)) / "with-sound.mp4"
        write(made, target, codecs=PLAYED)
    except (VssevalError, Unmeasurable) as error:
        return None, words("error", str(error))
    except Exception:  # noqa: BLE001 - the page lives on, and says whose fault it is
        say(traceback.format_exc(), err=True)
        return None, words("error", "Something broke in vssflow. The terminal shows where; please report it.")
    return str(target), summary(made, model)


def asked(
    video: str | None, transcript: str | None, voice: str | None, start: float | None, end: float | None
) -> Prompt:
    """Read the fields of the page; empty ones are not asked for.

    Raises:
        UsageError: there is no video, or the seconds are impossible.
        Unmeasurable: a file cannot be read.
    """
    if not video:
        raise UsageError("There is no video yet: choose one, or one of the examples.")
    window = None
    if start is not None or end is not None:
        window = (start or 0.0, Video(video).seconds if end is None else end)
    said = transcript if transcript and transcript.strip() else None
    return read_prompt(Path(video), transcript=said, voice=Path(voice) if voice else None, speech_window=window)


def summary(made: GeneratedSound, model: Model) -> str:
    """Say what was made and which parts of the request could not be followed, as HTML."""
    seconds = len(made.sound) / SAMPLE_RATE
    windows = f" in {made.windows} overlapping windows" if made.windows > 1 else ""
    lines = [f"{seconds:.2f} s of sound{windows}, made in {made.wall_seconds:.1f} s"]
    return words("done", *lines, *(f"Note: {note}" for note in made.notes), card=model.card)


def words(kind: str, *lines: str, card: str = "") -> str:
    """Wrap lines of text in HTML; nothing in them is taken for markup."""
    paragraphs = "".join(f"<p>{html(line)}</p>" for line in lines)
    last = f'<p class="card">{html(card)}</p>' if card else ""
    return f'<div class="told {kind}" role="status">{paragraphs}{last}</div>'


def examples() -> tuple[list[list[Any]], list[str]]:
    """Rows of inputs (video, transcript, voice, start, end) and their labels; empty where the clips are not there."""
    folder = Path(str(resources.files("vsseval"))) / "benchmarks" / "mini"
    rows, labels = [], []
    for benchmark, clip, label in EXAMPLES:
        manifest = folder / benchmark / "manifest.jsonl"
        lines = manifest.read_text().splitlines() if manifest.is_file() else []
        for found in filter(lambda sample: sample["id"] == clip, map(json.loads, lines)):
            window = found["speech_window"] or (None, None)
            voice = found["speaker_prompt"] and str(manifest.parent / found["speaker_prompt"]["path"])
            rows.append([str(manifest.parent / found["video"]["path"]), found["transcript"] or "", voice, *window])
            labels.append(label)
    return rows, labels


def page(model: Model, folder: Path) -> Any:
    """Build the page; sounds and videos go to `folder`."""
    gr = gradio()
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86400)) as blocks:
        gr.HTML(f"<h1>{TITLE}</h1><p>{SENTENCE}</p>", elem_id="head")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=340):
                inputs = _inputs(gr, model.guidance)
                button = gr.Button("Generate", variant="primary", size="lg")
                rows, labels = examples()
                if rows:
                    gr.Examples(rows, inputs[:5], example_labels=labels, label="Try one", cache_examples=False)
            with gr.Column(min_width=340):
                result = gr.Video(
                    label="With sound", elem_id="result", interactive=False, height=340, buttons=["download"]
                )
                status = gr.HTML(words("", "The video with its sound will be here."), elem_id="status")
        button.click(partial(respond, model, folder), inputs, [result, status], api_name="generate")
    return blocks


def _inputs(gr: Any, usual: float) -> list[Any]:
    """Everything that is asked for, in the order of `respond`."""
    video = gr.Video(label="Video", sources=["upload"], include_audio=True, elem_id="source", height=240)
    transcript = gr.Textbox(
        label="Transcript", placeholder="What the face says, in English. Empty: nobody speaks.", lines=2, max_lines=4
    )
    voice = gr.Audio(
        label="Voice: another recording of it, best 3 s or more",
        sources=["upload", "microphone"],
        type="filepath",
        buttons=["download"],
        elem_id="voice",
    )
    with gr.Accordion("When the face speaks, seed, guidance", open=False):
        with gr.Row():
            start = gr.Number(label="Speaks from (s)", value=None, min_width=120)
            end = gr.Number(label="to (s)", value=None, min_width=120)
        with gr.Row():
            seed = gr.Number(label="Seed", value=0, precision=0, min_width=120)
            guidance = gr.Slider(0.0, 10.0, value=usual, step=0.25, label="Guidance", min_width=160)
    return [video, transcript, voice, start, end, seed, guidance]


@dataclass(frozen=True)
class Serving:
    """A page that is being served from a thread."""

    url: str
    server: Any
    thread: threading.Thread

    def close(self) -> None:
        """Stop serving."""
        self.server.should_exit = True
        self.thread.join()


def serve(model: Model, *, host: str = "127.0.0.1", port: int | None = None) -> Serving:
    """Serve the page from a thread, at `port` or the first free one from 7860.

    Raises:
        MissingExtra: Gradio is not installed.
        UsageError: the address or port is not to be had.
    """
    gr = gradio()
    # both come with Gradio; its own launch() gives up where the machine is too busy to answer within three seconds
    import fastapi
    import uvicorn

    listening = listen(host, port)
    fonts = {"font": [gr.themes.Font("system-ui"), "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    theme = gr.themes.Base(primary_hue="teal", neutral_hue="slate", radius_size="lg", **fonts)
    blocks = page(model, Path(tempfile.mkdtemp(prefix="vssflow-demo-")))
    app = gr.mount_gradio_app(
        fastapi.FastAPI(openapi_url=None), blocks, "/", theme=theme, css=CSS, footer_links=[], run_history=False,
        enable_monitoring=False, ssr_mode=False, pwa=False, mcp_server=False, show_error=False,
        max_file_size=LARGEST_UPLOAD,
    )  # fmt: skip
    # Gradio looks at the paths of requests where its own launch() started it; so it does here.
    blocks.has_launched = True
    shipped = [Path(path) for row in examples()[0] for path in (row[0], row[2]) if path]
    guarded = Guard(app, Path(blocks.GRADIO_CACHE), shipped)
    server = uvicorn.Server(uvicorn.Config(guarded, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.05)
    return Serving(f"http://{host}:{listening.getsockname()[1]}/", server, thread)


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that is bound to `port`, or to the first free one of a hundred from 7860.

    Raises:
        UsageError: there is none.
    """
    for candidate in [port] if port else range(FIRST_PORT, FIRST_PORT + 100):
        try:
            return socket.create_server((host, candidate))
        except OSError as error:
            fault = error.strerror or str(error)
    raise UsageError(f"{host}:{port or FIRST_PORT} cannot be served ({fault}): try another --host or --port")
