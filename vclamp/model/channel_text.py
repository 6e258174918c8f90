"""A channel as the text of its file and back, and a rig with another channel in the place of one."""

from dataclasses import replace

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.files import from_data, parsed, to_toml
from vclamp.model.rig import Rig

MAX_LETTERS = 100_000


def channel_text(channel: Channel) -> str:
    """A channel as the text of a TOML file; `channel_of_text` reads it back equal."""
    return to_toml(channel).rstrip() + "\n"


def channel_of_text(text: str, where: str) -> Channel:
    """The channel that a text describes.

    Raises
    ------
    VClampError
        One sentence with the line and the key, about the first mistake.
    """
    if len(text) > MAX_LETTERS:
        raise VClampError(f"is longer than {MAX_LETTERS:,} letters", where=where, remedy="Shorten it.")
    return from_data(Channel, parsed(text, where), where, text)


def with_channel(rig: Rig, name: str, channel: Channel) -> Rig:
    """The rig with a channel in the place of the one of that name.

    Raises
    ------
    VClampError
        If there is none of that name, or the solutions lack what the new one needs.
    """
    names = [each.name for each in rig.cell.channels]
    if name not in names:
        raise VClampError(f"the cell has no channel '{name}'", remedy=f"It has: {', '.join(names) or 'none'}.")
    channels = tuple(channel if each.name == name else each for each in rig.cell.channels)
    return replace(rig, cell=replace(rig.cell, channels=channels))
