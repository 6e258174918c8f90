"""What the numbers and axes of an analysis are called for people, and how a number with an error is written."""

import re
from math import floor, isfinite, log10

from vclamp.analysis.results import Estimate
from vclamp.model.exam import is_told
from vclamp.model.protocol import Protocol
from vclamp.model.record import trace_names
from vclamp.model.rig import Rig

# end of a name: its unit, the longer ends first
UNITS = {
    "pA2_per_Hz": "pA²/Hz", "pA_per_ms": "pA/ms", "mV_per_ms": "mV/ms", "per_ms": "/ms", "per_s": "/s",
    "fC_ms": "fC·ms", "pA2": "pA²", "MOhm": "MΩ", "GOhm": "GΩ", "kHz": "kHz", "Hz": "Hz", "fC": "fC", "ms": "ms",
    "mV": "mV", "mM": "mM", "nS": "nS", "pS": "pS", "pA": "pA", "pF": "pF", "e": "e",
}  # fmt: skip

# what stands before it, where the words are not enough
_SYMBOLS = {
    "v_half": "V½", "z": "z", "k": "k", "g": "G", "g_max": "G max", "e_rev": "E rev", "v_rest": "V rest", "v": "V",
    "i": "i", "n_channels": "N", "rs": "Rs", "rm": "Rm", "cm": "Cm", "ic50": "IC₅₀", "hill": "Hill n", "kd": "Kd(0)",
    "e": "E", "z_delta": "z·δ", "delta": "δ", "s0": "S(0)", "fc": "f corner", "tau": "τ", "amplitude": "A",
    "g_total": "G total", "i_pump": "I pump", "p_open_max": "P open max", "time_to_peak": "time to peak",
    "rise_10_90": "rise 10–90 %", "rise_20_80": "rise 20–80 %", "decay_90_10": "decay 90–10 %",
    "decay_37": "decay to 37 %", "noise_rms": "noise, rms", "half_width": "half-width",
    "total": "R total", "slope_per_decade": "per decade",
}  # fmt: skip

# names of axes
_AXES = {
    "level_mV": "V (mV)", "v_mV": "V membrane (mV)", "t_ms": "t (ms)", "i_pA": "I (pA)", "g_nS": "G (nS)",
    "tau_ms": "τ (ms)", "interval_ms": "interval (ms)", "duration_ms": "duration (ms)", "availability": "I / I max",
    "recovered": "recovered", "tail": "tail / last", "fraction_left": "fraction left", "kd_mM": "Kd (mM)",
    "e_rev_mV": "E rev (mV)", "f_Hz": "f (Hz)", "s_pA2_per_Hz": "S (pA²/Hz)", "mean_pA": "mean I (pA)",
    "variance_pA2": "variance (pA²)",
}  # fmt: skip
_CHARGES = {1: "⁺", 2: "²⁺", 3: "³⁺", 4: "⁴⁺", -1: "⁻", -2: "²⁻", -3: "³⁻", -4: "⁴⁻"}
SIDES = {"out": "outside", "in": "inside"}
CIRCUITS = {
    "series-resistance": "series resistance only", "simplified": "simplified amplifier", "full": "full amplifier",
}  # fmt: skip
_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_HEADS = {"i_gating_": "I gating ", "i_": "I ", "p_open_": "P open ", "gate_": "", "state_": ""}  # of a channel's
MOST_DIGITS = 4


def symbol(name: str) -> str:
    """The name of an estimate as people write it: "v_half_mV" is "V½ (mV)"."""
    stem, unit = split_unit(name)
    at = re.fullmatch(r"(\w+?)_at_(-?[\d.]+)(mV|_mM_\w+)", stem)
    if at:
        where = at[2] + (" mV" if at[3] == "mV" else f" mM {at[3].removeprefix('_mM_')}")
        text = f"{_SYMBOLS.get(at[1], at[1])}({where})"
    elif stem in _SYMBOLS:
        text = _SYMBOLS[stem]
    else:
        head, _, rest = stem.partition("_")
        known = head in _SYMBOLS and len(head) > 1 and rest != ""
        counted = known and rest.isdigit()
        text = _SYMBOLS[head] + rest.translate(_BELOW) if counted else _capital(stem.replace("_", " "), head)
        text = f"{_SYMBOLS[head]} {rest.replace('_', ' ')}" if known and not counted else text
    return minus(f"{text} ({unit})" if unit else text)


def axis(name: str, rig: Rig | None = None) -> str:
    """The name of an axis as people write it: "level_mV" is "V (mV)", "TTX_out_mM" is "TTX outside (mM)"."""
    if name in _AXES:
        return _AXES[name]
    side = re.fullmatch(r"(.+)_(out|in)_mM", name)
    if side:
        return f"{side[1]} {SIDES[side[2]]} (mM)"
    if rig is not None and name in trace_labels(rig):
        return trace_labels(rig)[name]
    return trace_title(name) if re.match(r"(i|p_open)_", name) else symbol(name)


def trace_labels(rig: Rig, protocol: Protocol | None = None) -> dict[str, str]:
    """Traces of a rig's currents and of a protocol's legs, by what people call them; of an exam those it tells."""
    titles = {"i_pA": "I total (pA)", "i_membrane_pA": "I true (pA)", "v_mV": "V membrane (mV)"}
    titles |= {"i_subtracted_pA": "I − leak (pA)"}
    wanted = [name for name in trace_names(rig, protocol) if name.endswith("_pA") or name == "v_mV"]
    wanted += [name for name in trace_names(rig) if name.startswith("p_open_")]
    first = ["i_pA"] if not rig.amplifier.clamps_current else ["v_mV", "i_pA"]
    names = [name for name in dict.fromkeys([*first, *wanted]) if is_told(name, rig)]
    return {name: titles.get(name) or trace_label(name, rig) for name in names}


def trace_label(trace: str, rig: Rig) -> str:
    """A trace as people call it who know the rig: "i_na_pA" is "I Na⁺ (pA)"."""
    for channel in sorted(rig.cell.channels, key=lambda each: -len(each.name)):  # "k_leak" before "k"
        found = re.fullmatch(rf"({'|'.join(_HEADS)}){re.escape(channel.name)}(?:_(.+))?", trace)
        if found:
            rest = "" if found[2] is None else " (pA)" if found[2] == "pA" else f" {found[2]}"
            return f"{_HEADS[found[1]]}{channel.title}{rest}"
    inside = {f"in_{ion.name}_mM": f"{ion_text(ion.name, ion.z)} inside (mM)" for ion in rig.solutions.ions}
    return inside.get(trace) or trace_title(trace)


def ion_text(name: str, z: int) -> str:
    """An ion as people write it: K⁺."""
    return f"{name}{_CHARGES.get(z, '')}" if name.isalnum() else name


def split_unit(name: str) -> tuple[str, str]:
    """What stands before the unit in a name, and the unit as people write it; empty if it has none."""
    for end, unit in UNITS.items():
        if name.endswith(f"_{end}"):
            return name.removesuffix(f"_{end}"), unit
    return name, ""


def trace_title(trace: str) -> str:
    """A trace's name as people write it: "i_na_pA" is "I na (pA)"."""
    if trace.startswith("in_"):
        return f"{trace.removeprefix('in_').removesuffix('_mM')} inside (mM)"
    for unit in ("mV", "pA", "nS"):
        if trace.endswith(f"_{unit}"):
            head = trace.removesuffix(f"_{unit}").replace("_", " ")
            return f"{head[0].upper()}{head[1:]} ({unit})"
    return trace.replace("p_open_", "P open ").removeprefix("gate_").removeprefix("state_").replace("_", " ")


# ---- numbers


def decimals(error: float, *sizes: float) -> int:
    """How many decimals an error tells, of at most four digits in all, or of none of it.

    Two digits of an error that begins with 1 or 2, else one.
    """
    largest = max([abs(size) for size in sizes if isfinite(size)], default=0.0)
    whole = floor(log10(largest)) + 1 if largest > 0.0 else 0
    if not (isfinite(error) and error > 0.0):
        return MOST_DIGITS - whole
    power = floor(log10(error))
    return min(-power + (error / 10.0**power < 2.95), MOST_DIGITS - whole)


def written(value: float, places: int) -> str:
    """A number with so many decimals; with a power of ten where it would be long."""
    if not isfinite(value):
        return "–"
    size = abs(value)
    if size and not 1e-4 <= size < 1e6:
        digits = max(floor(log10(size)) + places, 1)
        mantissa, power = f"{value:.{min(digits, MOST_DIGITS)}e}".split("e")
        return minus(f"{mantissa}e{int(power)}")
    rounded = round(value, places) + 0.0  # never −0
    return minus(f"{rounded:.{max(places, 0)}f}")


def with_error(value: float, error: float) -> str:
    """A number ± its standard error."""
    places = decimals(error, value)
    if not isfinite(value) or not isfinite(error):
        return written(value, places)
    told = written(error, places) if error >= 0.5 * 10.0**-places else minus(f"{error:.0e}".replace("e-0", "e-"))
    return f"{written(value, places)} ± {told}"


def interval(low: float, high: float, error: float) -> str:
    """The ends of an interval."""
    if not (isfinite(low) and isfinite(high)):
        return ""
    places = decimals(error, low, high)
    return f"{written(low, places)}\u200a…\u200a{written(high, places)}"


def as_row(each: Estimate) -> tuple[str, str, str, str]:
    """A number of a result as a row of a table: name, value ± standard error, 95 % interval, truth."""
    true = written(each.truth, decimals(each.se, each.truth)) if isfinite(each.truth) else ""
    return symbol(each.name), with_error(each.value, each.se), interval(each.low, each.high, each.se), true


def minus(text: str) -> str:
    """With a true minus sign before numbers."""
    return re.sub(r"-(?=[\d.])", "−", text)


def _capital(text: str, head: str) -> str:
    """Words as they are, but the symbol of a current, voltage or conductance in a capital."""
    return text[0].upper() + text[1:] if head in ("e", "g", "i", "v", "p") else text
