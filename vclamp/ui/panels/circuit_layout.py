"""What the circuit drawing shows, and where: data classes, their texts, and `arrange`, which places everything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QLineF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF

SMALLEST_SCALE_pA = 0.1  # below it rounding noise would be drawn as large arrows
LABEL_ROWS = 3


@dataclass(frozen=True)
class Branch:
    """One way across the membrane, as it is at this instant; None where a quantity does not apply."""

    key: str
    label: str
    kind: Literal["capacitor", "channel", "leak", "pump", "rc", "unknown"]
    colour: QColor
    current_pA: float  # outward positive
    g_nS: float | None = None
    e_mV: float | None = None
    p_open: float | None = None
    unblocked: float = 1.0
    on: bool = True
    note: str = ""  # for the tool tip


@dataclass(frozen=True)
class Circuit:
    """The branches from left to right, and what the pipette does.

    rs_MOhm = 0 draws no pipette; NaN, one whose resistance is not known.
    """

    branches: tuple[Branch, ...]
    v_mV: float
    command_mV: float
    rs_MOhm: float = 0.0
    full_scale_pA: float = 0.0  # a current that deserves the longest arrow; larger ones get it too

    @property
    def has_pipette(self) -> bool:
        """Whether a pipette lies between the membrane and the amplifier."""
        return self.rs_MOhm != 0.0


@dataclass(frozen=True)
class Text:
    """A text and its place."""

    rect: QRectF
    string: str


@dataclass(frozen=True)
class Placement:
    """Where everything is drawn, in pixels; the rails are the upper and lower edge of `rails`."""

    unit: float  # size of the symbols
    line: float  # width of the lines
    rails: QRectF
    membrane: QRectF
    cells: tuple[QRectF, ...]
    wires: tuple[float, ...]
    arrows: tuple[QLineF | None, ...]  # from tail to head
    labels: tuple[Text, ...]
    texts: dict[str, Text]  # "out", "in", "v", "rs", "command"
    series: QRectF | None = None
    pipette: QRectF | None = None


def number(value: float, *, signed: bool = False) -> str:
    """Three significant digits with a true minus sign."""
    if not math.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def potential(value_mV: float) -> str:
    """A potential as it is read off an amplifier: one decimal, always."""
    return f"{value_mV:.1f} mV".replace("-0.0 ", "0.0 ").replace("-", "−") if math.isfinite(value_mV) else "– mV"


def resistance(value_MOhm: float) -> str:
    """A resistance without idle zeros; a question mark if it is not known."""
    if math.isnan(value_MOhm):
        return "?"
    text = number(value_MOhm)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} MΩ"


def current(value_pA: float) -> str:
    """A signed current in pA or nA with its direction."""
    if abs(value_pA) < 0.005 or not math.isfinite(value_pA):
        return f"{number(value_pA)} pA"
    value, unit = (value_pA / 1000, "nA") if abs(value_pA) >= 1000 else (value_pA, "pA")
    return f"{number(value, signed=True)} {unit} ({'outward' if value_pA > 0 else 'inward'})"


def describe(branch: Branch, v_mV: float) -> str:
    """The tool tip of a branch: a line for each quantity that applies."""
    lines = [branch.label if branch.on else f"{branch.label} (off)"]
    lines += [branch.note] if branch.note else []
    if branch.g_nS is not None:
        lines.append(f"g = {number(branch.g_nS)} nS")
    if branch.e_mV is not None:
        lines.append(f"E = {potential(branch.e_mV)}")
        lines.append(f"driving force V − E = {potential(v_mV - branch.e_mV)}")
    if branch.p_open is not None:
        lines.append(f"P_open = {branch.p_open:.3f}")
    if branch.unblocked < 1.0:
        lines.append(f"blocked {100 * (1 - branch.unblocked):.0f} %")
    return "\n".join([*lines, f"I = {current(branch.current_pA)}"])


def bold(font: QFont) -> QFont:
    """The same font, bold."""
    result = QFont(font)
    result.setBold(True)
    return result


def arrange(circuit: Circuit, size: QSizeF, font: QFont) -> Placement:
    """Lay the circuit out in a rectangle of `size` by the metrics of `font`."""
    em = QFontMetricsF(bold(font)).height()
    pad = max(4.0, 0.4 * em)
    has_pipette = circuit.has_pipette
    foot = 1.5 * em if has_pipette else 0.0
    frame = QRectF(0, 0, size.width(), size.height()).adjusted(pad, pad, -pad, -pad)
    top, bottom = frame.top() + 1.2 * em, frame.bottom() - foot - 0.2 * em

    first = frame.left() + QFontMetricsF(font).horizontalAdvance("in")
    pitch = max(frame.right() - first, 1.0) / max(len(circuit.branches), 1)
    spread = min(0.5 * pitch, 0.23 * max(bottom - top - em, 0.0))
    wires = tuple(first + (each + 0.5) * pitch - 0.5 * spread for each in range(len(circuit.branches)))

    names = QRectF(frame.left(), top, frame.width() - (0.4 * em if has_pipette else 0.0), bottom - top)
    rows, labels = _place_labels(circuit, wires, names, font)
    rails = QRectF(frame.left(), top, frame.width(), max(bottom - rows * em - top, 1.0))
    unit = min(pitch / 2.2, rails.height() / 7.0)
    series, pipette, texts = _place_pipette(circuit, frame, font) if has_pipette else (None, None, {})
    return Placement(
        unit=unit,
        line=max(1.2, 0.11 * unit),
        rails=rails,
        membrane=rails.adjusted(0, 0.2 * rails.height(), 0, -0.2 * rails.height()),
        cells=tuple(QRectF(first + each * pitch, top, pitch, bottom - top) for each in range(len(wires))),
        wires=wires,
        arrows=_place_arrows(circuit, [wire + spread for wire in wires], rails),
        labels=labels,
        texts=texts | _place_border_texts(circuit, frame, rails.bottom() + 0.2 * em, font),
        series=series,
        pipette=pipette,
    )


def _place_labels(
    circuit: Circuit, wires: tuple[float, ...], room: QRectF, font: QFont
) -> tuple[int, tuple[Text, ...]]:
    """Labels below their wires, stacked in as many rows as they need, elided only where rows do not help."""
    metrics = QFontMetricsF(bold(font))
    em = metrics.height()
    beside_in = room.left() + QFontMetricsF(font).horizontalAdvance("in") + 0.3 * em
    affordable = max(1, min(LABEL_ROWS, len(wires), int((room.height() - 4.0 * em) / em)))
    for rows in range(1, affordable + 1):
        labels: dict[int, Text] = {}
        for row in range(rows):
            members = range(row, len(wires), rows)
            start = beside_in if row == 0 else room.left()
            names = _shortened([circuit.branches[each].label for each in members], metrics, room.right() - start)
            widths = [metrics.horizontalAdvance(name) for name in names]
            lefts = _side_by_side([wires[each] for each in members], widths, start, room.right(), 0.3 * em)
            y = room.bottom() + (row - rows + 0.2) * em
            for each, name, left, width in zip(members, names, lefts, widths, strict=True):
                labels[each] = Text(QRectF(left, y, width, em), name)
        whole = all(text.string == circuit.branches[each].label for each, text in labels.items())
        if whole and all(text.rect.left() <= wires[each] <= text.rect.right() for each, text in labels.items()):
            break
    return rows, tuple(labels[each] for each in range(len(wires)))


def _side_by_side(centres: list[float], widths: list[float], start: float, end: float, gap: float) -> list[float]:
    """Left edges as near to centred as they can be without overlap, pushed inwards from both ends."""
    lefts: list[float] = []
    for centre, width in zip(centres, widths, strict=True):
        start = max(centre - 0.5 * width, start)
        lefts.append(start)
        start += width + gap
    for each in reversed(range(len(lefts))):
        lefts[each] = min(lefts[each], end - widths[each])
        end = lefts[each] - gap
    return lefts


def _shortened(names: list[str], metrics: QFontMetricsF, room: float) -> list[str]:
    """The names, the longest ones elided until all fit side by side; a bare letter says more than a bare ellipsis."""
    widths = [metrics.horizontalAdvance(name) for name in names]
    room -= 0.3 * metrics.height() * (len(names) - 1)
    limit = math.inf
    for each, width in enumerate(sorted(widths)):
        if width > room / (len(names) - each):
            limit = max(room / (len(names) - each), 0.0)
            break
        room -= width
    fitting = [
        metrics.elidedText(name, Qt.TextElideMode.ElideRight, limit) if width > limit else name
        for name, width in zip(names, widths, strict=True)
    ]
    return [short if len(short) > 1 else name[:1] for short, name in zip(fitting, names, strict=True)]


def _place_border_texts(circuit: Circuit, frame: QRectF, inside_y: float, font: QFont) -> dict[str, Text]:
    """The words "out" and "in" at the rails' left ends and the membrane potential at the upper right."""
    plain, strong = QFontMetricsF(font), QFontMetricsF(bold(font))
    outside = QRectF(frame.left(), frame.top(), plain.horizontalAdvance("out"), strong.height())
    inside = QRectF(frame.left(), inside_y, plain.horizontalAdvance("in"), strong.height())
    free = frame.right() - outside.right() - 0.5 * strong.height()
    value = strong.elidedText(f"Vm {potential(circuit.v_mV)}", Qt.TextElideMode.ElideRight, max(free, 0.0))
    width = min(strong.horizontalAdvance(value), max(free, 0.0))
    measured = QRectF(frame.right() - width, frame.top(), width, strong.height())
    return {"out": Text(outside, "out"), "in": Text(inside, "in"), "v": Text(measured, value)}


def _place_pipette(circuit: Circuit, frame: QRectF, font: QFont) -> tuple[QRectF, QRectF | None, dict[str, Text]]:
    """The series resistance around its text, the pipette left of it, and the command where it still fits."""
    metrics = QFontMetricsF(font)
    em = QFontMetricsF(bold(font)).height()
    row = QRectF(frame.left(), frame.bottom() - 1.2 * em, frame.width(), 1.2 * em)
    name = metrics.elidedText(f"Rs {resistance(circuit.rs_MOhm)}", Qt.TextElideMode.ElideRight, row.width() - 1.5 * em)
    width = metrics.horizontalAdvance(name)
    series = QRectF(row.right() - 1.3 * em - width, row.top(), width + 0.8 * em, row.height())
    texts = {"rs": Text(series.adjusted(0.4 * em, 0, -0.4 * em, 0), name)}
    pipette = QRectF(series.left() - 2.9 * em, row.top(), 2.5 * em, row.height())
    if pipette.left() < row.left():
        return series, None, texts
    for words in (f"command {potential(circuit.command_mV)}", potential(circuit.command_mV)):
        width = metrics.horizontalAdvance(words)
        if width <= pipette.left() - 0.4 * em - row.left():
            texts["command"] = Text(QRectF(pipette.left() - 0.4 * em - width, row.top(), width, row.height()), words)
            break
    return series, pipette, texts


def _place_arrows(circuit: Circuit, columns: list[float], rails: QRectF) -> tuple[QLineF | None, ...]:
    """An arrow across the membrane for each current: length by the root of |I|, upwards for outward current."""
    values = [branch.current_pA if branch.on else 0.0 for branch in circuit.branches]
    flowing = [value if math.isfinite(value) else 0.0 for value in values]
    largest = max([SMALLEST_SCALE_pA, circuit.full_scale_pA, *(abs(each) for each in flowing)])
    arrows: list[QLineF | None] = []
    for value, x in zip(flowing, columns, strict=True):
        reach = 0.41 * rails.height() * math.copysign(math.sqrt(abs(value) / largest), value)
        middle = rails.center().y()
        arrows.append(QLineF(x, middle + reach, x, middle - reach) if abs(reach) > 2.5 else None)
    return tuple(arrows)
