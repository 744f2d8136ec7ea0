"""What ``records review`` and ``records sign`` share: one step of the review of one result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qpcr.commands.records._options import opened, store_option, user_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpcr.records import Receipt, Store


def step_command(
    name: str, text: str, act: Callable[[Store, str, str, str | None], Receipt], done: str
) -> click.Command:
    """A command that takes a step with a result, and says of which result, and what it says.

    Parameters
    ----------
    name, text
        Of the command, and its help.
    act
        What it does with the store, the patient, the result's path and the user.
    done
        What the result is then.
    """

    @click.command(name, help=text)
    @store_option
    @user_option
    @click.option("--patient", required=True, help="Id of the patient.")
    @click.option("--result", required=True, help="RUN/SAMPLE, as records show says.")
    def step(folder: Path, user: str | None, patient: str, result: str) -> None:
        store = opened(folder)
        receipt = act(store, patient, result, user)
        one = store.patient(patient).results[result]
        found = " + ".join(one.deletions)
        called = f"{one.outcome or 'not called'}{': ' if found else ''}{found}"
        click.echo(f"{done}: {result}, {called} (commit {receipt.sequence})")

    return step
