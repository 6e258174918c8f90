"""The n-th thing that is asked of the system fails: what Python asks, and what SQLite does."""

import _sqlite3
import builtins
import ctypes
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass
class Fault:
    """Counts what is asked, and says with which error the system answers: the n-th time, or from then on.

    Parameters
    ----------
    at : int
        Which is the first to fail, from 1 on; 0 if none.
    error : int
        An errno.
    persists : bool
        Whether all that follow fail as well, until it is lifted.
    """

    at: int = 0
    error: int = 0
    persists: bool = False
    count: int = 0
    met: int = 0

    def strikes(self) -> bool:
        """Whether what is asked now fails."""
        self.count += 1
        hit = bool(self.at) and (self.count >= self.at if self.persists else self.count == self.at)
        self.met += hit
        return hit

    def lift(self) -> None:
        """Let nothing fail any more."""
        self.at = 0


# ---- what Python asks


class _File:
    """A file that asks before it writes."""

    def __init__(self, file: Any, ask: Callable[[], None]) -> None:
        self._file, self._ask = file, ask

    def write(self, data: Any) -> int:
        self._ask()
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


@contextmanager
def python_fault(monkeypatch: pytest.MonkeyPatch, fault: Fault, folder: str) -> Iterator[None]:
    """Let `open`, `write`, `fsync`, `replace` and `mkdir` fail, as far as they are about this folder."""

    def asked(real: Callable[..., Any], *, of: int = 1) -> Callable[..., Any]:
        def ask(*arguments: Any, **named: Any) -> Any:
            if any(isinstance(each, int) or str(each).startswith(folder) for each in arguments[:of]):
                strike()
            return real(*arguments, **named)

        return ask

    def strike() -> None:
        if fault.strikes():
            raise OSError(fault.error, os.strerror(fault.error))

    def opened(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if not str(file).startswith(folder):
            return real_open(file, mode, *arguments, **named)
        strike()
        return _File(real_open(file, mode, *arguments, **named), strike)

    real_open = io.open
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", opened)
        patch.setattr(io, "open", opened)
        for name, of in (("open", 1), ("fsync", 1), ("replace", 2), ("mkdir", 1)):
            patch.setattr(os, name, asked(getattr(os, name), of=of))
        yield


# ---- what SQLite asks: its own hooks for this purpose


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        *((f"_{n}", ctypes.c_void_p) for n in range(3 + 13)),
        ("set_call", ctypes.c_void_p),
        ("get_call", ctypes.c_void_p),
        ("next_call", ctypes.c_void_p),
    )


_INT, _PTR, _OFF = ctypes.c_int, ctypes.c_void_p, ctypes.c_int64
_CALLS: dict[bytes, tuple[Any, ...]] = {
    b"open": (_INT, ctypes.c_char_p, _INT, _INT),
    b"write": (ctypes.c_ssize_t, _INT, _PTR, ctypes.c_size_t),
    b"pwrite": (ctypes.c_ssize_t, _INT, _PTR, ctypes.c_size_t, _OFF),
    b"pwrite64": (ctypes.c_ssize_t, _INT, _PTR, ctypes.c_size_t, _OFF),
    b"ftruncate": (_INT, _INT, _OFF),
    b"unlink": (_INT, ctypes.c_char_p),
}


@contextmanager
def sqlite_fault(fault: Fault) -> Iterator[None]:
    """Let what SQLite asks of the system fail: to open, write, cut off or remove a file."""
    try:
        find = ctypes.CDLL(_sqlite3.__file__).sqlite3_vfs_find
    except (OSError, AttributeError):
        pytest.skip("this Python hides its SQLite")
    find.restype, find.argtypes = ctypes.POINTER(_Vfs), (ctypes.c_char_p,)
    vfs = find(b"unix")
    if not vfs or vfs.contents.version < 3 or not vfs.contents.set_call:
        pytest.skip("this SQLite has no hooks")
    get_call = ctypes.CFUNCTYPE(_PTR, _PTR, ctypes.c_char_p)(vfs.contents.get_call)
    set_call = ctypes.CFUNCTYPE(_INT, _PTR, ctypes.c_char_p, _PTR)(vfs.contents.set_call)
    hooks = []
    for name, types in _CALLS.items():
        address = get_call(vfs, name)
        if not address:
            continue
        kind = ctypes.CFUNCTYPE(*types, use_errno=True)
        hooks.append(kind(_asking(kind(address), fault)))
        set_call(vfs, name, ctypes.cast(hooks[-1], _PTR))
    try:
        yield
    finally:
        set_call(vfs, None, None)


def _asking(real: Callable[..., int], fault: Fault) -> Callable[..., int]:
    def ask(*arguments: Any) -> int:
        if fault.strikes():
            ctypes.set_errno(fault.error)
            return -1
        return real(*arguments)

    return ask
