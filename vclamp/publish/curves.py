"""The curves of an analysis on paper: points, the line fitted through them, the truth; as the window draws them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vclamp.analysis.results import Array, Curve, Fitted, Result
from vclamp.model.rig import Rig
from vclamp.publish.colours import LIGHT
from vclamp.publish.document import WIDTH_MM, Picture
from vclamp.publish.drawing import Area, printable
from vclamp.publish.groups import DENSE, SYMBOLS, Face, drawable, faces, fit_line, groups, labels_of
from vclamp.publish.symbols import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT_MM, LEFT_MM, BELOW_MM, ABOVE_MM, BETWEEN_MM = 62.0, 19.0, 12.0, 6.0, 5.0
ALONE_MM = 115.0  # width of a plot without a neighbour
FONT_PT, LINE_PT, POINT_PT = 8.0, 1.0, 3.6
MOST_NAMED = 8  # curves that have a name each
_MARKERS = dict(zip(SYMBOLS, "os^D*", strict=True))


def pictures(result: Result, rig: Rig, trace: str) -> list[Picture]:
    """The curves of a result, two plots side by side in each picture.

    Parameters
    ----------
    result : Result
        What an analysis found; its truth is drawn as far as it holds one.
    rig : Rig
        Whose channels give colours and names.
    trace : str
        What was measured.
    """
    drawable = [each for each in result.curves if _points(each.curve, each.curve.y)[0].size]
    plots = groups(replace(result, curves=tuple(drawable)))
    return [_picture(plots[k : k + 2], rig, trace) for k in range(0, len(plots), 2)]


def _picture(plots: Sequence[tuple[str, tuple[Fitted, ...]]], rig: Rig, trace: str) -> Picture:
    fits = any(fitted.fit is not None and fitted.fit.has_numbers for _, curves in plots for fitted in curves)
    true = any(fitted.truth is not None for _, curves in plots for fitted in curves)
    of_one = [] if trace in ("i_pA", "v_mV") else [f"measured in {axis(trace, rig).partition(' (')[0]}"]
    said = "; ".join([*of_one, *(["lines: fits"] if fits else []), *(["dashed: truth"] if true else [])])
    return Picture(f"{said[:1].upper()}{said[1:]}.".lstrip("."), HEIGHT_MM, _drawer(plots, rig, trace))


def _drawer(plots: Sequence[tuple[str, tuple[Fitted, ...]]], rig: Rig, trace: str) -> Callable[[Area], None]:
    def draw(area: Area) -> None:
        width = (WIDTH_MM - BETWEEN_MM) / 2.0 if len(plots) > 1 else ALONE_MM
        for number, (title, curves) in enumerate(plots):
            left = number * (width + BETWEEN_MM) + LEFT_MM
            place = area.part(left, BELOW_MM, width - LEFT_MM - 2.0, area.height_mm - BELOW_MM - ABOVE_MM)
            _plot(place, title if len(plots) > 1 else "", curves, rig, trace)

    return draw


def _plot(place: Area, title: str, curves: Sequence[Fitted], rig: Rig, trace: str) -> None:
    axes = place.axes()
    first = curves[0].curve
    axes.set_xscale("log" if first.log_x else "linear")
    axes.set_yscale("log" if first.log_y else "linear")
    if title:
        place.text(0.0, place.height_mm + 2.0, title, fontsize=FONT_PT, color=LIGHT.dim)
    looks = faces(curves, rig, trace, dark=False, accent=LIGHT.accent)
    for fitted, face in zip(curves, looks, strict=True):
        _draw_curve(axes, fitted, face if len(curves) <= MOST_NAMED else replace(face, name=""))
    _dress(axes, labels_of(curves, rig))


def _draw_curve(axes: "Axes", fitted: Fitted, face: Face) -> None:
    curve, fit, colour = fitted.curve, fitted.fit, face.colour
    x, y = _points(curve, curve.y)
    dense, drawn = x.size > DENSE, fit is not None and fit.has_numbers
    axes.plot(
        x, y, color=colour, label=printable(face.name) or None, linewidth=LINE_PT, markersize=POINT_PT,
        markeredgewidth=0.0,
        linestyle="none" if drawn and not dense else "-", marker="none" if dense else _MARKERS[face.symbol],
        alpha=0.4 if dense and drawn else None, gid=f"points-{curve.name}",
    )  # fmt: skip
    if fit is not None and drawn and x.size:
        line = LIGHT.text if dense and fit.trusted else colour if fit.trusted else LIGHT.dim
        style = "-" if fit.trusted else ":"
        fine = fit_line(fit, x, log_x=curve.log_x, log_y=curve.log_y)
        axes.plot(*fine, style, color=line, linewidth=LINE_PT, gid=f"fit-{curve.name}")
    if fitted.truth is not None:
        axes.plot(*_points(curve, fitted.truth), "--", color=LIGHT.text, linewidth=0.8, gid=f"truth-{curve.name}")


def _dress(axes: "Axes", labels: tuple[str, str]) -> None:
    """Axes like those of the scopes, lines at 0, names of the curves."""
    axes.set_xlabel(printable(labels[0]), fontsize=FONT_PT, color=LIGHT.text)
    axes.set_ylabel(printable(labels[1]), fontsize=FONT_PT, color=LIGHT.text)
    axes.tick_params(colors=LIGHT.axis, labelcolor=LIGHT.text, labelsize=FONT_PT - 1, width=0.6, length=2.5)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(LIGHT.axis)
        spine.set_linewidth(0.6)
    for (low, high), scale, line in (
        (axes.get_ylim(), axes.get_yscale(), axes.axhline),
        (axes.get_xlim(), axes.get_xscale(), axes.axvline),
    ):
        if scale == "linear" and low < 0.0 < high:
            line(0.0, color=LIGHT.dim, linewidth=0.4, linestyle=(0, (2, 3)), zorder=0.5)
    for scale, ticks in ((axes.get_xscale(), axes.xaxis), (axes.get_yscale(), axes.yaxis)):
        if scale == "log":  # powers of ten in plain digits
            ticks.set_major_formatter(lambda value, _: f"{value:g}")
            ticks.set_minor_formatter(lambda value, _: "")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=FONT_PT - 1, frameon=False, handlelength=1.5, labelcolor=LIGHT.text)


def _points(curve: Curve, y: Array) -> tuple[Array, Array]:
    """Values at a curve's points, as its axes can show them."""
    return drawable(curve.x, y, log_x=curve.log_x, log_y=curve.log_y)
