"""NEURON's own squid axon under its own voltage clamp draws the same currents.

NEURON: Hines & Carnevale 1997, Neural Comput 9:1179.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from vclamp import paths
from vclamp.model.files import load_rig
from vclamp.model.protocol import Protocol, Step
from vclamp.run.runner import record

LEVELS_mV = (-30.0, 0.0, 30.0)
STEP_MS = 30.0


@pytest.fixture(scope="module")
def neuron():
    return pytest.importorskip("neuron", reason="the oracle needs NEURON, which is not installed here")


def currents_of_neuron(neuron, level_mV: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sodium and potassium current in µA/cm² during a step from -65 mV, every µs."""
    h = neuron.h
    h.load_file("stdrun.hoc")
    section = h.Section(name="axon")
    section.L = section.diam = 5.6419  # 100 µm²
    section.insert("hh")
    h.usetable_hh = 0
    section.ena, section.ek = 50.0, -77.0
    clamp = h.SEClamp(section(0.5))
    clamp.rs, clamp.dur1, clamp.amp1 = 1e-3, STEP_MS, level_mV
    na, k = h.Vector().record(section(0.5)._ref_ina), h.Vector().record(section(0.5)._ref_ik)
    h.celsius, h.dt, h.steps_per_ms = 6.3, 1e-3, 1000
    h.finitialize(-65.0)
    h.continuerun(STEP_MS)
    return 1000.0 * np.array(na), 1000.0 * np.array(k)  # mA/cm² -> µA/cm²


@pytest.mark.parametrize("level_mV", LEVELS_mV)
def test_sodium_peak_and_late_potassium_current_agree_with_neuron(neuron, level_mV: float) -> None:
    na, k = currents_of_neuron(neuron, level_mV)
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    protocol = Protocol("step", (Step(level_mV, STEP_MS),), n_sweeps=1, hold_mV=-65.0, fs_kHz=1000.0)
    (sweep,) = record(rig, protocol).sweeps
    mine = sweep["i_na_pA"]
    assert mine.min() == pytest.approx(na.min(), rel=5e-3)
    assert np.argmin(mine) / 1000.0 == pytest.approx(np.argmin(na) / 1000.0, abs=0.005)
    assert sweep["i_k_pA"][-1] == pytest.approx(k[-1], rel=5e-3)
