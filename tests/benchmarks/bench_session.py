"""How long it takes to save a sweep of 160 kB, beside what the disk itself needs for the same bytes.

    python tests/benchmarks/bench_session.py [FOLDER]

Prints milliseconds, median and 99th percentile: `Session.add_sweep`, and a plain file that is written to and synced.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

N_SWEEPS = 500
N_SAMPLES = 1800  # of 11 traces


def times_ms(work: Callable[[int], object]) -> np.ndarray:
    """How long each of many takes."""
    took = []
    for index in range(N_SWEEPS):
        began_s = time.perf_counter()
        work(index)
        took.append(1e3 * (time.perf_counter() - began_s))
    return np.array(took)


def report(what: str, took_ms: np.ndarray) -> None:
    """A line of the table."""
    median, late = np.percentile(took_ms, [50, 99])
    print(f"{what:<34}{median:8.2f}{late:8.2f}{took_ms.max():8.2f}")


def main(folder: Path) -> None:
    """Measure in a folder of its own there."""
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    from recordings import header, made_up_sweep

    from vclamp.storage.session import Session

    sweeps = [made_up_sweep(index, n_samples=N_SAMPLES) for index in range(N_SWEEPS)]
    size = sweeps[0].values.nbytes
    with tempfile.TemporaryDirectory(dir=folder) as name:
        print(f"{N_SWEEPS} sweeps of {size / 1e3:.0f} kB            median     p99     max (ms)")
        with open(Path(name) / "plain", "wb") as file:

            def plain(index: int) -> None:
                file.write(sweeps[index].values.tobytes())
                file.flush()
                os.fsync(file.fileno())

            report("plain file, write and fsync", times_ms(plain))
        with Session.create(Path(name) / "a.vclamp") as session:
            run = session.add_run(header())
            report("Session.add_sweep", times_ms(lambda index: session.add_sweep(run, sweeps[index])))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd())
