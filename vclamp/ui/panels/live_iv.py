"""The I–V that is always in view, growing sweep by sweep, with the recorded one behind a preview."""

from collections.abc import Callable
from dataclasses import replace

from vclamp.analysis.analyses import suitable
from vclamp.analysis.curves import CURVES
from vclamp.analysis.fits import Fit
from vclamp.analysis.models import fit_h_inf, fit_iv, fit_tail_reversal
from vclamp.analysis.results import Against, Array, Curve, Polarity, Question
from vclamp.errors import VClampError
from vclamp.model.exam import hidden
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.publish.symbols import minus
from vclamp.ui.newest import Beside, Kept, Newest
from vclamp.ui.panels.reversals import Reversals
from vclamp.ui.scopes.curves import CurvePlot, Plotted
from vclamp.ui.theme import Theme, channel_colour

_FACES = {
    "peak-iv": ("peak", "Na", "circle"),
    "steady-iv": ("steady state", "K", "square"),
    "tail-iv": ("tail", "pump", "triangle"),
    "availability": ("availability", "Na", "circle"),
    "ramp-iv": ("ramp", "K", "circle"),
}
_FITS: dict[str, Callable[[Array, Array, float], Fit]] = {
    "peak-iv": fit_iv,
    "tail-iv": lambda v_mV, i_pA, _: fit_tail_reversal(v_mV, i_pA),
    "availability": fit_h_inf,
}
_Made = tuple[str, Curve, Fit | None]
_Both = tuple[tuple[_Made, ...], tuple[_Made, ...]]  # faint ones, and those on show


class LiveIv(CurvePlot):
    """The I–V curves that the sweeps on show give; of a protocol for inactivation the availability.

    They are made beside the window, which only draws them.
    """

    def __init__(self, theme: Theme, beside: Beside) -> None:
        super().__init__(theme, "V (mV)", "I (pA)")
        self.setAccessibleName("I–V")
        self._newest, self._faint = Newest(beside), Kept()
        self._runs: tuple[Recording | None, Recording | None] = (None, None)
        self._question = Question()
        self._made: _Both = ((), ())
        self.reversals = Reversals(self)

    @property
    def busy(self) -> bool:
        """Whether curves are being made."""
        return self._newest.busy

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look, which colours the curves anew."""
        super().set_theme(theme)
        if hasattr(self, "_made"):  # not yet while it is made itself
            self._draw(self._made)

    def ask(self, against: Against, polarity: Polarity) -> None:
        """Draw against another voltage, or peaks of another polarity."""
        asked = Question(against=against, polarity=polarity)
        if asked != self._question:
            self._question = asked
            self.show_runs(*self._runs)

    def show_runs(self, shown: Recording | None, compared: Recording | None) -> None:
        """Draw the curves of the sweeps on show, and of those that they are compared with."""
        self._runs = (shown, compared)
        if shown is None or not shown.sweeps or shown.header.rig.amplifier.clamps_current:
            self._newest.forget()
            self._faint = Kept()
            self._draw(((), ()))
            return
        question = self._question

        def work() -> _Both:
            faint = (
                () if compared is None else self._faint.made(compared, question, lambda: _curves(compared, question))
            )
            return faint, _curves(shown, question)

        self._newest.wish(work, self._draw)

    def _draw(self, made: _Both | VClampError) -> None:
        self._made = ((), ()) if isinstance(made, VClampError) else made
        faint, bright = self._made
        availability = any(name == "availability" for name, _, _ in bright)
        shown = self._runs[0]
        true = shown is not None and _answerable(self._question, shown).against == "membrane"
        self.set_labels(
            "V membrane (mV)" if true else "prepulse (mV)" if availability else "V (mV)",
            "I / I max" if availability else "I (pA)",
        )
        plotted = [self._plotted(each, ghost) for group, ghost in ((faint, True), (bright, False)) for each in group]
        self.show_curves(tuple(plotted))
        self.reversals.show(None if shown is None or not bright or availability else shown.header.rig, self._theme)

    def _plotted(self, made: _Made, ghost: bool) -> Plotted:
        name, curve, fit = made
        label, ion, symbol = _FACES[name]
        if fit is not None and name == "availability":
            label = minus(f"V½ {fit['v_half_mV']:.1f}, k {fit['k_mV']:.1f} mV")
        return Plotted(curve, label, channel_colour(ion, 0, self._theme), symbol, fit, ghost)


def _curves(recording: Recording | None, question: Question) -> tuple[_Made, ...]:
    if recording is None:
        return ()
    question = _answerable(question, recording)
    names = [name for name in suitable(recording) if name in _FACES]
    made: list[_Made] = []
    for name in ["availability"] if "availability" in names else names:
        most = _most_inward(recording) if name == "availability" else "i_pA"
        curve = CURVES[name](recording, Question(most, question.against, question.polarity)).curve
        kelvin = recording.header.rig.solutions.temperature_K
        fit = _FITS[name](curve.x, curve.y, kelvin) if name in _FITS else None
        made.append((name, curve, fit if fit is not None and fit.trusted else None))
    return tuple(made)


def _answerable(question: Question, recording: Recording) -> Question:
    """The question, of an exam against the command: the membrane's voltage is not told."""
    return replace(question, against="command") if hidden(recording.header.rig) else question


def _most_inward(recording: Recording) -> str:
    """The trace of the channel that carries the largest inward current; of an exam the recorded one."""
    rig: Rig = recording.header.rig
    names = [f"i_{channel.name}_pA" for channel in rig.cell.channels if not hidden(rig)]
    return min(names, default="i_pA", key=lambda name: min(float(sweep[name].min()) for sweep in recording.sweeps))
