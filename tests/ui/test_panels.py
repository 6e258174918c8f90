"""Everything the model describes can be set in the panels: solutions, pump, amounts, forms, amplifier."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isnan

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QWidget
from recordings import squid_axon
from rig_window import (
    Key,
    click,
    drag,
    family,
    handle_at,
    live,
    nothing_goes_wrong,
    open_window,
    press,
    quick,
    settle,
    type_into,
    wait_for,
)

from vclamp import paths
from vclamp.model.amplifier import Amplifier
from vclamp.model.edit import items
from vclamp.model.files import load_rig
from vclamp.model.record import Chunk
from vclamp.model.rig import Rig
from vclamp.ui.panels.cards import Card
from vclamp.ui.panels.channels import RigPanel
from vclamp.ui.panels.fields import QuantityField, quantity
from vclamp.ui.panels.naming import name_of, value_at, value_text
from vclamp.ui.panels.parameters import kind_of
from vclamp.ui.panels.sliders import SLIDER_STEPS, CountSlider, single_conductance
from vclamp.ui.panels.solutions import note_text
from vclamp.ui.panels.words import AMPLIFIER, WORDS
from vclamp.ui.window import Window


@pytest.fixture(scope="module")
def one_window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window for all of these tests: a window of its own for each would take most of their time."""
    with open_window(tmp_path_factory.mktemp("panels"), protocol=quick()) as window:
        yield window


@pytest.fixture
def rig_window(one_window: Window) -> Iterator[Window]:
    """The window as it is after a start: the squid axon, nothing unfolded, nothing said, nothing run."""
    with nothing_goes_wrong():
        one_window.stop()
        settle(one_window)
        one_window.resize(1366, 740)
        one_window.setFocus()
        one_window.panel._unfolded.clear()
        one_window.panel.setCurrentIndex(CHANNELS)
        one_window.panel._shape._now = None  # so that the cards are made anew
        one_window.bench.set_scene(squid_axon(), quick(), "another test")
        one_window.panel.show_rig(one_window.bench.rig, one_window.display.theme)
        if one_window.looks.chosen != "dark":
            one_window.looks.choose("dark")
        one_window.set_speed(1.0)
        settle(one_window)
        one_window.banner.hide()
        yield one_window


CTRL = Qt.KeyboardModifier.ControlModifier
CHANNELS, SOLUTIONS = 0, 1
CELLS = sorted(paths.shipped(paths.CELLS))
OPEN_CELLS = [name for name in CELLS if not load_rig(paths.CELLS / f"{name}.toml").cell.exam]


def show_cell(window: Window, name: str, page: int = CHANNELS) -> None:
    """Another cell, with a family that takes little time."""
    window.load_cell(name)
    window.panel.setCurrentIndex(page)
    settle(window)


@dataclass(frozen=True)
class Seen:
    """What the panel shows of a cell with every form unfolded."""

    rig: Rig
    carded: tuple[str, ...]  # paths of the sliders on cards
    free: tuple[str, ...]  # and of the others
    forms: dict[str, dict[str, tuple[type[QWidget], object]]]  # by channel and path: the widget, what it shows
    cut_off: tuple[str, ...]  # numbers that are wider than their fields
    bound: tuple[str, ...]  # paths of all values that can be set


def look_at(panel: RigPanel, rig: Rig) -> Seen:
    """Everything there is to see of the rig on the panel."""
    cards = panel.cards
    forms = {channel.name: cards[channel.name].form for channel in rig.cell.channels if channel.name in cards}
    return Seen(
        rig,
        tuple(path for card in cards.values() for path in getattr(card, "sliders", {})),
        tuple(panel.solutions.sliders),
        {name: {path: (type(w), shown(w)) for path, w in form.fields.items()} for name, form in forms.items()},
        tuple(
            field.text()
            for field in panel.findChildren(QuantityField)
            if field.isVisible() and field.lineEdit().width() < field.fontMetrics().horizontalAdvance(field.text())
        ),
        tuple(each.path for each in panel._all_bound()),
    )


def shown(widget: QWidget) -> object:
    """What a widget shows."""
    if isinstance(widget, QuantityField):
        return widget.value()
    return widget.isChecked() if isinstance(widget, QCheckBox) else getattr(widget, "text", str)()


@pytest.fixture(scope="module")
def seen(one_window: Window) -> dict[str, Seen]:
    """Every shipped cell on the panel, one after another; the bench and the engine do not hear of it."""
    found, panel = {}, one_window.panel
    with nothing_goes_wrong():
        for cell in CELLS:
            rig = load_rig(paths.CELLS / f"{cell}.toml")
            panel.show_rig(rig, one_window.display.theme)
            panel.setCurrentIndex(CHANNELS)
            for card in panel.cards.values():
                if isinstance(card, Card):
                    card.arrow.setChecked(True)
            QApplication.processEvents()
            found[cell] = look_at(panel, rig)
    return found


def page(window: Window, number: int) -> None:
    """Turn to a page of the panel, as a user does."""
    bar = window.panel.tabBar()
    click(bar, bar.tabRect(number).center())


def choose(box: QComboBox, text: str) -> None:
    """Choose an entry by its words."""
    index = box.findText(text)
    assert index >= 0, [box.itemText(n) for n in range(box.count())]
    box.setCurrentIndex(index)
    box.activated.emit(index)


def unfold(window: Window, name: str) -> dict[str, QWidget]:
    """Click the arrow of a card; the fields of its form by their paths."""
    card = window.panel.cards[name]
    if not card.arrow.isChecked():
        window.panel.widget(CHANNELS).ensureWidgetVisible(card.arrow)
        click(card.arrow)
    settle(window)
    return card.form.fields


# ---- solutions -----------------------------------------------------------------------------


def test_a_typed_concentration_moves_the_reversal_potential_and_is_one_step_of_undo(rig_window: Window) -> None:
    page(rig_window, SOLUTIONS)
    rows = rig_window.panel.solutions.ions["K"]
    before, was = rows.reversal.text(), rig_window.bench.rig.solutions.reversal_mV("K")
    out_mM = rig_window.bench.rig.solutions.ion("K").out_mM
    type_into(rig_window, rows.concentrations["out"], f"{10 * out_mM:g}")
    solutions = rig_window.bench.rig.solutions
    assert solutions.ion("K").out_mM == 10 * out_mM
    assert solutions.reversal_mV("K") > was + 50.0
    shown = rig_window.panel.solutions.ions["K"].reversal.text()
    assert shown != before
    assert float(shown.replace("−", "-")) == pytest.approx(solutions.reversal_mV("K"), abs=0.06)
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.rig.solutions.ion("K").out_mM == out_mM
    assert rig_window.panel.solutions.ions["K"].reversal.text() == before


def test_concentrations_may_be_typed_in_other_units_and_bad_ones_are_refused(rig_window: Window) -> None:
    show_cell(rig_window, "hek-kv-mwc", SOLUTIONS)
    field = rig_window.panel.solutions.ions["K"].concentrations["out"]
    type_into(rig_window, field, "20000 µM")
    assert rig_window.bench.rig.solutions.ion("K").out_mM == 20.0
    type_into(rig_window, field, "20000")
    assert rig_window.bench.rig.solutions.ion("K").out_mM == 20.0
    assert "0…10000" in rig_window.banner.message
    type_into(rig_window, field, "0")
    assert rig_window.bench.rig.solutions.ion("K").out_mM == 20.0, "an ohmic pore needs a reversal potential"
    assert "no K outside" in rig_window.banner.message
    assert field.text() == "20"


def test_activities_are_computed_shown_or_typed(rig_window: Window) -> None:
    page(rig_window, SOLUTIONS)
    panel = rig_window.panel.solutions
    gamma = panel.ions["K"].gammas["out"]
    assert not gamma.isVisible()
    e_mV = {}
    for words, editable in (
        ("Davies equation", False),
        ("Debye–Hückel limiting law", False),
        ("activities as given", True),
    ):
        choose(panel.activity, words)
        assert gamma.isVisible()
        assert gamma.isEnabled() == editable
        expected = rig_window.bench.rig.solutions.gammas("K")[0]
        assert gamma.value() == pytest.approx(expected, abs=1e-4)
        e_mV[words] = panel.ions["K"].reversal.text()
    type_into(rig_window, gamma, "0.5")
    assert rig_window.bench.rig.solutions.ion("K").gamma_out == 0.5
    assert panel.ions["K"].reversal.text() != e_mV["activities as given"]
    choose(panel.activity, "concentrations only")
    assert not gamma.isVisible()


def test_temperature_is_typed_in_celsius(rig_window: Window) -> None:
    page(rig_window, SOLUTIONS)
    type_into(rig_window, rig_window.panel.solutions.temperature, "37")
    assert rig_window.bench.rig.solutions.temperature_K == pytest.approx(310.15, abs=1e-9)
    assert rig_window.panel.solutions.temperature.text() == "37 °C"
    assert "37.0 °C" in rig_window.status.rig.text()


def test_leaving_a_field_untouched_changes_nothing(rig_window: Window) -> None:
    """Also where fewer digits are shown than there are."""
    show_cell(rig_window, "neuron-pump", SOLUTIONS)
    rig_window.edit("solutions.ions.K.in_mM", 136.90251234567)
    before = rig_window.bench.rig
    for rows in rig_window.panel.solutions.ions.values():
        for field in rows.concentrations.values():
            click(field)
            press(rig_window, Key.Key_Return)
    assert rig_window.bench.rig == before


def test_every_drug_has_exactly_one_slider(seen: dict[str, Seen]) -> None:
    for cell, panel in seen.items():
        drugs = {drug.name for drug in panel.rig.solutions.drugs}
        assert {path.split(".")[2] for path in panel.carded + panel.free} >= drugs, cell
        assert not {path.split(".")[2] for path in panel.free} & {path.split(".")[2] for path in panel.carded}, cell
        for path in panel.carded + panel.free:
            assert value_at(panel.rig, path) >= 0.0


# ---- pump ----------------------------------------------------------------------------------


def test_the_pump_can_be_switched_sized_chosen_and_blocked(rig_window: Window) -> None:
    show_cell(rig_window, "neuron-pump")
    card = rig_window.panel.cards["pump"]
    n_channels = len(rig_window.bench.rig.cell.channels)
    press(rig_window, Key(Key.Key_1 + n_channels))
    assert not rig_window.bench.rig.cell.pump.on
    assert not card.switch.isChecked()
    click(card.switch, QPoint(8, 8))
    assert rig_window.bench.rig.cell.pump.on
    type_into(rig_window, card.largest, "80")
    assert rig_window.bench.rig.cell.pump.i_max_pA == 80.0
    choose(card.model, "constant rate")
    assert rig_window.bench.rig.cell.pump.type == "constant"
    (slider,) = card.sliders.values()
    drag(slider.slider, 1.0)
    assert rig_window.bench.rig.solutions.drug_mM("ouabain", "out") > 1e-3
    press(rig_window, Key.Key_W)
    assert rig_window.bench.rig.solutions.drug_mM("ouabain", "out") == 0.0


@pytest.mark.parametrize("end", [40, 10_000], ids=["within", "far beyond the end"])
def test_a_press_beside_a_sliders_handle_takes_it_along_in_one_step(rig_window: Window, end: int) -> None:
    slider = rig_window.panel.cards["na"].sliders["solutions.drugs.TTX.out_mM"].slider
    live(0.05)
    at, button, nothing = handle_at(slider), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(slider, button, nothing, at + QPoint(25, 0))
    assert handle_at(slider).x() == pytest.approx(at.x() + 25, abs=2)
    QTest.mouseMove(slider, at + QPoint(end, 0))
    assert handle_at(slider).x() == pytest.approx(min(at.x() + end, slider.width() - at.x()), abs=2)
    QTest.mouseRelease(slider, button, nothing, at + QPoint(end, 0))
    settle(rig_window)
    assert rig_window.bench.rig.solutions.drug_mM("TTX", "out") > 0.0
    rig_window.bench.undo()
    assert rig_window.bench.rig.solutions.drug_mM("TTX", "out") == 0.0


def test_a_press_beyond_a_sliders_end_leaves_nothing_pressed(rig_window: Window) -> None:
    slider = rig_window.panel.cards["na"].sliders["solutions.drugs.TTX.out_mM"].slider
    live(0.05)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 1, handle_at(slider).y()))
    assert slider.value() == slider.maximum()
    assert not slider.isSliderDown()


def test_atp_has_a_slider_where_the_pump_needs_it(rig_window: Window) -> None:
    show_cell(rig_window, "neuron-pump")
    pump = replace(rig_window.bench.rig.cell.pump, k_atp_mM=0.5)
    rig = replace(rig_window.bench.rig, cell=replace(rig_window.bench.rig.cell, pump=pump))
    rig_window.bench.set_scene(rig, quick(), "atp")
    path = "solutions.drugs.ATP.in_mM"
    drag(rig_window.panel.cards["pump"].sliders[path].slider, 0.9)
    assert rig_window.bench.rig.solutions.drug_mM("ATP", "in") > 1.0


# ---- channels ------------------------------------------------------------------------------


def test_amounts_are_shown_in_the_unit_of_their_pore(rig_window: Window) -> None:
    show_cell(rig_window, "neuron-pump")
    field = rig_window.panel.cards["k_leak"].conductance
    assert field.text() == "40 ×10⁻¹² cm³/s"
    type_into(rig_window, field, "25")
    assert rig_window.bench.rig.cell.channels[0].p_cm3_per_s == 2.5e-11
    show_cell(rig_window, "hek-multi-ion-k")
    channel = rig_window.bench.rig.cell.channels[0]
    field = rig_window.panel.cards[channel.name].conductance
    assert field.text() == f"{channel.n_channels}"
    type_into(rig_window, field, "77")
    assert rig_window.bench.rig.cell.channels[0].n_channels == 77


@pytest.mark.parametrize("cell", OPEN_CELLS)
def test_the_form_shows_every_number_switch_choice_and_formula(seen: dict[str, Seen], cell: str) -> None:
    assert list(seen[cell].forms) == [channel.name for channel in seen[cell].rig.cell.channels]
    for channel in seen[cell].rig.cell.channels:
        fields = seen[cell].forms[channel.name]
        for path, value in items(channel):
            key = path.rpartition(".")[2]
            if key == channel.pore.AMOUNT or key in ("on", "g_nS", "p_cm3_per_s") or value is None:
                continue
            if isinstance(value, bool):
                assert issubclass(fields[path][0], QCheckBox), path
                assert fields[path][1] == value
            elif isinstance(value, int | float):
                assert issubclass(fields[path][0], QuantityField), path
                number = fields[path][1] + (273.15 if key == "temperature_K" else 0.0)
                assert number == pytest.approx(value, rel=1e-9), path
            elif isinstance(value, tuple) and value and isinstance(value[0], float):
                assert {f"{path}.{n}" for n in range(len(value))} <= set(fields)
            elif isinstance(value, str) and key.endswith(("_per_ms", "tau_ms", "inf")):
                assert issubclass(fields[path][0], QLineEdit), path
                assert fields[path][1] == value


def test_no_value_of_any_cell_is_called_by_its_key(seen: dict[str, Seen]) -> None:
    for cell, panel in seen.items():
        titles = {channel.title for channel in panel.rig.cell.channels}
        for path in panel.bound:
            name = name_of(panel.rig, path)
            assert name, path
            words = [word for word in name.split(", ") if word not in titles and "K_d" not in word]
            assert not any("_" in word for word in words), (cell, name)
            assert value_text(path, 1.5)


def test_every_number_of_a_form_can_be_typed_and_taken_back(rig_window: Window) -> None:
    show_cell(rig_window, "hek-kv-mwc")
    channel = rig_window.bench.rig.cell.channels[0]
    fields = unfold(rig_window, channel.name)
    for path, field in fields.items():
        if not isinstance(field, QuantityField):
            continue
        before = rig_window.bench.rig
        low, high = max(field.minimum(), 0.5 * field.value() + 0.3), field.maximum()
        new = min(float(f"{low:.2g}"), high) if field.decimals() else field.value() + 1
        rig_window.panel.widget(CHANNELS).ensureWidgetVisible(field)
        type_into(rig_window, field, f"{new:g}")
        assert rig_window.banner.message == "", path
        assert rig_window.bench.rig != before, path
        press(rig_window, Key.Key_Z, CTRL)
        assert rig_window.bench.rig == before, path


def test_a_formula_is_taken_on_enter_and_a_bad_one_is_explained_and_put_back(rig_window: Window) -> None:
    fields = unfold(rig_window, "k")
    field = fields["gates.n.alpha_per_ms"]
    before = field.text()
    rig_window.panel.widget(CHANNELS).ensureWidgetVisible(field)
    type_into(rig_window, field, "0.02*linoid((v+55)/10)")
    assert rig_window.bench.rig.cell.channels[1].gates[0].alpha_per_ms == "0.02*linoid((v+55)/10)"
    press(rig_window, Key.Key_Z, CTRL)
    assert field.text() == before
    for bad in ("1/v", "sin(v)", "", "-5", "v = 3"):
        type_into(rig_window, field, bad)
        assert rig_window.bench.rig.cell.channels[1].gates[0].alpha_per_ms == before, bad
        assert field.text() == before, bad
        assert rig_window.banner.message, bad


def test_limits_come_from_the_description(rig_window: Window) -> None:
    show_cell(rig_window, "hek-kv-mwc")
    channel = rig_window.bench.rig.cell.channels[0]
    field = unfold(rig_window, channel.name)["gating.sensors"]
    assert (field.minimum(), field.maximum()) == (1, 12)
    rig_window.panel.widget(CHANNELS).ensureWidgetVisible(field)
    type_into(rig_window, field, "13")
    assert rig_window.bench.rig.cell.channels[0].gating.sensors == channel.gating.sensors
    assert "1…12" in rig_window.banner.message


def test_choices_and_switches_of_blockers_can_be_set(rig_window: Window) -> None:
    show_cell(rig_window, "hek-kv-trapped-block")
    name = rig_window.bench.rig.cell.channels[0].name
    fields = unfold(rig_window, name)
    trapped = next(path for path in fields if path.endswith(".trapped"))
    before = value_at(rig_window.bench.rig, f"cell.channels.{name}.{trapped}")
    rig_window.panel.widget(CHANNELS).ensureWidgetVisible(fields[trapped])
    click(fields[trapped], QPoint(8, 8))
    assert value_at(rig_window.bench.rig, f"cell.channels.{name}.{trapped}") is not before
    show_cell(rig_window, "hek-woodhull-k")
    name = rig_window.bench.rig.cell.channels[0].name
    fields = unfold(rig_window, name)
    feels = next(path for path in fields if path.endswith(".follows"))
    choose(fields[feels], "V − E")
    assert value_at(rig_window.bench.rig, f"cell.channels.{name}.{feels}") == "v-e"


def test_a_form_stays_unfolded_through_another_look(rig_window: Window) -> None:
    unfold(rig_window, "na")
    rig_window.looks.choose("light")
    assert rig_window.panel.cards["na"].form.isVisible()
    assert rig_window.panel.cards["k"].form is None
    click(rig_window.panel.cards["na"].arrow)
    assert not rig_window.panel.cards["na"].form.isVisible()


def test_an_edit_in_a_form_shows_what_would_be(rig_window: Window) -> None:
    family(rig_window)
    fields = unfold(rig_window, "k")
    rig_window.panel.widget(CHANNELS).ensureWidgetVisible(fields["q10"])
    type_into(rig_window, fields["gates.n.power"], "2")
    settle(rig_window)
    assert "not recorded" in rig_window.status.frames.text()
    assert len(rig_window.display.stack.family._ghost) == 4


def test_every_word_belongs_to_something_that_can_be_set() -> None:
    keys = set()
    for cell in CELLS:
        keys |= {path.rpartition(".")[2] for path, _ in items(load_rig(paths.CELLS / f"{cell}.toml").cell)}
    known = {"max_ions", "dh_kJ_per_mol", "ds_J_per_mol_K", "q10", "e_mV"}
    assert set(WORDS) - keys <= known | {"hydration", "site_radius_A", "detailed_balance"}


# ---- amplifier -----------------------------------------------------------------------------


def knob(window: Window, key: str) -> QWidget:
    """What sets a value of the amplifier, brought into view."""
    field = window.panel.amplifier.fields[key]
    window.panel.widget(CHANNELS).ensureWidgetVisible(field)
    return field


def knobs(window: Window) -> set[str]:
    """Values of the amplifier that can be seen."""
    return {key for key, field in window.panel.amplifier.fields.items() if field.isVisible()}


def unfold_amplifier(window: Window) -> None:
    arrow = window.panel.amplifier.arrow
    window.panel.widget(CHANNELS).ensureWidgetVisible(arrow)
    click(arrow)
    settle(window)


def electronics(window: Window, circuit: str = "full") -> None:
    """An amplifier with its dials, and a recorder."""
    for key, value in (("rs_MOhm", 6.0), ("circuit", circuit), ("recorder.on", True)):
        window.edit(f"amplifier.{key}", value)
    settle(window)


def begin_slowly(window: Window) -> list[Chunk]:
    """A run that takes its time; its chunks as they come."""
    window.bench.set_scene(window.bench.rig, quick(sweeps=2, ms=2000.0), "slow")
    grown: list[Chunk] = []
    window.bridge.grew.connect(grown.append)
    window.set_speed(1.0)
    press(window, Key.Key_Space)
    wait_for(lambda: len(grown) > 3)
    return grown


def test_keys_choose_what_is_clamped(rig_window: Window) -> None:
    assert "bias_pA" not in knobs(rig_window)
    press(rig_window, Key.Key_I)
    assert rig_window.bench.rig.amplifier.clamps_current
    assert rig_window.panel.amplifier.mode.currentText() == "current clamp"
    assert knobs(rig_window) == {"mode", "bias_pA"}
    type_into(rig_window, knob(rig_window, "bias_pA"), "50")
    assert "current clamp 50 pA" in rig_window.status.rig.text()
    press(rig_window, Key.Key_N)
    assert rig_window.bench.rig.amplifier.bias_pA == 0.0
    assert "I = 0" in rig_window.status.rig.text()
    press(rig_window, Key.Key_V)
    assert not rig_window.bench.rig.amplifier.clamps_current
    assert rig_window.panel.rs.isVisible()
    choose(rig_window.panel.amplifier.mode, "current clamp")
    assert rig_window.bench.rig.amplifier.clamps_current


def test_only_knobs_that_do_something_are_seen(rig_window: Window) -> None:
    bare = {"mode", "circuit", "rs_MOhm", "offset_mV", "junction_mV", "recorder.on"}
    simple = bare | {"cm_est_pF", "rs_est_MOhm", "correction_percent", "prediction_percent"}
    recorder = {"recorder.filter_kHz", "recorder.noise"}
    assert knobs(rig_window) == bare
    assert not rig_window.panel.amplifier.arrow.isVisible()
    choose(knob(rig_window, "circuit"), "simplified amplifier")
    assert knobs(rig_window) == simple
    choose(knob(rig_window, "circuit"), "full amplifier")
    assert knobs(rig_window) == simple | {"cp_pF", "cp_est_pF"}
    click(knob(rig_window, "recorder.on"), QPoint(8, 8))
    assert knobs(rig_window) == simple | {"cp_pF", "cp_est_pF"} | recorder
    unfold_amplifier(rig_window)
    assert knobs(rig_window) == set(rig_window.panel.amplifier.fields) - {"bias_pA"}
    choose(knob(rig_window, "circuit"), "series resistance only")
    folded = {f"recorder.{key}" for key in ("seal_GOhm", "bits", "range_V", "gain_mV_per_pA")} | {"feedback_GOhm"}
    assert knobs(rig_window) == bare | recorder | folded


def test_every_value_of_an_amplifier_has_a_knob(rig_window: Window) -> None:
    assert set(rig_window.panel.amplifier.fields) == {path for path, _ in items(Amplifier())} == set(AMPLIFIER)


def test_every_knob_of_the_amplifier_can_be_typed_says_its_range_and_is_taken_back(rig_window: Window) -> None:
    electronics(rig_window)
    unfold_amplifier(rig_window)
    for key in [*rig_window.panel.amplifier.fields]:
        field = knob(rig_window, key)
        assert len(field.toolTip()) > 10, key
        if key == "bias_pA" or not isinstance(field, QuantityField):
            continue
        before = rig_window.bench.rig
        assert any("…" in line for line in field.toolTip().splitlines()), key
        type_into(rig_window, field, "12" if key == "recorder.bits" else "0.75")
        assert rig_window.banner.message == "", key
        assert value_at(rig_window.bench.rig.amplifier, key) == (12 if key == "recorder.bits" else 0.75), key
        press(rig_window, Key.Key_Z, CTRL)
        assert rig_window.bench.rig == before, key
        type_into(rig_window, field, "1e9")
        assert rig_window.bench.rig == before, key
        assert "…" in rig_window.banner.message, key


def test_a_filter_and_a_converter_at_0_are_none(rig_window: Window) -> None:
    electronics(rig_window)
    unfold_amplifier(rig_window)
    for key in ("recorder.filter_kHz", "recorder.bits"):
        type_into(rig_window, knob(rig_window, key), "0")
        assert value_at(rig_window.bench.rig.amplifier, key) == 0.0
        assert knob(rig_window, key).text() == "none"


@pytest.mark.parametrize("circuit", ["simplified", "full"])
def test_a_circuit_that_needs_a_series_resistance_gets_one_in_the_same_step(rig_window: Window, circuit: str) -> None:
    before = rig_window.bench.rig
    assert before.amplifier.rs_MOhm == 0.0
    choose(knob(rig_window, "circuit"), f"{circuit} amplifier")
    assert rig_window.bench.rig.amplifier == replace(before.amplifier, rs_MOhm=6.0, circuit=circuit)
    assert rig_window.banner.message == ""
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.rig == before
    rig_window.edit("amplifier.rs_MOhm", 9.0)
    choose(knob(rig_window, "circuit"), f"{circuit} amplifier")
    assert rig_window.bench.rig.amplifier.rs_MOhm == 9.0
    type_into(rig_window, rig_window.panel.rs, "0")
    assert rig_window.bench.rig.amplifier.rs_MOhm == 9.0
    assert "no series resistance" in rig_window.banner.message


def test_auto_finds_what_the_dials_should_be(rig_window: Window) -> None:
    electronics(rig_window)
    rig_window.edit("amplifier.cp_pF", 3.3)
    rig_window.edit("cell.cm_pF", 17.0)
    before, autos = rig_window.bench.rig, rig_window.panel.amplifier.autos
    knob(rig_window, "rs_est_MOhm")
    click(autos["cp_est_pF"])
    assert rig_window.bench.rig.amplifier == replace(before.amplifier, cp_est_pF=3.3)
    click(autos["cm_est_pF"])
    assert rig_window.bench.rig.amplifier == replace(before.amplifier, cp_est_pF=3.3, cm_est_pF=17.0, rs_est_MOhm=6.0)
    press(rig_window, Key.Key_Z, CTRL)
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.rig == before


def test_a_dial_turned_in_a_run_is_recorded_to_the_sample(rig_window: Window) -> None:
    electronics(rig_window, "simplified")
    rig_window.edit("amplifier.rs_est_MOhm", 6.0)
    grown = begin_slowly(rig_window)
    type_into(rig_window, knob(rig_window, "correction_percent"), "40")
    more = len(grown) + 3
    wait_for(lambda: len(grown) > more)
    rig_window.set_speed(float("inf"))
    settle(rig_window)
    changes = rig_window.display.recording.sweeps[0].changes
    assert [change.rig.amplifier.correction_percent for change in changes] == [40.0]
    assert 0 < changes[0].sample < rig_window.display.recording.sweeps[0].values.shape[1]


def test_what_makes_other_traces_waits_for_the_end_of_a_run(rig_window: Window) -> None:
    electronics(rig_window, "simplified")
    begin_slowly(rig_window)
    rig, panel = rig_window.bench.rig, rig_window.panel
    for widget in (knob(rig_window, "circuit"), knob(rig_window, "recorder.on"), panel.one_by_one.switch):
        assert not widget.isEnabled()
        assert "stop the run first" in widget.toolTip()
        panel.widget(CHANNELS).ensureWidgetVisible(widget)
        click(widget, QPoint(8, 8))
    rig_window.looks.choose("light")
    assert not rig_window.panel.amplifier.fields["circuit"].isEnabled(), "also the widgets of another look"
    assert rig_window.bridge.running
    assert rig_window.bench.rig == rig
    press(rig_window, Key.Key_Escape)
    settle(rig_window)
    assert rig_window.panel.amplifier.fields["circuit"].isEnabled()
    assert "stop the run first" not in rig_window.panel.one_by_one.switch.toolTip()


def test_the_wheel_scrolls_the_page_and_turns_only_what_has_the_focus(rig_window: Window) -> None:
    electronics(rig_window)
    rig_window.resize(rig_window.width(), 600)
    settle(rig_window)
    before = rig_window.bench.rig
    scrolled = rig_window.panel.widget(CHANNELS).verticalScrollBar()
    slider = rig_window.panel.cards["na"].sliders["solutions.drugs.TTX.out_mM"].slider
    for widget in (slider, knob(rig_window, "mode"), knob(rig_window, "correction_percent")):
        rig_window.panel.widget(CHANNELS).ensureWidgetVisible(widget)
        at = scrolled.value()
        turn_wheel(widget, +1 if at else -1)
        assert rig_window.bench.rig == before
        assert scrolled.value() != at
    field = knob(rig_window, "correction_percent")
    click(field)
    turn_wheel(field, +1)
    assert rig_window.bench.rig.amplifier.correction_percent > before.amplifier.correction_percent


def turn_wheel(widget: QWidget, notches: int) -> None:
    """Turn the wheel over a widget, as the window system tells it."""
    at = QPointF(widget.mapTo(widget.window(), widget.rect().center()))
    QTest.wheelEvent(widget.window().windowHandle(), at, QPoint(0, 120 * notches))


# ---- channels one by one -------------------------------------------------------------------


def switch_one_by_one(window: Window) -> None:
    switch = window.panel.one_by_one.switch
    window.panel.widget(CHANNELS).ensureWidgetVisible(switch)
    click(switch, QPoint(8, 8))
    settle(window)


def numbers(window: Window) -> dict[str, int | None]:
    return {channel.name: channel.n_channels for channel in window.bench.rig.cell.channels}


def test_channels_open_one_by_one_with_a_usual_number_in_one_step(rig_window: Window) -> None:
    before = rig_window.bench.rig
    assert not rig_window.panel.cards["na"].count.isVisible()
    switch_one_by_one(rig_window)
    assert rig_window.bench.rig.cell.stochastic
    assert numbers(rig_window) == {"na": 1000, "k": 1000, "leak": None}
    cards = rig_window.panel.cards
    assert [cards[name].count.isVisible() for name in ("na", "k", "leak")] == [True, True, False]
    family(rig_window)
    assert rig_window.banner.message == ""
    p_open = rig_window.display.recording.sweeps[-1]["p_open_k"] * 1000
    assert abs(p_open - p_open.round()).max() < 1e-6, "whole channels"
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.rig == before


def test_the_number_of_channels_leaves_their_conductance(rig_window: Window) -> None:
    switch_one_by_one(rig_window)
    g_nS = rig_window.bench.rig.cell.channels[0].g_nS
    count = rig_window.panel.cards["na"].count
    drag(count.slider, 0.0)
    assert numbers(rig_window)["na"] == 1
    assert rig_window.bench.rig.cell.channels[0].g_nS == g_nS
    assert rig_window.panel.cards["na"].count.each.text() == f"γ {g_nS:g} nS"
    drag(rig_window.panel.cards["na"].count.slider, 1.0)
    assert numbers(rig_window)["na"] is None
    assert rig_window.panel.cards["na"].count.each.text() == "deterministic"
    assert rig_window.panel.cards["na"].count is count, "the card in hand is not made anew"
    family(rig_window)
    names = rig_window.display.recording.sweeps[0].names
    assert "gate_na_m" in names
    assert "gate_k_n" not in names


def test_in_a_run_counted_channels_stay_counted_and_others_not(rig_window: Window) -> None:
    switch_one_by_one(rig_window)
    rig_window.edit("cell.channels.k.n_channels", None)
    grown = begin_slowly(rig_window)
    cards = rig_window.panel.cards
    assert not cards["k"].count.slider.isEnabled()
    drag(cards["na"].count.slider, 1.0)
    assert numbers(rig_window) == {"na": 1_000_000, "k": None, "leak": None}
    more = len(grown) + 3
    wait_for(lambda: len(grown) > more)
    assert rig_window.bridge.running
    press(rig_window, Key.Key_Escape)
    settle(rig_window)
    assert rig_window.banner.message == ""
    assert cards["k"].count.slider.isEnabled()
    drag(cards["na"].count.slider, 1.0)
    assert numbers(rig_window)["na"] is None


@pytest.mark.parametrize("number", [1, 2, 10, 1000, 20_000, 1_000_000, None])
def test_a_slider_of_channels_keeps_the_number_it_is_shown(qtbot: object, number: int | None) -> None:
    slider, told = CountSlider(deterministic=True), []
    slider.moved.connect(told.append)
    slider.show_value(number, 20.0)
    assert told == []
    at = slider.slider.value()
    slider.slider.setValue(at - 1 if at else 1)
    slider.slider.setValue(at)
    assert told[-1] == number
    slider.slider.setValue(SLIDER_STEPS)
    assert told[-1] == 1_000_000


def test_channels_whose_number_is_their_amount_are_never_deterministic(qtbot: object) -> None:
    slider = CountSlider(deterministic=False)
    slider.slider.setValue(10**6)
    assert slider.number.text() == "1 000 000"


@pytest.mark.parametrize(
    ("g_nS", "number", "text"), [(20.0, 1000, "γ 20 pS"), (120.0, 1, "γ 120 nS"), (None, 5, ""), (1.0, 3, "γ 333 pS")]
)
def test_the_conductance_of_one_channel_is_that_of_all_over_their_number(
    g_nS: float | None, number: int, text: str
) -> None:
    assert single_conductance(g_nS, number) == text


# ---- cell ----------------------------------------------------------------------------------


def test_a_free_membrane_rests_and_runs(rig_window: Window) -> None:
    press(rig_window, Key.Key_N)
    settle(rig_window)
    assert rig_window.display.circuit.circuit.v_mV == pytest.approx(-65.0, abs=6.0)
    assert rig_window.display.circuit.circuit.rs_MOhm == 0.0
    family(rig_window)
    assert rig_window.banner.message == ""
    assert rig_window.display.iv._shown == ()
    sweep = rig_window.display.recording.sweeps[0]
    assert abs(sweep["i_pA"]).max() == 0.0


def test_a_volume_lets_the_inside_follow_and_can_be_taken_away(rig_window: Window) -> None:
    show_cell(rig_window, "neuron-pump")
    cell = rig_window.panel.cell
    assert cell.tick.isVisible()
    type_into(rig_window, cell.volume, "0")
    assert rig_window.bench.rig.cell.volume_pL is None
    assert rig_window.panel.cell.volume.text() == "pipette"
    assert not rig_window.panel.cell.tick.isVisible()
    click(rig_window.panel.cell.volume)
    press(rig_window, Key.Key_Return)
    assert rig_window.banner.message == ""
    type_into(rig_window, rig_window.panel.cell.volume, "2")
    assert rig_window.bench.rig.cell.volume_pL == 2.0
    family(rig_window)
    assert "in_K_mM" in rig_window.display.recording.sweeps[0].names


def test_branches_beside_the_membrane_can_be_set(rig_window: Window) -> None:
    cell = next(c for c in CELLS if load_rig(paths.CELLS / f"{c}.toml").cell.branches)
    show_cell(rig_window, cell)
    branch = rig_window.bench.rig.cell.branches[0]
    fields = rig_window.panel.cards[branch.name].findChildren(QuantityField)
    rig_window.panel.widget(CHANNELS).ensureWidgetVisible(fields[0])
    type_into(rig_window, fields[0], f"{2 * branch.r_MOhm:g}")
    assert rig_window.bench.rig.cell.branches[0].r_MOhm == 2 * branch.r_MOhm


# ---- number fields -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("5", "mM", 5.0), ("5 µM", "mM", 0.005), ("0.3 M", "mM", 300.0), ("2 RT", "RT", 2.0), ("2", "RT", 2.0),
        ("2 mV", "RT", None), ("1e-15", "", 1e-15), ("1 x", "", None), ("22 °C", "°C", 22.0),
        ("3 J/mol", "kJ/mol", 0.003),
        ("40 ×10⁻¹² cm³/s", "×10⁻¹² cm³/s", 40.0), ("40", "×10⁻¹² cm³/s", 40.0), ("−2 e", "e", -2.0),
    ],
)  # fmt: skip
def test_numbers_are_read_with_their_units(text: str, unit: str, expected: float | None) -> None:
    found = quantity(text, unit)
    assert found == expected if expected is None else found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-15, "1e−15"), (0.0002274, "2.274e−4"), (-45.0, "−45"), (136.9025, "136.903"), (0.0, "0"), (1e15, "1e15"),
     (20.0, "20"), (100.0, "100"), (400000.0, "400000")],
)  # fmt: skip
def test_numbers_of_any_size_are_shown_shortly(qtbot: object, value: float, text: str) -> None:
    field = QuantityField("", -1e15, 1e15)
    field.show_value(value)
    assert field.text() == text
    assert field.value() == pytest.approx(value, rel=1e-12)


def test_numbers_of_every_cell_fit_into_their_fields(seen: dict[str, Seen]) -> None:
    assert {cell: panel.cut_off for cell, panel in seen.items() if panel.cut_off} == {}


def test_a_step_from_zero_is_one(qtbot: object) -> None:
    field = QuantityField("e", -20.0, 20.0)
    field.stepBy(1)
    assert field.value() == 1.0
    field.stepBy(1)
    assert field.value() == pytest.approx(1.1)


def test_kinds_are_read_from_annotations() -> None:
    rig = load_rig(paths.CELLS / "hek-multi-ion-k.toml")
    pore = rig.cell.channels[0].pore
    assert kind_of(type(pore.permeant[0]), "wells_RT").low == -40.0
    assert kind_of(type(pore), "max_ions").whole
    assert kind_of(type(rig.amplifier), "mode").choices == ("voltage-clamp", "current-clamp")
    assert not isnan(kind_of(type(pore), "theta").high)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("squid-axon", "This cell fixes the reversal of Na⁺ at +50 mV, K⁺ at −77 mV; concentrations do not move it."),
        ("neuron-pump", "Inside: what a run starts with. The ledger shows what it has become."),
        ("k-membrane", ""),
    ],
)
def test_a_note_says_what_the_solutions_do_not_decide(cell: str, said: str) -> None:
    assert note_text(load_rig(paths.shipped(paths.CELLS)[cell])) == said
