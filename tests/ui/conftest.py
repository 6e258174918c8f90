"""The whole window as a fixture."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from rig_window import nothing_goes_wrong, open_window, quick

from vclamp.ui.window import Window


@pytest.fixture
def rig_window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    """The window with its engine loaded and a family that takes little time.

    The test fails if anything is said on the side.
    """
    with nothing_goes_wrong(), open_window(tmp_path, protocol=quick()) as window:
        yield window
