"""NWB, the file for other people: icephys series in SI units, and all a replay needs.

Traces are stored as volts, amperes and numbers between 0 and 1; the exact definition of the
run is kept as JSON in /scratch/vclamp_run. pynwb writes, in memory; plain h5py reads.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from vclamp import units
from vclamp.errors import VClampError
from vclamp.model.files import from_data, to_data
from vclamp.model.protocol import MAX_SAMPLES_PER_SWEEP, Protocol
from vclamp.model.record import Array, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.storage.compare import differences, sweep_differences
from vclamp.storage.database import crc32
from vclamp.storage.safely import Progress, unheard
from vclamp.storage.session import pack_changes, unpack_changes

if TYPE_CHECKING:
    import h5py
    from pynwb import NWBFile, TimeSeries
    from pynwb.icephys import IntracellularElectrode

MODULE = "icephys"
DEFINITION = "vclamp_run"
PLAIN_NUMBER = ("1", 1.0)
DESCRIPTIONS = {
    "command_mV": "command potential",
    "i_pA": "total membrane current, outward positive",
    "v_mV": "true membrane potential",
}
# what h5py and a definition that is not ours can raise
_UNREADABLE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError)
UNIDENTIFIED = "http://purl.obolibrary.org/obo/NCBITaxon_32644"  # a species must be given


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write a recording; the whole file is made in memory, so that a full disk is an OSError."""
    import h5py
    from pynwb import NWBHDF5IO

    (recording,) = recordings
    with h5py.File(path.name, "w", driver="core", backing_store=False) as memory:
        NWBHDF5IO(file=memory, mode="w").write(_assembled(recording))
        memory.flush()
        path.write_bytes(memory.id.get_file_image())


def read(path: Path) -> Recording:
    """The recording in a file of ours, in our units.

    Volts turned back into millivolts may be one bit off; `same_as` compares without that.

    Raises
    ------
    VClampError
        If it is no NWB file of ours or is damaged.
    """
    stored = _stored(path)
    sweeps = tuple(replace(sweep, values=_read_only(sweep.values / _factors(sweep.names))) for sweep in stored.sweeps)
    return replace(stored, sweeps=sweeps)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly this recording."""
    (recording,) = recordings
    found = differences(_in_si(recording), _stored(path))
    if found:
        raise VClampError(f"is not what was written: {found[0]}", where=path.name)


def same_as(recording: Recording, path: Path) -> list[str]:
    """What differs between a re-run and the sweeps of a file, bit for bit, in SI units."""
    return sweep_differences(_in_si(recording).sweeps, _stored(path).sweeps)


def _assembled(recording: Recording) -> "NWBFile":
    from pynwb import NWBFile
    from pynwb.file import Subject

    rig, protocol = recording.header.rig, recording.header.protocol
    cell = rig.cell
    file = NWBFile(
        session_description=f"Simulated voltage clamp of {cell.title}: {protocol.title}",
        identifier=str(uuid4()),
        session_start_time=datetime.now(UTC),
        experiment_description=" ".join(filter(None, (cell.note, protocol.note)))
        or "A simulated voltage-clamp experiment.",
        protocol=_protocol_text(protocol),
        pharmacology=_drugs_text(rig),
        notes=_solutions_text(rig),
        was_generated_by=[["VClamp", recording.header.version]],
        subject=Subject(
            subject_id=cell.name.replace("/", "-"),
            description="simulated, no animal",
            species=UNIDENTIFIED,
            age="P0D/",
            sex="U",
        ),
    )
    run = json.dumps(_definition(recording), ensure_ascii=False)
    file.add_scratch(
        f'{{"crc32": {crc32(run)}, "run": {run}}}',
        name=DEFINITION,
        description="JSON: everything VClamp needs to run this again, bit for bit",
    )
    _add_sweeps(file, recording)
    return file


def _add_sweeps(file: "NWBFile", recording: Recording) -> None:
    protocol = recording.header.protocol
    electrode = _electrode(file, recording.header.rig)
    module = file.create_processing_module(
        MODULE, "What only a simulation knows: the true membrane potential and every channel"
    )
    lasting = (max(protocol.interval_ms, protocol.period_ms(k)) for k in range(protocol.total_sweeps))
    starts_ms = list(accumulate(lasting, initial=0.0))
    rows = []
    for sweep in _in_si(recording).sweeps:
        series = {name: _series(name, sweep, protocol, electrode, starts_ms[sweep.index]) for name in sweep.names}
        response, stimulus = series.pop("i_pA"), series.pop("command_mV")
        row = file.add_intracellular_recording(electrode=electrode, stimulus=stimulus, response=response)
        rows.append(file.add_icephys_simultaneous_recording(recordings=[row]))
        for item in series.values():
            module.add(item)
    sequence = file.add_icephys_sequential_recording(simultaneous_recordings=rows, stimulus_type=protocol.name)
    repetition = file.add_icephys_repetition(sequential_recordings=[sequence])
    file.add_icephys_experimental_condition(repetitions=[repetition])


def _electrode(file: "NWBFile", rig: Rig) -> "IntracellularElectrode":
    device = file.create_device(name="VClamp", description="simulated patch-clamp amplifier")
    return file.create_icephys_electrode(
        name="electrode",
        device=device,
        description="simulated electrode in whole-cell voltage clamp",
        location="simulated cell",
        initial_access_resistance=f"{rig.amplifier.rs_MOhm:g} MOhm (series resistance)",
        cell_id=rig.cell.name,
    )


def _series(
    name: str,
    sweep: Sweep,
    protocol: Protocol,
    electrode: "IntracellularElectrode",
    start_ms: float,
) -> "TimeSeries":
    """One trace in the kind of series that its name asks for."""
    from hdmf.backends.hdf5.h5_utils import H5DataIO
    from pynwb import TimeSeries
    from pynwb.icephys import VoltageClampSeries, VoltageClampStimulusSeries

    kinds = {"i_pA": VoltageClampSeries, "command_mV": VoltageClampStimulusSeries}
    kind = kinds.get(name, TimeSeries)
    facts: dict[str, Any] = {
        "name": _series_name(name, sweep.index),
        "data": H5DataIO(sweep[name], compression="gzip", compression_opts=1, shuffle=True, fletcher32=True),
        "starting_time": start_ms / 1000.0,
        "rate": protocol.fs_kHz * 1000.0,
        "description": DESCRIPTIONS.get(name, f"simulated {name}"),
        # neo makes a Block and its Segments of this
        "comments": json.dumps({"block": protocol.name, "segment": f"sweep_{sweep.index:03d}"}),
    }
    if kind is TimeSeries:
        return TimeSeries(**facts, unit=_si_unit(name)[0])
    return kind(
        **facts,
        electrode=electrode,
        stimulus_description=protocol.name,
        sweep_number=np.uint32(sweep.index),
    )


def _series_name(trace: str, sweep: int) -> str:
    """Name of a trace in the file, without the unit, which is an SI unit there."""
    stem = trace if _si_unit(trace) == PLAIN_NUMBER else trace.rsplit("_", 1)[0]
    return f"{stem}_{sweep:03d}"


def _si_unit(trace: str) -> tuple[str, float]:
    """SI unit of a trace and the factor that turns it into that unit."""
    if trace.startswith(("p_open_", "gate_", "state_")):  # a gate may be called mV
        return PLAIN_NUMBER
    return units.SI.get(trace.rsplit("_", 1)[-1], PLAIN_NUMBER)


def _factors(names: Sequence[str]) -> Array:
    return np.array([[_si_unit(name)[1]] for name in names])


def _in_si(recording: Recording) -> Recording:
    sweeps = (replace(s, values=s.values * _factors(s.names)) for s in recording.sweeps)
    return replace(recording, sweeps=tuple(sweeps))


def _definition(recording: Recording) -> dict[str, Any]:
    """Everything but the traces, as plain data."""
    header = recording.header
    return {
        "rig": to_data(header.rig),
        "protocol": to_data(header.protocol),
        "seed": header.seed,
        "version": header.version,
        "finished": asdict(recording.finished),
        "sweeps": [
            {
                "index": sweep.index,
                "names": sweep.names,
                "start": sweep.start,
                "changes": pack_changes(sweep),
                **({} if sweep.rig == header.rig else {"rig": to_data(sweep.rig)}),
            }
            for sweep in recording.sweeps
        ],
    }


def _stored(path: Path) -> Recording:
    """The recording in a file of ours as it stands there, in SI units."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            definition = file.get(f"scratch/{DEFINITION}")
            if definition is None:
                raise VClampError("is an NWB file, but not one of VClamp's", where=path.name)
            kept = json.loads(definition[()])
            if kept["crc32"] != crc32(json.dumps(kept["run"], ensure_ascii=False)):
                raise ValueError("crc32")
            return _recording(kept["run"], file, path.name)
    except _UNREADABLE as error:
        raise VClampError("is no NWB file or is damaged", where=path.name, remedy="Export it again.") from error


def _recording(definition: dict[str, Any], file: "h5py.File", where: str) -> Recording:
    header = Header(
        rig=from_data(Rig, definition["rig"], where),
        protocol=from_data(Protocol, definition["protocol"], where),
        seed=int(definition["seed"]),
        version=definition["version"],
    )
    sweeps = tuple(_sweep(facts, header.rig, file, where) for facts in definition["sweeps"])
    return Recording(header, sweeps, Finished(**definition["finished"]))


def _sweep(facts: dict[str, Any], run_rig: Rig, file: "h5py.File", where: str) -> Sweep:
    index, names = facts["index"], tuple(facts["names"])
    return Sweep(
        index=index,
        names=names,
        values=_read_only(np.array([_trace(file, name, index) for name in names])),
        start=tuple(facts["start"]),
        rig=from_data(Rig, facts["rig"], where) if "rig" in facts else run_rig,
        changes=unpack_changes(facts["changes"], index, where),
    )


def _trace(file: "h5py.File", name: str, sweep: int) -> Array:
    groups = {"i_pA": "acquisition", "command_mV": "stimulus/presentation"}
    group = groups.get(name, f"processing/{MODULE}")
    data = file[f"{group}/{_series_name(name, sweep)}/data"]
    if data.dtype != np.float64 or data.ndim != 1 or data.size > MAX_SAMPLES_PER_SWEEP:
        raise ValueError(name)  # before a forged shape can fill the memory
    trace: Array = data[()]
    return trace


def _read_only(values: Array) -> Array:
    values.setflags(write=False)
    return values


def _protocol_text(protocol: Protocol) -> str:
    return (
        f"{protocol.title}: {protocol.total_sweeps} sweeps of {protocol.duration_ms(0):g} ms at "
        f"{protocol.fs_kHz:g} kHz, holding potential {protocol.hold_mV:g} mV. "
        f"The exact definition is in /scratch/{DEFINITION}."
    )


def _solutions_text(rig: Rig) -> str:
    ions = [f"{i.name}: {i.out_mM:g} out, {i.in_mM:g} in" for i in rig.solutions.ions]
    return (
        f"Membrane capacitance {rig.cell.cm_pF:g} pF, series resistance "
        f"{rig.amplifier.rs_MOhm:g} MOhm (not compensated), "
        f"{units.celsius(rig.solutions.temperature_K):.1f} degrees Celsius. "
        f"Bath (out) and pipette (in) solution in mM: {'; '.join(ions) or 'none given'}."
    )


def _drugs_text(rig: Rig) -> str:
    present = [d for d in rig.solutions.drugs if d.out_mM or d.in_mM]
    texts = [f"{d.name} {d.out_mM:g} mM in the bath, {d.in_mM:g} mM in the pipette" for d in present]
    return "; ".join(texts) or "none"
