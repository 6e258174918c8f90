"""What the engine is timed on: six rigs with their protocols, all at 50 kHz."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from vclamp import paths
from vclamp.model.amplifier import Amplifier
from vclamp.model.files import load_channel, load_rig
from vclamp.model.ions import Drug, Ion, Solutions
from vclamp.model.protocol import Hold, Ladder, Mark, Protocol, Ramp, Segment, Step
from vclamp.model.rig import Cell, Rig

FS_kHz, SWEEPS = 50.0, 20
FIRST_mV, LAST_mV = -80.0, 60.0


@dataclass(frozen=True)
class Workload:
    """A rig and a protocol under a short name; `compared` names the traces whose errors are shown."""

    name: str
    title: str
    rig: Rig
    protocol: Protocol
    compared: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Samples of all sweeps."""
        return sum(map(self.protocol.n_samples, range(self.protocol.n_sweeps)))

    @property
    def simulated_ms(self) -> float:
        """Time that the protocol covers."""
        return self.samples / self.protocol.fs_kHz

    @property
    def levels_mV(self) -> tuple[float, ...]:
        """The voltage of the step in every sweep of a family."""
        return tuple(self.protocol.stretches(sweep)[1].start_mV for sweep in range(self.protocol.n_sweeps))


def family(n_sweeps: int = SWEEPS, step_ms: float = 40.0) -> Protocol:
    """10 ms at −80 mV, a step to −80 … +60 mV, 10 ms at −80 mV."""
    ladder = Ladder(FIRST_mV, (LAST_mV - FIRST_mV) / max(n_sweeps - 1, 1))
    test = Step(ladder, step_ms, name="test")
    marks = (Mark("peak", "test", 0.1, min(10.0, step_ms)), Mark("steady", "test", step_ms - 1.0))
    return _protocol("family", (Hold(10.0), test, Hold(10.0)), n_sweeps=n_sweeps, hold_mV=FIRST_mV, marks=marks)


def edited(rig: Rig, count: int) -> Rig:
    """The rig with its first conductance moved by a billionth part `count` times, as by a slider."""
    channels = list(rig.cell.channels)
    n = next(n for n, channel in enumerate(channels) if channel.g_nS is not None)
    channels[n] = replace(channels[n], g_nS=channels[n].amount * (1.0 + 1e-9 * count))
    return replace(rig, cell=replace(rig.cell, channels=tuple(channels)))


def copies(count: int) -> Rig:
    """The squid axon with so many sodium channels, all named differently, and nothing else."""
    axon = _squid()
    kinds = tuple(replace(axon.cell.channels[0], name=f"na_{n}", g_nS=2400.0 / count) for n in range(count))
    return replace(axon, cell=replace(axon.cell, channels=kinds))


def _protocol(
    name: str, segments: tuple[Segment, ...], *, n_sweeps: int, hold_mV: float, marks: tuple[Mark, ...] = ()
) -> Protocol:
    return Protocol(name, segments, n_sweeps, hold_mV, fs_kHz=FS_kHz, marks=marks)


def _squid() -> Rig:
    """The squid axon of 20 pF at 6.3 °C in an ideal clamp."""
    return replace(load_rig(paths.CELLS / "squid-axon-20pf.toml"), amplifier=Amplifier())


def _step_family() -> Workload:
    return Workload("W1", "ideal clamp, 20 steps", _squid(), family(), ("p_open_na", "p_open_k"))


def _ramp() -> Workload:
    ramp = Ramp(to_mV=60.0, duration_ms=1000.0, from_mV=-120.0)
    protocol = _protocol("ramp", (ramp,), n_sweeps=1, hold_mV=-120.0)
    return Workload("W2", "ideal clamp, ramp of 1 s", _squid(), protocol, ("p_open_na", "p_open_k"))


def _allosteric() -> Workload:
    rig = load_rig(paths.CELLS / "hek-kv-mwc.toml")
    return Workload("W3", "10-state allosteric channel, 20 steps", rig, family(), ("p_open_kv_mwc",))


def _behind_resistance() -> Workload:
    rig = replace(_squid(), amplifier=Amplifier(rs_MOhm=10.0))
    return Workload("W4", "through 10 MΩ, 20 steps", rig, family(), ("v_mV",))


def _one_by_one() -> Workload:
    axon = _squid()
    sodium, potassium, leak = axon.cell.channels
    channels = (replace(sodium, n_channels=1000), replace(potassium, n_channels=300), leak)
    rig = replace(axon, cell=replace(axon.cell, channels=channels, stochastic=True))
    return Workload("W5", "1000 Na + 300 K channels one by one", rig, family())


def _ten_kinds() -> Workload:
    """HH and subunit gates, Markov and allosteric schemes, GHK and ohmic pores, fast and slow block."""
    files = "squid-na squid-k leak kv-mwc nav-markov bk nmda woodhull-k two-state-k cav-hva"
    channels = tuple(load_channel(paths.CHANNELS / f"{file}.toml") for file in files.split())
    amplifier = Amplifier(
        rs_MOhm=6.0, circuit="full", rs_est_MOhm=6.0, cm_est_pF=20.0, cp_est_pF=4.0,
        correction_percent=70.0, prediction_percent=70.0,
    )  # fmt: skip
    inside_and_out = {"K": (1, 4.0, 140.0), "Na": (1, 145.0, 12.0), "Cl": (-1, 112.0, 10.0), "Ca": (2, 2.0, 1e-4)}
    ions = tuple(Ion(name, *values) for name, values in inside_and_out.items())
    drugs = (Drug("Mg", out_mM=1.0), Drug("blocker", in_mM=0.5))
    rig = Rig(Cell("ten-kinds", 20.0, channels), Solutions(ions, drugs, 295.15), amplifier)
    return Workload("W6", "10 kinds of channel, full amplifier", rig, family())


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "W1": _step_family,
    "W2": _ramp,
    "W3": _allosteric,
    "W4": _behind_resistance,
    "W5": _one_by_one,
    "W6": _ten_kinds,
}
