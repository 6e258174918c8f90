"""Surroundings that a program may be started in, each as what is done to a fresh and harmless one."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vclamp.engine import cache

ROOT = Path(__file__).parents[2]
HARMLESS = (  # what Qt says by itself
    "This plugin does not support propagateSizeHints()", "Detected locale", "Qt depends on a UTF-8 locale",
    "If this causes problems, reconfigure your locale", "for more information.",
)  # fmt: skip
NOBODY = "import pwd\n\ndef getpwuid(uid):\n    raise KeyError(uid)\n\npwd.getpwuid = getpwuid\n"
ODD_NAMES = {
    "spaces": "my  data ", "umlauts": "Größe Müller", "emoji": "cells 🧠🔬", "long": "x" * 200, "dash": "-rf",
    "quotes": "it's \"mine\"", "percent": "100%d %s", "arabic": "خلية", "line break": "two\nlines",
}  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How it ended."""

    code: int
    errors: str


@dataclass
class Place:
    """A folder with a home, a place for temporary files, and the compiled kernels in both of their places."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    before: str = ""  # what the shell does first
    mounted: list[Path] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def here(self) -> Path:
        return Path(self.environment["PWD"])

    @property
    def kept(self) -> Path:
        """Where the compiled kernels are in the user's cache."""
        return self.home / ".cache" / "vclamp" / self.elsewhere.name

    @property
    def elsewhere(self) -> Path:
        """Where they are if they cannot be there."""
        return self.folder / "tmp" / f"vclamp-{os.getuid()}" / next(cache._places()).name

    def set(self, **variables: str) -> None:
        self.environment.update(variables)

    def unset(self, *names: str) -> None:
        for name in names:
            self.environment.pop(name, None)

    def run(self, *command: str, timeout_s: float = 200.0) -> "Ended":
        """One start of the program there; a window is sent a polite kill as soon as it says that it is done."""
        with subprocess.Popen(
            ["/bin/sh", "-c", f'{self.before}exec "$@"', "sh", *command], env=self.environment, cwd=self.here,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
        ) as child:  # fmt: skip
            watchdog = threading.Timer(timeout_s, child.kill)
            watchdog.start()
            assert child.stdout is not None
            assert child.stderr is not None
            for line in child.stdout:
                if line == "closing\n":
                    child.terminate()
            said = [line for line in child.stderr.read().splitlines() if not line.startswith(HARMLESS)]
            watchdog.cancel()
            return Ended(child.wait(), "\n".join(said))

    def leave(self) -> None:
        """Undo what outlives the folder."""
        for path in self.mounted:
            subprocess.run(["umount", str(path)], check=False)


def fresh(folder: Path) -> Place:
    """A place where nothing is wrong."""
    place = Place(folder)
    for name in ("home", "tmp", "here"):
        (folder / name).mkdir(parents=True)
    known = {
        key: value for key, value in os.environ.items() if not key.startswith(("VCLAMP", "XDG", "LC_", "LANG", "QT"))
    }
    place.environment = {
        **known, "HOME": str(place.home), "TMPDIR": str(folder / "tmp"), "PWD": str(folder / "here"),
        "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    if not cache.is_warm():
        cache.warm_up_aside()
    for copy in (place.kept, place.elsewhere):
        copy.parent.mkdir(parents=True, mode=0o700)
        shutil.copytree(next(cache._places()), copy)
    return place


# ---- what may be wrong


def home(value: str) -> Callable[[Place], None]:
    return lambda place: place.set(HOME=value)


def variables(**values: str) -> Callable[[Place], None]:
    return lambda place: place.set(**values)


def without(*names: str) -> Callable[[Place], None]:
    return lambda place: place.unset(*names)


def limited(limit: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        place.before = f"ulimit {limit} && "

    return act


def no_user(place: Place) -> None:
    """As in a container that runs as a number of its own: there is neither a home nor a name."""
    (place.folder / "site").mkdir()
    (place.folder / "site" / "sitecustomize.py").write_text(NOBODY)
    place.set(PYTHONPATH=f"{place.folder / 'site'}:{ROOT}")
    place.unset("HOME")


def named(name: str) -> Callable[[Place], None]:
    """Home and working folder have an odd name."""

    def act(place: Place) -> None:
        odd = place.folder / name
        for part in ("home", "here"):
            odd.mkdir(exist_ok=True)
            (place.folder / part).rename(odd / part)
        place.set(HOME=str(odd / "home"), PWD=str(odd / "here"))

    return act


def no_cache(place: Place) -> None:
    for copy in (place.kept, place.elsewhere):
        shutil.rmtree(copy)


def damaged_cache(place: Place) -> None:
    for copy in (place.kept, place.elsewhere):
        for file in copy.glob("*/*.nbc"):
            raw = bytearray(file.read_bytes())
            raw[len(raw) // 2] ^= 0xFF
            file.write_bytes(raw)


def open_cache(place: Place) -> None:
    """Anybody could have put code there."""
    place.kept.chmod(0o777)
    place.kept.parent.chmod(0o777)


def file_for_cache(place: Place) -> None:
    shutil.rmtree(place.home / ".cache")
    (place.home / ".cache").write_text("not a folder")


def cache_that_leads_nowhere(place: Place) -> None:
    shutil.rmtree(place.home / ".cache")
    (place.home / ".cache").symlink_to("/proc/nowhere")


def full_disk(place: Place) -> None:
    """There is room for nothing in the home folder, nor in the cache."""
    shutil.rmtree(place.home / ".cache")
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20k", "tmpfs", str(place.home)], check=True, capture_output=True
    )
    place.mounted.append(place.home)
    with suppress(OSError):
        (place.home / "everything").write_bytes(b"x" * 10**6)


def read_only_home(place: Place) -> None:
    """As on a stick, or in a school."""
    for options in (["--bind", str(place.home)], ["-o", "remount,ro,bind"]):
        subprocess.run(["mount", *options, str(place.home)], check=True, capture_output=True)
        place.mounted.append(place.home)


def nowhere_to_write(place: Place) -> None:
    """Neither home nor temporary files: it compiles in memory."""
    shutil.rmtree(place.elsewhere)
    place.set(HOME="/proc/nowhere", TMPDIR="/proc/nowhere")


def damaged_settings(place: Place) -> None:
    folder = place.home / ".local" / "share" / "vclamp"
    folder.mkdir(parents=True)
    (folder / "settings.ini").write_bytes(b"[layout\0\xff\xfe window=@Variant(\0\0\x7f" + os.urandom(500))


def settings_that_are_a_folder(place: Place) -> None:
    (place.home / ".local" / "share" / "vclamp" / "settings.ini").mkdir(parents=True)


def recordings_that_are_a_file(place: Place) -> None:
    folder = place.home / ".local" / "share" / "vclamp"
    folder.mkdir(parents=True)
    (folder / "recordings").write_text("not a folder")


CASES: dict[str, Callable[[Place], None]] = {
    "nothing wrong": lambda place: None,
    "home cannot be written": home("/proc/nowhere"),
    "home is no folder": home("/dev/null"),
    "home is empty": home(""),
    "home is relative": home("x"),
    "no home and no user": no_user,
    "read-only home": read_only_home,
    "cache that anybody can write": open_cache,
    "a file for a cache": file_for_cache,
    "cache that leads nowhere": cache_that_leads_nowhere,
    "full disk": full_disk,
    "damaged settings": damaged_settings,
    "settings that are a folder": settings_that_are_a_folder,
    "recordings that are a file": recordings_that_are_a_file,
    **{
        f"locale {name}": variables(LC_ALL=name, LANG=name) for name in ("tr_TR.UTF-8", "ar_EG.UTF-8", "de_DE", "xx_YY")
    },
    "locale C, ASCII only": variables(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
    "output in latin-1": variables(PYTHONIOENCODING="latin-1"),
    **{f"time zone {name}": variables(TZ=name) for name in ("Asia/Kathmandu", "Pacific/Apia", ":nonsense", "")},
    **{f"folders named with {what}": named(name) for what, name in ODD_NAMES.items()},
    "2 GB of memory": limited(f"-v {2 * 1024**2}"),
    "64 open files": limited("-n 64"),
    "24 open files": limited("-n 24"),
    **{f"scaled by {scale}": variables(QT_SCALE_FACTOR=scale) for scale in ("1.25", "1.5", "2")},
    "no D-Bus": without("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "XDG_RUNTIME_DIR"),
    "a D-Bus that is not there": variables(DBUS_SESSION_BUS_ADDRESS="unix:path=/proc/nowhere"),
    "a runtime folder that is not there": variables(XDG_RUNTIME_DIR="/proc/nowhere"),
    "no path": variables(PATH=""),
    "no assertions and no docstrings": variables(PYTHONOPTIMIZE="2"),
    "every warning is an error": variables(PYTHONWARNINGS="error"),
}
SLOW: dict[str, Callable[[Place], None]] = {
    "no cache": no_cache,
    "damaged cache": damaged_cache,
    "nowhere to write": nowhere_to_write,
}
MOUNTS = ("full disk", "read-only home")
PROGRAM = (sys.executable, str(ROOT / "main.py"))
WINDOW = (sys.executable, str(ROOT / "tests" / "close_at.py"), "run", "0.4", "signal")
