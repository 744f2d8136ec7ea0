"""``qpcr records review``."""

from __future__ import annotations

from qpcr.commands.records._steps import step_command

SUBCOMMAND = step_command(
    "review",
    "Mark a result as reviewed: it can be signed then.",
    lambda store, patient, path, user: store.review(patient, path, user=user),
    "reviewed",
)
