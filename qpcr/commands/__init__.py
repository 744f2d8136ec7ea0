"""The commands of ``qpcr``: one a module, found by looking in this folder.

A module states one constant ``COMMAND``; its command is a few lines over one library call. This
folder and ``cli.py`` are the only homes of click and rich. Nothing heavy is imported at the top of
a module: ``qpcr --help`` loads them all.
"""

FAILED, USAGE, BAD_INPUT = 1, 2, 3
"""Exit codes: a run that must not be used, or output that nobody takes; usage; bad input."""
