"""Whatever the engine does at whichever moment, the window says so, keeps what there was, and runs again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from rig_window import Key, family, nothing_goes_wrong, open_window, press, quick, recorded, recordings, wait_for

from vclamp.engine.simulation import Simulation
from vclamp.run import sweeps
from vclamp.storage.session import Session
from vclamp.ui.window import CLOSE_S, Window

SWEEPS = 12
pytestmark = [pytest.mark.usefixtures("qapp"), pytest.mark.campaign, pytest.mark.timeout(600)]


def fail() -> None:
    raise ZeroDivisionError("boom")


def run_out_of_memory() -> None:
    raise MemoryError("boom")


def no_number(values: np.ndarray) -> None:
    values[2] = np.nan


@contextmanager
def broken(after: int, *, before_play: Callable[[], None] = lambda: None,
           spoil: Callable[[np.ndarray], None] = lambda values: None) -> Iterator[None]:  # fmt: skip
    """The engine does something else at its n-th call; many sweeps are not played at once."""
    original, repeats, calls = Simulation.play, Simulation.repeats, []

    def play(self: Simulation, first: int, last: int, values: np.ndarray) -> None:
        calls.append(1)
        if len(calls) > after:
            before_play()
        original(self, first, last, values)
        if len(calls) > after:
            spoil(values[:, first:last])

    Simulation.play, Simulation.repeats = play, False  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Simulation.play, Simulation.repeats = original, repeats  # type: ignore[method-assign]


FAILURES = {
    "raises": ({"before_play": fail}, "ZeroDivisionError: boom"),
    "no memory": ({"before_play": run_out_of_memory}, "MemoryError: boom"),
    "no number": ({"spoil": no_number}, "is no number from sample 1 of sweep "),
}


@pytest.mark.parametrize("after", range(12))
def test_an_engine_that_fails_is_told_of_and_the_next_run_is_fine(after: int, tmp_path: Path) -> None:
    with nothing_goes_wrong(), open_window(tmp_path, protocol=quick(sweeps=SWEEPS)) as window:
        for failure, said in FAILURES.values():
            with broken(after, **failure):  # type: ignore[arg-type]
                family(window)
            assert said in window.banner.message
            if after:
                kept = recorded(window)
                assert (len(kept.sweeps), kept.finished.reason) == (after, "failed"), said
                assert all(np.isfinite(sweep.values).all() for sweep in kept.sweeps)
            began_s = time.monotonic()
            family(window)
            assert time.monotonic() - began_s < 5.0
            assert window.banner.message == "", said
            assert len(recorded(window).sweeps) == SWEEPS


@pytest.mark.parametrize("after", range(12))
def test_an_engine_that_hangs_holds_back_neither_the_window_nor_its_end(after: int, tmp_path: Path) -> None:
    gate, hanging = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        gate.wait()

    opened = open_window(tmp_path, protocol=quick(sweeps=SWEEPS))
    with nothing_goes_wrong(), opened as window, broken(after, before_play=hang):
        window.set_speed(float("inf"))
        press(window, Key.Key_Space)
        wait_for(hanging.is_set)
        wait_for(lambda: saved(window) == after)
        began_s = time.monotonic()
        window.close()
        assert time.monotonic() - began_s < CLOSE_S + 0.5
        assert not window.closed_whole
        gate.set()
        window.bridge._worker._thread.join(5.0)
        assert not window.bridge._worker._thread.is_alive()


def saved(window: Window) -> int:
    """How many sweeps are on the disk."""
    for file in recordings(window).glob("*.vclamp"):
        with Session.open(file) as session:
            return sum(len(session.recording(run.id).sweeps) for run in session.runs())
    return 0


def test_without_the_look_at_its_numbers_the_disk_would_hold_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "_good_until", lambda names, values, first, last: last)
    with open_window(tmp_path, protocol=quick(sweeps=3)) as window, broken(1, spoil=no_number):
        family(window)
        assert np.isnan(recorded(window).sweeps[-1].values).any()
