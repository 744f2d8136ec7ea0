"""Small synthetic RDML files, written by hand and not by the writer under test."""

from __future__ import annotations

import math

from eds_files import packed

NAMESPACE = "http://www.rdml.org"
CYCLES = 40


def rise(cycle: float, middle: float, height: float = 3.0) -> float:
    """A synthetic curve: a baseline of 0.5 and a logistic rise."""
    return 0.5 + height / (1 + math.exp(-(cycle - middle) / 1.6))


def data(target: str, middle: float, cq: str | None = None, more: str = "", cycles: int = CYCLES):
    points = "".join(
        f"<adp><cyc>{c}</cyc><fluor>{rise(c, middle)!r}</fluor></adp>" for c in range(1, cycles + 1)
    )
    stated = "" if cq is None else f"<cq>{cq}</cq>"
    return f'<data><tar id="{target}"/>{stated}{more}{points}</data>'


def react(key: object, sample: str, *inside: str) -> str:
    return f'<react id="{key}"><sample id="{sample}"/>{"".join(inside)}</react>'


FORMAT = (
    "<pcrFormat><rows>8</rows><columns>12</columns>"
    "<rowLabel>ABC</rowLabel><columnLabel>123</columnLabel></pcrFormat>"
)
REACTS = (
    react(1, "s1", data("T", 24.0, "22.5"), data("R", 20.0, "18.25")),
    react(2, "std", data("T", 27.0, "25.5"), data("R", 21.0, "40")),
    react(13, "none", data("T", 90.0, "-1"), data("R", 22.0, "20.5", "<excl>bubble</excl>")),
)
PROTOCOL = """<thermalCyclingConditions id="p"><step><nr>1</nr><temperature><temperature>95
</temperature><duration>600</duration></temperature></step><step><nr>2</nr><temperature>
<temperature>95</temperature><duration>15</duration></temperature></step><step><nr>3</nr>
<temperature><temperature>60</temperature><duration>60</duration><measure>real time</measure>
</temperature></step><step><nr>4</nr><loop><goto>2</goto><repeat>40</repeat></loop></step>
</thermalCyclingConditions>"""


def run(name: str = "run 1", reacts: tuple[str, ...] = REACTS, head: str = "") -> str:
    head += '<thermalCyclingConditions id="p"/>'
    return f'<run id="{name}">{head}{FORMAT}{"".join(reacts)}</run>'


def document(*runs: str, version: str = "1.2", extra: str = "", experiment: str = "e") -> bytes:
    """A whole document with samples s1, std (1000 copies), none and targets T (FAM), R (VIC)."""
    body = "".join(runs) or run()
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdml version="{version}" xmlns="{NAMESPACE}">
<dye id="FAM"/><dye id="VIC"/>
<sample id="s1"><type>unkn</type></sample>
<sample id="std"><type>std</type><quantity><value>1000</value><unit>cop</unit></quantity></sample>
<sample id="none"><type>ntc</type></sample>
<target id="T"><type>toi</type><dyeId id="FAM"/></target>
<target id="R"><type>ref</type><dyeId id="VIC"/></target>{extra}{PROTOCOL}
<experiment id="{experiment}">{body}</experiment></rdml>""".encode()


def small_rdml(xml: bytes | None = None) -> bytes:
    """The document in its container."""
    return packed({"rdml_data.xml": xml or document()})
