"""``qpcr records``: the store of runs and patients; every module here is a command of it."""

from __future__ import annotations

import click

from qpcr._registry import find


@click.group()
def records() -> None:
    """Keep runs and patients in a store that loses nothing."""


for _name, _command in find("qpcr.commands.records", "SUBCOMMAND").items():
    records.add_command(_command, _name.rstrip("_").replace("_", "-"))

COMMAND = records
