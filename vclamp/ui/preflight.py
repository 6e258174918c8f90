"""What a window needs of the system, checked before Qt aborts over it."""

import ctypes
import os
import sys

from vclamp.errors import SystemLacksError

# Library file -> Debian package; a window on X needs the second group too.
_ALWAYS = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}
_ON_X = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
}


def check() -> None:
    """Raise one sentence about what is missing, if anything is.

    Raises
    ------
    SystemLacksError
        With the line that installs it.
    """
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    wayland = platform.startswith("wayland") or (not platform and "WAYLAND_DISPLAY" in os.environ)
    on_x = platform == "xcb" or (not platform and not wayland)
    missing = missing_libraries({**_ALWAYS, **(_ON_X if on_x else {})})
    if missing:
        raise SystemLacksError(
            f"this system lacks what a window needs: {', '.join(missing)}",
            remedy=f"Install it: sudo apt install {' '.join(missing.values())} (or its like where there is no apt)",
        )
    if on_x and not _x_answers():
        raise SystemLacksError(
            "there is no screen (DISPLAY is not set or does not answer)",
            remedy="Start it on a desktop, or use `vclamp run` without a window.",
        )


def missing_libraries(libraries: dict[str, str]) -> dict[str, str]:
    """The libraries that cannot be loaded, with their packages."""
    return {library: package for library, package in libraries.items() if not _loads(library)}


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x_answers() -> bool:
    """Whether an X server can be reached."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # Qt brings its own; let it try
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed


def qt_version() -> str:
    """The version of Qt that is loaded, or a word why none is."""
    try:
        from PySide6.QtCore import qVersion
    except ImportError as error:
        return f"cannot be loaded: {error}"
    return qVersion()


def check_binding() -> None:
    """Refuse the one release of the binding that aborts Python 3.11.

    Raises
    ------
    SystemLacksError
        With the line that installs another one.
    """
    import PySide6

    if PySide6.__version_info__[:2] >= (6, 12) and sys.version_info < (3, 12):
        raise SystemLacksError(
            f"PySide6 {PySide6.__version__} aborts Python {sys.version.split()[0]}",
            remedy='Install another: pip install "PySide6-Essentials>=6.8.3,<6.11"',
        )
