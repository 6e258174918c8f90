"""Eight hours at 100 kHz, as fast as the engine goes: nothing grows, drifts or overflows.

    SOAK_DIVISOR=8 python -m pytest -n 0 -s -m campaign tests/hostile/test_soak.py

plays an eighth of it.
"""

import gc
import os
from dataclasses import replace

import numpy as np
import psutil
import pytest

from vclamp import paths
from vclamp.engine.simulation import Simulation
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.files import load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.model.segments import Hold, Ramp, Step
from vclamp.run.sweeps import bring_to_start

HOURS, SWEEP_s, FS_kHz = 8.0, 10.0, 100.0
DIVISOR = float(os.environ.get("SOAK_DIVISOR", "1"))
PROTOCOL = Protocol(
    "soak", (Hold(2000.0), Step(-10.0, 4000.0), Ramp(-100.0, 100.0), Step(40.0, 1900.0), Hold(2000.0)),
    n_sweeps=round(HOURS * 3600.0 / SWEEP_s), hold_mV=-80.0, fs_kHz=FS_kHz,
    interval_ms=1e3 * SWEEP_s, between="interval",
)  # fmt: skip


def soaked(name: str, amplifier: Amplifier) -> Rig:
    rig = load_rig(paths.CELLS / f"{name}.toml")
    return replace(rig, amplifier=amplifier, cell=replace(rig.cell, record_states=True))


RIGS = {
    "ideal": (soaked("hek-nav-markov", Amplifier(recorder=Recorder(on=True))), 1.0),
    "resistive": (soaked("squid-axon-20pf", Amplifier(rs_MOhm=5.0)), 1.0),
}


def soak(rig: Rig, n_sweeps: int) -> dict[str, float]:
    """Play sweeps that follow one another without a gap."""
    simulation, process = Simulation(rig, PROTOCOL, seed=1), psutil.Process()
    n_samples = PROTOCOL.n_samples(0)
    values = np.empty((len(simulation.names), n_samples))
    states = [row for row, name in enumerate(simulation.names) if name.startswith("state_")]
    probabilities = [row for row, name in enumerate(simulation.names) if name.startswith(("p_open_", "gate_"))]
    hours, sizes_MB, off, n = [], [], 0.0, 0
    for index in range(n_sweeps):
        if index:
            bring_to_start(simulation, PROTOCOL, index)
        simulation.begin(index)
        for first in range(0, n_samples, 100_000):
            simulation.play(first, first + 100_000, values)
            n += 100_000
        assert np.isfinite(values[:3].sum())
        assert values[probabilities].min() >= 0.0
        assert values[probabilities].max() <= 1.0
        if states:
            off = max(off, float(np.abs(values[states, -1000:].sum(axis=0) - 1.0).max()))
        gc.collect()
        hours.append((index + 1) * SWEEP_s / 3600.0)
        sizes_MB.append(process.memory_info().rss / 2**20)
    warm = n_sweeps // 10 + 2
    slope = float(np.polyfit(hours[warm:], sizes_MB[warm:], 1)[0]) if n_sweeps > warm + 2 else 0.0
    return {"samples": n, "hours": n / FS_kHz / 3.6e6, "sum of P off by": off, "MB an hour": slope,
            "MB in all": sizes_MB[-1] - sizes_MB[min(warm, n_sweeps - 1)]}  # fmt: skip


@pytest.mark.campaign
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("name", RIGS)
def test_eight_hours_leave_nothing_behind(name: str) -> None:
    rig, share = RIGS[name]
    n_sweeps = max(20, round(PROTOCOL.n_sweeps * share / DIVISOR))
    figures = soak(rig, n_sweeps)
    print(name, {key: f"{value:.4g}" for key, value in figures.items()})
    assert figures["samples"] == n_sweeps * round(SWEEP_s * 1e3 * FS_kHz)
    assert figures["sum of P off by"] <= 1e-12
    assert figures["MB in all"] < max(1.0 * figures["hours"], 2.0)


def test_what_is_counted_in_samples_passes_31_bits() -> None:
    """Nine hours of waiting at 100 kHz in one go."""
    rig = soaked("squid-axon", Amplifier())
    simulation = Simulation(rig, PROTOCOL)
    simulation.wait(3_240_000_000, -10.0)
    settled = simulation.state
    simulation.wait(1, -10.0)
    assert settled == pytest.approx(simulation.state, abs=1e-12)
