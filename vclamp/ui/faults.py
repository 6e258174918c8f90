"""What went wrong inside the program itself: it is told, a report is kept, and the window goes on."""

import platform
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler, qVersion
from PySide6.QtWidgets import QApplication

from vclamp import __version__, paths

if TYPE_CHECKING:
    from vclamp.ui.window import Window

MOST_BYTES = 1_000_000  # of the log
MOST_KINDS = 100  # of faults that are told of one by one
_HARMLESS = "This plugin does not support"  # all that a platform without a screen has to say


class Faults(QObject):
    """Hears every exception that nobody caught, whichever thread it is in, and what Qt complains about."""

    _happened = Signal(str, str)  # in a word, and the report

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._known: dict[str, int] = {}
        self._happened.connect(self._tell)
        sys.excepthook = self.hear
        threading.excepthook = lambda a: self.hear(a.exc_type, a.exc_value or a.exc_type(), a.exc_traceback)
        sys.unraisablehook = lambda u: self.hear(u.exc_type, u.exc_value or u.exc_type(), u.exc_traceback)
        qInstallMessageHandler(self._qt_said)

    def rest(self) -> None:
        """Hear nothing more: the window is gone."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = (
            sys.__excepthook__, threading.__excepthook__, sys.__unraisablehook__,
        )  # fmt: skip
        qInstallMessageHandler(None)

    def hear(self, kind: type[BaseException], value: BaseException, where: TracebackType | None) -> None:
        """Keep a report and tell the user; once of each kind."""
        self._take(f"{kind.__name__}: {value}", "".join(traceback.format_exception(kind, value, where)))

    def _qt_said(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if _HARMLESS not in text and kind != QtMsgType.QtInfoMsg:
            self._take(f"Qt: {text}", f"Qt {kind.name}: {text}\n", tell=kind != QtMsgType.QtDebugMsg)

    def _take(self, summary: str, details: str, *, tell: bool = True) -> None:
        self._known[details] = self._known.get(details, 0) + 1
        if self._known[details] > 1 or len(self._known) > MOST_KINDS:
            return
        report = f"{_circumstances()}\n{details}"
        _keep(report)
        if tell:
            self._happened.emit(summary, report)

    def _tell(self, summary: str, report: str) -> None:
        copy = {"Copy report": lambda: QApplication.clipboard().setText(report)}
        self._window.banner.say(f"internal error: {summary}. Everything recorded is saved; a report was kept.", copy)


def _circumstances() -> str:
    """When and with what it happened."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return f"{now}  VClamp {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}"


def _keep(report: str) -> None:
    """Add to the log in the user's folder, of which one older generation is kept."""
    try:
        log = paths.user_folder() / "errors.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > MOST_BYTES:
            log.replace(log.with_suffix(".old"))
        with log.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{report}\n")
    except OSError:
        pass  # the banner has said it
