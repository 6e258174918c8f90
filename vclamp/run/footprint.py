"""What the program keeps of the machine's memory, where Linux can be told to take it back."""

import ctypes
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_COMPILER = "libllvmlite"
_LARGE_BYTES = 2**20
_MMAP_THRESHOLD, _DONTNEED = -3, 4  # M_MMAP_THRESHOLD of malloc.h, MADV_DONTNEED of sys/mman.h


@cache
def shrink() -> None:
    """Let go of the compiler's code, now that all is loaded, and from now on of every large array as it is freed.

    It happens once; what of that code is needed again comes back from its file. Without a size to go by, malloc would
    hold on to ever larger pieces, between which its arenas fall to pieces over the hours.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    with suppress(AttributeError, OSError):  # another C library, or no /proc
        libc.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.malloc_trim(0)
        for first, last in _unwritten(_COMPILER):
            libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _DONTNEED)


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
