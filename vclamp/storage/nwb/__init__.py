"""NWB 2, the file for other people: icephys series in SI units, and all a replay needs.

Traces are stored as volts, amperes and numbers between 0 and 1; the exact definition of the runs is kept as
JSON in /scratch/vclamp_run. pynwb lays the file out, in memory; plain h5py fills it, and reads it.
"""

from vclamp.storage.nwb.read import check, read, same_as
from vclamp.storage.nwb.words import DEFINITION
from vclamp.storage.nwb.write import write

__all__ = ["DEFINITION", "check", "read", "same_as", "write"]
