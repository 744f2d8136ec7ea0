"""Calls against what is known of the samples: an earlier result, and the patient's other samples.

Two patients' samples that changed places look like any two samples: each well, and each sample, is
sound. Only knowledge from outside tells. It comes with the sample sheet: a column ``expected`` (an
earlier result, or what a test sample must show), and the patient's name, which may stand beside
several samples. A contradiction is a finding for a person to solve, never a correction: at relapse
a clone may be new, and a small one may be lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from primers import Panel
from primers.panel import SOME_DELETION
from qpcr._lists import grouped
from qpcr.calls import Call, Outcome
from qpcr.findings import Finding, Severity
from qpcr.said import say
from qpcr.samples import Identity

RULE = "unexpected_result"
NOTHING = ("none", "negative", "not detected", "no deletion", "无", "阴性", "未检出")
"""Ways to say that nothing was found."""
SOMETHING = (SOME_DELETION, "positive", "detected", "阳性", "检出")
"""Ways to say that something was, without a name."""

Result = frozenset[str]
"""Deletions by name; :data:`SOME_DELETION` where they have none."""


def understood(text: str, panel: Panel) -> Result | None:
    """Read a result as people write it: ``Δ4-7 + Δ2-8``, ``del4-7``, ``none``, ``阴性``.

    Returns
    -------
    frozenset of str or None
        Deletions as the panel spells them, empty for none; ``None`` where a word is not known.
    """
    words = {_plain(word): frozenset[str]() for word in NOTHING}
    words |= {_plain(word): frozenset({SOME_DELETION}) for word in SOMETHING}
    words |= {
        _plain(assay.product): frozenset({assay.product})
        for assay in panel.assays
        if assay.role == "target"
    }
    parts = [_plain(part) for part in re.split(r"[+,;/、，；]|\band\b", text) if part.strip()]
    if not parts or any(part not in words for part in parts):
        return None
    return frozenset[str]().union(*(words[part] for part in parts))


def _plain(text: str) -> str:
    """A name without what people vary: case, spaces, kinds of dash, and how "del" is written."""
    folded = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    folded = re.sub("[‐‑‒–—−]", "-", folded)
    return re.sub(r"^(?:δ|∆|del|d)(?=\d)", "", folded)


def contradictions(
    calls: Sequence[Call], identities: Mapping[str, Identity], panel: Panel
) -> tuple[Finding, ...]:
    """Compare the calls with what is known of the samples.

    Parameters
    ----------
    calls
        Of one plate. Inconclusive and invalid ones contradict nothing.
    identities
        Who the samples are, by name.
    panel
        Whose deletions are meant.

    Returns
    -------
    tuple of Finding
        Warnings, at most.
    """
    known = {call.sample: call for call in calls if call.sample in identities}
    wanted: dict[str, Result] = {}
    found: list[Finding] = []
    for sample, call in known.items():
        text = identities[sample].expected
        if text is None:
            continue
        result = understood(text, panel)
        if result is None:
            found.append(_strange(call, text, panel))
        else:
            wanted[sample] = result
    return (*found, *_unlike_expected(known, wanted), *_unlike_each_other(known, identities))


def _result(call: Call) -> Result | None:
    """What a call says; ``None`` where it leaves the question open."""
    if call.outcome is Outcome.NOT_DETECTED:
        return frozenset()
    return frozenset(call.deletions) if call.outcome is Outcome.DETECTED else None


def _differ(one: Result, other: Result) -> bool:
    """Whether two results cannot both be right; a nameless deletion may be any."""
    if one and other and SOME_DELETION in one | other:
        return False
    return one != other


def _unlike_expected(known: Mapping[str, Call], wanted: Mapping[str, Result]) -> Iterator[Finding]:
    results = {name: seen for name in wanted if (seen := _result(known[name])) is not None}
    wrong = [name for name, seen in results.items() if _differ(seen, wanted[name])]
    for name in wrong:
        partners = [
            other
            for other in wrong
            if other != name
            and not _differ(results[name], wanted[other])
            and not _differ(results[other], wanted[name])
        ]
        shown, expected = _said(results[name]), _said(wanted[name])
        if partners:
            message = say(
                "{sample} is called {seen}, but {expected} was expected; it may have been "
                "exchanged with {others}, which shows what was expected here.",
                sample=name, seen=shown, expected=expected, others=", ".join(partners),
            )  # fmt: skip
        else:
            message = say(
                "{sample} is called {seen}, but {expected} was expected.",
                sample=name, seen=shown, expected=expected,
            )  # fmt: skip
        yield _finding([known[name]], message)


def _unlike_each_other(
    known: Mapping[str, Call], identities: Mapping[str, Identity]
) -> Iterator[Finding]:
    """Samples of one patient whose calls do not fit together."""
    for patient, names in grouped(known, lambda name: identities[name].patient).items():
        for one, other in combinations(names, 2):
            first, second = _result(known[one]), _result(known[other])
            if first is None or second is None or not _differ(first, second):
                continue
            a, b = identities[one], identities[other]
            alike = (a.specimen, a.timepoint) == (b.specimen, b.timepoint)
            if alike or (first and second and not first & second):
                message = say(
                    "{one} ({first}) and {other} ({second}) are of one patient, {patient}, but "
                    "differ.",
                    one=one, first=_said(first), other=other, second=_said(second),
                    patient=patient,
                )  # fmt: skip
                yield _finding([known[one], known[other]], message)


def _said(result: Result) -> str:
    return " + ".join(sorted(result)) if result else Outcome.NOT_DETECTED


def _finding(calls: Sequence[Call], message: str) -> Finding:
    return Finding(
        RULE,
        Severity.WARNING,
        tuple(one.reaction for call in calls for one in call.evidence),
        message,
        say(
            "Check names and tubes before anything is reported, and repeat from the primary sample "
            "if the contradiction stays."
        ),
    )


def _strange(call: Call, text: str, panel: Panel) -> Finding:
    products = dict.fromkeys(one.product for one in panel.assays if one.role == "target")
    return Finding(
        RULE,
        Severity.WARNING,
        tuple(one.reaction for one in call.evidence),
        say(
            "The result expected of {sample} is not understood: {text}.",
            sample=call.sample, text=repr(text),
        ),
        say(
            "Write none, positive, or deletions joined by +, of these: {products}.",
            products=", ".join(products),
        ),
    )  # fmt: skip
