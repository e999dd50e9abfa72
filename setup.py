"""Builds the package with the folders of `baselines/` inside it, as `vsseval/baselines/`; the rest: pyproject.toml.

In a checkout they lie at the top, where vsseval finds them by itself, so that an editable install needs no copy.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SOURCE = Path("baselines")


class BuildWithBaselines(build_py):
    """Copies the folders into the package that is built, and lists them as sources of it."""

    def run(self) -> None:
        """Build the package; an editable one reads the checkout."""
        super().run()
        if not self.editable_mode:
            for file in _files():
                target = Path(self.build_lib, "vsseval", file)
                self.mkpath(str(target.parent))
                self.copy_file(str(file), str(target))

    def get_source_files(self) -> list[str]:
        """Return what an sdist must hold."""
        return [*super().get_source_files(), *map(str, _files())]


def _files() -> list[Path]:
    """Return the files of all folders, relative to this one, without what Python and file managers leave there."""
    found = [path for folder in SOURCE.iterdir() if folder.name != "__pycache__" for path in folder.glob("[!._]*")]
    return sorted(path for path in found if path.is_file())


setup(cmdclass={"build_py": BuildWithBaselines})
