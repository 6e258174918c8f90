"""Edit > History names the steps that were made, and goes to the one that is clicked."""

import pytest
from PySide6.QtWidgets import QMenu
from rig_window import TTX

from vclamp.ui.history import FIRST
from vclamp.ui.window import Window


@pytest.fixture
def history(rig_window: Window) -> QMenu:
    return next(menu for menu in rig_window.menuBar().findChildren(QMenu) if menu.title() == "History")


def steps(history: QMenu) -> tuple[list[str], int]:
    """Names of the steps, and the number of the one where the bench is."""
    history.aboutToShow.emit()
    actions = history.actions()
    return [action.text() for action in actions], [action.isChecked() for action in actions].index(True)


def test_it_lists_the_steps_and_a_click_goes_to_one_of_them(rig_window: Window, history: QMenu) -> None:
    bench = rig_window.bench
    rigs = [bench.rig]
    for path, value in (("cell.channels.na.on", False), (TTX, 3e-5), ("protocol.hold_mV", -60.0)):
        rig_window.edit(path, value)
        bench.close_step()
        rigs.append(bench.rig)
    names, now = steps(history)
    assert names[0] == FIRST
    assert len(names) == 4
    assert now == 3
    assert names[2].startswith("TTX 0 → 30 nM")
    assert names[3].startswith("hold ")
    for place in (1, 3, 0, 2):
        history.actions()[place].trigger()
        assert bench.rig == rigs[place]
        assert steps(history) == (names, place)
    rig_window.edit("cell.channels.k.on", False)  # another way on from there
    assert steps(history)[0][:3] == names[:3]
    assert len(steps(history)[0]) == 4


def test_a_long_history_shows_its_newest_steps(rig_window: Window, history: QMenu) -> None:
    for g_nS in range(1, 41):
        rig_window.bench.set_value("cell.channels.na.g_nS", float(g_nS))
        rig_window.bench.close_step()
    names, now = steps(history)
    assert names[0] == "… 25 steps more"
    assert (len(names), now) == (16, 15)
    history.actions()[14].trigger()
    assert rig_window.bench.rig.cell.channels[0].g_nS == 39.0
