"""Every kind of case, made here and of the folder beside the checkout, held to what is right by whole commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.cases.__main__ import found, hold
from tools.cases.kinds import KINDS, kind_of
from tools.cases.made import CASES
from tools.cases.place import Done, NotHeld, Place

SHARED = Path(__file__).parents[3] / "shared" / "cases"


@pytest.mark.parametrize("name", CASES)
def test_a_case_that_is_made_here_holds(tmp_path, name):
    CASES[name](tmp_path / name)
    hold(tmp_path / name, tmp_path / "work")


@pytest.mark.slow
@pytest.mark.parametrize("case", found(SHARED) if SHARED.is_dir() else [], ids=lambda case: case.name)
def test_a_case_of_the_shared_folder_holds(tmp_path, case):
    hold(case, tmp_path / "work")


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED} beside this checkout")
def test_the_shared_folder_holds_cases_of_every_kind():
    assert {kind_of(case) for case in SHARED.iterdir() if case.is_dir()} == set(KINDS.values())


def test_every_kind_is_made_here():
    assert {kind_of(Path(name)) for name in CASES} == set(KINDS.values())


def test_a_case_that_does_not_hold_is_told(tmp_path):
    CASES["vfr_phases"](tmp_path / "made")
    for folder, suffix in (("clips", "mp4"), ("out", "wav")):
        (tmp_path / "made" / folder / f"phase_0.033.{suffix}").rename(
            tmp_path / "made" / folder / f"phase_0.300.{suffix}"
        )
    with pytest.raises(NotHeld, match=r"phase_0\.300: offset -0\.03"):
        KINDS["vfr_phase"](Place(tmp_path / "made"))
    for code, err in ((70, ""), (3, "Traceback (most recent call last):")):
        with pytest.raises(NotHeld, match="with a traceback"):
            Done("vsseval run", code, "", err, 0).require(0, 3, 70)
