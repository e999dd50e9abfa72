"""`vsseval data`: what is registered, continued, checked and forgotten; bad input; nothing written into the data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from support.data_trees import listing, put, registered, unpinned, video
from vsseval import plugins
from vsseval.benchmarks.grid import grid
from vsseval.benchmarks.libritts import libritts
from vsseval.benchmarks.vggsound import vggsound
from vsseval.cli import invoke
from vsseval.cli.suites import resolve
from vsseval.datasets import add_dataset, clip_lists, hash_media, manifest_store
from vsseval.errors import Busy, EnvironmentFault, MissingData, UsageError

CLIPS = ("abcdefghij-_000010", "_bcdefghijk_000000", "lostlostlos_000004")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "registered"))
    return tmp_path / "registered"


@pytest.fixture
def data(tmp_path):
    """Two of the three clips of a list."""
    return put(tmp_path / "data", {f"{clip}.mp4": video() for clip in CLIPS[:2]})


@pytest.fixture
def listed(tmp_path):
    return put(tmp_path, {"my list.txt": "".join(f"{clip}\n" for clip in CLIPS)}) / "my list.txt"


def run(*arguments):
    return invoke(["data", *map(str, arguments)])


# The verbs


def test_add_says_what_is_missing_and_the_run_finds_the_benchmark(data, listed, capfd, place):
    assert run("add", "vggsound", "--root", data, "--list", listed) == 0
    out, err = capfd.readouterr()
    assert "vggsound:custom  2 of 3 usable  my list.txt" in out
    assert "1 absent, such as lostlostlos_000004" in err
    assert "no video is named lostlostlos_000004 or lostlostlos_4000_14000" in err
    saved = place / "vggsound/custom/problems.tsv"
    assert str(saved) in err
    assert saved.read_text().startswith("lostlostlos_000004\tabsent: ")
    assert "vsseval run --model M --benchmark vggsound:custom" in err
    card = vggsound().card
    assert (card.name, card.size, card.task, card.profile) == ("vggsound:custom", 3, "v2s", "avbench")
    assert card.version == f"1-{clip_lists.read_list(listed).sha256[:8]}"
    assert "list my list.txt, sha256 " in card.data
    assert card.protocol.startswith("First 8 s.")


def test_list_and_remove(data, listed, capfd):
    run("add", "vggsound", "--root", data, "--list", listed)
    run("add", "vggsound", "--root", data, "--list", listed, "--variant", "custom-two")
    capfd.readouterr()
    assert run("list", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert [(one["variant"], one["present"], one["size"]) for one in found] == [("custom", 2, 3), ("custom-two", 2, 3)]
    assert found[0]["list_sha256"] == clip_lists.read_list(listed).sha256
    assert run("remove", "vggsound:custom-two") == 0
    assert [header.variant for header in manifest_store.registered_headers()] == ["custom"]
    assert run("remove", "vggsound") == 0
    assert manifest_store.registered_headers() == []
    assert run("remove", "vggsound") == 2
    assert "is not registered" in capfd.readouterr().err
    assert run("list") == 0
    assert "Not registered: audiocaps, avsync15" in capfd.readouterr().err


def test_show_says_what_a_benchmark_is(capfd):
    assert run("show", "v2c") == 0
    out = capfd.readouterr().out
    assert "licence: no licence file; the films are copyrighted" in out
    assert "variant setting1: 2,779 clips; whole clips; ProDubber's list; speaker prompt gt; list V2C_val.txt" in out
    assert "known losses: Four splits are in use" in out


def test_an_unregistered_benchmark_names_the_command(capfd):
    with pytest.raises(MissingData, match=r"vsseval data add vggsound --root DIR$") as caught:
        vggsound()
    assert (caught.value.card.size, caught.value.card.licence[:9]) == (15_221, "CC BY 4.0")
    with pytest.raises(MissingData, match=r"vsseval data add vggsound --root DIR --variant frieren$"):
        vggsound("frieren")
    with pytest.raises(UsageError, match="did you mean mmaudio"):
        vggsound("mmaudi")
    assert invoke(["run", "--model", "silence", "--benchmark", "vggsound:mmaudio"]) == 4
    assert "Get it with: vsseval data add vggsound --root DIR" in capfd.readouterr().err
    found = resolve("all")
    assert "grid" in found.unregistered
    assert "grid" not in found.absent
    assert "mini_v2s" in found.present


def test_vsseval_list_shows_what_is_there_and_what_is_not(data, listed, capfd):
    run("add", "vggsound", "--root", data, "--list", listed)
    capfd.readouterr()
    assert invoke(["list", "benchmarks", "--json"]) == 0
    found = {item["name"]: item for item in json.loads(capfd.readouterr().out)}
    assert found["vggsound"]["status"] == "present"
    assert "2 of 3 clips; list my list.txt" in found["vggsound"]["note"]
    assert (found["grid"]["status"], found["grid"]["size"], found["grid"]["task"]) == ("missing", 3300, "vtts")
    assert "vsseval data add grid --root DIR" in found["grid"]["get"]
    assert "vggsound" in resolve("all").present


def test_a_run_on_a_registered_benchmark_keeps_n(tmp_path, capfd):
    data = put(tmp_path / "data", {f"{clip}.mp4": video() for clip in CLIPS[:2]})
    listed = put(tmp_path, {"l.txt": "".join(f"{clip}\n" for clip in CLIPS)}) / "l.txt"
    run("add", "vggsound", "--root", data, "--list", listed)
    capfd.readouterr()
    arguments = ["--benchmark", "vggsound:custom@1", "--metric", "fad@logmel", "--no-bounds", "--jobs", "1", "--json"]
    places = ["--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store")]
    assert invoke(["run", "--model", "reference", *arguments, *places]) == 0
    out, err = capfd.readouterr()
    (done,) = json.loads(out)
    assert done["record"]["clips"] == {"ok": 2, "failed": 1}
    assert (done["aggregates"][0]["n"], done["aggregates"][0]["total"]) == (2, 3)
    assert "vggsound:custom@1: 2/3 clips, for the registered data lacks the others (1 absent)" in err
    assert invoke(["run", "--strict", "--model", "reference", *arguments, *places]) == 3
    (data / f"{CLIPS[0]}.mp4").unlink()
    assert invoke(["run", "--model", "reference", *arguments, *places]) == 3
    assert f"{CLIPS[0]} failed: absent: {CLIPS[0]}.mp4 is gone" in capfd.readouterr().err


def test_check_finds_a_replaced_file_even_of_the_same_size_and_time(data, listed, capfd):
    run("add", "vggsound", "--root", data, "--list", listed)
    assert run("check", "vggsound") == 0
    path = data / f"{CLIPS[0]}.mp4"
    before, state = bytearray(path.read_bytes()), path.stat()
    before[-1] ^= 1
    path.write_bytes(before)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert [sample.problem is None for sample in vggsound("custom").samples()] == [True, True, False]
    assert run("check", "vggsound:custom") == 3
    out, err = capfd.readouterr()
    assert f"{path}: changed" in out
    assert f"vsseval data add vggsound --root {data} --variant custom" in err
    assert [sample.problem is None for sample in vggsound("custom").samples()] == [False, True, False]


def test_a_file_replaced_or_lost_after_registration_is_a_problem_of_its_clip(data, listed):
    before = registered(vggsound, data, listed=listed)
    (data / f"{CLIPS[0]}.mp4").write_bytes(video(9.5))
    (data / f"{CLIPS[1]}.mp4").unlink()
    found = {sample.id: sample.problem for sample in vggsound("custom").samples()}
    assert found[CLIPS[0]].startswith(f"changed: {CLIPS[0]}.mp4 is not the file that was registered; vsseval data add")
    assert found[CLIPS[1]].startswith("absent: ")
    after = registered(vggsound, data, listed=listed)
    assert after[CLIPS[0]].problem is None
    assert after[CLIPS[0]].video.sha256 != before[CLIPS[0]].video.sha256


def test_a_folder_that_is_gone_is_told_before_the_run(data, listed):
    registered(vggsound, data, listed=listed)
    data.rename(data.with_name("elsewhere"))
    with pytest.raises(MissingData, match="is not there. Mount it, or register it where it is now: vsseval data add"):
        vggsound("custom")


def test_excluded_clips_stay_in_n(data, listed, tmp_path):
    out = put(tmp_path, {"still.txt": "abcdefghij-_10000_20000\n"}) / "still.txt"
    found = registered(vggsound, data, listed=listed, excluded=[clip_lists.read_list(out)])
    assert len(found) == 3
    assert found[CLIPS[0]].problem.startswith("excluded: by the list still.txt (")


# Going on, and the data folder


def test_what_was_opened_is_not_opened_again(data, listed, monkeypatch, place):
    registered(vggsound, data, listed=listed)
    first = (place / "vggsound/files.jsonl").read_bytes()
    opened = []
    real = hash_media.examine
    monkeypatch.setattr(hash_media, "examine", lambda path: opened.append(path.name) or real(path))
    registered(vggsound, data, "custom-two", listed)
    assert opened == []
    # A crash tore the last line: only its file is opened again.
    (place / "vggsound/files.jsonl").write_bytes(first[:-20])
    assert all(sample.problem is None for sample in list(registered(vggsound, data, listed=listed).values())[:2])
    assert len(opened) == 1


def test_several_processes_find_the_same(tmp_path, listed):
    clips = [f"{i:011d}_000000" for i in range(30)]
    data = put(tmp_path / "data", {f"{clip}.mp4": video(1.0) for clip in clips} | {"00000000007_000000.mp4": b"junk"})
    many = put(tmp_path, {"many.txt": "\n".join(clips)}) / "many.txt"
    seen = []
    two = registered(vggsound, data, "custom-two", many, jobs=2, watch=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 30) for i in range(1, 31)]
    manifest_store.remove_registered("vggsound", "custom-two")
    one = registered(vggsound, data, "custom-one", many, jobs=1)
    assert one == two
    assert {sample.problem.partition(":")[0] for sample in one.values()} == {"too short", "unreadable video"}


def test_a_killed_registration_goes_on(tmp_path, place):
    clips = [f"{i:011d}_000000" for i in range(12)]
    data = put(tmp_path / "data", {f"{clip}.mp4": video(9.0) for clip in clips})
    many = put(tmp_path, {"many.txt": "\n".join(clips)}) / "many.txt"
    code = (
        "import os, sys\nfrom vsseval.datasets import hash_media\nfrom vsseval.cli import invoke\n"
        "real = hash_media.examine\n"
        "def examine(path):\n    if path.name.startswith('00000000006'):\n        os.kill(os.getpid(), 9)\n"
        "    return real(path)\nhash_media.examine = examine\ninvoke(sys.argv[1:])\n"
    )
    command = ["data", "add", "vggsound", "--root", str(data), "--list", str(many), "--jobs", "1"]
    assert subprocess.run([sys.executable, "-c", code, *command], check=False, capture_output=True).returncode == -9
    assert manifest_store.registered_headers() == []
    assert len((place / "vggsound/files.jsonl").read_bytes().splitlines()) == 6
    assert invoke(command) == 0
    assert manifest_store.registered_headers()[0].present == 12


def test_nothing_is_written_into_a_data_folder_that_cannot_be_written(data, listed, capfd):
    for path in data.iterdir():
        path.chmod(0o444)
    data.chmod(0o555)
    before = listing(data)
    try:
        assert run("add", "vggsound", "--root", data, "--list", listed) == 0
        assert run("check", "vggsound") == 0
        assert [sample.problem is None for sample in vggsound("custom").samples()] == [True, True, False]
        assert run("remove", "vggsound") == 0
        assert listing(data) == before
    finally:
        data.chmod(0o755)


def test_manifests_never_go_into_the_data_folder(data, listed, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(data / "inside"))
    before = listing(data)
    with pytest.raises(UsageError, match="set VSSEVAL_DATA elsewhere"):
        registered(vggsound, data, listed=listed)
    assert run("add", "vggsound", "--root", data, "--list", listed) == 2
    assert listing(data) == before


def test_two_registrations_of_one_benchmark_exclude_each_other(data, listed, capfd):
    from vsseval.store.lock import hold_lock

    with hold_lock(manifest_store.data_root(), "vggsound"):
        assert run("add", "vggsound", "--root", data, "--list", listed) == Busy.exit_code
    assert "is being registered already" in capfd.readouterr().err


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "vggsound", "--root", "nowhere"), "--root nowhere does not exist"),
        (("add", "vggsound", "--root", "empty"), "is empty. vggsound is expected as: <id>_"),
        (("add", "vggsound", "--root", "data/abcdefghij-_000010.mp4"), "is no folder"),
        (
            ("add", "vggsound", "--root", "data"),
            "needs vgg-test.tsv or vggsound_mmaudio_test.tsv (https://github.com/hk",
        ),
        (("add", "vggsound", "--root", "data", "--list", "nothing.txt"), "cannot be read: No such file"),
        (("add", "vggsound", "--root", "data", "--list", "void.txt"), "is empty"),
        (("add", "vggsound", "--root", "data", "--list", "latin.txt"), "line 2: not UTF-8"),
        (("add", "vggsound", "--root", "data", "--list", "grid.txt"), "is no list of this benchmark"),
        (("add", "vggsound", "--root", "data", "--list", "header.csv"), "names no clips of vggsound"),
        (("add", "vggsound", "--root", "data", "--list", "double.csv"), "is listed twice, with different content"),
        (("add", "vggsound", "--root", "data", "--list", "commas.csv"), "line 1: 4 cells"),
        (("add", "vggsound", "--root", "data", "--list", "good.txt", "--variant", "mmaudio"), "is not the public list"),
        (("add", "vggsound", "--root", "data", "--variant", "mmaudoi"), "did you mean mmaudio"),
        (("add", "vggsound", "--root", "other", "--list", "good.txt"), "none of the 1 clips of vggsound is in"),
        (("add", "libritts", "--root", "data", "--list", "good.txt"), "takes no list"),
        (("add", "mini_v2s", "--root", "data"), "is no benchmark over data of your own. There are: audiocaps,"),
        (("add", "vgsound", "--root", "data"), "did you mean vggsound"),
        (("add", "vggsound:mmaudio", "--root", "data"), "vsseval data add vggsound --variant mmaudio"),
        (("check", "vggsound"), "is not registered"),
        (("check", "vgsound"), "did you mean vggsound"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, monkeypatch, capfd, data, arguments, message):
    put(tmp_path, {
        "void.txt": "\n \n", "latin.txt": b"abcdefghij-_000010\nabcdefghij\xe9_000010\n",
        "grid.txt": "s2/s2-lwbz4s.wav|x|1\n", "double.csv": "abcdefghij-_000010,dog\nabcdefghij-_000010,cat\n",
        "commas.csv": "abcdefghij-_000010,engine accelerating, revving, vroom\nabcdefghij-_000010,dog\n",
        "header.csv": "file,start_sec\n", "good.txt": "abcdefghij-_000010\n", "other/readme.txt": "no media",
    })  # fmt: skip
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    err = capfd.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert manifest_store.registered_headers() == []


def test_lines_that_come_twice_count_once(data, tmp_path):
    twice = put(tmp_path, {"twice.txt": "abcdefghij-_000010\n_bcdefghijk_0_10000\nabcdefghij-_10000_20000\n"})
    assert list(registered(vggsound, data, listed=twice / "twice.txt")) == list(CLIPS[:2])


def test_names_with_spaces_and_accents_are_found_however_they_are_composed(tmp_path):
    listed = put(tmp_path, {"list.txt": "été ab.cd_ _000000\n"}) / "list.txt"
    root = put(tmp_path / "my data é", {"été ab.cd_ _000000.mp4": video()})
    (sample,) = registered(vggsound, root, listed=listed).values()
    assert sample.problem is None
    decomposed = "e\u0301te\u0301 ab.cd_ _0_10000.mp4"
    (root / "été ab.cd_ _000000.mp4").rename(root / decomposed)
    (sample,) = registered(vggsound, root, listed=listed).values()
    assert (sample.problem, sample.video.path.name) == (None, decomposed)


def test_names_that_are_no_text_are_left_alone(data, listed):
    with open(os.fsencode(data) + b"/\xff\xfe.mp4", "wb") as file:  # noqa: PTH123
        file.write(video())
    assert sum(sample.problem is None for sample in registered(vggsound, data, listed=listed).values()) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_a_problem_and_an_unreadable_folder_an_error(data, listed):
    path = data / f"{CLIPS[0]}.mp4"
    path.chmod(0)
    assert registered(vggsound, data, listed=listed)[CLIPS[0]].problem.startswith("unreadable video: ")
    (data / "below").mkdir(mode=0)
    with pytest.raises(UsageError, match="below cannot be read"):
        registered(vggsound, data, listed=listed)


@pytest.mark.parametrize("content", [b"", b"half of a download", video()[: len(video()) // 3]])
def test_half_a_file_is_a_problem(tmp_path, content, listed):
    data = put(
        tmp_path / "data", {f"{CLIPS[0]}.mp4": content, f"{CLIPS[1]}.mp4": video(), f"{CLIPS[2]}.mp4.part": b"x"}
    )
    found = registered(vggsound, data, listed=listed)
    assert found[CLIPS[0]].problem.startswith("unreadable video: ")
    assert found[CLIPS[2]].problem.startswith("absent: ")


def test_results_of_systems_below_the_root_are_passed_over(data, listed):
    put(data, {f"{folder}/{CLIPS[0]}.mp4": b"x" for folder in ("generated_videos", "Results", "output-1")})
    assert registered(vggsound, data, listed=listed)[CLIPS[0]].problem is None


def test_broken_links_and_links_that_lead_back_do_no_harm(data, listed):
    (data / f"{CLIPS[2]}.mp4").symlink_to(data / "gone.mp4")
    (data / "again").symlink_to(data, target_is_directory=True)
    found = registered(vggsound, data, listed=listed)
    assert [sample.problem and sample.problem.partition(":")[0] for sample in found.values()] == [
        None, None, "unreadable video",
    ]  # fmt: skip


def test_a_damaged_manifest_or_header_names_the_command(data, listed, place, capfd):
    registered(vggsound, data, listed=listed)
    manifest = place / "vggsound/custom/manifest.jsonl"
    whole = manifest.read_bytes()
    for damaged in (whole[:-30], whole[: whole.index(b"\n") + 1], b"\x00"):
        manifest.write_bytes(damaged)
        with pytest.raises(UsageError, match="vsseval data add vggsound"):
            vggsound("custom").samples()
        assert run("check", "vggsound:custom") == 2
    assert "Traceback" not in capfd.readouterr().err
    (place / "vggsound/custom/registered.json").write_text("{")
    with pytest.raises(EnvironmentFault, match="vsseval data remove vggsound:custom"):
        vggsound("custom")
    assert run("remove", "vggsound:custom") == 0


def test_windows_line_ends_and_marks_do_not_make_another_list(tmp_path, data):
    text = "id\tlabel\nabcdefghij-_000010\tdog\n"
    plain = put(tmp_path, {"plain.tsv": text}) / "plain.tsv"
    windows = put(tmp_path, {"windows.tsv": "\ufeff" + text.replace("\n", "\r\n")}) / "windows.tsv"
    pin = clip_lists.Pin(names=(), sha256=clip_lists.read_list(plain).sha256)
    assert clip_lists.matches_pin(clip_lists.read_list(windows), pin)
    assert not clip_lists.matches_pin(clip_lists.read_list(put(tmp_path, {"other.tsv": text + "x"}) / "other.tsv"), pin)
    assert registered(vggsound, data, "custom", windows) == registered(vggsound, data, "custom", plain)
    old = vggsound.variant("mmaudio")
    changed = msgspec.structs.replace(old, size=None, pin=msgspec.structs.replace(old.pin, sha256=pin.sha256))
    one, _ = add_dataset.register_variant(vggsound, changed, data, clip_lists.read_list(windows))
    two, _ = add_dataset.register_variant(vggsound, changed, data, clip_lists.read_list(plain))
    assert one.version == two.version == f"{old.version}-{pin.sha256[:8]}"


# The machinery


def test_ids_are_never_split_at_underscores():
    from vsseval.datasets.file_index import youtube_names

    assert youtube_names("-1pRmoJIGQc_10000_20000")[0] == "-1pRmoJIGQc_000010"
    assert youtube_names("a_b_c_d_e_f_000300.mp4") == (
        "a_b_c_d_e_f_000300", "a_b_c_d_e_f_300000_310000", "a_b_c_d_e_f_300", "a_b_c_d_e_f_300_310",
    )  # fmt: skip
    assert youtube_names("a_b_c_d_e_f_30_40")[0] == "a_b_c_d_e_f_000030"
    assert youtube_names("short_000030") is None
    assert youtube_names("abcdefghijk") is None


def test_every_benchmark_over_data_of_ones_own_has_a_full_card():
    from vsseval.datasets.dataset import Dataset

    found = [plugins.load("benchmarks", name) for name in plugins.names("benchmarks")]
    datasets = {made.name: made for made in found if isinstance(made, Dataset)}
    assert len(datasets) == 21
    for name, made in datasets.items():
        assert plugins.load("benchmarks", name) is made
        for text in (
            made.description,
            made.licence,
            made.citation,
            made.home,
            made.layout,
            made.profile,
            made.known_losses,
        ):
            assert text, name
        assert set(made.metrics) <= set(plugins.names("metrics")), name
        assert made.inputs
        assert len({variant.name for variant in made.variants}) == len(made.variants)
        with pytest.raises(MissingData, match=f"vsseval data add {name} --root DIR"):
            made()


def test_a_factory_imports_no_torch_and_reads_no_media(data, listed, tmp_path):
    registered(vggsound, data, listed=listed)
    code = (
        "import sys\nfrom vsseval import plugins\nmade = plugins.load('benchmarks', 'vggsound')('custom')\n"
        "assert len(made.samples()) == 3\nfor name in ('torch', 'av', 'soundfile'):\n"
        "    assert name not in sys.modules, name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_other_voices_depend_on_ids_and_seed_alone():
    from vsseval.datasets.speaker_prompts import prompt_clips

    speakers = {f"{speaker}{i}": speaker for speaker in "ab" for i in range(9)} | {"c0": "c"}
    chosen = prompt_clips(speakers, seed=0)
    assert chosen == prompt_clips(dict(reversed(speakers.items())), seed=0)
    assert chosen != prompt_clips(speakers, seed=1)
    assert chosen["c0"] is None
    assert all(other is None or (other[0] == clip[0] and other != clip) for clip, other in chosen.items())


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("lbaq4n", "lay blue at q four now"), ("swiz3n", "set white in z three now"), ("bbaf0n", None),
        ("pgbazp", "place green by a zero please"), ("swwpzs", "set white with p zero soon"), ("lbaq4", None),
        ("bbaw1n", None), ("LBAQ4N", "lay blue at q four now"),
    ],
)  # fmt: skip
def test_grid_codes(code, sentence):
    from vsseval.datasets.transcripts import grid_sentence

    if sentence is None:
        with pytest.raises(ValueError, match="is no GRID code"):
            grid_sentence(code)
    else:
        assert grid_sentence(code) == sentence


def test_a_list_without_pin_is_taken_by_the_variant_that_has_none(tmp_path):
    listed = put(tmp_path, {"mine.txt": "s1_lbaq4n\ns1_bbaf2n\n"}) / "mine.txt"
    (chosen,) = add_dataset.chosen_variants(unpinned(grid, "setting2"), [], clip_lists.read_list(listed))
    assert chosen.name == "setting2"
    (chosen,) = add_dataset.chosen_variants(grid, [], clip_lists.read_list(listed))
    assert chosen.name == "custom"
    both = add_dataset.chosen_variants(grid, ["setting1", "setting2", "setting1"], clip_lists.read_list(listed))
    assert [variant.name for variant in both] == ["setting1", "setting2"]
    with pytest.raises(UsageError, match="libritts takes no list"):
        add_dataset.chosen_variants(libritts, [], clip_lists.read_list(listed))


def test_the_documentation_names_every_benchmark_and_variant():
    from vsseval.datasets.dataset import Dataset

    text = (Path(__file__).parents[2] / "docs/benchmarks.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    for name in plugins.names("benchmarks"):
        made = plugins.load("benchmarks", name)
        if isinstance(made, Dataset):
            assert all(f"`{variant.name}`" in rows[name] for variant in made.variants), name
            assert all(f"{variant.size:,}" in rows[name] for variant in made.variants if variant.size), name
