"""The colours of traces, in the window and on paper: Okabe & Ito's for channels, viridis for the sweeps of a family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vclamp.model.rig import Rig

# Okabe & Ito's colours (dark ground, light ground), the first one of each ion; then further channels of the same ion.
CHANNEL_COLOURS: dict[str, tuple[tuple[str, str], ...]] = {
    "Na": (("#e69f00", "#e69f00"), ("#ffc670", "#8c5a00"), ("#a86f2d", "#c98f4a")),
    "K": (("#56b4e9", "#0072b2"), ("#009e73", "#009e73"), ("#b5e3ff", "#003f66"), ("#7fe0c0", "#00563f")),
    "Kir": (("#009e73", "#009e73"), ("#7fe0c0", "#00563f"), ("#4f8f3a", "#5f9e2f")),
    "Ca": (("#d55e00", "#d55e00"), ("#ff9c80", "#8a2a00"), ("#a8452f", "#f08a60")),
    "Cl": (("#0072b2", "#56b4e9"), ("#a9a4ff", "#4a44b5"), ("#7a6fd8", "#9088e0")),
    "pump": (("#cc79a7", "#cc79a7"), ("#f2b6d6", "#8a2f62"), ("#8a3a78", "#b03fb8")),
    "Cm": (("#f0e442", "#b8a800"), ("#f9f6d2", "#7a7000"), ("#a8a03a", "#4f4a1a")),
    "leak": (("#9aa4ad", "#6b747c"), ("#cdb48a", "#2f363c"), ("#7a6f5c", "#a08a62")),
}
_FURTHER = (("#d55e00", "#d55e00"), ("#0072b2", "#56b4e9"), ("#e6eaee", "#1a2026"))
# viridis (van der Walt & Smith, matplotlib, CC0) at 33 places; straight lines between them are within 2 of 255
_VIRIDIS = (
    "#440154", "#470d60", "#48186a", "#482374", "#472d7b", "#453681", "#424086", "#3f4989", "#3b528b",
    "#375a8d", "#33638d", "#2f6a8e", "#2c728e", "#297a8e", "#26818e", "#23898e", "#21908c", "#1f988b",
    "#1f9f88", "#21a685", "#28ae80", "#31b57b", "#3ebc74", "#4cc26c", "#5dc963", "#6ece58", "#82d34c",
    "#96d83f", "#abdc32", "#c0df24", "#d5e21a", "#eae51a", "#fde725",
)  # fmt: skip
MOST_SHADES = max(map(len, CHANNEL_COLOURS.values()))
_ON_DARK, _ON_LIGHT = (0.22, 1.0), (0.0, 0.74)  # its part on a ground: not the end that vanishes there


@dataclass(frozen=True)
class Inks:
    """What a figure is drawn with, as "#rrggbb"."""

    ground: str
    text: str
    dim: str
    axis: str
    accent: str
    warning: str  # the true current beside the recorded one


LIGHT = Inks("#ffffff", "#1a2026", "#51606d", "#2b343c", "#0072b2", "#b82a18")
DARK = Inks("#11151a", "#e6eaee", "#9eabb7", "#b4bec7", "#56b4e9", "#ff5f4f")


def inks(*, dark: bool) -> Inks:
    """Those for a ground."""
    return DARK if dark else LIGHT


def channel_colour(ion: str | None, index: int, *, dark: bool) -> str:
    """Colour of a channel; `index` counts earlier channels of the same ion; None (unselective) is the leak's grey."""
    choices = CHANNEL_COLOURS.get("leak" if ion is None else ion, _FURTHER)
    return choices[index % len(choices)][0 if dark else 1]


def channel_colours(rig: Rig, *, dark: bool) -> dict[str, str]:
    """The colour of every channel of a rig by its name, and of its pump and branches."""
    colours: dict[str, str] = {}
    for channel in rig.cell.channels:
        kind = "Kir" if channel.name.startswith("kir") else channel.ion
        choices = [channel_colour(kind, index, dark=dark) for index in range(MOST_SHADES)]
        free = [colour for colour in choices if colour not in colours.values()]
        colours[channel.name] = free[0] if free else choices[len(colours) % len(choices)]
    if rig.cell.pump is not None:
        colours["pump"] = channel_colour("pump", 0, dark=dark)
    return colours | {
        branch.name: channel_colour("Cm", number + 1, dark=dark) for number, branch in enumerate(rig.cell.branches)
    }


def trace_colours(rig: Rig, *, dark: bool, text: str) -> dict[str, str]:
    """The colours of traces that are one of many of a channel (gates, states) or of no channel (ions).

    Further gates of a channel wear its colour moved towards that of `text`.
    """
    colours = channel_colours(rig, dark=dark)
    found = {
        f"in_{ion.name}_mM": channel_colour(ion.name, 0 if ion.name in CHANNEL_COLOURS else number, dark=dark)
        for number, ion in enumerate(rig.solutions.ions)
    }
    for channel in rig.cell.channels:
        scheme = rig.cell.scheme_of(channel)
        if scheme is not None:
            names = [f"state_{channel.name}_{state}" for state in scheme.states]
            found |= dict(zip(names, sweep_colours(len(names), dark=dark), strict=True))
        else:
            for number, gate in enumerate(channel.gates):
                share = 0.35 * number
                found[f"gate_{channel.name}_{gate.name}"] = mixed(colours[channel.name], text, share)
    return found


def sweep_colours(n: int, *, dark: bool) -> list[str]:
    """Viridis for sweeps 0 to n - 1, without the end that would vanish on the ground."""
    low, high = _ON_DARK if dark else _ON_LIGHT
    step = (high - low) / max(n - 1, 1)
    start = low if n > 1 else (low + high) / 2
    return [_viridis(start + step * sweep) for sweep in range(n)]


def _viridis(share: float) -> str:
    """The colour at a place of the map, 0 to 1."""
    whole, part = divmod(min(max(share, 0.0), 1.0) * (len(_VIRIDIS) - 1), 1.0)
    after = min(int(whole) + 1, len(_VIRIDIS) - 1)
    return mixed(_VIRIDIS[int(whole)], _VIRIDIS[after], part)


def mixed(first: str, second: str, share: float) -> str:
    """The colour `share` (0 to 1) of the way from `first` to `second`."""
    parts = [(int(first[k : k + 2], 16), int(second[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in parts)
