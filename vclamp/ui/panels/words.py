"""What the settable values are called for people, and in which unit they are shown."""

from typing import Any

from vclamp.model.blockers import Blocker, KineticBlocker, WoodhullBlocker
from vclamp.model.gating import Gate, Markov, Mwc, Transition, TwoState
from vclamp.model.pores import Permeability, PermeantEnergy, PoreIon
from vclamp.model.rig import Rig
from vclamp.publish.symbols import SIDES, UNITS, ion_text

# end of a key: the unit it is shown in, the longer ends first
_UNITS = {
    "mV_per_pA": "mV/pA", "percent": "%", "V": "V", "per_mM_ms": "/mM/ms", "per_M_s": "/M/s",
    "J_per_mol_K": "J/mol/K", "kJ_per_mol": "kJ/mol", "RT": "RT", "A": "Å", "K": "°C", "pL": "pL", **UNITS,
}  # fmt: skip

# key: label and, where the label is not enough, a sentence
WORDS: dict[str, tuple[str, str]] = {
    "e_mV": ("reversal, fixed", "Does not follow the solutions"),
    "out_exponent": ("power of outside", "The conductance grows with the outside concentration to this power"),
    "out_reference_mM": ("… relative to", "Outside concentration at which the numbers were measured"),
    "ratio": ("permeability ratio", "Relative to the first ion"),
    "dehydration_kJ_per_mol": ("leaving water", "Energy to leave water"),
    "coordination_kJ_per_mol": ("binding the filter", "Energy gained at the wall of the filter"),
    "site_radius_A": ("radius of the site", "Small: a strong field, which prefers small ions (Eisenman)"),
    "hydration": ("hydration energies", ""),
    "barriers_RT": ("barrier", "Height of the free-energy barrier, counted from the outside"),
    "wells_RT": ("well", "Depth of the site, counted from the outside"),
    "repulsion_RT": ("repulsion", "Between ions in neighbouring sites"),
    "theta": ("share of repulsion", "Part of the repulsion that slows an entry; the rest speeds an exit (knock-on)"),
    "max_ions": ("ions at most", "In one pore at once"),
    "k_shift_per_s": ("shift rate", "The row of ions moves by one site"),
    "k_knock_per_M_s": ("knock rate", "An ion from the solution knocks the row on"),
    "d_shift": ("field share of shift", ""),
    "power": ("number of gates", "All must be open"),
    "alpha_per_ms": ("opening rate α (/ms)", "Formula of v in mV"),
    "beta_per_ms": ("closing rate β (/ms)", "Formula of v in mV"),
    "inf": ("steady state", "Formula of v in mV, 0 to 1"),
    "tau_ms": ("time constant (ms)", "Formula of v in mV"),
    "q10": ("Q10 of the rates", "Faster by this factor for 10 °C"),
    "amount_q10": ("Q10 of the amount", "Larger by this factor for 10 °C"),
    "temperature_K": ("measured at", "Temperature at which the numbers hold; elsewhere Q10 applies"),
    "n_channels": (
        "channels",
        "Their number sets the size of the gating current, and of the noise where they open one by one; 0: not known",
    ),
    "z_e": ("gating charge", "Elementary charges that a subunit moves"),
    "k0_per_ms": ("rate at V½", ""),
    "v_half_mV": ("V½", "Half of the subunits are active"),
    "dh_kJ_per_mol": ("enthalpy ΔH", ""),
    "ds_J_per_mol_K": ("entropy ΔS", ""),
    "x": ("field share, sensors", "Part of the charge moved before the top of the barrier"),
    "y": ("coupling share, sensors", "Part of the coupling energy that a sensor feels on its way up"),
    "f": ("coupling share, gate", "Part of the coupling energy that the gate feels on its way open"),
    "subunits": ("subunits", "All must be active"),
    "l0": ("opening at rest L₀", "Open over closed with every sensor down, at 0 mV"),
    "z_j_e": ("charge of a sensor", ""),
    "v_j_mV": ("V½ of a sensor", "With the gate closed"),
    "eps_RT": ("coupling", "Energy by which an active sensor favours the open gate"),
    "a0_per_ms": ("sensor rate", "At its V½"),
    "d0_per_ms": ("gate rate", "With every sensor down"),
    "sensors": ("sensors", ""),
    "z_l_e": ("charge of the gate", ""),
    "forward_per_ms": ("rate there (/ms)", "Formula of v in mV"),
    "backward_per_ms": ("rate back (/ms)", "Formula of v in mV"),
    "charge_e": ("charge moved", "Elementary charges moved outward"),
    "detailed_balance": ("detailed balance", "Without it the scheme may cycle for ever"),
    "ic50_mM": ("half block at", ""),
    "hill": ("Hill coefficient", ""),
    "side": ("acts from", ""),
    "kd_mM": ("K_d at 0 mV", "Half block"),
    "z_delta": ("z·δ", "Charge times the part of the field it crosses"),
    "follows": ("feels", ""),
    "n_displaced": ("ions displaced", "Outward through the filter"),
    "minor_fraction": ("weak-binding share", "Of the channels"),
    "minor_kd_mM": ("their K_d", ""),
    "minor_z_delta": ("their z·δ", ""),
    "k_on_per_mM_ms": ("binding", ""),
    "k_off_per_ms": ("leaving", ""),
    "z_on": ("charge felt, binding", ""),
    "z_off": ("charge felt, leaving", ""),
    "escape_per_ms": ("punch-through", "Leaving to the other side"),
    "z_escape": ("charge felt, escape", ""),
    "trapped": ("the gate closes behind it", "It is trapped in the closed channel"),
    "fast": ("faster than the scope", "Only its equilibrium is kept"),
    "k_na_mM": ("half rate at Na⁺ inside", ""),
    "k_k_mM": ("half rate at K⁺ outside", ""),
    "n_na": ("Hill coefficient, Na⁺", ""),
    "n_k": ("Hill coefficient, K⁺", ""),
    "dg_atp_kJ_per_mol": ("energy of ATP ΔG", "The pump stops where it just balances the gradients"),
    "k_atp_mM": ("half rate at ATP", ""),
    "r_MOhm": ("resistance", ""),
    "c_pF": ("capacitance", ""),
}

# key below "amplifier.": label and what it is, with the equation it stands in
AMPLIFIER: dict[str, tuple[str, str]] = {
    "mode": ("", "What the amplifier holds (keys V, I; N is I = 0)"),
    "circuit": (
        "",
        "How much of the amplifier is simulated.\n"
        "Series resistance only: Cm dV/dt = (V command − V)/Rs − I ion\n"
        "Simplified: compensation too, with the lags of its two slowest parts\n"
        "Full: also the pipette's capacitance and all lags",
    ),
    "rs_MOhm": (
        "Rs, true",
        "Series resistance between the amplifier and the membrane; 0 is an ideal clamp.\n"
        "V command − V = Rs·I: 10 nA through 10 MΩ lose 100 mV.",
    ),
    "bias_pA": (
        "holding current",
        "Current injected all the time: Cm dV/dt = I − I ion; a protocol's steps add to it.\n"
        "At 0 the cell is left alone (I = 0).",
    ),
    "cp_pF": ("Cp, true", "Capacitance of the pipette: I = Cp dVp/dt, a spike at every step"),
    "cp_est_pF": (
        "C-fast",
        "Your estimate of Cp; its current C-fast·dV/dt is taken off.\n"
        "Too small: correction rings; too large: it overshoots.",
    ),
    "cm_est_pF": (
        "C-slow",
        "Your estimate of Cm; the current that charges it is taken off:\n"
        "dV est/dt = (V command − V est)/((1 − prediction)·Rs dial·C-slow), I = C-slow·dV est/dt",
    ),
    "rs_est_MOhm": ("Rs dial", "Your estimate of Rs, which correction (α·Rs dial·I), prediction and C-slow go by"),
    "correction_percent": (
        "correction",
        "Part α of the lost voltage that is added to the command: α·Rs dial·I.\n"
        "In a steady state V command − V = (Rs − α·Rs dial)·I. Too much rings.",
    ),
    "prediction_percent": (
        "prediction",
        "Part β of the charging that is added to the command beforehand: β·Rs dial·C-slow·dV est/dt.\n"
        "The membrane follows a step 1/(1 − β) times faster.",
    ),
    "offset_mV": ("offset", "Error of the zero; adds to the command unseen: V → V command + offset"),
    "junction_mV": ("junction", "Liquid junction potential, bath minus pipette: V → V command − junction"),
    "tau_sum_ms": (
        "lag",
        "Time constant τ of the amplifier that sums command and compensation:\n"
        "τ dV ref/dt = V command + α·Rs dial·I + β·Rs dial·C-slow·dV est/dt − V ref",
    ),
    "feedback_GOhm": (
        "feedback",
        "Rf, the resistor of the headstage; the output ends at ±10 V/Rf.\nIts noise falls with Rf: 4kT/Rf per Hz.",
    ),
    "recorder.on": ("Recorder", "What lies between the amplifier and the disk: filter, noise and converter"),
    "recorder.filter_kHz": (
        "filter",
        "Corner (−3 dB) of a 4-pole Bessel; 0 is none.\n10–90 % of a step: 0.35/f",
    ),
    "recorder.noise": (
        "thermal noise",
        "Of the seal and of Rf, 4kT/R per Hz, and of Rs with Cm:\n4kT·Rs(2πf·Cm)²/(1 + (2πf·Rs·Cm)²) per Hz",
    ),
    "recorder.seal_GOhm": (
        "seal",
        "The seal as a source of noise: 4kT/R per Hz.\nIts leak is a channel.",
    ),
    "recorder.bits": ("bits", "Of the converter; 0 is none.\nSmallest step: 2·range/(2^bits·gain)"),
    "recorder.range_V": ("range ±", "Of the converter; beyond ±range/gain it clips"),
    "recorder.gain_mV_per_pA": ("gain", "What the converter sees: gain·I"),
}

# how a path begins, the longer ones first: who found the equation that the value stands in; channels name their own
_SOURCES = {
    "amplifier.recorder.filter_kHz": "Thomson 1949, Proc IEE III 96:487",
    "amplifier.recorder.seal_GOhm": "Nyquist 1928, Phys Rev 32:110",
    "amplifier.recorder": "Bennett 1948, Bell Syst Tech J 27:446",
    "amplifier.feedback_GOhm": "Nyquist 1928, Phys Rev 32:110",
    "amplifier.junction_mV": "Barry & Lynch 1991, J Membr Biol 121:101",
    "amplifier": "Sigworth 1995, in Single-Channel Recording, ch. 4; Lei et al. 2020, Phil Trans R Soc A 378:20190348",
    "cell.cm_pF": "Curtis & Cole 1938, J Gen Physiol 21:757",
    "cell.volume_pL": "DiFrancesco & Noble 1985, Phil Trans R Soc B 307:353",
    "cell.tick_ms": "DiFrancesco & Noble 1985, Phil Trans R Soc B 307:353",
    "cell.branches": "Lei et al. 2020, Phil Trans R Soc A 378:20190348",
    "solutions": "Nernst 1889, Z Phys Chem 4:129",
}

CHOICES: dict[str, str] = {
    **SIDES, "v": "V", "v-e": "V − E", "displaced": "V, displacing ions",
    "marcus": "Marcus", "drude": "Drude & Learner", "on": "kept", "off": "not kept",
}  # fmt: skip

_GATINGS = {TwoState: "two-state subunits", Mwc: "allosteric (MWC)", Markov: "scheme of states"}
_PORES = {
    "ohmic": "ohmic", "ghk": "constant field (GHK)", "energies": "transfer energies",
    "field-strength": "field strength", "single-file": "single file", "knock-on": "knock-on",
}  # fmt: skip
ACTIVITIES = {
    "off": "concentrations only", "given": "activities as given", "davies": "Davies equation",
    "limiting": "Debye–Hückel limiting law",
}  # fmt: skip
PUMPS = {"constant": "constant rate", "hill": "Na⁺ and K⁺ dependent", "luo-rudy": "Luo & Rudy"}
MODES = {"voltage-clamp": "voltage clamp", "current-clamp": "current clamp"}


def unit_of(key: str) -> str:
    """The unit that a key's name ends in; empty if it has none."""
    return next((text for end, text in _UNITS.items() if key.endswith(f"_{end}")), "")


def source_of(path: str) -> str:
    """Who found the equation that the value at a dotted path stands in; empty of a channel's or the pump's own."""
    return next((source for start, source in _SOURCES.items() if path.startswith(start)), "")


def title_of(owner: Any, rig: Rig) -> str:
    """The heading of a group of values."""
    match owner:
        case Gate():
            return f"Gate {owner.name}"
        case TwoState() | Mwc() | Markov():
            return f"Gating: {_GATINGS[type(owner)]}"
        case Transition():
            return " ⇄ ".join(owner.between)
        case Permeability() | PermeantEnergy() | PoreIon():
            z = next((ion.z for ion in rig.solutions.ions if ion.name == owner.name), 0)
            return f"{ion_text(owner.name, z)} in the pore"
        case Blocker() | WoodhullBlocker() | KineticBlocker():
            return f"Block by {owner.drug}"
    return f"Pore: {_PORES[owner.type]}" if getattr(owner, "type", "") in _PORES else ""
