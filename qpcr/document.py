"""A record as plain values, for ``run.json``: everything, in words a program can read.

Arrays become lists, a missing number is null, a mapping whose keys are not texts becomes a list of
``{"key": …, "value": …}``. Names are as they stand in the instrument's file.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

import numpy as np

from qpcr.record import Record

FORMAT = "ikaros-qpcr run"
FORMAT_VERSION = 1


def plain_value(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Raises
    ------
    TypeError
        For a kind of value nobody has thought of: a mistake in the code.
    """
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, Enum) else value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: plain_value(one) for key, one in value.items()}
        return [{"key": plain_value(k), "value": plain_value(v)} for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain_value(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain_value(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"no plain form for {type(value).__name__}")


def _array(values: np.ndarray[Any, Any]) -> Any:
    if values.dtype.kind in "biu":
        return values.tolist()
    if values.dtype == np.float32:  # shortest text that reads back as the same float32
        flat = [float(str(v)) if np.isfinite(v) else None for v in values.ravel()]
    else:
        flat = [v if math.isfinite(v) else None for v in values.ravel().tolist()]
    return _nest(flat, values.shape)


def _nest(flat: list[float | None], shape: tuple[int, ...]) -> Any:
    if len(shape) <= 1:
        return flat
    step = math.prod(shape[1:])
    return [_nest(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def document(record: Record) -> dict[str, Any]:
    """Everything a record holds."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": plain_value(record.created),
        "versions": plain_value(record.versions),
        "settings": plain_value(record.settings),
        "fit_settings": plain_value(record.fit_settings),
        "run": plain_value(record.run),
        "curves": plain_value(record.curves),
        "fits": [plain_value(record.fits[i]) for i in range(len(record.fits))],
        "shapes": plain_value(record.shapes),
        "findings": plain_value(record.findings),
        "panel": plain_value(record.panel),
        "calls": plain_value(record.calls),
        "identities": plain_value(record.identities),
        "light_level": plain_value(record.light_level),
        "quantification": plain_value(record.quantification),
        "lots": plain_value(record.lots),
    }


def dump(told: Mapping[str, Any]) -> str:
    """Plain values as JSON text; what is read back gives the same text again."""
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_json(record: Record) -> str:
    """The document as JSON text."""
    return dump(document(record))
