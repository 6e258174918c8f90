"""A rig in tables for people: cell, channels, drugs, solutions, amplifier. An exam's keep what is to be found out."""

from collections.abc import Iterator
from math import isfinite

from vclamp.errors import VClampError
from vclamp.model.amplifier import Amplifier
from vclamp.model.channel import Channel
from vclamp.model.exam import hidden
from vclamp.model.ions import Solutions
from vclamp.model.rig import Rig
from vclamp.publish.document import Paragraph, Table, facts_table
from vclamp.publish.symbols import CIRCUITS, SIDES, ion_text, minus
from vclamp.units import celsius

EXAM = "This cell is an exam: what it is made of is to be found out, and nothing of it is told here."
_AMOUNTS = {"g_nS": "nS", "p_cm3_per_s": "cm³/s", "n_channels": "channels"}


def rig_blocks(rig: Rig) -> Iterator[Paragraph | Table]:
    """All that is known of a rig and may be told."""
    exam = hidden(rig)
    if exam:
        yield Paragraph(EXAM)
    else:
        yield _cell_table(rig)
        if rig.cell.channels:
            yield _channel_table(rig)
        blockers = _blocker_rows(rig)
        if blockers:
            yield Table("Blockers", ("drug", "acts on", "from", "half block (mM)"), blockers, frozenset({0, 1, 2}))
    yield from _solution_tables(rig.solutions)
    yield _amplifier_table(rig.amplifier, exam=exam)


def number(value: float, unit: str = "") -> str:
    """A number as it was set, with its unit; nothing for what is not a number."""
    return minus(f"{value:.6g} {unit}".strip()) if isfinite(value) else ""


def _cell_table(rig: Rig) -> Table:
    cell = rig.cell
    pump = cell.pump
    branches = (f"{b.name}: {number(b.r_MOhm, 'MΩ')}, {number(b.c_pF, 'pF')}" for b in cell.branches)
    return facts_table(
        "Cell",
        ("cell", cell.title),
        ("capacitance", number(cell.cm_pF, "pF")),
        ("volume", "" if cell.volume_pL is None else number(cell.volume_pL, "pL")),
        ("pump", "" if pump is None else f"at most {number(pump.i_max_pA, 'pA')}{'' if pump.on else ', off'}"),
        ("parallel to the membrane", "; ".join(branches)),
        ("channels open one by one", "yes" if cell.stochastic else ""),
        ("source", cell.source),
        ("note", cell.note),
    )


def _channel_table(rig: Rig) -> Table:
    rows = []
    for channel in rig.cell.channels:
        amount = number(channel.amount, _AMOUNTS[channel.pore.AMOUNT])
        counted = str(channel.n_channels) if channel.n_channels and channel.pore.AMOUNT != "n_channels" else ""
        state = "" if channel.on else "off"
        rows.append((channel.title, channel.ion or "", amount, counted, _reversal(channel, rig.solutions), state))
    head = ("channel", "ion", "amount", "number", "E rev (mV)", "")
    return _without_empty(Table("Channels", head, tuple(rows), frozenset({0, 1, 5})))


def _reversal(channel: Channel, solutions: Solutions) -> str:
    value = channel.reversal_mV(solutions)
    return minus(f"{value:.1f}") if isfinite(value) else "–"


def _blocker_rows(rig: Rig) -> tuple[tuple[str, ...], ...]:
    rows = [
        (blocker.drug, channel.title, SIDES[blocker.side], number(blocker.half_mM))
        for channel in rig.cell.channels
        for blocker in channel.blockers
    ]
    pump = rig.cell.pump
    if pump is not None:
        rows.append((pump.blocker, "pump", "outside", number(pump.ic50_mM)))
    return tuple(rows)


def _solution_tables(solutions: Solutions) -> Iterator[Table]:
    temperature = f"{celsius(solutions.temperature_K):.1f} °C"
    if solutions.ions:
        rows = []
        for ion in solutions.ions:
            try:
                nernst = minus(f"{solutions.reversal_mV(ion.name):.1f}")
            except VClampError:  # none on one side
                nernst = "–"
            rows.append((ion_text(ion.name, ion.z), number(ion.out_mM), number(ion.in_mM), nernst))
        law = "" if solutions.activity == "off" else f"; activities: {solutions.activity}"
        head = ("ion", "outside (mM)", "inside (mM)", "Nernst (mV)")
        yield Table(f"Solutions at {temperature}{law}", head, tuple(rows))
    else:
        yield facts_table("Solutions", ("temperature", temperature))
    given = [drug for drug in solutions.drugs if drug.out_mM or drug.in_mM]
    if given:
        doses = tuple((drug.name, number(drug.out_mM), number(drug.in_mM)) for drug in given)
        yield Table("Drugs given", ("drug", "outside (mM)", "inside (mM)"), doses)


def _amplifier_table(amplifier: Amplifier, *, exam: bool) -> Table:
    """Its dials; what they are estimates of, unless that is to be found out."""
    voltage, recorder = not amplifier.clamps_current, amplifier.recorder
    dials = voltage and amplifier.has_electronics
    facts = [("mode", amplifier.mode.replace("-", " "))]
    if voltage and not exam:
        facts.append(("Rs, true", number(amplifier.rs_MOhm, "MΩ") if amplifier.rs_MOhm else "0: an ideal clamp"))
        facts.append(("circuit", CIRCUITS[amplifier.circuit] if amplifier.rs_MOhm else ""))
        facts.append(("Cp, true", number(amplifier.cp_pF, "pF") if amplifier.circuit == "full" else ""))
        facts.append(("offset", number(amplifier.offset_mV, "mV") if amplifier.offset_mV else ""))
        facts.append(("liquid junction", number(amplifier.junction_mV, "mV") if amplifier.junction_mV else ""))
    if dials:
        facts += [
            ("Rs dial", number(amplifier.rs_est_MOhm, "MΩ")),
            ("C-slow", number(amplifier.cm_est_pF, "pF")),
            ("C-fast", number(amplifier.cp_est_pF, "pF") if amplifier.circuit == "full" else ""),
            ("correction", number(amplifier.correction_percent, "%")),
            ("prediction", number(amplifier.prediction_percent, "%")),
            ("lag", number(1000.0 * amplifier.tau_sum_ms, "µs")),
        ]
    if not voltage:
        facts.append(("holding current", number(amplifier.bias_pA, "pA")))
    if voltage and recorder.on:
        facts += [
            ("filter", f"4-pole Bessel, {number(recorder.filter_kHz, 'kHz')}" if recorder.filter_kHz else "none"),
            ("thermal noise", "yes" if recorder.noise else "no"),
            ("converter", f"{recorder.bits} bits, ±{recorder.range_V:g} V, {recorder.gain_mV_per_pA:g} mV/pA"
             if recorder.bits else "none"),
        ]  # fmt: skip
    return facts_table("Amplifier", *facts)


def _without_empty(table: Table) -> Table:
    """The table without columns in which there is nothing."""
    kept = [k for k in range(len(table.head)) if any(row[k] for row in table.rows)]
    rows = tuple(tuple(row[k] for k in kept) for row in table.rows)
    words = frozenset(new for new, old in enumerate(kept) if old in table.words)
    return Table(table.caption, tuple(table.head[k] for k in kept), rows, words)
