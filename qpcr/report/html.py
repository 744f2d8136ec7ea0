"""From a record to the text of its report."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from types import SimpleNamespace
from typing import TYPE_CHECKING

from qpcr.report import _summary
from qpcr.report._by_method import by_method
from qpcr.report._data import payload, script_json
from qpcr.report._miqe import miqe
from qpcr.report._standards import curve_rows, read_from, sample_rows, standards
from qpcr.report._templates import template
from qpcr.report._verdict import verdict
from qpcr.report.language import language

if TYPE_CHECKING:
    from qpcr.record import Record

_SCRIPTS = ("core", "plate", "curves", "detail", "table", "start")
"""The page's own scripts, in the order in which they build on each other."""


def render(record: Record, lang: str = "en") -> str:
    """Make the report of one run as one HTML page that needs nothing else.

    Names in the record are anybody's text: the template escapes them, the JSON holds no markup,
    and the page's content security policy lets only the page's own scripts run, by their hashes.

    Parameters
    ----------
    record
        One analyzed run.
    lang
        Language of the page, one of :data:`qpcr.report.language.LANGUAGES`; names from the file
        stay as they are.

    Returns
    -------
    str
        The page, to be written as UTF-8.
    """
    from markupsafe import Markup

    tongue = language(lang, record.panel)
    texts = tongue.texts
    plotly, own = _plotly(), _own_script()
    quantities = standards(record)
    text = template("report.html").render(
        t=SimpleNamespace(**texts),
        run=record.run,
        header=_summary.header(record, tongue),
        findings=_summary.seen(record, tongue),
        verdict=verdict(record, tongue),
        miqe=miqe(record, tongue, quantities),
        curve_rows=curve_rows(quantities, tongue),
        standard_drawn=bool(quantities.drawn),
        read_from=read_from(quantities, texts),
        sample_rows=sample_rows(quantities, tongue),
        calls=_summary.called(record, tongue),
        shared_reasons=_summary.shared_reasons(record, tongue),
        panel="" if record.panel is None else f"{record.panel.name} {record.panel.version}",
        limitations=_summary.limitations(record, tongue),
        single_wells=_summary.single_wells(record, tongue.texts),
        warnings=_summary.warnings(record, tongue),
        notes=tongue.say_all((*record.run.notes, *record.curves.notes)),
        counts=_summary.counts(record, texts),
        differences=_summary.differences(record, texts),
        compared=any(result.cq is not None for result in record.run.results.values()),
        by_method=by_method(record, tongue),
        settings=_summary.settings(record, tongue),
        origin=_summary.origin(record, texts),
        protocol=_summary.protocol(record, texts),
        css=Markup(_template("report.css")),  # noqa: S704 - our own file
        policy=_policy(plotly, own),
        data=Markup(script_json(payload(record, tongue, quantities))),  # noqa: S704 - holds no markup
        plotly=Markup(plotly),  # noqa: S704 - plotly's own file
        script=Markup(own),  # noqa: S704 - our own file
    )
    return str(text)


def _template(name: str) -> str:
    return resources.files("qpcr.report").joinpath("templates", name).read_text("utf-8")


def _own_script() -> str:
    """The page's scripts as one, in a scope of their own."""
    parts = "\n".join(_template(f"js/{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _plotly() -> str:
    """plotly.js as the plotly package ships it; the file is read, the package's API not loaded."""
    path = resources.files("plotly").joinpath("package_data", "plotly.min.js")
    return path.read_text("utf-8").replace("</script", "<\\/script")


def _policy(*scripts: str) -> str:
    """Content security policy: no network at all, and no script but these, by their hashes."""
    digests = (base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts)
    sources = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
