"""How long the tables and curves of a large invented cohort take."""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta

import numpy as np

from qpcr.cohort.analysis import analyze_cohort
from qpcr.cohort.figures import figures
from qpcr.cohort.numbers import csv_texts
from qpcr.cohort.page import report_page
from qpcr.cohort.study import load_study
from qpcr.cohort.subjects import Cohort, Subject


def invented(size: int) -> Cohort:
    """Patients whose fields are all drawn independently."""
    rng = np.random.default_rng(1)
    yes = {name: rng.random(size) < 0.4 for name in ("cr1", "ph", "sex", "hsct", "ikzf1", "gone")}
    numbers = {
        name: np.exp(rng.normal(np.log(cut), 1, size))
        for name, cut in (("wbc", 30), ("ldh", 600), ("mrd1", 1), ("mrd2", 0.1), ("mrd3", 0.01))
    }
    start = rng.integers(0, 1300, size)
    life = rng.exponential(1500, size)
    people = []
    for i in range(size):
        first = date(2016, 3, 1) + timedelta(int(start[i]))
        room = (date(2020, 10, 30) - first).days
        last = int(min(room, 60 + life[i]))
        values = {
            "diagnosis_date": first, "age": float(20 + i % 45), "cd20": float(i % 60),
            "sex": "male" if yes["sex"][i] else "female", "ph": bool(yes["ph"][i]),
            "ikzf1": "deleted" if yes["ikzf1"][i] else "not deleted", "cr1": bool(yes["cr1"][i]),
            "cr_date": first + timedelta(30), "relapse": bool(yes["gone"][i]),
            "death": last < room, "last_follow_up": first + timedelta(last),
            "therapy": "allo-HSCT" if yes["hsct"][i] else "chemotherapy",
            **{name: float(one[i]) for name, one in numbers.items()},
        }  # fmt: skip
        if last < room:
            values["death_date"] = first + timedelta(last)
        if yes["gone"][i]:
            values["relapse_date"] = first + timedelta(int(30 + (last - 30) * 0.6))
        if yes["hsct"][i]:
            values["hsct_date"] = first + timedelta(45)
        people.append(Subject(str(i), values))
    return Cohort(tuple(people), synthetic=True)


def main(size: int) -> None:
    """Print seconds."""
    cohort, study = invented(size), load_study("ikzf1-ball")
    start = time.perf_counter()
    analysis = analyze_cohort(cohort, study)
    middle = time.perf_counter()
    made = len(csv_texts(analysis)), len(figures(analysis, "en")), len(report_page(analysis, "zh"))
    end = time.perf_counter()
    print(f"{size} patients: tables and curves {middle - start:.1f} s, files {end - middle:.1f} s")
    print(f"{made[0]} tables, {made[1]} figures, a page of {made[2] / 1e6:.1f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
