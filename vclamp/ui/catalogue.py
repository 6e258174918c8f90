"""The shipped protocols, and the shipped cells sorted by what they are about."""

from vclamp import paths
from vclamp.model.files import title_of, titles, topic_of

ORDER = (
    "Axons",
    "Nernst and electrodiffusion",
    "Pumps and steady states",
    "Selectivity",
    "Many ions in one pore",
    "Gating schemes",
    "Voltage-dependent block",
    "Expressed channels",
    "Model cells",
)


def protocols() -> dict[str, str]:
    """Titles of the shipped protocols by their names."""
    return titles(paths.PROTOCOLS)


def cells_by_topic() -> dict[str, dict[str, str]]:
    """Titles of the shipped cells by their names, under the topic that each file gives itself."""
    cells = paths.shipped(paths.CELLS)
    topics = {name: topic_of(path) for name, path in cells.items()}
    headings = dict.fromkeys([*ORDER, *topics.values()])
    sorted_titles = sorted(
        ((title_of(path), name) for name, path in cells.items()), key=lambda item: item[0].casefold()
    )
    found = {heading: {name: title for title, name in sorted_titles if topics[name] == heading} for heading in headings}
    return {heading: named for heading, named in found.items() if named}
