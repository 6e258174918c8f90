"""Clocks: medians of interleaved calls, the time inside compiled code, and the memory's own limit."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

Clock = Callable[[], float]  # does its work once and says how many seconds that took

QUICK_s = 0.1
KERNELS = "play"  # how the names of the engine's own loops over samples begin


def whole(task: Callable[[], object], before: Callable[[], object] = lambda: None) -> Clock:
    """A clock of a task from its call to its return; nothing before it or after is timed."""

    def read() -> float:
        before()
        began = perf_counter()
        result = task()
        seconds = perf_counter() - began
        del result
        return seconds

    return read


def inside_kernels(task: Callable[[], object]) -> Clock:
    """A clock of what a task spends in the compiled loops over samples; NaN where it calls none."""

    def read() -> float:
        with _watched() as spent:
            task()
        return sum(spent) if spent else float("nan")

    return read


def writing(n_rows: int, n_samples: int) -> Clock:
    """A clock of writing arrays of that size into memory that was touched before."""
    rows = np.ones((n_rows, n_samples))
    return whole(lambda: rows.fill(2.0))


def medians(clocks: Mapping[str, Clock], repeats: int) -> dict[str, float]:
    """Median seconds of each after a warm-up; they take turns, so that a drift of the machine hits all.

    What is quick is called twice a turn and the second call counts: the first finds the caches
    full of what the others left there.
    """
    for read in clocks.values():
        read()
    seconds: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(repeats):
        for name, read in clocks.items():
            found = read()
            seconds[name].append(read() if found < QUICK_s else found)
    return {name: median(values) for name, values in seconds.items()}


def straight(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Slope of the straight line through points, and R² of the fit."""
    slope, level = np.polyfit(x, y, 1)
    residual = np.asarray(y) - (slope * np.asarray(x) + level)
    spread = np.asarray(y) - np.mean(y)
    return float(slope), float(1.0 - residual @ residual / (spread @ spread))


@contextmanager
def _watched() -> Iterator[list[float]]:
    """While it lasts, every call of a kernel from Python adds its seconds to the list."""
    spent: list[float] = []
    places = [
        (module, name, kernel)
        for title, module in list(sys.modules.items())
        if title.startswith("vclamp.engine")
        for name, kernel in list(vars(module).items())
        if name.startswith(KERNELS) and hasattr(kernel, "py_func")
    ]
    for module, name, kernel in places:
        setattr(module, name, _timed(kernel, spent))
    try:
        yield spent
    finally:
        for module, name, kernel in places:
            setattr(module, name, kernel)


def _timed(kernel: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    @wraps(kernel)
    def call(*arguments: Any) -> Any:
        began = perf_counter()
        result = kernel(*arguments)
        spent.append(perf_counter() - began)
        return result

    return call
