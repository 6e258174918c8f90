"""Whether two recordings are the same, bit for bit."""

from collections.abc import Sequence

import numpy as np

from vclamp.model.record import Recording, Sweep


def differences(mine: Recording, other: Recording) -> list[str]:
    """What differs between two recordings, a sentence each; empty if they are the same."""
    found = [
        f"the {part} differs"
        for part in ("rig", "protocol", "seed", "version")
        if getattr(mine.header, part) != getattr(other.header, part)
    ]
    if mine.finished != other.finished:
        found.append("the way it finished differs")
    return found + sweep_differences(mine.sweeps, other.sweeps)


def sweep_differences(mine: Sequence[Sweep], other: Sequence[Sweep]) -> list[str]:
    """What differs between the sweeps of two runs, whatever their headers say."""
    found = []
    if len(mine) != len(other):
        found.append(f"{len(mine)} sweeps against {len(other)}")
    for a, b in zip(mine, other, strict=False):
        for part in ("index", "names", "start", "rig", "changes"):
            if getattr(a, part) != getattr(b, part):
                found.append(f"sweep {a.index}: {part} differs")
        if a.names == b.names:
            pairs = zip(a.names, a.values, b.values, strict=True)
            found += [f"sweep {a.index}: {name} {how}" for name, x, y in pairs if (how := _how(x, y))]
    return found


def _how(x: np.ndarray, y: np.ndarray) -> str:
    """How two traces differ; empty if every bit is the same."""
    if x.shape != y.shape:
        return f"has {x.size} samples against {y.size}"
    apart = x.view(np.uint64) != y.view(np.uint64)
    return f"differs from sample {int(apart.argmax())} on" if apart.any() else ""
