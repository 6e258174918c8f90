"""Start and end of the window."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from vclamp import paths
from vclamp.errors import VClampError

if TYPE_CHECKING:
    from vclamp.ui.window import Window

INTERRUPTED = 130


def start(*, cell: str | None, protocol: str | None, file: str | None, safe: bool = False) -> int:
    """Open the window and stay until it is closed; returns the exit code. `safe` forgets all that was remembered.

    Raises
    ------
    VClampError
        If this machine cannot show a window, or a named file cannot be read.
    """
    from vclamp.ui import preflight

    preflight.check()
    preflight.check_binding()
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from vclamp.model.files import load_protocol, load_rig

    first = load_protocol(paths.find(protocol or "iv", paths.PROTOCOLS, "protocol"))
    rig = load_rig(paths.find(cell or first.opens.cell or "squid-axon", paths.CELLS, "cell"))
    if file is not None and not Path(file).is_file():
        raise VClampError("there is no such file", where=file)
    app = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(app, QApplication)
    app.setApplicationName("VClamp")
    from vclamp.ui.bench import Bench
    from vclamp.ui.bridge import Bridge
    from vclamp.ui.faults import Faults
    from vclamp.ui.settings import Settings
    from vclamp.ui.window import Window

    window = Window(Bench(rig, first), Bridge(paths.user_folder() / "recordings"), Settings(safe=safe))
    if protocol is not None:
        window.course.open_as_meant()
    faults = Faults(window)
    code = _hear_signals(window)
    window.show()
    QTimer.singleShot(0, window.bridge.begin)
    if file is not None:
        window.documents.open(Path(file))
    app.exec()
    faults.rest()
    if not window.closed_whole:  # a thread hangs: everything is saved, so just go
        os._exit(code[0])
    return code[0]


def _hear_signals(window: "Window") -> list[int]:
    """Let Ctrl-C and a polite kill close the window in an orderly way."""
    from PySide6.QtCore import QSocketNotifier

    code = [0]
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return code
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    notifier = QSocketNotifier(read, QSocketNotifier.Type.Read, window)

    def leave(number: int, frame: object) -> None:
        code[0] = INTERRUPTED if number == signal.SIGINT else 0

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    notifier.activated.connect(window.documents.rescue.hurry)
    return code
