"""What a file says in words: of the rigs, the protocols, and what users noted."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from vclamp import units
from vclamp.model.edit import items
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.model.summary import lengths_text
from vclamp.storage.database import storable

DEFINITION = "vclamp_run"  # its name in /scratch
MOST_NAMED = 6  # differences between rigs

_NAMES = {
    "command_mV": "command potential",
    "i_pA": "total membrane current, outward positive",
    "v_mV": "true membrane potential",
}


def description(trace: str, *, foreign: bool) -> str:
    """What a trace is."""
    return f"{trace}, recorded by another program" if foreign else _NAMES.get(trace, f"simulated {trace}")


def plain(text: str) -> str:
    """Text that HDF5 takes: no NUL, no lone surrogates."""
    return storable(text).replace("\0", " ")


def session(recordings: Sequence[Recording]) -> dict[str, Any]:
    """The texts of a file's head, by pynwb's names for them."""
    rigs = distinct(recording.header.rig for recording in recordings)
    protocols = distinct(recording.header.protocol for recording in recordings)
    cells = distinct(rig.cell for rig in rigs)
    notes = [note for described in (*cells, *protocols) if (note := described.note)]
    texts = {
        "session_description": "; ".join(map(_title, recordings)),
        "experiment_description": " ".join(notes) or "An experiment under a patch clamp.",
        "protocol": "\n".join(
            [*map(_protocol_text, protocols), f"The exact definitions are in /scratch/{DEFINITION}."]
        ),
        "pharmacology": "; ".join(distinct(drugs(rig) or "none" for rig in rigs)),
        "notes": "\n".join(
            [*(_solutions_text(r.header.rig) for r in _of_each_rig(recordings)), *filter(None, map(_noted, recordings))]
        ),
    }
    return {key: plain(text) for key, text in texts.items()}


def conditions(recordings: Sequence[Recording]) -> list[str]:
    """A text for the rig of each of some runs: its drugs, and what else is not the same in all that are known."""
    tables = [{} if recording.foreign else dict(items(recording.header.rig)) for recording in recordings]
    known = [table for table in tables if table]
    shared = set.intersection(*({*table} for table in known)) if known else set()
    differing = [path for path in (known[0] if known else ()) if path in shared and _differs(path, known)]
    differing.sort(key=lambda path: path.startswith("cell."))  # another cell differs in everything
    texts = []
    for recording, table in zip(recordings, tables, strict=True):
        own = [f"{path} = {_value(table[path])}" for path in differing if table]
        more = [f"{len(own) - MOST_NAMED} more"] if len(own) > MOST_NAMED else []
        first = "unknown" if recording.foreign else drugs(recording.header.rig) or "control"
        texts.append(plain("; ".join([first, *own[:MOST_NAMED], *more])))
    return texts


def _differs(path: str, tables: Sequence[dict[str, Any]]) -> bool:
    """Whether a value that is not a drug's, whose text is there already, is not the same in all."""
    return not path.startswith("solutions.drugs.") and len(distinct(table[path] for table in tables)) > 1


def drugs(rig: Rig) -> str:
    """The drugs that are there; empty if there are none."""
    present = [d for d in rig.solutions.drugs if d.out_mM or d.in_mM]
    return "; ".join(f"{d.name} {d.out_mM:g} mM in the bath, {d.in_mM:g} mM in the pipette" for d in present)


def electrode(rig: Rig, *, foreign: bool) -> dict[str, str]:
    """What is known of a rig's electrode, by pynwb's names for it; resistances in ohms."""
    cell = plain(rig.cell.name)
    if foreign:
        return {"description": "nothing is known of the electrode", "location": "unknown", "cell_id": cell}
    amplifier, recorder = rig.amplifier, rig.amplifier.recorder
    found = {
        "description": "simulated electrode in whole-cell configuration",
        "location": "simulated cell",
        "initial_access_resistance": f"{amplifier.rs_MOhm * 1e6:g} ohms",
        "cell_id": cell,
        "filtering": "none",
    }
    if recorder.on and not amplifier.clamps_current:
        if recorder.filter_kHz:
            found["filtering"] = f"4-pole Bessel, -3 dB at {recorder.filter_kHz * 1000.0:g} Hz"
        if recorder.noise:
            found["seal"] = f"{recorder.seal_GOhm * 1e9:g} ohms"
    return found


def began(recording: Recording) -> datetime | None:
    """When a run began; None if nobody knows."""
    try:
        time = datetime.fromisoformat(recording.about.started_utc)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def distinct(things: Iterable[Any]) -> list[Any]:
    """Different ones among some things, in order."""
    found: list[Any] = []
    for thing in things:
        if thing not in found:
            found.append(thing)
    return found


def _of_each_rig(recordings: Sequence[Recording]) -> list[Recording]:
    rigs = [recording.header.rig for recording in recordings if not recording.foreign]
    first = [rigs.index(rig) for rig in distinct(rigs)]
    known = [recording for recording in recordings if not recording.foreign]
    return [known[n] for n in first]


def _title(recording: Recording) -> str:
    """A run in one line."""
    about, rig, protocol = recording.about, recording.header.rig, recording.header.protocol
    if recording.foreign:
        text = f"Recording of another program, read from {about.source}: {protocol.title}"
    else:
        mode = "current" if rig.amplifier.clamps_current else "voltage"
        text = f"Simulated {mode} clamp of {rig.cell.title}: {protocol.title}"
    return f"{text} ({about.name})" if about.name else text


def _noted(recording: Recording) -> str:
    """What users said of a run, in one line; empty if nothing."""
    about = recording.about
    said = [about.note, f"tags: {', '.join(about.tags)}" if about.tags else ""]
    said += [f"sweep {index}: {note}" for index, note in about.sweep_notes]
    text = "; ".join(filter(None, said))
    return f"{about.name or recording.header.protocol.title}: {text}" if text else ""


def _protocol_text(protocol: Protocol) -> str:
    return (
        f"{protocol.title}: {protocol.total_sweeps} sweeps of {lengths_text(protocol)} ms at "
        f"{protocol.fs_kHz:g} kHz, holding potential {protocol.hold_mV:g} mV."
    )


def _solutions_text(rig: Rig) -> str:
    ions = [f"{i.name}: {i.out_mM:g} out, {i.in_mM:g} in" for i in rig.solutions.ions]
    return (
        f"Membrane capacitance {rig.cell.cm_pF:g} pF, series resistance {rig.amplifier.rs_MOhm:g} MOhm, "
        f"{units.celsius(rig.solutions.temperature_K):.1f} degrees Celsius. "
        f"Bath (out) and pipette (in) solution in mM: {'; '.join(ions) or 'none given'}."
    )


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)[:40]
