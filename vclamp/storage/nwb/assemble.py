"""The file as pynwb has it: amplifier, electrodes, series without their data, and the tables of icephys."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from vclamp import __version__
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.storage.nwb import words
from vclamp.storage.nwb.definition import packed
from vclamp.storage.nwb.hierarchy import Hierarchy
from vclamp.storage.nwb.layout import MODULE, TRUTH, Planned, Roles
from vclamp.storage.nwb.ticks import PIECE, Ticks
from vclamp.units import SI, unit_of

if TYPE_CHECKING:
    from pynwb import NWBFile, TimeSeries
    from pynwb.icephys import IntracellularElectrode

UNIDENTIFIED = "http://purl.obolibrary.org/obo/NCBITaxon_32644"  # a species must be given


def assembled(recordings: Sequence[Recording], plans: Sequence[Sequence[Planned]], tick: Ticks) -> "NWBFile":
    """The file, with a tick for each sweep.

    Series with a template are left out; in the table of recordings the template stands in their place.
    """
    file = _head(recordings)
    module = file.create_processing_module(
        MODULE, "What no amplifier gives: the true membrane potential and every channel"
    )
    hierarchy = Hierarchy(file)
    for recording, plan in zip(recordings, plans, strict=True):
        hierarchy.begin(recording)
        longest = max(one.sweep.values.shape[1] for one in plan)
        made: dict[str, TimeSeries] = {}
        for one in plan:
            for trace in one.series:
                if trace not in one.templates:
                    item = made[one.series[trace]] = _series(trace, one, recording, file, min(longest, PIECE))
                    if one.roles.place(trace) == TRUTH:
                        module.add(item)
            if one.roles.partner is not None:
                names = {**one.series, **one.templates}
                hierarchy.add(one.sweep, *(role and made[names[role]] for role in one.roles.both))
            tick()
    hierarchy.finish()
    return file


def _head(recordings: Sequence[Recording]) -> "NWBFile":
    from pynwb import NWBFile
    from pynwb.file import Subject

    foreign = all(recording.foreign for recording in recordings)
    file = NWBFile(
        **words.session(recordings),
        identifier=str(uuid4()),
        session_start_time=words.began(recordings[0]) or datetime.now(UTC),
        was_generated_by=[["VClamp", __version__]],
        subject=Subject(
            subject_id=words.plain(recordings[0].header.rig.cell.name).replace("/", "-"),
            description="nothing is known of it" if foreign else "simulated, no animal",
            species=UNIDENTIFIED,
            age="P0D/",
            sex="U",
        ),
    )
    file.add_scratch(
        packed(recordings),
        name=words.DEFINITION,
        description="JSON: everything VClamp needs to run this again, bit for bit",
    )
    return file


def _electrode(file: "NWBFile", rig: Rig, *, foreign: bool) -> "IntracellularElectrode":
    """The electrode of a rig; one that was made before, if all that is known of it is the same."""
    name, about = ("unknown", "of another program") if foreign else ("VClamp", "simulated patch-clamp amplifier")
    device = file.devices[name] if name in file.devices else file.create_device(name=name, description=about)
    facts = words.electrode(rig, foreign=foreign)
    for electrode in file.icephys_electrodes.values():
        if electrode.device is device and all(getattr(electrode, key) == value for key, value in facts.items()):
            return electrode
    number = len(file.icephys_electrodes) + 1
    name = "electrode" if number == 1 else f"electrode_{number}"
    return file.create_icephys_electrode(name=name, device=device, **facts)


def _series(trace: str, plan: Planned, recording: Recording, file: "NWBFile", chunk: int) -> "TimeSeries":
    """A series of the kind that the trace's role asks for, without its data, which come in chunks of samples."""
    from hdmf.backends.hdf5.h5_utils import H5DataIO
    from pynwb import TimeSeries, icephys

    roles, sweep, protocol = plan.roles, plan.sweep, recording.header.protocol
    facts: dict[str, Any] = {
        "name": plan.series[trace],
        "data": H5DataIO(
            shape=sweep.values.shape[1:], dtype=np.float64, chunks=(chunk,), maxshape=(None,),
            compression="gzip", compression_opts=1, shuffle=True, fletcher32=True,
        ),
        "starting_time": plan.start_s,
        "rate": protocol.fs_kHz * 1000.0,
        "description": words.plain(words.description(trace, foreign=recording.foreign)),
        "comments": plan.comments,
    }  # fmt: skip
    if roles.place(trace) == TRUTH:
        return TimeSeries(**facts, unit=SI[unit_of(trace)][0])
    facts["electrode"] = _electrode(file, sweep.rig, foreign=recording.foreign)
    facts["sweep_number"] = np.uint32(sweep.index)
    if roles.clamp == "zero":
        return icephys.IZeroClampSeries(**facts)
    facts["stimulus_description"] = words.plain(protocol.name)
    voltage = roles.clamp == "voltage"
    if trace == roles.stimulus:
        kind = icephys.VoltageClampStimulusSeries if voltage else icephys.CurrentClampStimulusSeries
        return kind(**facts)
    kind = icephys.VoltageClampSeries if voltage else icephys.CurrentClampSeries
    return kind(**facts, **({} if recording.foreign else _settings(roles, sweep.rig)))


def _settings(roles: Roles, rig: Rig) -> dict[str, float]:
    """The amplifier's dials by NWB's names, in SI units and percent; those that a rig does not have are left out.

    The one dial for the capacitance of the cell is that of the whole cell, not a slow part of the pipette's. The
    bandwidth of the compensation is that of the lag behind it.
    """
    amplifier, recorder = rig.amplifier, rig.amplifier.recorder
    if roles.clamp == "current":
        return {"bias_current": amplifier.bias_pA * 1e-12}
    found = {}
    if recorder.on and recorder.bits:
        found["gain"] = recorder.gain_mV_per_pA * 1e9
    if amplifier.has_electronics:
        found |= {
            "whole_cell_series_resistance_comp": amplifier.rs_est_MOhm * 1e6,
            "whole_cell_capacitance_comp": amplifier.cm_est_pF * 1e-12,
            "resistance_comp_correction": amplifier.correction_percent,
            "resistance_comp_prediction": amplifier.prediction_percent,
            "resistance_comp_bandwidth": 1e3 / (2.0 * np.pi * amplifier.tau_sum_ms),
        }
    if amplifier.circuit == "full":
        found["capacitance_fast"] = amplifier.cp_est_pF * 1e-12
    return {key: float(value) for key, value in found.items()}
