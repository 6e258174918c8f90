"""The rig by keys alone, and a name for whatever can have the focus."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QLineEdit, QWidget
from rig_desk import Desk
from rig_window import TTX, Key, press, type_text

from vclamp import paths
from vclamp.model.files import load_rig
from vclamp.ui.window import Window

SHIFT = Qt.KeyboardModifier.ShiftModifier
MOST_TABS = 200


def reachable(root: QWidget) -> list[QWidget]:
    """Everything that Tab can reach, seen or not; the line edit of a spin box is a part of it."""
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.window() is root.window()  # a box's list is in a window of its own
        and not (isinstance(widget, QLineEdit) and widget.focusProxy() is not None)
        and not widget.objectName().startswith("qt_")
    ]


def said_name(widget: QWidget) -> str:
    """What a screen reader says it is; Qt gives a box's chosen entry in place of its name."""
    if isinstance(widget, QComboBox):
        return widget.accessibleName()
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name).strip()


def tab_to(desk: Desk, target: QWidget, *, back: bool = False) -> None:
    """Press Tab until a widget has the focus."""
    for _ in range(MOST_TABS):
        if QApplication.focusWidget() is target:
            return
        press(desk, Key.Key_Tab, SHIFT if back else Qt.KeyboardModifier.NoModifier)
    raise AssertionError(f"Tab never comes to {target.accessibleName()}")


# ---- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["squid-axon", "neuron", "hek-kv-trapped-block", "model-cell-mc9", "unknown-cell"])
def test_all_that_can_have_the_focus_has_a_name(desk: Desk, name: str) -> None:
    desk.put(load_rig(paths.CELLS / f"{name}.toml"))
    for card in desk.panel.cards.values():
        if hasattr(card, "arrow"):
            card.arrow.setChecked(True)
    nameless = [repr(widget) for widget in reachable(desk) if len(said_name(widget)) < 1]
    assert not nameless
    assert len(reachable(desk.panel)) > 10


def test_no_two_controls_of_the_rig_have_one_name(desk: Desk) -> None:
    for card in desk.panel.cards.values():
        card.arrow.setChecked(True)
    names = [said_name(widget) for widget in reachable(desk.panel)]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)


def test_names_are_those_of_the_steps_of_undo(desk: Desk) -> None:
    field = desk.panel.cards["na"].conductance
    field.setFocus()
    press(desk, Key.Key_Up)
    assert desk.bench.undo_step.startswith(field.accessibleName())


def test_all_of_the_window_that_can_have_the_focus_has_a_name(rig_window: Window) -> None:
    found = [rig_window.bar, *rig_window.docks.docks.values()]
    nameless = {
        f"{type(widget.parent()).__name__} > {type(widget).__name__} {widget.toolTip()!r}"
        for part in found
        for widget in reachable(part)
        if not said_name(widget)
    }
    assert not nameless, "\n".join(sorted(nameless))


# ---- order ---------------------------------------------------------------------------------


def place(widget: QWidget, inside: QWidget) -> QRect:
    return QRect(widget.mapTo(inside, QPoint(0, 0)), widget.size())


@pytest.mark.parametrize("page", [0, 1])
def test_tab_goes_down_the_page_as_one_reads(desk: Desk, page: int) -> None:
    desk.panel.cards["k"].arrow.setChecked(True)
    desk.panel.setCurrentIndex(page)
    QApplication.processEvents()
    body = desk.panel.widget(page).widget()
    wanted = [widget for widget in reachable(body) if widget.isVisible() and widget.isEnabled()]
    desk.panel.tabBar().setFocus()
    came: list[QWidget] = []
    for _ in range(MOST_TABS):
        press(desk, Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is None or not body.isAncestorOf(focus) or focus in came:
            break
        came.append(focus)
    assert set(came) == set(wanted)
    tops = [place(widget, body) for widget in came]
    for one, next_one in pairwise(tops):
        beside = next_one.left() > one.left() and next_one.bottom() >= one.top()
        assert beside or next_one.top() >= one.bottom(), (one, next_one)


# ---- keys alone ----------------------------------------------------------------------------


def test_the_rig_can_be_set_by_keys_alone(desk: Desk) -> None:
    panel, bench = desk.panel, desk.bench
    panel.tabBar().setFocus()
    tab_to(desk, panel.cards["na"].switch)
    press(desk, Key.Key_Return)
    assert not bench.rig.cell.channels[0].on
    press(desk, Key.Key_Return)
    assert bench.rig.cell.channels[0].on
    tab_to(desk, panel.cards["na"].conductance)
    type_text(desk, "60")
    press(desk, Key.Key_Tab)
    assert bench.rig.cell.channels[0].g_nS == 60.0
    tab_to(desk, panel.cards["na"].sliders[TTX].slider)
    for _ in range(3):
        press(desk, Key.Key_PageUp)
    assert bench.rig.solutions.drug_mM("TTX", "out") > 0.0
    press(desk, Key.Key_Home)
    assert bench.rig.solutions.drug_mM("TTX", "out") == 0.0
    tab_to(desk, panel.cards["na"].arrow, back=True)
    press(desk, Key.Key_Return)
    form = panel.cards["na"].form
    assert form is not None
    assert form.isVisible()
    tab_to(desk, form.fields["gates.m.power"])
    press(desk, Key.Key_Down)
    assert bench.rig.cell.channels[0].gates[0].power == 2
    tab_to(desk, panel.amplifier.mode)
    press(desk, Key.Key_Down)
    assert bench.rig.amplifier.clamps_current
    assert desk.runs == 0


def test_pages_are_turned_by_keys_too(desk: Desk) -> None:
    desk.panel.tabBar().setFocus()
    press(desk, Key.Key_Right)
    assert desk.panel.currentIndex() == 1
    tab_to(desk, desk.panel.solutions.activity)
    press(desk, Key.Key_Return)
    assert QApplication.activePopupWidget() is not None
    desk.panel.solutions.activity.hidePopup()
    desk.activateWindow()


def test_space_is_the_windows_wherever_the_focus_is(desk: Desk) -> None:
    before = desk.bench.rig
    for number, widget in enumerate(reachable(desk.panel), 1):
        if widget.isVisible() and isinstance(widget, QAbstractButton | QAbstractSlider | QComboBox):
            widget.setFocus()
            runs = desk.runs
            press(desk, Key.Key_Space)
            assert desk.runs == runs + 1, (number, widget.accessibleName())
    assert desk.bench.rig == before
    assert desk.runs > 5


def test_a_list_of_the_bar_opens_by_enter(desk: Desk) -> None:
    for box in (desk.bar.cell, desk.bar.protocol, desk.bar.speed):
        box.setFocus()
        press(desk, Key.Key_Return)
        assert box.view().isVisible()
        box.hidePopup()
        desk.activateWindow()
