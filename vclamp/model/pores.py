"""Pores: the current that flows, ion by ion, when every channel is open.

A pore has an `AMOUNT`, the key of the channel that says how much of it there is, and
`currents_pA`, which gives the current of each ion at some voltages (outward positive).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from annotated_types import Len
from pydantic import Discriminator, Tag

from vclamp.errors import VClampError
from vclamp.model.ions import Solutions
from vclamp.model.quantities import (
    Array,
    Energy_kJ_per_mol,
    Energy_RT,
    Fraction,
    Name,
    PositiveConcentration_mM,
    Radius_A,
    Rate_per_s,
    Ratio,
    SiteCount,
    Voltage_mV,
    form,
)
from vclamp.physics import selectivity
from vclamp.physics.flux import ghk_current_pA
from vclamp.physics.pore import Permeant, knock_on_current_pA, number_of_states, single_file_current_pA

Currents = dict[str, Array]  # by ion
NOBODY = ""  # carries the current of a pore whose ion is not named
MAX_PORE_STATES = 100
MAX_RATIO = 1e100  # of permeabilities that follow from energies; beyond, currents are no numbers any more


@dataclass(frozen=True)
class OhmicPore:
    """I = g (V − E); E follows the solutions unless it is fixed here.

    The conductance may grow with (out/reference)^exponent of its ion.
    """

    AMOUNT = "g_nS"
    type: Literal["ohmic"] = "ohmic"
    e_mV: Voltage_mV | None = None
    out_exponent: Fraction = 0.0
    out_reference_mM: PositiveConcentration_mM = 5.0

    def ions(self, ion: str | None) -> tuple[str, ...]:
        """Names of the ions that must be in the solutions."""
        return (ion,) if ion is not None and (self.e_mV is None or self.out_exponent) else ()

    def currents_pA(self, v_mV: Array, solutions: Solutions, ion: str | None, amount: float) -> Currents:
        """Current of the ion at the voltages."""
        e_mV = self.e_mV if self.e_mV is not None or ion is None else solutions.reversal_mV(ion)
        if e_mV is None:
            raise VClampError("has no reversal potential", remedy="Give it an ion, or pore.e_mV.")
        if ion is not None and self.out_exponent:
            amount *= (solutions.ion(ion).out_mM / self.out_reference_mM) ** self.out_exponent
        return {ion or NOBODY: amount * (v_mV - e_mV)}


@dataclass(frozen=True)
class Permeability:
    """An ion's permeability relative to the first one's."""

    name: Name
    ratio: Ratio = 1.0


class _Goldman:
    """Independent ions in a constant field; subclasses say how permeable each is."""

    AMOUNT = "p_cm3_per_s"

    def __post_init__(self) -> None:
        _refuse_twice(tuple(getattr(item, "name", item) for item in getattr(self, "permeant", ())))

    def ratios(self, ion: str | None, temperature_K: float) -> dict[str, float]:
        """Relative permeability of each ion."""
        raise NotImplementedError

    def ions(self, ion: str | None) -> tuple[str, ...]:
        """Names of the ions that must be in the solutions."""
        return tuple(self.ratios(ion, 300.0))

    def currents_pA(self, v_mV: Array, solutions: Solutions, ion: str | None, amount: float) -> Currents:
        """Current of each ion at the voltages."""
        kelvin, currents = solutions.temperature_K, {}
        for name, ratio in self.ratios(ion, kelvin).items():
            active = solutions.active(name)
            currents[name] = ghk_current_pA(v_mV, amount * ratio, active.z, active.out_mM, active.in_mM, kelvin)
        return currents


@dataclass(frozen=True)
class GhkPore(_Goldman):
    """Goldman-Hodgkin-Katz current of independent ions; without a list, of the channel's ion alone."""

    type: Literal["ghk"] = "ghk"
    permeant: tuple[Permeability, ...] = ()

    def ratios(self, ion: str | None, temperature_K: float) -> dict[str, float]:
        """Relative permeability of each ion."""
        listed = {item.name: item.ratio for item in self.permeant}
        return listed if listed or ion is None else {ion: 1.0}


@dataclass(frozen=True)
class PermeantEnergy:
    """What it costs an ion to leave water, and what it gains at the filter's wall."""

    name: Name
    dehydration_kJ_per_mol: Energy_kJ_per_mol
    coordination_kJ_per_mol: Energy_kJ_per_mol


@dataclass(frozen=True)
class EnergyPore(_Goldman):
    """A GHK pore whose permeability ratios follow from transfer energies.

    ΔG_transfer = ΔG_dehydration − ΔG_coordination at the rate-limiting barrier;
    P_X/P_first = exp(−ΔΔG/RT).
    """

    permeant: Annotated[tuple[PermeantEnergy, ...], Len(1)]
    type: Literal["energies"] = "energies"

    def ratios(self, ion: str | None, temperature_K: float) -> dict[str, float]:
        """Relative permeability of each ion."""
        energies = [item.dehydration_kJ_per_mol - item.coordination_kJ_per_mol for item in self.permeant]
        return _boltzmann_ratios(tuple(item.name for item in self.permeant), energies, temperature_K)


@dataclass(frozen=True)
class FieldStrengthPore(_Goldman):
    """A GHK pore whose selectivity follows from the radius of its anionic site (Eisenman 1962)."""

    site_radius_A: Radius_A
    permeant: Annotated[tuple[Literal["Li", "Na", "K", "Rb", "Cs"], ...], Len(1)]
    hydration: Literal["marcus", "drude"] = "marcus"
    type: Literal["field-strength"] = "field-strength"

    def ratios(self, ion: str | None, temperature_K: float) -> dict[str, float]:
        """Relative permeability of each ion."""
        energies = [
            float(selectivity.field_strength_energy_kJ_per_mol(name, self.site_radius_A, self.hydration))
            for name in self.permeant
        ]
        return _boltzmann_ratios(self.permeant, energies, temperature_K)


@dataclass(frozen=True)
class PoreIon:
    """An ion's free-energy profile along the pore, from the outside, in RT."""

    name: Name
    barriers_RT: tuple[Energy_RT, ...]
    wells_RT: Annotated[tuple[Energy_RT, ...], Len(1, 4)]


@dataclass(frozen=True)
class SingleFilePore:
    """A row of sites through which ions hop in single file and repel each other.

    Hille & Schwarz 1978, J Gen Physiol 72:409.
    """

    AMOUNT = "n_channels"
    permeant: Annotated[tuple[PoreIon, ...], Len(1, 4)]
    repulsion_RT: Energy_RT = 0.0
    theta: Fraction = 0.5
    max_ions: SiteCount | None = None
    type: Literal["single-file"] = "single-file"

    def __post_init__(self) -> None:
        _refuse_twice(tuple(item.name for item in self.permeant))
        sites = len(self.permeant[0].wells_RT)
        for item in self.permeant:
            if len(item.wells_RT) != sites or len(item.barriers_RT) != sites + 1:
                raise VClampError(
                    f"the profile of {item.name} has {len(item.barriers_RT)} barriers and {len(item.wells_RT)} wells",
                    remedy=f"Every ion of this pore needs {sites + 1} barriers and {sites} wells.",
                )
        states = number_of_states(len(self.permeant), sites, self.max_ions)
        if states > MAX_PORE_STATES:
            raise VClampError(
                f"the pore would have {states} states",
                remedy=f"At most {MAX_PORE_STATES} are solved: use fewer sites, ions, or max_ions.",
            )

    def ions(self, ion: str | None) -> tuple[str, ...]:
        """Names of the ions that must be in the solutions."""
        return tuple(item.name for item in self.permeant)

    def currents_pA(self, v_mV: Array, solutions: Solutions, ion: str | None, amount: float) -> Currents:
        """Current of each ion at the voltages."""
        active = [solutions.active(item.name) for item in self.permeant]
        permeants = tuple(
            Permeant(known.z, known.out_mM, known.in_mM, item.barriers_RT, item.wells_RT)
            for item, known in zip(self.permeant, active, strict=True)
        )
        unitary_pA = _single_file(tuple(v_mV.tolist()), permeants, solutions.temperature_K, self)
        return {item.name: amount * row for item, row in zip(self.permeant, unitary_pA, strict=True)}


@lru_cache(maxsize=64)
def _single_file(
    v_mV: tuple[float, ...], permeants: tuple[Permeant, ...], temperature_K: float, pore: SingleFilePore
) -> Array:
    """Unitary currents, kept: a slider of another channel does not change them."""
    return np.asarray(
        single_file_current_pA(np.array(v_mV), permeants, temperature_K, pore.repulsion_RT, pore.theta, pore.max_ions)
    )


@dataclass(frozen=True)
class KnockOnPore:
    """A filter that always holds its ions: one knocks the row on (Hodgkin & Keynes 1955)."""

    AMOUNT = "n_channels"
    k_shift_per_s: Rate_per_s
    k_knock_per_M_s: Rate_per_s
    d_shift: Fraction = 0.5
    type: Literal["knock-on"] = "knock-on"

    def ions(self, ion: str | None) -> tuple[str, ...]:
        """Names of the ions that must be in the solutions."""
        return (ion,) if ion else ()

    def currents_pA(self, v_mV: Array, solutions: Solutions, ion: str | None, amount: float) -> Currents:
        """Current of the ion at the voltages."""
        if ion is None:
            raise VClampError("names no ion", remedy="Say which one its pore lets through.")
        active = solutions.active(ion)
        unitary_pA = knock_on_current_pA(
            v_mV, active.out_mM, active.in_mM, solutions.temperature_K,
            self.k_shift_per_s, self.k_knock_per_M_s, self.d_shift,
        )  # fmt: skip
        return {ion: amount * unitary_pA}


PORES = {
    "ohmic": OhmicPore,
    "ghk": GhkPore,
    "energies": EnergyPore,
    "field-strength": FieldStrengthPore,
    "single-file": SingleFilePore,
    "knock-on": KnockOnPore,
}
Pore = Annotated[
    Annotated[OhmicPore, Tag("ohmic")]
    | Annotated[GhkPore, Tag("ghk")]
    | Annotated[EnergyPore, Tag("energies")]
    | Annotated[FieldStrengthPore, Tag("field-strength")]
    | Annotated[SingleFilePore, Tag("single-file")]
    | Annotated[KnockOnPore, Tag("knock-on")],
    Discriminator(lambda value: form(value, "ohmic")),
]


def _refuse_twice(names: tuple[str, ...]) -> None:
    """Refuse a pore that lists an ion twice: its current would be that of one of the two."""
    for name in names:
        if names.count(name) > 1:
            raise VClampError(f"'{name}' stands twice among the ions of the pore", remedy="Keep one of them.")


def _boltzmann_ratios(names: tuple[str, ...], energies: list[float], temperature_K: float) -> dict[str, float]:
    """exp(−ΔΔG/RT) against the first."""
    with np.errstate(over="ignore"):
        ratios = selectivity.permeability_ratio(np.array(energies) - energies[0], temperature_K)
    if ratios.max() > MAX_RATIO:
        raise VClampError(
            f"{names[ratios.argmax()]} is {ratios.max():.3g} times as permeable as {names[0]}",
            remedy=f"At most {MAX_RATIO:g} times is possible: list the most permeable ion first.",
        )
    return dict(zip(names, map(float, ratios), strict=True))
