"""NeuroML 2 ion channels as channels of ours; what cannot be said exactly is refused.

Source: the core types of NeuroML 2 (Channels.xml); R. C. Cannon et al. 2014, Front Neuroinform 8:79.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.files import from_data
from vclamp.model.formula import Formula
from vclamp.model.gating import MAX_RATE_PER_MS, Gate, GRID_mV, Markov
from vclamp.model.neuroml_xml import NAMESPACE, REMEDIES, Element, read_root
from vclamp.physics.thermo import q10_factor
from vclamp.units import kelvin

MAX_NOTES = 2000  # characters
N_CHANNELS = 1000  # a file tells the conductance of one channel, a cell needs that of many
USUAL_pS = 10.0
INSTANT_ms = 1e-3
VHALF_KTE_mV = 25.3  # kT/e of a vHalfTransition, which the standard fixes

# units by the name they have in NeuroML, and what multiplies a number to bring it to ours
NUMBER = {"": "1"}
VOLTAGE_mV = {"mV": "1", "V": "1e3"}
TIME_ms = {"ms": "1", "s": "1e3"}
RATE_per_ms = {"per_ms": "1", "per_s": "1e-3", "Hz": "1e-3"}
CONDUCTANCE_pS = {"pS": "1", "nS": "1e3", "uS": "1e6", "mS": "1e9", "S": "1e12"}
CELSIUS = {"degC": "1"}

IONS = {"na": "Na", "k": "K", "ca": "Ca", "cl": "Cl"}
NO_SPECIES = ("", "non_specific", "non specific")
_GATES = {
    "gateHHrates": ("forwardRate", "reverseRate"),
    "gateHHtauInf": ("timeCourse", "steadyState"),
    "gateHHratesTau": ("forwardRate", "reverseRate", "timeCourse"),
    "gateHHratesInf": ("forwardRate", "reverseRate", "steadyState"),
    "gateHHratesTauInf": ("forwardRate", "reverseRate", "timeCourse", "steadyState"),
    "gateHHInstantaneous": ("steadyState",),
}
_ANY_GATE = ("gate", *_GATES, "gateKS")
_CHANNELS = {
    "ionChannel": (*_ANY_GATE, "q10ConductanceScaling"),
    "ionChannelHH": (*_ANY_GATE, "q10ConductanceScaling"),
    "ionChannelKS": ("gateKS",),
    "ionChannelPassive": (),
}


def read_neuroml(path: Path) -> tuple[Channel, ...]:
    """The ion channels in a NeuroML 2 file, in its order.

    The conductance of a channel is that of `N_CHANNELS`; its note tells this and every other choice.

    Raises
    ------
    VClampError
        If the file is not plain NeuroML 2, or holds anything but channels whose every element
        can be taken over exactly; it names the first such element and its line.
    """
    root = read_root(path)
    if root.name != "neuroml":
        raise root.wrong("is not NeuroML 2", f'Such a file begins with <neuroml xmlns="{NAMESPACE}">.')
    root.only((), _CHANNELS)
    channels = tuple(_channel(child) for child in root.children if child.name in _CHANNELS)
    if not channels:
        raise root.wrong("holds no ion channel", f"It needs one of: {', '.join(_CHANNELS)}.")
    names = [channel.name for channel in channels]
    for name in names:
        if names.count(name) > 1:
            raise root.wrong(f"holds two channels named '{name}'", "Give them ids that differ in more than case.")
    return channels


# ---- channels


def _channel(element: Element) -> Channel:
    """An ionChannel, ionChannelHH, ionChannelKS or ionChannelPassive."""
    own = element.says("id")
    kind = element.attributes.get("type", element.name) if element.name == "ionChannel" else element.name
    if kind not in _CHANNELS or (kind == "ionChannelKS" and element.name != kind):
        raise element.wrong(f"has the unknown type '{kind[:60]}'", "Use ionChannelHH or ionChannelPassive.")
    element.only(("conductance", "species", *(("type",) if element.name == "ionChannel" else ())), _CHANNELS[kind])
    temperature_K = _temperature_K(element)
    name = re.sub(r"\W+", "_", own.lower(), flags=re.ASCII).strip("_")
    data = {"name": name, "label": own, "temperature_K": temperature_K, **_ion(element)}
    data |= _amount(element, temperature_K) | _gating(element, temperature_K)
    data["source"] = f"NeuroML 2: {element.name} '{own}' of {element.where.rpartition(':')[0]}"
    data["note"] = " ".join(filter(None, [_notes(element), *_remarks(element, data)]))
    if name == own:
        del data["label"]
    return from_data(Channel, data, f"{element.where}: {element.title}")


def _ion(element: Element) -> dict[str, Any]:
    """The ion, or a pore that reverses at 0 mV where the file names none."""
    species = element.attributes.get("species", "")
    if species in NO_SPECIES:
        return {"pore": {"type": "ohmic", "e_mV": 0.0}}
    if species.lower() not in IONS:
        raise element.wrong(f"has the species '{species[:40]}'", f"Use one of {', '.join(IONS)}, or none.")
    return {"ion": IONS[species.lower()]}


def _amount(element: Element, temperature_K: float) -> dict[str, float]:
    """Conductance of all channels at that temperature, and its Q10."""
    g_pS = element.number("conductance", CONDUCTANCE_pS) if "conductance" in element.attributes else USUAL_pS
    q10 = factor = 1.0
    for scaling in element.all("q10ConductanceScaling"):
        scaling.only(("q10Factor", "experimentalTemp"))
        own, own_K = _measured(scaling)
        q10, factor = q10 * own, factor * q10_factor(own, temperature_K, own_K)
    return {"g_nS": g_pS * (N_CHANNELS / 1000) * factor, "amount_q10": q10}


def _gating(element: Element, temperature_K: float) -> dict[str, Any]:
    """Gates or a scheme, with the Q10 of the first for the whole channel."""
    found = _gates(element)
    if any(_kind(gate) == "gateKS" for gate in found):
        if len(found) > 1:
            raise element.wrong("has a gateKS beside another gate", "A scheme must be a channel's only gate.")
        return _scheme(found[0], temperature_K)
    gates = [_gate(gate, temperature_K) for gate in found]
    q10 = gates[0]["q10"] if gates else 1.0
    return {"q10": q10, "gates": [{k: v for k, v in gate.items() if (k, v) != ("q10", q10)} for gate in gates]}


def _gates(element: Element) -> list[Element]:
    return [child for child in element.children if child.name in _ANY_GATE]


def _kind(gate: Element) -> str:
    """Which of the standard's gates it is; <gate type="..."> tells it by its type."""
    return gate.says("type") if gate.name == "gate" else gate.name


def _notes(element: Element) -> str:
    text = " ".join(item.text for item in element.all("notes"))
    return text if len(text) <= MAX_NOTES else text[: MAX_NOTES - 1] + "…"


def _remarks(element: Element, data: dict[str, Any]) -> list[str]:
    """Every choice that the file does not make."""
    each = element.attributes.get("conductance", f"{USUAL_pS:g} pS (the file tells none)")
    remarks = [f"g_nS is that of {N_CHANNELS} channels of {each}: set it to what the cell has."]
    if "ion" not in data:
        remarks.append("The file names no ion, so the current reverses at 0 mV: set ion or pore.e_mV.")
    instant = [gate.says("id") for gate in _gates(element) if _kind(gate) == "gateHHInstantaneous"]
    if instant:
        remarks.append(
            f"Instantaneous in the file, with a time constant of {INSTANT_ms:g} ms here: {', '.join(instant)}."
        )
    if "detailed_balance" in data.get("gating", {}):
        remarks.append("The rates of the file violate detailed balance.")
    return remarks


# ---- temperature


def _temperature_K(element: Element) -> float:
    """The temperature of the first gate, else amount, that was measured at one; all others are brought to it."""
    settings = [item for gate in element.children for item in gate.all("q10Settings")]
    items = [*settings, *element.all("q10ConductanceScaling")]
    measured = [item for item in items if "experimentalTemp" in item.attributes]
    return _measured(measured[0])[1] if measured else kelvin(22.0)


def _measured(item: Element) -> tuple[float, float]:
    """A Q10 and the temperature (K) at which its factor is 1."""
    q10, temperature_K = item.number("q10Factor", NUMBER), kelvin(item.number("experimentalTemp", CELSIUS))
    if not (0.1 <= q10 <= 20.0 and 250.0 <= temperature_K <= 350.0):
        raise item.wrong("is not physical", "q10Factor may be 0.1 to 20, experimentalTemp -23 to 76 degC.")
    return q10, temperature_K


def _speed(gate: Element, temperature_K: float) -> tuple[float, float]:
    """The Q10 of a gate, and the factor of its rates at that temperature."""
    q10 = factor = 1.0
    for item in gate.all("q10Settings"):
        kind = item.says("type")
        if kind == "q10Fixed":
            item.only(("type", "fixedQ10"))
            fixed = item.number("fixedQ10", NUMBER)
            if not 1e-6 <= fixed <= 1e6:
                raise item.wrong(f"has fixedQ10 = {fixed:g}", "It may be 1e-6 to 1e6.")
            factor *= fixed
        elif kind == "q10ExpTemp":
            item.only(("type", "q10Factor", "experimentalTemp"))
            own, own_K = _measured(item)
            q10, factor = q10 * own, factor * q10_factor(own, temperature_K, own_K)
        else:
            raise item.wrong(f"has the unknown type '{kind[:60]}'", "Use q10Fixed or q10ExpTemp.")
    return q10, factor


# ---- gates and schemes


def _gate(element: Element, temperature_K: float) -> dict[str, Any]:
    """A gate of the Hodgkin-Huxley kind, as the keys of a Gate."""
    kind, typed = _kind(element), ("type",) if element.name == "gate" else ()
    if kind not in _GATES:
        remedy = REMEDIES.get(kind, f"Use one of: {', '.join((*_GATES, 'gateKS'))}.")
        raise element.wrong(f"has the type '{kind[:60]}', which cannot be imported", remedy)
    scaled = () if kind == "gateHHInstantaneous" else ("q10Settings",)
    element.only(("instances", *typed), (*_GATES[kind], *scaled))
    part = {name: element.part(name) for name in _GATES[kind]}
    q10, factor = _speed(element, temperature_K)
    laws: dict[str, str] = {}
    if "forwardRate" in part:
        alpha, beta = (_rate(part[name], factor) for name in ("forwardRate", "reverseRate"))
        laws = {"inf": f"{alpha}/({alpha}+{beta})", "tau_ms": f"1/({alpha}+{beta})"}
        if kind == "gateHHrates" and not (_is_fast(alpha) or _is_fast(beta)):
            laws = {"alpha_per_ms": alpha, "beta_per_ms": beta}
    if "steadyState" in part:
        laws["inf"] = _variable(part["steadyState"])
    if "timeCourse" in part:
        laws["tau_ms"] = _text(_time_ms(part["timeCourse"]) / factor)
    elif kind == "gateHHInstantaneous":
        laws["tau_ms"] = _text(INSTANT_ms)
    data = {"name": element.says("id"), "power": _instances(element), **laws, "q10": q10}
    from_data(Gate, data, f"{element.where}: {element.title}")
    return data


def _is_fast(formula: str) -> bool:
    """Whether a rate is too fast somewhere to be given as one; its gate is then told by inf and tau."""
    return bool((Formula(formula)(GRID_mV) > MAX_RATE_PER_MS).any())


def _instances(element: Element) -> int:
    count = element.number("instances", NUMBER)
    if count != int(count):
        raise element.wrong(f"has instances = {count:g}", "It must be a whole number.")
    return int(count)


def _scheme(element: Element, temperature_K: float) -> dict[str, Any]:
    """A gateKS, as the keys of a Channel."""
    typed = ("type",) if element.name == "gate" else ()
    element.only(("instances", *typed), ("q10Settings", "closedState", "openState", *_TRANSITIONS))
    if _instances(element) != 1:
        raise element.wrong("has several instances", "A scheme can be imported only once a channel.")
    q10, factor = _speed(element, temperature_K)
    states = [child for child in element.children if child.name in ("closedState", "openState")]
    for state in states:
        state.only(())
    names = [state.says("id") for state in states]
    ways: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for child in element.children:
        if child.name in _TRANSITIONS:
            a, b = child.says("from"), child.says("to")
            if a not in names or b not in names:
                raise child.wrong(f"leads from '{a[:40]}' to '{b[:40]}'", f"The states are {', '.join(names)[:100]}.")
            forward, backward = _TRANSITIONS[child.name](child, factor)
            there, back = ways[b, a][::-1] if (b, a) in ways else ways.setdefault((a, b), ([], []))
            there += forward
            back += backward
    gating: dict[str, Any] = {
        "type": "markov",
        "states": names,
        "open": [state.attributes["id"] for state in states if state.name == "openState"],
        "transitions": [
            {"between": list(pair), "forward_per_ms": "+".join(there) or "0", "backward_per_ms": "+".join(back) or "0"}
            for pair, (there, back) in ways.items()
        ],
    }
    unbalanced = gating | {"detailed_balance": "off"}
    from_data(Markov, unbalanced, f"{element.where}: {element.title}")
    try:
        from_data(Markov, gating, element.where)
    except VClampError:  # a NeuroML scheme need not obey it
        gating = unbalanced
    return {"q10": q10, "gating": gating}


_Rates = tuple[list[str], list[str]]


def _forward(element: Element, factor: float) -> _Rates:
    element.only(("from", "to"), ("rate",))
    return [_rate(element.part("rate"), factor)], []


def _reverse(element: Element, factor: float) -> _Rates:
    return _forward(element, factor)[::-1]


def _v_half(element: Element, factor: float) -> _Rates:
    """Rates whose logarithms share a charge z by γ, and no faster than 1/tauMin."""
    element.only(("from", "to", "vHalf", "z", "gamma", "tau", "tauMin"))
    half_mV, z, gamma = (
        element.number("vHalf", VOLTAGE_mV),
        element.number("z", NUMBER),
        element.number("gamma", NUMBER),
    )
    tau_ms, least_ms = (element.number(key, TIME_ms) / factor for key in ("tau", "tauMin"))
    rates = []
    for charge in (z * gamma, -z * (1.0 - gamma)):
        time = _times(tau_ms, f"exp({_ratio(half_mV, -VHALF_KTE_mV / charge)})") if charge else _text(tau_ms)
        rates.append(f"1/({time}+{_text(least_ms)})" if least_ms else f"1/({time})")
    return rates[:1], rates[1:]


def _tau_inf(element: Element, factor: float) -> _Rates:
    element.only(("from", "to"), ("timeCourse", "steadyState"))
    tau, steady = _text(_time_ms(element.part("timeCourse")) / factor), element.part("steadyState")
    return [f"{_variable(steady)}/{tau}"], [f"({_complement(steady)})/{tau}"]


_TRANSITIONS: dict[str, Callable[[Element, float], _Rates]] = {
    "forwardTransition": _forward,
    "reverseTransition": _reverse,
    "vHalfTransition": _v_half,
    "tauInfTransition": _tau_inf,
}


# ---- formulas


def _text(number: float) -> str:
    return repr(number).removesuffix(".0")


def _times(number: float, formula: str) -> str:
    return formula if number == 1.0 else f"{_text(number)}*{formula}"


def _ratio(midpoint_mV: float, scale_mV: float) -> str:
    """(v − midpoint)/scale."""
    shift = f"(v{'-' if midpoint_mV > 0 else '+'}{_text(abs(midpoint_mV))})" if midpoint_mV else "v"
    return f"{'-' if scale_mV < 0 else ''}{shift}/{_text(abs(scale_mV))}"


_SHAPES: dict[str, Callable[[float, float, float], str]] = {
    "HHExp": lambda size, middle, scale: _times(size, f"exp({_ratio(middle, scale)})"),
    "HHExpLinear": lambda size, middle, scale: _times(size, f"linoid({_ratio(middle, scale)})"),
    "HHSigmoid": lambda size, middle, scale: f"{_text(size)}/(1+exp({_ratio(middle, -scale)}))",
}


def _terms(element: Element, ending: str, units: dict[str, str]) -> tuple[str, float, float, float]:
    """Shape, size, midpoint and scale (mV) of one of the standard's functions of the voltage."""
    kind = element.says("type")
    if kind not in [shape + ending for shape in _SHAPES]:
        known = ", ".join(shape + ending for shape in _SHAPES)
        raise element.wrong(f"has the type '{kind[:60]}', which the standard lacks", f"Only these are read: {known}.")
    element.only(("type", "rate", "midpoint", "scale"))
    scale_mV = element.number("scale", VOLTAGE_mV)
    if scale_mV == 0.0:
        raise element.wrong("has scale = 0", "It may be any other voltage.")
    size, midpoint_mV = element.number("rate", units), element.number("midpoint", VOLTAGE_mV)
    return kind.removesuffix(ending), size, midpoint_mV, scale_mV


def _rate(element: Element, factor: float) -> str:
    shape, size, midpoint_mV, scale_mV = _terms(element, "Rate", RATE_per_ms)
    return _SHAPES[shape](size * factor, midpoint_mV, scale_mV)


def _variable(element: Element) -> str:
    shape, *terms = _terms(element, "Variable", NUMBER)
    return _SHAPES[shape](*terms)


def _complement(element: Element) -> str:
    """1 − x, of a sigmoid without a subtraction."""
    shape, size, midpoint_mV, scale_mV = _terms(element, "Variable", NUMBER)
    if shape == "HHSigmoid" and size == 1.0:
        return _SHAPES[shape](1.0, midpoint_mV, -scale_mV)
    return f"1-{_variable(element)}"


def _time_ms(element: Element) -> float:
    kind = element.says("type")
    if kind != "fixedTimeCourse":
        raise element.wrong(f"has the type '{kind[:60]}', which the standard lacks", "Only fixedTimeCourse is read.")
    element.only(("type", "tau"))
    tau_ms = element.number("tau", TIME_ms)
    if tau_ms <= 0.0:
        raise element.wrong(f"has tau = {tau_ms:g} ms", "It must be above 0.")
    return tau_ms
