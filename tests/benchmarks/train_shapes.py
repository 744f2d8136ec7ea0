"""Fit the weights of the curve classifier, cross-validate them, print the figures, write them.

    python tests/benchmarks/train_shapes.py [--write]

Real curves that people judged (the folder of ``IKAROS_DATA``, else ``../shared/data`` beside the
checkout) and simulated ones train together, since the raters of these sets hardly saw late curves,
slow probes or evaporation. Every set counts with the root of its size, simulated ones a fifth as
much. Printed are the figures of each set left out in turn, of the largest set (whose raters were
strictest) in five parts by plate, and of all curves with the final weights. Only weights and
figures go into ``qpcr/shapes.toml``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1])]

from faulty_curves import AMPLIFIED, FAULTY, instrument  # noqa: E402
from labelled_curves import labelled_sets  # noqa: E402

from qpcr._shape_features import Features, measure  # noqa: E402
from qpcr._shape_model import TERMS, ShapeModel, parsed, probability, terms  # noqa: E402
from qpcr.shapes import ruled_out  # noqa: E402

OUTPUT = HERE.parents[2] / "qpcr" / "shapes.toml"
STRICT = "htPCR_half"
LENGTHS = (30, 35, 40, 45, 50)
EACH = 100
SIMULATED_SHARE = 0.2
RIDGE = 1e-3
"""Penalty on the squared standardised weights, per unit of mean log-likelihood."""


@dataclass
class Set:
    """Measured curves of one set; `label` 1 amplified, 0 not, −1 ambiguous."""

    name: str
    features: Features
    open: np.ndarray
    label: np.ndarray
    unanimous: np.ndarray
    plate: np.ndarray
    share: float

    @property
    def group(self) -> str:
        """Simulated sets of one fault stay together when sets are left out."""
        return self.name.partition(":")[0]


def real_sets(data: Path, model: ShapeModel) -> list[Set]:
    """Every set with human ratings."""
    found = []
    for name, labelled in labelled_sets(data).items():
        features = measure(labelled.rn)
        plate = np.array([sum(map(ord, curve.partition(".")[0])) for curve in labelled.curves])
        found.append(
            Set(
                name, features, ruled_out(features, model.limits) < 0, labelled.majority,
                labelled.unanimous, plate, 1.0,
            )
        )  # fmt: skip
    return found


def simulated_sets(model: ShapeModel) -> list[Set]:
    """Synthetic curves of every kind and length."""
    found = []
    for number, (name, generate) in enumerate({**AMPLIFIED, **FAULTY}.items()):
        for cycles in LENGTHS:
            rng = np.random.default_rng([number, cycles])
            features = measure(instrument(rng, generate(rng, EACH, cycles)))
            label = np.full(EACH, int(name in AMPLIFIED))
            found.append(
                Set(
                    f"simulated {name}:{cycles}", features,
                    ruled_out(features, model.limits) < 0, label, label >= 0,
                    np.zeros(EACH, int), SIMULATED_SHARE,
                )
            )  # fmt: skip
    return found


def trained(sets: list[Set], model: ShapeModel) -> ShapeModel:
    """Penalised maximum likelihood by Newton's method, on standardised terms."""
    both = [(s, (s.label >= 0) & s.open) for s in sets]
    x = np.concatenate([terms(s.features, model.ranges)[k] for s, k in both])
    y = np.concatenate([s.label[k] for s, k in both]).astype(float)
    w = np.concatenate([np.full(k.sum(), s.share / np.sqrt(max(k.sum(), 1))) for s, k in both])
    w /= w.sum()
    centre = w @ x
    spread = np.sqrt(w @ (x - centre) ** 2)
    z = np.column_stack([np.ones(len(x)), (x - centre) / spread])
    penalty = RIDGE * np.diag([0.0] + [1.0] * x.shape[1])
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ beta))
        slope = z.T @ (w * (p - y)) + penalty @ beta
        change = np.linalg.solve((z * (w * p * (1 - p))[:, None]).T @ z + penalty, slope)
        beta -= change
        if np.abs(change).max() < 1e-10:
            break
    weights = beta[1:] / spread
    return replace(model, intercept=float(beta[0] - weights @ centre), weights=tuple(weights))


def called(one: Set, model: ShapeModel) -> np.ndarray:
    """Calls of a set."""
    return one.open & (probability(one.features, model) >= model.limits.least_probability)


def score(call: np.ndarray, label: np.ndarray, which: np.ndarray) -> tuple[float, int, int]:
    """Balanced accuracy (of the classes there are), misses of either class."""
    yes, no = which & (label == 1), which & (label == 0)
    right = [np.mean(call[yes])] if yes.any() else []
    right += [np.mean(~call[no])] if no.any() else []
    return float(np.mean(right)), int((yes & ~call).sum()), int((no & call).sum())


def report(title: str, call: np.ndarray, one: Set) -> dict[str, float]:
    """Print and return the figures of one set."""
    figures = {}
    line = f"{title:36s}"
    for name, which in (("unanimous", one.unanimous), ("majority", one.label >= 0)):
        which = which & (one.label >= 0)
        if which.any():
            accuracy, missed, wrong = score(call, one.label, which)
            figures[name] = round(accuracy, 4)
            line += f"  {name} {accuracy:.4f} ({missed} missed, {wrong} wrong of {which.sum()})"
    print(line)
    return figures


def by_plate(sets: list[Set], model: ShapeModel) -> dict[str, float]:
    """Five-fold cross-validation of the strict set by plate; the other sets always train."""
    strict = next(s for s in sets if s.name == STRICT)
    others = [s for s in sets if s is not strict]
    call = np.zeros(len(strict.label), bool)
    for fold in range(5):
        out = strict.plate % 5 == fold
        rest = replace(strict, label=np.where(out, -1, strict.label))
        call[out] = called(strict, trained([*others, rest], model))[out]
    return report(f"{STRICT}, five folds by plate", call, strict)


def left_out(sets: list[Set], model: ShapeModel) -> dict[str, dict[str, float]]:
    """Each set judged by weights that never saw it."""
    figures = {}
    for group in dict.fromkeys(s.group for s in sets):
        mine = [s for s in sets if s.group == group]
        fit = trained([s for s in sets if s.group != group], model)
        whole = replace(
            mine[0],
            label=np.concatenate([s.label for s in mine]),
            unanimous=np.concatenate([s.unanimous for s in mine]),
        )
        figures[group] = report(group, np.concatenate([called(s, fit) for s in mine]), whole)
    return figures


def written(table: dict, model: ShapeModel, figures: dict, sets: list[Set]) -> str:
    """The text of ``shapes.toml``."""
    real = [s for s in sets if s.share == 1.0]
    lines = [
        "# The curve classifier: weights, ranges and limits (qpcr/_shape_model.py).",
        "# Written by tests/benchmarks/train_shapes.py; ranges and limits are set by hand.",
        "",
        "[provenance]",
        f'date = "{dt.datetime.now(dt.UTC).date()}"',
        f"sets = {[s.name for s in real]}".replace("'", '"'),
        f"curves = {sum(int((s.label >= 0).sum()) for s in real)}",
        f"curves_for_weights = {sum(int(((s.label >= 0) & s.open).sum()) for s in real)}",
        f"simulated = {sum(len(s.label) for s in sets) - sum(len(s.label) for s in real)}",
        'labels = "majority of 3 to 8 raters a curve, ambiguous ones left out (MIT licence)"',
        (
            f'fit = "logistic regression, ridge {RIDGE} on standardised terms, sets weighed by '
            f'the root of their size, simulated ones times {SIMULATED_SHARE}"'
        ),
        "",
        "# Balanced accuracy of each set, judged by weights that never saw it.",
        "[left_out]",
        *(
            f"{s.name} = {{ "
            + ", ".join(f"{key} = {value}" for key, value in figures[s.name].items())
            + " }"
            for s in real
            if figures[s.name]
        ),
        "",
        "[weights]",
        f"intercept = {model.intercept:.4f}",
        *(f"{name} = {value:.4f}" for name, value in zip(TERMS, model.weights, strict=True)),
    ]
    for name in ("ranges", "limits"):
        lines += ["", f"[{name}]", *(f"{key} = {value}" for key, value in table[name].items())]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, report and, when asked, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write qpcr/shapes.toml")
    write = parser.parse_args().write
    folder = os.environ.get("IKAROS_DATA")
    data = Path(folder) if folder else HERE.parents[3] / "shared" / "data"
    table = tomllib.loads(OUTPUT.read_text("utf-8"))
    model = parsed(table)
    sets = real_sets(data, model) + simulated_sets(model)
    print("each set left out:")
    figures = left_out(sets, model)
    by_plate(sets, model)
    final = trained(sets, model)
    print("all sets, final weights:")
    for one in sets:
        report(one.name, called(one, final), one)
    print(
        f"intercept {final.intercept:.4f}, weights {dict(zip(TERMS, final.weights, strict=True))}"
    )
    if write:
        OUTPUT.write_text(written(table, final, figures, sets), "utf-8")


if __name__ == "__main__":
    main()
