"""No kernel reads beyond the end of an array, and compiling changes no result."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from checked_cases import FEW_CELLS, Array, beyond_the_end, results

from vclamp import paths

SCRIPT = Path(__file__).with_name("checked_cases.py")
ALL_CELLS = tuple(paths.shipped(paths.CELLS))
ROUNDING = 3e-12  # of a trace's largest value: numba fuses products with sums, which plain Python does not


def child(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same runs in a process with another numba."""
    command = [sys.executable, "-W", "ignore:overflow encountered", str(SCRIPT), *arguments]
    more = {**os.environ, **environment}
    return subprocess.run(command, env=more, capture_output=True, text=True, check=False, timeout=1500)


def ran(folder: Path, cells: tuple[str, ...], scale_ms: float, **environment: str) -> dict[str, Array]:
    """What it has recorded."""
    done = child(str(folder / "found.npz"), str(scale_ms), *cells, **environment)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "found.npz") as found:
        return dict(found)


def off(mine: Array, other: Array) -> float:
    """The largest difference within a trace, over the trace's largest value."""
    largest = np.abs(mine).max(axis=2, keepdims=True)
    return float((np.abs(mine - other) / np.where(largest == 0.0, 1.0, largest)).max())


def assert_plain_python_agrees(folder: Path, cells: tuple[str, ...], scale_ms: float) -> None:
    plain, compiled = ran(folder, cells, scale_ms, NUMBA_DISABLE_JIT="1"), results(cells, scale_ms)
    differences = {name: off(compiled[name], plain[name]) for name in compiled}
    assert plain.keys() == compiled.keys()
    assert {name: x for name, x in differences.items() if x > ROUNDING} == {}
    same = sum(np.array_equal(compiled[name], plain[name]) for name in compiled)
    print(f"{len(compiled)} runs, {same} bit for bit, the others to {max(differences.values()):.1g}")


def test_plain_python_computes_what_the_compiled_kernels_do(tmp_path: Path) -> None:
    assert_plain_python_agrees(tmp_path, FEW_CELLS[1:2], 0.25)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_plain_python_computes_for_every_cell_what_the_compiled_kernels_do(tmp_path: Path) -> None:
    assert_plain_python_agrees(tmp_path, ALL_CELLS, 1.0)


def test_plain_python_sees_an_index_beyond_the_end_and_compiled_code_does_not() -> None:
    assert "IndexError" in child("beyond", NUMBA_DISABLE_JIT="1").stderr
    beyond_the_end()


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_kernels_that_check_every_index_find_nothing_and_change_no_bit(tmp_path: Path) -> None:
    checked = {"NUMBA_BOUNDSCHECK": "1", "VCLAMP_CACHE": str(tmp_path / "cache")}
    assert "IndexError" in child("beyond", **checked).stderr
    found, plain = ran(tmp_path, ALL_CELLS, 30.0, **checked), results(ALL_CELLS, 30.0)
    assert [name for name in plain if not np.array_equal(plain[name], found[name])] == []
    print(f"{len(plain)} runs, {sum(values.size for values in plain.values())} values, each bit the same")
