"""Speed of the engine beside other solvers, in one run: python tests/benchmarks/bench_engine.py

The same as `vclamp bench`, whose options it takes.
"""

import sys

from vclamp.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
