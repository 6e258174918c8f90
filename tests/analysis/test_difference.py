"""The difference from a control, against what a blocker must take away."""

from dataclasses import replace

import numpy as np
import pytest
from recordings import iv, squid_axon

from vclamp.analysis.difference import DIFFERENCE, difference_pA, is_comparable, with_difference
from vclamp.model.edit import with_value
from vclamp.model.record import Header
from vclamp.run.runner import record

TTX = "solutions.drugs.TTX.out_mM"


def test_half_the_channels_blocked_take_half_of_the_sodium_current_away() -> None:
    """A blocker at its IC50 leaves one half, whatever the voltage; under an ideal clamp nothing else changes."""
    rig, protocol = squid_axon(), iv()
    (blocker,) = rig.cell.channels[0].blockers
    control = record(rig, protocol)
    now = record(with_value(rig, TTX, blocker.ic50_mM, ""), protocol)
    for before, after in zip(control.sweeps, now.sweeps, strict=True):
        told = with_difference(after, before)
        assert told.names == (*after.names, DIFFERENCE)
        np.testing.assert_allclose(told[DIFFERENCE], 0.5 * before["i_na_pA"], rtol=1e-9, atol=1e-6)
        assert not told.values.flags.writeable


def test_where_the_control_has_no_sample_there_is_no_difference() -> None:
    recording = record(squid_axon(), iv())
    sweep = recording.sweeps[0]
    assert np.isnan(difference_pA(None, sweep["i_pA"])).all()
    n = sweep.values.shape[1]
    late = difference_pA(sweep, np.zeros(10), first=n - 4)
    np.testing.assert_array_equal(late[:4], sweep["i_pA"][-4:])
    assert np.isnan(late[4:]).all()


@pytest.mark.parametrize(
    ("path", "value", "comparable"), [(TTX, 1e-3, True), ("amplifier.mode", "current-clamp", False)]
)
def test_only_currents_under_voltage_clamp_are_compared(path: str, value: object, comparable: bool) -> None:
    rig = squid_axon()
    header, other = Header(rig, iv(), 0, ""), Header(with_value(rig, path, value, ""), iv(), 0, "")
    assert is_comparable(other, header) == comparable
    assert not is_comparable(Header(rig, replace(iv(), hold_mV=-60.0), 0, ""), header)
