"""The curves of an analysis as SVG, by file name."""

from __future__ import annotations

from qpcr.cohort.analysis import Analysis
from qpcr.cohort.phrases import tested_words
from qpcr.cohort.survival import Comparison
from qpcr.report.language import Language, language
from qpcr.report.step_chart import StepLine, step_chart
from qpcr.said import say


def figures(analysis: Analysis, lang: str) -> dict[str, str]:
    """Draw the groups' curves of every endpoint, from its start and from the landmark.

    Parameters
    ----------
    analysis
        With survival.
    lang
        ``en`` or ``zh``.
    """
    tongue, study = language(lang), analysis.data.study
    labels = {one.name: one.label(lang) for one in study.endpoints}
    made = {}
    for one in analysis.endpoints:
        title = f"{one.name}: {labels[one.name]}"
        if analysis.data.cohort.synthetic:
            title += tongue.say(say(" (SYNTHETIC patients)"))
        made[f"{one.name}-groups.svg"] = _chart(title, one.groups, tongue)
        later = tongue.say(say("{title}, from month {months:g}", title=title,
                               months=study.landmark_months))  # fmt: skip
        made[f"{one.name}-landmark.svg"] = _chart(later, one.landmark.comparison, tongue)
    return made


def _chart(title: str, comparison: Comparison, tongue: Language) -> str:
    start = 0.0 if comparison.incidence else 1.0
    lines = [
        StepLine(arm.name, start, arm.times, arm.curve, arm.lower, arm.upper, arm.at_risk)
        for arm in comparison.arms
    ]
    y_label = say("Incidence") if comparison.incidence else say("Survival")
    return step_chart(
        title, lines, tongue.say(say("Months")), tongue.say(y_label),
        tongue.say(say("At risk")),
        tongue.say(tested_words(comparison.test, comparison.incidence)),
    )  # fmt: skip
