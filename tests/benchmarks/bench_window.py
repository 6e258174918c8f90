"""The goals of the window, each measured on the real one.

    python tests/benchmarks/bench_window.py [--xvfb] [--minutes 1] [--only start memory drag live pan idle fields]

Prints goal, what was measured and whether it is met; the exit code is 1 if one is missed. Start-up is measured on
the program as a process of its own, with kernels compiled before. `--xvfb` takes a real X server instead of Qt's
offscreen platform. Memory is measured over `--minutes` of runs that are not recorded; 5 is what the goal is for.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

INF = float("inf")
STARTS = 3
DRAG_S, LIVE_S, IDLE_S = 4.0, 6.0, 20.0
MOVE_MS = 16
N_SWEEPS, SWEEP_MS = 20, 1000.0  # of 50 000 samples
N_PANS = 40
TYPED = ("1e9", "-1e9", "0", "1e-9", "-70", "nan", "1e400", "abc", "")
N_WORST = 3  # fields that are named


@dataclass(frozen=True)
class Row:
    """A goal: at most so much, or at least if `least`; `note` says more of what was measured."""

    what: str
    goal: float
    measured: float
    unit: str
    note: str = ""
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.measured >= self.goal if self.least else self.measured <= self.goal

    def __str__(self) -> str:
        goal = f"{'≥' if self.least else '≤'} {self.goal:g} {self.unit}"
        verdict = "yes" if self.met else "NO"
        return f"{self.what:44}{goal:>14}{self.measured:>10.4g}  {verdict:4}{self.note}"


# ---- a start, as a process of its own ------------------------------------------------------


def one_start() -> None:
    """In a child: run the program, press Space, and say when things were painted."""
    from PySide6.QtCore import QEvent, Qt, QTimer
    from PySide6.QtTest import QTest

    from vclamp.cli import main
    from vclamp.ui import window as product

    begun_s = float(os.environ["BENCH_BEGUN_S"])
    seen: dict[str, float] = {}

    class Timed(product.Window):
        """Notes when what first came to the screen."""

        def fill(self, *parts: object) -> None:
            super().fill(*parts)
            self.bridge.ended.connect(lambda _: QTimer.singleShot(300, self.tell))

        def event(self, event: QEvent) -> bool:
            done = super().event(event)
            if event.type() == QEvent.Type.UpdateRequest:
                self.note()
            return done

        def note(self) -> None:
            filled = hasattr(self, "display")
            shown = self.display.shown if filled else None
            n = len(shown.sweeps) if shown is not None else 0
            facts = {
                "shell": True, "scopes": filled and self.display.stack.paints > 0, "first sweep": n > 0,
                "family": filled and n == self.bench.protocol.n_sweeps,
            }  # fmt: skip
            for what, is_so in facts.items():
                if is_so:
                    seen.setdefault(what, time.monotonic() - begun_s)
            if filled and not self.bridge.running and n == 0 and self.isActiveWindow():
                QTest.keyClick(self.windowHandle(), Qt.Key.Key_Space)

        def tell(self) -> None:
            print(json.dumps(seen), flush=True)
            self.close()

    product.Window = Timed  # type: ignore[misc]
    sys.exit(main([]))


def one_time(bytecode: str) -> dict[str, float]:
    """When things were painted in a start that finds Python's bytecode in a folder, as after an installation."""
    with tempfile.TemporaryDirectory() as home:
        places = {"VCLAMP_HOME": home, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, __file__, "--child"]
        begun = {"BENCH_BEGUN_S": repr(time.monotonic())}
        told = subprocess.run(
            command, env={**os.environ, **places, **begun}, capture_output=True, text=True, timeout=120, check=True
        )
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def starts() -> list[Row]:
    """Command to painted window, and one key to the first family."""
    with tempfile.TemporaryDirectory() as bytecode:
        times = [one_time(bytecode) for _ in range(STARTS + 1)][1:]  # the first compiles Python and reads the disk
    goals = {"shell": 0.6, "scopes": 1.2, "first sweep": 2.5, "family": 10.0}
    words = {"family": "one key (Space) to the first family", "first sweep": "command to the first sweep"}
    rows = []
    for what, goal in goals.items():
        all_s = [each[what] for each in times]
        best = f"best {min(all_s):.2f} s of {STARTS}"
        rows.append(Row(words.get(what, f"command to painted {what}"), goal, median(all_s), "s", best))
    return rows


# ---- the window in this process ------------------------------------------------------------


def p95(values: list[float]) -> float:
    """The value that one in twenty exceeds."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


def rss_MB() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def long_family(n_sweeps: int):  # type: ignore[no-untyped-def]
    """The steps of an I–V in sweeps of a second."""
    from recordings import iv

    longer = SWEEP_MS / iv().duration_ms(0)
    before, step, after = (replace(each, duration_ms=each.duration_ms * longer) for each in iv().segments)
    levels_mV = tuple(-80.0 + 10.0 * (n % 15) for n in range(n_sweeps))
    segments = before, replace(step, level_mV=levels_mV), after
    return replace(iv(), name="long", label=None, segments=segments, n_sweeps=n_sweeps, interval_ms=0.0)


class Watch:
    """Hears of every frame that has come to the screen."""

    def __init__(self) -> None:
        self.painted: Callable[[], None] = lambda: None


@contextmanager
def opened(watch: Watch) -> Iterator[object]:
    """The real window, with someone who sees every frame."""
    import rig_window
    from PySide6.QtCore import QEvent
    from PySide6.QtTest import QTest

    class Seen(rig_window.Window):
        """Tells after every frame, when it is flushed."""

        def event(self, event: QEvent) -> bool:
            done = super().event(event)
            if event.type() == QEvent.Type.UpdateRequest:
                watch.painted()
            return done

    rig_window.Window = Seen
    with tempfile.TemporaryDirectory() as home, rig_window.open_window(Path(home)) as window:
        window.activateWindow()  # an X server without a window manager gives the keys to nobody
        QTest.qWaitForWindowActive(window)
        yield window


def drag(window, watch: Watch) -> list[Row]:  # type: ignore[no-untyped-def]
    """A blocker's slider is dragged: from the mouse to the family of that concentration on the screen."""
    from PySide6.QtCore import QPoint, Qt, QTimer
    from PySide6.QtTest import QTest
    from rig_window import family, handle_at, live, settle, ttx_slider

    family(window)
    slider, moved, took_ms = ttx_slider(window), {}, []
    rig_shown = [None]

    def painted() -> None:
        header = window.display.stack.family.header
        if header is not None and header.rig is not rig_shown[0]:
            rig_shown[0] = header.rig
            begun = moved.pop(header.rig.solutions.drug_mM("TTX", "out"), None)
            if begun is not None:
                took_ms.append(1e3 * (time.perf_counter() - begun))

    at, button, nothing = handle_at(slider), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    places = [*range(at.x() + 8, slider.width() - 8), *range(slider.width() - 8, at.x() + 8, -1)]
    timer = QTimer(window, interval=MOVE_MS, timerType=Qt.TimerType.PreciseTimer)
    step, begun = [0], [0.0]
    slider.parent().moved.connect(lambda out_mM: moved.__setitem__(out_mM, begun[0]))

    def move() -> None:
        step[0], begun[0] = step[0] + 1, time.perf_counter()
        QTest.mouseMove(slider, QPoint(places[step[0] % len(places)], at.y()))

    QTest.mousePress(slider, button, nothing, at)
    timer.timeout.connect(move)
    watch.painted = painted
    timer.start()
    own_s, all_s = time.thread_time(), time.process_time()
    live(DRAG_S)
    own_s, all_s = time.thread_time() - own_s, time.process_time() - all_s
    timer.stop()
    watch.painted = lambda: None
    QTest.mouseRelease(slider, button, nothing, at)
    settle(window)
    note = f"{step[0] / DRAG_S:.0f} moves/s, {len(window.display.shown.sweeps)} sweeps"
    cpu = f"CPU of a frame: window {1e3 * own_s / len(took_ms):.0f}, in all {1e3 * all_s / len(took_ms):.0f} ms"
    return [
        Row("a blocker dragged: frames of its family", 50.0, len(took_ms) / DRAG_S, "/s", note, least=True),
        Row("a blocker dragged: change to pixel, median", 17.0, median(took_ms), "ms", cpu),
        Row("a blocker dragged: change to pixel, p95", 35.0, p95(took_ms), "ms", f"largest {max(took_ms):.0f} ms"),
    ]


def live_run(window, watch: Watch) -> list[Row]:  # type: ignore[no-untyped-def]
    """Real time over twenty sweeps of 50 000 samples; and how soon a change in a run is seen."""
    from rig_window import Key, live, press, settle, wait_for

    window.rec.setChecked(False)
    window.bench.set_scene(window.bench.control, long_family(N_SWEEPS + 20), "long")
    window.set_speed(10.0)
    done: list[object] = []
    window.bridge.sweep_done.connect(done.append)
    press(window, Key.Key_Space)
    wait_for(lambda: len(done) >= N_SWEEPS, 60.0)
    window.set_speed(1.0)
    live(1.0)
    stack = window.display.stack
    paints, cpu_s, all_cpu_s, begun = stack.paints, time.thread_time(), time.process_time(), time.perf_counter()
    live(LIVE_S)
    lasted = time.perf_counter() - begun
    share, all_share = (
        100.0 * (time.thread_time() - cpu_s) / lasted,
        100.0 * (time.process_time() - all_cpu_s) / lasted,
    )
    rate, n = (stack.paints - paints) / lasted, len(stack.family.shown)
    press(window, Key.Key_Escape)
    wait_for(lambda: not window.bridge.running)
    settle(window)
    window.bridge.sweep_done.disconnect(done.append)
    latencies = answers(window, watch)
    return [
        Row("paints, 20 × 50k live", 58.0, rate, "/s", f"{n} scopes, {len(done)} sweeps", least=True),
        Row("the window's thread, 20 × 50k live", 25.0, share, "%", f"the whole program {all_share:.0f} %"),
        Row("changed in a run: change to pixel, median", 17.0, median(latencies), "ms"),
        Row("changed in a run: change to pixel, p95", 35.0, p95(latencies), "ms", f"largest {max(latencies):.0f} ms"),
    ]


def answers(window, watch: Watch) -> list[float]:  # type: ignore[no-untyped-def]
    """How long (ms) until a running trace shows a change of the leak, which carries all the current at rest."""
    from rig_window import Key, live, press, settle, wait_for

    from vclamp.model.protocol import Hold, Protocol

    still = Protocol("still", (Hold(30_000.0),), n_sweeps=1, hold_mV=-80.0)
    window.bench.set_scene(window.bench.control, still, "still")
    now_pA, took_ms = [0.0], []
    begun: list[float] = []  # of the change under way
    before = [0.0]
    window.bridge.grew.connect(grew := lambda chunk: now_pA.__setitem__(0, float(chunk.values[2, chunk.last - 1])))

    def painted() -> None:
        if begun and abs(now_pA[0] - before[0]) > 50.0:
            took_ms.append(1e3 * (time.perf_counter() - begun.pop()))

    watch.painted = painted
    press(window, Key.Key_Space)
    live(0.5)
    for step in range(40):
        before[0] = now_pA[0]
        begun.append(time.perf_counter())
        window.panel.cards["leak"].conductance.setValue(30.0 + 30.0 * (step % 2))
        wait_for(lambda: not begun, 5.0, "the change to be seen")
        live(0.05 + 0.003 * (step % 7))
    watch.painted = lambda: None
    window.bridge.grew.disconnect(grew)
    press(window, Key.Key_Escape)
    wait_for(lambda: not window.bridge.running)
    settle(window)
    return took_ms


def pan(window, watch: Watch) -> list[Row]:  # type: ignore[no-untyped-def]
    """Twenty sweeps of 50 000 samples moved and zoomed in all scopes, beside what copying the picture costs."""
    import numpy as np
    from PySide6.QtWidgets import QApplication
    from rig_window import family, settle

    window.rec.setChecked(False)
    window.bench.set_scene(window.bench.control, long_family(N_SWEEPS), "long")
    family(window)
    stack = window.display.stack
    last, image = stack.family.shown[-1].plot, np.zeros((stack.height(), stack.width()), np.uint32)

    def cost_ms(frames: list[tuple[float, float]]) -> float:
        costs = []
        for low, high in frames:
            begun = time.thread_time()
            last.setXRange(low, high, padding=0)
            QApplication.processEvents()
            costs.append(1e3 * (time.thread_time() - begun))
        return median(costs)

    pans = [(10.0 * k, 500.0 + 10.0 * k) for k in range(N_PANS)]
    zooms = [(2.0 * k, SWEEP_MS - 8.0 * k) for k in range(N_PANS)]
    n_all, all_ms = len(stack.family.shown), cost_ms(pans)
    stack.show_scopes({"total"})
    settle(window)
    last = stack.family.shown[-1].plot
    panned_ms, zoomed_ms = cost_ms(pans), cost_ms(zooms)
    moments = [time.perf_counter()]
    for _ in range(N_PANS):
        image.copy()
        moments.append(time.perf_counter())
    copy_ms = 1e3 * median(b - a for a, b in pairwise(moments))
    note = f"all {n_all} scopes: {all_ms:.1f} ms; copying the picture: {copy_ms:.2f} ms"
    return [
        Row("pan 20 × 50k of a scope, CPU of a frame", 10.0, panned_ms, "ms", note),
        Row("zoom 20 × 50k of a scope, CPU of a frame", 10.0, zoomed_ms, "ms", f"{zoomed_ms / copy_ms:.0f} copies"),
    ]


def idle(window, watch: Watch) -> list[Row]:  # type: ignore[no-untyped-def]
    """Nothing is going on."""
    from PySide6.QtCore import QTimer
    from rig_window import family, live

    family(window)
    live(1.0)
    begun, paints = time.process_time(), window.display.stack.paints
    live(IDLE_S)
    share = 100.0 * (time.process_time() - begun) / IDLE_S
    timers = [each for part in (window, window.bridge) for each in part.findChildren(QTimer) if each.isActive()]
    return [
        Row(
            "idle, the whole program",
            1.0,
            share,
            "%",
            f"over {IDLE_S:g} s, {window.display.stack.paints - paints} paints",
        ),
        Row("idle, timers running", 0, len(timers), "", ", ".join(map(str, timers))),
    ]


def memory(window, watch: Watch, minutes: float) -> list[Row]:  # type: ignore[no-untyped-def]
    """The first protocol again and again in real time, not recorded."""
    from rig_window import Key, family, live, press, wait_for

    from vclamp.model.files import load_protocol
    from vclamp.paths import PROTOCOLS

    window.rec.setChecked(False)
    window.bench.set_scene(window.bench.control, load_protocol(PROTOCOLS / "iv.toml"), "iv")
    family(window)
    for _ in range(3):
        family(window, 1.0)  # what the first ones need is not lost
    before, until, n = rss_MB(), time.monotonic() + 60.0 * minutes, 0
    window.set_speed(1.0)
    while time.monotonic() < until:
        press(window, Key.Key_Space)
        wait_for(lambda: window.bridge.running)
        while window.bridge.running:
            live(0.2)
        n += 1
    live(1.0)
    grown, total = rss_MB() - before, rss_MB()
    what = f"memory, {minutes:g} min running unrecorded"
    return [
        Row(f"{what}: more", 5.0, grown, "MB", f"{n} families"),
        Row(f"{what}: in all", 320.0, total, "MB"),
    ]


def fields(window, watch: Watch) -> list[Row]:  # type: ignore[no-untyped-def]
    """Anything typed into any field in view, on every page: how long the window is held up by it."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QAbstractSpinBox, QApplication
    from rig_window import family, settle

    family(window)
    window.docks.show("protocol")
    took: dict[str, float] = {}
    n = 0
    for page in range(window.panel.count()):
        window.panel.setCurrentIndex(page)
        QApplication.processEvents()
        for number in range(len(window.findChildren(QAbstractSpinBox))):
            for text in TYPED:
                found = window.findChildren(QAbstractSpinBox)  # a value may make a page anew
                field = found[number] if number < len(found) else None
                if field is None or not field.isVisible() or not field.isEnabled():
                    break
                name = f"{field.accessibleName() or field.objectName() or type(field).__name__} = “{text}”"
                field.setFocus()
                field.selectAll()
                QTest.keyClicks(field, text)
                begun = time.perf_counter()
                QTest.keyClick(field, Qt.Key.Key_Return)
                QApplication.processEvents()
                took[name] = max(took.get(name, 0.0), 1e3 * (time.perf_counter() - begun))
                n += 1
            window.bench.set_scene(window.bench.control, window.bench.protocol, "again")
        window.bench.reset()
        settle(window, 60.0)
    worst = sorted(took, key=took.__getitem__)[: -N_WORST - 1 : -1]
    note = "; ".join(f"{name} {took[name]:.0f} ms" for name in worst)
    return [Row(f"any value in any field ({n} tries), slowest", 100.0, max(took.values()), "ms", note)]


PARTS: dict[str, Callable[..., list[Row]]] = {  # memory first: what later parts leave behind is none of a student's
    "memory": memory, "drag": drag, "live": live_run, "pan": pan, "idle": idle, "fields": fields,
}  # fmt: skip


# ---- all together --------------------------------------------------------------------------


@contextmanager
def screen(real: bool) -> Iterator[None]:
    """Qt's offscreen platform, or an X server of our own."""
    os.environ.setdefault("QT_FONT_DPI", "96")
    if not real:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        yield
        return
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        os.environ["DISPLAY"] = f":{number.readline().strip()}"
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def measure(parts: list[str], minutes: float) -> list[Row]:
    """Every row, each part on a window of its own."""
    from vclamp.engine import cache

    sys.modules["coverage"] = None  # type: ignore[assignment]  # numba would load it, which no user has
    cache.prepare()
    rows = starts() if "start" in parts else []
    for row in rows:
        print(row, flush=True)
    if [*parts] == ["start"]:
        return rows
    from PySide6.QtWidgets import QApplication

    app = QApplication(sys.argv[:1])
    for name in (name for name in PARTS if name in parts):
        watch = Watch()
        with opened(watch) as window:
            found = PARTS[name](window, watch, *([minutes] if name == "memory" else []))
        for row in found:
            print(row, flush=True)
        rows += found
    app.quit()
    return rows


def main() -> int:
    """Print the table."""
    if "--child" in sys.argv:
        one_start()
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--xvfb", action="store_true")
    options.add_argument("--minutes", type=float, default=1.0)
    options.add_argument("--only", nargs="+", choices=["start", *PARTS], default=["start", *PARTS])
    asked = options.parse_args()
    with screen(asked.xvfb):
        print(f"on {'Xvfb' if asked.xvfb else 'offscreen'}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"{'goal':44}{'':>14}{'measured':>10}  met")
        rows = measure(asked.only, asked.minutes)
    missed = [row.what for row in rows if not row.met]
    print(f"load {os.getloadavg()[0]:.1f}; missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
