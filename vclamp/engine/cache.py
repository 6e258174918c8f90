"""Where compiled kernels are kept: in a folder that is loaded only while every byte in it is as it was written.

Numba does not notice an edit in another file that a cached function calls, runs damaged machine code,
and fails where it cannot write. So another process compiles everything into a new folder, which takes
its place in one move, with a fingerprint; a folder without a true one is not used but made again.
"""

import hashlib
import importlib
import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from vclamp import paths
from vclamp.errors import VClampError

_PACKAGE = Path(paths.__file__).parent
_SOURCES = (*sorted((_PACKAGE / "engine/kernels").glob("*.py")), _PACKAGE / "ui/scopes/raster.py")
_MODULES = [".".join(source.relative_to(_PACKAGE.parent).with_suffix("").parts) for source in _SOURCES]
_CLAMPED = f"{__package__}.kernels.line"  # the last that the ideal clamp's kernels need
_HALVES = [each for each in _MODULES if each <= _CLAMPED], [each for each in _MODULES if each > _CLAMPED]
_READY = "ready"
_COMPILES = "VCLAMP_COMPILES"  # set in the process that fills a folder
_LOOK_S = 0.2
_PATIENCE_S = 600.0
_UNUSED_S = 30 * 86400.0

_failed: set[Path] = set()  # not tried again in this process

Tell = Callable[[int, int], bool]


def prepare() -> bool:
    """Point numba at the compiled kernels, compiled first if they are not; must come before the first `import numba`.

    Returns
    -------
    bool
        Whether numba may keep what it compiles. False where no folder can be written: it then
        has to compile in memory, at every start.
    """
    if not is_filling() and "numba" not in sys.modules:
        warm_up_aside()
        os.environ.pop("NUMBA_CACHE_DIR", None)
        if (folder := _whole()) is not None:
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            os.utime(folder)  # in use: not to be tidied away
    return "NUMBA_CACHE_DIR" in os.environ


def is_filling() -> bool:
    """Whether this process is one that compiles for others."""
    return _COMPILES in os.environ


def is_warm() -> bool:
    """Whether some earlier start has compiled these very sources, and nothing has happened to the result."""
    return _whole() is not None


def warm_up_aside(tell: Tell = lambda done, total: True) -> None:
    """Compile in another process, so that a window in this one stays alive meanwhile.

    `tell` hears now and then how many kernels of how many are compiled, and says whether to go on.
    """
    if is_warm() or is_filling():
        return
    for place in _places():
        if place not in _failed and _make(place, tell):
            return
        _failed.add(place)


def cannot_keep() -> VClampError:
    """What to say where nothing can be kept."""
    return VClampError(
        "the compiled engine cannot be kept there, so that every start compiles it anew",
        where=str(paths.cache_folder()),
        remedy="Free 10 MB, or set VCLAMP_CACHE to a folder of your own that can be written.",
    )


def load() -> None:
    """Import the kernels; if numba stumbles over what it reads, that is thrown away and made again."""
    try:
        _import_all()
    except Exception:  # numba raises anything at all
        for place in _places():
            shutil.rmtree(place, ignore_errors=True)
        _import_all()


def _import_all() -> None:
    for module in _MODULES:
        importlib.import_module(module)


def _places() -> Iterator[Path]:
    """Where the folder may be: in the user's cache or, if that cannot be written, among temporary files."""
    name = f"numba-{_key()}"
    yield paths.cache_folder().absolute() / name
    with suppress(OSError):  # there is no such place either
        yield Path(tempfile.gettempdir()).absolute() / f"vclamp-{paths.user_number()}" / name


def _key() -> str:
    """What compiled code depends on: the sources, Python, numba, and the processor."""
    numba = importlib.util.find_spec("numba")
    file = sys.executable if getattr(sys, "frozen", False) else numba and numba.origin  # a bundle holds numba's code
    made = Path(file).stat().st_mtime_ns if file else 0
    digest = hashlib.sha256(f"{sys.version} {made} {_PACKAGE} {_processor()}".encode())
    for source in _SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """Its model and what it can do: a home folder may be shared by several machines."""
    if not sys.platform.startswith("linux"):
        return platform.processor()
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        first = file.read(8192).split("\n\n")[0].splitlines()
        return "".join(line for line in first if line.startswith(("model name", "flags", "Features", "CPU part")))
    return platform.machine()


def _whole() -> Path | None:
    """The first folder that is as it was written."""
    return next(filter(_is_whole, _places()), None)


def _is_whole(folder: Path) -> bool:
    try:
        usable = _private(folder.parent) and _private(folder) and os.access(folder, os.W_OK | os.X_OK)
        return usable and (folder / _READY).read_bytes() == _fingerprint(folder)
    except OSError:
        return False


def _fingerprint(folder: Path) -> bytes:
    """A hash of every file's name and bytes."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*/*")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest().encode()


def _make(place: Path, tell: Tell) -> bool:
    """Compile into a new folder and move it to its place; whether there is a whole one then."""
    new = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _private(place.parent):
            return False
        new = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
        if _fill(new, tell):
            (new / _READY).write_bytes(_fingerprint(new))
            _publish(new, place)
    except OSError:
        pass  # full, read-only, or another process was faster
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)
    return _is_whole(place)


def _fill(folder: Path, tell: Tell) -> bool:
    """Compile into a folder, in two processes that take about as long; whether that came to its end.

    Both come to `chance` and `tables`, and write the same.
    """
    total = sum(source.read_text(encoding="utf-8").count("\n@njit(") for source in _SOURCES)
    environment = {**os.environ, _COMPILES: "1", "NUMBA_CACHE_DIR": str(folder)}
    mute, until = subprocess.DEVNULL, time.monotonic() + _PATIENCE_S
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "vclamp.engine.cache", *modules],
            env=environment, cwd=_PACKAGE.parent, stdin=mute, stdout=mute, stderr=mute,
        )
        for modules in _HALVES
    ]  # fmt: skip
    while any(child.poll() is None for child in children):
        go_on = tell(sum(1 for _ in folder.glob("*/*.nbi")), total) and time.monotonic() < until
        if not go_on or any(child.returncode for child in children):
            for child in children:
                child.kill()
        time.sleep(_LOOK_S)
    return not any(child.returncode for child in children)


def _publish(new: Path, place: Path) -> None:
    """Let a whole folder take the place of one that is not, and remove what nobody has used for long."""
    if not _is_whole(place):
        old = new.with_name(f"{new.name}.old")
        if place.exists():
            place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    now = place.stat().st_mtime
    for other in place.parent.glob(f"numba-{'[0-9a-f]' * 16}*"):
        if other.stat().st_mtime < now - _UNUSED_S:
            shutil.rmtree(other, ignore_errors=True)


def _private(folder: Path) -> bool:
    """Compiled code is executed: nobody else may be able to write it."""
    if sys.platform == "win32":
        return True
    status = folder.lstat()
    mine = stat.S_ISDIR(status.st_mode) and status.st_uid == paths.user_number()
    return mine and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


if __name__ == "__main__":
    if sys.argv[1:] and sys.platform != "win32":
        os.nice(5)  # the window comes first
    for wanted in sys.argv[1:]:
        importlib.import_module(wanted)
    if not sys.argv[1:]:
        warm_up_aside()
