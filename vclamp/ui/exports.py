"""Carries out what was ordered on the export sheet. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vclamp.model.record import Recording
from vclamp.publish.exporters import Exporter, export, exporter_of
from vclamp.storage.safely import Progress

FIGURES = (".png", ".svg")  # formats whose scopes can be chosen


@dataclass(frozen=True)
class Offer:
    """Something that can be exported: what it is, a name for its file, and the runs."""

    words: str
    stem: str
    recordings: Sequence[Recording]


@dataclass(frozen=True)
class Order:
    """What is to be written, and how."""

    recordings: Sequence[Recording]
    path: Path
    overwrite: bool
    scopes: tuple[str, ...] = ()  # of a figure, by their names; empty for the usual ones
    scale_bars: bool = False


def carry_out(order: Order, progress: Progress) -> tuple[Path, ...]:
    """Write the files, read them back, and name them.

    Raises
    ------
    VClampError, CancelledError
        As `vclamp.publish.exporters.export`.
    """
    exporter = exporter_of(order.path)
    if exporter.suffix in FIGURES:
        exporter = _drawing(exporter, order)
    return export(order.recordings, order.path, overwrite=order.overwrite, progress=progress, exporter=exporter)


def _drawing(exporter: Exporter, order: Order) -> Exporter:
    """An exporter of figures that show what was ordered."""
    from vclamp.publish import figure
    from vclamp.publish.scopes import SCOPES
    from vclamp.publish.specs import FigureSpec, scope_spec

    def spec_of(recordings: Sequence[Recording]) -> FigureSpec:
        header = recordings[0].header
        names = [name for name in order.scopes if SCOPES[name].suits(header.rig, header.protocol)]
        scopes = () if recordings[0].foreign else tuple(scope_spec(name, header) for name in names)
        return FigureSpec(scopes=scopes, scale_bars=order.scale_bars)

    def write(recordings: Sequence[Recording], path: Path, progress: Progress) -> None:
        figure.write(recordings, path, progress, spec_of(recordings))

    def check(recordings: Sequence[Recording], path: Path, progress: Progress) -> None:
        figure.check(recordings, path, progress, spec_of(recordings))

    return replace(exporter, write=write, check=check)
