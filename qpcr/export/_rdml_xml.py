"""Elements of RDML."""

from __future__ import annotations

import re

from lxml import etree

NAMESPACE = "http://www.rdml.org"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Replace what XML cannot hold by the sign for an unknown character."""
    return _FORBIDDEN.sub("\ufffd", text)


def add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Add an element."""
    node = etree.SubElement(
        parent, f"{{{NAMESPACE}}}{name}", {key: clean(one) for key, one in attributes.items()}
    )
    if text is not None:
        node.text = clean(text)
    return node
