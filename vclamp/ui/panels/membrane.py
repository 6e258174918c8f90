"""From samples of a run to the circuit drawing."""

from time import monotonic

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor

from vclamp.model.record import Chunk
from vclamp.model.rig import Rig
from vclamp.ui.panels.circuit import Branch, Circuit, CircuitWidget
from vclamp.ui.theme import Theme, channel_colour, channel_colours

FULL_SCALE_pA = 100.0  # before anything larger has flowed
REDRAW_S = 1 / 15  # the eye does not follow arrows that change faster


class Membrane(CircuitWidget):
    """The circuit of a rig at one sample, its arrows on the scale of the largest current so far."""

    sampled = Signal(float, float)  # V in mV and total current in pA

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme=theme)
        self._largest_pA = FULL_SCALE_pA
        self._drawn_s = 0.0
        self._shown: tuple[Rig, tuple[str, ...], NDArray[np.float64]] | None = None

    def set_theme(self, theme: Theme) -> None:
        """Draw the same sample in other colours."""
        super().set_theme(theme)
        if self._shown is not None:
            self.show_sample(*self._shown)

    def forget_scale(self) -> None:
        """Another cell: its currents are of another size."""
        self._largest_pA = FULL_SCALE_pA

    def follow(self, rig: Rig, chunk: Chunk) -> None:
        """Show the newest sample of a run, now and then."""
        now = monotonic()
        if now - self._drawn_s > REDRAW_S:
            self._drawn_s = now
            self.show_sample(rig, chunk.names, chunk.values[:, chunk.last - 1])

    def show_sample(self, rig: Rig, names: tuple[str, ...], sample: NDArray[np.float64]) -> None:
        """Show one sample, a column of a sweep's values."""
        self._shown = (rig, names, sample)
        currents = [abs(float(value)) for name, value in zip(names, sample, strict=True) if name.startswith("i_")]
        self._largest_pA = max(self._largest_pA, *currents)
        self.set_circuit(circuit_at(rig, names, sample, self.theme, self._largest_pA))
        self.sampled.emit(float(sample[1]), float(sample[2]))


def circuit_at(
    rig: Rig, names: tuple[str, ...], samples: NDArray[np.float64], theme: Theme, full_scale_pA: float
) -> Circuit:
    """The circuit at one sample, a column of a sweep's values."""
    value = dict(zip(names, map(float, samples), strict=True))
    colours = channel_colours(rig, theme)
    branches = tuple(
        Branch(
            key=channel.name,
            label=channel.title,
            kind="channel" if channel.is_gated else "leak",
            colour=colours[channel.name],
            current_pA=value[f"i_{channel.name}_pA"],
            g_nS=_conductance_nS(value[f"i_{channel.name}_pA"], value["v_mV"], channel.reversal_mV(rig.solutions)),
            e_mV=channel.reversal_mV(rig.solutions),
            p_open=value.get(f"p_open_{channel.name}"),
            unblocked=float(channel.unblocked(np.array(value["v_mV"]), rig.solutions)),
            on=channel.on,
        )
        for channel in rig.cell.channels
    )
    ionic_pA = sum(branch.current_pA for branch in branches)
    capacitor = Branch("cm", "Cm", "capacitor", QColor(channel_colour("Cm", 0, theme)), value["i_pA"] - ionic_pA)
    return Circuit((capacitor, *branches), value["v_mV"], value["command_mV"], rig.amplifier.rs_MOhm, full_scale_pA)


def _conductance_nS(i_pA: float, v_mV: float, e_mV: float) -> float:
    """Chord conductance in use just now."""
    return i_pA / (v_mV - e_mV) if abs(v_mV - e_mV) > 1e-6 else 0.0
