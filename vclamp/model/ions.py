"""The solutions on both sides of the membrane."""

from dataclasses import dataclass, replace
from typing import Literal

from vclamp.errors import VClampError
from vclamp.model.quantities import (
    ActivityCoefficient,
    Concentration_mM,
    Name,
    Temperature_K,
    Valence,
)
from vclamp.physics.activity import davies_gamma, ionic_strength_M, limiting_gamma
from vclamp.physics.thermo import nernst_mV

LEAST_mM = 2e-21  # one ion in a litre is 1.7e-21 mM


@dataclass(frozen=True)
class Ion:
    """An ion, its concentrations, and activity coefficients for solutions whose activity is "given"."""

    name: Name
    z: Valence
    out_mM: Concentration_mM
    in_mM: Concentration_mM
    gamma_out: ActivityCoefficient = 1.0
    gamma_in: ActivityCoefficient = 1.0

    def __post_init__(self) -> None:
        if self.z == 0:
            raise VClampError(f"ion '{self.name}' has valence z = 0", remedy="Give it a charge.")
        for c_mM in (self.out_mM, self.in_mM):
            if 0.0 < c_mM < LEAST_mM:
                raise VClampError(
                    f"{c_mM:g} mM of '{self.name}' is less than one ion in a litre",
                    remedy=f"Use 0, or at least {LEAST_mM:g}.",
                )


@dataclass(frozen=True)
class Drug:
    """A blocker or ligand in the bath (out) or in the pipette (in)."""

    name: Name
    out_mM: Concentration_mM = 0.0
    in_mM: Concentration_mM = 0.0


@dataclass(frozen=True)
class Solutions:
    """Everything dissolved on either side, and the temperature.

    `activity` says what ions act with: their concentrations ("off"), concentrations times
    the coefficients given with each ion, or times those of the Davies equation or the
    Debye-Hückel limiting law at each side's ionic strength. Single-ion coefficients are
    conventions, not measurements.
    """

    ions: tuple[Ion, ...] = ()
    drugs: tuple[Drug, ...] = ()
    temperature_K: Temperature_K = 295.15
    activity: Literal["off", "given", "davies", "limiting"] = "off"

    def __post_init__(self) -> None:
        names = [ion.name for ion in self.ions] + [drug.name for drug in self.drugs]
        for name in names:
            if names.count(name) > 1:
                raise VClampError(f"'{name}' stands twice in the solutions", remedy="Keep one of them.")

    def ion(self, name: str) -> Ion:
        """The ion of that name.

        Raises
        ------
        VClampError
            If the solutions do not hold it.
        """
        for item in self.ions:
            if item.name == name:
                return item
        known = ", ".join(item.name for item in self.ions) or "none"
        raise VClampError(
            f"the solutions hold no ion '{name}' (they hold: {known})",
            remedy="Add it under [[solutions.ions]] or give the channel its own e_mV.",
        )

    def gammas(self, name: str) -> tuple[float, float]:
        """Activity coefficients of an ion outside and inside."""
        ion = self.ion(name)
        if self.activity == "off":
            return 1.0, 1.0
        if self.activity == "given":
            return ion.gamma_out, ion.gamma_in
        law = davies_gamma if self.activity == "davies" else limiting_gamma
        z = [item.z for item in self.ions]
        strengths = (
            ionic_strength_M(z, [item.out_mM for item in self.ions]),
            ionic_strength_M(z, [item.in_mM for item in self.ions]),
        )
        out, inside = (float(law(ion.z, strength, self.temperature_K)) for strength in strengths)
        return out, inside

    def active(self, name: str) -> Ion:
        """An ion with activities in place of its concentrations."""
        ion, (gamma_out, gamma_in) = self.ion(name), self.gammas(name)
        return replace(ion, out_mM=ion.out_mM * gamma_out, in_mM=ion.in_mM * gamma_in)

    def reversal_mV(self, name: str) -> float:
        """Nernst potential in mV of the ion of that name.

        Raises
        ------
        VClampError
            If the solutions do not hold that ion on both sides.
        """
        ion = self.active(name)
        if ion.out_mM == 0.0 or ion.in_mM == 0.0:
            side = "outside" if ion.out_mM == 0.0 else "inside"
            raise VClampError(
                f"there is no {name} {side}, so it has no reversal potential",
                remedy="Give it some, or the channel a pore that needs none, such as ghk.",
            )
        return float(nernst_mV(ion.z, ion.out_mM, ion.in_mM, self.temperature_K))

    def with_inside(self, in_mM: dict[str, float]) -> "Solutions":
        """The same with other concentrations inside for some ions."""
        ions = (replace(ion, in_mM=in_mM[ion.name]) if ion.name in in_mM else ion for ion in self.ions)
        return replace(self, ions=tuple(ions))

    def washed(self) -> "Solutions":
        """The same without any drug in the bath."""
        return replace(self, drugs=tuple(replace(drug, out_mM=0.0) for drug in self.drugs))

    def drug_mM(self, drug: str, side: str) -> float:
        """Concentration in mM of a drug, or of an ion that blocks, on a side ("out" or "in"); 0 if it is not there."""
        sides = {item.name: (item.out_mM, item.in_mM) for item in self.ions}
        sides.update((item.name, (item.out_mM, item.in_mM)) for item in self.drugs)
        return sides.get(drug, (0.0, 0.0))[side == "in"]
