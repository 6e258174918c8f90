"""A form for everything that can be set in a described value, made from the description itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import inf
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Interval
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QMenu, QWidget

from vclamp.model.edit import items
from vclamp.model.rig import Rig
from vclamp.ui.panels.editing import Editing
from vclamp.ui.panels.equations import equation_of
from vclamp.ui.panels.headings import heading
from vclamp.ui.panels.marks import Knob
from vclamp.ui.panels.naming import name_of, value_at
from vclamp.ui.panels.optional import absent, first_values, may_be_absent
from vclamp.ui.panels.words import CHOICES, WORDS, title_of, unit_of
from vclamp.units import ZERO_CELSIUS_K

FIELD_EM = 7.1
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


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
    """The form: a heading for each part, a row for each value; what may be absent can be added and taken away."""

    def __init__(self, rig: Rig, prefix: str, skipped: tuple[str, ...]) -> None:
        super().__init__(framed=False)
        self._prefix, self._rig = prefix, rig
        self.fields: dict[str, QWidget] = {}
        self.removers: dict[str, Knob] = {}
        self.adders: dict[str, Knob] = {}
        described = value_at(rig, prefix)
        self._source = getattr(described, "source", "")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 2, 0, 2)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        found = sorted(settings(described, skipped), key=lambda each: not each.owner)  # its own values come last
        for owner_path, group in groupby(found, key=lambda each: each.owner):
            owner = value_at(described, owner_path) if owner_path else described
            title, row = title_of(owner, rig) if owner_path else "Temperature and numbers", self._grid.rowCount()
            self._grid.addWidget(heading(title), row, 0, 1, 2)
            lacking = tuple(path for path in absent(described, owner_path) if path not in skipped)
            if lacking:
                self.adders[owner_path] = self._adder(lacking, title)
                self._grid.addWidget(self.adders[owner_path], row, 1, _RIGHT)
            for setting in group:
                self._add(setting, owner, described)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        super().show_rig(rig)
        self._rig = rig

    def _add(self, setting: Setting, owner: object, described: object) -> None:
        """A row of the form."""
        path, row = f"{self._prefix}.{setting.path}", self._grid.rowCount()
        tip = "\n".join(filter(None, (WORDS[setting.key][1], equation_of(owner, setting.key), self._source)))
        item, kind = value_at(described, setting.path), kind_of(type(owner), setting.key)
        if isinstance(item, bool):
            field: QWidget = self.toggle(path, setting.label, tip)
            self._grid.addWidget(field, row, 0, 1, 2)
        elif kind.choices:
            field = self.choice(path, {value: CHOICES.get(value, value) for value in kind.choices}, tip)
        elif isinstance(item, str):
            field = self.formula(path, tip)
            self._grid.addWidget(self.caption(setting.label, field), row, 0, 1, 2)
            self._grid.addWidget(field, row + 1, 0, 1, 2)
        else:
            unit = unit_of(setting.key)
            offset = -ZERO_CELSIUS_K if unit == "°C" else 0.0
            ends = kind.low + offset, kind.high + offset
            field = self.number(path, unit, *ends, offset=offset, whole=kind.whole, tip=tip)
        self.fields[setting.path] = field
        if self._grid.indexOf(field) < 0:
            label = self.caption(setting.label, field)
            label.setWordWrap(True)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(field, row, 1)
            field.setFixedWidth(round(FIELD_EM * field.fontInfo().pixelSize()))
        if may_be_absent(setting.path):
            remover = self.removers[setting.path] = self._remover(path, setting.label)
            self._grid.addWidget(remover, row, 0, _RIGHT)

    def _remover(self, path: str, label: str) -> Knob:
        """A button that takes a value away."""
        button = Knob(text="×", objectName="more")
        button.setToolTip(f"Do without: {label}")
        button.setAccessibleName(f"do without {name_of(self._rig, path)}")
        button.clicked.connect(lambda: self.edited.emit(path, None))
        return button

    def _adder(self, paths: tuple[str, ...], title: str) -> Knob:
        """A button that offers what could be added."""
        button, menu = Knob(text="+", objectName="more"), QMenu(self)
        labels = [WORDS[path.rpartition(".")[2]][0] for path in paths]
        button.setToolTip(f"Add: {', '.join(labels)}")
        button.setAccessibleName(f"add to {name_of(self._rig, self._prefix + '.on')}, {title}: {', '.join(labels)}")
        for path, label in zip(paths, labels, strict=True):
            menu.addAction(label).triggered.connect(lambda _=False, path=path: self._bring(path))

        def offer() -> None:
            button.setFocus()  # which then goes to what is added
            menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

        button.clicked.connect(offer)
        return button

    def _bring(self, path: str) -> None:
        """Add a value that is absent."""
        self.edited_together.emit(first_values(self._rig, self._prefix, path))
