"""What an override of Qt's raises is heard and ends nothing.

On Python 3.11 PySide 6 reads what C code raises (a division by zero, a wrong index, float("x")) before Python has made
an object of it, and the process ends without a word. Whatever was caught on its way is such an object. What the paint
of an item raises is told there and then: Qt asks the next item before Python hears of it, and PySide ends the process
when it does so with an exception on its way.
"""

import sys
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

MENDED = (3, 12)  # from this Python on nothing is raised by halves
_ENDINGS = ("Event", "Hint")
_OTHERS = {
    "event", "eventFilter", "boundingRect", "shape", "itemChange", "contains", "initStyleOption",
    "data", "setData", "headerData", "flags", "rowCount", "columnCount", "createEditor", "setEditorData",
    "setModelData", "updateEditorGeometry", "validate", "fixup", "valueFromText", "textFromValue", "stepBy",
}  # fmt: skip


def guard() -> None:
    """Let no override in a class of Qt's that is made from now on end the process."""
    from shiboken6 import Shiboken

    Shiboken.Object.__init_subclass__ = classmethod(_made)


def _made(cls: type, **kinds: Any) -> None:
    """A class was made: see to what its overrides raise."""
    for name, method in list(vars(cls).items()):
        if not isinstance(method, FunctionType):
            continue
        if name == "paint":
            setattr(cls, name, _told(method))
        elif sys.version_info < MENDED and (name in _OTHERS or name.endswith(_ENDINGS)):
            setattr(cls, name, _whole(method))


def _told(paint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(paint)
    def call(*arguments: Any, **more: Any) -> None:
        try:
            paint(*arguments, **more)
        except Exception:
            sys.excepthook(*sys.exc_info())

    return call


def _whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **more: Any) -> Any:
        try:
            return method(*arguments, **more)
        except Exception:
            raise

    return call
