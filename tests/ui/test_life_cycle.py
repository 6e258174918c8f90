"""The real program from its start to its end, closed, interrupted or refused at any moment."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from vclamp import cli
from vclamp.engine import cache
from vclamp.errors import VClampError
from vclamp.storage.recordings import load
from vclamp.storage.session import Session
from vclamp.ui import preflight
from vclamp.ui.window import CLOSE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and X servers")
ROOT = Path(__file__).parents[2]
DRIVER = ROOT / "tests" / "close_at.py"
HARMLESS = "This plugin does not support propagateSizeHints()"
PATIENCE_S = 40.0
# what goes on -> the time (s) within which the window is closed
PHASES = {
    "start": 2.5, "run": 2.0, "fast": 1.0, "pause": 1.5, "export": 1.5, "drag": 0.8, "membrane": 0.8, "tone": 0.8,
    "protocol": 0.8, "channel": 0.8, "projector": 2.0, "exam": 1.0, "recovery": 0.8, "fit": 1.0, "replay": 1.0,
    "note": 0.5, "foreign": 2.0, "sheet": 0.3, "menu": 0.3,
}  # fmt: skip
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 0}


@dataclass(frozen=True)
class Life:
    """How a run of the program ended."""

    code: int
    lines: list[str]
    errors: str
    left_after_s: float  # from "closing" to the end

    def noted(self) -> list[tuple[Path, int, str]]:
        """The notes that were written, and on which run of which file."""
        said = [line.split("\t") for line in self.lines if line.startswith("noted")]
        return [(Path(path), int(run), text) for _, path, run, text in said]

    def saved(self) -> dict[Path, int]:
        """How many sweeps of each file's last run the window has said to be saved."""
        said = [line.split("\t") for line in self.lines if line.startswith("saved")]
        return {Path(path): int(sweep) + 1 for _, path, sweep in said}


def environment(home: Path, **more: str) -> dict[str, str]:
    platform = {"QT_QPA_PLATFORM": "offscreen", "PYTHONWARNINGS": "error"}
    return {**os.environ, **platform, "VCLAMP_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def live(home: Path, phase: str, delay_s: float, *, end: signal.Signals | None = None, **more: str) -> Life:
    """One life of the program, from its start to its end."""
    command = [sys.executable, str(DRIVER), phase, f"{delay_s:.3f}", "signal" if end else "close"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    lines, closing = [], time.monotonic()
    with subprocess.Popen(command, env=environment(home, **more), text=True, **pipes) as child:
        watchdog = threading.Timer(PATIENCE_S, child.kill)
        watchdog.start()
        for line in child.stdout:
            lines.append(line.rstrip("\n"))
            if line == "closing\n":
                closing = time.monotonic()
                if end is not None:
                    child.send_signal(end)
        errors = "\n".join(line for line in child.stderr.read().splitlines() if HARMLESS not in line)
        code = child.wait()
        watchdog.cancel()
    return Life(code, lines, errors, time.monotonic() - closing)


def check(life: Life, home: Path, what: str, code: int = 0) -> None:
    """It left as it should have, and everything it had said to be saved is there."""
    log = home / "errors.log"
    assert life.errors == "", what
    assert not log.exists(), f"{what}: {log.read_text()}"
    assert life.code == code, what
    assert "closing" in life.lines, what
    assert life.left_after_s < 4.0, what
    given_up = life.left_after_s > CLOSE_S  # a thread that hangs may hold its file open; the next start tidies that
    for file in (home / "recordings").glob("*"):
        assert file.suffix == ".vclamp" or given_up, f"{what}: {file.name} was left behind"
    for file, sweeps in life.saved().items():
        with Session.open(file) as session:
            runs = [session.recording(run.id) for run in session.runs()]
        assert len(runs[-1].sweeps) >= sweeps or len(runs[-2].sweeps) >= sweeps, what
    for file, run, text in life.noted():
        with Session.open(file) as session:
            assert session.runs()[run - 1].note == text, what
    for exported in home.glob("*.nwb"):
        assert load(exported)[0].sweeps, what


def leave_unclosed(folder: Path) -> None:
    """What a killed program leaves: a session with two sweeps, and its side files."""
    folder.mkdir(parents=True)
    code = (
        "import os; from pathlib import Path; from recordings import header, made_up_sweep\n"
        "from vclamp.storage.session import Session\n"
        "session = Session.create(Path('killed.vclamp')); run = session.add_run(header())\n"
        "for n in range(2): session.add_sweep(run, made_up_sweep(n))\n"
        "os._exit(9)"
    )
    settings = environment(folder.parent, PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}")
    subprocess.run([sys.executable, "-c", code], env=settings, check=False, timeout=60, cwd=folder)
    assert (folder / "killed.vclamp-wal").exists()


def campaign(tmp_path: Path, n: int, seed: int, **more: str) -> None:
    """Close the program at n random moments, two at a time."""
    chance = random.Random(seed)
    plans = [(phase, chance.uniform(0.0, longest)) for phase, longest in list(PHASES.items()) * (n // len(PHASES) + 1)]
    chance.shuffle(plans)  # over the days a short campaign comes to all of them

    def one(number: int) -> None:
        phase, delay_s = plans[number]
        home = tmp_path / f"{number}"
        what = f"seed {seed}, life {number}: {phase} closed after {delay_s:.3f} s"
        if phase == "recovery":
            leave_unclosed(home / "recordings")
        check(live(home, phase, delay_s, **more), home, what)

    with ThreadPoolExecutor(2) as pool:
        ends = [done.exception() for done in [pool.submit(one, number) for number in range(n)]]
    failed = [str(end) for end in ends if end is not None]
    assert not failed, f"{len(failed)} of {n}:\n" + "\n".join(failed)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """The first start compiles for half a minute, which is not what is tested here."""
    if not cache.is_warm():
        subprocess.run([sys.executable, "-m", "vclamp.engine.cache"], check=True, timeout=300, cwd=ROOT)


def test_the_window_can_be_closed_at_any_moment(tmp_path: Path) -> None:
    campaign(tmp_path, 4, seed=int(time.time()) // 86400)


def test_the_window_can_be_closed_at_any_moment_on_a_real_screen(tmp_path: Path, screen: str) -> None:
    campaign(tmp_path, 2, seed=1 + int(time.time()) // 86400, QT_QPA_PLATFORM="xcb", DISPLAY=screen)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("platform", ["offscreen", "xcb"])
def test_the_window_can_be_closed_at_any_of_many_moments(tmp_path: Path, screen: str, platform: str) -> None:
    campaign(tmp_path, 100, seed=7, QT_QPA_PLATFORM=platform, DISPLAY=screen)


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    """Ctrl-C and a polite kill, also while a question stands open."""

    def one(end: signal.Signals, code: int, phase: str) -> None:
        home = tmp_path / f"{end.name}-{phase}"
        life = live(home, phase, 0.6, end=end)
        check(life, home, f"{end.name} during {phase}", code)
        assert life.left_after_s < 3.0
        assert life.saved()

    with ThreadPoolExecutor(2) as pool:
        plans = [(end, code, phase) for end, code in SIGNALS.items() for phase in ("run", "dialog", "fit")]
        for done in [pool.submit(one, *plan) for plan in plans]:
            done.result()


def refused(**more: str) -> subprocess.CompletedProcess[str]:
    settings = {key: value for key, value in {**environment(Path("/nowhere")), **more}.items() if value != "unset"}
    command = [sys.executable, str(ROOT / "main.py")]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    "more",
    [
        {"QT_QPA_PLATFORM": "xcb", "DISPLAY": "unset"},
        {"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":4711"},
        {"QT_QPA_PLATFORM": "unset", "DISPLAY": "unset", "WAYLAND_DISPLAY": "unset"},
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X")
def test_without_a_screen_it_says_so_in_one_sentence(more: dict[str, str]) -> None:
    ended = refused(**more)
    assert ended.returncode == 3
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert "no screen" in line
    assert "vclamp run" in line


def test_missing_libraries_are_named_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preflight.sys, "platform", "linux")
    lacking = {"libxcb-cursor.so.0": "libxcb-cursor0", "libEGL.so.1": "libegl1"}
    monkeypatch.setattr(preflight, "missing_libraries", lambda libraries: lacking)
    assert cli.main(["gui"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "lacks what a window needs: libxcb-cursor.so.0, libEGL.so.1" in line
    assert "sudo apt install libxcb-cursor0 libegl1" in line


def test_a_library_that_is_not_there_is_missed() -> None:
    libraries = {"libno-such-thing.so.9": "no-such-package", "libc.so.6": "libc6"}
    assert list(preflight.missing_libraries(libraries).values()) == ["no-such-package"]


def test_a_binding_that_would_abort_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import PySide6

    monkeypatch.setattr(PySide6, "__version_info__", (6, 12, 0, "", ""))
    monkeypatch.setattr(preflight.sys, "version_info", (3, 11, 7))
    with pytest.raises(VClampError, match="pip install"):
        preflight.check_binding()


def test_a_file_named_at_the_start_is_opened_or_explained(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "main.py"), "gui", "no-such-file.vclamp"]
    ended = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == ["vclamp: no-such-file.vclamp: there is no such file."]
