"""Facts about the circuit drawing: what it shows, that it fits, that it answers the mouse."""

from __future__ import annotations

import itertools
import math
import os
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QImage

from vclamp.ui.panels.circuit import Branch, Circuit, CircuitWidget
from vclamp.ui.panels.circuit_layout import Placement, arrange, current, describe, number, potential, resistance
from vclamp.ui.theme import THEMES

NAMES = ("Cm", "Na", "K", "leak", "pump", "Kir", "Ca L", "Cl", "K ATP", "HCN")
ORANGE = QColor("#e69f00")


def channel(key: str = "Na", current_pA: float = 100.0, **values: object) -> Branch:
    start = Branch(key, key, "channel", ORANGE, current_pA, g_nS=12.0, e_mV=50.0, p_open=0.5)
    return replace(start, **values)


def circuit(*branches: Branch, v_mV: float = -78.4, rs_MOhm: float = 0.0) -> Circuit:
    return Circuit(branches, v_mV=v_mV, command_mV=-80.0, rs_MOhm=rs_MOhm)


def named(n: int, *, rs_MOhm: float = 0.0) -> Circuit:
    kinds = {"Cm": "capacitor", "leak": "leak", "pump": "pump"}
    branches = (
        channel(name, 10.0 * (place + 1), kind=kinds.get(name, "channel")) for place, name in enumerate(NAMES[:n])
    )
    return circuit(*branches, rs_MOhm=rs_MOhm)


def font(pixels: int) -> QFont:
    result = QFont()
    result.setPixelSize(pixels)
    return result


def placed(drawn: Circuit, *, width: float = 250, height: float = 190, pixels: int = 13) -> Placement:
    return arrange(drawn, QSizeF(width, height), font(pixels))


def text_rects(placement: Placement) -> list[QRectF]:
    """All rectangles with text in them, without the rounding error of their edges."""
    texts = (*placement.labels, *placement.texts.values())
    return [text.rect.adjusted(0.01, 0.01, -0.01, -0.01) for text in texts]


@pytest.fixture
def widget(qtbot) -> CircuitWidget:
    result = CircuitWidget()
    result.setFont(font(13))
    result.resize(250, 190)
    qtbot.addWidget(result)
    return result


def picture(widget: CircuitWidget) -> QImage:
    return widget.grab().toImage()


@pytest.mark.parametrize("rs_MOhm", [0.0, 10.0])
@pytest.mark.parametrize("pixels", [13, 18, 24])
@pytest.mark.parametrize("n", range(2, 11))
@pytest.mark.parametrize("size", ["smallest", "hint", "wide"])
def test_no_text_overlaps_another_or_leaves_the_widget(qtbot, size: str, n: int, pixels: int, rs_MOhm: float) -> None:
    widget = CircuitWidget()
    qtbot.addWidget(widget)
    widget.setFont(font(pixels))
    widget.set_circuit(named(n, rs_MOhm=rs_MOhm))
    hint = widget.sizeHint()
    room = {"smallest": widget.minimumSizeHint(), "hint": hint, "wide": QSize(2 * hint.width(), hint.height())}[size]
    rects = text_rects(arrange(widget.circuit, QSizeF(room), widget.font()))
    assert all(QRectF(0, 0, room.width(), room.height()).contains(rect) for rect in rects)
    assert not [pair for pair in itertools.combinations(rects, 2) if pair[0].intersects(pair[1])]


@pytest.mark.parametrize("pixels", [13, 18])
@pytest.mark.parametrize("n", range(2, 11))
def test_at_its_hinted_size_no_name_is_shortened(qtbot, n: int, pixels: int) -> None:
    widget = CircuitWidget()
    qtbot.addWidget(widget)
    widget.setFont(font(pixels))
    placement = arrange(named(n), QSizeF(widget.sizeHint()), widget.font())
    assert [label.string for label in placement.labels] == list(NAMES[:n])


def test_very_long_names_are_elided_not_clipped(qapp) -> None:
    drawn = circuit(*(channel(f"channel with a name much too long {place}") for place in range(4)))
    placement = placed(drawn, width=220, height=170)
    assert all("…" in label.string for label in placement.labels)
    assert not [a for a, b in itertools.combinations(text_rects(placement), 2) if a.intersects(b)]


def test_every_name_stands_below_its_own_wire(qapp) -> None:
    placement = placed(named(9))
    for label, wire in zip(placement.labels, placement.wires, strict=True):
        assert label.rect.left() <= wire <= label.rect.right()


@pytest.mark.parametrize("pixels", [13, 18])
def test_the_hinted_size_grows_with_the_font(qtbot, pixels: int) -> None:
    widget = CircuitWidget()
    qtbot.addWidget(widget)
    widget.setFont(font(pixels))
    assert widget.sizeHint().width() == pytest.approx(250 * pixels / 13, rel=0.15)
    assert widget.sizeHint().height() == pytest.approx(190 * pixels / 13, rel=0.15)
    assert widget.minimumSizeHint().width() == 220


def test_symbols_grow_with_the_widget(qapp) -> None:
    assert placed(named(5), width=500, height=380).unit > 1.6 * placed(named(5)).unit


def test_outward_current_points_up_and_inward_current_down(qapp) -> None:
    outward, inward = placed(circuit(channel("K", 500.0), channel("Na", -500.0))).arrows
    assert outward.y2() < outward.y1()
    assert inward.y2() > inward.y1()
    assert outward.length() == pytest.approx(inward.length())


def test_the_arrow_shrinks_with_the_current_and_vanishes(qapp) -> None:
    currents = (1000.0, 500.0, 100.0, 10.0, 0.0)
    arrows = placed(circuit(*(channel(f"{value}", value) for value in currents))).arrows
    lengths = [arrow.length() if arrow else 0.0 for arrow in arrows]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == len(currents)
    assert arrows[-1] is None


def test_rounding_noise_draws_no_arrow(qapp) -> None:
    assert placed(circuit(channel(current_pA=1e-7), channel("K", -1e-9))).arrows == (None, None)


def test_the_longest_arrow_stays_between_the_rails(qapp) -> None:
    placement = placed(named(5))
    longest = max((arrow for arrow in placement.arrows if arrow), key=lambda arrow: arrow.length())
    assert placement.rails.top() < longest.y2() < longest.y1() < placement.rails.bottom()


def test_an_arrow_is_drawn_in_its_column_between_two_wires(qapp) -> None:
    placement = placed(named(6))
    for cell, wire, arrow in zip(placement.cells, placement.wires, placement.arrows, strict=True):
        assert cell.left() < wire < arrow.x1() < cell.right()


def test_a_branch_that_is_off_or_not_a_number_has_no_arrow(qapp) -> None:
    arrows = placed(circuit(channel(on=False), channel("K", math.nan), channel("Kir", 5.0))).arrows
    assert arrows[0] is None
    assert arrows[1] is None
    assert arrows[2] is not None


def test_only_a_series_resistance_draws_a_pipette(qapp) -> None:
    without, with_pipette = placed(named(5)), placed(named(5, rs_MOhm=10.0))
    assert without.series is None
    assert "rs" not in without.texts
    assert with_pipette.texts["rs"].string == "Rs 10 MΩ"
    assert with_pipette.series.contains(with_pipette.texts["rs"].rect)
    assert with_pipette.series.top() > max(label.rect.bottom() for label in with_pipette.labels) - 1


def test_the_membrane_potential_has_a_true_minus_sign(qapp) -> None:
    assert placed(named(5)).texts["v"].string == "Vm −78.4 mV"


def test_a_click_on_a_branch_emits_its_key(qtbot, widget: CircuitWidget) -> None:
    widget.set_circuit(named(5))
    widget.show()
    for cell, key in zip(widget.placement().cells, NAMES, strict=False):
        with qtbot.waitSignal(widget.branch_clicked) as caught:
            qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=cell.center().toPoint())
        assert caught.args == [key]


def test_a_click_beside_the_branches_or_with_the_right_button_emits_nothing(qtbot, widget: CircuitWidget) -> None:
    widget.set_circuit(named(5))
    widget.show()
    inside = widget.placement().cells[1].center().toPoint()
    with qtbot.assertNotEmitted(widget.branch_clicked):
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPointF(2, 2).toPoint())
        qtbot.mouseClick(widget, Qt.MouseButton.RightButton, pos=inside)


def test_releasing_on_another_branch_is_no_click(qtbot, widget: CircuitWidget) -> None:
    widget.set_circuit(named(5))
    widget.show()
    first, second = (cell.center().toPoint() for cell in widget.placement().cells[:2])
    with qtbot.assertNotEmitted(widget.branch_clicked):
        qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=first)
        qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=second)


def test_the_tool_tip_tells_every_quantity_with_its_unit() -> None:
    told = describe(channel("Na", -1060.0, p_open=0.31, unblocked=0.25), -78.4)
    assert told.split("\n") == [
        "Na",
        "g = 12.0 nS",
        "E = 50.0 mV",
        "driving force V − E = −128.4 mV",
        "P_open = 0.310",
        "blocked 75 %",
        "I = −1.06 nA (inward)",
    ]


def test_the_tool_tip_leaves_out_what_does_not_apply() -> None:
    pump = Branch("pump", "Na/K pump", "pump", ORANGE, 0.2, on=False)
    assert describe(pump, -78.4) == "Na/K pump (off)\nI = +0.20 pA (outward)"


def test_the_tool_tip_is_that_of_the_branch_below_the_mouse(widget: CircuitWidget) -> None:
    widget.set_circuit(named(5, rs_MOhm=10.0))
    placement = widget.placement()
    assert widget.tip_at(placement.cells[2].center()).startswith("K\n")
    assert widget.tip_at(placement.series.center()).startswith("series resistance 10 MΩ")
    assert widget.tip_at(QPointF(1, 1)) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(-12.345), "−12.3"),
        (number(-1e-9), "0"),
        (number(math.nan), "–"),
        (number(120.4), "120"),
        (potential(-0.04), "0.0 mV"),
        (potential(-80), "−80.0 mV"),
        (resistance(2.5), "2.5 MΩ"),
        (resistance(100), "100 MΩ"),
        (current(2300.0), "+2.30 nA (outward)"),
        (current(0.0), "0 pA"),
    ],
)
def test_numbers_are_written_as_on_an_amplifier(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize(
    "change",
    [
        {"unblocked": 0.5},
        {"unblocked": 0.0},
        {"on": False},
        {"e_mV": -50.0},
        {"e_mV": None},
        {"p_open": 0.9},
        {"current_pA": -100.0},
        {"colour": QColor("#56b4e9")},
        {"label": "Nav"},
        {"kind": "leak"},
    ],
    ids=str,
)
def test_every_change_of_a_branch_is_seen(widget: CircuitWidget, change: dict[str, object]) -> None:
    widget.set_circuit(circuit(channel(), channel("K", 300.0)))
    before = picture(widget)
    widget.set_circuit(circuit(channel(**change), channel("K", 300.0)))
    assert picture(widget) != before


def test_the_potential_and_the_theme_are_seen(widget: CircuitWidget) -> None:
    widget.set_circuit(named(3))
    pictures = [picture(widget)]
    widget.set_circuit(replace(named(3), v_mV=20.0))
    pictures.append(picture(widget))
    widget.set_theme(THEMES["light"])
    pictures.append(picture(widget))
    assert all(first != second for first, second in itertools.combinations(pictures, 2))


def test_the_long_plate_of_the_battery_is_inside_for_a_positive_reversal_potential(widget: CircuitWidget) -> None:
    def width_of_row(y: int, x: float, seen: QImage) -> int:
        return sum(seen.pixelColor(column, y) == ORANGE for column in range(int(x) - 30, int(x) + 30))

    widget.resize(400, 400)
    widest = {}
    for e_mV in (50.0, -90.0):
        widget.set_circuit(circuit(channel(current_pA=0.0, e_mV=e_mV), channel("K", 0.0, colour=QColor("#56b4e9"))))
        placement, seen = widget.placement(), picture(widget)
        battery = round(placement.rails.top() + 0.69 * placement.rails.height())
        rows = range(battery - round(0.4 * placement.unit), battery + round(0.4 * placement.unit) + 1)
        widest[e_mV] = max(rows, key=lambda y: width_of_row(y, placement.wires[0], seen)) - battery
    assert widest[50.0] > 0 > widest[-90.0]


def test_a_blocked_channel_wears_red(widget: CircuitWidget) -> None:
    red = QColor(THEMES["dark"].record)

    def reds(unblocked: float) -> int:
        widget.set_circuit(circuit(channel(unblocked=unblocked), channel("K")))
        seen = picture(widget)
        return sum(seen.pixelColor(x, y) == red for x in range(seen.width()) for y in range(seen.height()))

    assert reds(1.0) == 0
    assert 0 < reds(0.7) < reds(0.3) < reds(0.0)


@pytest.mark.parametrize("size", [QSize(1, 1), QSize(40, 30), QSize(220, 60)])
def test_even_an_absurd_size_or_an_empty_circuit_is_drawn(widget: CircuitWidget, size: QSize) -> None:
    widget.resize(size)
    for drawn in (circuit(), named(1), named(10, rs_MOhm=5.0), replace(named(3), v_mV=math.nan)):
        widget.set_circuit(drawn)
        assert not picture(widget).isNull()


def test_equal_numbers_cause_no_repaint(qtbot, widget: CircuitWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    widget.set_circuit(named(3))
    asked = []
    monkeypatch.setattr(widget, "update", lambda: asked.append(True))
    widget.set_circuit(named(3))
    assert not asked
    widget.set_circuit(named(4))
    assert asked == [True]


def test_a_frame_with_new_numbers_costs_few_milliseconds(widget: CircuitWidget) -> None:
    def frame(step: int) -> float:
        branches = tuple(replace(branch, current_pA=10.0 * step + 1) for branch in named(5).branches)
        widget.set_circuit(replace(named(5), branches=branches, v_mV=-80.0 + step))
        start = time.process_time()
        widget.grab()
        return time.process_time() - start

    assert min(frame(step) for step in range(40)) < 6e-3  # 1.5 ms when nobody else works
