"""``qpcr records sign``."""

from __future__ import annotations

from qpcr.commands.records._steps import step_command

SUBCOMMAND = step_command(
    "sign",
    "Sign a result that was reviewed: it is final from then on, and changed only by amending it.",
    lambda store, patient, path, user: store.sign(patient, path, user=user),
    "signed, final from now on",
)
