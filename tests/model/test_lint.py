"""The linter says before a run what a supervisor would say after it, and nothing when all is well."""

import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vclamp import paths
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.forecast import MOMENTS, current_pA, looked_at, openings, pieces_of
from vclamp.model.lint import Advice, lint
from vclamp.model.protocol import (
    CurrentStep,
    Hold,
    Ladder,
    Leak,
    Mark,
    MembraneTest,
    Noise,
    Protocol,
    Ramp,
    Segment,
    Series,
    Sine,
    Step,
    Train,
    Waveform,
)
from vclamp.model.rig import Rig
from vclamp.run.runner import record

PROTOCOLS, CELLS = paths.shipped(paths.PROTOCOLS), paths.shipped(paths.CELLS)
SQUID = load_rig(CELLS["squid-axon"])
REAL = load_rig(CELLS["realistic-rig"])
REAL_PEAK_pA = 3000.0  # of its Na+ current in the I-V family


def protocol(*segments: Segment, **changes: Any) -> Protocol:
    """Some sweeps at 50 kHz from -80 mV."""
    return Protocol(**{"name": "test", "segments": segments, "n_sweeps": 5, "hold_mV": -80.0, **changes})


def amplified(rig: Rig, **changes: Any) -> Rig:
    return replace(rig, amplifier=replace(rig.amplifier, **changes))


def recorded(rig: Rig, **changes: Any) -> Rig:
    return amplified(rig, recorder=replace(rig.amplifier.recorder, **changes))


def without(rig: Rig, *names: str) -> Rig:
    channels = tuple(replace(c, on=c.on and c.name not in names) for c in rig.cell.channels)
    return replace(rig, cell=replace(rig.cell, channels=channels))


def said(made: Protocol, rig: Rig, about: str) -> list[Advice]:
    """The warnings that have some words in what they say."""
    return [advice for advice in lint(made, rig) if re.search(about, advice.what)]


IV = protocol(Hold(5.0), Step(Ladder(-60.0, 30.0), 20.0, "test"), Hold(5.0))


# ---- the form


def test_a_warning_names_the_segment_what_is_wrong_and_what_to_do() -> None:
    strong = protocol(Hold(5.0), Step(240.0, 5.0, "test"))
    (advice,) = lint(strong, SQUID)
    assert (advice.segment, advice.name) == (1, "test")
    assert str(advice) == (
        "segments[1] (test): it goes to 240 mV, where na, k, leak can no longer be trusted (only to 100 mV). "
        "Change its level."
    )


@pytest.mark.parametrize("low", ["-9", "0", "-7.5"])
def test_the_voltages_for_which_a_channel_is_valid_are_read_from_its_note(low: str) -> None:
    notes = {"k": f"Valid from {low} to 100 mV."}
    channels = tuple(replace(c, note=notes.get(c.name, c.note)) for c in SQUID.cell.channels)
    (advice,) = said(IV, replace(SQUID, cell=replace(SQUID.cell, channels=channels)), "no longer be trusted")
    assert advice.what == f"it goes to -80 mV, where k can no longer be trusted (only to {low} mV)"


def test_nothing_is_said_of_a_sound_protocol() -> None:
    assert lint(IV, SQUID) == ()


JUSTIFIED = {
    "use-dependence": "has not recovered",  # which it is to show
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_nothing_is_said_of_a_shipped_protocol_on_the_cell_it_is_made_for(name: str) -> None:
    shipped = load_protocol(PROTOCOLS[name])
    found = [advice.what for advice in lint(shipped, load_rig(CELLS[shipped.opens.cell or "squid-axon"]))]
    assert all(name in JUSTIFIED and JUSTIFIED[name] in what for what in found), found


# ---- the rules


@pytest.mark.parametrize(
    ("fs_kHz", "recorder", "warns"),
    [
        (50.0, Recorder(on=True, filter_kHz=10.0), False),
        (49.0, Recorder(on=True, filter_kHz=10.0), True),
        (20.0, Recorder(on=True, filter_kHz=4.0), False),
        (20.0, Recorder(on=True, filter_kHz=0.0), False),
        (10.0, Recorder(on=False, filter_kHz=10.0), False),
    ],
)
def test_sampling_must_be_five_times_the_filter(fs_kHz: float, recorder: Recorder, warns: bool) -> None:
    found = said(replace(IV, fs_kHz=fs_kHz), amplified(SQUID, recorder=recorder), "five times")
    assert bool(found) == warns
    if found:
        assert found[0].segment is None
        assert found[0].remedy == "Raise fs_kHz to 50, or lower amplifier.recorder.filter_kHz to 9.8."


LEGS = {
    "P/4 into activation": Leak(4, polarity="same"),
    "P/-4 from -80": Leak(4),
    "P/-4 from -50": Leak(4, hold_mV=-50.0),
    "P/8 from -110": Leak(8, polarity="same", hold_mV=-110.0),
    "P/2 from -55": Leak(2, hold_mV=-55.0),
}


@pytest.mark.parametrize("name", LEGS)
def test_legs_that_cross_activation_are_those_that_leave_an_error_in_the_subtracted_current(name: str) -> None:
    """Potassium current alone, without leak and capacitance: all that subtraction changes is wrong."""
    rig = without(SQUID, "na", "leak")
    made = replace(IV, leak=LEGS[name], interval_ms=0.0)
    errors, largest = [], 0.0
    for sweep in record(rig, made).sweeps:
        baseline = sweep["i_pA"][:200].mean()
        errors.append(np.abs(sweep["i_subtracted_pA"] - (sweep["i_pA"] - baseline)).max())
        largest = max(largest, np.abs(sweep["i_pA"]).max())
    wrong = max(errors) / largest
    found = said(made, rig, "P/N")
    assert not 0.02 < wrong < 0.04  # that would be neither here nor there
    assert bool(found) == (wrong > 0.03)
    if found:
        assert found[0].name == "test"
        assert "gates of k" in found[0].what
        assert "hold_mV" in found[0].remedy


def inactivation(duration_ms: Any, **changes: Any) -> Protocol:
    return protocol(
        Hold(5.0),
        Step(Ladder(-120.0, 20.0), duration_ms, "prepulse"),
        Step(0.0, 10.0, "test"),
        **{"marks": (Mark("peak", "test"),), "n_sweeps": 6, **changes},
    )


def test_a_prepulse_must_settle_the_gates_it_is_for() -> None:
    """Hodgkin and Huxley's h has τ = 8.5 ms at -65 mV, the longest there is: three of them are 26 ms."""
    assert said(inactivation(50.0), SQUID, "settle") == []
    (advice,) = said(inactivation(10.0), SQUID, "settle")
    assert advice.name == "prepulse"
    assert "h of na" in advice.what
    assert "-60 mV" in advice.what
    needed_ms = float(re.findall(r"about ([\d.]+)", advice.remedy)[0])
    assert 15.0 < needed_ms < 27.0
    assert said(inactivation(needed_ms), SQUID, "settle") == []
    warm = replace(SQUID, solutions=replace(SQUID.solutions, temperature_K=SQUID.solutions.temperature_K + 20.0))
    assert said(inactivation(10.0), warm, "settle") == []  # Q10 = 3: nine times as fast


def test_only_gates_that_matter_must_settle() -> None:
    quick = inactivation(10.0)
    assert said(quick, without(SQUID, "na"), "settle h") == []
    between = protocol(
        Hold(5.0), Step(Ladder(-120.0, 1.0), 3.0), Step(0.0, 5.0, "test"), marks=(Mark("m", "test"),), n_sweeps=3
    )
    assert said(between, SQUID, "settle") == []  # h is open from -120 to -118 mV
    assert said(inactivation((80.0, 80.0, 80.0, 5.0, 80.0, 80.0)), SQUID, "settle") == []  # to see h move
    assert said(replace(quick, marks=(Mark("m", "prepulse"),)), SQUID, "settle") == []


def test_a_prepulse_must_settle_schemes_too() -> None:
    nav = load_rig(CELLS["hek-nav-markov"])
    duration_ms, lengthened = 5.0, 0
    while found := said(inactivation(duration_ms), nav, "settle"):  # what is slow shows late
        assert "settle nav:" in found[0].what
        duration_ms, before_ms = float(re.findall(r"about ([\d.]+)", found[0].remedy)[0]), duration_ms
        assert duration_ms > before_ms
        lengthened += 1
    assert 1 <= lengthened <= 4
    assert duration_ms < 200.0


def test_a_cell_that_lives_through_the_interval_must_recover_in_it() -> None:
    """h recovers at -80 mV with τ = 6.28 ms: after 10 ms a fifth is missing, after 30 ms one in a hundred."""
    pulse = protocol(Step(0.0, 20.0, "test"), between="interval", interval_ms=30.0)
    (advice,) = said(pulse, SQUID, "rest between")
    assert advice.segment is None
    assert re.search(r"\b1[5-9] % of h of na has not recovered", advice.what)
    needed_ms = float(re.findall(r"about ([\d.]+)", advice.remedy)[0])
    assert needed_ms == pytest.approx(20.0 + 6.28 * np.log(0.85 / 0.05), rel=0.1)
    assert said(replace(pulse, interval_ms=needed_ms), SQUID, "rest between") == []
    assert said(replace(pulse, interval_ms=50.0), SQUID, "rest between") == []
    (advice,) = said(replace(pulse, interval_ms=0.0), without(SQUID, "k"), "^0 ms of rest between")
    needed_ms = float(re.findall(r"about ([\d.]+)", advice.remedy)[0])
    assert 20.0 < needed_ms < 50.0
    assert said(replace(pulse, between="rested"), SQUID, "rest between") == []
    assert said(replace(pulse, n_sweeps=1), SQUID, "rest between") == []
    assert said(replace(pulse, series=Series(level_between="last")), SQUID, "rest between") == []


def test_a_step_must_stay_where_the_channels_were_measured() -> None:
    far = protocol(Hold(5.0), Step(Ladder(60.0, 10.0), 5.0, "test"), n_sweeps=6)
    (advice,) = said(far, SQUID, "trusted")
    assert "110 mV" in advice.what
    assert said(replace(far, n_sweeps=5), SQUID, "trusted") == []
    assert said(replace(far, n_sweeps=5), amplified(SQUID, offset_mV=5.0), "trusted")
    assert said(far, without(SQUID, "na", "k", "leak"), "trusted") == []
    low = protocol(Ramp(-160.0, 50.0, name="down"), Hold(5.0))
    assert "-160 mV" in said(low, SQUID, "trusted")[0].what


def test_the_converter_must_hold_the_current() -> None:
    """At +60 mV nearly all of 36 nS of K+ channels drive 137 mV, as leak channels do: 4.5 to 4.9 nA."""

    def rig(limit_nA: float, **changes: Any) -> Rig:
        recorder = Recorder(on=True, filter_kHz=10.0, gain_mV_per_pA=10.0 / limit_nA)
        return amplified(SQUID, recorder=replace(recorder, **changes))

    (advice,) = lint(IV, rig(4.0))
    assert advice.name == "test"
    assert re.fullmatch(r"about 4\.[5-9]\d? nA will flow, and the converter ends at 4 nA", advice.what)
    assert advice.remedy == "Lower amplifier.recorder.gain_mV_per_pA 1.2-fold."
    assert lint(IV, rig(5.0)) == ()
    assert lint(IV, rig(4.0, bits=0)) == lint(IV, rig(4.0, on=False)) == ()
    assert lint(IV, rig(4.0, range_V=13.0)) == ()


def test_the_converter_must_hold_the_capacitive_transient() -> None:
    """100 mV across 5 MΩ are 20 nA at first, of which a filter much faster than R_s C_m = 0.1 ms leaves most."""
    cell = load_rig(CELLS["model-cell-mc9"])
    test = protocol(Hold(5.0), Step(20.0, 5.0, "test"))

    def rig(limit_nA: float, **changes: Any) -> Rig:
        recorder = Recorder(on=True, filter_kHz=50.0, gain_mV_per_pA=10.0 / limit_nA)
        return amplified(cell, recorder=recorder, rs_MOhm=5.0, **changes)

    (advice,) = said(test, rig(10.0), "capacitive transient will flow")
    assert advice.name == "test"
    assert float(re.findall(r"about ([\d.]+) nA", advice.what)[0]) == pytest.approx(20.0, rel=0.1)
    assert "cm_est_pF" in advice.remedy
    assert said(test, rig(25.0), "will flow") == []
    cancelled = rig(10.0, circuit="simplified", rs_est_MOhm=5.0, cm_est_pF=22.0)
    assert said(test, cancelled, "will flow") == []


def test_the_amplifier_must_give_the_current() -> None:
    """10 V across 5 GΩ are 2 nA."""
    (advice,) = said(IV, amplified(REAL, feedback_GOhm=5.0), "the amplifier ends at 2 nA")
    assert advice.remedy.startswith(("Lower amplifier.feedback_GOhm", "Cancel it"))
    plain = Amplifier(rs_MOhm=6.0, feedback_GOhm=5.0)  # nothing but a resistance
    assert said(IV, replace(REAL, amplifier=plain), "amplifier ends") == []


def test_what_is_clamped_must_be_what_is_commanded() -> None:
    inject = protocol(Hold(5.0), CurrentStep(50.0, 20.0, "inject"))
    current = amplified(SQUID, mode="current-clamp")
    (advice,) = lint(inject, SQUID)
    assert (advice.name, advice.remedy[:33]) == ("inject", 'Set amplifier.mode = "current-cla')
    (advice,) = lint(IV, current)
    assert "commands a voltage, but the amplifier clamps the current" in advice.what
    assert lint(inject, current) == ()
    assert lint(protocol(Hold(50.0)), current) == lint(protocol(Hold(50.0)), SQUID) == ()


def test_a_step_must_outlast_the_clamp() -> None:
    """10 MΩ and 20 pF are 0.2 ms."""
    slow = load_rig(CELLS["squid-axon-20pf"])

    def pulse(duration_ms: float) -> Protocol:
        return protocol(Hold(5.0), Step(0.0, duration_ms, "pulse"), Hold(5.0))

    (advice,) = said(pulse(0.16), slow, "R_s C_m")
    assert (advice.name, "0.2 ms" in advice.what) == ("pulse", True)
    assert said(pulse(0.24), slow, "R_s C_m") == []
    assert said(pulse(0.16), SQUID, "R_s C_m") == []
    train = protocol(Hold(5.0), Train(20.0, 2.0, 0.1, level_mV=0.0, name="train"))
    assert said(train, slow, "R_s C_m")[0].name == "train"
    assert said(protocol(Sine(50.0, 100.0, amplitude_mV=10.0)), slow, "R_s C_m") == []


def test_a_mark_must_begin_after_the_capacitive_transient() -> None:
    """After three time constants of 0.2 ms 5 % are left."""
    slow = load_rig(CELLS["squid-axon-20pf"])

    def marked(start_ms: float, segment: Segment, end_ms: float | None = 5.0, **changes: Any) -> Protocol:
        return protocol(Hold(5.0), segment, marks=(Mark("peak", segment.name, start_ms, end_ms),), **changes)

    step = Step(0.0, 10.0, "test")
    (advice,) = said(marked(0.1, step), slow, "mark 'peak'")
    assert (advice.name, advice.remedy[:29]) == ("test", "Let the mark start at 0.6 ms,")
    assert said(marked(0.61, step), slow, "mark") == []
    assert said(marked(0.1, step), SQUID, "mark") == []
    assert said(marked(0.0, Step(-80.0, 10.0, "test")), slow, "mark") == []  # no jump
    assert said(marked(0.0, Ramp(0.0, 10.0, name="test")), slow, "mark") == []
    assert said(marked(0.0, MembraneTest(5.0, 20.0, "test")), slow, "mark") == []  # which begins with a baseline
    assert said(marked(0.0, step, None), slow, "mark") == []  # all of it is wanted
    assert said(marked(0.1, step, leak=Leak(4)), slow, "mark") == []


def test_of_an_exam_nothing_is_told_that_is_to_be_found_out() -> None:
    exam = replace(SQUID, cell=replace(SQUID.cell, exam=True))
    slow = replace(load_rig(CELLS["squid-axon-20pf"]), cell=exam.cell)
    crossing = replace(inactivation(5.0), leak=LEGS["P/4 into activation"], between="interval")
    assert len(lint(crossing, SQUID)) == 2
    assert lint(crossing, exam) == lint(crossing, slow) == ()
    assert len(lint(replace(IV, fs_kHz=20.0), amplified(exam, recorder=Recorder(on=True)))) == 1
    assert len(lint(IV, amplified(exam, mode="current-clamp"))) == 1


def test_a_clamp_that_oscillates_is_told() -> None:
    rig = amplified(REAL, circuit="full", cp_est_pF=0.0, correction_percent=70.0, prediction_percent=70.0)
    found = said(IV, rig, "oscillate")
    trace = record(recorded(rig, on=False), IV).sweeps[-1]["i_pA"]
    assert bool(found) == (np.ptp(trace[400:1200]) > 1e5)  # pA: from rail to rail
    assert found
    assert said(IV, REAL, "oscillate") == []


def test_much_memory_is_told() -> None:
    long = protocol(Hold(1e5), n_sweeps=4)  # 20 million samples
    (advice,) = said(long, SQUID, "memory")
    assert advice.segment is None
    assert said(replace(long, fs_kHz=5.0), SQUID, "memory") == []


# ---- what it is computed from


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("squid-axon", "iv"),
        ("squid-axon", "inactivation"),
        ("hek-herg", "hooked-tail"),
        ("hek-hcn", "hyperpolarisation"),
        ("hek-kv-mwc", "activation"),
        ("hek-bk", "strong-activation"),
        ("hek-kv-open-block", "tail"),
        ("hek-kir2-1", "iv"),
        ("hek-nmda", "iv"),
    ],
)
def test_openings_and_currents_are_foreseen_as_the_engine_then_computes_them(cell: str, name: str) -> None:
    rig, made = load_rig(CELLS[cell]), load_protocol(PROTOCOLS[name])
    sweeps = looked_at(made)
    pieces = pieces_of(made, tuple(made.course(k) for k in sweeps), hold_mV=made.hold_mV)
    foreseen = {c.name: openings(c, rig, pieces) for c in rig.cell.channels if c.is_gated}
    run = record(rig, made).sweeps
    for row, number in enumerate(pieces.segment.tolist()):
        for column, sweep in enumerate(sweeps):
            last = made.span(number, sweep)[1] - 1 if number >= 0 else 0
            for channel, opened in foreseen.items():
                assert opened.p_open[-1, row, column] == pytest.approx(run[sweep][f"p_open_{channel}"][last], abs=5e-3)
    currents = current_pA(rig, pieces, foreseen)
    chosen = np.concatenate([run[k][n] for k in sweeps for n in ("i_pA",)])
    assert currents.shape == (MOMENTS.size, len(pieces.segment), len(sweeps))
    largest = np.abs(chosen).max()
    assert np.abs(currents).max() == pytest.approx(largest, rel=0.15)


def test_what_a_pump_and_a_series_resistance_do_is_foreseen() -> None:
    pumped = amplified(load_rig(CELLS["neuron-pump"]), mode="voltage-clamp")
    slow = amplified(without(SQUID, "na"), rs_MOhm=10.0)  # across which 3.4 nA lose 34 mV
    for rig, made in ((pumped, protocol(Hold(10.0), n_sweeps=1)), (slow, protocol(Step(60.0, 20.0), n_sweeps=1))):
        pieces = pieces_of(made, (made.course(0),), hold_mV=made.hold_mV)
        foreseen = {c.name: openings(c, rig, pieces) for c in rig.cell.channels if c.is_gated and c.on}
        (sweep,) = record(rig, made).sweeps
        assert current_pA(rig, pieces, foreseen)[-1, -1, 0] == pytest.approx(sweep["i_pA"][-1], rel=0.1)


def test_an_offset_that_nobody_sees_shifts_all_voltages() -> None:
    shifted = replace(IV, hold_mV=-70.0, segments=(Hold(5.0), Step(Ladder(-50.0, 30.0), 20.0), Hold(5.0)))
    found = []
    for made, rig in ((IV, amplified(SQUID, offset_mV=13.0, junction_mV=3.0)), (shifted, SQUID)):
        pieces = pieces_of(made, tuple(made.course(k) for k in range(5)), hold_mV=made.hold_mV)
        foreseen = {c.name: openings(c, rig, pieces) for c in rig.cell.channels if c.is_gated}
        found.append(([opened.p_open for opened in foreseen.values()], current_pA(rig, pieces, foreseen)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-9)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)


def test_pieces_last_as_long_as_the_sweep() -> None:
    course = EVERY_KIND.course(3)
    pieces = pieces_of(EVERY_KIND, (course,), hold_mV=-80.0)
    assert pieces.duration_ms.sum() == pytest.approx(EVERY_KIND.duration_ms(3))
    many = protocol(Train(100.0, 2.0, 1.0, level_mV=0.0))
    assert pieces_of(many, (many.course(0),), hold_mV=-80.0).duration_ms.sum() == pytest.approx(100.0)


def test_extremes_anywhere_in_a_long_list_are_looked_at() -> None:
    levels = [0.0] * 500
    levels[333], levels[77] = 120.0, -155.0
    listed = protocol(Hold(5.0), Step(tuple(levels), 5.0), n_sweeps=500)
    assert {77, 333} <= set(looked_at(listed)) <= set(range(500))
    assert len(looked_at(listed)) < 20
    reverse = replace(listed, series=Series("reverse"))
    assert {499 - 77, 499 - 333} <= set(looked_at(reverse))
    assert len(said(listed, SQUID, "trusted")) == 1


EVERY_KIND = protocol(
    Hold(Ladder(1.0, 0.5)), Ramp(Ladder(-80.0, 40.0), 5.0, name="ramp"), Train(20.0, 5.0, 1.0, level_mV=0.0),
    Train(20.0, 5.0, 1.0, level_mV=0.0, shape="cosine"), Sine(20.0, 50.0, amplitude_mV=10.0), Noise(20.0, sd_mV=5.0),
    Waveform(0.1, values_mV=(-80.0, 20.0, -80.0)), MembraneTest(5.0, (8.0, 0.02, 0.04, 1.0, 2.0)),
    CurrentStep(5.0, 1.0), Step((0.0, 10.0, 20.0, -100.0, 5.0), 10.0, "test"),
    marks=(Mark("m", "test"), Mark("r", "ramp")), leak=Leak(4), between="interval", interval_ms=2000.0,
)  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_every_kind_of_segment_can_be_looked_at_on_every_cell(cell: str) -> None:
    rig = load_rig(CELLS[cell])
    for made in (EVERY_KIND, replace(EVERY_KIND, between="rested"), protocol(Step(0.0, 3.6e6), fs_kHz=0.01)):
        for mode in ("voltage-clamp", "current-clamp"):
            for advice in lint(made, amplified(rig, mode=mode)):
                assert advice.what.strip() == advice.what != ""
                assert not re.search(r"\bnan\b|\binf\b", str(advice)), advice
                assert advice.remedy.endswith(".")


def test_it_is_quick_however_long_the_protocol() -> None:
    long = protocol(Hold(5.0), Step(Ladder(-80.0, 0.01), 20.0, "test"), Hold(5.0), n_sweeps=10_000)
    lint(long, SQUID)
    began = time.process_time()
    lint(long, SQUID)
    assert time.process_time() - began < 1.0
