"""What NeuroML 2 says of a channel is what the imported channel does; the rest is refused in a sentence."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vclamp import paths
from vclamp.cli import main
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.files import from_data, load_channel, load_protocol, load_rig, to_data, to_toml
from vclamp.model.formula import Formula
from vclamp.model.gating import Gate, GRID_mV, Markov
from vclamp.model.ions import Solutions
from vclamp.model.neuroml import read_neuroml
from vclamp.model.pores import OhmicPore
from vclamp.model.rig import Rig
from vclamp.run.runner import record

FOLDER = Path(__file__).with_name("neuroml")
FILES = sorted(FOLDER.glob("*.nml"))
SQUID = (FOLDER / "squid.nml").read_text(encoding="utf-8")
Array = np.ndarray
Captured = pytest.CaptureFixture[str]


def imported(file: str, name: str) -> Channel:
    return {channel.name: channel for channel in read_neuroml(FOLDER / f"{file}.nml")}[name]


def gate_of(channel: Channel, name: str) -> Gate:
    return {gate.name: gate for gate in channel.gates}[name]


def document(*inside: str) -> str:
    return f'<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="doc">\n{"".join(inside)}\n</neuroml>'


def channel_of(folder: Path, *inside: str) -> Channel:
    path = folder / "one.nml"
    path.write_text(document(*inside), encoding="utf-8")
    (channel,) = read_neuroml(path)
    return channel


# the standard's own functions of the voltage, written down once more
def exponential(v: Array, size: float, middle: float, scale: float) -> Array:
    return size * np.exp((v - middle) / scale)


def sigmoid(v: Array, size: float, middle: float, scale: float) -> Array:
    with np.errstate(over="ignore"):
        return size / (1 + np.exp(-(v - middle) / scale))


def exp_linear(v: Array, size: float, middle: float, scale: float) -> Array:
    x = (v - middle) / scale
    safe = np.where(x == 0, 1.0, x)
    with np.errstate(over="ignore"):
        return np.where(x == 0, size, size * safe / -np.expm1(-safe))


STANDARD: dict[str, Callable[..., Array]] = {"HHExp": exponential, "HHSigmoid": sigmoid, "HHExpLinear": exp_linear}


# ---- what is taken over


@pytest.mark.parametrize(("name", "shipped"), [("nachan", "squid-na"), ("kchan", "squid-k")])
def test_imported_squid_channels_have_the_rates_of_the_shipped_ones(name: str, shipped: str) -> None:
    ours, theirs = load_channel(paths.CHANNELS / f"{shipped}.toml"), imported("squid", name)
    assert [(gate.name, gate.power) for gate in theirs.gates] == [(gate.name, gate.power) for gate in ours.gates]
    for own, other in zip(ours.gates, theirs.gates, strict=True):
        assert own.alpha_per_ms is not None
        assert other.alpha_per_ms is not None
        for a, b in zip(own.rates_per_ms(GRID_mV, 300.0), other.rates_per_ms(GRID_mV, 300.0), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=0)
    for temperature_K in (275.0, 310.0):
        bath = Solutions(temperature_K=temperature_K)
        assert theirs.rate_factor(bath, theirs.gates[0]) == ours.rate_factor(bath, ours.gates[0])
    assert [gate.q10 for gate in theirs.gates] == [None for _ in theirs.gates]  # one for the channel says it
    assert (theirs.ion, theirs.g_nS, theirs.temperature_K) == (ours.ion, 10.0, ours.temperature_K)


def test_imported_channels_run_in_a_cell_as_the_shipped_ones_do() -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    protocol = load_protocol(paths.PROTOCOLS / "iv.toml")
    channels = [
        replace(channel, name=own.name, g_nS=own.g_nS, pore=own.pore)
        for channel, own in zip(read_neuroml(FOLDER / "squid.nml"), rig.cell.channels, strict=True)
    ]
    own, other = (record(r, protocol) for r in (rig, replace(rig, cell=replace(rig.cell, channels=tuple(channels)))))
    for a, b in zip(own.sweeps, other.sweeps, strict=True):
        for trace in ("i_na_pA", "i_k_pA", "gate_na_m", "p_open_k"):
            np.testing.assert_allclose(b[trace], a[trace], rtol=1e-9, atol=1e-9)
    assert min(sweep["i_na_pA"].min() for sweep in other.sweeps) < -500


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_imported_channel_runs(path: Path) -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    protocol = replace(load_protocol(paths.PROTOCOLS / "iv.toml"), n_sweeps=1)
    channels = tuple(replace(channel, ion=None, pore=OhmicPore(e_mV=0.0)) for channel in read_neuroml(path))
    recording = record(Rig(replace(rig.cell, channels=channels), rig.solutions, rig.amplifier), protocol)
    for channel in channels:
        if not channel.is_gated:
            continue
        p_open = recording.sweeps[0][f"p_open_{channel.name}"]
        assert ((p_open >= 0) & (p_open <= 1)).all()
        assert np.isfinite(recording.sweeps[0][f"i_{channel.name}_pA"]).all()


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_what_is_imported_reads_back_equal_from_its_text_file(path: Path, tmp_path: Path) -> None:
    for channel in read_neuroml(path):
        (tmp_path / "c.toml").write_text(to_toml(channel), encoding="utf-8")
        assert load_channel(tmp_path / "c.toml") == channel
        assert from_data(Channel, to_data(channel), "here") == channel


def test_every_kind_of_gate_has_the_steady_state_and_time_constant_of_the_standard() -> None:
    v = GRID_mV
    b = exponential(v, 0.2, -50, 25), sigmoid(v, 0.3, -30, -12)
    c = exp_linear(v, 0.1, -50, 10) + exponential(v, 0.2, -60, -40)
    expected = {
        "a": (sigmoid(v, 1, -20, 7.5), 5.0),  # tau and inf
        "b": (b[0] / (b[0] + b[1]), 3.0),  # rates make inf, tau is given
        "c": (sigmoid(v, 0.9, -45, -8), 1 / c),  # rates make tau, inf is given
        "d": (sigmoid(v, 1, 0, 5), 12.0),  # rates are there and count for nothing
        "e": (exponential(v, 0.01, 0, 80), 1e-3),
        "f": (exp_linear(v, 0.02, 10, 10), 1e-3),
    }
    channel = imported("gates", "every_gate")
    assert {gate.name: gate.power for gate in channel.gates} == {"a": 2, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}
    for name, wanted in expected.items():
        for got, value in zip(gate_of(channel, name).relaxation(v), wanted, strict=True):
            np.testing.assert_allclose(got, np.broadcast_to(value, v.shape), rtol=1e-12, atol=0)
    assert (channel.ion, channel.g_nS) == ("Ca", 20.0)
    assert "Instantaneous in the file, with a time constant of 0.001 ms here: e, f." in channel.note


def test_a_scheme_has_the_states_and_rates_of_the_standard() -> None:
    channel, v = imported("schemes", "loop"), GRID_mV
    gating = channel.gating
    assert isinstance(gating, Markov)
    assert gating.states == ("c1", "c2", "o1", "o2")
    assert gating.open == ("o1", "o2")
    assert gating.detailed_balance == "on"
    expected = np.zeros((v.size, 4, 4))
    expected[:, 0, 1] = 1 / (3.2 / np.exp(1.5 * 0.75 * (v + 10) / 25.3) + 0.3)
    expected[:, 1, 0] = 1 / (3.2 / np.exp(-1.5 * 0.25 * (v + 10) / 25.3) + 0.3)
    expected[:, 1, 2] = exp_linear(v, 0.1, -55, 10)
    expected[:, 2, 1] = exponential(v, 0.125, -65, -80)  # reverseTransition from c2 to o1
    expected[:, 3, 2] = sigmoid(v, 1, -15, 9) / 4
    expected[:, 2, 3] = sigmoid(v, 1, -15, -9) / 4
    np.testing.assert_allclose(gating.rates_per_ms(v, 300.0), expected, rtol=1e-12, atol=0)
    assert (channel.q10, channel.temperature_K, channel.g_nS, channel.ion) == (2.5, 293.15, 8.0, "K")


def test_a_scheme_out_of_balance_stays_so_and_says_so() -> None:
    channel = imported("schemes", "unbalanced")
    assert isinstance(channel.gating, Markov)
    assert channel.gating.detailed_balance == "off"
    assert "violate detailed balance" in channel.note
    assert "violate" not in imported("schemes", "loop").note
    (rates,) = channel.gating.rates_per_ms(np.zeros(1), 300.0)
    assert rates.tolist() == [[0, 2, 1], [1, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("celsius", [-5.0, 15.0, 25.0, 35.0, 60.0])
def test_every_q10_acts_as_in_the_file_at_every_temperature(celsius: float) -> None:
    channel, bath = imported("warm", "ih"), Solutions(temperature_K=celsius + 273.15)
    v = np.array([-90.0])
    slow = exponential(v, 0.01, -80, -20) + exponential(v, 0.02, -60, 20)
    expected = {
        "slow": 1 / slow / 3 ** ((celsius - 35) / 10),
        "cold": 8 / 2 ** ((celsius - 15) / 10),
        "fixed": 10 / 2.5,
        "now": 1e-3,
    }
    for name, tau_ms in expected.items():
        gate = gate_of(channel, name)
        assert gate.relaxation(v)[1] / channel.rate_factor(bath, gate) == pytest.approx(tau_ms, rel=1e-12)
    g_nS = 1.0 * 1.5 ** ((celsius - 25) / 10)  # of 1000 channels of 1 pS
    assert channel.open_current_pA(np.array([1.0]), bath)[0] == pytest.approx(g_nS, rel=1e-12)


def test_several_q10_of_one_gate_multiply(tmp_path: Path) -> None:
    channel = channel_of(tmp_path, HEAD, GATE.replace(
        "<forwardRate", '<q10Settings type="q10ExpTemp" q10Factor="2" experimentalTemp="20degC"/>'
        '<q10Settings type="q10ExpTemp" q10Factor="1.5" experimentalTemp="30degC"/>'
        '<q10Settings type="q10Fixed" fixedQ10="4"/><forwardRate'), TAIL)  # fmt: skip
    factor = channel.rate_factor(Solutions(temperature_K=305.15), channel.gates[0])
    alpha = Formula(channel.gates[0].alpha_per_ms or "")(np.array([-65.0]))[0]
    assert alpha * factor == pytest.approx(0.07 * 4 * 2**1.2 * 1.5**0.2, rel=1e-12)


def test_a_fixed_factor_speeds_every_transition_of_a_scheme(tmp_path: Path) -> None:
    transitions = (FOLDER / "schemes.nml").read_text(encoding="utf-8").partition("</ionChannelKS>")[0]
    start, end = transitions.index("<ionChannelKS"), transitions.index("<q10Settings")
    scheme = transitions[start:end], transitions[transitions.index("<closedState") :] + "</ionChannelKS>"
    factor = '<q10Settings type="q10Fixed" fixedQ10="3"/>'
    slow, fast = (channel_of(tmp_path, scheme[0], extra, scheme[1]).gating for extra in ("", factor))
    assert isinstance(slow, Markov)
    assert isinstance(fast, Markov)
    np.testing.assert_allclose(fast.rates_per_ms(GRID_mV, 300.0), 3 * slow.rates_per_ms(GRID_mV, 300.0), rtol=1e-12)


def test_the_note_tells_what_the_file_does_not(tmp_path: Path) -> None:
    leak = imported("squid", "leak")
    assert leak.pore == OhmicPore(e_mV=0.0)
    assert leak.ion is None
    assert leak.note == (
        "g_nS is that of 1000 channels of 10pS: set it to what the cell has. "
        "The file names no ion, so the current reverses at 0 mV: set ion or pore.e_mV."
    )
    assert imported("squid", "nachan").note.startswith("Opens fast, then inactivates. g_nS is that of 1000 channels")
    assert imported("squid", "nachan").source == "NeuroML 2: ionChannelHH 'naChan' of squid.nml"
    assert imported("squid", "nachan").label == "naChan"
    bare = channel_of(tmp_path, '<ionChannel id="a" type="ionChannelPassive" species="Cl"/>')
    assert (bare.g_nS, bare.ion) == (10.0, "Cl")
    assert "10 pS (the file tells none)" in bare.note
    long = channel_of(tmp_path, f'<ionChannel id="a" conductance="1pS"><notes>{"word " * 9999}</notes></ionChannel>')
    assert 2000 < len(long.note) < 2200


HEAD = '<ionChannelHH id="x" conductance="10pS" species="k">\n'
FORWARD = '<forwardRate type="HHExpRate" rate="0.07per_ms" midpoint="-65mV" scale="-20mV"/>'
REVERSE = '<reverseRate type="HHSigmoidRate" rate="1per_ms" midpoint="-35mV" scale="10mV"/>'
GATE = f'<gateHHrates id="n" instances="4">\n{FORWARD}{REVERSE}</gateHHrates>'
TAIL = "</ionChannelHH>"

numbers = st.floats(1e-3, 1e2)
voltages = st.floats(-100.0, 100.0)
scales = st.floats(15.0, 100.0) | st.floats(-100.0, -15.0)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.sampled_from(sorted(STANDARD)), numbers, voltages, scales, st.sampled_from(["per_ms", "per_s", "Hz"]),
    st.sampled_from(["mV", "V"]), st.floats(0.1, 10.0),
)  # fmt: skip
@example("HHExpLinear", 0.1, -55.0, 10.0, "per_ms", "mV", 1.0)
@example("HHExp", 1.0, 0.0, -10.0, "per_s", "V", 0.1)
def test_any_rate_of_the_standard_has_its_value_at_every_voltage(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str, rate: float, middle: float, scale: float, per: str, volt: str, fixed: float,
) -> None:  # fmt: skip
    folder = tmp_path_factory.getbasetemp()
    thousand = 1.0 if volt == "mV" else 1000.0
    gate = GATE.replace(
        FORWARD,
        f'<q10Settings type="q10Fixed" fixedQ10="{fixed!r}"/><forwardRate type="{kind}Rate" rate="{rate!r}{per}" '
        f'midpoint="{middle / thousand!r} {volt}" scale="{scale / thousand!r}{volt}"/>',
    )
    (imported_gate,) = channel_of(folder, HEAD, gate, TAIL).gates
    alpha = fixed * STANDARD[kind](GRID_mV, rate / (1.0 if per == "per_ms" else 1000.0), middle, scale)
    beta = fixed * sigmoid(GRID_mV, 1, -35, 10)
    inf, tau_ms = imported_gate.relaxation(GRID_mV)
    np.testing.assert_allclose(1 / tau_ms, alpha + beta, rtol=1e-11, atol=0)
    np.testing.assert_allclose(inf, alpha / (alpha + beta), rtol=1e-11, atol=0)
    if imported_gate.alpha_per_ms is not None:
        np.testing.assert_allclose(Formula(imported_gate.alpha_per_ms)(GRID_mV), alpha, rtol=1e-11, atol=0)


def test_rates_too_fast_for_a_formula_are_told_by_steady_state_and_time_constant(tmp_path: Path) -> None:
    channel = channel_of(tmp_path, HEAD, GATE.replace('scale="-20mV"', 'scale="-4mV"'), TAIL)
    (gate,) = channel.gates
    assert gate.alpha_per_ms is None
    alpha, beta = exponential(GRID_mV, 0.07, -65, -4), sigmoid(GRID_mV, 1, -35, 10)
    assert alpha.max() > 1e12
    inf, tau_ms = gate.relaxation(GRID_mV)
    np.testing.assert_allclose(inf, alpha / (alpha + beta), rtol=1e-12, atol=0)
    np.testing.assert_allclose(tau_ms, 1 / (alpha + beta), rtol=1e-12, atol=0)
    rig, protocol = load_rig(paths.CELLS / "squid-axon.toml"), load_protocol(paths.PROTOCOLS / "iv.toml")
    rig = replace(rig, cell=replace(rig.cell, channels=(channel,)))
    (sweep,) = record(rig, replace(protocol, n_sweeps=1, hold_mV=-200.0)).sweeps
    assert sweep["p_open_x"][0] == pytest.approx(1.0)
    assert np.isfinite(sweep.values).all()


# ---- what is refused


def refusal(folder: Path, content: str | bytes) -> str:
    """What is said about a file: one short line, at once, with the file's name and a remedy."""
    path = folder / "bad.nml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.process_time()
    with pytest.raises(VClampError) as caught:
        read_neuroml(path)
    assert time.process_time() - began < 2.0
    said = str(caught.value)
    assert said.startswith("bad.nml")
    assert "\n" not in said
    assert len(said) < 400
    assert caught.value.remedy
    return said


STEADY = '<steadyState type="HHSigmoidVariable" rate="1" midpoint="0mV" scale="1mV"/>'
KS = '<ionChannelKS id="x" conductance="1pS"><gateKS id="n" instances="{n}"><closedState id="c"/><openState id="o"/>{t}'
KS_END = "</gateKS></ionChannelKS>"
V_HALF = '<vHalfTransition from="c" to="{to}" vHalf="0mV" z="1.5" gamma="0.75" tau="3.2ms" tauMin="0.3ms"/>'
IN_GATE = [  # (what in a good gate, by what it is replaced, what is said)
    ('type="HHExpRate"', 'type="My_rate"', ":4: <forwardRate> has the type 'My_rate', which the standard lacks. Only"),
    ('type="HHExpRate"', 'type="HHExpVariable"', "<forwardRate> has the type 'HHExpVariable'"),
    ('type="HHExpRate" ', "", "<forwardRate> has no type"),
    ('rate="0.07per_ms"', 'rate="0.07"', "<forwardRate> has rate = '0.07'. It must be a number in per_ms or per_s"),
    ('rate="0.07per_ms"', 'rate="0.07mV"', "has rate = '0.07mV'"),
    ('rate="0.07per_ms"', 'rate="nan per_ms"', "has rate = 'nan per_ms'"),
    ('rate="0.07per_ms"', 'rate="1e999per_ms"', "has rate = '1e999per_ms'"),
    ('rate="0.07per_ms"', f'rate="{"9" * 99}per_ms"', "It must be a number in"),
    ('rate="0.07per_ms"', 'rate="٧per_ms"', "It must be a number in"),
    ('rate="0.07per_ms"', 'rate="-1per_ms"', ":3: <gateHHrates> 'n': alpha_per_ms of gate 'n' is negative at -250 mV"),
    ('rate="0.07per_ms" ', "", "<forwardRate> has no rate"),
    ('scale="-20mV"', 'scale="0mV"', "has scale = 0"),
    ('scale="-20mV"', 'scale="-0.1mV"', "<gateHHrates> 'n': inf of gate 'n' is not finite"),
    ('midpoint="-65mV"', 'midpoint="-65"', "It must be a number in mV or V"),
    ('midpoint="-65mV"', 'midpoint="-65mV" caConc="1mM"', "<forwardRate> has an unknown attribute 'caConc'"),
    ('instances="4"', 'instances="1.5"', "<gateHHrates> 'n' has instances = 1.5"),
    ('instances="4"', 'instances="13"', "'n': power: 13 is too large"),
    ('instances="4"', 'instances="0"', "'n': power: 0 is too small"),
    ('instances="4"', "", "<gateHHrates> 'n' has no instances"),
    ('id="n" ', "", "<gateHHrates> has no id"),
    ('id="n"', 'id="n&#10;m"', "gate name 'n m' cannot name a trace"),
    (REVERSE, "", "<gateHHrates> 'n' has no <reverseRate>"),
    (REVERSE, 2 * REVERSE, "<gateHHrates> 'n' has 2 <reverseRate>"),
    (REVERSE, f'{REVERSE}<steadyState type="HHSigmoidVariable"/>', "<steadyState> cannot be imported here"),
    (REVERSE, f"{REVERSE}<x:ca xmlns:x='http://x'/>", "<ca of http://x> cannot be imported here"),
    (REVERSE, f'{REVERSE}<q10Settings type="q10Mine"/>', "<q10Settings> has the unknown type 'q10Mine'"),
    (REVERSE, f'{REVERSE}<q10Settings type="q10Fixed" fixedQ10="0"/>', "<q10Settings> has fixedQ10 = 0"),
    (REVERSE, f'{REVERSE}<q10Settings type="q10ExpTemp" q10Factor="-3" experimentalTemp="6degC"/>', "is not physical"),
    (REVERSE, f'{REVERSE}<q10Settings type="q10ExpTemp" q10Factor="3" experimentalTemp="6K"/>', "a number in degC"),
    (GATE, GATE.replace("gateHHrates", "gateFractional"), "<gateFractional> 'n' cannot be imported here. Write"),
    (GATE, GATE.replace("gateHHrates", "gateMine"), ":3: <gateMine> 'n' cannot be imported here"),
    (GATE, GATE + GATE, "two gates of one name"),
    (
        GATE,
        f'{GATE}<concentrationModel id="ca"/>',
        "<concentrationModel> 'ca' cannot be imported here. Gating by calcium",
    ),
    ('conductance="10pS"', 'conductance="10"', "It must be a number in pS or nS or uS"),
    ('conductance="10pS"', 'conductance="-10pS"', "g_nS: -10.0 is too small"),
    (
        'species="k"',
        'species="hcn"',
        ":2: <ionChannelHH> 'x' has the species 'hcn'. Use one of na, k, ca, cl, or none.",
    ),
    ('species="k"', 'species="k" vShift="1mV"', "unknown attribute 'vShift'"),
    ('id="x"', "", "<ionChannelHH> has no id"),
    ('id="x"', 'id="1x"', "channel name '1x' cannot name a trace"),
]
WHOLE = [
    (document(), "<neuroml> 'doc' holds no ion channel"),
    (document('\n<include href="other.nml"/>'), "bad.nml:3: <include> cannot be imported here. Only what stands in"),
    (document('<ComponentType name="my_rate"/>'), "bad.nml:2: <ComponentType> cannot be imported here. Only"),
    (document('<ionChannelVShift id="x" vShift="5mV"/>'), "<ionChannelVShift> 'x' cannot be imported here"),
    (document('<decayingPoolConcentrationModel id="ca"/>'), "<decayingPoolConcentrationModel> 'ca' cannot be imported"),
    (document('<ionChannel id="x" type="ionChannelKS"/>'), "<ionChannel> 'x' has the unknown type 'ionChannelKS'"),
    (document('<ionChannelHH id="x" type="ionChannelPassive"/>'), "unknown attribute 'type'"),
    (document(f'<ionChannelPassive id="x">{GATE}</ionChannelPassive>'), "<gateHHrates> 'n' cannot be imported here"),
    (document('<ionChannel id="Na"/><ionChannel id="na"/>'), "holds two channels named 'na'"),
    (document(HEAD, '<gate id="n" instances="1"/>', TAIL), "<gate> 'n' has no type"),
    (document(HEAD, '<gate id="n" type="gateFractional" instances="1"/>', TAIL), "Write a channel for each sub-gate"),
    (document(HEAD, '<gate id="n" type="gateMine" instances="1"/>', TAIL), "<gate> 'n' has the type 'gateMine'"),
    (
        document(HEAD, f'<gateHHInstantaneous id="i" instances="1"><q10Settings type="q10Fixed" fixedQ10="2"/>{STEADY}'
                 '</gateHHInstantaneous>', TAIL),
        "<q10Settings> cannot be imported here",
    ),
    (
        document(HEAD, '<gateHHInstantaneous id="i" instances="1"><steadyState type="HHExpVariable" rate="1" '
                 'midpoint="0mV" scale="10mV"/></gateHHInstantaneous>', TAIL),
        "<gateHHInstantaneous> 'i': gate 'i' has no steady state in 0…1",
    ),
    (
        document(HEAD, f'<gateHHtauInf id="i" instances="1"><timeCourse type="my_tau"/>{STEADY}</gateHHtauInf>', TAIL),
        "<timeCourse> has the type 'my_tau', which the standard lacks",
    ),
    (
        document(HEAD, f'<gateHHtauInf id="i" instances="1"><timeCourse type="fixedTimeCourse" tau="0ms"/>{STEADY}'
                 '</gateHHtauInf>', TAIL),
        "<timeCourse> has tau = 0 ms",
    ),
    (document(KS.format(n=2, t=V_HALF.format(to="o")), KS_END), "<gateKS> 'n' has several instances"),
    (document(KS.format(n=1, t=V_HALF.format(to="z")), KS_END), "<vHalfTransition> leads from 'c' to 'z'"),
    (document(KS.format(n=1, t=V_HALF.format(to="c")), KS_END), "a transition leads from c to itself"),
    (document(KS.format(n=1, t=""), KS_END), "<gateKS> 'n': some states cannot be reached"),
    (document(KS.format(n=1, t='<KSTransition from="c" to="o"/>'), KS_END), "<KSTransition> cannot be imported here"),
    (document(KS.format(n=1, t='<KSState id="s" relativeConductance="0.5"/>'), KS_END), "<KSState> 's' cannot be"),
    (document(KS.format(n=1, t=V_HALF.format(to="o")), "</gateKS>", GATE, "</ionChannelKS>"), "<gateHHrates> 'n'"),
    (
        document(KS.format(n=1, t="").replace("ionChannelKS", "ionChannelHH"), "</gateKS>", GATE, TAIL),
        "<ionChannelHH> 'x' has a gateKS beside another gate",
    ),
    ("", "bad.nml:1: is not XML (no element found). Correct it there."),
    ("no XML", "bad.nml:1: is not XML"),
    (b"\xff\xfe\x00", "bad.nml:1: is not XML"),
    (document("<a>"), "bad.nml:3: is not XML (mismatched tag)"),
    ('<?xml version="1.0" encoding="gb2312"?><neuroml/>', "is in an encoding that XML lacks"),
    ('<?xml version="1.0" encoding="klingon"?><neuroml/>', "bad.nml"),
    ('<Lems xmlns="http://www.neuroml.org/lems/0.7.6"/>', "<Lems of http://www.neuroml.org/lems/0.7.6> is not"),
    ('<neuroml xmlns="http://morphml.org/neuroml/schema"/>', "is not NeuroML 2. Such a file begins with <neuroml"),
    ("<neuroml/>", "<neuroml of no namespace> is not NeuroML 2"),
    ('<!DOCTYPE neuroml><neuroml xmlns="http://www.neuroml.org/schema/neuroml2"/>', "has a DTD or entities"),
    ("<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><x>&b;</x>", "has a DTD or entities"),
    ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "has a DTD or entities"),
    ('<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>', "has a DTD or entities"),
    (document("<a>" * 40, "</a>" * 40), "<a> is nested deeper than 32 levels"),
    (document("<a>" * 140_000, "</a>" * 140_000), "bad.nml"),
    (document(f"<notes>{'x' * 1_000_000}</notes>"), "is larger than 1 MB"),
    (document(f'<{"a" * 5000} id="{"b" * 5000}"/>'), "cannot be imported here"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), IN_GATE)
def test_a_channel_that_cannot_be_taken_over_exactly_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    good = document(HEAD, GATE, TAIL)
    assert good.count(old) == 1
    assert said in refusal(tmp_path, good.replace(old, new))


@pytest.mark.parametrize(("content", "said"), WHOLE, ids=range(len(WHOLE)))
def test_a_file_that_holds_anything_else_is_refused(content: str | bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.nml"):
        with pytest.raises(VClampError, match=f"^{path.name}: cannot be read"):
            read_neuroml(path)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, len(SQUID) - 1), st.integers(0, 30), st.text(max_size=8))
def test_a_damaged_file_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, at: int, length: int, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.nml"
    path.write_bytes((SQUID[:at] + text + SQUID[at + length :]).encode("utf-8", "surrogatepass"))
    complaint = ""
    try:
        for channel in read_neuroml(path):
            assert from_data(Channel, to_data(channel), "here") == channel
    except VClampError as error:
        complaint = str(error)
    assert complaint == "" or complaint.startswith("damaged.nml")
    assert "\n" not in complaint


# ---- the command


def test_import_writes_a_file_for_each_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(FOLDER / "squid.nml")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kchan.toml", "leak.toml", "nachan.toml"]
    assert capsys.readouterr().out.splitlines()[0] == f"{FOLDER / 'squid.nml'}: naChan -> nachan.toml"
    assert load_channel(tmp_path / "nachan.toml") == imported("squid", "nachan")
    assert main(["check", "nachan.toml", "kchan.toml", "leak.toml"]) == 0


@pytest.mark.parametrize("name", ["kChan", "kchan"])
def test_import_takes_one_channel_to_where_it_is_told(name: str, tmp_path: Path) -> None:
    out = tmp_path / "own.toml"
    assert main(["import", str(FOLDER / "squid.nml"), "--channel", name, "-o", str(out)]) == 0
    assert load_channel(out) == imported("squid", "kchan")


def test_import_replaces_a_file_only_if_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leak.toml").write_text("precious")
    assert main(["import", str(FOLDER / "squid.nml")]) == 2
    assert capsys.readouterr().err == "vclamp: leak.toml: exists already. Use --overwrite or another name.\n"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("leak.toml", "precious")]
    assert main(["import", str(FOLDER / "squid.nml"), "--overwrite"]) == 0
    assert load_channel(tmp_path / "leak.toml") == imported("squid", "leak")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--channel", "ca"], "squid.nml: holds no channel 'ca'. Choose by --channel one of: nachan, kchan, leak."),
        (
            ["-o", "a.toml"],
            "squid.nml: holds 3 channels and OUT is one. Choose by --channel one of: nachan, kchan, leak.",
        ),
        (["--channel", "leak", "-o", "a.txt"], "a.txt: is no name of a channel file. It must end in .toml."),
        (["--channel", "leak", "-o", ""], "is no name of a channel file"),
        (["--channel", "leak", "-o", "none/a.toml"], "none: there is no such folder"),
    ],
)
def test_import_refuses_in_one_line_and_writes_nothing(
    extra: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(FOLDER / "squid.nml"), *extra]) == 2
    out, complaint = capsys.readouterr()
    assert out == ""
    assert said in complaint
    assert complaint.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_one_bad_channel_gives_no_file_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("half.nml").write_text(SQUID.replace("HHSigmoidRate", "MyRate"), encoding="utf-8")
    assert main(["import", "half.nml"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["half.nml"]


def test_import_explains_itself(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["import", "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: vclamp import")
