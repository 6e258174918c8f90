"""Other programs on the same workloads, each behind an import that may fail.

Every module here has `ways(workload)`: by name the ways to run the workload with that program, each
a task to be timed, or a sentence why it is left out. What a call of `ways` does (building, compiling)
is not timed, nor what a way says is to come `before` every call of its task; the task is, from its
parameters to its arrays, which are what it returns.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vclamp.run.bench.squid import Traces

PROGRAMS = ("neuron", "myokit", "jaxley", "brian2", "scipy")


@dataclass(frozen=True)
class Way:
    """A way to run a workload: the task that is timed, and what has to come before it."""

    task: Callable[[], Traces]
    before: Callable[[], object] = lambda: None


Ways = dict[str, Way | str]
