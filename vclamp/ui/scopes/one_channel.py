"""The scope of the gates, of one channel alone."""

from dataclasses import replace

from vclamp.model.channel import Channel
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, Line, ScopeKind


def gates_of(name: str, title: str) -> ScopeKind:
    """The gates of a channel; those of all of them in a rig that has no such channel."""
    every = SCOPES["gates"].traces

    def own(rig: Rig) -> tuple[Line, ...]:
        names = {trace for channel in rig.cell.channels if channel.name == name for trace in gate_traces(channel)}
        return tuple(line for line in every(rig) if line.trace in names) or every(rig)

    return replace(SCOPES["gates"], title=f"gates {title}", traces=own)


def gate_traces(channel: Channel) -> tuple[str, ...]:
    """The traces of a channel's gates, where it has some that are no scheme of states."""
    return tuple(f"gate_{channel.name}_{gate.name}" for gate in channel.gates)
