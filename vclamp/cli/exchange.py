"""Commands about other programs' descriptions: import, command."""

from argparse import Namespace
from pathlib import Path

from vclamp import paths
from vclamp.cli.told import Told


def bring(arguments: Namespace, told: Told) -> int:
    """Text files of a NeuroML channel, or of an ABF or ATF stimulus."""
    from vclamp.storage.imports import import_file

    output = None if arguments.output is None else Path(arguments.output)
    for line in import_file(Path(arguments.file), output, part=arguments.channel, overwrite=arguments.overwrite):
        told.line(line)
    return 0


def command(arguments: Namespace, told: Told) -> int:
    """The command of a protocol as a stimulus file."""
    from vclamp.model.files import load_protocol
    from vclamp.storage.atf import export_command

    protocol = load_protocol(paths.find(arguments.protocol, paths.PROTOCOLS, "protocol"))
    export_command(protocol, Path(arguments.output), overwrite=arguments.overwrite)
    told.line(f"{protocol.name}: {protocol.total_sweeps} sweeps -> {arguments.output}")
    return 0
