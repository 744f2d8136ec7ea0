"""The files of an analyzed cohort."""

from __future__ import annotations

from pathlib import Path

from qpcr.cohort.analysis import Analysis
from qpcr.cohort.figures import figures
from qpcr.cohort.numbers import csv_texts
from qpcr.cohort.page import report_page
from qpcr.outputs import write_texts


def write_cohort(analysis: Analysis, folder: Path, lang: str, *, page: bool = True) -> list[Path]:
    """Write tables, with survival the figures, and the report: all of them, or none.

    Parameters
    ----------
    analysis
        What was found.
    folder
        Where to; made if it does not exist, for its owner alone to read.
    lang
        Of figures and report.
    page
        Write the report; it needs survival.

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    texts = csv_texts(analysis)
    mark = "synthetic-" if analysis.data.cohort.synthetic else ""
    texts |= {f"{mark}{name}": drawn for name, drawn in figures(analysis, lang).items()}
    if page:
        texts[f"{mark}report.html"] = report_page(analysis, lang)
    return write_texts(texts, folder, private=True)
