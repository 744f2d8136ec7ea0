"""Who may import whom, what start-up may load, and how large things may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = [
    "errors", "_frozen", "said", "counted", "_lists", "_nearest", "_registry", "lots",
    "light_source", "run", "light_level", "formats", "instrument", "settings",
    "_signals", "baselines", "thresholds", "curves", "models", "fits", "methods", "shapes",
    "findings", "qc", "calls", "deciding", "tables", "sampling", "quantification", "amplified",
    "indicators", "benchmark",
    "clinical", "samples", "expected", "threshold_origin", "reagents",
    "record", "unmatched", "replicates", "pipeline", "frames", "given_once", "quantities",
    "document", "report", "outputs",
    "threshold_evidence", "threshold_proposal", "threshold_sheet",
    "_possible", "inspection", "tabulate", "panel_sheet", "export", "rehearsal", "miqe", "records",
    "exchange", "farm", "batch", "reanalysis", "cohort", "cohort_rehearsal",
    "watch", "serve", "commands",
]  # fmt: skip
"""Rooms of ``qpcr`` from the bottom up: each may import those before it."""
PARTS = {"_fit_": "fits", "_shape_": "shapes"}
"""Helper modules that belong to a room."""
APART = {"simulate": {"errors", "_frozen"}}
"""Rooms beside the pipeline, and all they may import."""
INSIDE = {
    "quantities": (
        "named_table", "drawing", "measured", "target_curve", "curve_use", "quantify",
        "curves_used",
        "installation", "tables", "detection", "kept", "kept_view", "controls", "control_charts",
        "control_page", "inter_run", "relative", "factors", "mrd_units", "mrd_wells",
        "mrd_runs", "mrd", "mrd_tables", "mrd_kept",
    ),
}  # fmt: skip
"""Modules of a room from the bottom up, where the room says so: each may import those before."""
MAY_SIMULATE = {"rehearsal", "cohort_rehearsal", "commands"}
HOMES = {
    "lmfit": "qpcr/models/",
    "distributed": "qpcr/farm.py",
    "h5py": "qpcr/records/",
    "click": ("cli.py", "qpcr/commands/"),
    "rich": "qpcr/commands/",
    "plotly": "qpcr/report/",
    "matplotlib": "qpcr/report/",
    "jinja2": ("qpcr/report/", "qpcr/serve/"),
    "starlette": "qpcr/serve/",
    "uvicorn": "qpcr/serve/",
}


def sources():
    found = [ROOT / "cli.py"]
    for package in ("qpcr", "primers", "calibration"):
        found += sorted((ROOT / package).rglob("*.py"))
    return found


def imports(path):
    """Modules a file imports anywhere, except for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            skipped |= {id(inner) for one in node.body for inner in ast.walk(one)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module)
            if node.module == "qpcr":
                found |= {f"qpcr.{alias.name}" for alias in node.names}
    return found


def room(module):
    """Room of ``qpcr`` that a dotted module lies in, or ``None``."""
    parts = module.split(".")
    if parts[0] != "qpcr" or len(parts) == 1:
        return None
    return next((home for part, home in PARTS.items() if parts[1].startswith(part)), parts[1])


def room_of(path):
    inside = path.relative_to(ROOT / "qpcr").with_suffix("").parts
    return room(".".join(("qpcr", *inside)))


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    name = str(path.relative_to(ROOT)).replace("\\", "/")
    found = imports(path)
    top = {module.split(".")[0] for module in found}
    assert "cli" not in top, "nothing imports the command line"
    for library, home in HOMES.items():
        assert library not in top or name.startswith(home), f"{library} has its home in {home}"
    if name.startswith(("primers/", "calibration/")):
        mine = name.split("/")[0]
        assert not top & ({"qpcr", "primers", "calibration"} - {mine})
    if not name.startswith("qpcr/") or name == "qpcr/__init__.py":
        return
    here = room_of(path)
    used = {room(module) for module in found} - {None, here}
    if here in APART:
        assert used <= APART[here]
        return
    assert here in ORDER, f"{name}: say in ORDER where this room stands"
    if here not in MAY_SIMULATE:
        assert not used & APART.keys()
    used -= APART.keys()
    for other in used:
        assert ORDER.index(other) < ORDER.index(here), f"{name} must not import qpcr.{other}"


@pytest.mark.parametrize("name", INSIDE)
def test_imports_inside_a_room_run_one_way(name):
    order = INSIDE[name]
    prefix = f"qpcr.{name}."
    files = {path.stem: path for path in (ROOT / "qpcr" / name).glob("[!_]*.py")}
    assert set(files) == set(order), "say in INSIDE where each module stands"
    for stem, path in files.items():
        used = {one.removeprefix(prefix) for one in imports(path) if one.startswith(prefix)}
        late = {one for one in used if order.index(one) >= order.index(stem)}
        assert not late, f"{name}/{stem} must not import {late}"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def python(code):
    """Run code in a fresh interpreter."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize(
    "statement", ["import qpcr", "import cli", "import primers", "import calibration"]
)
def test_start_up_loads_nothing_heavy(statement):
    heavy = "lmfit", "pandas", "plotly", "h5py", "scipy.optimize", "rich", "jinja2", "lxml"
    code = f"import sys; {statement}; print([m for m in {heavy!r} if m in sys.modules])"
    done = python(code)
    assert done.stdout.strip() == "[]", done.stderr


def test_help_loads_nothing_heavy():
    code = (
        "import sys, cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('lmfit','pandas','plotly','h5py','numpy','rich') if m in sys.modules])"
    )
    done = python(code)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_public_names_are_few_and_there():
    import qpcr

    assert len(qpcr.__all__) <= 15
    for name in qpcr.__all__:
        assert callable(getattr(qpcr, name))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = qpcr.nothing
