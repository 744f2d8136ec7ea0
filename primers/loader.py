"""Panels from TOML: strict, and refused with file, key path and accepted values.

The format is described in ``primers/FORMAT.md``. Panels that ship with the package lie in
``primers/panels``; a laboratory's own are given by path.
"""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from primers._coherence import check_coherence
from primers._readers import read_panel
from primers._tables import Table, listed, suggestion
from primers.errors import PanelError, UnknownPanelError
from primers.panel import Panel

_MAX_BYTES = 1024 * 1024


def panel_names() -> tuple[str, ...]:
    """Return the names of the panels that ship with the package, sorted."""
    return tuple(
        sorted(
            f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")
        )
    )


def load_panel(name_or_path: str | Path) -> Panel:
    """Load a panel that ships with the package by name, or any panel by path.

    Parameters
    ----------
    name_or_path
        A name of `panel_names`, or the path of a TOML file (anything with a folder or with the
        ending ``.toml`` is a path).

    Raises
    ------
    UnknownPanelError
        If no panel has that name.
    PanelError
        If the file cannot be read, or breaks a rule of the format.
    """
    data, file = _read(name_or_path)
    return parse_panel(data, file)


def panel_text(name_or_path: str | Path) -> str:
    """Text of the file of a panel, found as `load_panel` finds it.

    Raises
    ------
    PanelError
        As `load_panel` does.
    """
    data, file = _read(name_or_path)
    parse_panel(data, file)
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def _read(name_or_path: str | Path) -> tuple[bytes, Path]:
    text = str(name_or_path)
    if isinstance(name_or_path, str) and not text.endswith(".toml") and "/" not in text:
        if text not in panel_names():
            raise UnknownPanelError(
                f"there is no panel {text!r}",
                expected="one of " + listed(panel_names()) + ", or the path of a .toml file",
                remedy=suggestion(text, panel_names()),
            )
        source: Traversable = _folder().joinpath(f"{text}.toml")
        return source.read_bytes(), Path(f"{text}.toml")
    path = Path(name_or_path)
    try:
        with path.open("rb") as handle:
            data = handle.read(_MAX_BYTES + 1)
    except OSError as error:
        raise PanelError(
            "the panel file cannot be opened", file=path, found=error.strerror
        ) from error
    return data, path


def new_panel(name: str, like: str) -> str:
    """Text of a new panel: one that comes with this software, under another name.

    Parameters
    ----------
    name
        Of the new panel.
    like
        Of the panel to start from.

    Raises
    ------
    PanelError
        If there is no such panel, or the name cannot be one.
    """
    model = load_panel(like)
    text = _folder().joinpath(f"{model.name}.toml").read_text("utf-8")
    made = text.replace(f'name = "{model.name}"', f"name = {json.dumps(name)}", 1)
    parse_panel(made.encode())
    return made


def parse_panel(data: bytes, file: Path | None = None) -> Panel:
    """Make a panel from the bytes of a TOML file.

    Raises
    ------
    PanelError
        If the file is too large, no TOML, of another format version, or breaks a rule.
    """
    if len(data) > _MAX_BYTES:
        raise PanelError("the panel file is too large", file=file, expected="at most 1 MiB")
    try:
        values = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise PanelError(
            "the panel file is not UTF-8 text", file=file, place=f"byte {error.start + 1}"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise PanelError("the panel file is not TOML", file=file, found=str(error)) from error
    panel = read_panel(Table(values, "", file))
    check_coherence(panel)
    return panel


def _folder() -> Traversable:
    return resources.files("primers").joinpath("panels")
