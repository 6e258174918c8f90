"""Another program in a process of its own: some bring libraries that crash one another.

The process says in one line of JSON what ways it has, then runs the one that each line it reads
names, and answers with the seconds that took.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from types import TracebackType
from typing import IO

import numpy as np

from vclamp.run.bench.measure import Clock, whole
from vclamp.run.bench.peers import Ways
from vclamp.run.bench.squid import Traces, answer
from vclamp.run.bench.workloads import WORKLOADS, Workload


class Aside:
    """A running process of one program on one workload; to be used in a `with` statement.

    `ways` has by name the greatest error (NaN where there is nothing to compare), or a sentence
    why there is no time to be had.
    """

    def __init__(self, program: str, workload: str, command: tuple[str, ...] = ()) -> None:
        command = command or (sys.executable, "-m", __name__, program, workload)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        line = self._line()
        self.ways: dict[str, float | str] = json.loads(line) if line else {program: "failed: its process ended"}

    def clock(self, way: str) -> Clock:
        """A clock of one of the ways; NaN once the process has ended."""

        def read() -> float:
            try:
                _say(way, self._process.stdin)
            except OSError:
                return float("nan")
            return float(self._line() or "nan")

        return read

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""

    def __enter__(self) -> "Aside":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def serve(program: str, workload: Workload, requests: Iterable[str], replies: IO[str]) -> None:
    """Say what ways there are, then time those that are asked for."""
    right, clocks = answer(workload), {}
    said: dict[str, float | str] = {}
    for name, way in _ways(program, workload).items():
        if isinstance(way, str):
            said[name] = way
            continue
        try:
            way.before()
            said[name] = greatest_error(way.task(), right, workload)
            clocks[name] = whole(way.task, way.before)
        except Exception as error:  # whatever happens in another program, the table goes on
            said[name] = f"failed: {_first_line(error)}"
    _say(json.dumps(said), replies)
    for request in requests:
        _say(repr(clocks[request.strip()]()), replies)


def greatest_error(found: Traces, right: Traces, workload: Workload) -> float:
    """The largest deviation of any compared trace from the right answer; NaN where there is none."""
    if not right:
        return float("nan")
    return max(float(np.abs(found[name] - right[name]).max()) for name in workload.compared)


def _say(line: str, listener: IO[str] | None) -> None:
    if listener is not None:
        listener.write(f"{line}\n")
        listener.flush()


def _ways(program: str, workload: Workload) -> Ways:
    try:
        found: Ways = import_module(f"vclamp.run.bench.peers.{program}").ways(workload)
        return found
    except ImportError:
        return {program: "not installed"}
    except Exception as error:  # whatever happens in another program, the table goes on
        return {program: f"failed: {_first_line(error)}"}


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:100]


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the programs say themselves is no answer
    serve(sys.argv[1], WORKLOADS[sys.argv[2]](), sys.stdin, answers)
