"""What the program keeps of the machine's memory, where Linux can be told to take it back."""

import ctypes
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

EVERY_S = 30.0
_COMPILER = "libllvmlite"
_DONTNEED = 4  # MADV_DONTNEED of sys/mman.h
_trimmed_s = [-EVERY_S]  # when it was last


@cache
def let_go_of_the_compiler() -> None:
    """Give back the pages of its code, now that all is loaded; what is needed again comes back from its file."""
    if sys.platform != "linux":
        return
    with suppress(AttributeError, OSError):  # another C library, or no /proc
        for first, last in _unwritten(_COMPILER):
            ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _DONTNEED)


def trim() -> None:
    """Give back what lies free between arrays that are in use, but not more often than every half minute.

    To have malloc give back every large array at once would cost a fifth of the frames of a drag.
    """
    if sys.platform == "linux" and time.monotonic() - _trimmed_s[0] >= EVERY_S:
        _trimmed_s[0] = time.monotonic()
        with suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _unwritten(library: str) -> list[tuple[int, int]]:
    """Where a library lies in memory just as in its file, and nobody can write."""
    found: list[tuple[int, int]] = []
    ours = (0, 0)
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace").splitlines():
        key, *rest = line.split()
        if not key.endswith(":"):
            first, last = (int(end, 16) for end in key.split("-"))
            ours = (first, last) if library in line and "w" not in rest[0] else (0, 0)
        elif key == "Private_Dirty:" and ours != (0, 0) and rest[0] == "0":
            found.append(ours)
    return found
