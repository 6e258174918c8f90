"""The bench: the rig and protocol of now, and how they came to be. The one mutable thing."""

from dataclasses import dataclass, replace
from itertools import pairwise

from PySide6.QtCore import QObject, Signal

from vclamp import paths
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.ui.panels.naming import step_text

MAX_UNDO = 500


@dataclass(frozen=True)
class Scene:
    """What is on the bench; `control` is the rig as it was put there.

    `step` says what led here: its name, or the `paths` of the values that were set.
    """

    rig: Rig
    protocol: Protocol
    control: Rig
    step: str = ""
    paths: tuple[str, ...] = ()


class Bench(QObject):
    """Holds the scene; every edit makes a new one. A list of scenes is the undo stack.

    Edits of one value are one step until it is closed: a drag, or some turns of the wheel.
    """

    rig_changed = Signal()
    protocol_changed = Signal()

    def __init__(self, rig: Rig, protocol: Protocol, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._past: list[Scene] = []
        self._future: list[Scene] = []
        self._now = Scene(rig, protocol, control=rig)
        self._open = False  # whether a further edit of the same value belongs to the same step

    @property
    def rig(self) -> Rig:
        """The rig of now."""
        return self._now.rig

    @property
    def protocol(self) -> Protocol:
        """The protocol of now."""
        return self._now.protocol

    @property
    def control(self) -> Rig:
        """The rig as it was put on the bench."""
        return self._now.control

    @property
    def undo_step(self) -> str:
        """Name of the step that undo would take back, as "TTX 0 → 30 nM"; empty if there is none."""
        return _name(self._past[-1], self._now) if self._past else ""

    @property
    def redo_step(self) -> str:
        """Name of the step that redo would do again; empty if there is none."""
        return _name(self._now, self._future[-1]) if self._future else ""

    @property
    def steps(self) -> tuple[list[str], list[str]]:
        """Names of the steps so far, and of those taken back, in the order in which they were made."""
        scenes = [*self._past, self._now, *reversed(self._future)]
        names = [_name(before, after) for before, after in pairwise(scenes)]
        return names[: len(self._past)], names[len(self._past) :]

    def go_by(self, steps: int) -> None:
        """Take some steps back, or do some again."""
        for _ in range(abs(steps)):
            (self.undo if steps < 0 else self.redo)()

    def close_step(self) -> None:
        """What comes now is another step, also if it sets the same value."""
        self._open = False

    def set_value(self, path: str, value: object) -> None:
        """Change one value of the rig, or of the protocol under "protocol.…".

        Raises
        ------
        VClampError
            If the value is refused; nothing is changed then.
        """
        if isinstance(value, bool | str | None):
            self.close_step()  # a switch is never dragged
        if path.startswith("protocol."):
            protocol = with_value(self.protocol, path.removeprefix("protocol."), value, path)
            self._go(replace(self._now, protocol=protocol, step="", paths=(path,)))
        else:
            self._go(replace(self._now, rig=with_value(self.rig, path, value, path), step="", paths=(path,)))

    def set_values(self, values: dict[str, object]) -> None:
        """Change some values of the rig in one step.

        Raises
        ------
        VClampError
            If one of them is refused; nothing is changed then.
        """
        rig = self.rig
        for path, value in values.items():
            rig = with_value(rig, path, value, path)
        self._go(replace(self._now, rig=rig, step="", paths=tuple(values)))

    def wash(self) -> None:
        """Take all drugs off."""
        washed = replace(self.rig, solutions=self.rig.solutions.washed())
        self._go(replace(self._now, rig=washed, step="wash", paths=()))

    def reset(self) -> None:
        """Go back to the rig as it was put on the bench."""
        self._go(replace(self._now, rig=self.control, step="back to the control cell", paths=()))

    def set_scene(self, rig: Rig, protocol: Protocol, step: str) -> None:
        """Put another cell and protocol on the bench; this rig is then the control."""
        self._go(Scene(rig, protocol, control=rig, step=step))

    def set_protocol(self, protocol: Protocol, step: str) -> None:
        """Take an edited protocol; `step` names what was edited."""
        self._go(replace(self._now, protocol=protocol, step=step, paths=()))

    def set_rig(self, rig: Rig, step: str) -> None:
        """Take an edited rig; `step` names what was edited."""
        self._go(replace(self._now, rig=rig, step=step, paths=()))

    def load_cell(self, which: str | Rig) -> None:
        """Take another cell: by its shipped name or its file's path, or one that was read."""
        rig = which if isinstance(which, Rig) else load_rig(paths.find(which, paths.CELLS, "cell"))
        self.set_scene(rig, self.protocol, f"cell {rig.cell.title}")

    def load_protocol(self, which: str | Protocol) -> None:
        """Take another protocol: by its shipped name or its file's path, or one that was read."""
        known = isinstance(which, Protocol)
        protocol = which if known else load_protocol(paths.find(which, paths.PROTOCOLS, "protocol"))
        self.set_protocol(protocol, f"protocol {protocol.title}")

    def undo(self) -> None:
        """Take the last step back."""
        self.close_step()
        if self._past:
            self._future.append(self._now)
            self._show(self._past.pop())

    def redo(self) -> None:
        """Do the step taken back again."""
        self.close_step()
        if self._future:
            self._past.append(self._now)
            self._show(self._future.pop())

    def _go(self, scene: Scene) -> None:
        if (scene.rig, scene.protocol, scene.control) == (self.rig, self.protocol, self.control):
            return
        same = (scene.step, scene.paths) == ("", self._now.paths)
        if not (same and self._now.step == "" and self._open and self._past):
            self._past = [*self._past[-MAX_UNDO:], self._now]
        self._open = True
        self._future.clear()
        self._show(scene)

    def _show(self, scene: Scene) -> None:
        before, self._now = self._now, scene
        if scene.protocol != before.protocol:
            self.protocol_changed.emit()
        if (scene.rig, scene.control) != (before.rig, before.control):
            self.rig_changed.emit()


def _name(before: Scene, after: Scene) -> str:
    """What led from one scene to the next."""
    return after.step or step_text((before.rig, before.protocol), (after.rig, after.protocol), after.paths)
