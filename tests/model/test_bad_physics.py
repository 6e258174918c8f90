"""Wrong pores, schemes, blockers, pumps and solutions are told at once: where, what, and what to do."""

from pathlib import Path

import numpy as np
import pytest
from test_bad_files import refusal

from vclamp.model.files import load_channel, load_rig
from vclamp.model.formula import Formula

HEAD = 'name = "x"\nion = "K"\n'
OHMIC = HEAD + "g_nS = 1.0\n"
NO_ION = 'name = "x"\ng_nS = 1.0\n[pore]\ne_mV = -80.0\n'
GHK = HEAD + "p_cm3_per_s = 1e-12\n"
COUNTED = HEAD + "n_channels = 100\n"
MARKOV = OHMIC + '[gating]\ntype = "markov"\nstates = ["C", "O", "I"]\nopen = ["O"]\n'


def way(a: str, b: str, forward: str = "1.0", backward: str = "2.0", rest: str = "") -> str:
    return (
        f'[[gating.transitions]]\nbetween = ["{a}", "{b}"]\n'
        f'forward_per_ms = "{forward}"\nbackward_per_ms = "{backward}"\n{rest}'
    )


GOOD = MARKOV + way("C", "O", "exp(v/20)", "exp(-v/20)") + way("O", "I")
CYCLE = GOOD + way("C", "I", "exp(v/20)", "4*exp(-v/20)")
BIG = (
    OHMIC + '[gating]\ntype = "markov"\nopen = ["s0"]\nstates = ['
    + ", ".join(f'"s{k}"' for k in range(200)) + "]\n" + "".join(way(f"s{k}", f"s{k + 1}") for k in range(199))
)  # fmt: skip
MWC = OHMIC + (
    '[gating]\ntype = "mwc"\nl0 = 1e-5\nz_j_e = 3.0\nv_j_mV = -45.0\neps_RT = 5.0\na0_per_ms = 2.0\nd0_per_ms = 2e-4\n'
)
TWO_STATE = OHMIC + '[gating]\ntype = "two-state"\nz_e = 4.0\nk0_per_ms = 0.5\nv_half_mV = -30.0\n'
FILE = COUNTED + (
    '[pore]\ntype = "single-file"\n[[pore.permeant]]\nname = "K"\n'
    "barriers_RT = [8.5, 6.5, 8.5]\nwells_RT = [-3.0, -3.0]\n"
)
WOODHULL = OHMIC + '[[blockers]]\ntype = "woodhull"\ndrug = "Mg"\nkd_mM = 1.0\nz_delta = 1.0\n'
KINETIC = OHMIC + '[[blockers]]\ntype = "kinetic"\ndrug = "QA"\nk_on_per_mM_ms = 1.0\nk_off_per_ms = 0.1\n'


@pytest.mark.parametrize("content", [GOOD, MWC, TWO_STATE, FILE, WOODHULL, KINETIC])
def test_the_same_files_without_a_mistake_load(content: str, tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text(content, encoding="utf-8")
    assert load_channel(path).name == "x"


def swapped(content: str, old: str, new: str) -> str:
    assert old in content, old
    return content.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD, "channel 'x' does not say how much there is of it. Give g_nS, which belongs to the ohmic pore."),
        (OHMIC + '[pore]\ntype = "ghk"\n', "Give p_cm3_per_s, which belongs to the ghk pore."),
        (GHK + '[pore]\ntype = "knock-on"\nk_shift_per_s = 4e7\nk_knock_per_M_s = 4e8\n', "Give n_channels"),
        (GHK + '[pore]\ntype = "goldman"\n', "type 'goldman' is unknown. Use 'ohmic', 'ghk'"),
        ('name = "x"\np_cm3_per_s = 1e-12\npore = { type = "ghk" }\n', "channel 'x' names no ion"),
        (GHK + '[pore]\ntype = "ghk"\npermeant = [{ name = "Na", ratio = -0.1 }]\n', "ratio: -0.1 is too small"),
        (GHK + '[pore]\ntype = "energies"\npermeant = []\n', "pore.permeant"),
        (GHK + '[pore]\ntype = "field-strength"\nsite_radius_A = 1.0\npermeant = ["Xe"]\n', "should be 'Li', 'Na'"),
        (GHK + '[pore]\ntype = "ghk"\npermeant = [{ name = "K" }, { name = "K", ratio = 0.5 }]\n', "'K' stands twice"),
        (GHK + '[pore]\ntype = "field-strength"\nsite_radius_A = 1.0\npermeant = ["K", "K"]\n', "'K' stands twice"),
        (FILE + FILE[FILE.index("[[pore") :], "'K' stands twice among the ions of the pore. Keep one of them."),
        (swapped(FILE, "[8.5, 6.5, 8.5]", "[8.5, 6.5]"), "the profile of K has 2 barriers and 2 wells"),
        (swapped(FILE, "[-3.0, -3.0]", "[-3.0, nan]"), "wells_RT[1]: is not a finite number"),
        (swapped(FILE, "[-3.0, -3.0]", "[]"), "wells_RT"),
        (swapped(FILE, "[-3.0, -3.0]", "[-300.0, -3.0]"), "wells_RT[0]: -300.0 is too small"),
        (swapped(GOOD, 'open = ["O"]', 'open = ["Open"]'), "there is no state 'Open'. The states are C, O, I."),
        (swapped(GOOD, 'open = ["O"]', "open = []"), "gating.open"),
        (swapped(GOOD, '["C", "O", "I"]', '["C", "O", "O"]'), "two states have one name"),
        (swapped(GOOD, '["C", "O", "I"]', '["C", "O", "I+"]'), "state name 'I+' cannot name a trace"),
        (swapped(GOOD, "exp(v/20)", "exp(v/20"), "forward_per_ms of C–O: formula 'exp(v/20', column 8: ')' is missing"),
        (swapped(GOOD, "exp(v/20)", "sinh(v)"), "'sinh' is unknown"),
        (swapped(GOOD, "exp(v/20)", "v/v"), "forward_per_ms of C–O is not finite at 0 mV"),
        (swapped(GOOD, "exp(v/20)", "v"), "forward_per_ms of C–O is negative at -250 mV"),
        (swapped(GOOD, "exp(v/20)", "exp(v)"), "forward_per_ms of C–O reaches 3.75e+108/ms"),
        (swapped(GOOD, "forward_per_ms", "forward_per_s"), "unknown key 'forward_per_s'"),
        (swapped(GOOD, '["C", "O"]', '["C", "C"]'), "a transition leads from C to itself"),
        (swapped(GOOD, '["C", "O"]', '["C"]'), "between"),
        (MARKOV + way("C", "O"), "some states cannot be reached from others"),
        (BIG, "the scheme has 200 states. At most 32 are allowed."),
        (CYCLE, "violates detailed balance. Make the products of its rates both ways round equal, or say"),
        (CYCLE, "the cycle "),
        (GOOD + way("C", "I", "exp(v/20)", "4*exp(-v/20)", "charge_e = 3.0\n"), "the gating charges around a cycle"),
        (GOOD + '[[gates]]\nname = "m"\nalpha_per_ms = "1"\nbeta_per_ms = "1"\n', "gates and a gating scheme"),
        (swapped(GOOD, '"markov"', '"markow"'), "type 'markow' is unknown. Use 'two-state', 'mwc', 'markov'."),
        (swapped(MWC, "l0 = 1e-5", "l0 = 0.0"), "l0: 0.0 is too small"),
        (swapped(MWC, "eps_RT = 5.0", "eps_kT = 5.0"), "Did you mean 'eps_RT'?"),
        (MWC + "sensors = 13\n", "sensors: 13 is too large"),
        (swapped(TWO_STATE, "v_half_mV = -30.0\n", ""), "needs its half-activation voltage. Give v_half_mV"),
        (TWO_STATE + "dh_kJ_per_mol = -10.0\n", "needs its half-activation voltage"),
        (swapped(WOODHULL, "kd_mM = 1.0", "kd_mM = -1.0"), "kd_mM: -1.0 is too small"),
        (swapped(WOODHULL, '"woodhull"', '"woodhol"'), "type 'woodhol' is unknown. Use 'hill', 'woodhull', 'kinetic'."),
        (WOODHULL + 'follows = "e"\n', "follows"),
        (WOODHULL + 'follows = "displaced"\nside = "out"\n', "blocker Mg displaces ions, so it comes from inside"),
        (WOODHULL + 'follows = "displaced"\nminor_fraction = 0.1\n', "blocker Mg displaces ions"),
        (NO_ION + WOODHULL.removeprefix(OHMIC) + 'follows = "v-e"\n', "blocker Mg follows an ion. Name the channel's"),
        (NO_ION + "out_exponent = 0.5\n", "grows with an ion that it does not name"),
        (swapped(KINETIC, "k_off_per_ms = 0.1", "k_off_per_ms = 0.0"), "k_off_per_ms: 0.0 is too small"),
        (KINETIC + "trapped = 1\n", "trapped: 1 should be a valid boolean"),
    ],
)  # fmt: skip
def test_a_bad_channel_is_told_in_a_sentence(content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content, load_channel)


def test_a_violated_cycle_is_named_and_may_be_wanted(tmp_path: Path) -> None:
    said = refusal(tmp_path, CYCLE, load_channel)
    assert {state for state in ("C", "O", "I") if f"{state} –" in said or f"– {state}" in said} == {"C", "O", "I"}
    path = tmp_path / "wanted.toml"
    path.write_text(swapped(CYCLE, 'open = ["O"]', 'open = ["O"]\ndetailed_balance = "off"'), encoding="utf-8")
    assert load_channel(path).scheme is not None


CELL = (
    '[cell]\nname = "c"\ncm_pF = 20.0\n{cell}\n[[cell.channels]]\nname = "k"\ng_nS = 1.0\nion = "K"\n{channel}\n'
    "[solutions]\n{solutions}\nions = [{{ name = 'K', z = 1, out_mM = 4.0, in_mM = 140.0 }}, {ions}]\n{amplifier}\n"
)


RB_INSIDE = {
    "ions": "{ name = 'Rb', z = 1, out_mM = 0.0, in_mM = 140.0 }",
    "channel": '[[cell.channels]]\nname = "kir"\np_cm3_per_s = 1e-9\nion = "Rb"\npore = { type = "ghk" }\n'
    'blockers = [{ type = "woodhull", drug = "Mg", kd_mM = 1.0, z_delta = 1.0, follows = "{follows}" }]\n',
}


def cell(**parts: str) -> str:
    return CELL.format(**{"cell": "", "channel": "", "solutions": "", "ions": "", "amplifier": "", **parts})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (cell(cell="pump = { i_max_pA = 40.0 }"), "the pump carries Na and K, and the solutions hold no Na"),
        (cell(cell="pump = { i_max_pA = -1.0 }"), "cell.pump.i_max_pA: -1.0 is too small"),
        (cell(cell='pump = { i_max_pA = 1.0, type = "atp" }'), "cell.pump.type"),
        (cell(cell="volume_pL = 0.0"), "cell.volume_pL: 0.0 is too small"),
        (cell(cell="volume_pL = 8.0\nchannels = [{ name = 'l', g_nS = 1.0, pore = { e_mV = 0.0 } }]")
         .replace('[[cell.channels]]\nname = "k"\ng_nS = 1.0\nion = "K"\n', ""),
         "channel 'l' names no ion, but this cell's concentrations follow its currents"),
        (cell(cell='branches = [{ name = "k", r_MOhm = 1.0, c_pF = 1.0 }]'), "two channels of the cell are named 'k'"),
        (cell(cell='branches = [{ name = "b", r_MOhm = 0.0, c_pF = 1.0 }]'), "r_MOhm: 0.0 is too small"),
        (cell(solutions='activity = "debye"'), "solutions.activity"),
        (cell(ions="{ name = 'Na', z = 1, out_mM = -1.0, in_mM = 1.0 }"), "ions[1].out_mM: -1.0 is too small"),
        (cell(ions="{ name = 'Na', z = 1, out_mM = 1.0, in_mM = 1.0, gamma_in = 0.0 }"), "gamma_in: 0.0 is too small"),
        (cell().replace("out_mM = 4.0", "out_mM = 0.0"), "there is no K outside, so it has no reversal potential"),
        (cell(**RB_INSIDE).replace("{follows}", "v-e"), "there is no Rb outside, so it has no reversal potential"),
        (cell(**RB_INSIDE).replace("{follows}", "displaced"), "blocker Mg displaces Rb, and there is none outside"),
        (cell(amplifier='[amplifier]\nmode = "current-clamp"\nbias_pA = 1e9\n'), "amplifier.bias_pA"),
        (cell(channel='[[cell.channels]]\nname = "pump"\ng_nS = 1.0\nion = "K"\n', cell="pump = { i_max_pA = 40.0 }"),
         "a channel is named 'pump'"),
        (cell().replace('name = "k"', 'name = "membrane"'), "a channel is named 'membrane', as another trace is"),
        (cell().replace('name = "k"', 'name = "leg_2"'), "a channel is named 'leg_2'"),
        (cell(channel='[[cell.channels]]\nname = "gating_k"\ng_nS = 1.0\nion = "K"\n'), "is named 'gating_k'"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_told_in_a_sentence(content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content, load_rig)


def test_u_is_the_voltage_in_units_of_rt_over_f() -> None:
    v_mV = np.array([-25.0, 0.0, 50.0])
    assert Formula("u")(v_mV, 310.0) == pytest.approx(v_mV / 26.71373, rel=1e-6)
    assert Formula("exp(0.5*u)")(v_mV, 279.45) == pytest.approx(np.exp(0.5 * v_mV / 24.08114), rel=1e-6)
