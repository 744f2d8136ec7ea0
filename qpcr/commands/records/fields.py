"""``qpcr records fields``: the clinical fields of a record, and how a table may state them."""

from __future__ import annotations

import click

from qpcr.commands._screen import print_table


@click.command("fields")
def fields() -> None:
    """List the clinical fields: what they are called, their units and codes.

    A column of a table is found by a field's name or by one of its labels; other heads, units and
    codes are stated in a column map.
    """
    from qpcr.clinical.fields import schema

    rows = [
        (
            one.name,
            one.kind,
            f"{one.low:g}-{one.high:g} {one.unit}" if one.low is not None else "",
            ", ".join(one.codes),
            f"{one.en} / {one.zh}",
        )
        for one in schema().fields.values()
    ]
    heads = ("Field", "Kind", "Range", "Codes", "Label")
    print_table(dict.fromkeys(heads, "left"), rows)


SUBCOMMAND = fields
