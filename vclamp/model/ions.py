"""The solutions on both sides of the membrane."""

from dataclasses import dataclass, replace

from vclamp.errors import VClampError
from vclamp.model.quantities import (
    Concentration_mM,
    Name,
    PositiveConcentration_mM,
    Temperature_K,
    Valence,
)
from vclamp.physics.thermo import nernst_mV


@dataclass(frozen=True)
class Ion:
    """A permeant ion and its concentrations."""

    name: Name
    z: Valence
    out_mM: PositiveConcentration_mM
    in_mM: PositiveConcentration_mM

    def __post_init__(self) -> None:
        if self.z == 0:
            raise VClampError(f"ion '{self.name}' has valence z = 0", remedy="Give it a charge.")


@dataclass(frozen=True)
class Drug:
    """A blocker in the bath (out) or in the pipette (in)."""

    name: Name
    out_mM: Concentration_mM = 0.0
    in_mM: Concentration_mM = 0.0


@dataclass(frozen=True)
class Solutions:
    """Everything dissolved on either side, and the temperature."""

    ions: tuple[Ion, ...] = ()
    drugs: tuple[Drug, ...] = ()
    temperature_K: Temperature_K = 295.15

    def __post_init__(self) -> None:
        names = [ion.name for ion in self.ions] + [drug.name for drug in self.drugs]
        for name in names:
            if names.count(name) > 1:
                raise VClampError(f"'{name}' stands twice in the solutions", remedy="Keep one of them.")

    def reversal_mV(self, ion: str) -> float:
        """Nernst potential in mV of the ion of that name.

        Raises
        ------
        VClampError
            If the solutions do not hold that ion.
        """
        for item in self.ions:
            if item.name == ion:
                return float(nernst_mV(item.z, item.out_mM, item.in_mM, self.temperature_K))
        known = ", ".join(item.name for item in self.ions) or "none"
        raise VClampError(
            f"the solutions hold no ion '{ion}' (they hold: {known})",
            remedy="Add it under [[solutions.ions]] or give the channel its own e_mV.",
        )

    def washed(self) -> "Solutions":
        """The same without any drug."""
        return replace(self, drugs=tuple(Drug(drug.name) for drug in self.drugs))

    def drug_mM(self, drug: str, side: str) -> float:
        """Concentration in mM of a drug on a side ("out" or "in"); 0 if it is not there."""
        for item in self.drugs:
            if item.name == drug:
                return item.out_mM if side == "out" else item.in_mM
        return 0.0
