"""Formulas at random, right and damaged: Python's own parser finds the same value, or the refusal names a column."""

import gc
import random
import re
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model import formula
from vclamp.model.formula import Formula
from vclamp.physics.flux import linoid
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import kelvin

Array = NDArray[np.float64]
V = np.array([-250.0, -65.0, -40.0, -1e-9, 0.0, 7.3, 250.0])
FUNCTIONS = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "abs": np.abs, "linoid": linoid}
NUMBER = re.compile(r"(?<![A-Za-z_0-9.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
NOISE = [*"v+-*/^().,;:=_[]{}'\"\\ \n\t0123456789eEuU", "exp", "linoid(", "1e", "**", "__", "²", "٣", "\x00", "\u202e"]


def reference(text: str) -> Array:
    """What Python makes of it once it is written in Python; functions and rounding of each step are the same."""
    numbers = NUMBER.sub(lambda found: f'F("{found.group()}")', re.sub(r"\s", " ", text))
    python = re.sub(r"\^( *-? *)F\(", r"**\1float(", numbers)
    names = {"F": lambda digits: np.full(V.shape, float(digits)), "float": float, "v": V, "V": V}
    with np.errstate(all="ignore"):
        u = V / thermal_voltage_mV(kelvin(22.0))
        value = eval(f"({python})", {"__builtins__": {}}, {**names, "u": u, **FUNCTIONS})
        return np.asarray(value, float)


# ---- a formula at random


def spaced(rng: random.Random) -> str:
    return rng.choice(["", "", "", "", " ", "\t", "  "])


def a_number(rng: random.Random) -> str:
    whole = rng.choice([0, 1, 2, 7, 10, 55, 123, 999, 7_000_000])
    return rng.choice([f"{whole}", f"{whole}.", f".{whole}", f"0{whole}.25", f"{whole}e-3", f"{whole}.5E+2", "1e-300"])


def an_atom(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth <= 0 or kind < 0.45:
        return rng.choice(["v", "v", "V", "u", a_number(rng)])
    inner = a_sum(rng, depth - 1)
    name = rng.choice(sorted(FUNCTIONS)) + spaced(rng) if kind < 0.8 else ""
    return f"{name}({spaced(rng)}{inner}{spaced(rng)})"


def a_product(rng: random.Random, depth: int) -> str:
    factors = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        sign = rng.choice(["", "", "", "-", "+", "--", "- "])
        power = f"^{spaced(rng)}{rng.choice(['2', '3', '12', '0.5', '-1', '- 2', '0', '1.5'])}"
        factors.append(sign + an_atom(rng, depth) + (power if rng.random() < 0.2 else ""))
    return "".join(part + spaced(rng) + rng.choice("*/") for part in factors[:-1]) + factors[-1]


def a_sum(rng: random.Random, depth: int) -> str:
    parts = [a_product(rng, depth) for _ in range(rng.choice([1, 1, 2, 3]))]
    return "".join(part + spaced(rng) + rng.choice("+-") + spaced(rng) for part in parts[:-1]) + parts[-1]


def damaged(rng: random.Random, text: str) -> str:
    """The text with some characters lost, doubled, exchanged or added."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        first, last = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        last = min(last, first + 4)
        kind = rng.randrange(4)
        middle = ["", rng.choice(NOISE), 2 * text[first:last], text[first:last][::-1]][kind]
        text = text[:first] + middle + text[last:]
    return text


def a_text(seed: int) -> str:
    """A formula, a damaged one, or noise."""
    rng = random.Random(seed)
    kind = seed % 5
    if kind == 0:
        return "".join(rng.choice(NOISE) for _ in range(rng.randrange(60)))
    if kind == 1:
        return rng.randbytes(rng.randrange(40)).decode("latin-1")
    text = a_sum(rng, rng.randrange(5))
    return text if kind == 2 else damaged(rng, text)


# ---- what must be


def off_by_ulps(text: str, value: Array) -> float:
    """How far a value is from the reference, in units of the reference's last place."""
    expected = reference(text)
    same = (value == expected) | (np.isnan(value) & np.isnan(expected))
    with np.errstate(all="ignore"):
        return float(np.where(same, 0.0, np.abs(value - expected) / np.spacing(np.abs(expected))).max())


def fuzz(seeds: range) -> dict[str, float]:
    """Try them all; how many were formulas, what was slowest and how far the worst was off."""
    figures = {"formulas": 0, "refused": 0, "slowest_ms": 0.0, "worst_ulp": 0.0}
    for seed in seeds:
        text = a_text(seed)
        gc.disable()  # what others have left is not this formula's time
        began_s = time.thread_time()
        try:
            value, said = Formula(text)(V), ""
        except VClampError as refusal:
            value, said = V, str(refusal)
        figures["slowest_ms"] = max(figures["slowest_ms"], 1e3 * (time.thread_time() - began_s))
        gc.enable()
        figures["refused" if said else "formulas"] += 1
        if said:
            assert re.search(r"column \d+: |is too long", said), (seed, said)
            assert len(said) < 400, (seed, said)
        else:
            assert value.shape == V.shape, seed
            figures["worst_ulp"] = max(figures["worst_ulp"], off_by_ulps(text, value))
    return figures


@pytest.mark.parametrize(
    "n", [1000, pytest.param(100_000, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])]
)  # fmt: skip
def test_a_text_at_random_has_the_value_that_python_finds_or_is_refused_at_a_column(n: int) -> None:
    figures = fuzz(range(n))
    print(figures)
    assert figures["worst_ulp"] <= 1.0
    assert min(figures["formulas"], figures["refused"]) > 0.2 * n


def test_the_test_above_sees_a_sign_that_binds_too_tightly(monkeypatch: pytest.MonkeyPatch) -> None:
    def power_of_signed(self: formula._Parser) -> formula.Node:
        negative = self._take("-")
        base = self._atom()
        signed = (lambda x: -base(x)) if negative else base
        if not self._take("^"):
            return signed
        exponent = self._number()
        return lambda x: signed(x) ** exponent

    monkeypatch.setattr(formula._Parser, "_sign", power_of_signed)
    formula._parse.cache_clear()
    assert fuzz(range(2, 1000, 5))["worst_ulp"] > 1.0
    formula._parse.cache_clear()


def test_without_its_limits_a_formula_breaks_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "(" * 5000 + "v" + ")" * 5000
    with pytest.raises(VClampError, match="too long"):
        Formula(deep)
    monkeypatch.setattr(formula, "MAX_LENGTH", 10**6)
    with pytest.raises(VClampError, match="nested deeper"):
        Formula(deep)
    monkeypatch.setattr(formula, "MAX_DEPTH", 10**6)
    with pytest.raises(RecursionError):
        Formula(deep)
