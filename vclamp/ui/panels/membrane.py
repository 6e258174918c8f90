"""From samples of a run to the circuit drawing."""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite, nan
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor

from vclamp.model.channel import Channel
from vclamp.model.exam import hidden, is_told
from vclamp.model.ions import Solutions
from vclamp.model.record import Chunk, solutions_now
from vclamp.model.rig import Branch as RcBranch
from vclamp.model.rig import Rig
from vclamp.ui.panels.circuit import Branch, Circuit, CircuitWidget
from vclamp.ui.panels.circuit_layout import number, resistance
from vclamp.ui.theme import Theme, channel_colour, channel_colours

TO_BE_FOUND_OUT = "What it is made of is to be found out"
FULL_SCALE_pA = 100.0  # before anything larger has flowed
LARGEST_EM = 26  # of its height
REDRAW_S = 1 / 10  # the eye does not follow arrows that change faster


class Membrane(CircuitWidget):
    """The circuit of a rig at one sample, its arrows on the scale of the largest current so far."""

    sampled = Signal(float, float)  # V in mV, NaN where it is not told, and total current in pA

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme=theme)
        self._largest_pA = FULL_SCALE_pA
        self._drawn_s = 0.0
        self._shown: tuple[Rig, tuple[str, ...], NDArray[np.float64]] | None = None

    def set_theme(self, theme: Theme) -> None:
        """Draw the same sample in other colours."""
        super().set_theme(theme)
        self.setMaximumHeight(LARGEST_EM * theme.font_px)
        if self._shown is not None:
            self.show_sample(*self._shown)

    @property
    def sample(self) -> tuple[Rig, tuple[str, ...], NDArray[np.float64]] | None:
        """What is on show: a rig, and the names and values of its traces."""
        return self._shown

    def forget_scale(self) -> None:
        """Another cell: its currents are of another size."""
        self._largest_pA = FULL_SCALE_pA

    def follow(self, rig: Rig, chunk: Chunk) -> bool:
        """Show the newest sample of a run, now and then; whether it did."""
        now = monotonic()
        if now - self._drawn_s <= REDRAW_S:
            return False
        self._drawn_s = now
        self.show_sample(rig, chunk.names, chunk.values[:, chunk.last - 1])
        return True

    def show_sample(self, rig: Rig, names: tuple[str, ...], sample: NDArray[np.float64]) -> None:
        """Show one sample, a column of a sweep's values."""
        self._shown = (rig, names, sample)
        told = {name: float(value) for name, value in zip(names, sample, strict=True) if is_told(name, rig)}
        currents = [abs(value) for name, value in told.items() if name.startswith("i_")]
        self._largest_pA = max([self._largest_pA, *filter(isfinite, currents)])
        self.set_circuit(circuit_at(rig, names, sample, self.theme, self._largest_pA))
        self.sampled.emit(told.get("v_mV", nan), told["i_pA"])


def circuit_at(
    rig: Rig, names: tuple[str, ...], samples: NDArray[np.float64], theme: Theme, full_scale_pA: float
) -> Circuit:
    """The circuit at one sample, a column of a sweep's values; an exam's cell is a box that nobody has opened."""
    value = dict(zip(names, map(float, samples), strict=True))
    if hidden(rig):
        return _unknown(rig, value, theme, full_scale_pA)
    colours, cell = channel_colours(rig, theme), rig.cell
    solutions = solutions_now(rig, value)
    branches = [_channel(channel, solutions, value, colours[channel.name]) for channel in cell.channels]
    branches += [
        Branch(item.name, item.name, "rc", colours[item.name], value[f"i_{item.name}_pA"], note=_branch_note(item))
        for item in cell.branches
    ]
    if cell.pump is not None:
        e_mV = cell.pump.reversal_mV(solutions)
        branches.append(
            Branch(
                "pump", "pump", "pump", colours["pump"], value["i_pump_pA"], e_mV=e_mV if isfinite(e_mV) else None,
                unblocked=cell.pump.unblocked(solutions), on=cell.pump.on, note="3 Na⁺ out, 2 K⁺ in for each ATP",
            )
        )  # fmt: skip
    ionic_pA = sum(branch.current_pA for branch in branches)
    charging_pA = value.get("i_membrane_pA", value["i_pA"]) - ionic_pA
    capacitor = Branch("cm", "Cm", "capacitor", QColor(channel_colour("Cm", 0, theme)), charging_pA)
    rs_MOhm = 0.0 if rig.amplifier.clamps_current else rig.amplifier.rs_MOhm
    return Circuit((capacitor, *branches), value["v_mV"], value["command_mV"], rs_MOhm, full_scale_pA)


def _unknown(rig: Rig, value: Mapping[str, float], theme: Theme, full_scale_pA: float) -> Circuit:
    """What an experimenter knows of a cell: the recorded current, and the resistance that the dial says."""
    cell = Branch("cell", "cell", "unknown", QColor(theme.accent), value["i_pA"], note=TO_BE_FOUND_OUT)
    if rig.amplifier.clamps_current:
        return Circuit((cell,), value["v_mV"], value["command_mV"], 0.0, full_scale_pA)
    return Circuit((cell,), nan, value["command_mV"], rig.amplifier.rs_est_MOhm or nan, full_scale_pA)


@lru_cache(maxsize=256)
def reversal_mV(channel: Channel, solutions: Solutions) -> float:
    """A channel's reversal potential, found once; NaN where its current never changes sign."""
    return channel.reversal_mV(solutions)


def _channel(channel: Channel, solutions: Solutions, value: Mapping[str, float], colour: QColor) -> Branch:
    current_pA, e_mV = value[f"i_{channel.name}_pA"], reversal_mV(channel, solutions)
    return Branch(
        key=channel.name,
        label=channel.title,
        kind="channel" if channel.is_gated else "leak",
        colour=colour,
        current_pA=current_pA,
        g_nS=_conductance_nS(current_pA, value["v_mV"], e_mV) if isfinite(e_mV) else None,
        e_mV=e_mV if isfinite(e_mV) else None,
        p_open=value.get(f"p_open_{channel.name}"),
        unblocked=float(channel.unblocked(np.array(value["v_mV"]), solutions)),
        on=channel.on,
        note="" if isfinite(e_mV) else "no reversal potential: its current never changes sign",
    )


def _branch_note(branch: RcBranch) -> str:
    return f"{resistance(branch.r_MOhm)} and {number(branch.c_pF)} pF in series"


def _conductance_nS(i_pA: float, v_mV: float, e_mV: float) -> float:
    """Chord conductance in use just now."""
    return i_pA / (v_mV - e_mV) if abs(v_mV - e_mV) > 1e-6 else 0.0
