"""The 261 numeric targets, each one named test: what the program computes against a number from outside."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from targets import allosteric, analysis, block, boltzmann, channels, clamp, flux, nernst, noise, pore, selectivity

TARGETS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "targets.json").read_text(encoding="utf-8"))
SECTIONS = (nernst, flux, selectivity, pore, boltzmann, channels, allosteric, block, noise, clamp, analysis)
COMPUTE = {key: compute for section in SECTIONS for key, compute in section.COMPUTE.items()}


def tolerances(tol: str, values: np.ndarray) -> np.ndarray:
    """Absolute tolerances: one number, one a value ("1e-4;1e-2"), or relative ("1e-3 rel")."""
    if tol.endswith(" rel"):
        return np.abs(values) * float(tol.removesuffix(" rel"))
    return np.array([float(part) for part in tol.split(";")])


@pytest.mark.parametrize("target", TARGETS, ids=[f"{target['id']}: {target['what']}" for target in TARGETS])
def test_target(target: dict[str, Any]) -> None:
    expected = np.atleast_1d(np.array(target["value"], float))
    computed = np.atleast_1d(np.array(COMPUTE[target["id"]](), float))
    assert computed.shape == expected.shape
    assert np.all(np.abs(computed - expected) <= tolerances(target["tol"], expected)), (computed, expected)


def test_there_are_261_targets_and_each_is_computed_once() -> None:
    assert len(TARGETS) == len({target["id"] for target in TARGETS}) == 261
    assert set(COMPUTE) == {target["id"] for target in TARGETS}
    assert sum(len(section.COMPUTE) for section in SECTIONS) == 261
