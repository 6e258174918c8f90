"""A form for everything that can be set in a described value, made from the description itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import inf
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Interval
from PySide6.QtWidgets import QGridLayout, QWidget

from vclamp.model.edit import items
from vclamp.model.rig import Rig
from vclamp.ui.panels.editing import Editing, dim, heading, value_at
from vclamp.ui.panels.words import CHOICES, WORDS, title_of, unit_of
from vclamp.units import ZERO_CELSIUS_K

FIELD_EM = 7.1


@dataclass(frozen=True)
class Kind:
    """What values of a field are: their range, the choices if there are some, whether they are whole numbers."""

    low: float = -inf
    high: float = inf
    choices: tuple[str, ...] = ()
    whole: bool = False


@cache
def kind_of(owner: type, key: str) -> Kind:
    """What a field of a description may be, by its annotation."""
    return _kind(get_type_hints(owner, include_extras=True)[key])


def _kind(hint: Any) -> Kind:
    if get_origin(hint) is Literal:
        return Kind(choices=get_args(hint))
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        ends = next((extra for extra in extras if isinstance(extra, Interval)), None)
        if ends is None:
            return _kind(inner)
        low, high = (ends.ge if ends.gt is None else ends.gt), (ends.le if ends.lt is None else ends.lt)
        return Kind(float(low), float(high), whole=inner is int)  # type: ignore[arg-type]
    if get_origin(hint) in (Union, UnionType, tuple):
        return next((kind for kind in map(_kind, get_args(hint)) if kind != Kind()), Kind())
    return Kind()


@dataclass(frozen=True)
class Setting:
    """One value that can be set: its path within what is described, its owner and its key there."""

    path: str
    owner: str
    key: str
    label: str


def settings(value: object, skipped: tuple[str, ...]) -> Iterator[Setting]:
    """Everything a form of this value shows; what has no value now, and names, are left out."""
    for path, item in items(value):
        owner, _, key = path.rpartition(".")
        absent = item is None and not (key == "n_channels" and getattr(value, "is_gated", False))
        if key in skipped or key not in WORDS or absent:
            continue
        label = WORDS[key][0]
        if isinstance(item, tuple):
            for number in range(len(item)):
                yield Setting(f"{path}.{number}", owner, key, f"{label} {number + 1}")
        else:
            yield Setting(path, owner, key, label)


class Parameters(Editing):
    """The form: a heading for each part, a row for each of its values."""

    def __init__(self, rig: Rig, prefix: str, skipped: tuple[str, ...]) -> None:
        super().__init__(framed=False)
        self._prefix = prefix
        self.fields: dict[str, QWidget] = {}
        described = value_at(rig, prefix)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 2, 0, 2)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        found = sorted(settings(described, skipped), key=lambda each: not each.owner)  # its own values come last
        for owner_path, group in groupby(found, key=lambda each: each.owner):
            owner = value_at(described, owner_path) if owner_path else described
            title = title_of(owner, rig) if owner_path else "Temperature and numbers"
            self._grid.addWidget(heading(title), self._grid.rowCount(), 0, 1, 2)
            for setting in group:
                self._add(setting, owner, described)

    def _add(self, setting: Setting, owner: object, described: object) -> None:
        """A row of the form."""
        path, row, tip = f"{self._prefix}.{setting.path}", self._grid.rowCount(), WORDS[setting.key][1]
        item, kind = value_at(described, setting.path), kind_of(type(owner), setting.key)
        if isinstance(item, bool):
            field: QWidget = self.toggle(path, setting.label, tip)
            self._grid.addWidget(field, row, 0, 1, 2)
        elif kind.choices:
            field = self.choice(path, {value: CHOICES.get(value, value) for value in kind.choices}, tip)
        elif isinstance(item, str):
            field = self.formula(path, tip)
            self._grid.addWidget(dim(setting.label), row, 0, 1, 2)
            self._grid.addWidget(field, row + 1, 0, 1, 2)
        else:
            unit = unit_of(setting.key)
            offset = -ZERO_CELSIUS_K if unit == "°C" else 0.0
            ends = kind.low + offset, kind.high + offset
            field = self.number(path, unit, *ends, offset=offset, whole=kind.whole, tip=tip)
        self.fields[setting.path] = field
        if self._grid.indexOf(field) < 0:
            label = dim(setting.label)
            label.setWordWrap(True)
            label.setToolTip(tip)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(field, row, 1)
            field.setFixedWidth(round(FIELD_EM * field.fontInfo().pixelSize()))
