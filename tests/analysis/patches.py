"""Patches whose channels open one by one, and recordings that something is wrong with."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.channel import Channel
from vclamp.model.gating import Gate, Gating
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Protocol, Step
from vclamp.model.record import Finished, Header, Recording, Sweep, trace_names
from vclamp.model.rig import Cell, Rig

Array = NDArray[np.float64]

E_mV, UNITARY_nS = -80.0, 0.02
SEAL_nS = 0.05


def patch(
    number: int,
    *,
    alpha: float = 0.05,
    beta: float = 0.2,
    gating: Gating | None = None,
    filter_kHz: float = 5.0,
    on: bool = True,
    gain: float = 50.0,
) -> Rig:
    """Channels of 20 pS that reverse at -80 mV, under a seal of 20 GΩ and an ideal clamp."""
    gates = () if gating is not None else (Gate("n", 1, alpha_per_ms=str(alpha), beta_per_ms=str(beta)),)
    k = Channel(
        "k", g_nS=UNITARY_nS * number, n_channels=number, pore=OhmicPore(e_mV=E_mV), gates=gates, gating=gating
    )  # fmt: skip
    seal = Channel("seal", g_nS=SEAL_nS, pore=OhmicPore(e_mV=0.0))
    recorder = Recorder(on=on, filter_kHz=filter_kHz, seal_GOhm=20.0, gain_mV_per_pA=gain)
    return Rig(
        Cell("patch", 1.0, (k, seal), stochastic=True), amplifier=Amplifier(feedback_GOhm=50.0, recorder=recorder)
    )


def still(ms: float, *, sweeps: int = 1, level_mV: float = 20.0, fs_kHz: float = 50.0) -> Protocol:
    """One voltage for ever."""
    return Protocol("still", (Step(level_mV, ms),), sweeps, level_mV, fs_kHz=fs_kHz)


def made_up(rig: Rig, protocol: Protocol, i_pA: Callable[[int, int], Array]) -> Recording:
    """A recording whose current is i_pA(sweep, n_samples) and whose other traces are 0."""
    sweeps = []
    for index in range(protocol.n_sweeps):
        names, command = trace_names(rig), protocol.command_mV(index)
        values = np.zeros((len(names), command.size))
        values[names.index("command_mV")] = values[names.index("v_mV")] = command
        values[names.index("i_pA")] = i_pA(index, command.size)
        sweeps.append(Sweep(index, names, values, (), rig))
    return Recording(Header(rig, protocol, 0, "test"), tuple(sweeps), Finished("completed"))


def changed(recording: Recording, current: Callable[[Array], Array]) -> Recording:
    """The same with another measured current in every sweep."""
    sweeps = []
    for sweep in recording.sweeps:
        values = np.array(sweep.values)
        row = sweep.names.index("i_pA")
        values[row] = current(values[row])
        sweeps.append(replace(sweep, values=values))
    return replace(recording, sweeps=tuple(sweeps))


BAD: dict[str, Callable[[Array], Array]] = {
    "nan": lambda i: np.full(i.shape, np.nan),
    "one nan": lambda i: np.where(np.arange(i.size) == i.size // 2, np.nan, i),
    "infinite": lambda i: np.where(np.arange(i.size) == i.size // 2, np.inf, i),
    "constant": lambda i: np.full(i.shape, 7.0),
    "zero": np.zeros_like,
    "huge": lambda i: 1e15 * i,
    "tiny": lambda i: 1e-15 * i,
    "ramp": lambda i: np.linspace(0.0, 1.0, i.size),
}
