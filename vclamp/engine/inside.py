"""What a cell of finite volume holds: concentrations that follow the currents, tick by tick."""

import numpy as np
from numpy.typing import NDArray

from vclamp.engine.compile import Lowered
from vclamp.model.ions import Solutions
from vclamp.units import FARADAY_C_PER_MOL

Array = NDArray[np.float64]

NEVER = 2**62
LEAST_mM = 1e-9  # a constant pump would go on below nothing


class Inside:
    """The concentrations inside, renewed after every tick of simulated time from the charge that flowed.

    dc/dt = −I/(zF·volume). Currents are those of the concentrations expected in the middle of
    the tick, which makes it second order. In a cell without a volume nothing follows.
    `charge_fC` is what the kernels count through each path.
    """

    def __init__(self, lowered: Lowered, dt_ms: float) -> None:
        cell = lowered.rig.cell
        self._solutions = lowered.rig.solutions
        self.follows = cell.volume_pL is not None
        ions = self._solutions.ions if self.follows else ()
        self._names = tuple(ion.name for ion in ions)
        self._first_mM = tuple(ion.in_mM for ion in ions)
        self._in_mM = np.array(self._first_mM)
        self._gain_mM = np.zeros(len(ions))  # over the last tick
        self.charge_fC: Array = np.zeros(len(lowered.paths) if self.follows else 0)
        self._mM_per_fC = np.array(
            [
                [
                    -(path.ion == ion.name) / (ion.z * FARADAY_C_PER_MOL * (cell.volume_pL or 1.0))
                    for path in lowered.paths
                ]
                for ion in ions
            ]
        ).reshape(len(ions), self.charge_fC.size)
        self._first_row = len(lowered.names) - len(ions)
        self._tick = max(1, round(cell.tick_ms / dt_ms))
        self._elapsed = 0  # samples since the last tick

    @property
    def solutions(self) -> Solutions:
        """The rig's solutions with what the inside will hold in the middle of this tick."""
        if not self.follows:
            return self._solutions
        middle_mM = np.maximum(self._in_mM + 0.5 * self._gain_mM, LEAST_mM)
        return self._solutions.with_inside(dict(zip(self._names, map(float, middle_mM), strict=True)))

    @property
    def state(self) -> tuple[float, ...]:
        """Concentrations inside in mM at this very sample; setting them starts a new tick."""
        if not self.follows:
            return ()
        return tuple(map(float, np.maximum(self._in_mM + self._mM_per_fC @ self.charge_fC, LEAST_mM)))

    @state.setter
    def state(self, in_mM: tuple[float, ...]) -> None:
        self._in_mM = np.array(in_mM)
        self._gain_mM = np.zeros(len(in_mM))
        self.charge_fC[:] = 0.0
        self._elapsed = 0

    def renew(self) -> None:
        """Hold what the rig says."""
        self.state = self._first_mM

    def keep(self, before: "Inside") -> None:
        """Hold what another rig's inside holds, but for ions that the user has set anew."""
        held = dict(zip(before._names, before.state, strict=True))
        was = {ion.name: ion.in_mM for ion in before._solutions.ions}
        ions = (ion for ion in self._solutions.ions if self.follows)
        self.state = tuple(
            held[ion.name] if ion.name in held and ion.in_mM == was[ion.name] else ion.in_mM for ion in ions
        )

    def border(self, first: int) -> int:
        """The sample up to which the concentrations stay as they are at `first`."""
        return first + self._tick - self._elapsed if self.follows else NEVER

    def write(self, values: Array, first: int, last: int) -> None:
        """Write the concentrations of samples [first, last), on the line expected within the tick."""
        if not self.follows:
            return
        part = (self._elapsed + np.arange(last - first)) / self._tick
        expected_mM = self._in_mM[:, None] + self._gain_mM[:, None] * part
        values[self._first_row :, first:last] = np.maximum(expected_mM, LEAST_mM)

    def advance(self, n_samples: int) -> bool:
        """Let samples pass; whether a tick is over and the concentrations are others."""
        self._elapsed += n_samples
        if not self.follows or self._elapsed < self._tick:
            return False
        before, self.state = self._in_mM, self.state
        self._gain_mM = self._in_mM - before
        return True
