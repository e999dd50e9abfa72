"""Small wheels, as pip takes them, and as they lie once they are installed."""

import zipfile


def write_wheel(folder, package, version, files):
    """Write a wheel that holds `files` (path in it -> bytes); return its path."""
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, *about, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in {**files, **about, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(member, content)
    return path


def install_wheel(path, site):
    """Unpack a wheel into a folder of packages, as installing it does."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(site)
