"""The colours of traces on paper, the window's own: Okabe & Ito's for channels, viridis for the sweeps of a family."""

from dataclasses import dataclass

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
_VIRIDIS = ((0.22, 1.0), (0.0, 0.74))  # its part on a dark and on a light ground: not the end that vanishes there


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
    ions = [channel.ion for channel in rig.cell.channels]
    colours = {
        channel.name: channel_colour(channel.ion, ions[:number].count(channel.ion), dark=dark)
        for number, channel in enumerate(rig.cell.channels)
    }
    if rig.cell.pump is not None:
        colours["pump"] = channel_colour("pump", 0, dark=dark)
    return colours | {
        branch.name: channel_colour("Cm", number + 1, dark=dark) for number, branch in enumerate(rig.cell.branches)
    }


def trace_colours(rig: Rig, *, dark: bool) -> dict[str, str]:
    """The colours of traces that are one of many of a channel (gates, states) or of no channel (ions)."""
    colours = channel_colours(rig, dark=dark)
    found = {
        f"in_{ion.name}_mM": channel_colour(ion.name if ion.name in CHANNEL_COLOURS else "other", number, dark=dark)
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
                found[f"gate_{channel.name}_{gate.name}"] = mixed(colours[channel.name], inks(dark=dark).text, share)
    return found


def sweep_colours(n: int, *, dark: bool) -> list[str]:
    """Viridis for sweeps 0 to n - 1, without the end that would vanish on the ground."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    low, high = _VIRIDIS[0 if dark else 1]
    step = (high - low) / max(n - 1, 1)
    start = low if n > 1 else (low + high) / 2
    return [to_hex(colormaps["viridis"](start + step * sweep)) for sweep in range(n)]


def mixed(first: str, second: str, share: float) -> str:
    """The colour `share` (0 to 1) of the way from `first` to `second`."""
    parts = [(int(first[k : k + 2], 16), int(second[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in parts)
