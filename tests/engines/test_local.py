"""Units in processes: each is carried out, a killer is the only one that is lost, and warnings come through."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from vsseval.engines import devices
from vsseval.engines.answers import answer, plain_fault
from vsseval.engines.devices import process_devices, processes
from vsseval.engines.listed import _Listed, run_all
from vsseval.engines.local import Local
from vsseval.errors import EnvironmentFault, MissingEnvironment, MissingExtra, MissingWeights, ReportedOnly
from vsseval.types import ModelCard


@dataclass(frozen=True)
class Numbers:
    """Writes the square of each number; 13 kills."""

    numbers: tuple[int, ...]
    folder: Path

    def run(self, kept, tell):
        kept["runs"] = kept.get("runs", 0) + 1
        for number in self.numbers:
            if number == 13:
                os._exit(9)
            (self.folder / str(number)).write_text(str(number**2))
            tell(1)
        logging.getLogger("vsseval").warning("%d done", len(self.numbers))
        return [(os.getpid(), kept["runs"], os.environ["OMP_NUM_THREADS"], os.environ.get("CUDA_VISIBLE_DEVICES"))]

    def parts(self):
        return [Numbers((number,), self.folder) for number in self.numbers]

    def give_up(self, why):
        return [f"{self.numbers}: {why}"]


class Lacking(Numbers):
    def run(self, kept, tell):
        raise MissingEnvironment("get it", ModelCard(name="x", version="1", tasks=()))


def units(folder, *groups):
    return [Numbers(tuple(group), folder) for group in groups]


def squares(folder):
    return {int(path.name): int(path.read_text()) for path in folder.iterdir()}


def test_one_process_is_this_one(tmp_path, caplog):
    with Local(1) as engine:
        found = run_all(engine, units(tmp_path, [1, 2], [3]))
    assert [(pid, runs) for pid, runs, *_ in found] == [(os.getpid(), 1), (os.getpid(), 2)]
    assert squares(tmp_path) == {1: 1, 2: 4, 3: 9}


def test_a_killer_is_found_and_nothing_else_is_lost(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with Local(2) as engine:
        found = run_all(engine, units(tmp_path, [1, 2], [12, 13, 14], [3], [4, 5]))
        lost = [one for one in found if isinstance(one, str)]
        assert lost == ["(13,): the process that worked on it was killed (out of memory?)"]
        assert squares(tmp_path) == {n: n**2 for n in (1, 2, 3, 4, 5, 12, 14)}
        assert "2 done" in caplog.messages
        again = run_all(engine, units(tmp_path, [6], [7], [8]))
    workers = [one for one in found + again if not isinstance(one, str)]
    assert os.getpid() not in {pid for pid, *_ in workers}
    assert {variables for _, _, variables, _ in workers} == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    with Local(2) as engine, pytest.raises(MissingExtra, match="get it"):
        run_all(engine, [Lacking((1,), tmp_path), Lacking((2,), tmp_path)])


def test_after_a_kill_nothing_is_carried_out_here(tmp_path):
    with Local(2) as engine:
        run_all(engine, units(tmp_path, [13], [1]))
        ((pid, *_),) = run_all(engine, units(tmp_path, [2]))
    assert pid != os.getpid()


def test_a_single_unit_starts_no_process(tmp_path):
    with Local(2) as engine:
        ((pid, *_),) = run_all(engine, units(tmp_path, [1]))
    assert pid == os.getpid()


def test_faults_and_warnings_can_be_sent(tmp_path):
    sent = answer(Numbers((2,), tmp_path), {})
    assert (sent.notes, sent.fault, sent.found[0][:2]) == (["1 done"], None, (os.getpid(), 1))
    card = ModelCard(name="x", version="1", tasks=())
    assert type(plain_fault(ReportedOnly("no", card))) is MissingExtra
    assert type(plain_fault(MissingWeights("no"))) is MissingWeights
    assert str(answer(Lacking((1,), tmp_path), {}).fault) == "get it"


def test_each_process_sees_one_gpu_of_those_that_may_be_seen(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert processes("cuda") == 2
    assert process_devices("cuda", 3) == ["2", "5", "2"]
    assert process_devices("cuda:1", 3) == process_devices("cpu", 3) == []
    assert processes("cuda:1") == 1


def test_there_are_as_many_processes_as_have_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 64)
    monkeypatch.setattr(devices, "LIMIT", tmp_path / "max")
    there = processes("cpu")
    assert 1 <= there == min(64, psutil.virtual_memory().total // devices.PROCESS_BYTES) or there == 1
    for limit, count in ((str(10 << 30), 3), (str(1 << 20), 1), ("max", there)):
        (tmp_path / "max").write_text(f"{limit}\n")
        assert processes("cpu") == min(count, there)


def test_processes_on_gpus_have_one_each(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    monkeypatch.setattr("vsseval.engines.local.require_device", lambda device: None)
    with Local(0, "cuda") as engine:
        assert engine.jobs == 2
        found = run_all(engine, units(tmp_path, *([n] for n in range(12))))
    by_process = {(pid, device) for pid, _, _, device in found}
    assert len(by_process) == len({pid for pid, _ in by_process}) <= 2
    assert {device for _, device in by_process} <= {"2", "5"}


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(EnvironmentFault, match="xpu:9"):
        Local(1, "xpu:9")


@dataclass(frozen=True)
class Patient(Numbers):
    """Starts a program that takes long, and waits for it."""

    def run(self, kept, tell):
        program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
        try:
            (self.folder / str(self.numbers[0])).write_text(str(program.pid))
            program.wait()
        finally:
            program.kill()
            program.wait()


@dataclass(frozen=True)
class Loaded(Numbers):
    """Tells what its process was forked with, and from which."""

    def run(self, kept, tell):
        import torch

        return [(os.getppid(), os.environ.get("OF_NOW"), torch.get_num_threads())]


def threads_of(pid):
    """Names of the threads of a process, but for that of an allocator, which is stopped and started around a fork."""
    names = [(task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [name for name in names if not name.startswith("jemalloc")]


def forked(folder):
    """Start processes twice, with another environment; they come from one that is as it should be."""
    said = []
    for now in ("first", "second"):
        os.environ["OF_NOW"] = now
        with Local(2) as engine:
            said.append(run_all(engine, [Loaded((number,), folder) for number in range(4)]))
        ((mother, *_),) = {(one[0],) for one in said[-1]}
        process = psutil.Process(mother)
        assert len(threads_of(mother)) == 1  # else it could not be forked
        assert process.ppid() == os.getpid()
        assert any("libtorch" in one.path for one in process.memory_maps())
        for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):  # as terminals and Slurm send to all
            process.send_signal(number)
    assert {one[1:] for one in said[0]} == {("first", 1)}
    assert {one[1:] for one in said[1]} == {("second", 1)}
    assert said[0][0][0] == said[1][0][0]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_processes_are_forked_from_one_that_has_loaded_torch_and_has_the_environment_of_now(tmp_path):
    # in a process of its own: in this one another library may have started what all processes are forked from
    here = Path(__file__).parent
    places = os.pathsep.join(map(str, (here, here.parent, here.parents[1])))
    code = "import pathlib, sys, test_local; test_local.forked(pathlib.Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], env={**os.environ, "PYTHONPATH": places}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_who_interrupts_waits_for_no_unit_and_leaves_no_program(tmp_path):
    class Impatient(Exception):
        pass

    class Watched(_Listed):
        def pulse(self):
            if len([*tmp_path.iterdir()]) == 2:
                raise Impatient

    with pytest.raises(Impatient), Local(2) as engine:
        engine.run(Watched([Patient((number,), tmp_path) for number in (1, 2)]))
    programs = squares(tmp_path)
    assert len(programs) == 2
    left = [psutil.Process(pid) for pid in programs.values() if psutil.pid_exists(pid)]
    assert psutil.wait_procs(left, timeout=20)[1] == []  # long before they would end by themselves
