"""The command line: ``qpcr`` and its commands, found in :mod:`qpcr.commands`.

Exit codes: 0 fine, 1 a run that must not be used or an interruption, 2 usage (also a panel,
study, profile or the like that this software does not have), 3 bad input.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any

import click

from qpcr._registry import find
from qpcr.commands import BAD_INPUT, FAILED, USAGE
from qpcr.commands._screen import complain


class Commands(click.Group):
    """Commands whose errors are said in one place, in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that a user can mend becomes a message and exit code 2 or 3.

        Output that nobody takes (a full disk, a closed pipe) ends with code 1.
        """
        try:
            return self._invoke(ctx)
        except OSError as error:
            # Streams have no file name. Any other such error is a mistake of ours; click itself
            # ends quietly where the reader of a pipe has gone.
            if error.filename is not None or error.errno == errno.EPIPE:
                raise
            with suppress(OSError):
                click.echo(f"qpcr: the output cannot be written: {error.strerror}", err=True)
            _mute()
            ctx.exit(FAILED)

    def _invoke(self, ctx: click.Context) -> Any:
        from primers.errors import PrimersError, UnknownPanelError
        from qpcr.errors import QpcrError, UnknownNameError

        try:
            return super().invoke(ctx)
        except (UnknownNameError, UnknownPanelError) as error:
            complain(error)
            ctx.exit(USAGE)
        except (QpcrError, PrimersError) as error:
            complain(error)
            ctx.exit(BAD_INPUT)


def _mute() -> None:
    """Send the streams nowhere, or Python would try again to write what is left, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ikaros-qpcr", prog_name="qpcr")
def main() -> None:
    """From the raw fluorescence of a qPCR plate to Ct, and from Ct to calls."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console need not know every character


for _name, _command in find("qpcr.commands", "COMMAND").items():
    main.add_command(_command, _name.replace("_", "-"))

if __name__ == "__main__":
    main()
