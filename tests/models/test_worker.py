"""The worker protocol against workers that print, fork, hang, die, lie and flood."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from vsseval.engines.threads import threads
from vsseval.errors import EnvironmentFault
from vsseval.media import write_mp4
from vsseval.models import subprocesses, vsseval_worker, worker
from vsseval.models.worker import WorkerLaunch, WorkerProcess

PROTOCOL = Path(vsseval_worker.__file__)
HEAD = "import os, sys, time\nfrom vsseval_worker import serve, Refusal\n"


def launch(tmp_path, body, python=sys.executable, **more):
    """Write a worker whose `generate(request)` has the body given."""
    script = tmp_path / "my_worker.py"
    text = f"{HEAD}\ndef load(hello):\n    def generate(request):\n"
    text += textwrap.indent(textwrap.dedent(body), " " * 8) + "\n    return generate\n\nserve(load)\n"
    script.write_text(text)
    fields = {"clip_seconds": 20.0, "start_seconds": 20.0, **more}
    return WorkerLaunch(
        name="mine", command=(str(python), str(script)), cwd=tmp_path, log=tmp_path / "log.txt",
        scratch=tmp_path / "scratch", hello={"device": "cpu"}, **fields,
    )  # fmt: skip


def answers(given, count=4):
    worker = WorkerProcess(given)
    try:
        return {t.id: t for t in worker.generate([{"id": f"c{i}", "seed": i} for i in range(count)])}
    finally:
        worker.close()


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_sound_comes_through(tmp_path, batch):
    outputs = answers(launch(tmp_path, "return [0.5, -0.25, request['seed'] / 8], 16000", batch=batch))
    assert list(outputs) == ["c0", "c1", "c2", "c3"]
    assert outputs["c3"].samples.tolist() == [0.5, -0.25, 0.375]
    assert outputs["c3"].samples.dtype == np.float32
    assert outputs["c3"].sample_rate == 16000


def test_channels_arrays_and_files(tmp_path):
    body = """
        if request["id"] == "c0":
            return [[0.5, 0.25], [0.0, -0.5]], 8000
        if request["id"] == "c1":
            import numpy
            return numpy.array([[0.5, 0.25], [0.0, -0.5]]), 8000
        import wave
        path = os.path.join(%r, "a.wav")
        with wave.open(path, "wb") as file:
            file.setnchannels(1); file.setsampwidth(2); file.setframerate(8000)
            file.writeframes(b"\\0\\x40" * 8)
        return path
    """
    outputs = answers(launch(tmp_path, body % str(tmp_path / "scratch")), 3)
    for clip in ("c0", "c1"):
        assert outputs[clip].samples.tolist() == [[0.5, 0.25], [0.0, -0.5]]
    assert outputs["c2"].samples.tolist() == [[0.5] * 8]


def test_a_worker_has_as_many_threads_as_its_model_may(tmp_path):
    body = "return [int(os.environ[name]) / 8 for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')], 16000"
    for count in (1, 3):
        with threads(count):
            assert answers(launch(tmp_path, body), 1)["c0"].samples.tolist() == [count / 8] * 2


def test_prints_children_and_c_libraries_land_in_the_log(tmp_path):
    body = """
        print("from python")
        sys.stdout.write("{}\\n")
        os.system("echo from a child; cat; echo to stderr >&2")
        os.write(1, b"from C\\n")
        if os.fork() == 0:
            print("a fork that comes back")
            return [1.0], 16000
        return [0.5], 16000
    """
    given = launch(tmp_path, body)
    outputs = answers(given, 3)
    assert [t.samples.tolist() for t in outputs.values()] == [[0.5]] * 3
    log = given.log.read_text()
    for line in ("from python", "from a child", "to stderr", "from C", "a fork that comes back"):
        assert line in log


def test_a_clip_that_kills_twice_is_given_up_and_the_others_go_on(tmp_path):
    body = """
        print("life", os.getpid(), request["id"])
        if request["id"] == "c1":
            print("segmentation is at fault")
            os.kill(os.getpid(), 11)
        return [0.5], 16000
    """
    for batch in (1, 4):
        given = launch(tmp_path, body, batch=batch)
        outputs = answers(given)
        assert sorted(outputs) == ["c0", "c1", "c2", "c3"]
        assert {clip for clip, output in outputs.items() if output.samples is None} == {"c1"}
        for part in ("ended the worker 2 times", "SIGSEGV", str(given.log), "segmentation is at fault"):
            assert part in outputs["c1"].error
    assert given.log.read_text().count("c1\n") == 4


def test_a_clip_that_kills_once_is_tried_again(tmp_path):
    mark = tmp_path / "mark"
    body = f"""
        if request["id"] == "c1" and not os.path.exists({str(mark)!r}):
            open({str(mark)!r}, "w").close()
            os._exit(3)
        return [0.5], 16000
    """
    assert all(output.samples is not None for output in answers(launch(tmp_path, body)).values())


def test_a_batch_mate_is_not_blamed(tmp_path):
    """A worker that dies of the third of a batch before it answers the first loses the third only."""
    script = launch(tmp_path, "", batch=4).command[1]
    Path(script).write_text(
        HEAD + "import json, vsseval_worker as w\n"
        "read = w._read\n"
        "def look(lines):\n"
        "    message = read(lines)\n"
        "    if any(r['id'] == 'c2' for r in message.get('requests', [])):\n"
        "        os._exit(4)\n"
        "    return message\n"
        "w._read = look\n"
        "serve(lambda hello: lambda request: ([0.5], 8000))\n"
    )
    given = WorkerLaunch(
        name="mine", command=(sys.executable, script), cwd=tmp_path, log=tmp_path / "log.txt",
        scratch=tmp_path / "scratch", batch=4, clip_seconds=20.0,
    )  # fmt: skip
    outputs = answers(given)
    assert {clip for clip, output in outputs.items() if output.samples is None} == {"c2"}


def test_a_hanging_clip_is_ended_with_its_children(tmp_path):
    body = """
        if request["id"] == "c0":
            os.system("sleep 60 & echo $! > pid")
            time.sleep(60)
        return [0.5], 16000
    """
    begun = time.monotonic()
    outputs = answers(launch(tmp_path, body, clip_seconds=0.7))
    assert time.monotonic() - begun < 15
    assert "has not answered in 1 s" in outputs["c0"].error
    assert outputs["c3"].samples is not None
    child = int((tmp_path / "pid").read_text())
    assert Path(f"/proc/{child}/status").exists() is False or "zombie" in Path(f"/proc/{child}/status").read_text()


def test_who_stops_in_the_middle_gets_no_old_answers(tmp_path):
    worker = WorkerProcess(launch(tmp_path, "return [request['seed'] / 8], 8000", batch=4))
    outputs = worker.generate([{"id": f"c{i}", "seed": i} for i in range(4)])
    next(outputs)
    outputs.close()
    (output,) = worker.generate([{"id": "c9", "seed": 4}])
    worker.close()
    assert output.samples.tolist() == [0.5]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise Refusal('too short for this network')", "too short for this network"),
        ("raise MemoryError('out of GPU memory')", "MemoryError: out of GPU memory"),
        ("return None", "TypeError"),
        ("return 'elsewhere.wav'", "outside the folder"),
        ("return [[0.5, 0.5], [0.5]], 8000", "the channels differ in length: 2, 1 samples"),
    ],
)
def test_a_clip_without_sound_has_a_reason_and_the_log(tmp_path, body, says):
    outputs = answers(launch(tmp_path, body), 2)
    assert len(outputs) == 2
    assert all(output.samples is None and says in output.error for output in outputs.values())


def test_a_flood_of_prints_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocesses, "LARGEST", 100_000)
    given = launch(tmp_path, "os.system('yes | head -c 3000000; echo the end')\nreturn [0.5], 8000")
    outputs = answers(given, 1)
    assert outputs["c0"].samples.tolist() == [0.5]
    log = given.log.read_text()
    assert len(log) < 400_000
    assert "bytes left out" in log
    assert log.endswith("the end\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        ("import time; time.sleep(60)", "has not answered in"),
        ("print('{}')", "it answered {} to the greeting"),
        ("print('hello, I am no worker'); import time; time.sleep(9)", "where a message was due"),
        ("from vsseval_worker import serve\ndef load(h):\n    raise OSError('no weights')\nserve(load)", "no weights"),
    ],
)
def test_a_worker_that_does_not_start_is_a_fault_of_the_environment(tmp_path, text, says):
    given = launch(tmp_path, "", start_seconds=2.0)
    Path(given.command[1]).write_text(text)
    with pytest.raises(EnvironmentFault, match="vsseval baselines setup mine") as fault:
        answers(given)
    assert says in str(fault.value)
    assert str(given.log) in str(fault.value)


def test_what_a_worker_said_before_it_was_greeted_is_heard(tmp_path, monkeypatch):
    """It is gone by the time of the greeting, which meets a closed pipe."""
    greet = worker._Process._send

    def late(process, message):
        process._program.wait(10)
        greet(process, message)

    monkeypatch.setattr(worker._Process, "_send", late)
    given = launch(tmp_path, "")
    Path(given.command[1]).write_text("print('{}')")
    with pytest.raises(EnvironmentFault, match="it answered {} to the greeting"):
        answers(given)


def test_an_interpreter_that_is_not_there(tmp_path):
    with pytest.raises(EnvironmentFault, match="cannot be started: No such file"):
        answers(launch(tmp_path, "", python=tmp_path / "python"))


def test_the_worker_ends_with_the_harness(tmp_path):
    """Whoever is killed leaves no worker behind: its input ends."""
    given = launch(tmp_path, "return [0.5], 8000")
    code = (
        f"import os, msgspec\nfrom pathlib import Path\nfrom vsseval.models.worker import WorkerLaunch, WorkerProcess\n"
        f"given = WorkerLaunch(name='m', command={given.command!r}, cwd=Path({str(tmp_path)!r}), "
        f"log=Path({str(given.log)!r}), scratch=Path({str(given.scratch)!r}))\n"
        f"worker = WorkerProcess(given)\nlist(worker.generate([{{'id': 'c'}}]))\n"
        f"print(worker._process._program.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/status").read_text().split("State:\t")[1][0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the worker lives on")


def test_the_workers_file_is_python_3_8_and_stands_alone():
    tree = ast.parse(PROTOCOL.read_text(), feature_version=(3, 8))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imports <= set(sys.stdlib_module_names)
    assert len(PROTOCOL.read_text().splitlines()) < 200


@pytest.mark.parametrize("picture", [True, False])
def test_a_video_that_a_worker_makes_comes_with_its_picture_where_it_is_its_own(tmp_path, picture):
    write_mp4(tmp_path / "made.mp4", np.zeros((5, 16, 16, 3), np.uint8), 25, np.full(3200, 0.1), 16000)
    body = f"import shutil; return shutil.copy({str(tmp_path / 'made.mp4')!r}, 'scratch/a.mp4')"
    output = answers(launch(tmp_path, body, picture=picture), 1)["c0"]
    assert output.samples.shape == (1, 3200)
    assert output.picture == ((tmp_path / "made.mp4").read_bytes() if picture else None)
    assert not (tmp_path / "scratch" / "a.mp4").exists()
