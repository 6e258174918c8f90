"""The squid axon under an ideal clamp at 6.3 °C gives the numbers of Hodgkin & Huxley 1952.

All currents are read from files that the command line wrote. The cell is 100 µm² of membrane,
so 1 pA is 1 µA/cm². The expected numbers were computed outside VClamp, from the closed-form
gate equations of Hodgkin & Huxley 1952, J Physiol 117:500, and from the Nernst equation.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from vclamp import paths
from vclamp.cli import main
from vclamp.model.channel import Channel
from vclamp.model.files import load_channel
from vclamp.model.formula import Formula
from vclamp.physics.thermo import nernst_mV, q10_factor, thermal_voltage_mV
from vclamp.units import kelvin

Array = NDArray[np.float64]

# id, what, value, tolerance: from the project's table of physics targets
TARGETS = {
    "N1": ("RT/F at 310 K, mV", 26.713733113074138, 1e-4),
    "N2": ("RT/F at 6.3 °C, mV", 24.081137801446992, 1e-4),
    "N3": ("E_K, 4/140 mM, 310 K, mV", -94.9766192387137, 1e-3),
    "N7": ("E_Ca, 2 mM / 100 nM, 310 K, mV", 132.27956168355095, 1e-3),
    "N8": ("E_Cl, 110/10 mM, 310 K, mV", -64.05673435063778, 1e-3),
    "N9": ("E_Na, 145/12 mM, 310 K, mV", 66.56600391651406, 1e-3),
    "N10": ("squid E_K, 20/400 mM, 6.3 °C, mV", -72.14064169569575, 1e-3),
    "B20": ("rate factor of Q10 = 3 from 6.3 to 22 °C", 5.611518123685865, 1e-4),
    "H1": ("alpha_n at its singularity, -55 mV, 1/ms", 0.1, 1e-9),
    "H2": ("alpha_m at its singularity, -40 mV, 1/ms", 1.0, 1e-9),
    "H3": ("n_inf(-65)", 0.31767691406069737, 1e-5),
    "H4": ("m_inf(-65)", 0.05293248525724958, 1e-5),
    "H5": ("h_inf(-65)", 0.5961207535084603, 1e-5),
    "H6": ("tau_n(-65), ms", 5.4585846875144215, 1e-4),
    "H7": ("tau_m(-65), ms", 0.2367668786856876, 1e-5),
    "H8": ("tau_h(-65), ms", 8.516010764406575, 1e-4),
    "H10": ("peak I_Na, -65 -> 0 mV, µA/cm²", -1456.837898010072, 0.05),
    "H11": ("time of that peak, ms", 0.6176, 2e-3),
    "H12": ("steady I_K at 0 mV, µA/cm²", 1890.2904340160585, 0.05),
    "H13": ("peak I_Na at -30 mV, µA/cm²", -886.7884419500074, 0.05),
    "H17": ("voltage of the most negative peak I_Na, 0.5 mV steps", -3.0, 0.51),
    "H18": ("that current, µA/cm²", -1464.2455512515066, 0.1),
    "H19": ("voltage where h_inf is 1/2, mV", -62.30750178365649, 1e-3),
}


def target(key: str) -> object:
    """A number of the table with its tolerance, to compare with."""
    return pytest.approx(TARGETS[key][1], abs=TARGETS[key][2], rel=0)


@dataclass(frozen=True)
class Table:
    """What a CSV file of the command line holds."""

    names: list[str]
    rows: Array
    said: str = ""

    def __getitem__(self, name: str) -> Array:
        return self.rows[:, self.names.index(name)]

    def sweep(self, index: int) -> "Table":
        return Table(self.names, self.rows[self["sweep"] == index])

    def __len__(self) -> int:
        return int(self["sweep"][-1]) + 1


def run(folder: Path, protocol: str | Path, *settings: str, cell: str = "squid-axon") -> Table:
    """The traces that `vclamp run` writes as CSV."""
    out = folder / "out.csv"
    extra = [text for setting in settings for text in ("--set", setting)]
    code = main(["run", str(protocol), "--cell", cell, *extra, "-o", str(out), "--overwrite"])
    assert code == 0
    names = out.read_text(encoding="utf-8").partition("\n")[0].split(",")
    return Table(names, np.loadtxt(out, delimiter=",", skiprows=1))


def steps(folder: Path, *, start: float, step: float, n: int, hold: float, ms: float, fs_kHz: float) -> Path:
    """A protocol file: one family of steps from a holding potential, none at its ends."""
    path = folder / "steps.toml"
    path.write_text(
        f'name = "steps"\nn_sweeps = {n}\nhold_mV = {hold}\nfs_kHz = {fs_kHz}\n'
        f'[[segments]]\nname = "test"\ntype = "step"\n'
        f"level_mV = {{ start = {start}, step = {step} }}\nduration_ms = {ms}\n"
    )
    return path


def peaks(table: Table) -> tuple[Array, Array, Array]:
    """Step voltage, most inward I_Na and its time, a sweep each."""
    sweeps = [table.sweep(k) for k in range(len(table))]
    at = [int(np.argmin(s["i_na_pA"])) for s in sweeps]
    rows = zip(sweeps, at, strict=True)
    found = [(s["command_mV"][k], s["i_na_pA"][k], s["time_ms"][k]) for s, k in rows]
    level, peak, time = np.array(found).T
    return level, peak, time


# ---- sodium


def test_peak_sodium_current_at_0_mV(tmp_path: Path) -> None:
    protocol = steps(tmp_path, start=-30.0, step=30.0, n=2, hold=-65.0, ms=3.0, fs_kHz=1000.0)
    level, peak, time = peaks(run(tmp_path, protocol))
    assert level.tolist() == [-30.0, 0.0]
    assert peak[0] == target("H13")
    assert peak[1] == target("H10")
    assert time[1] == pytest.approx(0.6176, abs=1e-3)  # one sample
    assert time[1] == target("H11")


def test_the_shipped_protocol_held_at_minus_65_gives_the_same_peak(tmp_path: Path) -> None:
    table = run(tmp_path, "iv", "protocol.hold_mV=-65", "protocol.n_sweeps=9")
    level, peak, time = peaks(table)
    assert level[8] == 0.0
    assert peak[8] == pytest.approx(-1456.84, rel=1e-3)
    assert time[8] - 5.0 == pytest.approx(0.6176, abs=0.02)


def test_largest_sodium_current_from_minus_65(tmp_path: Path) -> None:
    protocol = steps(tmp_path, start=-8.0, step=0.5, n=21, hold=-65.0, ms=1.0, fs_kHz=250.0)
    level, peak, time = peaks(run(tmp_path, protocol))
    largest = int(np.argmin(peak))
    assert level[largest] == target("H17")
    assert peak[largest] == target("H18")
    assert time[largest] == pytest.approx(0.646, abs=0.004)


def test_largest_sodium_current_from_minus_90(tmp_path: Path) -> None:
    protocol = steps(tmp_path, start=-12.0, step=1.0, n=25, hold=-90.0, ms=1.0, fs_kHz=250.0)
    assert peaks(run(tmp_path, protocol))[1].min() == pytest.approx(-2380.0, abs=0.5)


def test_nwb_holds_the_same_peak_in_amperes(tmp_path: Path) -> None:
    import h5py

    protocol = steps(tmp_path, start=0.0, step=0.0, n=1, hold=-65.0, ms=3.0, fs_kHz=1000.0)
    out = tmp_path / "out.nwb"
    assert main(["run", str(protocol), "--cell", "squid-axon", "-o", str(out)]) == 0
    found: list[Array] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and "i_na" in name and name.endswith("/data"):
            assert item.attrs["unit"] == "amperes"
            found.append(item[()] * item.attrs["conversion"])

    with h5py.File(out) as file:
        file.visititems(visit)
    assert len(found) == 1
    assert found[0].min() == pytest.approx(-1456.84e-12, rel=1e-4)


# ---- potassium


def test_potassium_current_after_30_ms(tmp_path: Path) -> None:
    protocol = steps(tmp_path, start=-40.0, step=20.0, n=4, hold=-65.0, ms=30.02, fs_kHz=50.0)
    table = run(tmp_path, protocol)
    late = [table.sweep(k)["i_k_pA"][1500] for k in range(4)]
    assert table.sweep(0)["time_ms"][1500] == 30.0
    assert late == pytest.approx([282.0, 998.0, 1890.0, 2792.0], rel=5e-3)
    assert late[2] == target("H12")


def test_potassium_tails_reverse_at_minus_77(tmp_path: Path) -> None:
    table = run(tmp_path, "tail")
    sweeps = [table.sweep(k) for k in range(len(table))]
    at = [int(np.argmin(np.abs(s["time_ms"] - 25.0))) for s in sweeps]
    level = np.array([s["command_mV"][k] for s, k in zip(sweeps, at, strict=True)])
    tail = np.array([s["i_k_pA"][k] for s, k in zip(sweeps, at, strict=True)])
    assert level[0] == -120.0
    assert np.all(np.diff(tail) > 0)
    assert np.interp(0.0, tail, level) == pytest.approx(-77.0, abs=0.05)
    # the instantaneous current is a straight line; -720 µA/cm² at -100 mV
    assert tail[level == -100.0] == pytest.approx(-720.0, rel=0.01)
    assert np.ptp(np.diff(tail)) < 1e-6


def test_the_potassium_tail_at_minus_100_falls_with_a_quarter_of_tau_n(tmp_path: Path) -> None:
    sweep = run(tmp_path, "tail", "protocol.n_sweeps=3").sweep(2)
    tail = (sweep["command_mV"] == -100.0) & (sweep["time_ms"] < 45.0)
    time_ms, n = sweep["time_ms"][tail] - 25.0, (sweep["i_k_pA"][tail] / sweep["i_k_pA"][tail][0]) ** 0.25
    (_, tau_ms, _), _ = curve_fit(lambda t, a, tau, c: a * np.exp(-t / tau) + c, time_ms, n, (1.0, 3.0, 0.0))
    assert tau_ms / 4 == pytest.approx(1.26, rel=0.01)


# ---- inactivation


def test_inactivation_follows_a_boltzmann_curve(tmp_path: Path) -> None:
    table = run(tmp_path, "inactivation")
    sweeps = [table.sweep(k) for k in range(len(table))]
    last_ms = [(s["time_ms"] >= 54.0) & (s["time_ms"] < 55.0) for s in sweeps]
    level = np.array([s["command_mV"][w][0] for s, w in zip(sweeps, last_ms, strict=True)])
    h = np.array([s["gate_na_h"][w].mean() for s, w in zip(sweeps, last_ms, strict=True)])
    assert level.tolist() == list(range(-120, -15, 5))
    (v_half, k), _ = curve_fit(lambda v, v_half, k: 1 / (1 + np.exp((v - v_half) / k)), level, h, (-60.0, 5.0))
    assert v_half == pytest.approx(-62.2, abs=0.2)
    assert k == pytest.approx(7.07, abs=0.07)


def test_analyse_finds_the_h_infinity_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.vclamp")
    assert main(["run", "inactivation", "--cell", "squid-axon", "-o", out]) == 0
    capsys.readouterr()
    assert main(["analyse", out, "availability", "--trace", "gate_na_h", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["curves"][0]["columns"]["level_mV"]) == 21
    estimates = {each["name"]: each["value"] for each in found["estimates"]}
    v_mV = np.arange(-120.0, -19.0, 5.0)
    alpha, beta = 0.07 * np.exp(-(v_mV + 65.0) / 20.0), 1.0 / (1.0 + np.exp(-(v_mV + 35.0) / 10.0))
    h_inf = alpha / (alpha + beta)

    def availability(v: Array, half: float, k: float, pedestal: float) -> Array:
        return pedestal + (1.0 - pedestal) / (1.0 + np.exp((v - half) / k))

    (half, k, pedestal), _ = curve_fit(availability, v_mV, h_inf / h_inf.max(), (-60.0, 7.0, 0.0))
    assert estimates["v_half_mV"] == pytest.approx(half, abs=0.2)
    assert estimates["k_mV"] == pytest.approx(k, rel=0.01)
    assert estimates["pedestal"] == pytest.approx(pedestal, abs=0.002)


# ---- singular points of the rates


def test_clamps_to_the_singular_voltages_have_no_gap(tmp_path: Path) -> None:
    protocol = steps(tmp_path, start=-55.0, step=15.0, n=2, hold=-65.0, ms=20.0, fs_kHz=50.0)
    table = run(tmp_path, protocol)
    assert set(table["command_mV"]) == {-55.0, -40.0}
    assert np.isfinite(table.rows).all()
    # n(t) at -55 mV from alpha_n = 0.1, beta_n = 0.125 exp(-1/8); m(t) at -40 mV from 1 and 4 exp(-25/18)
    n, m = table.sweep(0)["gate_k_n"], table.sweep(1)["gate_na_m"]
    t = table.sweep(0)["time_ms"]
    beta_n, beta_m = 0.125 * np.exp(-0.125), 4 * np.exp(-25 / 18)
    n_inf, m_inf = 0.1 / (0.1 + beta_n), 1 / (1 + beta_m)
    n_0, m_0 = TARGETS["H3"][1], TARGETS["H4"][1]
    assert n == pytest.approx(n_inf + (n_0 - n_inf) * np.exp(-t * (0.1 + beta_n)), abs=1e-9)
    assert m == pytest.approx(m_inf + (m_0 - m_inf) * np.exp(-t * (1 + beta_m)), abs=1e-9)


def shipped(name: str) -> Channel:
    return load_channel(paths.CHANNELS / f"{name}.toml")


def test_rates_at_rest_and_at_their_singular_voltages() -> None:
    m, h = shipped("squid-na").gates
    (n,) = shipped("squid-k").gates
    assert n.alpha_per_ms is not None
    assert m.alpha_per_ms is not None
    assert float(Formula(n.alpha_per_ms)(-55.0)) == target("H1")
    assert float(Formula(m.alpha_per_ms)(-40.0)) == target("H2")
    rest = np.array([-65.0])
    found = [float(x[0]) for gate in (n, m, h) for x in gate.relaxation(rest)]
    assert found[0::2] == [target("H3"), target("H4"), target("H5")]
    assert found[1::2] == [target("H6"), target("H7"), target("H8")]


def test_half_of_the_sodium_channels_are_available_at_minus_62() -> None:
    v = np.linspace(-70.0, -55.0, 15001)
    h_inf = shipped("squid-na").gates[1].relaxation(v)[0]
    assert np.interp(-0.5, -h_inf, v) == target("H19")


# ---- Nernst and temperature


def test_nernst_and_q10() -> None:
    body, squid = 310.0, kelvin(6.3)
    assert thermal_voltage_mV(body) == target("N1")
    assert thermal_voltage_mV(squid) == target("N2")
    assert nernst_mV(1, 4.0, 140.0, body) == target("N3")
    assert nernst_mV(2, 2.0, 100e-6, body) == target("N7")
    assert nernst_mV(-1, 110.0, 10.0, body) == target("N8")
    assert nernst_mV(1, 145.0, 12.0, body) == target("N9")
    assert nernst_mV(1, 20.0, 400.0, squid) == target("N10")
    assert q10_factor(3.0, kelvin(22.0), squid) == target("B20")


def test_warming_from_6_to_22_degrees_speeds_the_sodium_peak_by_q10(tmp_path: Path) -> None:
    protocol = steps(tmp_path, start=0.0, step=0.0, n=1, hold=-65.0, ms=1.0, fs_kHz=1000.0)
    warm = run(tmp_path, protocol, "solutions.temperature_K=295.15")
    assert peaks(warm)[2][0] == pytest.approx(0.6176 / TARGETS["B20"][1], abs=1e-3)


def test_a_ramp_crosses_zero_at_the_potassium_equilibrium_potential(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = run(tmp_path, "ramp", cell="k-membrane")
    assert "(E_k_leak -94.977 mV)" in capsys.readouterr().out
    ramp = (table["time_ms"] >= 120.0) & (table["time_ms"] < 1120.0)
    v, total, ionic = (table[name][ramp] for name in ("v_mV", "i_pA", "i_k_leak_pA"))
    capacitive_pA = 20.0 * 180.0 / 1000.0  # C dV/dt = 20 pF * 0.18 mV/ms
    assert np.interp(0.0, ionic, v) == pytest.approx(-94.977, abs=0.01)
    assert np.interp(0.0, total - capacitive_pA, v) == pytest.approx(-94.977, abs=0.01)
    assert np.interp(0.0, total, v) == pytest.approx(-94.977 - capacitive_pA / 5.0, abs=0.01)
