"""The command line: vclamp [gui] | run | analyse | export | replay | check | import | command | bench | list."""

import sys
from collections.abc import Sequence

from vclamp.cli.parser import parser
from vclamp.cli.told import Told
from vclamp.errors import VClampError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code, of which `vclamp --help` tells the meaning."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["-m"] and getattr(sys, "frozen", False):  # a bundled program is its own interpreter
        return _run_module(*words[1:])
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show K⁺ still shows the rest
    told = Told()
    try:
        arguments = parser().parse_args(words)
        told = Told(as_json=getattr(arguments, "json", False))
        code: int = arguments.command(arguments, told)
        told.end(code)
        return code
    except VClampError as error:
        print(f"vclamp: {error}", file=sys.stderr)
        told.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; nothing to complain about
        return 0


def _run_module(name: str, *arguments: str) -> int:
    """What `python -m` does, for the processes that the program starts for itself."""
    from runpy import run_module

    sys.argv[1:] = arguments
    if name.startswith(f"{__package__.partition('.')[0]}."):
        run_module(name, run_name="__main__", alter_sys=True)
    return 0
