"""Play sweeps at the pace of the clock and say when each moment came: `python ticking.py MAX_LAG_S`.

A child of test_stopped.py: it prints the monotonic clock in s and the simulated time in ms, a line a chunk.
"""

import sys
import time
from collections import deque
from pathlib import Path

from vclamp import paths
from vclamp.model.files import load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk
from vclamp.model.segments import Step
from vclamp.ui import pacer
from vclamp.ui import worker as product

PROTOCOL = Protocol("ticks", (Step(-20.0, 100.0),), n_sweeps=700, hold_mV=-80.0)

if __name__ == "__main__":
    pacer.MAX_LAG_S = float(sys.argv[1])  # type: ignore[misc]
    said: deque[object] = deque()
    worker = product.Worker(said, Path("/nowhere"))  # type: ignore[arg-type]
    worker.begin()
    worker.run(load_rig(paths.CELLS / "squid-axon.toml"), PROTOCOL, 0, save=False)
    while True:
        while said:
            event = said.popleft()
            if isinstance(event, Chunk):
                print(time.monotonic(), event.sweep * 100.0 + event.last / PROTOCOL.fs_kHz, flush=True)
        time.sleep(0.001)
