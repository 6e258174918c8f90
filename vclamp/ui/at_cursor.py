"""Circuit, ledger and cursor table, kept at one sample: the newest of a run, or that at cursor 1."""

from numpy import float64
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from vclamp.analysis.windows import is_known
from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.publish.scopes import time_unit
from vclamp.ui.panels.books import LedgerView
from vclamp.ui.panels.inspector import InspectorPanel
from vclamp.ui.panels.membrane import Membrane
from vclamp.ui.panels.readout import CursorTable
from vclamp.ui.scopes.stack import ScopeStack
from vclamp.ui.theme import Theme
from vclamp.ui.worker import Rest

Times = tuple[float, float]


class AtCursor(QObject):
    """The views of one sample. A run drives them while it goes on; held still or over, cursor 1 does."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self.circuit = Membrane(theme)
        self.table = CursorTable()
        self.ledger = LedgerView()
        self.inspector = InspectorPanel(theme)
        self._live: tuple[Rig, Header, Chunk] | None = None

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self.circuit.set_theme(theme)
        self.inspector.set_theme(theme)

    def forget(self) -> None:
        """Another cell or protocol."""
        self._live = None
        self.circuit.forget_scale()
        self.ledger.forget()
        self.inspector.forget()

    def follow(self, rig: Rig, header: Header, chunk: Chunk) -> None:
        """Show the newest sample of a run, now and then."""
        self._live = (rig, header, chunk)
        if self.circuit.follow(rig, chunk):
            last = chunk.last - 1
            self._show_books(rig, header.protocol, chunk.names, chunk.values[:, last], last, "now")

    def stand(self) -> None:
        """The run is over: from now on cursor 1 says what is shown."""
        self._live = None

    def scrub(self, times_ms: Times) -> None:
        """A run stands still: show the sample at cursor 1 of what there is of its sweep."""
        if self._live is None:
            return
        rig, header, chunk = self._live
        at = min(max(round(times_ms[0] * header.protocol.fs_kHz), 0), chunk.last - 1)
        self.circuit.show_sample(rig, chunk.names, chunk.values[:, at])
        self._show_books(rig, header.protocol, chunk.names, chunk.values[:, at], at, "at cursor 1")

    def read(self, recording: Recording, sweep: Sweep | None, times_ms: Times) -> None:
        """Read a sweep of a recording at both cursors."""
        protocol = recording.header.protocol
        self.table.show_reading(sweep, protocol, times_ms)
        if sweep is None:
            return
        at = min(max(round(times_ms[0] * protocol.fs_kHz), 0), sweep.values.shape[1] - 1)
        rig = sweep.rig_at(at)
        self._show_books(rig, protocol, sweep.names, sweep.values[:, at], at, "at cursor 1")
        if self._live is None and is_known(rig):
            self.circuit.show_sample(rig, sweep.names, sweep.values[:, at])
        self.inspector.show_sample(recording, sweep, at)

    def rested(self, rest: Rest, *, books: bool) -> None:
        """The cell at holding, for the circuit; for the ledger too, while there are no sweeps."""
        sample = rest.sweep.values[:, 0]
        self.circuit.show_sample(rest.rig, rest.sweep.names, sample)
        if books:
            held = "at rest" if rest.rig.amplifier.clamps_current else "held at rest"
            self.ledger.show_sample(rest.rig, rest.sweep.names, sample, held)

    def _show_books(
        self, rig: Rig, protocol: Protocol, names: tuple[str, ...], sample: NDArray[float64], at: int, where: str
    ) -> None:
        """The ledger at one sample of a sweep."""
        if not is_known(rig):  # another program's: who carries its current is not known
            self.ledger.forget()
            return
        unit, per_ms = time_unit(protocol.duration_ms(0))
        when = f"{where}, t = {at / protocol.fs_kHz * per_ms:.4g} {unit}"
        self.ledger.show_sample(rig, names, sample, when)


class CursorViews:
    """Gives the views of one sample by their names, and where the cursors are."""

    at_cursor: AtCursor
    stack: ScopeStack

    @property
    def cursors_ms(self) -> Times:
        """Times of both cursors."""
        return self.stack.cursor_ms(0), self.stack.cursor_ms(1)

    @property
    def circuit(self) -> Membrane:
        """The membrane as a circuit."""
        return self.at_cursor.circuit

    @property
    def cursors(self) -> CursorTable:
        """What both cursors read."""
        return self.at_cursor.table

    @property
    def ledger(self) -> LedgerView:
        """What flows at one sample."""
        return self.at_cursor.ledger

    @property
    def inspector(self) -> InspectorPanel:
        """Why the trace is as it is at cursor 1."""
        return self.at_cursor.inspector
