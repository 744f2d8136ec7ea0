"""The command line: ``qpcr`` and its commands, found in :mod:`qpcr.commands`.

Exit codes: 0 fine, 1 a run that must not be used or an interruption, 2 usage, 3 bad input.
"""

from __future__ import annotations

from typing import Any

import click

from qpcr._registry import find
from qpcr.commands._screen import complain

BAD_INPUT = 3


class Commands(click.Group):
    """Commands whose errors are said in one place, in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that a user can mend becomes a message and exit code 3."""
        from primers.errors import PrimersError
        from qpcr.errors import QpcrError

        try:
            return super().invoke(ctx)
        except (QpcrError, PrimersError) as error:
            complain(error)
            ctx.exit(BAD_INPUT)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ikaros-qpcr", prog_name="qpcr")
def main() -> None:
    """From the raw fluorescence of a qPCR plate to Ct, and from Ct to calls."""


for _name, _command in find("qpcr.commands", "COMMAND").items():
    main.add_command(_command, _name)

if __name__ == "__main__":
    main()
