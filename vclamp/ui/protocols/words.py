"""What the parts of a protocol are called for people, what they mean, and how numbers are written."""

import re
from math import inf

from vclamp.errors import VClampError
from vclamp.model.protocol_table import letter
from vclamp.ui.panels.naming import range_text

TYPES = {
    "hold": "hold", "step": "step", "ramp": "ramp", "current-step": "current step", "current-ramp": "current ramp",
    "train": "pulse train", "sine": "sine", "noise": "noise", "waveform": "waveform", "membrane-test": "membrane test",
}  # fmt: skip
MEANINGS = {
    "hold": "Stay at the holding potential",
    "step": "Jump to a level and stay there",
    "ramp": "Go in a straight line to a level",
    "current-step": "In current clamp: inject a current on top of the holding current",
    "current-ramp": "In current clamp: go in a straight line to a current",
    "train": "Pulses, one every period, as many as fit",
    "sine": "A sine around a level; with a second frequency it glides there",
    "noise": "Normal noise around a level",
    "waveform": "Values of a table, joined by lines, such as a recorded action potential",
    "membrane-test": "A small step up and back in the middle half of its time",
}
# before the number in the table's column of levels
SIGNS = {"ramp": "→ ", "current-ramp": "→ ", "sine": "± ", "noise": "σ ", "membrane-test": "Δ "}
UNITS = {"mV": "mV", "pA": "pA", "ms": "ms", "Hz": "Hz", "deg": "°", "kHz": "kHz"}

# key of a segment: label, tip
KEYS: dict[str, tuple[str, str]] = {
    "level": ("level", "The command during the segment"),
    "to": ("to", "Where the ramp ends"),
    "from": ("from", "Where the ramp begins; else where the command was before"),
    "base": ("base", "Level between pulses; else where the command was before"),
    "amplitude": ("amplitude", "From the middle to a peak of the sine"),
    "sd": ("noise σ", "Standard deviation; the noise ends at four of them"),
    "step": ("step", "Height of the test step, from where the command is"),
    "duration_ms": ("duration", "How long the segment lasts"),
    "period_ms": ("period", "From the start of a pulse to the start of the next"),
    "width_ms": ("pulse width", "How long a pulse lasts; at most a period"),
    "shape": ("shape", "Of each pulse"),
    "frequency_Hz": ("frequency", "Of the sine, at its start"),
    "to_Hz": ("glides to", "Frequency at the end; 0: it stays as it is"),
    "glide": ("glides", "Evenly, or by equal factors in equal times"),
    "phase_deg": ("phase", "Where in its turn the sine begins"),
    "every_ms": ("one value every", "From a value to the next"),
    "seed": ("seed", "Another number draws other noise"),
    "frozen": ("the same noise in every sweep", "Else every sweep draws its own"),
    "scale": ("scale", "Every value is multiplied by it"),
    "offset": ("offset", "Added to every value"),
    "columns": ("columns", "Waveforms one after another; each sweep plays its own"),
    "relative": ("levels count from holding", "Its levels are added to the holding potential"),
}

# path of a value of the whole protocol: label, tip
SETTINGS: dict[str, tuple[str, str]] = {
    "n_sweeps": ("sweeps", "How often the table is played; ladders go on from sweep to sweep"),
    "hold_mV": ("holding", "Potential before, between and after sweeps, and in segments of type hold"),
    "fs_kHz": ("sampling", "Points that are recorded in a millisecond"),
    "interval_ms": ("interval", "From the start of a sweep to the start of the next; 0: without a pause"),
    "between": ("between", "Whether the cell starts every sweep rested, or lives through the interval"),
    "series.level_between": ("held at", "Where the membrane is held between sweeps"),
    "series.order": ("order", "In which order the steps of the ladders come"),
    "series.seed": ("its seed", "Another number is another random order"),
    "series.repeats": ("repeats", "How often the whole series is recorded"),
    "series.averages": ("averages", "Recordings in a row of which each sweep is the mean"),
    "series.first_delay_ms": ("first delay", "Wait before the first sweep"),
    "leak.n": ("legs n", "Small copies of the sweep, for P/n subtraction"),
    "leak.polarity": ("side", "Whether legs go to the same side of holding as the sweep"),
    "leak.when": ("played", "Before or after each sweep"),
    "leak.settle_ms": ("settling", "Wait at the legs' holding before the first leg, and after the last"),
    "leak.gap_ms": ("gap", "Wait between legs"),
    "leak.divisor": ("divided by", "A leg is the sweep's command divided by this; 0: by the number of legs"),
    "leak.hold_mV": ("legs held at", "Where the membrane is held for the legs; else at the protocol's holding"),
    "conditioning.n": ("pulses", "Before every sweep, not recorded"),
    "conditioning.level_mV": ("pulse to", "Level of each pulse"),
    "conditioning.level_ms": ("pulse lasts", "How long each pulse lasts"),
    "conditioning.baseline_mV": ("baseline", "Level before each pulse"),
    "conditioning.baseline_ms": ("baseline lasts", "How long the baseline lasts before each pulse"),
    "conditioning.post_ms": ("then waits", "How long it stays there before the sweep"),
    "conditioning.post_mV": ("then at", "Level after the last pulse; else the baseline"),
    "label": ("title", "What the protocol is called in lists"),
    "note": ("note", "What it shows, for whoever opens it"),
}
CHOICES = {
    "rested": "rested", "interval": "lives on", "forward": "forward", "reverse": "reverse",
    "interleaved": "every other first", "alternate": "from both ends", "random": "random", "holding": "holding",
    "last": "where it ended", "opposite": "opposite", "same": "same", "before": "before it",
    "after": "after it", "linear": "evenly", "log": "by equal factors", "rectangle": "rectangle",
    "triangle": "triangle", "biphasic": "biphasic", "cosine": "cosine",
}  # fmt: skip
_SEGMENT = re.compile(r"segments\[(\d+)\]\.?")


def key_words(key: str) -> tuple[str, str, str]:
    """Label, tip and unit of a segment's key."""
    stem, _, unit = key.rpartition("_")
    label, tip = KEYS[key] if key in KEYS else KEYS[stem]
    return label, tip, UNITS.get(unit, "")


def setting_unit(path: str) -> str:
    """The unit of a value of the whole protocol."""
    return UNITS.get(path.rpartition("_")[2], "")


def number_text(value: float) -> str:
    """A number with a true minus sign."""
    return f"{value + 0.0:.6g}".replace("-", "−")


def quantity_text(value: object, unit: str) -> str:
    """A number, text, switch or nothing, as undo names it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{number_text(value)} {unit}".rstrip()
    return CHOICES.get(str(value), str(value)[:24])


def sentence(error: VClampError) -> str:
    """What an error says, with segments called as the table calls them."""
    text = _SEGMENT.sub(lambda found: f"segment {letter(int(found[1]))} ", str(error)).replace("  ", " ")
    return text if "_" in text.split(" ")[0] else text[:1].upper() + text[1:]


def reach(low: float, high: float, unit: str) -> str:
    """A range, for a tooltip; empty if there is none."""
    return range_text(low, high, unit) if max(-low, high) < inf else ""
