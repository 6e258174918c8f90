"""The chapter's experiments, done on shipped cells with the engine, against the numbers of the textbook."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from vclamp import paths
from vclamp.model.edit import with_value
from vclamp.model.files import load_rig
from vclamp.model.protocol import Hold, Protocol, Ramp, Step
from vclamp.model.rig import Rig
from vclamp.run.runner import record


def shipped(name: str) -> Rig:
    return load_rig(paths.shipped(paths.CELLS)[name])


def changed(rig: Rig, **values: object) -> Rig:
    """The rig with values at dotted paths; __ stands for the dot."""
    for path, value in values.items():
        rig = with_value(rig, path.replace("__", "."), value, "test")
    return rig


def steady(rig: Rig, levels_mV: Sequence[float], trace: str, hold_mV: float = 0.0, ms: float = 20.0) -> np.ndarray:
    """The trace at the end of one step to each level."""
    protocol = Protocol(
        "steps", (Hold(1.0), Step(tuple(levels_mV), ms)), n_sweeps=len(levels_mV), hold_mV=hold_mV, fs_kHz=20.0
    )
    return np.array([sweep[trace][-1] for sweep in record(rig, protocol).sweeps])


def reversal_mV(rig: Rig, trace: str = "i_pA", low_mV: float = -150.0, high_mV: float = 150.0) -> float:
    """Where a slow ramp crosses zero."""
    cell = replace(rig.cell, cm_pF=0.01)  # hardly any capacitive current
    ramp = Protocol("ramp", (Step(low_mV, 1.0), Ramp(high_mV, 100.0)), n_sweeps=1, hold_mV=low_mV, fs_kHz=50.0)
    sweep = record(replace(rig, cell=cell), ramp).sweeps[0]
    return float(np.interp(0.0, sweep[trace], sweep["v_mV"]))


# ---- solutions


def test_switching_activities_on_moves_the_reversal_in_the_traces() -> None:
    rig = shipped("activity-cell")
    assert reversal_mV(changed(rig, solutions__activity="off")) == pytest.approx(61.51064, abs=0.02)
    assert reversal_mV(rig) == pytest.approx(63.95675, abs=0.02)


def test_a_ten_fold_change_of_potassium_moves_the_reversal_by_58_mV_at_20_degrees() -> None:
    rig = changed(shipped("k-membrane"), solutions__temperature_K=293.15)
    found = [
        reversal_mV(changed(rig, solutions__ions__K__out_mM=out_mM), "i_k_leak_pA") for out_mM in (1.4, 14.0, 140.0)
    ]
    assert np.diff(found) == pytest.approx(58.17, abs=0.05)


def test_the_same_amount_of_sodium_hardly_matters() -> None:
    rig = shipped("k-membrane")
    before, after = (
        reversal_mV(changed(rig, solutions__ions__Na__out_mM=out), "i_k_leak_pA") for out in (145.0, 100.0)
    )
    assert before == pytest.approx(after, abs=1e-6)


# ---- multi-ion pores


def mole_fractions(rig: Rig, fractions: Sequence[float], total_mM: float = 100.0) -> np.ndarray:
    """Conductance of one pore in pS at +20 mV, measured on steps, at each share of Tl."""
    found = []
    for x in fractions:
        mixture = {
            f"solutions__ions__{ion}__{side}_mM": share * total_mM
            for ion, share in (("K", 1.0 - x), ("Tl", x))
            for side in ("out", "in")
        }
        i_pA = steady(changed(rig, **mixture), [20.0], "i_amfe_pA")[0]
        found.append(1000.0 * i_pA / 20.0 / rig.cell.channels[0].amount)
    return np.array(found)


SHARES = (0.0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.9, 1.0)


def test_a_mixture_conducts_less_than_either_ion_alone() -> None:
    found = mole_fractions(shipped("hek-amfe-pore"), SHARES)
    assert found == pytest.approx([62.22, 42.38, 38.09, 40.46, 45.92, 51.78, 57.57, 60.39], abs=0.01)


@pytest.mark.parametrize(
    ("change", "total_mM", "half"),
    [
        ({"cell__channels__amfe__pore__repulsion_RT": 0.0}, 100.0, 36.03),
        ({"cell__channels__amfe__pore__max_ions": 1}, 100.0, 28.67),
        ({}, 10.0, 20.70),
    ],
    ids=["no repulsion", "at most one ion", "ten-fold diluted"],
)
def test_without_two_ions_that_repel_the_dip_is_gone(change: dict[str, object], total_mM: float, half: float) -> None:
    found = mole_fractions(changed(shipped("hek-amfe-pore"), **change), SHARES, total_mM)
    assert found[4] == pytest.approx(half, abs=0.01)
    assert np.all(np.diff(found) < 0.0) or np.all(np.diff(found) > 0.0)


def test_a_micromolar_of_calcium_blocks_the_calcium_pore_and_millimolars_pass_it() -> None:
    rig = shipped("hek-cav-pore")
    n = rig.cell.channels[0].amount
    ca_mM = (0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 100.0)
    rigs = [changed(rig, solutions__ions__Ca__out_mM=c) for c in ca_mM]
    found = [-steady(r, [-20.0], "i_cav_pore_pA")[0] / n for r in rigs]
    assert found == pytest.approx([6.199, 5.799, 3.665, 0.783, 0.101, 0.116, 0.388], abs=1e-3)


# ---- where a formula is 0/0


@pytest.mark.parametrize(
    ("cell", "v_mV"),
    [("squid-axon", -40.0), ("squid-axon", -55.0), ("hek-hcn", -154.9), ("hek-cav-hva", -27.0), ("hek-cav-hva", 0.0),
     ("neuron-pump", 0.0), ("neuron", 0.0), ("hek-kv-selective", 0.0), ("hek-energies-k", 0.0)],
)  # fmt: skip
@pytest.mark.parametrize("rs_MOhm", [0.0, 5.0])
def test_clamped_where_a_rate_or_flux_is_0_over_0_it_is_the_limit(cell: str, v_mV: float, rs_MOhm: float) -> None:
    rig = changed(shipped(cell), amplifier__mode="voltage-clamp", amplifier__rs_MOhm=rs_MOhm)
    levels = [v_mV - 1e-4, v_mV, v_mV + 1e-4]
    for name in ("i_pA", *(f"i_{channel.name}_pA" for channel in rig.cell.channels)):
        below, there, above = steady(rig, levels, name, hold_mV=-80.0, ms=5.0)
        assert there == pytest.approx(0.5 * (below + above), rel=1e-6, abs=1e-6)


def test_the_allosteric_channel_is_half_activated_after_215_microseconds() -> None:
    rig = changed(shipped("hek-kv-mwc"), solutions__temperature_K=295.15)
    step = Protocol("step", (Step(0.0, 5.0),), n_sweeps=1, hold_mV=-100.0, fs_kHz=1000.0)
    p = record(rig, step).sweeps[0]["p_open_kv_mwc"]
    crossing = np.interp(0.5 * p[-1], p[:1000], np.arange(1000) / 1000.0)
    assert crossing == pytest.approx(0.2148904, abs=1e-4)
