"""Files of channels."""

from pathlib import Path

from vclamp.errors import VClampError
from vclamp.model.channel_text import channel_of_text
from vclamp.model.files import load_channel
from vclamp.storage.safely import write_safely


def save_channel(path: Path, text: str, *, overwrite: bool = False) -> Path:
    """Write the text of a channel to a file of its own, and read it back; returns the path.

    Raises
    ------
    VClampError
        If the text describes no channel, or the file cannot be written, or reads back as another channel.
    """
    wanted = channel_of_text(text, path.name)

    def write(place: Path) -> None:
        place.write_bytes(text.encode())

    def check(place: Path) -> None:
        if load_channel(place) != wanted:
            raise VClampError("does not read back as it was written", where=path.name)

    write_safely(path, write, check, overwrite=overwrite)
    return path
