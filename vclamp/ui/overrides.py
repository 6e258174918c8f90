"""What an override of Qt's raises is heard, also on Python 3.11.

There PySide 6 reads what C code raises (a division by zero, a wrong index, float("x")) before Python has made an
object of it, and the process ends without a word. Whatever was caught on its way is such an object.
"""

import sys
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

MENDED = (3, 12)  # from this Python on nothing is raised by halves
_ENDINGS = ("Event", "Hint")
_OTHERS = {
    "event", "eventFilter", "paint", "boundingRect", "shape", "itemChange", "contains", "initStyleOption",
    "data", "setData", "headerData", "flags", "rowCount", "columnCount", "createEditor", "setEditorData",
    "setModelData", "updateEditorGeometry", "validate", "fixup", "valueFromText", "textFromValue", "stepBy",
}  # fmt: skip


def guard() -> None:
    """Let every class of Qt's that is made from now on raise whole errors only."""
    if sys.version_info < MENDED:
        from shiboken6 import Shiboken

        Shiboken.Object.__init_subclass__ = classmethod(_made)


def _made(cls: type, **kinds: Any) -> None:
    """A class was made: catch what its overrides raise, and raise it again."""
    for name, method in list(vars(cls).items()):
        if isinstance(method, FunctionType) and (name in _OTHERS or name.endswith(_ENDINGS)):
            setattr(cls, name, _whole(method))


def _whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **more: Any) -> Any:
        try:
            return method(*arguments, **more)
        except Exception:
            raise

    return call
