"""The charge of the sensors comes back from their currents: z e N at most, and as much on the way back."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from patches import BAD, changed

from vclamp import paths
from vclamp.analysis.charge import gating_charge_answer, on_and_off, transient_charge_fC
from vclamp.analysis.results import Question, Result
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.channel import Channel
from vclamp.model.files import load_rig
from vclamp.model.gating import TwoState
from vclamp.model.protocol import Hold, Ladder, Protocol, Step
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.physics.gating import two_state_p_open
from vclamp.run.runner import record

STEPS = Protocol("q-v", (Hold(10.0), Step(Ladder(-80.0, 5.0), 20.0), Hold(20.0)), 20, -80.0)
OWN = "i_gating_two_state_k_pA"
FULL_fC = 4.0 * 1e5 * 1.602176634e-4  # z N e


@cache
def two_state(pore: str = "open") -> Rig:
    """The shipped cell; its pore blocked, or through a pipette as well."""
    rig = load_rig(paths.CELLS / "hek-two-state-k.toml")
    channel, *others = rig.cell.channels
    if pore != "open":
        rig = replace(rig, cell=replace(rig.cell, channels=(replace(channel, g_nS=0.0), *others)))
    amplifier = Amplifier(rs_MOhm=5.0) if pore == "pipette" else Amplifier()
    return replace(rig, amplifier=amplifier)


@cache
def recorded(pore: str = "open") -> Recording:
    return record(two_state(pore), STEPS)


def ask(recording: Recording, trace: str = OWN, **question: object) -> Result:
    return gating_charge_answer([recording], Question(trace=trace, **question))  # type: ignore[arg-type]


def test_the_area_of_a_transient_above_its_end_is_its_charge() -> None:
    t = np.arange(1000) / 50.0
    assert transient_charge_fC(300.0 * np.exp(-t / 0.5) + 40.0, 50.0) == pytest.approx(150.0, rel=1e-3)


@pytest.mark.parametrize(("pore", "trace"), [("open", OWN), ("blocked", "i_pA")])
def test_q_v_is_boltzmann_with_the_charge_of_all_channels(pore: str, trace: str) -> None:
    result = ask(recorded(pore), trace)
    assert result.notes == ()
    expected = {"q_max_fC": FULL_fC, "v_half_mV": -30.0, "z_e": 4.0}
    for name, value in expected.items():
        assert result[name].value == pytest.approx(value, rel=1e-3), name
        assert result[name].truth == pytest.approx(value, rel=1e-6), name
    v, on_fC, off_fC = on_and_off(recorded(pore), Question(trace=trace))
    held = two_state_p_open(np.array([-80.0]), 4.0, -30.0, 295.15)
    assert on_fC == pytest.approx(FULL_fC * (two_state_p_open(v, 4.0, -30.0, 295.15) - held), abs=0.01 * FULL_fC)
    assert off_fC == pytest.approx(-on_fC, abs=0.01 * FULL_fC)
    assert result["returned"].value == pytest.approx(1.0, abs=5e-3)


def test_four_subunits_have_the_curve_of_one_and_the_charge_of_four() -> None:
    rig = two_state()
    channel = replace(rig.cell.channels[0], gating=TwoState(z_e=3.0, k0_per_ms=0.5, v_half_mV=-40.0, subunits=4))
    many = replace(rig, cell=replace(rig.cell, channels=(channel,)))
    result = ask(record(many, STEPS))
    assert result["q_max_fC"].value == pytest.approx(3.0 * FULL_fC, rel=0.01)
    assert result["z_e"].value == pytest.approx(3.0, rel=0.01)
    assert result["v_half_mV"].value == pytest.approx(-40.0, abs=0.3)


def test_after_a_prepulse_the_charge_is_that_which_moves_from_there() -> None:
    """At -30 mV half of the charge has already moved; it returns to where all is back."""
    stepped = replace(STEPS, segments=(Hold(5.0), Step(-30.0, 20.0), *STEPS.segments[1:]))
    result = ask(record(two_state(), stepped))
    assert result.notes == ()
    assert result["q_hold_fC"].truth == pytest.approx(-0.5 * FULL_fC, rel=1e-6)
    assert result["q_hold_fC"].value == pytest.approx(-0.5 * FULL_fC, rel=0.01)
    assert result["returned"].value == pytest.approx(1.0, abs=5e-3)
    for curve in result.curves:
        assert curve.truth == pytest.approx(curve.curve.y, abs=0.01 * FULL_fC)


def test_an_ionic_current_is_no_charge_that_returns() -> None:
    assert any("returns" in note for note in ask(recorded(), "i_pA").notes)


def test_the_charge_of_the_membrane_is_said_to_be_in_the_whole_current() -> None:
    assert any("leak subtraction" in note for note in ask(recorded("pipette"), "i_pA").notes)


def test_charge_that_moves_between_two_samples_is_noted() -> None:
    fast = replace(STEPS, hold_mV=-120.0, fs_kHz=20.0)
    assert any("sample faster" in note for note in ask(record(two_state(), fast)).notes)


def test_a_filter_delays_charge_but_keeps_it() -> None:
    recorder = Recorder(on=True, filter_kHz=10.0, noise=False, bits=0)
    rig = replace(two_state("blocked"), amplifier=Amplifier(recorder=recorder))
    result = ask(record(rig, replace(STEPS, fs_kHz=250.0)), "i_pA")
    # the first sample after a jump counts in full: at most half a sample in τ = 40 µs, of the fastest transient
    assert result["q_max_fC"].value == pytest.approx(FULL_fC, rel=0.05)
    assert result["v_half_mV"].value == pytest.approx(-30.0, abs=0.3)
    assert result["returned"].value == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("n", [1, 3, 20])
def test_bad_currents_are_answered_with_a_sentence(what: str, n: int) -> None:
    bad = changed(replace(recorded("blocked"), sweeps=recorded("blocked").sweeps[:n]), BAD[what])
    result = ask(bad, "i_pA")
    assert result.notes or (what in ("huge", "tiny", "one nan") and n == 20)
    assert all(note.endswith(".") for note in result.notes)


@pytest.mark.parametrize(
    "segments",
    [
        (Hold(10.0), Step(0.0, 10.0), Hold(10.0)),
        (Hold(10.0), Step(Ladder(-80.0, 5.0), 10.0)),
        (Hold(Ladder(5.0, 1.0)),),
    ],
)
def test_protocols_for_something_else_are_answered_with_a_sentence(segments: tuple[object, ...]) -> None:
    protocol = Protocol("other", segments, 3, -80.0)  # type: ignore[arg-type]
    assert ask(record(two_state(), protocol)).notes


def test_a_channel_without_known_charges_has_no_truth() -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    assert isinstance(rig.cell.channels[0], Channel)
    result = ask(record(rig, STEPS), "i_k_pA")
    assert all(np.isnan(e.truth) for e in result.estimates if e.name != "returned")
