"""The pages of the help: short chapters, and pages made of what the program says of itself anyway."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vclamp.analysis.analyses import ANALYSES
from vclamp.errors import VClampError
from vclamp.model.exam import is_told
from vclamp.model.protocol import Protocol
from vclamp.model.record import trace_names
from vclamp.model.rig import Rig
from vclamp.model.summary import summary
from vclamp.publish.scopes import SCOPES
from vclamp.publish.symbols import trace_label
from vclamp.ui.catalogue import protocols
from vclamp.ui.protocols.words import KEYS, MEANINGS, TYPES
from vclamp.ui.scopes.reading import what

FOLDER = Path(__file__).parent / "chapters"
INDEX = "index"
_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&])")  # that Markdown would take for its own
# how a trace's name begins: the chapter that explains it
_CHAPTERS = {
    "command_mV": "protocol", "v_mV": "clamp", "i_pA": "clamp", "i_membrane": "amplifier", "i_subtracted": "leak",
    "i_leg_": "leak", "i_pump": "pump", "in_": "pump", "i_gating_": "gating", "p_open_": "gating", "gate_": "gating",
    "state_": "gating", "i_": "channels",
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A page by its title and its text in Markdown, in which a link is the address of another page."""

    title: str
    text: str


def plain(text: str) -> str:
    """A text of somebody else's, in which nothing is a mark; its lines stay lines."""
    return "  \n".join(_SIGNS.sub(r"\\\1", line) for line in text.splitlines())


def page_at(address: str, rig: Rig, protocol: Protocol) -> Page:
    """The page of an address: a chapter's name, or a kind and a name as "trace:i_pA"; what is unknown is the index."""
    kind, _, name = address.partition(":")
    made: dict[str, Callable[[], Page]] = {
        "trace": lambda: of_trace(name, rig),
        "traces": lambda: _traces(rig, protocol),
        "scope": lambda: of_scope(name, rig),
        "protocol": lambda: _protocol(protocol, rig) if address.endswith(":") else chapter("protocol"),
        "segments": _segments,
        "analyses": _analyses,
        "keys": _keys,
        "course": _course,
    }
    return made.get(kind, lambda: chapter(kind))()


@cache
def chapter(name: str) -> Page:
    """A page as it is written in its file."""
    path = FOLDER / f"{name}.md"
    text = (path if path in FOLDER.glob("*.md") else FOLDER / f"{INDEX}.md").read_text(encoding="utf-8")
    return Page(text.partition("\n")[0].removeprefix("# "), text)


def idea_of(name: str) -> str:
    """What a chapter is about, and the way to it."""
    found = chapter(name)
    idea = next((part for part in found.text.split("\n\n") if part.startswith("**Idea")), "")
    return "\n\n".join(filter(None, ("---", idea, f"Read on: [{found.title}]({name})")))


def of_trace(name: str, rig: Rig) -> Page:
    """What a trace is: its equation, unit, where it comes from; of an exam's cell only what may be told."""
    if not is_told(name, rig):
        return chapter("exam")
    longest_first = sorted(rig.cell.channels, key=lambda each: -len(each.name))  # "k_leak" before "k"
    channel = next((c for c in longest_first if f"_{c.name}_" in f"_{name}_"), None)
    title = trace_label(name, rig)
    parts = [plain(what(name, rig)), f"In files it is called `{name}`."]
    if channel is not None and channel.source:
        parts.append(f"Source: {plain(channel.source)}")
    scopes = [key for key, kind in SCOPES.items() if name in [line.trace for line in kind.lines(rig)]]
    if scopes:
        parts.append("Drawn in: " + ", ".join(f"[{SCOPES[key].menu}](scope:{key})" for key in scopes))
    about = next((page for start, page in _CHAPTERS.items() if name.startswith(start)), "traces")
    return Page(title, "\n\n".join(filter(None, (f"# {plain(title)}", *parts, idea_of(about)))))


def of_scope(name: str, rig: Rig) -> Page:
    """What a scope shows of a rig."""
    kind = SCOPES[name] if name in SCOPES else SCOPES["total"]
    rows = [_trace_row(line.trace, rig) for line in kind.lines(rig)]
    lines = rows or ["On this rig there is nothing for it."]
    unit = f" ({kind.unit})" if kind.unit else ""
    return Page(kind.menu, "\n\n".join((f"# {kind.menu}{unit}", *lines, "---", "Read on: [Scopes](scopes)")))


def _trace_row(trace: str, rig: Rig) -> str:
    said = plain(what(trace, rig)).replace("  \n", " ")
    return f"[{plain(trace_label(trace, rig))}](trace:{trace}): {said}"


def _traces(rig: Rig, protocol: Protocol) -> Page:
    names = [name for name in trace_names(rig, protocol) if is_told(name, rig)]
    head = "# Traces\n\nEverything that is recorded of this rig; the same in SI units is in NWB files."
    return Page("Traces", "\n\n".join((head, *(_trace_row(name, rig) for name in names))))


def _protocol(protocol: Protocol, rig: Rig) -> Page:
    try:
        told = summary(protocol, rig).text.replace("`", "'")
    except VClampError as error:  # it does not fit this rig
        told = str(error)
    table = f"```\n{told}\n```"
    parts = (f"# {plain(protocol.title)}", plain(protocol.note), table, "[Kinds of segments](segments)")
    return Page(protocol.title, "\n\n".join(filter(None, (*parts, idea_of("protocol")))))


def _segments() -> Page:
    kinds = [f"**{word}**: {plain(MEANINGS[kind])}" for kind, word in TYPES.items()]
    values = [f"**{plain(label)}**: {plain(tip)}" for label, tip in KEYS.values()]
    return Page("Segments", "\n\n".join(("# Segments of a protocol", *kinds, "## Their values", *values)))


def _analyses() -> Page:
    rows = [f"- {plain(each.title)}" for each in ANALYSES.values()]
    return Page("Analyses", "\n".join(("# Analyses", "", *rows, "", "[How they answer](analysis)")))


def _course() -> Page:
    rows = [f"- [{plain(title)}](open:{name})" for name, title in protocols().items()]
    how = "A click takes the protocol and its cell, with the scopes and the analysis that show its point. "
    return Page("The lab course", "\n".join(("# The lab course", "", f"{how}Ctrl+Z takes it back.", "", *rows)))


def _keys() -> Page:
    from vclamp.ui.actions import all_keys
    from vclamp.ui.key_map import shown

    parts = ["# Keys"]
    for group, rows in all_keys().items():
        table = [f"| {plain(shown(key))} | {plain(words)} |" for key, words in rows]
        parts.append("\n".join((f"## {group}", "", "| key | |", "|---|---|", *table)))
    return Page("Keys", "\n\n".join(parts))
