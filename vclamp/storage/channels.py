"""Files of channels."""

from pathlib import Path

from vclamp.model.channel_text import channel_of_text
from vclamp.model.files import load_channel
from vclamp.storage.safely import write_text


def save_channel(path: Path, text: str, *, overwrite: bool = False) -> Path:
    """Write the text of a channel to a file of its own, and read it back; returns the path.

    Raises
    ------
    VClampError
        If the text describes no channel, or the file cannot be written, or reads back as another channel.
    """
    wanted = channel_of_text(text, path.name)
    write_text(path, text, overwrite=overwrite, same=lambda place: load_channel(place) == wanted)
    return path
