"""`vssflow train`: the command that made the weights that ship."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from vsseval.errors import UsageError
from vsseval.text.saying import say
from vssflow.commands.features import FILE, FOLDER, feature_options, tell

if TYPE_CHECKING:
    from vssflow.training.mixtures import Mixing
    from vssflow.training.recipe import TrainingRecipe

TASKS = ("v2s", "vtts", "joint")
STAGES = ("vision", "mouth", "spectrum")
OF_SMALL = {
    "data",
    "encoders",
    "tasks",
    "even",
    "scheme",
    "parts_of",
    "resize",
    "width",
    "teacher",
    "guidance",
    "guided",
    *(f"{stage}_steps" for stage in STAGES),
}
OF_FEATURES = ("synchformer", "rawnet3", "lips", "alignments")


def tasks_of(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split `v2s,vtts` and repeated options; refuse names that no clip can have."""
    tasks = tuple(dict.fromkeys(task.strip() for value in values for task in value.split(",") if task.strip()))
    unknown = [task for task in tasks if task not in TASKS]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: tasks are {', '.join(TASKS)}", ctx, parameter)
    return tasks


@click.command
@click.option(
    "--config",
    default="small",
    show_default=True,
    metavar="NAME",
    help="small, reference, or a TOML file with other sizes of the reference networks.",
)
@click.option("--data", type=FOLDER, help="Training split, for the small configuration.")
@click.option("--rows", type=FILE, help="Rows of clips and features, for the reference configuration.")
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    metavar="NAME",
    help="reference: clips that `vsseval data add` registered, in place of --rows; repeatable.",
)
@feature_options
@click.option("--out", type=FOLDER, required=True, help="Checkpoints, logs and weights.")
@click.option("--init", type=FILE, metavar="WEIGHTS", help="Start from trained weights instead of random ones.")
@click.option(
    "--encoders",
    type=FOLDER,
    help="small: the --out of another training whose video encoder, codec and features are used.",
)
@click.option(
    "--tasks",
    multiple=True,
    callback=tasks_of,
    metavar="LIST",
    help="small: train flow matching on clips of these tasks only: v2s,vtts,joint.",
)
@click.option(
    "--even-tasks",
    "even",
    is_flag=True,
    help="small: of each batch every task of --tasks gives the same share, the clips that it would give alone.",
)
@click.option(
    "--scheme",
    default="paper",
    type=click.Choice(["paper", "none", "lip-sync", "phone-scene", "all"]),
    help="small: the conditions on the channel axis, as in the paper and its ablation; others are attended to.",
)
@click.option(
    "--parts-of",
    type=FILE,
    metavar="WEIGHTS",
    help="small: take everything but the transformer and its projections from trained weights, as it is.",
)
@click.option(
    "--resize",
    is_flag=True,
    help="small: start the transformer from that of --parts-of, brought to the size of the configuration.",
)
@click.option(
    "--teacher",
    type=FILE,
    metavar="WEIGHTS",
    help="small: learn the velocity of trained weights with the same parts in place of the data's.",
)
@click.option("--vision-steps", type=click.IntRange(1), help="small: steps of the video encoder.")
@click.option("--mouth-steps", type=click.IntRange(1), help="small: steps of what reads lips by landmarks.")
@click.option("--spectrum-steps", type=click.IntRange(1), help="small: steps of what draws the lines of the spectrum.")
@click.option(
    "--frozen",
    type=FILE,
    multiple=True,
    metavar="WEIGHTS",
    help="reference: AudioLDM2's VAE; its vocoder and CLIP too for a result that generates; repeatable.",
)
@click.option("--stable-audio", type=FILE, metavar="WEIGHTS", help="reference: transformer to start from.")
@click.option("--layers", type=click.IntRange(1), help="Blocks of the transformer; the authors trained 5, 10 and 15.")
@click.option("--width", type=click.IntRange(1), help="small: width of the transformer.")
@click.option(
    "--mask-ratio",
    "masks",
    type=click.FloatRange(0, 1),
    multiple=True,
    help="reference: share of lip and motion frames that are dropped, one drawn a batch; repeatable.",
)
@click.option("--mix-rows", type=FILE, help="reference: rows that mixtures are drawn from; --rows without it.")
@click.option(
    "--mix",
    "modes",
    multiple=True,
    type=click.Choice(["add", "insert"]),
    help="Mix clips with sound and clips with speech into joint ones; repeatable.",
)
@click.option(
    "--mix-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of clips that are replaced by mixtures, with --mix.",
)
@click.option("--steps", type=click.IntRange(1), help="Steps of flow matching.")
@click.option(
    "--optimiser",
    type=click.Choice(["adamw", "muon"]),
    help="What moves the weights: AdamW, or Muon for the matrices of the blocks and AdamW for the rest.",
)
@click.option("--batch", type=click.IntRange(1), help="Clips in a step, over all processes.")
@click.option("--accumulate", type=click.IntRange(1), help="Parts that a process computes its clips of a step in.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Peak learning rate.")
@click.option("--warmup", type=click.IntRange(0), help="Steps in which the rate rises.")
@click.option("--cooldown", type=click.FloatRange(0, 1), help="Share of the steps, at the end, in which it falls.")
@click.option("--clip", type=click.FloatRange(0), help="Bound of the gradient's norm; 0 for none.")
@click.option(
    "--bf16/--no-bf16",
    "bf16",
    default=None,
    help="Compute in bfloat16; small on GPUs without being asked. Pays on CPUs with AVX512_BF16 or AMX.",
)
@click.option("--save-every", type=click.IntRange(1), help="Steps between checkpoints, each with a validation.")
@click.option("--listen-every", type=click.IntRange(0), help="Steps between sounds of held-out clips; 0 for none.")
@click.option(
    "--guidance",
    type=click.FloatRange(0, 100),
    help="small: weight of guidance that the result is sampled with.  [default: 3, or that of --init]",
)
@click.option(
    "--guided",
    type=click.FloatRange(0, 1),
    nargs=2,
    metavar="FROM TO",
    help="small: flow times between which there is guidance.  [default: 0 1, or those of --init]",
)
@click.option("--workers", type=click.IntRange(0), help="Threads that read ahead.")
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    type=click.Choice(["cpu", "cuda"]),
    help="Where networks are trained.",
)
@click.option("--seed", type=click.IntRange(0), help="Of initial weights, order and noise.")
@click.pass_context
def command(
    ctx: click.Context, /, config: str, data: Path | None, rows: Path | None, modes: tuple[str, ...], mix_share: float,
    **options: Any,
) -> None:  # fmt: skip
    """Train a model. Goes on where it was killed, to the last bit.

    \b
    The small configuration: video encoder, features, joint flow matching.
      vssflow train --data SPLIT --out DIR
    Fine-tuning for joint generation on mixtures, as in the paper:
      vssflow train --data SPLIT --out DIR2 --init DIR/vssflow-small.safetensors \\
        --encoders DIR --tasks joint --mix add --mix insert
    The reference configuration, on features that were computed before:
      vssflow train --config reference --rows train.csv --frozen vae.safetensors --out DIR
    The same from registered benchmarks, features included (below --out, kept):
      vssflow train --config reference --benchmark grid --benchmark vggsound:custom-train --out DIR \\
        --frozen vae.safetensors --frozen ViT-B-16.pt --synchformer synchformer_state_dict.pth --rawnet3 model.pt
    Several processes:
      torchrun --standalone --nproc-per-node 2 -m vssflow train --data SPLIT --out DIR
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    given = {key for key in ctx.params if ctx.get_parameter_source(key) is ParameterSource.COMMANDLINE}
    mixing = mixing_of(modes, mix_share)
    if config == "small":
        reference = {"rows", "benchmarks", "frozen", "stable_audio", "masks", "mix_rows", *OF_FEATURES}
        refuse(given & reference, "--config reference")
        if data is None:
            raise UsageError("--data is missing; the authors' configuration takes --rows or --benchmark")
        say(train_small(data, mixing, options))
    else:
        refuse(given & OF_SMALL, "--config small")
        refuse(given & ({*OF_FEATURES} if rows is not None else set()), "--benchmark; --rows has features already")
        say(train_reference(config, rows or features_of(options), mixing, options))


def train_small(data: Path, mixing: Mixing | None, options: dict[str, Any]) -> Path:
    """Train the small configuration."""
    from vssflow.training import run

    seed, span = options["seed"] or 0, options["guided"]
    if span and not span[0] < span[1]:
        raise UsageError(f"--guided {span[0]:g} {span[1]:g}: the first time has to come before the second")
    usual = (run.VISION, run.MOUTH, run.SPECTRUM)
    vision, mouth, spectrum = (
        replace(recipe, seed=seed, steps=options[f"{stage}_steps"] or recipe.steps)
        for stage, recipe in zip(STAGES, usual, strict=True)
    )
    return run.train(run.Training(
        data=data, out=options["out"], init=options["init"], encoders=options["encoders"], device=options["device"],
        parts_of=options["parts_of"], resize=options["resize"], teacher=options["teacher"],
        vision=vision, mouth=mouth, spectrum=spectrum, flow=changed(run.FLOW, options),
        tasks=options["tasks"] or TASKS, even=options["even"], scheme=options["scheme"],
        width=options["width"], layers=options["layers"],
        mixing=mixing, guidance=options["guidance"], guided=span,
    ))  # fmt: skip


def train_reference(config: str, rows: Path, mixing: Mixing | None, options: dict[str, Any]) -> Path:
    """Train the reference configuration; the rate follows the batch where only the batch is given."""
    from vssflow.training import reference_run
    from vssflow.training.start import ReferenceShape

    shape = ReferenceShape() if config == "reference" else ReferenceShape.from_file(Path(config))
    recipe = changed(reference_run.REFERENCE, options)
    if options["rate"] is None:
        recipe = replace(recipe, rate=recipe.batch * reference_run.RATE_OF_A_CLIP)
    return reference_run.train_reference(reference_run.ReferencePlan(
        rows=rows, out=options["out"], shape=shape.of_depth(options["layers"]), init=options["init"],
        stable_audio=options["stable_audio"], frozen=options["frozen"], recipe=recipe, device=options["device"],
        masks=options["masks"] or (0.0,), mixing=mixing, mix_rows=options["mix_rows"],
    ))  # fmt: skip


def features_of(options: dict[str, Any]) -> Path:
    """Compute the features of registered benchmarks, each process its share; return the rows."""
    from vssflow.training.prepare import Preparation, prepared_rows
    from vssflow.training.process_group import ProcessGroup

    if not options["benchmarks"]:
        raise UsageError("--rows or --benchmark is missing; the small configuration takes --data")
    given = {name: options[name] for name in OF_FEATURES}
    out = options["out"] / "features"
    plan = Preparation(benchmarks=options["benchmarks"], out=out, weights=options["frozen"], **given)
    return prepared_rows(plan, ProcessGroup.join(options["device"]), tell)


def refuse(given: set[str], configuration: str) -> None:
    """Refuse options that mean nothing here, rather than leave them aside."""
    if given:
        names = ", ".join(
            "--" + {"masks": "mask-ratio", "even": "even-tasks"}.get(name, name).replace("_", "-")
            for name in sorted(given)
        )
        raise UsageError(f"{names} {'is' if len(given) == 1 else 'are'} for {configuration}")


def changed(recipe: TrainingRecipe, changes: dict[str, Any]) -> TrainingRecipe:
    """Return the recipe with the options that were given; a clip of 0 stands for none."""
    names = {entry.name for entry in fields(recipe)}
    given = {key: value for key, value in changes.items() if key in names and value is not None}
    if changes["device"] == "cuda":
        given.setdefault("workers", 4)
    if given.get("clip") == 0:
        given["clip"] = None
    return replace(recipe, **given)


def mixing_of(modes: tuple[str, ...], share: float) -> Mixing | None:
    """Return how much is mixed, and in which ways; None for nothing."""
    from vssflow.training.mixing import MODES
    from vssflow.training.mixtures import Mixing

    chosen = tuple(mode for mode in MODES if mode in modes)
    if chosen and share == 0:
        raise UsageError("--mix with --mix-share 0 mixes nothing: leave --mix out, or give a share")
    return Mixing(chosen, share) if chosen else None
