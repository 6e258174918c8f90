"""Reads damaged copies of recordings in one process with the limits of the reader's, and says what became of each."""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
from abf_files import ask_here, damaged

from vclamp.errors import VClampError
from vclamp.storage import aside
from vclamp.storage.recordings import load

SECONDS = 5.0  # for one file


def late(*_: object) -> None:
    raise TimeoutError


def fate(path: Path) -> str:
    """ "data", the sentence it is refused with, or what went wrong."""
    try:
        found = load(path)
        for recording in found:
            f"{recording.about}{recording.header.protocol.name}".encode()  # as a session will
        shapes = {sweep.values.shape[1] for recording in found for sweep in recording.sweeps}
        return "data" if found and min(shapes) > 0 else "EMPTY"
    except VClampError as error:
        return str(error).encode().decode()  # as a terminal will
    except TimeoutError:
        return "LATE"
    except Exception as error:
        return f"WRONG {type(error).__name__}: {error}"


if __name__ == "__main__":
    folder, count, *names = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    aside.ask = ask_here
    aside.limit(7200)
    signal.signal(signal.SIGALRM, late)
    rng = np.random.default_rng(6)
    originals = [Path(name).read_bytes() for name in names]
    fates = []
    for number in range(int(count)):
        which = number % len(names)
        copy = Path(folder) / f"damaged{Path(names[which]).suffix}"
        copy.write_bytes(damaged(originals[which], rng))
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        fates.append(fate(copy))
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    json.dump(fates, out)
