"""`vssflow generate`: the sound of a video, and the video with its sound."""

from __future__ import annotations

import re
from pathlib import Path

import click

from vsseval.text.saying import say

NUMBER = r"(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
WINDOW = re.compile(rf"\s*{NUMBER}\s*:\s*{NUMBER}\s*")


def window_of(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Read START:END; whether the seconds make sense is for the model to say."""
    if value is None:
        return None
    match = WINDOW.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"'{value}' is not START:END in seconds, as in 0.5:2.5", ctx, parameter)
    return float(match[1]), float(match[2])


@click.command(short_help="Give a video its sound and its speech.")
@click.argument("video", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-t", "--transcript", help="What the face says, in English. Without it, nobody speaks.")
@click.option(
    "-p",
    "--prompt",
    "voice",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another recording of the voice that is wanted, best 3 s or more.",
)
@click.option(
    "--speech-window",
    callback=window_of,
    metavar="START:END",
    help="Seconds between which the face speaks.  [default: all]",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Decides the noise.")
@click.option("--guidance", type=click.FloatRange(0, 100), help="1 for none.  [default: the model's]")
@click.option("--steps", type=click.IntRange(1, 1000), help="Steps of the sampler.  [default: the model's]")
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Weights.  [default: the small model that ships]",
)
@click.option("--device", default="cpu", show_default=True, help="Where the transformer runs: cpu, cuda, cuda:1.")
@click.option(
    "--bf16",
    is_flag=True,
    help="For a checkpoint of the authors: see and sample in bfloat16, twice as quick on a processor that has it.",
)
@click.option(
    "--lips",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="AV-HuBERT features, for the reference configuration.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="OUT.mp4 (or .mov, .mkv), with OUT.wav beside it; or OUT.wav alone.",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(
    video: Path, transcript: str | None, voice: Path | None, speech_window: tuple[float, float] | None, seed: int,
    guidance: float | None, steps: int | None, checkpoint: Path | None, device: str, lips: Path | None, output: Path, *,
    bf16: bool, force: bool,
) -> None:  # fmt: skip
    """Give VIDEO its sound and its speech, exactly as long as it is.

    The pictures are copied as they are; the sound that VIDEO may have is never listened to.

    \b
    vssflow generate clip.mp4 --transcript "bin blue at f two now" --prompt voice.wav -o out.mp4
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vssflow.generate import generate, load, read_prompt, targets, write
    from vssflow.prompt import SAMPLE_RATE

    targets(output, video, force=force)
    prompt = read_prompt(video, transcript=transcript, voice=voice, speech_window=speech_window, lips=lips)
    model = load(checkpoint, device=device, steps=steps, guidance=guidance, half=bf16)
    made = generate(model, prompt, seed=seed)
    for note in made.notes:
        say(f"note: {note}", err=True)
    for file in write(made, output, force=force):
        say(file)
    seconds = len(made.sound) / SAMPLE_RATE
    windows = f" in {made.windows} overlapping windows" if made.windows > 1 else ""
    say(f"{seconds:.2f} s of sound{windows}, made in {made.wall_seconds:.1f} s", err=True)
    say(model.card, err=True)
