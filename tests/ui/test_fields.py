"""Number fields, steps of undo with names, dots where something was changed, and values that may be absent."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from recordings import iv, squid_axon
from rig_desk import Desk
from rig_window import TTX, Key, click, double_click, drag, press, type_into, type_text

from vclamp import paths
from vclamp.model.files import load_rig
from vclamp.model.rig import Rig
from vclamp.ui.bench import Bench
from vclamp.ui.panels.editing import Bound
from vclamp.ui.panels.exam import HIDDEN
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.marks import Knob
from vclamp.ui.panels.naming import concentration, number_text

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def cell(name: str) -> Rig:
    return load_rig(paths.CELLS / f"{name}.toml")


def bound(desk: Desk, path: str) -> Bound:
    """What shows the value at a path."""
    return next(each for each in desk.panel._all_bound() if each.path == path)


def dots(desk: Desk) -> set[str]:
    """Paths of the values that are marked as changed."""
    return {each.path for each in desk.panel._all_bound() if each._dot is not None and not each._dot.isHidden()}


def unfold(desk: Desk, name: str) -> dict[str, QWidget]:
    arrow = desk.panel.cards[name].arrow
    if not arrow.isChecked():
        desk.panel.widget(0).ensureWidgetVisible(arrow)
        click(arrow)
    QApplication.processEvents()
    return desk.panel.cards[name].form.fields


def into_view(desk: Desk, widget: QWidget) -> QWidget:
    desk.panel.widget(0).ensureWidgetVisible(widget)
    QApplication.processEvents()
    return widget


# ---- steps with names ----------------------------------------------------------------------


def test_a_drag_is_one_step_with_a_name_and_the_next_drag_another(desk: Desk) -> None:
    slider = desk.panel.cards["na"].sliders[TTX].slider
    drag(slider, 0.6)
    first = desk.bench.rig.solutions.drug_mM("TTX", "out")
    assert desk.bench.undo_step == f"TTX 0 → {first * 1e6:.3g} nM"
    drag(slider, 0.8)
    second = desk.bench.rig.solutions.drug_mM("TTX", "out")
    assert second > first
    press(desk, Key.Key_Z, CTRL)
    assert desk.bench.rig.solutions.drug_mM("TTX", "out") == first
    assert desk.bench.redo_step.startswith(f"TTX {first * 1e6:.3g}")
    press(desk, Key.Key_Z, CTRL)
    assert desk.bench.rig == desk.bench.control
    assert desk.bench.undo_step == ""
    press(desk, Key.Key_Z, CTRL | SHIFT)
    press(desk, Key.Key_Z, CTRL | SHIFT)
    assert desk.bench.rig.solutions.drug_mM("TTX", "out") == second
    assert desk.bench.redo_step == ""


def test_two_typed_values_are_two_steps_and_some_arrows_one(desk: Desk) -> None:
    type_into(desk, desk.bar.hold, "-70")
    type_into(desk, desk.bar.hold, "-60")
    assert desk.bench.undo_step == "hold −70 → −60 mV"
    desk.bench.undo()
    assert desk.bench.undo_step == "hold −80 → −70 mV"
    assert desk.bench.redo_step == "hold −70 → −60 mV"
    desk.bar.hold.take_focus()
    for _ in range(3):
        press(desk, Key.Key_Up)
    press(desk, Key.Key_Return)
    assert desk.bench.undo_step == "hold −70 → −55 mV"


def test_a_switch_turned_twice_is_two_steps(desk: Desk) -> None:
    switch = desk.panel.cards["na"].switch
    click(switch, QPoint(8, 8))
    assert desk.bench.undo_step == "Na⁺ off"
    click(switch, QPoint(8, 8))
    assert desk.bench.undo_step == "Na⁺ on"
    desk.bench.undo()
    assert not desk.bench.rig.cell.channels[0].on


def test_an_edit_after_an_undo_is_a_step_of_its_own(desk: Desk) -> None:
    for value in (1.0, 2.0):
        desk.bench.set_value("cell.cm_pF", 10.0 + value)
        desk.bench.close_step()
    desk.bench.undo()
    desk.bench.set_value("cell.cm_pF", 15.0)
    assert desk.bench.undo_step == "Cm 11 → 15 pF"
    assert desk.bench.redo_step == ""


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("solutions.drugs.TEA.out_mM", 0.0025, "TEA 0 → 2.5 µM"),
        ("solutions.drugs.TEA.in_mM", 5.0, "TEA inside 0 → 5 mM"),
        ("solutions.ions.K.out_mM", 40.0, "K⁺ outside 20 → 40 mM"),
        ("solutions.ions.K.gamma_in", 0.8, "γ of K⁺ inside 1 → 0.8"),
        ("solutions.temperature_K", 293.15, "temperature 6.3 → 20 °C"),
        ("solutions.activity", "davies", "activity: Davies equation"),
        ("cell.channels.k.g_nS", 18.0, "K⁺, g 36 → 18 nS"),
        ("cell.channels.na.gates.m.power", 2, "Na⁺, gate m, number of gates 3 → 2"),
        ("cell.channels.k.n_channels", 1000, "K⁺, channels none → 1000"),
        ("cell.cm_pF", 2.0, "Cm 1 → 2 pF"),
        ("cell.stochastic", True, "one by one on"),
        ("amplifier.rs_MOhm", 5.0, "Rs, true 0 → 5 MΩ"),
        ("amplifier.mode", "current-clamp", "amplifier: current clamp"),
        ("amplifier.recorder.on", True, "recorder on"),
        ("protocol.hold_mV", -70.0, "hold −80 → −70 mV"),
    ],
)
def test_steps_have_the_names_that_people_use(path: str, value: object, name: str) -> None:
    bench = Bench(squid_axon(), iv())
    bench.set_value(path, value)
    assert bench.undo_step == name


def test_sizes_of_any_order_are_written_as_people_write_them() -> None:
    assert [number_text(x) for x in (-70.0, 0.001, 1e6, 2.5e-7, 0.0, 1e-15)] == [
        "−70", "0.001", "10⁶", "2.5 × 10⁻⁷", "0", "10⁻¹⁵"
    ]  # fmt: skip


# ---- dots ----------------------------------------------------------------------------------


def test_a_dot_marks_what_differs_from_the_control_and_nothing_else(desk: Desk) -> None:
    assert dots(desk) == set()
    type_into(desk, desk.panel.cards["na"].conductance, "60")
    click(desk.panel.cards["leak"].switch, QPoint(8, 8))
    drag(desk.panel.cards["k"].sliders["solutions.drugs.TEA.out_mM"].slider, 0.5)
    desk.bench.set_value("amplifier.mode", "current-clamp")
    changed = {"cell.channels.na.g_nS", "cell.channels.leak.on", "solutions.drugs.TEA.out_mM", "amplifier.mode"}
    assert dots(desk) == changed
    tip = desk.panel.cards["na"].conductance.toolTip()
    assert "Changed from 120 nS; double-click its name, or Ctrl+0, resets it." in tip
    assert desk.panel.cards["na"].conductance.accessibleDescription().startswith("Changed from 120 nS")
    type_into(desk, desk.panel.cards["na"].conductance, "120")
    assert dots(desk) == changed - {"cell.channels.na.g_nS"}
    assert "Changed" not in desk.panel.cards["na"].conductance.toolTip()
    desk.bench.reset()
    assert dots(desk) == set()


def test_dots_come_and_go_with_the_control(desk: Desk) -> None:
    desk.bench.set_value("cell.cm_pF", 7.0)
    assert dots(desk) == {"cell.cm_pF"}
    desk.put(desk.bench.rig)
    assert dots(desk) == set()
    desk.bench.undo()
    assert dots(desk) == {"cell.cm_pF"}


def test_a_dot_moves_nothing(desk: Desk) -> None:
    def places() -> list[object]:
        return [(w.geometry(), w.mapTo(desk, QPoint(0, 0))) for w in desk.panel.findChildren(QuantityField)]

    before = places()
    desk.bench.set_value("cell.channels.na.g_nS", 121.0)
    desk.bench.set_value("cell.cm_pF", 2.0)
    QApplication.processEvents()
    assert len(dots(desk)) == 2
    assert places() == before


def test_a_double_click_on_a_name_resets_one_value_in_one_named_step(desk: Desk) -> None:
    type_into(desk, desk.panel.cards["na"].conductance, "60")
    type_into(desk, desk.panel.cm, "33")
    double_click(bound(desk, "cell.channels.na.g_nS").caption)
    assert desk.bench.rig.cell.channels[0].g_nS == 120.0
    assert desk.bench.rig.cell.cm_pF == 33.0
    assert desk.bench.undo_step == "Na⁺, g 60 → 120 nS"
    press(desk, Key.Key_Z, CTRL)
    assert desk.bench.rig.cell.channels[0].g_nS == 60.0
    slider = desk.panel.cards["na"].sliders[TTX]
    drag(slider.slider, 0.7)
    double_click(slider.name)
    assert desk.bench.rig.solutions.drug_mM("TTX", "out") == 0.0


def test_ctrl_0_resets_what_has_the_focus(desk: Desk) -> None:
    type_into(desk, desk.panel.cm, "33")
    desk.bench.set_value("amplifier.mode", "current-clamp")
    desk.panel.cm.setFocus()
    press(desk, Key.Key_0, CTRL)
    assert desk.bench.rig.cell.cm_pF == desk.bench.control.cell.cm_pF
    desk.panel.amplifier.mode.setFocus()
    press(desk, Key.Key_0, CTRL)
    assert desk.bench.rig == desk.bench.control


def test_the_slider_of_a_number_of_channels_is_reset_by_a_double_click(desk: Desk) -> None:
    desk.edit(lambda: desk.bench.set_value("cell.stochastic", True))
    desk.edit(lambda: desk.bench.set_value("cell.channels.na.n_channels", 500))
    QApplication.processEvents()
    assert "cell.channels.na.n_channels" in dots(desk)
    double_click(desk.panel.cards["na"].count.slider)
    assert desk.bench.rig.cell.channels[0].n_channels is None


# ---- refused values ------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "taken"), [("-70", -70.0), ("-70mV", -70.0), ("−70 mV", -70.0), ("-0,07 V", -70.0)])
def test_a_number_may_be_typed_as_people_write_it(desk: Desk, text: str, taken: float) -> None:
    type_into(desk, desk.bar.hold, text)
    assert desk.bench.protocol.hold_mV == taken


def test_a_refused_number_shows_why_at_the_field_until_it_is_mended(desk: Desk) -> None:
    field = desk.panel.cards["na"].conductance
    type_into(desk, field, "1e9")
    assert desk.bench.rig == desk.bench.control
    assert field.text() == "120 nS"
    assert "10⁹ nS is not within 0…1e6 nS" in field.refusal
    label, frame = field._refusal.label, field._refusal._frame
    assert label.isVisible()
    assert frame.isVisible()
    assert frame.size() == field.size()
    assert desk.panel.widget(0).widget().rect().contains(label.geometry())
    assert not label.geometry().intersects(field.geometry())
    assert field.hasFocus(), "to be mended"
    type_text(desk, "60")
    assert field.refusal == ""
    press(desk, Key.Key_Return)
    assert desk.bench.rig.cell.channels[0].g_nS == 60.0
    assert not field.hasFocus()


def test_a_refused_number_is_forgotten_when_its_field_is_left(desk: Desk) -> None:
    field = desk.bar.hold
    type_into(desk, field, "400")
    assert field.refusal
    assert field._refusal.label.isVisible()
    click(desk.panel.cards["leak"].conductance)
    assert field.refusal == ""
    assert not field._refusal.label.isVisible()
    assert field.text() == "−80 mV"
    assert desk.bench.protocol.hold_mV == -80.0


def test_a_field_that_shows_a_refusal_can_be_deleted_with_the_focus(desk: Desk) -> None:
    """Another cell or look makes the cards anew; the event of the lost focus comes when the field is half gone."""
    field = desk.panel.cards["na"].conductance
    type_into(desk, field, "1e9")
    field.setFocus()
    assert field.hasFocus()
    assert field.refusal
    desk.panel.show_rig(desk.bench.rig, replace(desk.theme, name="another"))
    assert desk.panel.cards["na"].conductance is not field
    assert desk.panel.cards["na"].conductance.refusal == ""


def test_what_the_rig_refuses_is_explained_at_the_field_too(desk: Desk) -> None:
    desk.edit(lambda: desk.bench.set_values({"amplifier.rs_MOhm": 6.0, "amplifier.circuit": "full"}))
    field = into_view(desk, desk.panel.rs)
    type_into(desk, field, "0")
    assert "no series resistance" in field.refusal
    assert "no series resistance" in desk.said
    assert (field.value(), desk.bench.rig.amplifier.rs_MOhm) == (6.0, 6.0)
    press(desk, Key.Key_Return)
    assert field.refusal == ""


def test_a_refused_formula_and_a_refused_switch_are_explained_where_they_are(desk: Desk) -> None:
    field = into_view(desk, unfold(desk, "k")["gates.n.alpha_per_ms"])
    before = field.text()
    type_into(desk, field, "sin(v)")
    assert field.text() == before
    assert desk.said
    rig = desk.bench.rig
    many = replace(rig.cell.channels[0], n_channels=9_000_000)
    desk.put(replace(rig, cell=replace(rig.cell, channels=(many, *rig.cell.channels[1:]))))
    click(into_view(desk, desk.panel.one_by_one.switch), QPoint(8, 8))
    refusal = bound(desk, "cell.stochastic")._refusal
    assert refusal.shown
    assert "too many" in refusal.label.text()
    assert not desk.panel.one_by_one.switch.isChecked()


def test_every_number_tells_its_range_and_unit(desk: Desk) -> None:
    for name in ("squid-axon", "neuron", "hek-multi-ion-k", "hek-kv-trapped-block", "model-cell-mc9"):
        desk.put(cell(name))
        for card in desk.panel.cards.values():
            if hasattr(card, "arrow"):
                card.arrow.setChecked(True)
        for field in (*desk.panel.findChildren(QuantityField), desk.bar.hold):
            line = next((line for line in field.toolTip().splitlines() if "…" in line), "")
            assert line, (name, field.accessibleName())
            assert line.endswith(field.suffix().strip()), line
    assert "source" not in desk.panel.cm.toolTip()


def test_amounts_tell_their_equation_and_source(desk: Desk) -> None:
    tip = desk.panel.cards["na"].conductance.toolTip()
    assert "I = g·P open·(V − E)" in tip
    assert "Hodgkin" in tip


# ---- steps of arrows and wheel -------------------------------------------------------------


def test_arrows_step_the_holding_potential_by_5_and_with_shift_by_1(desk: Desk) -> None:
    desk.bar.hold.take_focus()
    for key, modifiers, expected in (
        (Key.Key_Up, Qt.KeyboardModifier.NoModifier, -75.0),
        (Key.Key_Down, SHIFT, -76.0),
        (Key.Key_Down, Qt.KeyboardModifier.NoModifier, -81.0),
    ):
        press(desk, key, modifiers)
        assert desk.bench.protocol.hold_mV == expected
    type_into(desk, desk.bar.hold, "249")
    desk.bar.hold.take_focus()
    press(desk, Key.Key_Up)
    assert desk.bench.protocol.hold_mV == 250.0


def test_after_a_drag_the_arrows_are_the_windows(desk: Desk) -> None:
    drag(desk.panel.cards["na"].sliders[TTX].slider, 0.6)
    blocked = desk.bench.rig
    press(desk, Key.Key_Left)
    assert desk.bench.rig == blocked
    assert desk.runs == 1


def test_arrows_step_a_tenth_of_the_leading_digit_and_with_shift_a_hundredth(desk: Desk) -> None:
    field = desk.panel.cards["na"].conductance
    field.setFocus()
    press(desk, Key.Key_Up)
    assert desk.bench.rig.cell.channels[0].g_nS == 130.0
    press(desk, Key.Key_Up, SHIFT)
    assert desk.bench.rig.cell.channels[0].g_nS == 131.0


def test_the_wheel_steps_a_field_only_while_it_has_the_focus(desk: Desk) -> None:
    field = desk.bar.hold
    at = QPointF(field.mapTo(desk, field.rect().center()))
    QTest.wheelEvent(desk.windowHandle(), at, QPoint(0, 120))
    assert desk.bench.protocol.hold_mV == -80.0
    field.take_focus()
    QTest.wheelEvent(desk.windowHandle(), at, QPoint(0, 120))
    assert desk.bench.protocol.hold_mV == -75.0


def test_undo_works_while_a_field_has_the_focus_but_nothing_is_typed(desk: Desk) -> None:
    type_into(desk, desk.panel.cm, "33", Key.Key_Tab)
    assert isinstance(QApplication.focusWidget(), QuantityField)
    press(desk, Key.Key_Z, CTRL)
    assert desk.bench.rig == desk.bench.control
    desk.panel.cm.setFocus()
    type_text(desk, "5")
    press(desk, Key.Key_Z, CTRL)
    assert desk.bench.rig == desk.bench.control, "what is being typed is taken back first"


# ---- values that may be absent -------------------------------------------------------------


def entry(adder: Knob, label: str) -> None:
    """Choose from the list of what can be added; the offscreen platform leaves the closed list active."""
    desk = adder.window()
    click(adder)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(each for each in menu.actions() if each.text() == label)
    click(menu, menu.actionGeometry(action).center())
    desk.activateWindow()
    QTest.qWaitForWindowActive(desk)


@pytest.mark.parametrize(
    ("name", "card", "owner", "label", "path"),
    [
        ("squid-axon", "k", "gates.n", "Q10 of the rates", "gates.n.q10"),
        ("k-membrane", "", "pore", "reversal, fixed", "pore.e_mV"),
        ("hek-amfe-pore", "", "pore", "ions at most", "pore.max_ions"),
        ("neuron-pump", "pump", "", "energy of ATP ΔG", "dg_atp_kJ_per_mol"),
        ("neuron-pump", "pump", "", "half rate at ATP", "k_atp_mM"),
    ],
)
def test_an_absent_value_is_added_and_taken_away_again(
    desk: Desk, name: str, card: str, owner: str, label: str, path: str
) -> None:
    desk.put(cell(name))
    card = card or next(iter(desk.panel.cards))
    fields = unfold(desk, card)
    if path in fields:
        pytest.skip(f"{name} has it")
    i_before = desk.bench.rig
    adder = desk.panel.cards[card].form.adders[owner]
    into_view(desk, adder)
    entry(adder, label)
    assert desk.said == ""
    fields = unfold(desk, card)
    assert path in fields
    assert desk.focusWidget() is fields[path], "to be set"
    assert "none → " in desk.bench.undo_step
    remover = desk.panel.cards[card].form.removers[path]
    assert remover.accessibleName().startswith("do without ")
    assert remover.accessibleName().endswith(label)
    into_view(desk, desk.panel.cards[card].form.removers[path])
    click(desk.panel.cards[card].form.removers[path])
    assert path not in unfold(desk, card)
    assert desk.bench.undo_step.endswith("→ none")
    press(desk, Key.Key_Z, CTRL)
    press(desk, Key.Key_Z, CTRL)
    assert desk.bench.rig == i_before


def test_a_pump_that_begins_to_need_atp_gets_some_and_a_slider_for_it(desk: Desk) -> None:
    desk.put(cell("neuron-pump"))
    unfold(desk, "pump")
    adder = desk.panel.cards["pump"].form.adders[""]
    into_view(desk, adder)
    entry(adder, "half rate at ATP")
    assert desk.bench.rig.solutions.drug_mM("ATP", "in") == 3.0
    assert "solutions.drugs.ATP.in_mM" in desk.panel.cards["pump"].sliders


def test_a_fixed_reversal_begins_where_the_channel_reverses(desk: Desk) -> None:
    desk.put(cell("k-membrane"))
    channel = desk.bench.rig.cell.channels[0]
    name, e_mV = channel.name, channel.reversal_mV(desk.bench.rig.solutions)
    unfold(desk, name)
    adder = desk.panel.cards[name].form.adders["pore"]
    into_view(desk, adder)
    entry(adder, "reversal, fixed")
    assert desk.bench.rig.cell.channels[0].pore.e_mV == pytest.approx(e_mV, abs=0.05)


# ---- an exam -------------------------------------------------------------------------------


def everything_said(page: QWidget) -> str:
    """All texts and tips of what can be seen or pointed at."""
    widgets = [widget for widget in page.findChildren(QWidget) if widget.isVisibleTo(page)]
    return "\n".join(f"{w.toolTip()} {w.accessibleName()} {getattr(w, 'text', str)()}" for w in widgets)


def test_an_exam_tells_nothing_of_its_channels(desk: Desk) -> None:
    exam = cell("unknown-cell")
    assert exam.cell.exam
    desk.put(exam)
    first = everything_said(desk.panel.widget(0))
    told = first + everything_said(desk.panel.widget(1))
    assert HIDDEN in first
    for channel in exam.cell.channels:
        assert channel.title not in first, channel.title
        assert channel.source[:20] not in told
        for block in channel.blockers:
            assert concentration(block.half_mM) not in told
    shown = {each.path for each in desk.panel._all_bound() if each.widget.isVisibleTo(each.widget.window())}
    assert not any(path.startswith("cell.") for path in shown)
    assert not shown & {"amplifier.rs_MOhm", "amplifier.cp_pF", "amplifier.offset_mV", "amplifier.junction_mV"}
    assert not any(auto.isVisible() for auto in desk.panel.amplifier.autos.values())


def test_an_exam_lets_drugs_solutions_and_dials_be_changed(desk: Desk) -> None:
    desk.put(cell("unknown-cell"))
    sliders = desk.panel.cards["exam"].sliders
    assert [path.split(".")[2] for path in sliders] == sorted(path.split(".")[2] for path in sliders)
    drag(sliders[TTX].slider, 0.6)
    assert 1e-6 < desk.bench.rig.solutions.drug_mM("TTX", "out") < 0.1
    desk.edit(lambda: desk.bench.set_value("amplifier.circuit", "full"))
    for key in ("cm_est_pF", "cp_est_pF", "rs_est_MOhm", "correction_percent", "prediction_percent"):
        assert desk.panel.amplifier.fields[key].isVisible(), key
    desk.panel.setCurrentIndex(1)
    type_into(desk, desk.panel.solutions.ions["K"].concentrations["out"], "40")
    assert desk.bench.rig.solutions.ion("K").out_mM == 40.0
