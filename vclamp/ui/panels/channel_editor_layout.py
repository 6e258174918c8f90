"""Where the states of a scheme stand: in rows, as they are listed, each row near the states that it is joined to."""

from collections.abc import Collection, Sequence

Cell = tuple[int, int]  # column and row
Pairs = Collection[tuple[int, int]]

DOWN, UP, WIDER = 0.1, 0.05, 0.2  # of places equally near: rather beside than below, above last, within before beyond


def placed(n: int, pairs: Pairs) -> tuple[Cell, ...]:
    """Columns and rows, from 0, of n states that are joined in pairs.

    States that are listed one after the other and joined make a row. Each row is put where the edges to those
    before it are shortest.
    """
    joined = {frozenset(pair) for pair in pairs}
    rows: list[list[int]] = []
    for state in range(n):
        if rows and frozenset((rows[-1][-1], state)) in joined:
            rows[-1].append(state)
        else:
            rows.append([state])
    at: dict[int, Cell] = {}
    for row in rows:
        if not at:
            at.update({state: (k, 0) for k, state in enumerate(row)})
            continue
        best = min(_candidates(row, at), key=lambda cells: _cost(row, cells, at, joined))
        at.update(zip(row, best, strict=True))
    left, top = (min(cell[axis] for cell in at.values()) for axis in (0, 1))
    return tuple((at[state][0] - left, at[state][1] - top) for state in range(n))


def runs_through(a: Cell, b: Cell, others: Collection[Cell]) -> bool:
    """Whether the straight line between two cells runs through another one."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    for x, y in others:
        along = (x - a[0]) * dx + (y - a[1]) * dy
        across = (x - a[0]) * dy - (y - a[1]) * dx
        if 0 < along < dx * dx + dy * dy and abs(across) < 0.35 * (dx * dx + dy * dy) ** 0.5:
            return True
    return False


def _candidates(row: Sequence[int], at: dict[int, Cell]) -> list[list[Cell]]:
    """Free places for a row of states."""
    columns, lines = [cell[0] for cell in at.values()], [cell[1] for cell in at.values()]
    taken = set(at.values())
    found = []
    for line in range(min(lines) - 1, max(lines) + 2):
        for first in range(min(columns) - len(row), max(columns) + 2):
            cells = [(first + k, line) for k in range(len(row))]
            if not taken & set(cells):
                found.append(cells)
    return found


def _cost(row: Sequence[int], cells: Sequence[Cell], at: dict[int, Cell], joined: set[frozenset[int]]) -> float:
    """Length of the edges that this place of a row makes; worse where the whole grows, or grows upward."""
    cost = 0.0
    for state, here in zip(row, cells, strict=True):
        for other, there in at.items():
            if frozenset((state, other)) in joined:
                cost += abs(here[0] - there[0]) + (1.0 + DOWN) * abs(here[1] - there[1])
    columns, lines = zip(*at.values(), *cells, strict=True)
    cost += WIDER * (max(columns) - min(columns) + max(lines) - min(lines))
    return cost + UP * (cells[0][1] < min(cell[1] for cell in at.values()))
