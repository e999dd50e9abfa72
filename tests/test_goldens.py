"""Every golden file is read by a test: one that is added, or left behind, is never silently ignored."""

from pathlib import Path

import pytest

from support import goldens


def test_every_golden_file_is_read_by_some_test(request):
    here = Path(__file__).parent
    collected = {Path(item.path) for item in request.session.items}
    if missing := set(here.rglob("test_*.py")) - collected:
        pytest.skip(f"only part of the suite was collected: {len(missing)} files are missing")
    assert [str(path.relative_to(goldens.GOLDEN)) for path in goldens.unasked()] == []


def test_a_file_that_nobody_asks_for_is_named(tmp_path, monkeypatch):
    for name in ("a/x_a.npz", "a/x_b.npz", "a/README.md", "b/keys/net.json", "new_c.npz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(goldens, "GOLDEN", tmp_path)
    monkeypatch.setattr(goldens, "asked", set())
    assert goldens.parts("a/x") == ["a", "b"]
    goldens.files("b/keys")
    assert goldens.unasked() == [tmp_path / "new_c.npz"]
    with pytest.raises(FileNotFoundError, match="gone"):
        goldens.files("gone_*.npz")
