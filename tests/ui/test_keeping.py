"""Nothing is lost when the disk refuses, is slow, or the program was killed; and it is said what can be done."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton
from recordings import largest_file
from rig_window import (
    Key,
    click,
    family,
    live,
    nothing_goes_wrong,
    open_window,
    press,
    quick,
    recordings,
    session_file,
    settle,
    wait_for,
)

from vclamp.errors import VClampError
from vclamp.model.record import Recording, Sweep
from vclamp.storage.compare import sweep_differences
from vclamp.storage.session import Session
from vclamp.ui.keeper import Saved
from vclamp.ui.window import Window


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, *sweeps: int) -> Iterator[None]:
    """The disk takes all sweeps but those with these indices."""
    original = Session.add_sweep

    def add_sweep(self: Session, run: int, sweep: Sweep) -> None:
        if sweep.index in sweeps:
            raise VClampError("cannot be written: the disk is full", where=self.path.name, remedy="Make room.")
        original(self, run, sweep)

    with monkeypatch.context() as broken:
        broken.setattr(Session, "add_sweep", add_sweep)
        yield


def on_disk(file: Path, run: int) -> Recording:
    with Session.open(file) as session:
        return session.recording(run)


def press_button(window: Window, words: str) -> None:
    click(next(button for button in window.banner.buttons if button.text() == words))
    settle(window)


def test_what_the_disk_refused_is_saved_in_order_when_it_is_tried_again(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Saved] = []
    rig_window.bridge.saved.connect(said.append)
    with refusing(monkeypatch, 2):
        family(rig_window)
        assert [saved.sweep for saved in said] == [0, 1], "only what is on the disk is called saved"
        assert len(on_disk(session_file(rig_window), 1).sweeps) == 2
        assert "the disk is full" in rig_window.banner.message
        assert "2 sweeps not saved" in rig_window.status.file.text()
        press_button(rig_window, "Try again")
        assert "the disk is full" in rig_window.banner.message
    press_button(rig_window, "Try again")
    assert [saved.sweep for saved in said] == [0, 1, 2, 3]
    assert rig_window.banner.message == ""
    assert "sweep 4 saved" in rig_window.status.file.text()
    kept = on_disk(session_file(rig_window), 1)
    assert sweep_differences(kept.sweeps, rig_window.display.recording.sweeps) == []
    assert kept.finished.reason == "completed"


def test_a_refusal_that_passes_is_made_good_within_the_run(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = Session.add_sweep, []

    def once(self: Session, run: int, sweep: Sweep) -> None:
        calls.append(sweep.index)
        if len(calls) == 2:
            raise VClampError("the disk reports an error")
        original(self, run, sweep)

    monkeypatch.setattr(Session, "add_sweep", once)
    family(rig_window)
    assert calls == [0, 1, 1, 2, 3]
    assert rig_window.banner.message == ""
    assert len(on_disk(session_file(rig_window), 1).sweeps) == 4


def test_saved_elsewhere_is_the_whole_run_and_all_that_follow(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(stick))
    family(rig_window)
    with refusing(monkeypatch, 2):
        family(rig_window)
    press_button(rig_window, "Save elsewhere…")
    assert rig_window.banner.message == ""
    family(rig_window)
    (file,) = stick.glob("*.vclamp")
    with Session.open(file) as session:
        assert [run.n_sweeps for run in session.runs()] == [4, 4]
    assert sweep_differences(on_disk(file, 2).sweeps, rig_window.display.recording.sweeps) == []
    first = session_file(rig_window)
    assert [path.name for path in first.parent.iterdir()] == [first.name], "the file left behind is closed"
    assert [len(on_disk(first, run).sweeps) for run in (1, 2)] == [4, 2]
    assert rig_window.documents.path == file
    assert rig_window.documents.runs.count() == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_on_a_disk_that_is_full_the_run_goes_on_and_its_sweeps_are_saved_once_there_is_room(
    rig_window: Window,
) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=4, ms=200.0), "long")
    with largest_file(400_000):
        family(rig_window)
        assert "not saved" in rig_window.banner.message
        assert "Traceback" not in rig_window.banner.message
        assert rig_window.bridge.n_unsaved > 0
    assert len(rig_window.display.recording.sweeps) == 4
    press_button(rig_window, "Try again")
    kept = on_disk(session_file(rig_window), 1)
    assert sweep_differences(kept.sweeps, rig_window.display.recording.sweeps) == []


def question(window: Window) -> QMessageBox:
    wait_for(lambda: bool(window.findChildren(QMessageBox)))
    return window.findChildren(QMessageBox)[-1]


def test_closing_asks_about_sweeps_that_cannot_be_saved_and_loses_none_that_can(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing(monkeypatch, 1):
        family(rig_window)
        rig_window.close()
        box = question(rig_window)
        assert rig_window.isVisible()
        assert "3 sweeps could not be saved" in box.text()
        click(next(button for button in box.findChildren(QPushButton) if button.text() == "Stay"))
        wait_for(lambda: not rig_window.findChildren(QMessageBox))
        assert rig_window.isVisible()
    rig_window.close()
    wait_for(lambda: not rig_window.isVisible())
    assert rig_window.closed_whole
    assert len(on_disk(session_file(rig_window), 1).sweeps) == 4


def test_closing_can_give_up_what_cannot_be_saved(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing(monkeypatch, 1):
        family(rig_window)
        rig_window.close()
        box = question(rig_window)
        click(next(button for button in box.findChildren(QPushButton) if button.text() == "Close and lose them"))
        wait_for(lambda: not rig_window.isVisible())
    assert len(on_disk(session_file(rig_window), 1).sweeps) == 1


def test_a_signal_is_not_held_up_by_a_question(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing(monkeypatch, 1):
        family(rig_window)
        rig_window.documents.rescue.hurry()  # what a signal is connected to
        wait_for(lambda: not rig_window.isVisible(), 3.0)
    assert len(on_disk(session_file(rig_window), 1).sweeps) == 1


def test_the_window_lives_while_a_sweep_is_on_its_way_to_the_disk(
    rig_window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every commit waits until the window has lived through ten of its own events meanwhile."""
    original, lived, ticks = Session.add_sweep, [], threading.Semaphore(0)

    def slow(self: Session, run: int, sweep: Sweep) -> None:
        while ticks.acquire(blocking=False):
            pass
        lived.append(all(ticks.acquire(timeout=20.0) for _ in range(10)))
        original(self, run, sweep)

    monkeypatch.setattr(Session, "add_sweep", slow)
    timer = QTimer(interval=5)
    timer.timeout.connect(ticks.release)
    timer.start()
    family(rig_window)
    timer.stop()
    assert lived == [True] * 4
    assert len(on_disk(session_file(rig_window), 1).sweeps) == 4


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from recordings import header, made_up_sweep
from vclamp.storage.session import Session
folder = Path(sys.argv[1])
folder.mkdir(parents=True)
session = Session.create(folder / "killed.vclamp")
for sweeps in (3, 2):
    run = session.add_run(header())
    for index in range(sweeps):
        session.add_sweep(run, made_up_sweep(index))
(folder / ".vclamp-part-0123456789ab.nwb").touch()
os.kill(os.getpid(), 9)
"""


def test_a_sitting_that_was_killed_is_offered_at_the_next_start_and_opens(qtbot: object, tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", KILLED, str(tmp_path / "recordings"), tests]
    subprocess.run(command, check=False, timeout=60, cwd=Path(tests).parent)
    with nothing_goes_wrong(), open_window(tmp_path, protocol=quick()) as window:
        assert window.banner.message == "The last sitting was not closed: 2 runs, 5 sweeps are safe in killed.vclamp."
        window.set_speed(float("inf"))
        press(window, Key.Key_2)
        settle(window)
        assert "killed.vclamp" in window.banner.message, "an offer stays until it is answered"
        press_button(window, "Open")
        assert window.banner.message == ""
        assert len(window.display.recording.sweeps) == 2
        assert window.documents.runs.count() == 2
        assert not (recordings(window) / "killed.vclamp-wal").exists()
    with nothing_goes_wrong(), open_window(tmp_path, protocol=quick()) as window:
        live(0.1)
        assert window.banner.message == "", "once is enough"
