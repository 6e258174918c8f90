"""Where numba keeps compiled kernels: a private folder keyed by the sources' own hash.

Numba does not notice an edit in another file that a cached function calls, and fails where
it cannot write; a folder of our own for each version of the sources mends both.
"""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from vclamp import paths

_SOURCES = ("engine/kernels.py", "ui/scopes/raster.py")
_READY = "ready"


def prepare() -> Path:
    """Point numba at its folder; must come before the first `import numba`."""
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _private(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise OSError("not ours alone")
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="vclamp-numba-"))
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def is_warm() -> bool:
    """Whether some earlier start has compiled these very sources."""
    return (_folder() / _READY).exists()


def warm_up_aside() -> None:
    """Compile in another process, so that a window in this one stays alive meanwhile."""
    if not is_warm() and not getattr(sys, "frozen", False):
        subprocess.run(
            [sys.executable, "-m", "vclamp.engine.cache"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=False,
        )


def load() -> None:
    """Import the kernels; a cache that cannot be read is thrown away and made again."""
    folder = prepare()
    try:
        import vclamp.engine.kernels
    except Exception:  # numba raises anything at all on a damaged cache
        shutil.rmtree(folder, ignore_errors=True)
        prepare()
        import vclamp.engine.kernels  # noqa: F401


def mark_warm() -> None:
    """Note that everything is compiled and stored."""
    with suppress(OSError):  # a full or read-only disk only costs the next start some seconds
        (Path(os.environ["NUMBA_CACHE_DIR"]) / _READY).touch()


def _folder() -> Path:
    digest = hashlib.sha256(sys.version.encode())
    package = Path(paths.__file__).parent
    for source in _SOURCES:
        file = package / source
        digest.update(file.read_bytes() if file.exists() else source.encode())
    return paths.cache_folder() / f"numba-{digest.hexdigest()[:16]}"


def _private(folder: Path) -> bool:
    """Compiled code is executed: nobody else may be able to write it."""
    if sys.platform == "win32":
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


if __name__ == "__main__":
    load()
    import importlib

    importlib.import_module("vclamp.ui.scopes.raster")
    mark_warm()
