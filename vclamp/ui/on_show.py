"""Which sweeps are on show, and what they are compared with."""

from dataclasses import replace

from PySide6.QtCore import QObject

from vclamp.model.protocol import Protocol
from vclamp.model.record import Header, Recording, Sweep
from vclamp.ui.behind import Behind


class OnShow(QObject):
    """Answers for the sweeps on show; none of it is drawn here."""

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self.recording: Recording | None = None  # the last run that was recorded
        self.running = False
        self._behind = Behind()  # what the sweeps on show are compared with
        self._header: Header | None = None
        self._sweeps: list[Sweep] = []

    @property
    def shown(self) -> Recording | None:
        """The sweeps on show so far, recorded or not."""
        recorded, header = self.recording, self._header
        if recorded is not None and recorded.header is header and len(recorded.sweeps) == len(self._sweeps):
            return self._behind.told_all(recorded)
        return Recording(header, self._told()) if header is not None else None

    @property
    def compared(self) -> Recording | None:
        """What the sweeps on show are compared with, if it comes of another rig."""
        behind, header = self._behind.now, self._header
        if behind is None or header is None or not behind.sweeps or behind.header.rig == header.rig:
            return None
        return None if behind.header.rig.amplifier.clamps_current else behind

    def rename(self, protocol: Protocol) -> bool:
        """Let the sweeps on show have a protocol that plays like theirs, by another name or with other marks.

        Returns
        -------
        bool
            False if there are none, or it does not.
        """
        header, recorded = self._header, self.recording
        if header is None or not protocol.plays_like(header.protocol):
            return False
        self._header = replace(header, protocol=protocol)
        if recorded is not None:
            same = recorded.header is header
            renamed = self._header if same else replace(recorded.header, protocol=protocol)
            self.recording = replace(recorded, header=renamed)
        return True

    @property
    def behind(self) -> Recording | None:
        """What lies faint behind the sweeps on show."""
        return self._behind.now

    @property
    def control(self) -> Recording | None:
        """The run that others are compared with, for as long as it is kept."""
        return self._behind.laid_over

    @property
    def differs(self) -> bool:
        """Whether the difference from the control is wanted."""
        return self._behind.differs

    def sweep_or_last(self, index: int | None) -> Sweep | None:
        """One of the sweeps on show by its number, else the newest; None if there is none."""
        if self._header is None or not self._sweeps:
            return None
        found = next((sweep for sweep in self._sweeps if sweep.index == index), self._sweeps[-1])
        return self._behind.told(found, self._header)

    def _told(self) -> tuple[Sweep, ...]:
        """The sweeps on show, with their difference from the control if that is wanted."""
        header = self._header
        return tuple(self._behind.told(sweep, header) for sweep in self._sweeps) if header is not None else ()
