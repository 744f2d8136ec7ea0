"""A drop folder: files that arrive are analyzed, filed and reported, each once.

``arrival`` says which files are completely there, ``journal`` remembers what was done with each,
``errand`` does the work on one file in a process of its own, ``watcher`` puts them together.
Nothing in the folder is moved, changed or deleted.
"""

from __future__ import annotations

from qpcr.watch.errand import Plan
from qpcr.watch.watcher import watch

__all__ = ["Plan", "watch"]
