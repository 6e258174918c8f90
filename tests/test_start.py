"""Compiled kernels are made once, checked before every use, and their folder is never in the way."""

import importlib
import os
import pkgutil
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from vclamp import paths
from vclamp.engine import cache
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.files import load_rig
from vclamp.model.protocol import CurrentRamp, CurrentStep, Hold, Protocol, Ramp, Step

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, modes and limits of Unix")
PACKAGE = Path(paths.__file__).parent
# A program with the real cache.py and kernels that compile in a moment.
KERNELS_INIT = "from vclamp.engine import cache\nKEEP = cache.prepare()\n"
KERNEL = """
from vclamp.engine.kernels import KEEP
from numba import njit

@njit(["f8(f8)"], cache=KEEP)
def {name}(x):
    return {value} * x
"""
START = """
import sys, resource, signal
for limit in sys.argv[1:]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
from vclamp.engine import cache
told = []
cache.warm_up_aside(lambda *parts: told.append(parts) or True)
cache.load()
from vclamp.engine.kernels.one import one
from vclamp.ui.scopes.raster import raster
loaded = sum(sum(f.stats.cache_hits.values()) for f in (one, raster))
print(one(2.0), raster(2.0), loaded, len(told) > 0, {t for _, t in told} <= {2}, cache.is_warm())
"""
# Stands in for numba where it is only about who writes when: keeps a file a kernel, slowly.
NUMBA = """
import os, time, types
from pathlib import Path

def njit(signatures, cache):
    def decorate(f):
        folder = Path(os.environ["NUMBA_CACHE_DIR"], "kernels") if cache else None
        kept = cache and (folder / f"{f.__name__}.nbi").exists()
        if cache and not kept:
            time.sleep(0.3)
            folder.mkdir(exist_ok=True)
            (folder / f"{f.__name__}.nbi").write_text("kept")
        f.stats = types.SimpleNamespace(cache_hits={0: int(kept)})
        return f
    return decorate
"""
RIGHT = ["6.0", "10.0"]


@dataclass(frozen=True)
class Start:
    """What a start of the small program came to."""

    results: list[str]
    loaded: int
    compiled: bool
    total_is_right: bool
    warm: bool


@dataclass(frozen=True)
class Program:
    """A small program in a folder of its own, with its cache and its temporary files."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def run(self, *limits: int, **more: str) -> subprocess.Popen[str]:
        places = {"VCLAMP_CACHE": str(self.cache), "TMPDIR": str(self.root / "tmp"), "PYTHONPATH": str(self.root)}
        environment = {**os.environ, **places, "PYTHONDONTWRITEBYTECODE": "1", **more}
        command = [sys.executable, "-c", START, *map(str, limits)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=environment, cwd=self.root.parent, start_new_session=True, **pipes)

    def start(self, *limits: int, **more: str) -> Start:
        return end(self.run(*limits, **more))

    def folders(self) -> list[Path]:
        return sorted(self.cache.glob("numba-*"))

    def files(self, ending: str = "") -> list[Path]:
        return sorted(path for path in self.cache.rglob(f"*{ending}") if path.is_file())


def end(child: subprocess.Popen[str]) -> Start:
    with child:
        said, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    one, raster, loaded, *flags = said.split()
    return Start([one, raster], int(loaded), *(flag == "True" for flag in flags))


def make(root: Path, **more: str) -> Program:
    (root / "tmp").mkdir(parents=True)
    texts = {
        "engine/kernels/__init__.py": KERNELS_INIT,
        "engine/kernels/one.py": KERNEL.format(name="one", value=3.0),
        "ui/scopes/raster.py": KERNEL.format(name="raster", value=5.0),
    }
    for name in ("__init__.py", "engine/__init__.py", "ui/__init__.py", "ui/scopes/__init__.py"):
        texts.setdefault(name, "")
    for name in ("paths.py", "errors.py", "engine/cache.py"):
        texts[name] = (PACKAGE / name).read_text(encoding="utf-8")
    texts = {f"vclamp/{name}": text for name, text in texts.items()} | more
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Program(root)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A program that has been started once."""
    program = make(tmp_path_factory.mktemp("warm") / "program")
    first = program.start()
    assert first == Start(RIGHT, loaded=2, compiled=True, total_is_right=True, warm=True)
    return program


def test_the_second_start_loads_everything_and_compiles_nothing(warm: Program) -> None:
    before = [(path, path.stat().st_mtime_ns) for path in warm.files()]
    assert warm.start() == Start(RIGHT, loaded=2, compiled=False, total_is_right=True, warm=True)
    assert [(path, path.stat().st_mtime_ns) for path in warm.files()] == before


def scramble(path: Path) -> None:
    path.write_bytes(random.Random(f"other than {path.name}").randbytes(path.stat().st_size))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def test_a_start_over_a_scrambled_cache_compiles_anew(warm: Program) -> None:
    for path in warm.files():
        scramble(path)
    assert warm.start() == Start(RIGHT, loaded=2, compiled=True, total_is_right=True, warm=True)


def test_on_a_full_disk_it_compiles_in_memory(warm: Program, tmp_path: Path) -> None:
    place = {"VCLAMP_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    assert warm.start(0, **place) == Start(RIGHT, loaded=0, compiled=True, total_is_right=True, warm=False)
    assert not list((tmp_path / "cache").iterdir())  # nothing half done is left


def test_a_full_disk_does_not_matter_once_all_is_compiled(warm: Program) -> None:
    assert warm.start(0) == Start(RIGHT, loaded=2, compiled=False, total_is_right=True, warm=True)


def test_four_first_starts_at_once_are_all_right_though_one_is_killed(tmp_path: Path) -> None:
    program = make(tmp_path / "program", **{"numba.py": NUMBA})
    killed, *others = [program.run() for _ in range(4)]
    until = time.monotonic() + 30.0
    while not program.files(".nbi") and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)  # with the processes that compile for it
    killed.communicate()
    for other in others:
        begun = end(other)
        assert begun.results == RIGHT
        assert begun.loaded == 2
        assert begun.warm
    assert program.start().compiled is False


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the compiled kernels come to be in this process, in which compiling takes no time."""

    def fill(folder: Path, tell: cache.Tell) -> bool:
        (folder / "kernels").mkdir()
        for name in ("one.nbi", "one.1.nbc", "two.nbi", "two.1.nbc"):
            (folder / "kernels" / name).write_bytes(random.Random(name).randbytes(1000))
        filled.append(folder)
        return True

    filled: list[Path] = []
    monkeypatch.setattr(cache, "_fill", fill)
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("VCLAMP_CACHE", str(tmp_path / "cache"))
    return next(cache._places())


@pytest.mark.parametrize(
    ("ending", "damage"),
    [
        ("", scramble), ("", halve), ("", empty), (".nbc", flip), (".nbi", flip), (".nbc", scramble),
        (".nbc", Path.unlink), ("ready", Path.unlink), ("ready", flip),
    ],
)  # fmt: skip
def test_any_damage_to_any_file_is_noticed_and_mended(place: Path, ending: str, damage: Callable[[Path], None]) -> None:
    cache.warm_up_aside()
    files = sorted(path for path in place.rglob(f"*{ending}") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    assert files
    for path in files:
        damage(path)
        assert not cache.is_warm(), path
        cache.warm_up_aside()
        assert cache.is_warm()
        assert {path: path.read_bytes() for path in files} == before
        assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_a_file_too_many_is_noticed(place: Path) -> None:
    cache.warm_up_aside()
    (place / "kernels" / "three.nbc").touch()
    assert not cache.is_warm()


def test_a_cache_that_another_user_could_write_is_not_used(place: Path) -> None:
    cache.warm_up_aside()
    place.chmod(0o777)
    assert not cache.is_warm()
    cache.warm_up_aside()
    assert place.stat().st_mode & 0o777 == 0o700
    assert cache.is_warm()
    place.parent.chmod(0o777)
    assert not cache.is_warm()


def test_where_the_cache_cannot_be_there_is_one_among_the_temporary_files(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VCLAMP_CACHE", str(tmp_path / "file" / "cache"))
    cache.warm_up_aside()
    assert cache.is_warm()
    assert [path.relative_to(tmp_path).parts[-1] for path in tmp_path.glob("vclamp-*/*")] == [place.name]


def test_what_compiled_code_depends_on_changes_its_folder(warm: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = next(cache._places()).name
    monkeypatch.setattr(cache, "_processor", lambda: "another processor, in the same home")
    others = {next(cache._places()).name}
    monkeypatch.undo()
    monkeypatch.setattr(cache.sys, "version", "another Python")
    others.add(next(cache._places()).name)
    monkeypatch.undo()
    monkeypatch.setattr(cache, "_SOURCES", cache._SOURCES[:-1])
    others.add(next(cache._places()).name)
    assert len({ours, *others}) == 4


def test_compiling_ends_when_nobody_wants_it_any_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VCLAMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    told: list[tuple[int, int]] = []
    cache.warm_up_aside(lambda done, total: bool(told.append((done, total))))
    assert told
    assert told[0][0] == 0
    assert told[0][1] > 20
    assert not cache.is_warm()
    assert not list((tmp_path / "cache").iterdir())


def test_what_nobody_has_used_for_a_month_is_removed_and_nothing_else(tmp_path: Path) -> None:
    month_ago = time.time() - 31 * 86400
    used, unused, foreign = (tmp_path / name for name in ("numba-" + "a" * 16, "numba-" + "b" * 16, "numba-source"))
    place, new = tmp_path / ("numba-" + "c" * 16), tmp_path / ("numba-" + "c" * 16 + ".new")
    for folder in (used, unused, foreign, new):
        folder.mkdir()
    for folder in (unused, foreign):
        os.utime(folder, (month_ago, month_ago))
    cache._publish(new, place)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([used.name, foreign.name, place.name])


ROOT = PACKAGE.parent


def without(library: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A start on a system where a library cannot be loaded: another file of its name is found first."""
    folder.mkdir()
    (folder / library).write_text("no library")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder), "VCLAMP_HOME": str(folder), **more}
    command = [sys.executable, str(ROOT / "main.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a Linux system may lack")
@pytest.mark.parametrize(
    ("library", "package", "platform"),
    [("libEGL.so.1", "libegl1", "offscreen"), ("libxcb-cursor.so.0", "libxcb-cursor0", "xcb")],
)
def test_a_missing_system_library_gives_one_sentence_with_the_remedy(
    library: str, package: str, platform: str, tmp_path: Path
) -> None:
    ended = without(library, tmp_path / "libraries", QT_QPA_PLATFORM=platform)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.count("\n") == 1
    assert library in ended.stderr
    assert f"sudo apt install {package} " in ended.stderr


def compiled() -> dict[str, int]:
    """How many signatures of each jitted function there are, once all are loaded."""
    import vclamp.engine.kernels as package

    names = [f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__)]
    found = {}
    for name in (*names, "vclamp.ui.scopes.raster"):
        for item in vars(importlib.import_module(name)).values():
            if hasattr(item, "py_func") and hasattr(item, "signatures"):
                if not item.signatures:
                    item._compile_for_args()  # loads what is kept
                found[f"{item.py_func.__module__}.{item.py_func.__name__}"] = len(item.signatures)
    return found


FIRST_RUN = """
import importlib, pkgutil
from vclamp import paths
from vclamp.engine import cache
from vclamp.model.files import load_protocol, load_rig
cache.load()
from vclamp.run.runner import record
import vclamp.engine.kernels as package
record(load_rig(paths.CELLS / "squid-axon.toml"), load_protocol(paths.PROTOCOLS / "iv.toml"))
for module in pkgutil.iter_modules(package.__path__):
    module = importlib.import_module(f"{package.__name__}.{module.name}")
    for item in vars(module).values():
        if getattr(item, "signatures", ()) and item.__module__ == module.__name__:
            print(item.__name__, sum(item.stats.cache_hits.values()), sum(item.stats.cache_misses.values()))
"""


def test_a_start_loads_of_the_engine_what_it_runs_and_compiles_nothing() -> None:
    if not cache.is_warm():
        cache.warm_up_aside()
    ended = subprocess.run([sys.executable, "-c", FIRST_RUN], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.splitlines() == ["play_clamped 1 0"]


AMPLIFIERS = {
    "ideal": Amplifier(),
    "series-resistance": Amplifier(rs_MOhm=5.0),
    "simplified": Amplifier(circuit="simplified", rs_MOhm=5.0, rs_est_MOhm=5.0, correction_percent=70.0),
    "full": Amplifier(circuit="full", rs_MOhm=5.0, recorder=Recorder(on=True)),
    "recorded": Amplifier(rs_MOhm=5.0, recorder=Recorder(on=True)),
    "current clamp": Amplifier(mode="current-clamp", rs_MOhm=5.0),
}
SEGMENTS = (Hold(1.0), Step(0.0, 1.0), Ramp(-40.0, 1.0), CurrentStep(10.0, 1.0), CurrentRamp(-10.0, 1.0))


@pytest.mark.parametrize("name", AMPLIFIERS)
def test_no_cell_no_protocol_and_no_amplifier_makes_anything_compile(name: str) -> None:
    from vclamp.run.runner import record

    before = compiled()
    assert len(before) > 20
    assert set(before.values()) == {1}
    protocol = Protocol("short", SEGMENTS, n_sweeps=2, hold_mV=-80.0, fs_kHz=20.0)
    for cell, path in paths.shipped(paths.CELLS).items():
        rig = replace(load_rig(path), amplifier=AMPLIFIERS[name])
        record(rig, protocol)
        for channel in rig.cell.channels:
            if not channel.n_channels and channel.g_nS is not None:
                channel = replace(channel, n_channels=100)  # noqa: PLW2901
            counted = replace(rig, cell=replace(rig.cell, channels=(channel,), branches=(), stochastic=True))
            record(counted, protocol, seed=1)
        assert compiled() == before, cell
