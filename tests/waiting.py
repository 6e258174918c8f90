"""How long a thread was ready to run and others had the processors: what a busy machine adds to every time."""

import threading
from contextlib import suppress
from pathlib import Path


def waited_s(process: int | str = "self", thread: int | None = None) -> float:
    """Of a process's thread, its first unless told; of this thread for oneself. 0 where the system does not say."""
    thread = thread or (threading.get_native_id() if process == "self" else int(process))
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/task/{thread}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
