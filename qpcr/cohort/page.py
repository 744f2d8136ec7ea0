"""The report of a cohort as a page, in both languages: who takes part, tables, curves, caveats."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qpcr.cohort.analysis import Analysis, Baseline, EndpointAnalysis
from qpcr.cohort.baseline import Compared, Counted, Measured
from qpcr.cohort.figures import figures
from qpcr.cohort.phrases import p_text, percent, tested_words
from qpcr.cohort.regression import Model
from qpcr.cohort.survival import Comparison
from qpcr.cohort.transplantation import WHY
from qpcr.report.language import Language, language
from qpcr.report.plain_page import PlainSection, PlainTable, render_plain
from qpcr.said import Said, say

SYNTHETIC = say("SYNTHETIC patients: invented for demonstration. Nothing here is about a person.")


def report_page(analysis: Analysis, lang: str) -> str:
    """Make the HTML report.

    Parameters
    ----------
    analysis
        With survival.
    lang
        ``en`` or ``zh``.
    """
    words = _Words(analysis, language(lang))
    study = analysis.data.study
    sections = [words.who()]
    sections += [words.baseline(one) for one in analysis.baselines]
    sections.append(words.frequencies())
    drawn = figures(analysis, lang)
    for one in analysis.endpoints:
        sections += words.endpoint(one, drawn)
    title = study.title_zh if lang == "zh" else study.title
    banner = words.say(SYNTHETIC) if analysis.data.cohort.synthetic else None
    return render_plain(lang, title, sections, banner)


class _Words:
    """Sections of one analysis in one language."""

    def __init__(self, analysis: Analysis, tongue: Language) -> None:
        self.analysis, self.tongue = analysis, tongue
        self.study = analysis.data.study
        self.groups = {one.name: one.label(tongue.code) for one in self.study.groups}

    def say(self, text: str) -> str:
        return self.tongue.say(text)

    def heads(self, *texts: Said) -> tuple[str, ...]:
        return tuple(self.say(one) for one in texts)

    def factor(self, name: str) -> str:
        if name in self.study.features:
            return self.study.features[name].label(self.tongue.code)
        from qpcr.clinical.fields import schema

        field = schema().fields.get(name)
        if field is None:
            return name
        label = field.zh if self.tongue.code == "zh" else field.en
        return f"{label} [{field.unit}]" if field.unit else label

    def group(self, by: str, name: str) -> str:
        if not by:
            return f"{name}: {self.groups.get(name, '')}"
        yes, no = say("{what}: yes", what=self.factor(by)), say("{what}: no", what=self.factor(by))
        return self.say(yes if name == "yes" else no)

    def who(self) -> PlainSection:
        cohort = self.analysis.data.cohort
        words = [
            self.say(say("{n} patients take part, {out} are left out.", n=len(cohort.subjects),
                         out=len(cohort.exclusions))),
            self.say(say("Definitions: {source}. End of follow-up: {day}.",
                         source=self.study.source, day=self.study.censor or "–")),
        ]  # fmt: skip
        if cohort.unread:
            columns = ", ".join(cohort.unread)
            words.append(self.say(say("Columns that were not read: {columns}.", columns=columns)))
        counts = tuple((self.say(rule), str(n)) for rule, n in cohort.counts.items())
        tables = [
            PlainTable(
                self.say(say("Left out, by rule")),
                self.heads(say("Rule"), say("Patients")),
                counts,
            )
        ]
        one_by_one = [(one.who, self.say(one.rule), self.say(one.why)) for one in cohort.exclusions]
        one_by_one += [(who, self.say(say("note")), self.say(why)) for who, why in cohort.notes]
        if one_by_one:
            shown = tuple(one_by_one[:200])
            heads = self.heads(say("Patient"), say("Rule"), say("Reason"))
            tables.append(
                PlainTable(self.say(say("One by one (all: exclusions.csv)")), heads, shown)
            )
        return PlainSection(self.say(say("Who takes part")), tuple(words), tuple(tables))

    def baseline(self, table: Baseline) -> PlainSection:
        heads = (
            self.say(say("Characteristic")),
            *(f"{self.group(table.by, n)} (n = {s})"
              for n, s in zip(table.groups, table.sizes, strict=True)),
            *self.heads(say("Statistic"), say("P"), say("Other test"), say("Remark")),
        )  # fmt: skip
        rows = tuple(
            (
                self.factor(line.name), *map(self.cell, line.cells), _statistic(line),
                p_text(line.p),
                f"{line.other}: {p_text(line.other_p)}" if line.other_p is not None else "",
                self.say(line.preferred) if line.preferred is not None else "",
            )
            for line in table.lines
        )  # fmt: skip
        words = [
            self.say(say("Counts with per cent of those known; means ± standard deviation. χ² is "
                         "without continuity correction, as in the study."))
        ]  # fmt: skip
        if table.nowhere:
            words.append(self.say(say("{n} patients are in none of these groups, or it is not "
                                      "known in which.", n=table.nowhere)))  # fmt: skip
        title = say("Characteristics by group")
        if table.by:
            title = say("Characteristics by {factor}", factor=self.factor(table.by))
        caption = PlainTable(self.say(title), heads, rows)
        return PlainSection(self.say(title), tuple(words), (caption,))

    def cell(self, cell: Counted | Measured) -> str:
        missing = ""
        if cell.missing:
            missing = "; " + self.say(say("{n} not known", n=cell.missing))
        if isinstance(cell, Counted):
            share = "" if cell.percent is None else f" ({cell.percent:.1f} %)"
            return f"{cell.have}{share}{missing}"
        if cell.mean is None:
            return f"–{missing}"
        sd = "" if cell.sd is None else f" ± {cell.sd:.1f}"
        return f"{cell.mean:.1f}{sd}{missing}"

    def frequencies(self) -> PlainSection:
        found = self.analysis.frequencies
        rows = tuple(
            (
                self.tongue.word(name) if name else self.say(say("not known")),
                str(n),
                percent(n / found.deleted),
            )
            for name, n in found.types
        )
        plus = tuple(
            (self.say(name), *map(str, counts))
            for name, counts in zip(
                (say("CDKN2A/B lost on both chromosomes"), say("any loss of CDKN2A/B")),
                found.plus, strict=True,
            )
        )  # fmt: skip
        words = (
            self.say(say("IKZF1 deleted in {yes}, not deleted in {no}, not known in {unknown} "
                         "patients; {own} by the laboratory's own results.", yes=found.deleted,
                         no=found.not_deleted, unknown=found.unknown, own=found.from_results)),
            self.say(say("IKZF1plus needs genes that this test does not see (CDKN2A, CDKN2B, PAX5, "
                         "PAR1, ERG); publications define it differently, and who is not known is "
                         "not counted as negative.")),
        )  # fmt: skip
        heads = self.heads(say("Deletion"), say("Patients"), say("% of deleted"))
        plus_heads = self.heads(say("Definition"), say("Yes"), say("No"), say("Not known"))
        title = self.say(say("Deletion types"))
        tables = PlainTable(title, heads, rows), PlainTable("IKZF1plus", plus_heads, plus)
        return PlainSection(title, words, tables)

    def endpoint(self, one: EndpointAnalysis, drawn: dict[str, str]) -> list[PlainSection]:
        label = next(e.label(self.tongue.code) for e in self.study.endpoints if e.name == one.name)
        followed = self.analysis.data.followed[one.name]
        words = [self.say(self.tested(one.groups))]
        words += [f"{self.say(why)}: {n}" for why, n in followed.absent.items()]
        title = f"{one.name}: {label}"
        by_group = PlainSection(
            title, tuple(words), (self.rates(one.groups), *self.pairs(one.groups)),
            (drawn[f"{one.name}-groups.svg"],),
        )  # fmt: skip
        factors = PlainSection(
            self.say(say("{endpoint}: factors", endpoint=one.name)),
            self.factor_words(one),
            (self.alone(one), *(self.model(model) for model in one.models if model.fit)),
        )  # fmt: skip
        moved = PlainSection(
            self.say(say("{endpoint}: transplantation without immortal time", endpoint=one.name)),
            (self.say(WHY), *self.landmark_words(one)),
            (self.rates(one.landmark.comparison, self.study.landmark_months), self.changing(one)),
            (drawn[f"{one.name}-landmark.svg"],),
        )
        return [by_group, factors, moved]

    def factor_words(self, one: EndpointAnalysis) -> tuple[str, ...]:
        words = [say("Choosing factors by their own P makes the P of their model too small; the "
                     "model of all factors stands beside it.")]  # fmt: skip
        if one.groups.incidence:
            words.append(say("Cox models are of the cause-specific hazard: a competing event ends "
                             "follow-up."))  # fmt: skip
        for model in one.models:
            for warning in model.warnings:
                every = say("All factors: {warning}", warning=warning)
                some = say("Factors with P alone: {warning}", warning=warning)
                words.append(every if model.every else some)
        return tuple(self.say(one) for one in words)

    def tested(self, comparison: Comparison) -> Said:
        return tested_words(comparison.test, comparison.incidence)

    def rates(self, comparison: Comparison, landmark: float = 0.0) -> PlainTable:
        """Rates of the groups; `landmark` months: of those who reached it, counted from it."""
        rows = tuple(
            (
                self.group("", arm.name), str(arm.patients), str(arm.events),
                f"{percent(arm.rate)} ± {percent(arm.se)}",
                f"{percent(arm.low)}–{percent(arm.high)}",
                "–" if arm.median is None else f"{arm.median:.1f}",
            )
            for arm in comparison.arms
        )  # fmt: skip
        heads = self.heads(
            say("Group"), say("Patients"), say("Events"), say("Rate ± SE, %"), say("95 % CI"),
            say("Median, months"),
        )  # fmt: skip
        caption = say(
            "Rates at {months:g} months from diagnosis or remission",
            months=self.study.horizon_months,
        )
        if landmark:
            caption = say(
                "Rates {months:g} months after the landmark at {at:g} months, of those who reached "
                "it",
                months=self.study.horizon_months - landmark,
                at=landmark,
            )
        return PlainTable(self.say(caption), heads, rows)

    def pairs(self, comparison: Comparison) -> Sequence[PlainTable]:
        if not comparison.pairs:
            return ()
        rows = tuple(
            (f"{one.first} : {one.second}", f"{one.statistic:.3f}", p_text(one.p),
             p_text(one.corrected))
            for one in comparison.pairs
        )  # fmt: skip
        heads = self.heads(say("Groups"), say("Statistic"), say("P"), say("P, Holm"))
        return (PlainTable(self.say(say("Pairs of groups")), heads, rows),)

    def alone(self, one: EndpointAnalysis) -> PlainTable:
        rows = []
        for name, comparison in zip(self.study.factors, one.alone, strict=True):
            for place, arm in enumerate(comparison.arms):
                test = comparison.test if place == 0 else None
                rows.append((
                    self.group(name, arm.name), str(arm.patients), str(arm.events),
                    f"{percent(arm.rate)} ± {percent(arm.se)}",
                    "" if test is None else p_text(test.p),
                ))  # fmt: skip
        heads = self.heads(say("Factor"), say("Patients"), say("Events"), say("Rate ± SE, %"),
                           say("P"))  # fmt: skip
        return PlainTable(self.say(say("Factors one by one")), heads, tuple(rows))

    def model(self, model: Model) -> PlainTable:
        fit = model.fit
        heads = self.heads(say("Factor"), say("HR"), say("95 % CI"), say("P"),
                           say("P of proportional hazards"))  # fmt: skip
        if fit is None:
            return PlainTable("", heads, ())
        tests = [p_text(one.p) for one in fit.proportional] or ["–"] * (len(fit.names) + 1)
        rows = tuple(
            (self.factor(name), f"{math.exp(fit.coef[i]):.3f}",
             f"{fit.low[i]:.3f}–{fit.high[i]:.3f}", p_text(fit.p[i]), tests[i])
            for i, name in enumerate(fit.names)
        )  # fmt: skip
        title = say("Cox: all factors; {n} patients, {d} events, {epv:.1f} events for each factor",
                    n=fit.patients, d=fit.events, epv=fit.events_per_variable)  # fmt: skip
        if not model.every:
            title = say("Cox: factors with P < {limit:g} alone; {n} patients, {d} events, "
                        "{epv:.1f} events for each factor", limit=self.study.enter,
                        n=fit.patients, d=fit.events, epv=fit.events_per_variable)  # fmt: skip
        last = (self.say(say("all together")), "", "", "", tests[-1])
        return PlainTable(self.say(title), heads, (*rows, last))

    def landmark_words(self, one: EndpointAnalysis) -> tuple[str, ...]:
        at = one.landmark
        words = [say("Landmark at {months:g} months: {n} patients had the event or left before.",
                     months=at.months, n=at.earlier), self.tested(at.comparison)]  # fmt: skip
        if at.undated:
            words.append(say("{n} patients take no part: it is not known whether they were "
                             "transplanted, or when.", n=at.undated))  # fmt: skip
        return tuple(self.say(w) for w in words)

    def changing(self, one: EndpointAnalysis) -> PlainTable:
        rows = []
        for changed in one.changing:
            name = self.say(say("all"))
            if changed.name:
                name = self.group(changed.name, "yes" if changed.having else "no")
            fit = changed.fit
            if fit is None:
                why = "" if changed.why is None else self.say(changed.why)
                rows.append((name, str(changed.transplanted), why, "", "", ""))
                continue
            rows.append((
                name, str(changed.transplanted), f"{math.exp(fit.coef[0]):.3f}",
                f"{fit.low[0]:.3f}–{fit.high[0]:.3f}", p_text(float(fit.p[0])),
                p_text(fit.score.p),
            ))  # fmt: skip
        heads = self.heads(say("Patients"), say("Transplanted"), say("HR"), say("95 % CI"),
                           say("P"), say("P, Mantel-Byar"))  # fmt: skip
        return PlainTable(
            self.say(say("Transplantation as a factor that changes on its day")), heads, tuple(rows)
        )


def _statistic(line: Compared) -> str:
    return "–" if line.statistic is None else f"{line.test} = {line.statistic:.3f}"
