"""Which page is about a place of the window."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QApplication, QWidget

from vclamp.ui.help.pages import INDEX, Page, chapter, idea_of, of_scope, of_trace, plain
from vclamp.ui.panels.editing import Bound, Editing
from vclamp.ui.panels.naming import name_of, value_at, value_text
from vclamp.ui.scopes.handling import Spot
from vclamp.ui.scopes.kinds import Scope

if TYPE_CHECKING:
    from vclamp.ui.window import Window

# how a path begins, the longer ones first: the chapter that its value belongs to
_OF_PATHS = {
    "solutions.drugs": "block", "solutions": "nernst", "amplifier.recorder": "recorder",
    "amplifier.feedback_GOhm": "recorder", "amplifier": "amplifier", "cell.pump": "pump", "cell.volume_pL": "pump",
    "cell.tick_ms": "pump", "cell.stochastic": "noise", "cell": "membrane", "protocol.leak": "leak",
    "protocol": "protocol",
}  # fmt: skip
_OF_CHANNELS = {
    "pore": "permeation", "gates": "gating", "gating": "gating", "blockers": "block", "n_channels": "noise",
    "p_cm3_per_s": "permeation",
}  # fmt: skip


def about(window: "Window", widget: QWidget | None, at: QPoint | None = None) -> Page:
    """The page about a widget, or of a scope about what is at a place on the screen."""
    stack = window.display.stack
    if widget is None:
        return chapter(INDEX)
    if widget is stack or stack.isAncestorOf(widget):
        return of_spot(window, stack.spot_at(at)) if at is not None else _of_scope(window, window.navigation.scope)
    bound = _bound(widget)
    if bound is not None:
        return _of_value(window, bound)
    return _of_tip(window, widget, at)


def of_spot(window: "Window", spot: Spot | None) -> Page:
    """The page about the trace that is at a place of a scope, or about the scope if there is none."""
    if spot is None:
        return _of_scope(window, window.navigation.scope)
    stack, rig = window.display.stack, window.bench.rig
    named, lines = stack.name_at(spot), spot.scope.lines(rig)
    trace = next((line.trace for line in lines if named and line.label == named), "")
    seen = None if trace else stack.family.seen_at(spot.scope, spot.time_ms, spot.value)
    trace = trace or (seen.line.trace if seen is not None else "")
    trace = trace or (lines[0].trace if len(lines) == 1 else "")
    return of_trace(trace, rig) if trace else _of_scope(window, spot.scope)


def _of_scope(window: "Window", scope: Scope) -> Page:
    name = next((name for name, each in window.display.stack.scopes.items() if each is scope), "total")
    return of_scope(name, window.bench.rig)


def _of_value(window: "Window", bound: Bound) -> Page:
    """About a value of the rig: what its widget says when pointed at, and the idea behind it."""
    rig, path = window.bench.rig, bound.path
    name, value = _titled(name_of(rig, path)), value_text(path, value_at(rig, path))
    parts = (f"# {plain(name)}", f"Now: **{plain(value)}**", plain(bound.widget.toolTip()))
    written = f"`vclamp run --set {path}=…`" if not rig.cell.exam else ""
    return Page(name, "\n\n".join(filter(None, (*parts, written, idea_of(chapter_of_path(path))))))


def chapter_of_path(path: str) -> str:
    """The chapter that the value at a dotted path belongs to."""
    if path.startswith("cell.channels."):
        parts = path.split(".")[3:]
        return next((_OF_CHANNELS[part] for part in parts if part in _OF_CHANNELS), "channels")
    return next((page for start, page in _OF_PATHS.items() if path.startswith(start)), "channels")


def _of_tip(window: "Window", widget: QWidget, at: QPoint | None) -> Page:
    """About anything else: what it says when pointed at, and the chapter of its part of the window."""
    found = chapter(_chapter_of_place(window, widget))
    name, tip = next(((_name(each), _tip(each, at)) for each in _upwards(widget) if _tip(each, at)), ("", ""))
    if not tip:
        return found
    name = _titled(name) or found.title
    body = found.text.partition("\n")[2] if found.title != name else ""
    return Page(name, "\n\n".join((f"# {plain(name)}", plain(tip), "---", f"## {found.title}", body)))


def _upwards(widget: QWidget) -> Iterator[QWidget]:
    """A widget and what it lies in, up to its window."""
    each: QWidget | None = widget
    while each is not None and not each.isWindow():
        yield each
        each = each.parentWidget()


def _bound(widget: QWidget) -> Bound | None:
    """What a widget or its caption sets."""
    inside = list(_upwards(widget))
    for panel in inside:
        if isinstance(panel, Editing):
            found = next((b for b in panel.bound if b.widget in inside or b.caption in inside), None)
            if found is not None:
                return found
    return None


def _tip(widget: QWidget, at: QPoint | None) -> str:
    """What is said of a widget, or of the row of a list, when it is pointed at."""
    if isinstance(widget, QAbstractItemView):
        index = widget.currentIndex() if at is None else widget.indexAt(widget.viewport().mapFromGlobal(at))
        told = str(index.data(Qt.ItemDataRole.ToolTipRole) or "") if index.isValid() else ""
        return "\n".join(filter(None, (str(index.data() or ""), told))) if told else widget.toolTip()
    if isinstance(widget, QAbstractScrollArea):  # the tip of all of it, not of what is in it
        return widget.toolTip() or widget.viewport().toolTip()
    return widget.toolTip()


def _titled(name: str) -> str:
    """With a capital; symbols as γ and τ stay as they are."""
    return name[:1].upper() + name[1:] if name[:1].isascii() else name


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or str(widget.property("text") or "")


def _chapter_of_place(window: "Window", widget: QWidget) -> str:
    """The chapter of the part of the window that a widget is in."""
    display, tools, analyst = window.display, window.tools, window.analyst
    parts: list[tuple[QWidget | None, str]] = [
        (tools.seal, "membrane-test"), (display.inspector, "inspector"), (display.cursors, "measure"),
        (analyst.measure, "measure"), (analyst.panel, "analysis"), (display.iv, "curves"), (display.ledger, "pump"),
        (window.documents.runs, "runs"), (tools.page, "protocol"), (tools.channel, "gating"),
        (display.circuit, "membrane"), (window.panel, "channels"), (window.bar, "protocol"), (window.status, "runs"),
        (window.tabs, "measure"),
    ]  # fmt: skip
    return next((page for part, page in parts if part is not None and (part is widget or part.isAncestorOf(widget))),
                "window")  # fmt: skip


def focused() -> QWidget | None:
    """What has the focus, in whatever window of the program."""
    return QApplication.focusWidget()
