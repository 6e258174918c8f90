"""The whole window as a fixture."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from recordings import iv, squid_axon
from rig_desk import Desk
from rig_window import nothing_goes_wrong, open_window, quick, settle, show_runs

from vclamp.model.edit import with_value
from vclamp.model.record import Recording
from vclamp.publish.exporters import export
from vclamp.run.runner import record
from vclamp.ui.window import Window


@pytest.fixture
def rig_window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    """The window with its engine loaded and a family that takes little time.

    The test fails if anything is said on the side.
    """
    with nothing_goes_wrong(), open_window(tmp_path, protocol=quick()) as window:
        yield window


@pytest.fixture(scope="module")
def one_desk(qapp: QApplication) -> Iterator[Desk]:
    """One for the tests of a file; they ask for `desk`."""
    found = Desk(squid_axon(), iv())
    yield found
    found.close()
    found.deleteLater()


@pytest.fixture
def desk(one_desk: Desk) -> Iterator[Desk]:
    """The squid axon on a bench, nothing unfolded, nothing edited."""
    with nothing_goes_wrong():
        one_desk.begin_anew(squid_axon(), iv())
        yield one_desk


@pytest.fixture(scope="module")
def only_window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window for all tests that need no fresh one; those that do come first, for there is only one at a time."""
    with nothing_goes_wrong(), open_window(tmp_path_factory.mktemp("desk"), protocol=quick()) as window:
        yield window


@pytest.fixture(scope="module")
def three_runs() -> list[Recording]:
    """Runs of four sweeps; the second is without sodium channels."""
    blocked = with_value(squid_axon(), "cell.channels.na.on", False, "")
    return [record(rig, quick()) for rig in (squid_axon(), blocked, squid_axon())]


@pytest.fixture
def window(only_window: Window, three_runs: list[Recording], tmp_path: Path) -> Window:
    """The window after a session of three runs was opened."""
    export(three_runs, tmp_path / "three.vclamp")
    only_window.activateWindow()
    only_window.banner.hide()
    only_window.status.news.clear()
    only_window.documents.open(tmp_path / "three.vclamp")
    settle(only_window)
    show_runs(only_window)
    return only_window


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """An X server of our own, that does not begin anew, deaf meanwhile, whenever its last window closes."""
    if not shutil.which("Xvfb"):
        pytest.skip("there is no Xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        display = f":{number.readline().strip()}"
    yield display
    server.terminate()
    server.wait()
