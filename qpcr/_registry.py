"""The one plug-in finder: a module in a folder states one constant, and is found by looking.

Nothing has to be registered: put a file into ``formats/``, ``models/``, ``instrument/`` or
``qc/``, state the constant, and it is there. Works in a checkout and in an installed wheel.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def find(package: str, constant: str) -> Mapping[str, Any]:
    """Find the plug-ins of a folder.

    Parameters
    ----------
    package
        Dotted name of the package to look into, e.g. ``"qpcr.models"``. Sub-packages count as
        modules; names that begin with ``_`` are the package's own machinery and are skipped.
    constant
        The name every plug-in states, e.g. ``"MODEL"``.

    Returns
    -------
    Mapping
        Module name (without the package) to the value of its constant, in alphabetical order.

    Raises
    ------
    AttributeError
        A module of the folder does not state the constant: a mistake in the code.
    ImportError
        A module cannot be imported.
    """
    root = importlib.import_module(package)
    names = sorted(
        info.name for info in pkgutil.iter_modules(root.__path__) if not info.name.startswith("_")
    )
    found: dict[str, Any] = {}
    for name in names:
        module = importlib.import_module(f"{package}.{name}")
        if not hasattr(module, constant):
            raise AttributeError(
                f"{package}.{name} must state {constant}; a helper module's name begins with '_'"
            )
        found[name] = getattr(module, constant)
    return MappingProxyType(found)
