"""One thread a process, or as many as were asked for, wherever torch is loaded; afterwards all is as before."""

from __future__ import annotations

import os
import subprocess
import sys

import torch

from support.fake_plugin import ROOT
from vsseval.engines.threads import VARIABLES, thread_variables, threads


def test_torch_and_what_is_started_have_as_many_threads_as_said(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with threads():
        assert torch.get_num_threads() == 1
        assert {os.environ[name] for name in VARIABLES} == {"1"}
        with threads(4):
            assert torch.get_num_threads() == 4
            assert os.environ["MKL_NUM_THREADS"] == "4"
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ
    torch.set_num_threads(before)
    assert thread_variables(2)["OPENBLAS_NUM_THREADS"] == "2"


def test_torch_that_is_loaded_meanwhile_has_one_thread():
    code = """
from vsseval.engines.threads import threads
with threads():
    import torch
    print(torch.get_num_threads())
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
