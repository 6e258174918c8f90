"""Small recordings made up for the tests of storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import numpy as np

from vclamp import paths
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.model.record import Change, Finished, Header, Recording, Sweep, trace_names
from vclamp.model.rig import Rig


@cache
def squid_axon() -> Rig:
    """The shipped cell."""
    return load_rig(paths.CELLS / "squid-axon.toml")


@cache
def iv() -> Protocol:
    """The shipped protocol: 15 sweeps of 3000 samples at 50 kHz, 260 ms apart."""
    return load_protocol(paths.PROTOCOLS / "iv.toml")


def header(protocol: Protocol | None = None) -> Header:
    """A header whose seed does not fit into 64 bits."""
    return Header(rig=squid_axon(), protocol=protocol or iv(), seed=2**100 + 1, version="0.1.0")


def made_up_sweep(index: int, *, n_samples: int = 3000, rig: Rig | None = None) -> Sweep:
    """A sweep of awkward numbers that follow from its index alone."""
    rig = rig or squid_axon()
    names = trace_names(rig)
    values = np.random.default_rng(index).standard_normal((len(names), n_samples)) * 100
    values[:, :3] = (-0.0, 5e-324, 1 / 3)
    values.setflags(write=False)
    return Sweep(index, names, values, start=(-65.0, 0.1, index / 3), rig=rig)


def changed_sweep(index: int, *, n_samples: int = 3000) -> Sweep:
    """A sweep that begins with another rig than its run and changes it twice."""
    rig = squid_axon()
    colder = replace(rig, solutions=replace(rig.solutions, temperature_K=275.0 + 1 / 3))
    sodium, *others = colder.cell.channels
    channels = (replace(sodium, on=False), *others)
    no_sodium = replace(colder, cell=replace(colder.cell, channels=channels))
    changes = (Change(index, 7, no_sodium), Change(index, 900, rig))
    return replace(made_up_sweep(index, n_samples=n_samples, rig=colder), changes=changes)


def small_protocol(n_sweeps: int, n_samples: int) -> Protocol:
    """A step with as many samples as wanted, at 50 kHz and without an interval."""
    half_ms = n_samples / 50.0 / 2
    segments = (Hold(half_ms), Step(0.0, half_ms, name="test"))
    return Protocol("small", segments, n_sweeps=n_sweeps, hold_mV=-80.0)


def made_up_recording(n_sweeps: int = 3, n_samples: int = 3000) -> Recording:
    """A run whose second sweep has changes."""
    protocol = small_protocol(n_sweeps, n_samples)
    if n_samples == 3000:
        protocol = replace(iv(), n_sweeps=n_sweeps)
    sweeps = [made_up_sweep(index, n_samples=n_samples) for index in range(n_sweeps)]
    if n_sweeps > 1:
        sweeps[1] = changed_sweep(1, n_samples=n_samples)
    return Recording(header(protocol), tuple(sweeps), Finished("stopped", "by hand: ±1 µA"))


def apart(one: Recording, other: Recording) -> float:
    """By how much the samples of two runs differ at most, in parts of the largest value of their trace."""
    assert [(x.index, x.names, x.values.shape) for x in one.sweeps] == [
        (x.index, x.names, x.values.shape) for x in other.sweeps
    ]
    return max(
        float((np.abs(x.values - y.values).max(axis=1) / np.maximum(np.abs(y.values).max(axis=1), 1e-300)).max())
        for x, y in zip(one.sweeps, other.sweeps, strict=True)
    )


@contextmanager
def largest_file(n_bytes: int) -> Iterator[None]:
    """No file may grow beyond this size: a real write error without a full disk."""
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
