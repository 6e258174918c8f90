"""What the program lets go of: measured in a process of its own, with and without."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked to take memory back")

CODE = """
import sys
import numpy as np
from numba import njit
from vclamp.run import footprint

def resident_MB():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

assert njit(lambda x: x + 1)(1) == 2
loaded = resident_MB()
if sys.argv[1] == "tidied":
    footprint.let_go_of_the_compiler()
let_go = loaded - resident_MB()
del [np.ones(2_500_000)][0]  # the first that is freed tells malloc to hold on to such sizes
before = resident_MB()
pairs = [(np.ones(250_000), bytes(100_000)) for _ in range(50)]
between = [small for _, small in pairs]
del pairs
if sys.argv[1] == "tidied":
    footprint.trim()
kept = resident_MB() - before
assert njit(lambda x: x * x)(3) == 9, "the compiler still works"
print(let_go, kept)
"""


def measured(how: str) -> tuple[float, float]:
    """What was let go of at once, and what is kept of 100 MB of large arrays when they are freed; in MB."""
    told = subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, timeout=120, check=True)
    assert told.stderr == ""
    let_go, kept = told.stdout.split()
    return float(let_go), float(kept)


def test_the_compilers_code_and_freed_arrays_are_let_go() -> None:
    let_go_MB, kept_MB = measured("tidied")
    assert let_go_MB > 30.0
    assert kept_MB < 20.0


def test_without_being_told_the_system_takes_neither_back() -> None:
    let_go_MB, kept_MB = measured("as it is")
    assert let_go_MB < 1.0
    assert kept_MB > 50.0
