"""A stranger's benchmark over data of one's own: one small package, and no edit elsewhere."""

from __future__ import annotations

import json

import pytest

from support.data_trees import put, video
from vsseval import plugins
from vsseval.cli import invoke

MODULE = """
from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import Dataset, ClipEntry, Pin, DatasetSource, Variant


def list_clips(source: DatasetSource) -> list[ClipEntry]:
    ids = [cells[0] for _, cells in clip_lists.lines(source.list)]
    found = {clip: source.tree.stem("video", clip) for clip in ids}
    return [
        ClipEntry(id=clip, cluster=clip, video=file.path, own_sound=True, problem=file.problem)
        for clip, file in found.items()
    ]


my_clips = Dataset(
    name="my_clips", task="v2s", description="Mine.", licence="MIT", citation="Me", home="https://example.org",
    layout="<clip>.mp4 and test.txt", list_clips=list_clips,
    variants=(Variant(name="test", pin=Pin(names=("test.txt",)), seconds=2.0),), metrics=("fad@logmel",),
    profile="mini", protocol="", inputs=("video",), known_losses="None.",
)
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path, as an installer leaves it."""
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "registered"))
    put(tmp_path / "site", {
        "stranger_clips.py": MODULE,
        "stranger_clips-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: stranger-clips\nVersion: 1.0\n",
        "stranger_clips-1.0.dist-info/entry_points.txt": "[vsseval.benchmarks]\nmy_clips = stranger_clips:my_clips\n",
    })  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.mark.usefixtures("site")
def test_a_strangers_data_set_is_registered_listed_and_run(tmp_path, capfd):
    data = put(tmp_path / "data", {"a.mp4": video(3.0), "b.mp4": video(3.0), "test.txt": "a\nb\nc\n"})
    assert "my_clips" in plugins.names("benchmarks")
    assert invoke(["data", "show", "my_clips"]) == 0
    assert invoke(["data", "add", "my_clips", "--root", str(data)]) == 0
    out, err = capfd.readouterr()
    assert "my_clips:test  2 of 3 usable  test.txt" in out
    assert "c: absent: no video is named c" in err
    places = ["--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store"), "--no-bounds", "--jobs", "1"]
    assert invoke(["run", "--model", "reference", "--benchmark", "my_clips", "--json", *places]) == 0
    (done,) = json.loads(capfd.readouterr().out)
    assert done["record"]["benchmark"]["name"] == "my_clips:test"
    assert done["record"]["clips"] == {"ok": 2, "failed": 1}
    assert [(cell["metric"], cell["n"], cell["total"]) for cell in done["aggregates"]] == [("fad@logmel", 2, 3)]
