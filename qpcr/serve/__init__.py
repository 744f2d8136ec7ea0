"""The local review page: runs, results and patients of a store, in a browser on this machine.

``guard`` lets only holders of the printed token in, and keeps everything else out; ``app`` has the
pages; what may be done with a result is decided by the store, by the same rules as on the command
line.
"""

from __future__ import annotations

from qpcr.serve.app import make_app
from qpcr.serve.guard import Guard, Keys
from qpcr.serve.server import run_server

__all__ = ["Guard", "Keys", "make_app", "run_server"]
