"""Training features of registered benchmarks: a row or a reason for every clip, by any number of processes."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from support.seeded_weights import seeded
from support.training_tree import TINY
from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio, write_flac
from vssflow.commands.features import command as features_command
from vssflow.commands.train import command as train_command
from vssflow.conditions import ConditionConfig
from vssflow.reference.frames import sync_frames
from vssflow.reference.phonemes import phoneme_ids
from vssflow.reference.vae import MelVAE
from vssflow.reference.vocoder import HifiGan
from vssflow.training import encoders, prepare
from vssflow.training.clip_features import ROWS, FeatureFolder
from vssflow.training.encoders import ClipEncoders, require_encoders
from vssflow.training.registered import Stretch, TrainingClip, registered_clips
from vssflow.training.rows import load_row, read_rows, stretched
from vssflow.training.spoken import aligned, spoken_ids, spoken_names
from vssflow.training.start import ReferenceShape

CLIPS = registered_clips(["mini_v2s", "mini_joint"])
CHOSEN = (CLIPS[0], CLIPS[1], CLIPS[-2], CLIPS[-1])
GRID = """File type = "ooTextFile"
item []:
    item [1]:
        name = "words"
        intervals [1]:
            text = "red"
    item [2]:
        name = "phones"
        intervals [1]:
            text = ""
        intervals [2]:
            text = "R"
        intervals [3]:
            text = "EH1"
        intervals [4]:
            text = "D"
        intervals [5]:
            text = "sil"
"""


def cheap(*, fails=()):
    """Encoders of the right shapes, whose numbers depend on what they are given."""

    def scene(video):
        if video.key in fails:
            raise Unmeasurable(f"{video.path.name}: damaged")
        return seeded(video.key, (100, 768))

    def voice(sound):
        return torch.full((256,), float(sound.abs().mean()))

    return ClipEncoders(scene, lambda video: seeded(video.key, (30, 8, 768)), voice, {"clip": "c", "rawnet3": "r"})


def made(root, clips=CHOSEN, lips=(), **changes):
    folder = FeatureFolder(root, changes.pop("encoders", cheap()), dict(lips), **changes)
    folder.begin()
    for clip in clips:
        folder.make(clip)
    return folder


def test_every_clip_becomes_a_row_that_training_reads(tmp_path):
    assert made(tmp_path).write_rows(CHOSEN) == (4, (), 0)
    rows = read_rows(tmp_path / ROWS)
    assert [row.speaks for row in rows] == [clip.transcript is not None for clip in CHOSEN] == [False] * 2 + [True] * 2
    for row, clip in zip(rows, CHOSEN, strict=True):
        loaded = load_row(row, ConditionConfig())
        assert torch.equal(loaded.scene, seeded(clip.video.key, (100, 768)))
        assert torch.equal(loaded.sync, seeded(clip.video.key, (30, 8, 768)).flatten(0, 1))
        heard = load_audio(clip.sound.path).mono(16_000)
        assert np.allclose(loaded.sound[: len(heard)], heard, atol=2**-15)
        assert float(loaded.speaker[0]) == pytest.approx(float(np.abs(heard).mean()) if row.speaks else 0.0)
        if row.speaks:
            frames = len(loaded.phones)
            said = phoneme_ids(clip.transcript, clip.window, frames)
            assert ((loaded.phones > 0) == (said > 0)).float().mean() > 0.95


def test_shards_and_an_interruption_give_the_same_bytes_as_one_process(tmp_path):
    whole = made(tmp_path / "whole")
    whole.write_rows(CHOSEN)
    made(tmp_path / "parts", CHOSEN[:1])
    second = made(tmp_path / "parts", CHOSEN[1::2])
    assert second.write_rows(CHOSEN) == (3, (), 1)
    assert not (tmp_path / "parts" / ROWS).exists()
    made(tmp_path / "parts", CHOSEN[::2]).write_rows(CHOSEN)
    files = sorted(path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(tmp_path / "parts") for p in (tmp_path / "parts").rglob("*") if p.is_file())
    assert all((tmp_path / "whole" / f).read_bytes() == (tmp_path / "parts" / f).read_bytes() for f in files)


def test_what_is_there_is_not_computed_again(tmp_path):
    made(tmp_path)
    nothing = ClipEncoders(pytest.fail, pytest.fail, pytest.fail, cheap().weights)
    assert made(tmp_path, encoders=nothing).write_rows(CHOSEN).rows == 4


def test_a_damaged_clip_is_named_and_tried_again(tmp_path):
    key = CHOSEN[1].video.key
    left = made(tmp_path, encoders=cheap(fails={key})).write_rows(CHOSEN)
    assert left == (3, (f"{CHOSEN[1].name}: {CHOSEN[1].video.path.name}: damaged",), 0)
    assert len(read_rows(tmp_path / ROWS)) == 3
    assert made(tmp_path).write_rows(CHOSEN) == (4, (), 0)


def test_features_of_other_weights_do_not_mix(tmp_path):
    made(tmp_path)
    with pytest.raises(UsageError, match=r"scene was begun otherwise: weights c then, other now"):
        made(tmp_path, encoders=ClipEncoders(None, None, None, {"clip": "other"}))
    with pytest.raises(UsageError, match=r"begun otherwise: half False then, True now"):
        made(tmp_path, half=True)


def test_a_network_may_join_later_and_no_other_one_is_run_again(tmp_path):
    silent, known = CHOSEN[:2], cheap()
    first = ClipEncoders(known.scene, known.motion, None, {"clip": "c", "synchformer": "s"})
    assert made(tmp_path, silent, encoders=first).write_rows(silent).rows == 2
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "scene").rglob("*.npy") if path.stem != "none"}
    joined = ClipEncoders(known.scene, known.motion, known.voice, {**first.weights, "rawnet3": "r"})
    assert made(tmp_path, encoders=joined).write_rows(CHOSEN) == (4, (), 0)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert made(tmp_path, silent, encoders=first).write_rows(silent).rows == 2  # without it as before
    with pytest.raises(UsageError, match=r"voice was begun otherwise: weights r then, q now"):
        made(tmp_path, encoders=ClipEncoders(None, None, known.voice, {"rawnet3": "q"}))


def test_a_stretch_is_a_file_of_its_own_and_black_after_its_end(tmp_path):
    sound = np.linspace(-0.5, 0.5, 48_000, dtype=np.float32)
    write_flac(tmp_path / "long.flac", sound, 16_000)
    clip = TrainingClip("b/x", "x", Stretch(tmp_path / "long.flac", "ab", 1.0, 0.5), None, None, None, None)
    assert made(tmp_path / "out", [clip]).write_rows([clip]).rows == 1
    heard = load_row(read_rows(tmp_path / "out" / ROWS)[0], ConditionConfig()).sound
    assert np.allclose(heard[:8000], sound[16_000:24_000], atol=2**-15)
    assert not heard[8000:].any()

    class Seen:
        def encode(self, frames):
            return frames

    video = CHOSEN[0].video
    short = encoders._motion(Seen(), video._replace(seconds=1.0))
    assert torch.equal(short[:25], sync_frames(video.path)[:25])
    assert (short[25:] == -1).all()
    black = encoders._scene(Seen(), video._replace(seconds=1.0))[10:]
    assert torch.allclose(black, encoders._scene(Seen(), video._replace(seconds=0.0))[:1].expand_as(black))


def test_lips_are_taken_by_the_clip_and_refused_when_damaged(tmp_path):
    np.save(tmp_path / "good.npy", seeded("lips", (40, 1024)).numpy())
    np.save(tmp_path / "bad.npy", np.zeros((40, 3), np.float32))
    lips = {CHOSEN[2].id: tmp_path / "good.npy", CHOSEN[3].id: tmp_path / "bad.npy"}
    prepared = made(tmp_path / "out", lips=lips).write_rows(CHOSEN)
    assert prepared.rows == 3
    assert "bad.npy" in prepared.failed[0]
    assert torch.equal(
        load_row(read_rows(tmp_path / "out" / ROWS)[2], ConditionConfig()).lip, seeded("lips", (40, 1024))
    )


def test_an_aligned_clip_has_the_aligners_phones(tmp_path):
    (tmp_path / "x.TextGrid").write_text(GRID)
    assert aligned(tmp_path / "x.TextGrid") == ("<blank>", "R", "EH1", "D", "<blank>")
    (tmp_path / "ipa.TextGrid").write_text(GRID.replace('"R"', '"ɹ"'))
    with pytest.raises(UsageError, match="ɹ is no ARPAbet phone"):
        aligned(tmp_path / "ipa.TextGrid")
    (tmp_path / "words.TextGrid").write_text(GRID.split("item [2]", maxsplit=1)[0])
    with pytest.raises(UsageError, match='no tier named "phones"'):
        aligned(tmp_path / "words.TextGrid")


def test_punctuation_has_no_phone_and_what_cannot_be_said_is_refused():
    assert "," not in spoken_names("red, blue!")
    with pytest.raises(UsageError, match="nothing of its transcript"):
        spoken_names("...")


@pytest.mark.parametrize("window", [(0.0, 2.0), (0.48, 1.52), (1.0, 9.0)])
def test_speech_in_a_window_stays_there_when_training_spreads_the_row(window):
    ids = spoken_ids(spoken_names("set red in n zero now"), window, 50)
    assert stretched(ids, 50).tolist() == list(ids)
    spoken = [frame for frame, phone in enumerate(ids) if phone]
    assert (spoken[0], spoken[-1] + 1) == (
        int(window[0] * 25),
        min(50, int(window[0] * 25) + int((window[1] - window[0]) * 25)),
    )


def test_missing_weights_are_named_and_not_zeros():
    with pytest.raises(UsageError, match=r"CLIP \(--frozen.*Synchformer.*RawNet3"):
        require_encoders(ClipEncoders(None, None, None, {}), seen=True, spoken=True)
    require_encoders(ClipEncoders(None, None, cheap().voice, {}), seen=False, spoken=True)


def test_features_depend_on_the_file_of_clip_alone(tmp_path, monkeypatch):
    for name in ("vae", "clip", "vocoder"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(encoders, "ClipVision", lambda: torch.nn.Linear(1, 1))
    monkeypatch.setattr(
        encoders, "read_parts", lambda paths: {} if paths[0].name != "clip" else {"image_encoder.weight": torch.ones(1)}
    )
    monkeypatch.setattr(encoders, "fill", lambda *_: None)
    files = tuple(tmp_path / name for name in ("vae", "clip", "vocoder"))
    found = [encoders.load_encoders(given, None, None, torch.device("cpu")) for given in (files, files[1:], files[1:2])]
    assert [one.weights for one in found] == [found[0].weights] * 3
    assert found[0].scene is not None
    assert encoders.load_encoders(files[:1], None, None, torch.device("cpu")).scene is None


def test_clips_without_a_recording_or_in_another_language_say_so(tmp_path):
    (tmp_path / "a.txt").write_text("hallo")
    (tmp_path / "clips.csv").write_text("id,transcript,language,reference\na,hallo,de,a.flac\n")
    write_flac(tmp_path / "a.flac", np.full(16_000, 0.1, np.float32), 16_000)
    clip = registered_clips([f"folder:{tmp_path}"])[0]
    assert clip.problem == "its language is de, and the phones are those of English"


def test_from_registered_clips_to_a_checkpoint_by_one_command(tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "load_encoders", lambda *_: cheap())
    monkeypatch.setattr(prepare, "registered_clips", lambda _: CHOSEN)
    widths = "lip = 1024\nsync = 768\nscene = 768\nspeaker = 256\n"
    kept = "\n".join(
        line for line in TINY.splitlines() if line.split(" =")[0] not in {"lip", "sync", "scene", "speaker"}
    )
    config = kept.replace("[conditions]\n", f"[conditions]\n{widths}lip_out = 4\nsync_out = 4\n")
    (tmp_path / "tiny.toml").write_text(config)
    shape = ReferenceShape.from_file(tmp_path / "tiny.toml")
    save_file(MelVAE(shape.vae).state_dict(), tmp_path / "vae.safetensors")
    save_file(HifiGan(shape.vocoder).state_dict(), tmp_path / "vocoder.safetensors")
    asked = ["--config", str(tmp_path / "tiny.toml"), "--benchmark", "mini_joint", "--out", str(tmp_path / "out")]
    asked += ["--frozen", str(tmp_path / "vae.safetensors"), "--steps", "2", "--batch", "2"]
    done = CliRunner().invoke(train_command, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "vssflow-reference.safetensors").is_file()
    for kind, weights in (("scene", "c"), ("voice", "r")):
        noted = tmp_path / "out" / "features" / kind / "recipe.json"
        assert json.loads(noted.read_text()) == {"weights": weights}
    assert "4 rows, 0 clips without" in done.output


def test_wrong_parts_are_one_message():
    done = CliRunner().invoke(features_command, ["--benchmark", "mini_v2s", "--out", "x", "--shard", "4/4"])
    assert done.exit_code == 2
    assert "of four parts they are 0/4" in done.output
