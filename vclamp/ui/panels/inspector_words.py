"""The inspector's rows and sentences: every part of the current with its formula, the numbers filled in."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from vclamp.analysis.inspector import Inspection, NOTHING_pA, Part, VoltageError
from vclamp.model.rig import Rig
from vclamp.publish.symbols import trace_title
from vclamp.publish.traces import reading_unit
from vclamp.ui.panels.circuit_layout import number, resistance
from vclamp.units import celsius

SMALL_mV = 0.5  # a membrane so near its command follows it
MOST, MUCH = 0.5, 0.1  # shares of a current
CLEAR_OF_NOISE = 3.0  # rms
FRESH_ms = 1.0  # a step that is worth a word

SECRETS = {
    "exam": "This cell is for an exam: only what the amplifier recorded is shown.",
    "foreign": "Another program recorded this: only its traces are known, not what they are made of.",
}


@dataclass(frozen=True)
class Row:
    """One row of the table; `value` is in pA, or in mV of the voltage's error, None in a heading."""

    kind: Literal["heading", "part", "sum", "plain"]
    label: str
    value: float | None = None
    unit: str = "pA"
    formula: str = ""
    tip: str = ""
    key: str = ""  # of the colour; empty: that of text


def rows(seen: Inspection) -> tuple[Row, ...]:
    """Everything that is said of one sample, from the membrane to the disk."""
    if seen.secret:
        return tuple(
            Row("plain", trace_title(name).partition(" (")[0], value, _unit(name))
            for name, value in seen.recorded.items()
        )
    free = seen.error is None
    found = [Row("heading", "Through the membrane")]
    found += [part_row(part, seen) for part in seen.membrane]
    recorded = "injected current" if free else "recorded current"
    if seen.added:
        found.append(Row("sum", "= true current", seen.true_pA, tip="C·dV/dt + Σ I: Kirchhoff's law"))
        found.append(Row("heading", "On the way to the disk"))
        found += [part_row(part, seen) for part in seen.added]
    found.append(Row("part", "not explained", seen.unexplained_pA, tip=_REST))
    found.append(Row("sum", f"= {recorded}", seen.recorded_pA, tip="What stands in the file"))
    if seen.error is not None and not (seen.rig.amplifier.ideal and not seen.error.total_mV):
        found.append(Row("heading", "From the command to the membrane"))
        found += voltage_rows(seen.error, seen.rig, seen.true_pA)
    return tuple(found)


def part_row(part: Part, seen: Inspection) -> Row:
    """A part of the current."""
    key = part.key if part.kind in ("channel", "leak", "branch", "pump") else part.kind
    key = part.key.removeprefix("gating_") if part.kind == "gating" else key
    label = _LABELS.get(part.kind, part.label)
    return Row("part", label, part.i_pA, formula=formula(part, seen), tip=tip(part, seen), key=key)


def formula(part: Part, seen: Inspection) -> str:
    """What a part is made of, with its numbers."""
    if not part.on:
        return "switched off"
    if part.kind in ("channel", "leak"):
        return _channel_formula(part, seen)
    texts = {
        "capacitor": lambda: f"C·dV/dt = {number(part.g_nS)} pF × {number(part.i_pA / part.g_nS)} mV/ms",
        "branch": lambda: f"(V − V_C)/R = ({_less(seen.v_mV, part.e_mV)}) mV / {resistance(1000.0 / part.g_nS)}",
        "pump": lambda: (
            f"largest × rate = {number(part.open_pA)} pA × {number(part.i_pA / part.open_pA)}" if part.open_pA else ""
        ),
        "gating": lambda: "charge of the moving sensors",
        "noise": lambda: f"expected ± {number(seen.noise_rms_pA)} pA (rms)",
        "way": lambda: "",
    }
    return texts[part.kind]()


def _channel_formula(part: Part, seen: Inspection) -> str:
    """g·P·B·(V − E), or P times the current of the open pore where that is no straight line."""
    ohmic = isfinite(part.g_nS)
    factors = [("g", f"{number(part.g_nS)} nS")] if ohmic else [("I open", f"{number(part.open_pA)} pA")]
    if isfinite(part.p_open):
        factors.append(("P", _share(part.p_open)))
    if ohmic and part.left < 1.0:
        factors.append(("B", _share(part.left)))
    if ohmic:
        factors.append(("(V − E)", f"({_less(seen.v_mV, part.e_mV)}) mV"))
    return f"{'·'.join(name for name, _ in factors)} = {' × '.join(filled for _, filled in factors)}"


def tip(part: Part, seen: Inspection) -> str:
    """The equation of a part, what its letters mean with units, and its source."""
    if part.kind in ("channel", "leak"):
        return _channel_tip(part, seen)
    if part.kind == "way":
        return _WAYS[part.key]
    if part.kind == "pump" and seen.rig.cell.pump is not None:
        return f"{_TIPS['pump']}\n{seen.rig.cell.pump.source}".rstrip()
    if part.kind == "capacitor" and seen.jump_fC:
        return f"{_TIPS['capacitor']}\n{_DELTA}\nThe last step moved C·ΔV = {_charge(seen.jump_fC)}."
    return _TIPS[part.kind]


def _channel_tip(part: Part, seen: Inspection) -> str:
    channel = next(each for each in seen.rig.cell.channels if each.name == part.key)
    if isfinite(part.g_nS):
        at = celsius(seen.rig.solutions.temperature_K)
        lines = [
            "I = g·P·B·(V − E) (nS·mV = pA)",
            f"g = {number(part.g_nS)} nS with every channel open, at {at:.1f} °C",
        ]
    else:
        lines = [f"I = P·I open, {number(part.open_pA)} pA with every channel open (pore: {channel.pore.type})"]
    if isfinite(part.p_open):
        lines.append(f"P = {part.p_open:.4f}, the share of channels that is open")
    lines.append(f"B = {part.left:.3f}, what fast blockers leave")
    if isfinite(part.e_mV):
        drive = _plain(seen.v_mV - part.e_mV)
        lines.append(f"V − E = {drive} mV, the driving force; E = {_plain(part.e_mV)} mV")
    if part.sd_pA > 0.0:
        lines.append(f"Openings one by one: ± {number(part.sd_pA)} pA, i·√(N·P·(1 − P))")
    return "\n".join([*lines, *([channel.source] if channel.source else [])])


def voltage_rows(error: VoltageError, rig: Rig, true_pA: float) -> list[Row]:
    """Command − V, part by part; what is not there is left out."""
    amplifier = rig.amplifier
    found = []
    if amplifier.rs_MOhm:
        filled = f"Rs·I = {resistance(amplifier.rs_MOhm)} × {number(true_pA)} pA"
        found.append(Row("part", "lost in Rs", error.rs_mV, "mV", filled, _RS))
    if error.correction_mV:
        filled = f"α·Rs dial·I, α = {amplifier.correction_percent:g} %"
        found.append(Row("part", "correction", error.correction_mV, "mV", filled, _CORRECTION))
    if error.prediction_mV:
        filled = f"β·Rs dial·C-slow·dV est/dt, β = {amplifier.prediction_percent:g} %"
        found.append(Row("part", "prediction", error.prediction_mV, "mV", filled, _PREDICTION))
    if amplifier.has_electronics:
        found.append(Row("part", "lag of the amplifier", error.lag_mV, "mV", "", _LAG))
    if error.offset_mV:
        found.append(
            Row("part", "offset", error.offset_mV, "mV", "adds to the command unseen", "V → V command + offset")
        )
    if error.junction_mV:
        filled = "taken from the command unseen"
        found.append(Row("part", "liquid junction", error.junction_mV, "mV", filled, _JUNCTION))
    filled = f"command − V = {_less(error.command_mV, error.v_mV)} mV"
    found.append(
        Row("sum", "= error of the voltage", error.total_mV, "mV", filled, "V is the true voltage of the membrane")
    )
    return found


# ---- the headline


def headline(seen: Inspection) -> str:
    """What matters at this sample, in a sentence or three."""
    if seen.secret:
        return SECRETS[seen.secret]
    said = [_of_the_current(seen), _of_the_voltage(seen), _of_the_way(seen)]
    if seen.jump_fC and seen.since_ms <= FRESH_ms:
        said.append(
            f"The step {seen.since_ms:.2g} ms ago charged the membrane in no time ({_charge(seen.jump_fC)}): "
            "an ideal clamp shows no spike."
        )
    return " ".join(filter(None, said))


def _of_the_current(seen: Inspection) -> str:
    largest, free = seen.largest, seen.error is None
    verb = "injected" if free else "here"
    total = seen.true_pA
    if largest is None:
        return "Nothing flows through the membrane here."
    others = [part for part in seen.membrane if part is not largest]
    against = [part for part in others if part.i_pA * largest.i_pA < 0.0]
    foe = max(against, key=lambda part: abs(part.i_pA), default=None)
    if foe is not None and abs(total) < MUCH * abs(largest.i_pA):
        return f"{_named(largest)} and {_named(foe)} nearly cancel: {current(total)} in all."
    gross = sum(abs(part.i_pA) for part in seen.membrane)
    if abs(largest.i_pA) > MOST * gross and largest.i_pA * total > 0.0:
        if largest.kind == "capacitor":
            return f"Most of the {current(total)} {verb} charges the membrane."
        return f"Most of the {current(total)} {verb} is {_called(largest)}."
    second = max(others, key=lambda part: abs(part.i_pA))
    return f"The {current(total)} {verb} are mainly {_named(largest)} and {_named(second)}."


def _of_the_voltage(seen: Inspection) -> str:
    error = seen.error
    if error is None:
        return "In current clamp the voltage is free."
    amplifier, away = seen.rig.amplifier, error.total_mV
    if abs(away) < SMALL_mV:
        return "The membrane follows its command." if amplifier.rs_MOhm else ""
    side = "below" if away > 0.0 else "above"
    compensated = error.rs_mV + error.correction_mV
    unseen = error.offset_mV + error.junction_mV
    late = error.prediction_mV + error.lag_mV
    cause = max((compensated, unseen, late), key=abs)
    if cause == compensated:
        why = f"{resistance(amplifier.rs_MOhm)} × {current(seen.true_pA)}"
        if error.correction_mV:
            left = amplifier.rs_MOhm - amplifier.correction_percent / 100.0 * amplifier.rs_est_MOhm
            why = f"correction leaves {resistance(left)} × {current(seen.true_pA)}"
    elif cause == unseen:
        why = "offset and junction potential add to the command unseen"
    else:
        why = "the amplifier is still on its way"
    return f"The membrane is {number(abs(away))} mV {side} its command, because {why}."


def _of_the_way(seen: Inspection) -> str:
    apart = seen.recorded_pA - seen.true_pA
    size = max(abs(seen.recorded_pA), abs(seen.true_pA))
    if not seen.added or seen.error is None or abs(apart) < NOTHING_pA:
        return ""
    if abs(apart) < max(CLEAR_OF_NOISE * seen.noise_rms_pA, MUCH * size):
        lost = seen.noise_rms_pA > 0.0 and abs(seen.true_pA) < CLEAR_OF_NOISE * seen.noise_rms_pA
        return f"It is lost in the noise (± {number(seen.noise_rms_pA)} pA)." if lost else ""
    cause = max(seen.added, key=lambda part: abs(part.i_pA))
    return f"The file says {current(seen.recorded_pA)}, because {_CAUSES[cause.key]}."


def current(i_pA: float) -> str:
    """A current in the unit that reads best."""
    unit, factor = reading_unit("pA", i_pA, i_pA)
    return f"{number(i_pA * factor)} {unit}"


def _named(part: Part) -> str:
    return f"{current(part.i_pA)} of {_called(part)}"


def _called(part: Part) -> str:
    if part.kind == "capacitor":
        return "charging current"
    if part.kind == "gating":
        return f"gating current ({part.label.removeprefix('gating, ')})"
    return part.label if "current" in part.label.lower() else f"{part.label} current"


# ---- numbers and texts


def written(row: Row) -> str:
    """The value of a row."""
    if row.value is None:
        return ""
    if not isfinite(row.value):
        return "–"
    digits = 2 if row.unit == "mV" or abs(row.value) < 9.995 else 1 if abs(row.value) < 999.95 else 0
    text = f"{row.value:.{digits}f}"
    return f"{'0' if float(text) == 0 else text} {row.unit}".strip().replace("-", "−")


def _plain(v_mV: float) -> str:
    return f"{v_mV:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _less(v_mV: float, e_mV: float) -> str:
    """A difference, with a plus sign where what is taken off is negative."""
    sign = "+" if round(e_mV, 1) < 0.0 else "−"
    return f"{_plain(v_mV)} {sign} {_plain(abs(e_mV))}"


def _share(p: float) -> str:
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}" if p >= 0.001 else f"{p:.0e}".replace("e-0", "e-").replace("-", "−")


def _charge(charge_fC: float) -> str:
    return f"{number(charge_fC / 1000.0)} pC" if abs(charge_fC) >= 100.0 else f"{number(charge_fC)} fC"


def _unit(trace: str) -> str:
    return trace.rpartition("_")[2] if trace.endswith(("_mV", "_pA", "_mM", "_nS")) else ""


_LABELS = {"capacitor": "charges the membrane"}
_REST = "What is left when everything is added up: rounding, and what is too fast for the sampling rate"
_DELTA = "In an ideal clamp a step does so in no time: its spike is infinitely high and short, and no sample shows it."
_TIPS = {
    "capacitor": "I = C·dV/dt (pF·mV/ms = pA): what charges the membrane",
    "branch": "I = (V − V_C)/R: a resistor and a capacitor in series beside the membrane",
    "pump": "3 Na⁺ out and 2 K⁺ in for each ATP: one charge out",
    "gating": "I = N·dQ/dt: the sensors of N channels move their charge across the membrane",
    "noise": "What is left of the recorded current: thermal noise of the seal, of the feedback resistor\n"
    "(4kT/R per Hz) and of Rs with Cm, after the filter, and the steps of the converter",
}
_RS = "V is lost on the way through the pipette: Rs·I (MΩ·pA/1000 = mV), with the true current I"
_CORRECTION = "What the amplifier adds to the command for the current that it sees: α·Rs dial·I; below 0, it gives back"
_PREDICTION = "What the amplifier adds beforehand, so that the membrane is charged faster"
_LAG = "What the amplifier's output is behind what it is told to be; nothing in a steady state"
_JUNCTION = "Liquid junction potential, bath minus pipette: V → V command − junction"
_WAYS = {
    "cancelled": "−C-slow·dV est/dt: what the amplifier takes off as the estimated charging current of the membrane",
    "pipette": "Cp·dVp/dt − C-fast·dV/dt: what charges the pipette, less what C-fast takes off",
    "lag": "−τ·dI/dt: the amplifier's last stage is behind its input; nothing in a steady state",
    "filter": "What the 4-pole Bessel filter changes: it is late, and rounds what is fast",
    "clipped": "Beyond ±range/gain the converter writes its end",
    "together": "With these dials the parts cannot be told apart from the traces",
}
_CAUSES = {
    "cancelled": "C-slow takes charging current off",
    "pipette": "the pipette is charged, too",
    "lag": "the amplifier lags",
    "filter": "the filter lags",
    "clipped": "the converter is at its end",
    "noise": "there is noise",
    "together": "the amplifier adds to it",
}
