"""Blockers: what a drug, or an ion that does not pass, does to a pore.

A blocker that binds faster than the scope can see is a factor of the open-channel current;
each gives its odds of sitting in the pore, [B]/K_d. A slow one adds states to the gating.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator, Tag

from vclamp.errors import VClampError
from vclamp.model.ions import Solutions
from vclamp.model.quantities import (
    Array,
    Charge_e,
    DisplacedIons,
    Fraction,
    HillCoefficient,
    Name,
    PositiveConcentration_mM,
    PositiveRate_per_ms,
    Rate_per_ms,
    RatePerConcentration,
    form,
)
from vclamp.physics import block

Side = Literal["out", "in"]


@dataclass(frozen=True)
class Blocker:
    """A drug that leaves 1/(1 + (c/IC50)^n) of the current at every voltage.

    Blockers of one `site` compete for it; all others bind independently.
    """

    drug: Name
    ic50_mM: PositiveConcentration_mM
    side: Side = "out"
    hill: HillCoefficient = 1.0
    site: str = ""
    type: Literal["hill"] = "hill"

    @property
    def half_mM(self) -> float:
        """The concentration around which a slider should move."""
        return self.ic50_mM

    def odds(self, v_mV: Array, solutions: Solutions, ion: str | None) -> Array:
        """Odds that it sits in the pore."""
        concentration = solutions.drug_mM(self.drug, self.side)
        return np.full(v_mV.shape, (concentration / self.ic50_mM) ** self.hill)


@dataclass(frozen=True)
class WoodhullBlocker:
    """A charged blocker part of the way across the field (Woodhull 1973): K_d changes e-fold in RT/(zδF).

    `follows` says which voltage it feels: V; or V − E of the channel's ion, the empirical rule of
    inward rectifiers; or V and the ions that it displaces outward through the filter, which
    makes K_d grow with (out/out_reference)^n. A minor fraction of channels may bind less well.
    """

    drug: Name
    kd_mM: PositiveConcentration_mM
    z_delta: Charge_e
    side: Side = "in"
    follows: Literal["v", "v-e", "displaced"] = "v"
    n_displaced: DisplacedIons = 0.0
    out_reference_mM: PositiveConcentration_mM = 5.0
    minor_fraction: Fraction = 0.0
    minor_kd_mM: PositiveConcentration_mM = 1.0
    minor_z_delta: Charge_e = 0.0
    site: str = ""
    type: Literal["woodhull"] = "woodhull"

    def __post_init__(self) -> None:
        if self.follows == "displaced" and (self.side == "out" or self.minor_fraction):
            raise VClampError(
                f"blocker {self.drug} displaces ions, so it comes from inside and finds all channels alike",
                remedy='Give side = "in" and no minor_fraction, or let it follow something else.',
            )

    def check(self, solutions: Solutions, ion: str) -> None:
        """Raise a VClampError if the solutions lack what it follows."""
        if self.follows == "v-e":
            solutions.reversal_mV(ion)
        elif self.follows == "displaced" and solutions.ion(ion).out_mM == 0.0:
            raise VClampError(
                f"blocker {self.drug} displaces {ion}, and there is none outside",
                remedy="Give it some, or let the blocker follow something else.",
            )

    @property
    def half_mM(self) -> float:
        """The concentration around which a slider should move."""
        return self.kd_mM

    def odds(self, v_mV: Array, solutions: Solutions, ion: str | None) -> Array:
        """Odds that it sits in the pore."""
        concentration, kelvin = solutions.drug_mM(self.drug, self.side), solutions.temperature_K
        if self.follows == "displaced":
            assert ion is not None
            out_mM = solutions.ion(ion).out_mM
            kd_mM = block.displaced_k_kd_mM(
                v_mV, self.kd_mM, self.z_delta, self.n_displaced, out_mM, self.out_reference_mM, kelvin
            )
            return concentration / kd_mM
        if self.follows == "v-e":
            assert ion is not None
            v_mV = v_mV - solutions.reversal_mV(ion)
        odds = concentration / block.woodhull_kd_mM(v_mV, self.kd_mM, self.z_delta, self.side, kelvin)
        if self.minor_fraction:
            minor = concentration / block.woodhull_kd_mM(v_mV, self.minor_kd_mM, self.minor_z_delta, self.side, kelvin)
            left = (1.0 - self.minor_fraction) / (1.0 + odds) + self.minor_fraction / (1.0 + minor)
            odds = 1.0 / left - 1.0
        return np.asarray(odds)


@dataclass(frozen=True)
class KineticBlocker:
    """A blocker with rates: k_on [B] e^(±z_on u) and k_off e^(∓z_off u), the upper sign from inside.

    With an `escape_per_ms` it can also leave to the other side ("punch-through"). It binds the
    open channel only; one that is trapped lets the channel close around it. Where it is
    `fast`, only its equilibrium is kept, as a factor of the current.
    """

    drug: Name
    k_on_per_mM_ms: RatePerConcentration
    k_off_per_ms: PositiveRate_per_ms
    z_on: Charge_e = 0.0
    z_off: Charge_e = 0.0
    escape_per_ms: Rate_per_ms = 0.0
    z_escape: Charge_e = 0.0
    side: Side = "in"
    trapped: bool = False
    fast: bool = False
    site: str = ""
    type: Literal["kinetic"] = "kinetic"

    @property
    def half_mM(self) -> float:
        """The concentration around which a slider should move."""
        return self.k_off_per_ms / self.k_on_per_mM_ms

    def rates_per_ms(self, v_mV: Array, solutions: Solutions) -> tuple[Array, Array]:
        """Rate of binding and of leaving to either side, at the present concentration."""
        concentration, kelvin = solutions.drug_mM(self.drug, self.side), solutions.temperature_K
        on, off = block.binding_rates_per_ms(
            v_mV, concentration, self.k_on_per_mM_ms, self.k_off_per_ms, self.z_on, self.z_off, self.side, kelvin
        )
        if self.escape_per_ms:
            off = off + block.escape_rate_per_ms(v_mV, self.escape_per_ms, self.z_escape, self.side, kelvin)
        return on, off

    def odds(self, v_mV: Array, solutions: Solutions, ion: str | None) -> Array:
        """Odds that it sits in the pore, in the steady state."""
        on, off = self.rates_per_ms(v_mV, solutions)
        return on / off


BLOCKERS = {"hill": Blocker, "woodhull": WoodhullBlocker, "kinetic": KineticBlocker}
AnyBlocker = Annotated[
    Annotated[Blocker, Tag("hill")]
    | Annotated[WoodhullBlocker, Tag("woodhull")]
    | Annotated[KineticBlocker, Tag("kinetic")],
    Discriminator(lambda value: form(value, "hill")),
]


def unblocked(blockers: tuple[AnyBlocker, ...], v_mV: Array, solutions: Solutions, ion: str | None) -> Array:
    """Fraction of the current that the fast ones leave: competition within a site, product over sites."""
    left = np.ones(v_mV.shape)
    sites: dict[str, Array] = {}
    for number, blocker in enumerate(blockers):
        if not isinstance(blocker, KineticBlocker) or blocker.fast:
            site = blocker.site or f"#{number}"
            sites[site] = sites.get(site, 0.0) + blocker.odds(v_mV, solutions, ion)
    for odds in sites.values():
        left /= 1.0 + odds
    return left
