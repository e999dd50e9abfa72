"""`vssflow demo`: a page in the browser that gives videos their sound."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from vsseval.text.saying import say


@click.command(short_help="Open a page that gives videos their sound.")
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Weights.  [default: the small model that ships]",
)
@click.option("--device", default="cpu", show_default=True, help="Where the transformer runs: cpu, cuda, cuda:1.")
@click.option("--steps", type=click.IntRange(1, 1000), help="Steps of the sampler.  [default: the model's]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 serves the whole network.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port.  [default: the first free one from 7860]")
@click.option("--browser/--no-browser", default=False, help="Open the page at once.  [default: no]")
def command(
    checkpoint: Path | None, device: str, steps: int | None, host: str, port: int | None, *, browser: bool
) -> None:
    """Serve a page that takes a video, a transcript and a voice, and gives the video back with sound.

    Everything runs on this machine: nothing is fetched, nothing is sent. Ctrl-C ends it.
    """
    from vssflow.demo import gradio, serve
    from vssflow.generate import load

    gradio()
    serving = serve(load(checkpoint, device=device, steps=steps), host=host, port=port)
    say(serving.url)
    if browser:
        webbrowser.open(serving.url)
    try:
        serving.thread.join()
    except KeyboardInterrupt:
        serving.close()
