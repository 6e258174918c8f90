"""Every amplifier of the engine agrees with scipy's solution of the equations in `references`."""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle.comparison import AXON, REFERENCE_mV, axon, compare, linear, passive, peak, played, rig_of, step
from oracle.references import Membrane, solved, sweep_of

from vclamp.engine import tables
from vclamp.model.protocol import CurrentRamp, CurrentStep, Hold, Ladder, Protocol, Ramp, Step, Stretch
from vclamp.model.record import Change, Recording
from vclamp.model.rig import Amplifier
from vclamp.physics import circuit
from vclamp.run.runner import Script, record, replay

Array = NDArray[np.float64]

W4 = Protocol("w4", (Hold(10.0), Step(Ladder(-80.0, 140.0 / 19.0), 40.0), Hold(10.0)), n_sweeps=20, hold_mV=-80.0)

L1 = Amplifier(rs_MOhm=10.0)
DIALS = {"rs_est_MOhm": 10.0, "cm_est_pF": 20.0, "cp_est_pF": 4.0}
L2 = replace(L1, circuit="simplified", **DIALS)
L3 = replace(L2, circuit="full", tau_sum_ms=0.040)
ROUGH = {"rs_est_MOhm": 8.0, "cm_est_pF": 25.0, "cp_est_pF": 3.0, "offset_mV": 2.0, "junction_mV": 12.0}


def compensated(a: Amplifier, percent: float, **changes: float) -> Amplifier:
    return replace(a, correction_percent=percent, prediction_percent=percent, **changes)


CAMPAIGN = pytest.mark.campaign
AMPLIFIERS = {
    "L2 plain": replace(L2, rs_est_MOhm=0.0, cm_est_pF=0.0),
    "L2 40 %": compensated(L2, 40.0),
    "L2 80 %": compensated(L2, 80.0),
    "L2 rough": compensated(L2, 70.0, **ROUGH),
    "L2 only correction": replace(L2, correction_percent=60.0, cm_est_pF=0.0),
    "L2 only prediction": replace(L2, prediction_percent=90.0),
    "L3 plain": replace(L3, rs_est_MOhm=0.0, cm_est_pF=0.0, cp_est_pF=0.0),
    "L3 70 %": compensated(L3, 70.0),
    "L3 rough": compensated(L3, 60.0, **ROUGH),
    "L3 different": replace(L3, correction_percent=50.0, prediction_percent=80.0),
}


# ---- the references themselves


@pytest.mark.parametrize("name", ["L1", *AMPLIFIERS])
def test_the_reference_is_the_matrix_exponential_on_a_passive_membrane(name: str) -> None:
    membrane, amplifier, protocol = passive(5.0, e_mV=-20.0), AMPLIFIERS.get(name, L1), step(20.0)
    exact = linear(amplifier, membrane)
    u = circuit.inputs(protocol.command_mV(0), i_zero_pA=100.0, v_off_mV=amplifier.unseen_mV)
    x = circuit.propagated(exact, exact.steady(u[0]), u[:-1], 1.0 / protocol.fs_kHz)
    found = sweep_of(membrane, amplifier, protocol)
    assert found["v_mV"] == pytest.approx(x[:, 0], abs=1e-7)
    assert found["i_pA"] == pytest.approx(exact.measured_pA(x, u), abs=1e-5)


@pytest.mark.parametrize(
    ("amplifier", "membrane", "levels_mV", "at_ms", "trace", "expected", "within"),
    [  # targets V13, V49, V50, V51 and V54
        (AMPLIFIERS["L3 plain"], passive(2.0), (-80.0, -70.0), 0.2, "v_mV", -73.06963, 1e-4),
        ("patch 70 %", passive(10.0, 25.0), (-80.0, 20.0), 9.0, "v_mV", 19.64637, 1e-4),
        ("patch 70 %", passive(10.0, 25.0), (-80.0, 20.0), 0.1, "v_mV", 2.305618, 1e-3),
        ("patch 70 %", passive(10.0, 25.0), (-80.0, 20.0), 0.2, "i_pA", 856.327, 0.05),
        ("patch", passive(10.0, 25.0), (-80.0, 20.0), 0.1, "v_mV", -31.20678, 1e-3),
    ],
    ids=["V13", "V49", "V50", "V51", "V54"],
)
@pytest.mark.parametrize("solver", ["reference", "engine"])
def test_the_amplifiers_meet_the_published_models(
    solver: str, amplifier: Amplifier | str, membrane: Membrane, levels_mV: tuple[float, float], at_ms: float,
    trace: str, expected: float, within: float,
) -> None:  # fmt: skip
    if isinstance(amplifier, str):
        patch = Amplifier(circuit="simplified", rs_MOhm=6.0, rs_est_MOhm=6.0, cm_est_pF=25.0)
        amplifier = compensated(patch, 70.0 if "%" in amplifier else 0.0)
    protocol = Protocol("step", (Hold(1.0), Step(levels_mV[1], 10.0)), n_sweeps=1, hold_mV=levels_mV[0])
    if solver == "reference":
        found = sweep_of(membrane, amplifier, protocol)
    else:
        found, _ = played(rig_of(membrane, amplifier), protocol, 0)
    assert found[trace][50 + round(50.0 * at_ms)] == pytest.approx(expected, abs=within)


# ---- the ideal clamp


@pytest.mark.parametrize("fs_kHz", [1.0, 50.0, 333.0])
def test_steps_in_an_ideal_clamp_are_exact(fs_kHz: float) -> None:
    found = compare(AXON, Amplifier(offset_mV=3.0, junction_mV=10.0), step(20.0, fs_kHz=fs_kHz))
    assert found.v_mV < 1e-12
    assert found.current < 1e-9, found


def test_ramps_in_an_ideal_clamp_are_within_1e_4() -> None:
    protocol = Protocol("ramp", (Hold(2.0), Step(-120.0, 10.0), Ramp(60.0, 50.0)), n_sweeps=1, hold_mV=-80.0)
    found = compare(AXON, Amplifier(junction_mV=-8.0), protocol)
    assert found.v_mV < 1e-11
    assert found.current < 1e-4, found


# ---- the shipped cell through 10 MΩ


@pytest.mark.parametrize("sweep", [0, 3, 8, 13, 19])
def test_a_clamp_that_fails_completely_is_followed_to_2_uV(sweep: int) -> None:
    found = compare(AXON, L1, W4, sweep)
    assert found.v_mV < 2e-3, found
    assert found.current < 1e-4, found
    assert found.is_admitted, found


@pytest.mark.parametrize("sweep", [5, pytest.param(8, marks=CAMPAIGN), pytest.param(12, marks=CAMPAIGN)])
@pytest.mark.parametrize("amplifier", AMPLIFIERS.values(), ids=AMPLIFIERS)
def test_a_compensated_clamp_is_followed_to_a_thousandth(amplifier: Amplifier, sweep: int) -> None:
    found = compare(AXON, amplifier, W4, sweep)
    span_mV = W4.stretches(sweep)[1].start_mV - W4.hold_mV
    assert found.settled_mV < 1e-3 * span_mV, found
    assert found.current < 1e-3, found
    assert found.is_admitted, found


# ---- stiff corners


@dataclass(frozen=True)
class Corner:
    """A membrane behind a perfectly known resistance; prediction above 90 % gets a step that stays below the rails."""

    circuit: str
    rs_MOhm: float
    cm_pF: float
    total_nS: float
    correction_percent: float = 0.0
    prediction_percent: float = 0.0
    fs_kHz: float = 50.0

    def __str__(self) -> str:
        knobs = f"{self.correction_percent:g}+{self.prediction_percent:g}%"
        return f"{self.circuit} {self.rs_MOhm:g}MOhm {self.cm_pF:g}pF {self.total_nS:g}nS {knobs} {self.fs_kHz:g}kHz"

    @property
    def amplifier(self) -> Amplifier:
        """Wide open: currents of 10 µA do not saturate its output."""
        return Amplifier(
            circuit=self.circuit,  # type: ignore[arg-type]
            rs_MOhm=self.rs_MOhm,
            rs_est_MOhm=self.rs_MOhm,
            cm_est_pF=min(self.cm_pF, 1000.0),
            cp_est_pF=4.0,
            correction_percent=self.correction_percent,
            prediction_percent=self.prediction_percent,
            tau_sum_ms=0.040 if self.circuit == "full" else 0.010,
            feedback_GOhm=0.001,
        )

    @property
    def membrane(self) -> Membrane:
        return axon(self.total_nS, self.cm_pF)

    @property
    def protocol(self) -> Protocol:
        hold_mV, level_mV = (-55.0, -40.0) if self.prediction_percent > 90.0 else (-80.0, -10.0)
        return step(level_mV, fs_kHz=self.fs_kHz, hold_mV=hold_mV)

    @property
    def is_stable(self) -> bool:
        """Whether the amplifier would hold this capacitance without any current."""
        bare = linear(self.amplifier, passive(0.0, self.cm_pF))
        return bool(np.linalg.eigvals(bare.a).real.max() < 0.0)

    def check(self) -> None:
        """The engine follows the reference and knows how far it is off."""
        found = compare(self.membrane, self.amplifier, self.protocol)
        span_mV = abs(np.diff(self.protocol.command_mV(0))).max()
        assert found.settled_mV < 2e-3 * span_mV, found
        assert found.current < (1e-3 if self.fs_kHz > 20.0 else 3e-2), found  # gates may be as fast as 10 kHz
        assert found.is_admitted, found


CORNERS = [
    # R_s C_m far below a sample: V follows every gate at once
    Corner("series-resistance", 0.1, 1.0, 100.0),
    Corner("series-resistance", 0.1, 20.0, 1e4, fs_kHz=200.0),
    Corner("series-resistance", 1.0, 1.0, 100.0, fs_kHz=10.0),
    Corner("simplified", 0.1, 1.0, 100.0, 50.0, 70.0, fs_kHz=10.0),
    Corner("simplified", 1.0, 20.0, 1e4, 80.0, 80.0),
    Corner("full", 0.1, 20.0, 100.0, 80.0, 80.0, fs_kHz=10.0),
    Corner("full", 0.1, 1000.0, 1e4, 0.0, 98.0, fs_kHz=10.0),
    # the membrane escapes: its negative slope is steeper than 1/R_s
    Corner("series-resistance", 100.0, 1.0, 1e4),
    Corner("series-resistance", 100.0, 20.0, 1e4, fs_kHz=10.0),
    Corner("simplified", 10.0, 20.0, 1e4, fs_kHz=10.0),
    Corner("simplified", 100.0, 1.0, 100.0, fs_kHz=10.0),
    Corner("simplified", 100.0, 1.0, 1e4, 0.0, 98.0),
    Corner("full", 10.0, 1.0, 1e4, 0.0, 98.0, fs_kHz=200.0),
    Corner("full", 10.0, 20.0, 1e4, 80.0, 80.0, fs_kHz=10.0),
    # hardly any membrane, and so much of it that it hardly charges
    Corner("series-resistance", 10.0, 1.0, 1e-3, fs_kHz=10.0),
    Corner("series-resistance", 100.0, 1000.0, 1e4, fs_kHz=200.0),
    Corner("simplified", 100.0, 20.0, 1e-3, 80.0, 80.0),
    Corner("simplified", 100.0, 1000.0, 100.0, 0.0, 98.0, fs_kHz=200.0),
    Corner("full", 10.0, 1.0, 1e-3, 80.0, 80.0),
    Corner("full", 10.0, 1000.0, 1e4, 50.0, 70.0),
]
GRID = [
    Corner(name, rs, cm, g, correction, prediction, fs)
    for name, rs, cm, g, (correction, prediction), fs in product(
        ("series-resistance", "simplified", "full"),
        (0.1, 1.0, 10.0, 100.0),
        (1.0, 20.0, 1000.0),
        (1e-3, 1.0, 100.0, 1e4),
        ((0.0, 0.0), (50.0, 70.0), (80.0, 80.0), (0.0, 98.0)),
        (10.0, 50.0, 200.0),
    )
    if name != "series-resistance" or prediction == 0.0
]


@pytest.mark.parametrize("corner", CORNERS, ids=str)
def test_a_stiff_corner(corner: Corner) -> None:
    assert corner.is_stable
    corner.check()


@pytest.mark.parametrize("corner", [c for c in CORNERS if c.rs_MOhm > 1.0], ids=str)
def test_the_membrane_rests_where_it_should(corner: Corner) -> None:
    mine, _ = played(rig_of(corner.membrane, corner.amplifier), corner.protocol, 0)
    exact = sweep_of(corner.membrane, corner.amplifier, corner.protocol)
    before = slice(0, round(corner.protocol.fs_kHz))
    assert mine["v_mV"][before] == pytest.approx(exact["v_mV"][before], abs=REFERENCE_mV)


@CAMPAIGN
@pytest.mark.parametrize("corner", GRID, ids=str)
def test_every_corner(corner: Corner) -> None:
    if corner.is_stable:
        corner.check()


@pytest.mark.parametrize("amplifier", [L1, AMPLIFIERS["L2 80 %"], AMPLIFIERS["L3 70 %"]], ids=["L1", "L2", "L3"])
def test_a_ramp_is_followed(amplifier: Amplifier) -> None:
    protocol = Protocol("ramp", (Hold(2.0), Ramp(60.0, 20.0), Ramp(-100.0, 5.0)), n_sweeps=1, hold_mV=-80.0)
    found = compare(AXON, amplifier, protocol)
    assert found.settled_mV < 0.02, found
    assert found.current < 1e-3, found
    assert found.is_admitted, found


# ---- the order of the method


@pytest.mark.parametrize("amplifier", [L1, AMPLIFIERS["L2 80 %"], AMPLIFIERS["L3 70 %"]], ids=["L1", "L2", "L3"])
def test_halving_the_samples_shows_a_method_of_third_order_or_better(
    amplifier: Amplifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "TOLERANCE_mV", 1e-12)
    monkeypatch.setattr(tables, "MOST_LEVELS", 3)  # one step a sample and two, whatever the membrane does
    errors = [compare(AXON, amplifier, step(fs_kHz=fs, ms=4.0)).v_mV for fs in (50.0, 100.0, 200.0)]
    ratios = np.divide(errors[:-1], errors[1:])
    assert np.all(ratios > 8.0), errors


# ---- amplifiers that lose control


def cut(protocol: Protocol, amplifiers: dict[int, Amplifier]) -> list[tuple[Amplifier, Stretch]]:
    """The first sweep in legs under the amplifiers that take over at samples, the first of them at 0."""
    legs = []
    for s in protocol.stretches(0):
        for first, last in pairwise(sorted({s.first, s.last, *(n for n in amplifiers if s.first < n < s.last)})):
            leg = Stretch(
                s.segment, first, last, s.start_mV + s.slope_mV * (first - s.first),
                s.start_mV + s.slope_mV * (last - s.first), s.start_pA + s.slope_pA * (first - s.first),
                s.start_pA + s.slope_pA * (last - s.first),
            )  # fmt: skip
            legs.append((amplifiers[max(n for n in amplifiers if n <= first)], leg))
    return legs


def changed(membrane: Membrane, protocol: Protocol, amplifiers: dict[int, Amplifier]) -> Recording:
    """A run in which amplifiers take over at samples of the first sweep."""
    inbox = Script(tuple(Change(0, n, rig_of(membrane, a)) for n, a in amplifiers.items() if n))
    return record(rig_of(membrane, amplifiers[0]), protocol, inbox=inbox)


UNSTABLE = {
    "L2 correction": replace(L2, correction_percent=100.0, rs_est_MOhm=20.0),
    "L2 both": replace(L2, correction_percent=100.0, rs_est_MOhm=20.0, prediction_percent=99.0),
    "L3 correction": replace(L3, correction_percent=100.0, rs_est_MOhm=20.0),
    "L3 both": replace(L3, correction_percent=100.0, rs_est_MOhm=20.0, prediction_percent=99.0),
}


@pytest.mark.parametrize("membrane", [AXON, passive(2.0, e_mV=-70.0)], ids=["axon", "passive"])
@pytest.mark.parametrize("amplifier", UNSTABLE.values(), ids=UNSTABLE)
def test_an_amplifier_that_oscillates_saturates_and_recovers(amplifier: Amplifier, membrane: Membrane) -> None:
    assert not np.all(np.linalg.eigvals(linear(amplifier, passive(2.0)).a).real < 0.0)
    protocol = step(-70.0, ms=250.0)
    calm = replace(amplifier, correction_percent=40.0, prediction_percent=40.0)
    (sweep,) = changed(membrane, protocol, {0: calm, 1000: amplifier, 2000: calm}).sweeps
    assert np.isfinite(sweep.values).all()
    wild = slice(1500, 2000)
    assert np.abs(sweep["v_mV"][wild]).max() > 60.0
    assert np.abs(sweep["i_pA"][wild]).max() > 50_000.0
    assert np.abs(sweep["v_mV"]).max() <= 1000.0
    assert np.abs(sweep["i_pA"]).max() <= 10_000.0 / amplifier.feedback_GOhm  # 10 V across it
    undisturbed = record(rig_of(membrane, calm), protocol).sweeps[0]
    end = slice(protocol.stretches(0)[1].last - 50, protocol.stretches(0)[1].last)
    assert sweep["v_mV"][end] == pytest.approx(undisturbed["v_mV"][end], abs=1e-4)
    assert sweep["i_pA"][end] == pytest.approx(undisturbed["i_pA"][end], abs=1e-2)


@pytest.mark.parametrize("circuit_name", ["simplified", "full"])
def test_a_prediction_of_99_percent_stays_within_the_rails(circuit_name: str) -> None:
    amplifier = replace(L2 if circuit_name == "simplified" else L3, prediction_percent=99.0)
    (sweep,) = record(rig_of(AXON, amplifier), step(50.0)).sweeps
    assert np.isfinite(sweep.values).all()
    assert np.abs(sweep["v_mV"]).max() <= 1000.0
    exact = sweep_of(AXON, replace(amplifier, prediction_percent=0.0), step(50.0))
    assert sweep["v_mV"][440] == pytest.approx(exact["v_mV"][440], abs=0.05)  # control returns after the saturation


# ---- current clamp, and to it and back

BY_CURRENT = Amplifier(mode="current-clamp", rs_MOhm=10.0)
PULSE = Protocol(
    "pulse", (Hold(2.0), CurrentStep(300.0, 5.0), Hold(15.0), CurrentRamp(500.0, 10.0), CurrentStep(-200.0, 5.0)),
    n_sweeps=1, hold_mV=-65.0,
)  # fmt: skip


@pytest.mark.parametrize("circuit_name", ["series-resistance", "simplified", "full"])
def test_an_action_potential_has_its_height_and_time(circuit_name: str) -> None:
    amplifier = replace(BY_CURRENT, circuit=circuit_name, bias_pA=-20.0)  # type: ignore[arg-type]
    mine, estimate_mV = played(rig_of(AXON, amplifier), PULSE, 0)
    exact = sweep_of(AXON, amplifier, PULSE)
    (time_ms, height_mV), (exact_ms, exact_mV) = (peak(trace["v_mV"], PULSE.fs_kHz) for trace in (mine, exact))
    assert exact_mV > 30.0
    assert time_ms == pytest.approx(exact_ms, abs=1e-5)
    assert height_mV == pytest.approx(exact_mV, abs=1e-3)
    off_mV = np.abs(mine["v_mV"] - exact["v_mV"]).max()
    assert off_mV < 5e-3
    assert estimate_mV > off_mV / 3
    assert mine["i_pA"] == pytest.approx(exact["i_pA"], abs=1e-9)


def test_switching_to_current_clamp_and_back_is_followed_and_replays_bit_for_bit() -> None:
    protocol = Protocol(
        "switched", (Hold(2.0), Step(-20.0, 6.0), CurrentStep(150.0, 12.0), Hold(6.0)), n_sweeps=2, hold_mV=-70.0
    )  # fmt: skip
    for there in (replace(BY_CURRENT, bias_pA=30.0), Amplifier(offset_mV=2.0)):
        amplifiers = {0: L1, 237: there, 801: BY_CURRENT, 1100: replace(L1, junction_mV=4.0)}
        found = changed(AXON, protocol, amplifiers)
        exact = solved(AXON, protocol, cut(protocol, amplifiers))
        sweep = found.sweeps[0]
        assert [change.sample for change in sweep.changes] == [237, 801, 1100]
        assert sweep["v_mV"] == pytest.approx(exact["v_mV"], abs=5e-3)
        assert sweep["i_pA"] == pytest.approx(exact["i_pA"], abs=0.5)
        for chunk_ms in (0.02, 1.3, float("inf")):
            again = replay(found, chunk_ms=chunk_ms)
            assert [s.changes for s in again.sweeps] == [s.changes for s in found.sweeps]
            assert all(np.array_equal(a.values, b.values) for a, b in zip(again.sweeps, found.sweeps, strict=True))


@pytest.mark.parametrize("amplifier", [AMPLIFIERS["L2 80 %"], AMPLIFIERS["L3 70 %"]], ids=["L2", "L3"])
def test_electronics_may_be_switched_off_and_on_in_a_sweep(amplifier: Amplifier) -> None:
    by_current = replace(amplifier, mode="current-clamp")
    found = changed(AXON, step(-40.0, ms=40.0), {0: amplifier, 333: by_current, 777: amplifier})
    (again,) = replay(found, chunk_ms=0.7).sweeps
    (sweep,) = found.sweeps
    assert np.array_equal(again.values, sweep.values)
    assert [change.sample for change in again.changes] == [333, 777]
    jumps = np.abs(np.diff(sweep["v_mV"]))
    assert jumps[332] < 5.0  # the membrane goes on from where it is
    assert jumps[776] < 5.0
    exact = solved(AXON, step(-40.0, ms=40.0), cut(step(-40.0, ms=40.0), {0: amplifier, 333: by_current})[:3])
    assert sweep["v_mV"][:777] == pytest.approx(exact["v_mV"][:777], abs=5e-3)


# ---- junction potential and offset


@pytest.mark.parametrize("name", ["ideal", "L1", *AMPLIFIERS])
def test_the_membrane_is_at_the_command_less_the_junction_potential(name: str) -> None:
    amplifier = replace(AMPLIFIERS.get(name, L1 if name == "L1" else Amplifier()), offset_mV=0.0, junction_mV=9.0)
    (sweep,) = record(rig_of(passive(1e-6), amplifier), step(-20.0)).sweeps
    assert sweep["command_mV"][100] == -20.0
    assert sweep["v_mV"][0] == pytest.approx(-89.0, abs=1e-4)
    assert sweep["v_mV"][440] == pytest.approx(-29.0, abs=1e-4)
    shifted = replace(amplifier, junction_mV=0.0)
    protocol = Protocol("shifted", (Hold(1.0), Step(-29.0, 8.0), Hold(3.0)), n_sweeps=1, hold_mV=-89.0)
    plain = record(rig_of(AXON, shifted), protocol).sweeps[0]
    moved = record(rig_of(AXON, amplifier), step(-20.0)).sweeps[0]
    assert moved["v_mV"] == pytest.approx(plain["v_mV"], abs=1e-6)
    assert moved["i_na_pA"] == pytest.approx(plain["i_na_pA"], abs=1e-3)
