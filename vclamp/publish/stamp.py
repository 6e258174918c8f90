"""What a published file says of where it comes from: the program, the run, and a checksum of all its numbers."""

from collections.abc import Sequence
from hashlib import sha256

from vclamp import __version__
from vclamp.model.files import to_json
from vclamp.model.record import Recording


def stamp(recordings: Sequence[Recording]) -> str:
    """The SHA-256 of rigs, protocols, seeds and every sample, by which a figure can be told to be of a run."""
    whole = sha256()
    for recording in recordings:
        header = recording.header
        whole.update(f"{to_json(header.rig)}{to_json(header.protocol)}{header.seed}".encode())
        for sweep in recording.sweeps:
            whole.update(f"{sweep.index}{sweep.names}{sweep.values.shape}".encode())
            for row in sweep.values:
                whole.update(row.tobytes())
    return f"vclamp sha256:{whole.hexdigest()}"


def facts(recordings: Sequence[Recording], title: str) -> dict[str, str]:
    """Title, program and checksum, as they stand in a file's metadata."""
    return {"Title": title, "Creator": f"VClamp {__version__}", "Keywords": stamp(recordings)}


def title_of(recording: Recording) -> str:
    """A run in a few words."""
    header = recording.header
    return recording.about.name or f"{header.protocol.title} on {header.rig.cell.title}"
