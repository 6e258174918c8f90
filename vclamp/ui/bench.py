"""The bench: the rig and protocol of now, and how they came to be. The one mutable thing."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from vclamp import paths
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig

MAX_UNDO = 500


@dataclass(frozen=True)
class Scene:
    """What is on the bench; `control` is the rig as it was put there, `step` names the edit that led here."""

    rig: Rig
    protocol: Protocol
    control: Rig
    step: str = ""


class Bench(QObject):
    """Holds the scene; every edit makes a new one. A list of scenes is the undo stack."""

    rig_changed = Signal()
    protocol_changed = Signal()

    def __init__(self, rig: Rig, protocol: Protocol, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._past: list[Scene] = []
        self._future: list[Scene] = []
        self._now = Scene(rig, protocol, control=rig)

    @property
    def rig(self) -> Rig:
        """The rig of now."""
        return self._now.rig

    @property
    def protocol(self) -> Protocol:
        """The protocol of now."""
        return self._now.protocol

    @property
    def undo_step(self) -> str:
        """Name of the step that undo would take back; empty if there is none."""
        return self._now.step if self._past else ""

    @property
    def redo_step(self) -> str:
        """Name of the step that redo would do again; empty if there is none."""
        return self._future[-1].step if self._future else ""

    def set_value(self, path: str, value: object) -> None:
        """Change one value of the rig, or of the protocol under "protocol.…".

        Raises
        ------
        VClampError
            If the value is refused; nothing is changed then.
        """
        if path.startswith("protocol."):
            protocol = with_value(self.protocol, path.removeprefix("protocol."), value, path)
            self._go(replace(self._now, protocol=protocol, step=path))
        else:
            self._go(replace(self._now, rig=with_value(self.rig, path, value, path), step=path))

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
        self._go(replace(self._now, rig=rig, step=", ".join(values)))

    def wash(self) -> None:
        """Take all drugs off."""
        self._go(replace(self._now, rig=replace(self.rig, solutions=self.rig.solutions.washed()), step="wash"))

    def reset(self) -> None:
        """Go back to the rig as it was put on the bench."""
        self._go(replace(self._now, rig=self._now.control, step="reset"))

    def set_scene(self, rig: Rig, protocol: Protocol, step: str) -> None:
        """Put another cell and protocol on the bench; this rig is then the control."""
        self._go(Scene(rig, protocol, control=rig, step=step))

    def load_cell(self, name_or_path: str) -> None:
        """Take another cell."""
        rig = load_rig(paths.find(name_or_path, paths.CELLS, "cell"))
        self.set_scene(rig, self.protocol, f"cell {rig.cell.name}")

    def load_protocol(self, name_or_path: str) -> None:
        """Take another protocol."""
        protocol = load_protocol(paths.find(name_or_path, paths.PROTOCOLS, "protocol"))
        self._go(replace(self._now, protocol=protocol, step=f"protocol {protocol.name}"))

    def undo(self) -> None:
        """Take the last step back."""
        if self._past:
            self._future.append(self._now)
            self._show(self._past.pop())

    def redo(self) -> None:
        """Do the step taken back again."""
        if self._future:
            self._past.append(self._now)
            self._show(self._future.pop())

    def _go(self, scene: Scene) -> None:
        if (scene.rig, scene.protocol) == (self.rig, self.protocol):
            return
        if scene.step != self._now.step or not self._past:  # a drag is one step
            self._past = [*self._past[-MAX_UNDO:], self._now]
        self._future.clear()
        self._show(scene)

    def _show(self, scene: Scene) -> None:
        before, self._now = self._now, scene
        if scene.protocol != before.protocol:
            self.protocol_changed.emit()
        if scene.rig != before.rig:
            self.rig_changed.emit()
