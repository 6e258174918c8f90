"""The run thread and its bridge: pacing, failures, previews, closing, frames."""

import random
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from recordings import iv, squid_axon
from rig_window import (
    TTX,
    Key,
    family,
    handle_at,
    live,
    nothing_goes_wrong,
    open_window,
    press,
    quick,
    session_file,
    settle,
    ttx_slider,
    wait_for,
)

from vclamp.errors import VClampError
from vclamp.model.protocol import Hold, Protocol
from vclamp.model.record import Finished
from vclamp.run.runner import record
from vclamp.storage import aside
from vclamp.storage.compare import sweep_differences
from vclamp.storage.session import Session
from vclamp.ui import worker as worker_module
from vclamp.ui.bridge import FRAME_MS, HEARD_MS
from vclamp.ui.keeper import Unsaved
from vclamp.ui.pacer import Pacer
from vclamp.ui.tasks import TURN_S, USUAL_S
from vclamp.ui.window import Window
from vclamp.ui.worker import Preview, Worker

# ---- the pacer on a clock of its own -------------------------------------------------------


class Clock:
    """Time that passes only while the pacer waits; `plan` says what happens at which moment."""

    def __init__(self, pacer: Pacer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        self.plan: list[tuple[float, Callable[[], None]]] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(pacer, "_wake", self)

    def wait(self, timeout_s: float) -> None:
        """Let time pass, up to the next thing planned."""
        until = self.now_s + timeout_s + 1e-9  # or the clock would creep up to a moment for ever
        if self.plan and self.plan[0][0] <= until:
            until, act = self.plan.pop(0)
            act()
        self.now_s = max(until, self.now_s)

    def clear(self) -> None:
        """As an Event's; everything planned happens in `wait`."""

    set = clear


@pytest.fixture
def pacer() -> Pacer:
    return Pacer()


@pytest.fixture
def clock(pacer: Pacer, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(pacer, monkeypatch)


def play(pacer: Pacer, clock: Clock, moments_ms: list[float]) -> list[float]:
    """When (ms after the start) each simulated moment was let through."""
    pacer.restart()
    start, times = clock.now_s, []
    for moment in moments_ms:
        pacer.wait_until(moment, lambda: False)
        times.append((clock.now_s - start) * 1000.0)
    return times


GRID = [4.0 * n for n in range(1, 251)]  # one simulated second


@pytest.mark.parametrize("speed", [0.01, 0.5, 1.0, 10.0])
def test_simulated_time_passes_at_the_speed_that_is_set(pacer: Pacer, clock: Clock, speed: float) -> None:
    pacer.speed = speed
    assert play(pacer, clock, GRID) == pytest.approx([moment / speed for moment in GRID], abs=0.01)


def test_as_fast_as_it_can_waits_for_nothing(pacer: Pacer, clock: Clock) -> None:
    pacer.speed = inf
    assert play(pacer, clock, GRID) == [0.0] * len(GRID)


def test_another_speed_counts_from_its_moment_on(pacer: Pacer, clock: Clock) -> None:
    def faster() -> None:
        pacer.speed = 10.0

    clock.plan = [(1000.402, faster)]
    times = play(pacer, clock, GRID)
    expected = [m if m <= 402.0 else 402.0 + (m - 402.0) / 10.0 for m in GRID]
    assert times == pytest.approx(expected)


def test_from_as_fast_as_it_can_back_to_real_time(pacer: Pacer, clock: Clock) -> None:
    pacer.speed = inf
    play(pacer, clock, GRID)
    pacer.speed = 1.0
    start = clock.now_s
    for moment in (1004.0, 1100.0):
        pacer.wait_until(moment, lambda: False)
    assert (clock.now_s - start) * 1000.0 == pytest.approx(96.0)


def test_in_a_pause_time_stands_still(pacer: Pacer, clock: Clock) -> None:
    """Also while it waits for a moment far ahead, as between sweeps."""
    clock.plan = [(1000.1, lambda: pacer.pause(True)), (1060.0, lambda: pacer.pause(False))]
    assert play(pacer, clock, [50.0, 400.0]) == pytest.approx([50.0, 60_300.0])


def test_another_speed_does_not_end_a_pause(pacer: Pacer, clock: Clock) -> None:
    def faster() -> None:
        pacer.speed = inf

    clock.plan = [(1000.1, lambda: pacer.pause(True)), (1005.0, faster), (1010.0, lambda: pacer.pause(False))]
    assert play(pacer, clock, [400.0]) == pytest.approx([10_000.0])


def test_lost_time_is_not_caught_up(pacer: Pacer, clock: Clock) -> None:
    """The computer slept for 4 s: the run goes on from where it was, without a burst."""
    clock.plan = [(1000.2, lambda: setattr(clock, "now_s", 1004.2))]
    times = play(pacer, clock, GRID)
    gaps = [b - a for a, b in pairwise(times)]
    assert max(gaps) >= 4000.0
    assert sum(gap < 3.9 for gap in gaps) <= 63, "at most 250 ms are caught up"
    assert times[-1] == pytest.approx(5000.0, abs=251.0)


def test_a_clock_that_goes_back_stops_nothing_for_long(pacer: Pacer, clock: Clock) -> None:
    clock.plan = [(1000.2, lambda: pacer.pause(True)), (1000.3, lambda: pacer.pause(False))]
    assert play(pacer, clock, GRID)[-1] == pytest.approx(1100.0)


def test_stopping_ends_a_wait(pacer: Pacer) -> None:
    pacer.speed = 0.01
    stopped = threading.Event()
    pacer.restart()
    waiting = threading.Thread(target=pacer.wait_until, args=(1e9, stopped.is_set))
    waiting.start()
    time.sleep(0.05)
    stopped.set()
    pacer.wake()
    waiting.join(0.2)
    assert not waiting.is_alive()


# ---- failures ------------------------------------------------------------------------------


def failing_play(monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException) -> None:
    """Let the simulation fail at its n-th sweep."""
    from vclamp.engine.simulation import Simulation

    original, calls = Simulation.play, []

    def play(self: Simulation, *arguments: object) -> None:
        calls.append(1)
        if len(calls) > after:
            raise error
        original(self, *arguments)

    monkeypatch.setattr(Simulation, "play", play)
    monkeypatch.setattr(Simulation, "repeats", False)  # or many sweeps are played at once


@pytest.mark.parametrize("error", [VClampError("boom"), ZeroDivisionError("boom"), MemoryError("boom")])
@pytest.mark.parametrize("after", [0, 2])
def test_an_engine_that_fails_is_explained_and_the_next_run_is_fine(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch, error: Exception, after: int
) -> None:
    with monkeypatch.context() as broken:
        failing_play(broken, after, error)
        family(rig_window)
    assert "boom" in rig_window.banner.message
    assert "Run" in rig_window.bar.run.text()
    kept = rig_window.display.recording
    assert (kept is None) == (after == 0)
    if kept is not None:
        assert 1 <= len(kept.sweeps) < 4
        assert kept.finished.reason == "failed"
    family(rig_window)
    assert rig_window.banner.message == ""
    assert len(rig_window.display.recording.sweeps) == 4


def test_an_engine_that_cannot_be_loaded_ends_the_run(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    import vclamp.run.runner

    monkeypatch.delattr(vclamp.run.runner, "run")
    family(rig_window)
    assert "ImportError" in rig_window.banner.message
    rig_window.edit(TTX, 1e-6)
    settle(rig_window)
    live(0.1)
    assert not rig_window.bridge._timer.isActive()


def test_a_failing_preview_is_explained_and_the_timer_rests_afterwards(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(rig_window)
    with monkeypatch.context() as broken:
        failing_play(broken, 0, ZeroDivisionError("boom"))
        rig_window.edit(TTX, 1e-6)
        settle(rig_window)
    assert "boom" in rig_window.banner.message
    live(0.1)
    assert not rig_window.bridge._timer.isActive(), "an idle window uses no processor"


@pytest.mark.parametrize("failing", ["create", "add_run", "add_sweep", "finish_run"])
def test_a_disk_that_fails_stops_no_run(rig_window: Window, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    refusals: list[Unsaved] = []
    rig_window.bridge.unsaved.connect(refusals.append)

    def fail(*arguments: object, **more: object) -> None:
        raise VClampError("no space is left", where="the disk")

    with monkeypatch.context() as broken:
        broken.setattr(Session, failing, fail)
        family(rig_window)
    assert "no space is left" in refusals[0].why
    assert "not saved: the disk: no space is left" in rig_window.banner.message
    assert "not saved" in rig_window.status.file.text()
    assert len(rig_window.display.recording.sweeps) == 4
    expected = record(rig_window.bench.rig, rig_window.bench.protocol)
    assert sweep_differences(rig_window.display.recording.sweeps, expected.sweeps) == []
    family(rig_window)
    assert rig_window.banner.message == ""
    assert "sweep 4 saved" in rig_window.status.file.text()


def test_a_real_write_error_is_told_and_what_was_saved_before_stays(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vclamp.storage import database

    family(rig_window)
    original = database.transaction

    def full(connection: sqlite3.Connection) -> object:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(database, "transaction", full)
    family(rig_window)
    assert "full" in rig_window.banner.message
    assert len(rig_window.display.recording.sweeps) == 4
    monkeypatch.setattr(database, "transaction", original)
    family(rig_window)
    assert rig_window.banner.message == ""


# ---- previews ------------------------------------------------------------------------------


def test_of_many_wishes_for_a_preview_only_the_newest_is_carried_out(tmp_path: Path) -> None:
    messages: deque[object] = deque()
    worker = Worker(messages, tmp_path)
    gate = threading.Event()
    worker._order(gate.wait)
    rigs = [replace(squid_axon(), cell=replace(squid_axon().cell, cm_pF=1.0 + n)) for n in range(50)]
    for rig in rigs:
        worker.preview(rig, quick())
    gate.set()
    assert worker.close(20.0) or True
    previews = [message for message in messages if isinstance(message, Preview)]
    assert len(previews) <= 1


def test_the_next_preview_is_made_when_the_last_one_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import optimize, special  # noqa: F401  (which the worker loads while it has nothing to do)

    monkeypatch.setattr(worker_module, "PATIENCE_S", 60.0)
    messages: deque[object] = deque()
    worker = Worker(messages, tmp_path)

    def previews() -> list[float]:
        return [message.header.rig.cell.cm_pF for message in tuple(messages) if isinstance(message, Preview)]

    try:
        worker.begin()
        for cm_pF in (1.0, 2.0, 3.0):
            worker.preview(replace(squid_axon(), cell=replace(squid_axon().cell, cm_pF=cm_pF)), quick())
            wait_for(lambda: bool(previews()), 60.0)
        time.sleep(0.5)
        assert previews() == [1.0]
        worker.wishes.seen()
        wait_for(lambda: len(previews()) > 1)
        assert previews() == [1.0, 3.0]
    finally:
        worker.close(20.0)


def test_a_fast_drag_ends_in_the_preview_of_its_last_place(rig_window: Window) -> None:
    family(rig_window)
    seen: list[Preview] = []
    rig_window.bridge.previewed.connect(seen.append)
    for n in range(200):
        rig_window.edit(TTX, 1e-6 * (n + 1))
    settle(rig_window)
    assert seen[-1].header.rig == rig_window.bench.rig
    assert len(seen) < 100, "at most one a frame"
    assert rig_window.display.stack.family.header.rig == rig_window.bench.rig


def test_previews_come_while_a_slider_is_still_dragged(rig_window: Window) -> None:
    family(rig_window)
    seen: list[Preview] = []
    rig_window.bridge.previewed.connect(seen.append)
    hand = QTimer(interval=2, timerType=Qt.TimerType.PreciseTimer)
    hand.timeout.connect(lambda: rig_window.edit(TTX, rig_window.bench.rig.solutions.drug_mM("TTX", "out") + 1e-7))
    hand.start()
    live(0.6)
    hand.stop()
    assert len(seen) >= 4


def test_an_enormous_preview_is_not_begun(rig_window: Window) -> None:
    long = Protocol("long", (Hold(50_000.0),), n_sweeps=1, hold_mV=-80.0)
    seen: list[Preview] = []
    rig_window.bridge.previewed.connect(seen.append)
    rig_window.bridge.change(rig_window.bench.rig, long, preview=True)
    settle(rig_window)
    assert seen == []


# ---- closing -------------------------------------------------------------------------------


def closed_in(window: Window) -> float:
    start = time.monotonic()
    window.close()
    assert window.closed_whole
    return time.monotonic() - start


@pytest.mark.parametrize("speed", [0.01, 1.0, inf])
def test_closing_during_a_run_is_quick_and_keeps_every_sweep(rig_window: Window, tmp_path: Path, speed: float) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=2000), "long")
    rig_window.set_speed(speed)
    saved: list[int] = []
    rig_window.bridge.saved.connect(lambda said: saved.append(said.sweep))
    press(rig_window, Key.Key_Space)
    live(0.3)
    assert closed_in(rig_window) < 1.0
    for file in (tmp_path / "recordings").glob("*.vclamp"):
        with Session.open(file) as session:
            kept = session.recording(1)
        assert len(kept.sweeps) > max(saved, default=-1)
        assert kept.finished == Finished("stopped", f"stopped in sweep {len(kept.sweeps) + 1}")


def test_a_closed_bridge_does_nothing_more_beside_the_window(rig_window: Window) -> None:
    said: list[object] = []
    rig_window.bridge.beside(lambda: 1, said.append)
    wait_for(lambda: said == [1])
    closed_in(rig_window)
    rig_window.bridge.beside(lambda: 2, said.append)
    rig_window.bridge.beside(lambda: said.append(3), said.append)
    live(0.3)
    assert said == [1]


def test_closing_during_one_enormous_sweep_is_quick(rig_window: Window) -> None:
    """At full speed, through a series resistance: one stretch of some 20 s of work."""
    still = Protocol("still", (Hold(200_000.0),), n_sweeps=1, hold_mV=-80.0)
    rig_window.load_cell("squid-axon-20pf")
    rig_window.bench.set_scene(rig_window.bench.rig, still, "long")
    rig_window.set_speed(inf)
    press(rig_window, Key.Key_Space)
    live(0.3)
    assert rig_window.bridge.running
    assert closed_in(rig_window) < 1.0


def test_closing_during_a_pause_and_a_preview_is_quick(rig_window: Window) -> None:
    press(rig_window, Key.Key_Space)
    press(rig_window, Key.Key_Space)
    assert closed_in(rig_window) < 1.0


def test_closing_while_the_engine_loads_takes_no_three_seconds(qtbot: object, tmp_path: Path) -> None:
    with nothing_goes_wrong():
        for wait_s in (0.0, 0.02, 0.05):
            with open_window(tmp_path, ready=False) as window:
                live(wait_s)
                press(window, Key.Key_Space)
                start = time.monotonic()
                window.close()
                assert time.monotonic() - start < 3.5


def test_an_export_that_hangs_does_not_hold_the_window_back(rig_window: Window) -> None:
    gate = threading.Event()
    rig_window.bridge.beside(gate.wait, lambda result: None)
    rig_window.bridge.beside(gate.wait, lambda result: None)
    start = time.monotonic()
    rig_window.close()
    assert 2.5 < time.monotonic() - start < 3.5
    assert not rig_window.closed_whole
    gate.set()


def test_closing_leaves_one_file_also_while_its_runs_are_being_read(rig_window: Window) -> None:
    """As the list of runs does at the end of each: the last to close a file must be its writer."""
    family(rig_window)
    file = session_file(rig_window)
    reading, enough = threading.Event(), threading.Event()

    def read() -> None:
        with Session.open(file):
            reading.set()
            enough.wait()

    rig_window.bridge.beside(read, lambda result: None)
    assert reading.wait(5.0)
    threading.Timer(0.3, enough.set).start()
    assert closed_in(rig_window) < 1.0
    assert [*file.parent.iterdir()] == [file]


def test_closing_does_not_wait_for_a_foreign_file_that_takes_long_to_read(
    rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that reads it ends too."""
    monkeypatch.setattr(aside, "_program", lambda: [sys.executable, "-c", "import time; time.sleep(20)"])
    (tmp_path / "long.abf").write_bytes(b"ABF2")
    rig_window.documents.open(tmp_path / "long.abf")
    wait_for(lambda: bool(aside._reading))
    (reader,) = aside._reading
    assert closed_in(rig_window) < 1.0
    assert reader.returncode is not None


# ---- frames --------------------------------------------------------------------------------


class Gaps:
    """How long the window's thread leaves a timer waiting."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(lambda: self.times.append(time.perf_counter()))
        self.timer.start()

    def largest_ms(self) -> float:
        self.timer.stop()
        return 1000.0 * max(b - a for a, b in pairwise(self.times))


def long_sweeps(n: int) -> Protocol:
    return replace(iv(), segments=tuple(replace(s, duration_ms=s.duration_ms * 2000 / 60) for s in iv().segments),
                   n_sweeps=n, interval_ms=0.0)  # fmt: skip


def test_beside_a_slow_task_the_window_gets_its_turns_soon_and_a_drag_keeps_long_ones(rig_window: Window) -> None:
    """With turns of 5 ms another look took 9 s beside two busy threads; with short ones a drag loses 12 frames/s."""
    turns_s: list[float] = []

    def slow() -> None:
        turns_s.append(sys.getswitchinterval())

    done: list[object] = []
    for _ in range(2):
        rig_window.bridge.beside(slow, done.append)
    wait_for(lambda: len(done) == 2)
    wait_for(lambda: sys.getswitchinterval() == USUAL_S)
    assert turns_s == [TURN_S, TURN_S]


def test_a_run_in_real_time_is_painted_often_and_the_window_answers(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, long_sweeps(2), "long")
    rig_window.set_speed(1.0)
    settle(rig_window)
    press(rig_window, Key.Key_Space)
    live(0.3)
    gaps, before, start = Gaps(), rig_window.display.stack.paints, time.perf_counter()
    live(3.0)  # with the border between two sweeps in it
    paints = (rig_window.display.stack.paints - before) / (time.perf_counter() - start)
    gap = gaps.largest_ms()
    print(f"\n2 s sweeps at 50 kHz, real time: {paints:.0f} paints/s, largest gap {gap:.0f} ms")
    assert paints >= 30.0
    assert gap < 150.0


def test_a_family_at_full_speed_leaves_the_window_alive(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=300), "many")
    settle(rig_window)
    gaps = Gaps()
    family(rig_window)
    gap = gaps.largest_ms()
    print(f"\n300 sweeps at full speed: largest gap {gap:.0f} ms")
    assert len(rig_window.display.recording.sweeps) == 300
    assert gap < 400.0


def test_an_idle_window_has_no_timer_running(rig_window: Window) -> None:
    def running() -> list[QTimer]:
        timers = rig_window.findChildren(QTimer) + rig_window.bridge.findChildren(QTimer)
        return [timer for timer in timers if timer.isActive()]

    family(rig_window)
    live(0.1)
    assert running() == []


def test_messages_of_a_forgotten_run_never_arrive(rig_window: Window) -> None:
    heard: list[object] = []
    for signal in ("started", "grew", "sweep_done", "ended", "previewed"):
        getattr(rig_window.bridge, signal).connect(heard.append)
    rig_window.set_speed(inf)
    randomness = random.Random(1)
    for _ in range(20):
        rig_window.run_or_pause()
        time.sleep(randomness.uniform(0.0, 0.02))
        rig_window.forget_run()
        heard.clear()
        rig_window.bridge.drain()
        assert heard == []
    settle(rig_window)
    assert heard == []


def test_the_frame_after_a_change_in_a_run_comes_when_the_run_has_heard_of_it(rig_window: Window) -> None:
    bench, bridge = rig_window.bench, rig_window.bridge
    rig_window.set_speed(1.0)
    bench.set_scene(bench.control, Protocol("still", (Hold(30_000.0),), n_sweeps=1, hold_mV=-80.0), "still")
    press(rig_window, Key.Key_Space)
    wait_for(lambda: bridge.running and rig_window.display.stack.paints > 3)
    bridge._timer.start(10 * FRAME_MS)
    bridge.change(bench.rig, bench.protocol, preview=False)
    due_ms = bridge._timer.remainingTime()
    assert due_ms <= HEARD_MS
    time.sleep(0.003)
    bridge.change(bench.rig, bench.protocol, preview=False)
    assert bridge._timer.remainingTime() < due_ms, "the second does not put it off"
    bridge.drain()
    assert bridge._timer.interval() == FRAME_MS
    press(rig_window, Key.Key_Escape)


def test_while_an_edit_of_a_drag_is_answered_only_the_newest_waits(rig_window: Window) -> None:
    family(rig_window)
    slider = ttx_slider(rig_window)
    at, y = handle_at(slider), handle_at(slider).y()
    edits: list[object] = []
    rig_window.bench.rig_changed.connect(lambda: edits.append(rig_window.bench.rig))
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=at)
    for x in range(at.x() + 10, slider.width() - 10, 4):
        QTest.mouseMove(slider, QPoint(x, y))
    assert len(edits) == 1, "the first is under way"
    wait_for(lambda: len(edits) == 2)
    last = rig_window.bench.rig
    QTest.mouseMove(slider, QPoint(at.x() + 10, y))
    QTest.mouseMove(slider, QPoint(at.x() + 30, y))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(at.x() + 30, y))
    assert rig_window.bench.rig not in (last, edits[0]), "nothing waits any more"
    settle(rig_window)
    assert rig_window.display.stack.family.header.rig == rig_window.bench.rig
    rig_window.bench.undo()
    assert rig_window.bench.rig == rig_window.bench.control, "one step"
