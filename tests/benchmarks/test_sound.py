"""Every video-to-sound benchmark, on a small folder of exactly the layout that people have."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import msgspec
import pytest

from support.data_trees import put, registered, unpinned, video, wav
from vsseval import plugins
from vsseval.benchmarks.audiocaps import audiocaps
from vsseval.benchmarks.avsync15 import avsync15
from vsseval.benchmarks.foleybench import foleybench
from vsseval.benchmarks.greatest_hits import greatest_hits
from vsseval.benchmarks.kling_audio_eval import kling_audio_eval
from vsseval.benchmarks.moviegen import moviegen
from vsseval.benchmarks.unav100 import unav100
from vsseval.benchmarks.vggsound import vggsound
from vsseval.benchmarks.vggsound_tvc import LEVELS, vggsound_tvc
from vsseval.benchmarks.vggsounder import vggsounder
from vsseval.datasets.add_dataset import chosen_variants
from vsseval.datasets.clip_lists import read_list
from vsseval.errors import MissingData, UsageError


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "registered"))


# VGGSound


def test_vggsound_is_found_under_both_conventions_with_sound_inside_or_beside(tmp_path):
    root = put(tmp_path / "data", {
        "video/-1pRmoJIGQc_000010.mp4": video(), "video/_abcdefghij_30000_40000.mp4": video(sound=False),
        "audio/_abcdefghij_30000_40000.wav": wav(10.0), "video/short123456_000001.mp4": video(5.0),
        "video/mutemutemut_000002.mp4": video(sound=False), "video/x_y_z-w_v_u_000003.mp4": video(),
    })  # fmt: skip
    listed = put(tmp_path, {"my.csv": (
        '-1pRmoJIGQc_000010.mp4,"engine accelerating, revving, vroom"\n_abcdefghij_000030.mp4,dog barking\n'
        "short123456_000001.mp4,dog barking\nmutemutemut_000002.mp4,dog barking\nx_y_z-w_v_u_000003.mp4,bell\n"
        "lostlostlos_000004.mp4,bell\n"
    )}) / "my.csv"  # fmt: skip
    found = registered(vggsound, root, listed=listed)
    assert list(found) == [
        "-1pRmoJIGQc_000010", "_abcdefghij_000030", "short123456_000001", "mutemutemut_000002", "x_y_z-w_v_u_000003",
        "lostlostlos_000004",
    ]  # fmt: skip
    first = found["-1pRmoJIGQc_000010"]
    assert first.caption == first.label == "engine accelerating, revving, vroom"
    assert (first.duration, first.cluster, first.problem) == (8.0, "-1pRmoJIGQc", None)
    assert first.reference == first.video
    assert (first.video.start, first.video.seconds) == (0.0, 8.0)
    assert found["_abcdefghij_000030"].reference.path.name == "_abcdefghij_30000_40000.wav"
    assert found["x_y_z-w_v_u_000003"].cluster == "x_y_z-w_v_u"
    problems = {clip: sample.problem.split(":")[0] for clip, sample in found.items() if sample.problem}
    assert problems == {
        "short123456_000001": "too short", "mutemutemut_000002": "no sound", "lostlostlos_000004": "absent",
    }  # fmt: skip


def test_vssflows_list_is_known_by_its_git_hash_and_another_is_refused(tmp_path):
    root = put(tmp_path / "data", {"a/abcdefghij-_000010.mp4": video(), "a/-bcdefghij-_000020.mp4": video()})
    text = "".join(
        f"/home/somebody/VGGSound/video/{clip}.mp4|/f/{clip}.npy|/z/ref.npy|/z/lip.npy|/s/{clip}.npy|0 0 0|sil sil\n"
        for clip in ("abcdefghij-_000010", "-bcdefghij-_000020")
    )
    listed = put(tmp_path, {"test_25_VGG.csv": text}) / "test_25_VGG.csv"
    with pytest.raises(UsageError, match=r"git blob [0-9a-f]{12}…, not e0cfb5c6d960….*--variant custom-NAME"):
        registered(vggsound, root, "vssflow", listed=listed)
    # The authors tell users to write their own paths into it: such a list is one's own.
    assert list(registered(vggsound, root, "custom-mine", listed=listed)) == [
        "abcdefghij-_000010",
        "-bcdefghij-_000020",
    ]
    subprocess.run(["git", "init", "-q", tmp_path / "git"], check=True)
    command = ["git", "-C", tmp_path / "git", "hash-object", listed]
    blob = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    mine = unpinned(vggsound, "vssflow")
    pins = [
        msgspec.structs.replace(one.pin, git_blob=blob) if one.name == "vssflow" else one.pin for one in mine.variants
    ]
    variants = tuple(msgspec.structs.replace(one, pin=pin) for one, pin in zip(mine.variants, pins, strict=True))
    listed.write_bytes(text.replace("\n", "\r\n").encode())
    found = registered(replace(mine, variants=variants), root, "vssflow", listed=listed)
    assert list(found) == ["abcdefghij-_000010", "-bcdefghij-_000020"]
    assert found["abcdefghij-_000010"].duration == 10.0


def test_an_unknown_list_is_ones_own_and_not_vssflows(tmp_path):
    listed = put(tmp_path, {"my.csv": "abcdefghij-_000010,dog\n"}) / "my.csv"
    (chosen,) = chosen_variants(vggsound, (), read_list(listed))
    assert chosen.name == "custom"


_SPARSE = (
    "dataset_name,video_id,start_sec,vid_is_missing,is_sync,is_sync_by_cls_obj\n"
    "vggsound_sparse,abcdefghij-,10,0,1,1\nvggsound_sparse,abcdefghij-,20,0,0,0\n"
)


@pytest.mark.parametrize(
    ("name", "text", "ids", "caption", "segment"),
    [
        ("mmaudio", "id\tlabel\nabcdefghij-_000010\tdog, barking\n", ["abcdefghij-_000010"], "dog, barking", (0, 8.0)),
        ("official", "abcdefghij-_000010.mp4,dog\n", ["abcdefghij-_000010"], "dog", (0, 10.0)),
        ("frieren", "abcdefghij-_000010\n", ["abcdefghij-_000010"], None, (0, 8.19)),
        ("specvqgan", "abcdefghij-_10000_20000\n", ["abcdefghij-_000010"], None, (0, 9.8)),
        ("vaura-windows", "file,start_sec\nabcdefghij-_10000_20000,4.64\n", ["abcdefghij-_000010"], None, (4.64, 2.56)),
        (
            "sparse-clean",
            _SPARSE,
            ["abcdefghij-_000010", "abcdefghij-_000020"], None, (0, 8.0),
        ),
    ],
)  # fmt: skip
def test_every_published_form_of_a_list_is_read(tmp_path, name, text, ids, caption, segment):
    root = put(tmp_path / "data", {"abcdefghij-_000010.mp4": video(), "abcdefghij-_20000_30000.mp4": video()})
    listed = put(tmp_path, {"list.txt": text}) / "list.txt"
    found = registered(unpinned(vggsound, name), root, name, listed)
    assert list(found) == ids
    first = found[ids[0]]
    assert first.caption == caption
    assert (first.video.start, first.video.seconds) == segment
    assert first.reference == first.video
    assert first.problem is None
    if name == "sparse-clean":
        assert [sample.subset for sample in found.values()] == ["sync", ""]
        assert {sample.cluster for sample in found.values()} == {"abcdefghij-"}


def test_lists_without_labels_take_them_from_the_official_file_in_the_root(tmp_path):
    root = put(tmp_path / "data", {
        "abcdefghij-_000010.mp4": video(),
        "vggsound.csv": 'abcdefghij-,10,"dog, barking",test\nabcdefghijk,0,cat,train\n',
    })  # fmt: skip
    listed = put(tmp_path, {"list.txt": "abcdefghij-_10000_20000\n"}) / "list.txt"
    assert registered(vggsound, root, "custom", listed)["abcdefghij-_000010"].caption == "dog, barking"


def test_a_window_that_the_file_ends_before_is_too_short(tmp_path):
    root = put(tmp_path / "data", {"abcdefghij-_000010.mp4": video()})
    listed = put(tmp_path, {"list.csv": "file,start_sec\nabcdefghij-_10000_20000,9.0\n"}) / "list.csv"
    (sample,) = registered(unpinned(vggsound, "vaura-windows"), root, "vaura-windows", listed).values()
    assert sample.problem == "too short: 1.20 s are left at 9 s, of 2.56 s"


def test_a_clip_is_not_longer_than_its_reference_where_both_are_cut(tmp_path):
    root = put(tmp_path / "data", {
        "abcdefghij-_000010.mp4": video(), "abcdefghij-_000010.wav": wav(5.0), "abcdefghijk_000000.mp4": video(),
        "abcdefghijk_000000.wav": wav(9.0),
    })  # fmt: skip
    listed = put(tmp_path, {"list.txt": "abcdefghij-_000010\nabcdefghijk_000000\n"}) / "list.txt"
    found = registered(vggsound, root, "custom", listed)
    assert found["abcdefghij-_000010"].problem.startswith("too short: 5.00 s")
    assert found["abcdefghijk_000000"].problem is None
    assert [sample.duration for sample in vggsound("custom@10").samples()][1] == 9.0


def test_what_systems_have_generated_is_never_taken_for_a_reference(tmp_path):
    root = put(tmp_path / "data", {
        "clips/abcdefghij-_000010.mp4": video(), "generated_audios/lova/10/abcdefghij-_000010.wav": wav(10.0)
    })  # fmt: skip
    listed = put(tmp_path, {"list.txt": "abcdefghij-_000010\n"}) / "list.txt"
    sample = registered(vggsound, root, "custom", listed)["abcdefghij-_000010"]
    assert sample.reference == sample.video


def test_two_files_for_one_clip_are_a_problem_that_names_both(tmp_path):
    root = put(tmp_path / "data", {
        "abcdefghij-_000010.mp4": video(), "other/abcdefghij-_10000_20000.mkv": b"x", "abcdefghijk_000000.mp4": video(),
    })  # fmt: skip
    listed = put(tmp_path, {"list.txt": "abcdefghij-_000010\nabcdefghijk_000000\n"}) / "list.txt"
    problem = registered(vggsound, root, "custom", listed)["abcdefghij-_000010"].problem
    assert problem.startswith("two files: abcdefghij-_000010.mp4 and other/abcdefghij-_10000_20000.mkv")


def test_the_length_of_the_protocol_can_be_named_for_a_run(tmp_path):
    root = put(tmp_path / "data", {"abcdefghij-_000010.mp4": video(), "abcdefghijk_000000.mp4": video(5.0)})
    listed = put(tmp_path, {"list.txt": "abcdefghij-_000010\nabcdefghijk_000000\n"}) / "list.txt"
    registered(vggsound, root, "custom", listed)
    short = vggsound("custom@2.5")
    assert short.card.name == "vggsound:custom@2.5"
    assert [sample.duration for sample in short.samples()] == [2.5, 2.5]
    assert [bool(sample.problem) for sample in vggsound("custom@12").samples()] == [True, True]
    for wrong in ("custom@0", "custom@", "a b", "custom@x"):
        with pytest.raises(UsageError):
            vggsound(wrong)


def test_vggsound_tvc_asks_for_every_clip_five_times(tmp_path):
    root = put(tmp_path / "data", {"a/abcdefghij-_000010.mp4": video(), "a/-bcdefghij-_000020.mp4": video(5.0)})
    text = "video_id\tlabel_L0_raw\tlabel_L0\tlabel_L1_subject\tlabel_L1_action\tlabel_L2\tlabel_L3\n"
    for clip in ("abcdefghij-_000010", "-bcdefghij-_000020", "lostlostlos_000030"):
        text += f"{clip}\telk bugling\telk bugling\twolf howling\telk screaming\tair raid siren\tdog barking\n"
    listed = put(tmp_path, {"conflict_dataset_full.tsv": text}) / "conflict_dataset_full.tsv"
    found = registered(unpinned(vggsound_tvc, "full"), root, "full", listed=listed)
    assert len(found) == 15
    mine = [found[f"abcdefghij-_000010__{level}"] for level in LEVELS]
    assert [sample.subset for sample in mine] == list(LEVELS)
    assert [sample.caption for sample in mine] == [
        "elk bugling", "wolf howling", "elk screaming", "air raid siren", "dog barking",
    ]  # fmt: skip
    assert {sample.label for sample in mine} == {"elk bugling"}
    assert len({sample.cluster for sample in mine}) == len({sample.video.path for sample in mine}) == 1
    problems = [sample.problem.split(":")[0] for sample in found.values() if sample.problem]
    assert sorted(problems) == ["absent"] * 5 + ["too short"] * 5


def test_another_list_than_vggsound_tvcs_is_refused(tmp_path):
    root = put(tmp_path / "data", {"a/abcdefghij-_000010.mp4": video()})
    listed = put(tmp_path, {"x.tsv": "video_id\tlabel_L0\nabcdefghij-_000010\telk\n"}) / "x.tsv"
    with pytest.raises(UsageError, match=r"not the public list of vggsound_tvc:full"):
        registered(vggsound_tvc, root, "full", listed=listed)
    with pytest.raises(UsageError, match=r"no column label_L1_subject"):
        registered(unpinned(vggsound_tvc, "full"), root, "full", listed=listed)


def test_v2st_bench_says_that_it_is_not_out_and_what_measures_its_columns():
    with pytest.raises(MissingData, match=r"is not out: .*read 2026-11-29.*coming soon") as told:
        plugins.load("benchmarks", "v2st_bench")(None)
    named = re.findall(r"--metric (\S+)", str(told.value))
    assert set(named) == set(told.value.card.metrics) <= set(plugins.names("metrics"))


def test_vggsounder_names_what_is_heard_and_breaks_down_by_flaw(tmp_path):
    text = (
        "video_id,label,modality,background_music,static_image,voice_over\n"
        "abcdefghij-_000010,dog barking,A,False,False,False\n"
        'abcdefghij-_000010,"child speech, kid speaking",AV,False,False,False\n'
        "abcdefghij-_000010,sky,V,False,False,False\n"
        "abcdefghijk_000000,bell,A,True,False,True\n"
    )
    root = put(tmp_path / "data", {
        "abcdefghij-_000010.mp4": video(), "abcdefghijk_0_10000.mp4": video(), "vggsounder.csv": text
    })  # fmt: skip
    found = registered(unpinned(vggsounder, "v1.0"), root)
    assert found["abcdefghij-_000010"].caption == "child speech, kid speaking; dog barking"
    assert found["abcdefghij-_000010"].label == "child speech, kid speaking"
    assert [sample.subset for sample in found.values()] == ["clean", "voice_over"]
    assert list(registered(unpinned(vggsounder, "clean"), root, "clean")) == ["abcdefghij-_000010"]


# Others


def test_avsync15_reads_classes_and_their_texts(tmp_path):
    root = put(tmp_path / "data", {
        "videos/lions_roaring/abcdefghijk_3.mp4": video(3.0), "videos/dog_barking/x y.mp4": video(3.0),
        "test.txt": "lions_roaring/abcdefghijk_3.mp4\r\ndog_barking/x y.mp4\r\ndog_barking/lost.mp4\r\n",
        "class_mapping.json": '{"lions_roaring": "lions are roaring"}',
    })  # fmt: skip
    found = registered(avsync15, root)
    assert [sample.caption for sample in found.values()] == ["lions are roaring", "dog barking", "dog barking"]
    assert found["abcdefghijk_3"].duration == pytest.approx(3.0)
    assert found["lost"].problem.startswith("absent")


def test_avsync15_as_asva_cuts_it(tmp_path):
    root = put(
        tmp_path / "data",
        {"videos/lions_roaring/abcdefghijk_3.mp4": video(5.0), "test.txt": "lions_roaring/abcdefghijk_3.mp4"},
    )
    cuts = registered(avsync15, root, "asva")
    assert list(cuts) == [f"abcdefghijk_3_clip-{place:02d}" for place in range(3)]
    assert {one.cluster for one in cuts.values()} == {"abcdefghijk"}
    assert {one.duration for one in cuts.values()} == {2.0}
    whole = registered(avsync15, root)["abcdefghijk_3"].duration
    starts = [one.video.start for one in cuts.values()]
    assert starts == pytest.approx([0.0, (whole - 2) / 2, whole - 2], abs=0.1)
    assert [one.reference.start for one in cuts.values()] == starts


def test_unav100_takes_the_test_subset_and_names_events_in_order(tmp_path):
    database = {
        "abcdefghijk": {"subset": "test", "duration": 3.0, "annotations": [
            {"segment": [1.5, 2.0], "label": "dog barking", "label_id": 1},
            {"segment": [0.5, 1.0], "label": "man speaking", "label_id": 2},
        ]},
        "trainclip__": {"subset": "train", "duration": 3.0, "annotations": []},
    }  # fmt: skip
    root = put(tmp_path / "data", {
        "raw_videos/abcdefghijk.mp4": video(3.0), "unav100_annotations.json": json.dumps({"database": database})
    })  # fmt: skip
    found = registered(unav100, root)
    assert list(found) == ["abcdefghijk"]
    assert found["abcdefghijk"].caption == "man speaking; dog barking"
    assert found["abcdefghijk"].video.seconds is None
    put(root, {"unav100_annotations.json": '{"database": {"a": {}}}'})
    with pytest.raises(UsageError, match="is not unav100_annotations.json"):
        registered(unav100, root)


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "metadata.json", "metadata.tsv"])
def test_kling_audio_eval_reads_whatever_table_comes_with_it(tmp_path, name):
    row = {"video_path": "videos/a b.mp4", "Video Caption": "a dog", "Audio Caption": "a dog, barking", "label": "dog"}
    text = {
        "csv": ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values()) + "\n",
        "tsv": "\t".join(row) + "\n" + "\t".join(row.values()) + "\n",
        "json": json.dumps([row]), "jsonl": json.dumps(row) + "\n",
    }[name.split(".")[1]]  # fmt: skip
    root = put(tmp_path / "data", {"videos/a b.mp4": video(), name: text})
    (sample,) = registered(kling_audio_eval, root).values()
    assert (sample.id, sample.caption, sample.label) == ("a b", "a dog, barking", "dog")
    assert sample.reference == sample.video


def test_foleybench_breaks_down_by_discrete_sounds(tmp_path):
    table = "key,caption,ucs_category,discrete_continuous\n2322,a knock,DOORS,discrete\n7,rain,RAIN,continuous\n"
    root = put(tmp_path / "data", {"clips/2322.mp4": video(), "clips/7.mp4": video(), "metadata.csv": table})
    found = registered(unpinned(foleybench, "test"), root)
    assert [(clip, sample.subset, sample.label) for clip, sample in found.items()] == [
        ("2322", "discrete", "DOORS"), ("7", "continuous", "RAIN"),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="gives 2 clips"):
        registered(foleybench, root)


def test_the_sound_inside_moviegens_videos_is_never_a_reference(tmp_path):
    rows = [{"id": i, "video_prompt": "a dog", "audio_prompt": f"bark {i}"} for i in (0, 1, 10)]
    files = {f"video_with_audio/{row['id']}.mp4": video() for row in rows}
    listed = {"MovieGenAudioBenchSfx.jsonl": "".join(json.dumps(row) + "\n" for row in rows)}
    alone = {
        f"metadata/{row['id']}.jsonl": json.dumps({k: v for k, v in row.items() if k != "id"}) + "\n" for row in rows
    }
    for extra, name in ((listed, "listed"), (alone, "alone")):
        found = registered(unpinned(moviegen, "sfx"), put(tmp_path / name, files | extra))
        assert [(clip, sample.caption) for clip, sample in found.items()] == [
            ("0", "bark 0"), ("1", "bark 1"), ("10", "bark 10")
        ]  # fmt: skip
        assert all(sample.reference is None and sample.problem is None for sample in found.values())
    assert not any(metric.startswith(("fd_", "kl_", "fad")) for metric in moviegen.metrics)


def test_greatest_hits_has_onsets_as_events(tmp_path):
    name = "2015-02-16-16-49-06"
    root = put(tmp_path / "data", {
        f"videos/{name}_denoised_thumb.mp4": video(6.0, sound=False), f"videos/{name}_denoised.wav": wav(6.0),
        f"videos/{name}_times.txt": "0.5 wood hit static\n2.5 wood hit static\n5.25 None None None\n",
        "test.txt": f"{name}\n{name}_denoised_thumb.mp4,2.0,4.0\n",
    })  # fmt: skip
    found = registered(greatest_hits, root)
    whole, part = found[name], found[f"{name}_2_4"]
    assert whole.events == (0.5, 2.5, 5.25)
    assert (whole.label, whole.reference.path.suffix) == ("wood hit", ".wav")
    assert (part.events, part.duration, part.video.start, part.reference.start) == ((0.5,), 2.0, 2.0, 2.0)
    assert part.cluster == whole.cluster
    put(root, {f"videos/{name}_times.txt": "half wood hit\n"})
    with pytest.raises(UsageError, match="no times of hits"):
        registered(greatest_hits, root)


def test_audiocaps_groups_five_captions(tmp_path):
    rows = [f'{i},abcdefghij-,30,"rain, and a dog {i}"' for i in range(5)] + [
        f"{i},lostlostlos,0,wind" for i in range(5, 10)
    ]
    root = put(tmp_path / "data", {
        "Yabcdefghij-.wav": wav(10.0), "test.csv": "audiocap_id,youtube_id,start_time,caption\r\n" + "\r\n".join(rows)
    })  # fmt: skip
    changed = unpinned(unpinned(audiocaps, "first"), "captions")
    found = registered(changed, root)
    assert found["abcdefghij-_000030"].caption == "rain, and a dog 0"
    assert found["abcdefghij-_000030"].video is None
    assert found["lostlostlos_000000"].problem.startswith("absent")
    each = registered(changed, root, "captions")
    assert [sample.caption for sample in each.values()][:5] == [f"rain, and a dog {i}" for i in range(5)]
    assert {sample.cluster for sample in each.values()} == {"abcdefghij-_000030", "lostlostlos_000000"}
    assert len(each) == 10
