"""Speed of the engine beside other solvers, in one run: python tests/benchmarks/bench_engine.py

The workload is 20 sweeps × 60 ms × 50 kHz of the squid axon in an ideal clamp; times include
everything between the call and the arrays. Medians after a warm-up; errors are of the K current.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np

from vclamp import paths
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Ladder, Protocol
from vclamp.model.rig import Rig
from vclamp.run.runner import record

SWEEPS, REPEATS = 20, 15


def workload() -> tuple[Rig, Protocol]:
    """The squid axon and twenty steps of 40 ms between 10 ms at −80 mV."""
    protocol = load_protocol(paths.PROTOCOLS / "iv.toml")
    hold, step, _ = protocol.segments
    segments = (
        replace(hold, duration_ms=10.0),
        replace(step, level_mV=Ladder(-80.0, 140.0 / 19), duration_ms=40.0),
        replace(hold, duration_ms=10.0),
    )
    return load_rig(paths.CELLS / "squid-axon.toml"), replace(protocol, segments=segments, n_sweeps=SWEEPS)


def timed(task: Callable[[], object], repeats: int) -> float:
    """Median seconds of a task after one warm-up."""
    task()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def memory_write(n_rows: int, n_samples: int) -> float:
    """Seconds to write the same arrays into warm memory: the machine's own limit."""
    rows = np.ones((n_rows, n_samples))
    return timed(lambda: rows.fill(2.0), REPEATS)


def by_solve_ivp(protocol: Protocol) -> float:
    """Seconds of scipy's LSODA (rtol 1e-6) for the same family, run once."""
    from scipy.integrate import solve_ivp

    def rates(v: float) -> tuple[float, ...]:
        from vclamp.model.formula import linoid

        return (
            float(linoid((v + 40) / 10)), 4 * np.exp(-(v + 65) / 18),
            0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10)),
            0.1 * float(linoid((v + 55) / 10)), 0.125 * np.exp(-(v + 65) / 80),
        )  # fmt: skip

    def slope(_: float, y: np.ndarray, r: tuple[float, ...]) -> list[float]:
        return [a * (1 - x) - b * x for x, a, b in zip(y, r[::2], r[1::2], strict=True)]

    began = time.perf_counter()
    for sweep in range(protocol.n_sweeps):
        r = rates(protocol.hold_mV)
        y = np.array([a / (a + b) for a, b in zip(r[::2], r[1::2], strict=True)])
        for s in protocol.stretches(sweep):
            t = np.arange(s.last - s.first + 1) / protocol.fs_kHz
            found = solve_ivp(slope, (0, t[-1]), y, "LSODA", t, args=(rates(s.start_mV),), rtol=1e-6, atol=1e-9)
            y = found.y[:, -1]
    return time.perf_counter() - began


def by_neuron(protocol: Protocol) -> float | None:
    """Seconds of NEURON for the same family: 20 cells in one run at 20 µs; None without it."""
    try:
        from neuron import h
    except ImportError:
        return None
    h.load_file("stdrun.hoc")
    cells, clamps, vectors = [], [], []
    for sweep in range(protocol.n_sweeps):
        section = h.Section(name=f"cell{sweep}")
        section.L = section.diam = 5.6419
        section.insert("hh")
        clamp = h.SEClamp(section(0.5))
        clamp.rs = 1e-3
        step = protocol.stretches(sweep)
        clamp.dur1, clamp.amp1 = 10, step[0].start_mV
        clamp.dur2, clamp.amp2 = 40, step[1].start_mV
        clamp.dur3, clamp.amp3 = 10, step[2].start_mV
        vectors.append([h.Vector().record(p) for p in (clamp._ref_i, section(0.5)._ref_ina, section(0.5)._ref_ik)])
        cells.append(section)
        clamps.append(clamp)
    h.celsius, h.dt, h.steps_per_ms = 6.3, 0.02, 50
    context = h.ParallelContext()
    context.set_maxstep(10)

    def simulate() -> None:
        h.finitialize(-80)
        context.psolve(60)

    return timed(simulate, 5)


def main() -> None:
    """Measure and print the table."""
    rig, protocol = workload()
    samples = SWEEPS * protocol.n_samples(0)
    recording = record(rig, protocol)
    rows = recording.sweeps[0].values.shape[0]
    ours = timed(lambda: record(rig, protocol), REPEATS)
    others = {
        f"memory write of {rows} rows (limit)": memory_write(rows, samples),
        "NEURON, 20 cells in one psolve": by_neuron(protocol),
        "scipy LSODA, rtol 1e-6": by_solve_ivp(protocol),
    }
    print(f"{SWEEPS} sweeps × 60 ms × 50 kHz, {samples:,} samples")
    print(f"{'VClamp, call to arrays':36s} {ours * 1e3:9.2f} ms")
    for name, seconds in others.items():
        shown = "not installed" if seconds is None else f"{seconds * 1e3:9.2f} ms  {seconds / ours:8.1f} ×"
        print(f"{name:36s} {shown}")


if __name__ == "__main__":
    main()
