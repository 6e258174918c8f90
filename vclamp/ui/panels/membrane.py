"""From samples of a run to the circuit drawing."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.model.rig import Rig
from vclamp.ui.panels.circuit import Branch, Circuit
from vclamp.ui.theme import Theme, channel_colour, channel_colours


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
            kind="channel" if channel.gates else "leak",
            colour=colours[channel.name],
            current_pA=value[f"i_{channel.name}_pA"],
            g_nS=_conductance_nS(channel, rig.solutions, value.get(f"p_open_{channel.name}", 1.0)),
            e_mV=channel.reversal_mV(rig.solutions),
            p_open=value.get(f"p_open_{channel.name}"),
            unblocked=channel.unblocked(rig.solutions),
            on=channel.on,
        )
        for channel in rig.cell.channels
    )
    ionic_pA = sum(branch.current_pA for branch in branches)
    capacitor = Branch("cm", "Cm", "capacitor", QColor(channel_colour("Cm", 0, theme)), value["i_pA"] - ionic_pA)
    return Circuit((capacitor, *branches), value["v_mV"], value["command_mV"], rig.amplifier.rs_MOhm, full_scale_pA)


def _conductance_nS(channel: Channel, solutions: Solutions, p_open: float) -> float:
    """Conductance in use just now."""
    return channel.g_nS * p_open * channel.unblocked(solutions) * channel.on
