"""Values of a record as people read them: a number with its unit, not how it is stored."""

from __future__ import annotations

import json
from typing import Any


def told(value: Any) -> str:
    """A value as one text: ``40 10^9/L``, ``<0.01 %``, ``yes``; others as JSON, nothing as a dash.

    A number keeps all its digits.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dict) and "value" in value and not isinstance(value["value"], dict):
        more = [f"{name} {told(one)}" for name, one in value.items() if name not in _QUANTITY]
        quantity = f"{told(value['value'])} {value.get('unit') or ''}".strip()
        return ", ".join([quantity, *more])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_QUANTITY = ("value", "unit")
