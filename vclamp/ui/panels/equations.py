"""The equation that each parameter of a channel or the pump stands in, for its tooltip and the help."""

_U = "u = FV/RT"
_TWO_STATE = "α = k₀·exp(x·z·w), β = k₀·exp(−(1 − x)·z·w), w = F(V − V½)/RT"
_HALF_RULE = "V½ = (ΔH − T·ΔS)/(z·F)"
_SENSOR = "sensor: α = a₀·exp(x·z·w), β = a₀·exp(−(1 − x)·z·w), w = F(V − V½)/RT"
_GATE = "gate with k sensors up: opens at d₀·exp(f·k·ε + z·u/2), closes at d₀/L₀·exp((f − 1)·k·ε − z·u/2), " + _U
_COUPLED = "with the gate open: α·exp(y·ε), β·exp((y − 1)·ε)"
_MWC = "P = L'/(1 + L'), L' = L₀·exp(z·u)·((1 + J·exp(ε))/(1 + J))ⁿ; each of n sensors: J = exp(z·w), w = F(V − V½)/RT"
_RELAXES = "dx/dt = α·(1 − x) − β·x; x∞ = α/(α + β), τ = 1/(α + β)"
_SETTLES = "dx/dt = (x∞ − x)/τ"
_Q10 = "Q10^((T − T measured)/10 °C)"
_WOODHULL = "left = 1/(1 + [B]/K_d(V)), K_d(V) = K_d·exp(∓z·δ·u), − from inside; " + _U
_BINDS = "binds at k_on·[B]·exp(±z_on·u), leaves at k_off·exp(∓z_off·u), + from inside; " + _U
_ESCAPES = "leaves to the other side at k·exp(±z·u), + from inside; " + _U
_HILL = "left = 1/(1 + ([B]/IC₅₀)ⁿ)"
_ENERGY = "P/P first = exp(−(ΔΔG)/RT), ΔG = leaving water − binding the filter"
_HOP = "rate of a hop = kT/h·exp(well − barrier ± z·u/(2·(sites + 1))), from the solutions × M; " + _U
_REPELS = "W/(k − j) between ions in sites j and k; entry × exp(−share·W), exit × exp((1 − share)·W)"
_FIELD = "ΔG = leaving water − e²·N_A/(4πε₀·(r site + r ion)); P/P first = exp(−ΔΔG/RT)"
_KNOCK = "shift: k·exp(±d·u/2); knock: k·[ion]·exp(±(1 − d)·u/2); " + _U
_PUMP = "I = I max·1/(1 + (K_Na/[Na⁺]in)ⁿ)·1/(1 + (K_K/[K⁺]out)ⁿ)"

_DISPLACES = "K_d = K_d(0)·([ion]out/reference)ⁿ·exp(−(n + z·δ)·u); " + _U
_WEAK = "left = (1 − share)/(1 + [B]/K_d) + share/(1 + [B]/K_d weak)"

# where two kinds of description share a key: by the kind too
_OF_KIND = {
    ("Mwc", "x"): _SENSOR, ("TwoState", "x"): _TWO_STATE, ("WoodhullBlocker", "out_reference_mM"): _DISPLACES,
}  # fmt: skip
_OF_KEY = {
    "e_mV": "I = g·P·(V − E)",
    "out_exponent": "g = g₀·([ion]out/reference)^power",
    "out_reference_mM": "g = g₀·([ion]out/reference)^power",
    "ratio": "I = Σ P·ratio·GHK of each ion",
    "dehydration_kJ_per_mol": _ENERGY,
    "coordination_kJ_per_mol": _ENERGY,
    "site_radius_A": _FIELD,
    "hydration": _FIELD,
    "barriers_RT": _HOP,
    "wells_RT": _HOP,
    "repulsion_RT": _REPELS,
    "theta": _REPELS,
    "max_ions": "states of the pore: every way to put so many ions into its sites",
    "k_shift_per_s": _KNOCK,
    "k_knock_per_M_s": _KNOCK,
    "d_shift": _KNOCK,
    "power": "P = x^number of each kind of gate, multiplied",
    "alpha_per_ms": _RELAXES,
    "beta_per_ms": _RELAXES,
    "inf": _SETTLES,
    "tau_ms": _SETTLES,
    "q10": f"rate × {_Q10}",
    "amount_q10": f"g or P × {_Q10}",
    "temperature_K": _Q10,
    "n_channels": "I gating = N·dQ/dt; one by one: variance = i·I − I²/N",
    "z_e": _TWO_STATE,
    "k0_per_ms": _TWO_STATE,
    "v_half_mV": _TWO_STATE,
    "dh_kJ_per_mol": _HALF_RULE,
    "ds_J_per_mol_K": _HALF_RULE,
    "subunits": "P = p^number, p of one subunit",
    "l0": _MWC,
    "z_l_e": _MWC,
    "z_j_e": _MWC,
    "v_j_mV": _MWC,
    "eps_RT": _MWC,
    "sensors": _MWC,
    "a0_per_ms": _SENSOR,
    "d0_per_ms": _GATE,
    "y": _COUPLED,
    "f": _GATE,
    "forward_per_ms": "dP/dt = Q·P",
    "backward_per_ms": "dP/dt = Q·P",
    "charge_e": "I gating = N·Σ charge·(flow forward − flow back)",
    "detailed_balance": "round every loop: product of the rates there = product of the rates back",
    "ic50_mM": _HILL,
    "hill": _HILL,
    "side": "[B] is that of this side",
    "kd_mM": _WOODHULL,
    "z_delta": _WOODHULL,
    "follows": _WOODHULL,
    "n_displaced": _DISPLACES,
    "minor_fraction": _WEAK,
    "minor_kd_mM": _WEAK,
    "minor_z_delta": _WOODHULL,
    "k_on_per_mM_ms": _BINDS,
    "k_off_per_ms": _BINDS,
    "z_on": _BINDS,
    "z_off": _BINDS,
    "escape_per_ms": _ESCAPES,
    "z_escape": _ESCAPES,
    "trapped": "open ⇄ open blocked ⇄ closed blocked",
    "fast": "left = 1/(1 + binding/leaving)",
    "k_na_mM": _PUMP,
    "k_k_mM": _PUMP,
    "n_na": _PUMP,
    "n_k": _PUMP,
    "dg_atp_kJ_per_mol": "I × (1 − exp(−(V − V rev)·F/RT)), V rev from ΔG and the gradients",
    "k_atp_mM": "I × [ATP]/([ATP] + K)",
    "r_MOhm": "τ = R·C",
    "c_pF": "τ = R·C",
}


def equation_of(owner: object, key: str) -> str:
    """The equation in which a value of something described stands; empty if there is none."""
    return _OF_KIND.get((type(owner).__name__, key), _OF_KEY.get(key, ""))


def block_equation(blocker: object) -> str:
    """The equation by which a blocker blocks."""
    keys = ("ic50_mM", "kd_mM", "k_on_per_mM_ms")
    return equation_of(blocker, next((key for key in keys if hasattr(blocker, key)), ""))
