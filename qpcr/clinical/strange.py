"""Columns that nobody says the meaning of: what they were probably meant to be.

A column that is left out in silence is a value that is missing from every record, so an import
refuses it; whoever does not want it has to name it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qpcr._nearest import nearest
from qpcr.clinical.fields import Field, folded, schema

_UNIT = re.compile(
    r"(?P<name>.+?)\s*(?:[(（\[](?P<unit>[^()（）\[\]]+)[)）\]]|[,，/]\s*(?P<other>[^,，]+))\s*"
)
"""``wbc (10^9/L)``, ``LDH [U/L]``, ``wbc, 10^9/L``: a name, and what stands behind it."""
IGNORE = "a field's name, or to be ignored: --ignore, or ignore in the column map"


def meant(head: str, fields: Mapping[str, Field]) -> str:
    """What an unknown head was probably meant to be, and what to do, in words."""
    known = schema()
    split = _UNIT.fullmatch(head)
    if split is not None:
        field = known.by_head(split["name"], fields)
        unit = (split["unit"] or split["other"]).strip()
        if field is not None and folded(unit) in field.units:
            return (
                f"{field.name} in {unit}? Then say so in a column map: "
                f'[columns."{head}"] field = "{field.name}", unit = "{unit}"; or {IGNORE}'
            )
    heads = {head: one.name for one in fields.values() for head in one.heads}
    for text in (head, split["name"] if split is not None else head):
        near = nearest(folded(text), heads)
        if near is not None:
            return f"did you mean {heads[near]}? Else {IGNORE}"
    return IGNORE
