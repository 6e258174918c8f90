"""What a value is called for people, and what a change of it: "TTX 0 → 30 nM"."""

from collections.abc import Sequence
from typing import Any

from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.publish.symbols import CIRCUITS, SIDES, ion_text
from vclamp.ui.panels.words import (
    ACTIVITIES,
    AMPLIFIER,
    CHOICES,
    MODES,
    PUMPS,
    WORDS,
    title_of,
    unit_of,
)
from vclamp.units import ZERO_CELSIUS_K

Described = tuple[Rig, Protocol]  # what is on the bench
PERMEABILITY_CM3_PER_S = 1e-12  # the unit it is shown in
PERMEABILITY_UNIT = "×10⁻¹² cm³/s"
MOST_NAMED, MOST_LETTERS = 2, 40
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_VALUES = CHOICES | ACTIVITIES | PUMPS | CIRCUITS | MODES
_NAMES = {
    "protocol.hold_mV": "hold", "protocol.n_sweeps": "sweeps", "protocol.interval_ms": "interval",
    "protocol.fs_kHz": "sampling", "protocol.between": "between sweeps",
    "solutions.temperature_K": "temperature", "solutions.activity": "activity",
    "amplifier.mode": "amplifier", "amplifier.circuit": "circuit", "amplifier.recorder.on": "recorder",
    "cell.cm_pF": "Cm", "cell.volume_pL": "inside volume", "cell.tick_ms": "inside renewed every",
    "cell.stochastic": "one by one", "cell.record_states": "states recorded",
    "cell.pump.on": "pump", "cell.pump.i_max_pA": "pump, largest current", "cell.pump.type": "pump",
}  # fmt: skip
_AMOUNTS = {"g_nS": "g", "p_cm3_per_s": "P", "n_channels": "channels", "on": ""}


def value_at(value: object, path: str) -> Any:
    """The value at a dotted path, as the bench sets it."""
    for part in path.split("."):
        if isinstance(value, tuple):
            names = [getattr(item, "name", "") for item in value]
            value = value[names.index(part)] if part in names else value[int(part)]
        else:
            value = getattr(value, part)
    return value


def name_of(rig: Rig, path: str) -> str:
    """What people call the value at a dotted path of the rig, or below "protocol." of the protocol."""
    name = _NAMES.get(path, path.rpartition(".")[2].replace("_", " "))
    match path.split("."):
        case _ if path in _NAMES:
            pass
        case ["solutions", "drugs", drug, side]:
            name = f"{drug} inside" if side.startswith("in") else drug
        case ["solutions", "ions", ion, "gamma_out" | "gamma_in" as key]:
            name = f"γ of {_ion(rig, ion)} {SIDES[key.partition('_')[2]]}"
        case ["solutions", "ions", ion, "out_mM" | "in_mM" as key]:
            name = f"{_ion(rig, ion)} {SIDES[key.partition('_')[0]]}"
        case ["amplifier", *rest]:
            name = AMPLIFIER.get(".".join(rest), (name, ""))[0]
        case ["cell", "channels", channel, *rest]:
            prefix = f"cell.channels.{channel}"
            name = _within(rig, prefix, rest, value_at(rig, prefix).title)
        case ["cell", "pump", *rest]:
            name = _within(rig, "cell.pump", rest, "pump")
        case ["cell", "branches", branch, *rest]:
            name = _within(rig, f"cell.branches.{branch}", rest, branch)
    return name


def _ion(rig: Rig, name: str) -> str:
    return ion_text(name, next((ion.z for ion in rig.solutions.ions if ion.name == name), 0))


def _within(rig: Rig, prefix: str, rest: list[str], title: str) -> str:
    """A value of a channel, the pump or a branch: whose it is, of which part, and its label."""
    number = f" {int(rest.pop()) + 1}" if rest[-1].isdecimal() else ""
    *owner, key = rest
    part = title_of(value_at(rig, ".".join((prefix, *owner))), rig) if owner else ""
    label = _AMOUNTS.get(key, WORDS.get(key, (key, ""))[0]) if not owner else WORDS.get(key, (key, ""))[0]
    words = [title, part[:1].lower() + part[1:] if part[1:2].islower() else part, label + number]
    return ", ".join(word for word in words if word)


def number_text(value: float) -> str:
    """A number of any size, shortly: −70, 0.001, 10⁶, 2.5 × 10⁻⁷."""
    text = f"{value:.4g}"
    if "e" in text:
        head, power = text.split("e")
        ten = "10" + str(int(power)).translate(_SUPERSCRIPTS)
        text = ten if head == "1" else f"-{ten}" if head == "-1" else f"{head} × {ten}"
    return text.replace("-", "−")


def range_text(low: float, high: float, unit: str) -> str:
    """The ends of a range: 0…1000 MΩ."""
    return f"{number_text(low)}…{number_text(high)} {unit}".strip()


def concentration(value_mM: float) -> str:
    """A concentration in the unit that reads best."""
    if value_mM == 0:
        return "0"
    units = (("mM", 1.0), ("µM", 1e3), ("nM", 1e6), ("pM", 1e9))
    unit, factor = next((u for u in units if value_mM * u[1] >= 1.0), units[-1])
    value = value_mM * factor
    return f"{value:.3g} {unit}" if value < 999.5 else f"{value:.0f} {unit}"


def value_text(path: str, value: object) -> str:
    """A value as it is shown, with its unit."""
    key = next(part for part in reversed(path.split(".")) if not part.isdecimal())
    if value is None:
        return "pipette" if key == "volume_pL" else "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if not isinstance(value, int | float):
        return str(_VALUES.get(str(value), value))[:MOST_LETTERS]
    if path.startswith("solutions.drugs."):
        return concentration(value)
    unit = unit_of(key)
    if key == "p_cm3_per_s":
        value, unit = value / PERMEABILITY_CM3_PER_S, PERMEABILITY_UNIT
    if unit == "°C":
        value -= ZERO_CELSIUS_K
    return f"{number_text(float(f'{value:.6g}'))} {unit}".strip()


def step_text(before: Described, after: Described, paths: Sequence[str]) -> str:
    """What a step did: the first values that it changed, from what to what."""
    changes = [
        change_text(before, after, path) for path in paths if _found(before, path) != _found(after, path)
    ]  # fmt: skip
    more = len(changes) - MOST_NAMED
    return ", ".join(changes[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def change_text(before: Described, after: Described, path: str) -> str:
    """One change: "hold −80 → −70 mV", "Na⁺ off"."""
    old, new = _found(before, path), _found(after, path)
    name, text = name_of(after[0], path), value_text(path, new)
    if isinstance(new, bool):
        return f"{name} {text}"
    if isinstance(new, str):
        return f"{name}: {text}"
    was = value_text(path, old)
    number, _, unit = was.partition(" ")
    if unit and unit == text.partition(" ")[2]:
        was = number
    return f"{name} {was} → {text}"


def _found(described: Described, path: str) -> Any:
    """The value at a path, None where there is none."""
    rig, protocol = described
    root: object = protocol if path.startswith("protocol.") else rig
    try:
        return value_at(root, path.removeprefix("protocol."))
    except (AttributeError, ValueError, IndexError):
        return None
