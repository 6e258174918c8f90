"""Start and end of the window."""

import gc
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vclamp import paths
from vclamp.errors import VClampError

if TYPE_CHECKING:
    from vclamp.ui.window import Window

INTERRUPTED = 130
PATIENCE_S, LOOK_S = 0.3, 0.002  # with a screen that does not show the window


def start(*, cell: str | None, protocol: str | None, file: str | None, safe: bool = False) -> int:
    """Open the window and stay until it is closed; returns the exit code. `safe` forgets all that was remembered.

    Raises
    ------
    VClampError
        If this machine cannot show a window, or a named file cannot be read.
    """
    from vclamp.ui import overrides, preflight

    gc.disable()  # what a start makes stays
    preflight.check()
    preflight.check_binding()
    overrides.guard()  # before there are classes
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    if file is not None and not Path(file).is_file():
        raise VClampError("there is no such file", where=file)
    described = paths.find(protocol or "iv", paths.PROTOCOLS, "protocol")
    if cell is not None:
        paths.find(cell, paths.CELLS, "cell")
    app = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(app, QApplication)
    app.setApplicationName("VClamp")
    from vclamp.ui.settings import Settings
    from vclamp.ui.window import Window

    window = Window(Settings(safe=safe))
    window.show()
    _paint(window)
    code, told = _hear_signals()
    from vclamp.model.files import load_protocol, load_rig
    from vclamp.ui.bench import Bench
    from vclamp.ui.bridge import Bridge
    from vclamp.ui.faults import Faults

    first = load_protocol(described)
    rig = load_rig(paths.find(cell or first.opens.cell or "squid-axon", paths.CELLS, "cell"))
    window.fill(Bench(rig, first), Bridge(paths.user_folder() / "recordings"), lambda: _paint(window))
    if protocol is not None:
        window.course.open_as_meant()
    gc.freeze()
    gc.enable()
    faults = Faults(window)
    _obey(window, told)
    QTimer.singleShot(0, window.bridge.begin)
    if file is not None:
        window.documents.open(Path(file))
    app.exec()
    faults.rest()
    if not window.closed_whole:  # a thread hangs: everything is saved, so just go
        os._exit(code[0])
    return code[0]


def _paint(window: "Window") -> None:
    """Show what there is so far; keys and clicks wait until there is something that hears them."""
    from PySide6.QtCore import QCoreApplication, QEventLoop

    until = time.monotonic() + PATIENCE_S
    while True:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if window.windowHandle().isExposed() or time.monotonic() > until:
            return
        time.sleep(LOOK_S)


def _hear_signals() -> tuple[list[int], int | None]:
    """Note Ctrl-C and a polite kill, for `_obey`; returns the exit code they give, and what can be read then."""
    code = [0]
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return code, None
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)

    def leave(number: int, frame: object) -> None:
        code[0] = INTERRUPTED if number == signal.SIGINT else 0

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    return code, read


def _obey(window: "Window", told: int | None) -> None:
    """Close the window in an orderly way when there was a signal, or is one."""
    from PySide6.QtCore import QSocketNotifier

    if told is not None:
        notifier = QSocketNotifier(told, QSocketNotifier.Type.Read, window)
        notifier.activated.connect(window.documents.rescue.hurry)
