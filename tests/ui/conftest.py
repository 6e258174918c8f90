"""The whole window as a fixture."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from recordings import iv, squid_axon
from rig_desk import Desk
from rig_window import nothing_goes_wrong, open_window, quick

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
