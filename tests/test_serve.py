"""The review page over a real store: what it shows, what may be done, and what is refused."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from html import unescape
from urllib.parse import quote, urlencode

import httpx
import lxml.html
import pytest
from report_records import ATTACKS

from qpcr import Settings
from qpcr.lots import Lot
from qpcr.records import Change, Kind, State, Store
from qpcr.serve import Guard, Keys, make_app
from qpcr.serve.guard import COOKIE, session_of
from qpcr.serve.texts_en import TEXTS as ENGLISH
from qpcr.serve.texts_zh import TEXTS as CHINESE

HOST = "127.0.0.1:8750"


@pytest.fixture
def store(tmp_path, called_record):
    made = Store.init(tmp_path / "store")
    made.commit(called_record, user="li")
    return made


class Visitor:
    """Somebody with a browser."""

    def __init__(self, store: Store, user: str = "li") -> None:
        keys = Keys.of((user,))
        self.app = Guard(make_app(store), keys, frozenset({HOST}), secure=False)
        self.cookies = {COOKIE: session_of(next(iter(keys.users)))}

    def ask(self, method, path, **more):
        headers = {"host": HOST, **more.pop("headers", {})}
        headers["cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())

        async def one():
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(one())

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, form):
        headers = {
            "origin": f"http://{HOST}",
            "content-type": "application/x-www-form-urlencoded",
        }
        return self.ask("POST", path, headers=headers, content=urlencode(form).encode())

    def form(self, patient, path):
        """What the page's form for a result carries."""
        page = self.get(f"/patient?id={quote(patient, safe='')}").text
        secret = re.search(r'name="form_secret" value="([0-9a-f]+)"', page)
        sequence = re.search(r'name="sequence" value="(\d+)"', page)
        return {"form_secret": secret[1], "sequence": sequence[1], "path": path, "patient": patient}

    def act(self, step, patient, path, **more):
        form = {**self.form(patient, path), **more}
        return self.post(f"/patient/{step}", form)


def first(store):
    """A patient and the path of the result."""
    patient = store.patient("患者-0")
    return patient.id, next(iter(patient.results))


def test_the_pages_show_runs_and_patients(store, called_record):
    visitor = Visitor(store)
    runs = visitor.get("/")
    assert runs.status_code == 200
    assert "demo.eds" in runs.text
    run = store.runs()[0]
    page = visitor.get(f"/runs/{run.run_id}").text
    for call in called_record.calls:
        assert call.sample in unescape(page)
    assert "患者-0" in visitor.get("/patients").text
    one = visitor.get(f"/patient?id={quote('患者-0')}").text
    assert "preliminary" in one
    assert "Δ" in one


@pytest.mark.parametrize("day", ["13.5.2024", "2024-13", "2024-02-30", "yesterday", "９９９９"])
def test_a_search_by_what_is_no_day_says_so_and_finds_nothing(store, day):
    visitor = Visitor(store)
    for name in ("since", "until"):
        for lang, texts in (("en", ENGLISH), ("zh", CHINESE)):
            visitor.cookies["lang"] = lang
            page = unescape(visitor.get(f"/?{name}={quote(day)}").text)
            assert texts["no_day"].format(field=texts[name], day=day) in page
            assert "demo.eds" not in page
            assert texts["no_runs"] not in page
    assert "demo.eds" in visitor.get("/?since=1999&until=2999-12").text


def test_a_replaced_run_still_shows_its_results(store, called_record):
    (run,) = store.runs()
    again = replace(called_record, settings=Settings(threshold=0.3))
    assert store.commit(again, user="li").revision_of == run.run_id
    page = Visitor(store).get(f"/runs/{run.run_id}").text
    assert "患者-0" in page
    assert ENGLISH["superseded"] in page
    assert "<button" not in page


def test_a_signed_result_is_shown_as_valid_until_its_revision_is_signed(store, called_record):
    patient, path = first(store)
    visitor = Visitor(store)
    visitor.act("review", patient, path)
    visitor.act("sign", patient, path)
    again = replace(called_record, settings=Settings(threshold=0.3))
    store.commit(again, user="li", reason="other threshold")
    page = visitor.get(f"/patient?id={quote(patient)}").text
    assert ENGLISH["waiting"] in page
    assert ENGLISH["superseded"] not in page
    second = list(store.patient(patient).results)[1]
    visitor.act("review", patient, second)
    visitor.act("sign", patient, second)
    page = visitor.get(f"/patient?id={quote(patient)}").text
    assert ENGLISH["waiting"] not in page
    assert ENGLISH["superseded"] in page
    assert visitor.act("review", patient, path).status_code == 409


def test_the_report_of_a_run_is_made_from_the_store(store):
    from qpcr.report import render

    run = store.runs()[0]
    answer = Visitor(store).get(f"/runs/{run.run_id}/report")
    assert answer.status_code == 200
    assert answer.text == render(store.record(run.run_id), lang="en")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_review_sign_and_amend_by_the_rules_of_the_store(store):
    visitor, (patient, path) = Visitor(store), first(store)
    assert visitor.act("sign", patient, path).status_code == 409  # not reviewed yet
    assert visitor.act("review", patient, path).status_code == 303
    assert store.patient(patient).results[path].state is State.REVIEWED
    assert visitor.act("sign", patient, path).status_code == 303
    result = store.patient(patient).results[path]
    assert (result.state, result.reviewed_by, result.signed_by) == (State.SIGNED, "li", "li")
    more = {"outcome": "inconclusive", "deletions": ""}
    assert visitor.act("amend", patient, path, reason=" ", **more).status_code == 409
    assert visitor.act("amend", patient, path, reason="样本混淆", **more).status_code == 303
    result = store.patient(patient).results[path]
    assert (result.state, result.outcome) == (State.AMENDED, "inconclusive")
    event = store.patient(patient).events[-1]
    assert (event.user, event.reason) == ("li", "样本混淆")
    assert "样本混淆" in visitor.get(f"/patient?id={quote(patient)}").text


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "detected", "deletions": ""},
        {"outcome": "not detected", "deletions": "Δ4-7"},
        {"outcome": "perhaps", "deletions": ""},
        {"outcome": "", "deletions": ""},
        {"outcome": "detected", "deletions": "Δ9-9"},
    ],
)
def test_amendments_that_contradict_themselves_are_refused(store, more):
    visitor, (patient, path) = Visitor(store), first(store)
    before = store.head()
    assert visitor.act("amend", patient, path, reason="x", **more).status_code == 409
    assert store.head() == before


def test_two_signers_at_once(store):
    one, other, (patient, path) = Visitor(store, "li"), Visitor(store, "wang"), first(store)
    assert one.act("review", patient, path).status_code == 303
    mine, theirs = one.form(patient, path), other.form(patient, path)
    assert one.post("/patient/sign", mine).status_code == 303
    late = other.post("/patient/sign", theirs)
    assert late.status_code == 409
    assert "changed since" in late.text
    assert store.patient(patient).results[path].signed_by == "li"


def test_forms_without_the_session_s_secret_do_nothing(store):
    visitor, (patient, path) = Visitor(store), first(store)
    form, before = visitor.form(patient, path), store.head()
    url = "/patient/review"
    for secret in ("", "0" * 64, "\udcff"):
        wrong = {**form, "form_secret": secret.encode("utf-8", "surrogatepass")}
        assert visitor.post(url, wrong).status_code in (400, 403)
    stranger = Visitor(store, "eve").form(patient, path)
    assert visitor.post(url, {**form, "form_secret": stranger["form_secret"]}).status_code == 403
    assert store.head() == before


@pytest.mark.parametrize(
    "path",
    [
        "/runs/..%2f..%2f..%2fetc%2fpasswd",
        "/runs/../../etc/passwd",
        "/runs/..%2f..%2fledger/report",
        "/runs/%00/report",
        "/runs/' OR 1=1 --",
        "/patients/..%2f..%2fetc%2fpasswd",
        "/patient?id=nobody",
        "/patient/report?id=nobody&path=../../x",
        "/style.css/../../store",
        "/nothing",
        "/lang/../../x",
    ],
)
def test_what_is_not_there_is_said_and_nothing_leaks(store, path):
    answer = Visitor(store).get(path)
    assert answer.status_code in (404, 303)
    assert "root:" not in answer.text
    assert str(store.folder) not in answer.text


def test_unknown_steps_and_results_are_refused(store):
    visitor, (patient, path) = Visitor(store), first(store)
    assert visitor.act("delete", patient, path).status_code == 404
    assert visitor.act("review", patient, "no/such").status_code == 409
    assert visitor.act("review", patient, path, sequence="x").status_code == 409


def test_search(store):
    visitor = Visitor(store)
    assert "demo.eds" in visitor.get("/?deletion=%CE%944-7").text
    assert "demo.eds" not in visitor.get("/?deletion=none").text
    assert "demo.eds" not in visitor.get("/?since=2999-01-01").text
    assert visitor.get("/?since=%00&until=x'--").status_code == 200
    detected = visitor.get("/patients?outcome=detected").text
    every = visitor.get("/patients").text
    assert 0 < detected.count("/patient?id=%") < every.count("/patient?id=%")
    only = visitor.get(f"/patients?id={quote('患者-0')}").text
    assert only.count('href="/patient?id=%') == 1


def test_both_languages_say_the_same_things(store):
    assert list(ENGLISH) == list(CHINESE)
    for key, text in ENGLISH.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", CHINESE[key])
    visitor = Visitor(store)
    answer = visitor.get("/lang/zh")
    assert answer.headers["set-cookie"].startswith("lang=zh")
    visitor.cookies["lang"] = "zh"
    assert "患者" in visitor.get("/").text
    assert 'lang="zh"' in visitor.get("/").text
    visitor.cookies["lang"] = "xx"
    assert 'lang="en"' in visitor.get("/").text


def test_names_are_only_names(tmp_path, store):
    for number, attack in enumerate(ATTACKS):
        attack = "".join(c for c in attack if c.isprintable())
        patient = f"{attack}{number}"
        store.commit(
            None, [Change(patient, Kind.CLINICAL, "laboratory/x", attack)], user=attack or "x"
        )
        visitor = Visitor(store, attack or "x")
        for path in (
            "/patients",
            f"/patient?id={quote(patient, safe='')}",
            f"/?sample={quote(attack)}",
        ):
            answer = visitor.get(path)
            assert answer.status_code == 200
            page = lxml.html.fromstring(answer.text)
            elements = [one for one in page.iter() if isinstance(one.tag, str)]
            assert not {one.tag for one in elements} & {"script", "svg", "img", "iframe", "object"}
            assert not [name for one in elements for name in one.attrib if name.startswith("on")]
            assert all(one.get("href", "/")[0] in "/d" for one in elements)
            assert "script-src" not in answer.headers["content-security-policy"]
            assert (
                attack in page.text_content()
                or attack in answer.text
                or (attack in unescape(answer.text))
            )


def test_words_of_the_record_are_said_in_the_language_of_the_page(store):
    patient, _ = first(store)
    value = {"value": 45.0, "unit": "10^9/L"}
    told = [
        Change(patient, Kind.CLINICAL, "wbc", value),
        Change(patient, Kind.CLINICAL, "ph", True),
    ]
    store.commit(None, told, user="li")
    visitor = Visitor(store)
    english = visitor.get(f"/patient?id={quote(patient)}").text
    assert "45 10^9/L" in english
    assert ">yes<" in english
    visitor.cookies["lang"] = "zh"
    chinese = visitor.get(f"/patient?id={quote(patient)}").text
    assert ">是<" in chinese
    assert "初诊" in chinese or "诊断" in chinese
    assert "{&#39;" not in english + chinese


def test_assays_and_residual_disease_have_their_pages(store, tmp_path):
    from test_records_assays import plate, values

    from qpcr.records.assays import assay_changes

    page = Visitor(store)
    assert ENGLISH["nothing"] in page.get("/assays").text
    store.commit(changes=assay_changes(store, values(plate("<i>.eds"), "<b>lot")), user="li")
    shown = page.get("/assays").text
    assert "<b>lot" not in shown
    text = lxml.html.fromstring(shown).text_content()
    for part in ("<b>lot", "2026-01-05", "slope -3.4", "standard curve", "quantities", "x: "):
        assert part in text
    filtered = page.get("/assays?what=detection+limit").text
    assert ENGLISH["nothing"] in filtered
    page.cookies["lang"] = "zh"
    text = lxml.html.fromstring(page.get("/assays").text).text_content()
    assert "斜率 -3.4" in text
    assert "slope" not in text
    assert page.get("/patient/residual?id=nobody").status_code == 404


def test_a_run_shows_the_curves_that_come_from_it(store):
    from test_records_assays import plate, values

    from qpcr.quantities.kept import Kept
    from qpcr.records.assays import assay_changes

    run = store.runs()[0]
    page = Visitor(store)
    assert "slope -3.4" not in page.get(f"/runs/{run.run_id}").text
    made = values(plate())[0]
    mine = Kept(made.path, made.value, f"{run.file} {run.source_sha256}")
    store.commit(changes=assay_changes(store, [mine]))
    assert "slope -3.4" in page.get(f"/runs/{run.run_id}").text


def test_the_history_says_residual_disease_in_the_language(store):
    value = {"value": 6e-5, "outcome": "positive", "date": "2026-02-02", "said": [], "curve": {}}
    store.commit(changes=[Change("P9", Kind.CLINICAL, "residual disease/IK/d33", value)])
    page = Visitor(store)
    page.cookies["lang"] = "zh"
    assert page.get("/patient?id=P9").status_code == 200
    assert page.get("/patient/residual?id=P9").status_code == 404  # no whole result
    value |= {"low": None, "high": None, "sensitivity": 1e-5, "limit": 1e-4, "target": "IK",
              "sample": "d33", "reasons": ""}  # fmt: skip
    change = Change("P9", Kind.CLINICAL, "residual disease/IK/d33", value, "repaired")
    store.commit(changes=[change])
    text = lxml.html.fromstring(page.get("/patient?id=P9").text).text_content()
    assert "阳性 0.006 % 2026-02-02" in text
    assert f"{CHINESE['residual']}: IK/d33" in text
    assert page.get("/patient/residual?id=P9").status_code == 200


@pytest.mark.parametrize("step", ["review", "amend"])
def test_who_is_quicker_between_the_check_and_the_step_is_found(store, monkeypatch, step):
    """The result that was looked at is another by the time the step is written."""
    visitor, (patient, path) = Visitor(store), first(store)
    real = getattr(Store, step)

    def late(self, *given, **more):
        told = {"outcome": "inconclusive", "deletions": []}
        change = Change(patient, Kind.RESULT, path, told, "typing error")
        with monkeypatch.context() as quick:
            quick.setattr(Store, step, real)
            Store.open(store.folder).amend(change, user="wang")
        return real(self, *given, **more)

    monkeypatch.setattr(Store, step, late)
    more = {"outcome": "not detected", "deletions": "", "reason": "as I see it"}
    answer = visitor.act(step, patient, path, **(more if step == "amend" else {}))
    assert answer.status_code == 409
    assert "changed since" in answer.text
    result = store.patient(patient).results[path]
    assert (result.outcome, result.state) == ("inconclusive", State.AMENDED)
    assert result.reviewed_by is None


def test_the_report_of_a_run_shows_the_lots_as_they_are_known_now(store):
    run = store.runs()[0].run_id
    visitor = Visitor(store)
    store.set_lots(run, [Lot("mastermix", "LOT-MISREAD")], user="li")
    assert "LOT-MISREAD" in visitor.get(f"/runs/{run}/report").text
    store.set_lots(run, [Lot("mastermix", "LOT-RIGHT")], user="li", reason="misread")
    page = visitor.get(f"/runs/{run}/report").text
    assert "LOT-RIGHT" in page
    assert "LOT-MISREAD" not in page
