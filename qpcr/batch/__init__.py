"""Many instrument files analyzed by one order; an interrupted batch continues.

``order`` says what is asked for every run, ``work`` does it, ``finished`` knows what an earlier
batch did, ``folders`` where the results of each run go.
"""

from __future__ import annotations

from qpcr.batch.analyzed import Analyzed
from qpcr.batch.order import Order
from qpcr.batch.work import analyze_file, analyze_files

__all__ = ["Analyzed", "Order", "analyze_file", "analyze_files"]
