"""The sentence above the inspector's table names what matters at the sample: cause, size, side."""

from math import nan

import pytest
from recordings import squid_axon

from vclamp.analysis.inspector import Inspection, Part, VoltageError
from vclamp.model.amplifier import Amplifier
from vclamp.model.rig import Cell, Rig
from vclamp.ui.panels.inspector_words import Row, headline, written


def parts(**currents_pA: float) -> tuple[Part, ...]:
    kinds = {"charge": "capacitor", "q_k": "gating"}
    labels = {"na": "Na⁺", "k": "K⁺", "q_k": "gating, K⁺"}
    return tuple(Part(key, kinds.get(key, "channel"), labels.get(key, key), i) for key, i in currents_pA.items())


def said(error: VoltageError | None = None, amplifier: Amplifier | None = None, **currents_pA: float) -> str:
    rig = Rig(Cell("c", 10.0), amplifier=amplifier or Amplifier())
    total = sum(currents_pA.values())
    error = error or VoltageError(-60.0, -60.0)
    return headline(Inspection(rig, 1.0, {"i_pA": total}, true_pA=total, membrane=parts(**currents_pA), error=error))


@pytest.mark.parametrize(
    ("currents_pA", "sentence"),
    [
        ({"na": 0.0}, "Nothing flows through the membrane here."),
        ({"na": -800.0, "k": 804.0}, "804 pA of K⁺ current and −800 pA of Na⁺ current nearly cancel: 4.00 pA in all."),
        ({"charge": 900.0, "k": 5.0}, "Most of the 905 pA here charges the membrane."),
        ({"na": -900.0, "k": 5.0}, "Most of the −895 pA here is Na⁺ current."),
        (
            {"q_k": 60.0, "k": 40.0, "na": 30.0},
            "The 130 pA here are mainly 60.0 pA of gating current (K⁺) and 40.0 pA of K⁺ current.",
        ),
    ],
)
def test_the_largest_currents_are_named(currents_pA: dict[str, float], sentence: str) -> None:
    assert said(**currents_pA) == sentence


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (VoltageError(-20.0, -30.0, rs_mV=10.0), "10.0 mV below its command, because 10 MΩ × 1000 pA."),
        (VoltageError(-20.0, -15.0, junction_mV=-5.0), "above its command, because offset and junction potential"),
        (VoltageError(-20.0, -26.0, rs_mV=1.0, lag_mV=5.0), "below its command, because the amplifier is still on its"),
        (VoltageError(-20.0, -22.0, rs_mV=10.0, correction_mV=-8.0), "because correction leaves 2 MΩ × 1000 pA."),
    ],
)
def test_the_largest_cause_of_a_false_voltage_is_named(error: VoltageError, why: str) -> None:
    amplifier = Amplifier(rs_MOhm=10.0, circuit="simplified", rs_est_MOhm=10.0, correction_percent=80.0)
    assert why in said(error, amplifier, k=1000.0)


def test_a_membrane_that_follows_is_praised_only_where_it_might_not() -> None:
    follows = "The membrane follows its command."
    assert follows in said(amplifier=Amplifier(rs_MOhm=1.0), k=100.0)
    assert follows not in said(k=100.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (nan, "–"), (-0.004, "0 pA"), (12.34, "12.3 pA"), (-1234.6, "−1235 pA")],
)
def test_a_number_has_the_digits_that_mean_something(value: float | None, text: str) -> None:
    assert written(Row("part", "", value)) == text


def test_of_a_secret_cell_nothing_is_told() -> None:
    assert "pA" not in headline(Inspection(squid_axon(), 1.0, {"i_pA": 5.0}, secret="exam"))
