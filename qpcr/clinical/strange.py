"""Columns that nobody says the meaning of: what they were probably meant to be.

A column that is left out in silence is a value that is missing from every record, so an import
refuses it; whoever does not want it has to name it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from qpcr._nearest import nearest
from qpcr.clinical.fields import Field, folded, schema

_UNIT = re.compile(
    r"(?P<name>.+?)\s*(?:[(（\[](?P<unit>[^()（）\[\]]+)[)）\]]|[,，/]\s*(?P<other>[^,，]+))\s*"
)
"""``wbc (10^9/L)``, ``LDH [U/L]``, ``wbc, 10^9/L``: a name, and what stands behind it."""
_PERSONAL = re.compile(
    r"birth|\bdob\b|phone|mobile|e-?mail|address|passport|social.?security|\bssn\b|"
    r"\b(id|identity|identification).?(card|number|no)\b|"
    r"^((patient|first|last|family|given|full|middle|sur)\W*)?names?$|"
    r"出生|生日|姓名|名字|电话|手机|身份证|护照|住址|地址|邮箱|微信|联系方式"
)
"""What tells who a patient is, in English and Chinese."""
IGNORE = "a field's name, or to be ignored: --ignore, or ignore in the column map"


def meant(head: str, fields: Mapping[str, Field]) -> str:
    """What an unknown head was probably meant to be, and what to do, in words."""
    if _PERSONAL.search(unicodedata.normalize("NFKC", head).casefold().replace("_", " ").strip()):
        return (
            "nothing that tells who a patient is: birth dates, names, phone and id card numbers "
            "are not kept (of the birth date only the age at diagnosis: field age). Leave the "
            "column out with --ignore, or ignore in the column map"
        )
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
