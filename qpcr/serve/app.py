"""The pages, and the three things that can be done: review, sign, amend."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from qpcr.errors import InputError, QpcrError
from qpcr.records import Store
from qpcr.serve import _views
from qpcr.serve.guard import REPORT_POLICY
from qpcr.serve.texts_en import TEXTS as ENGLISH
from qpcr.serve.texts_zh import TEXTS as CHINESE

if TYPE_CHECKING:
    from jinja2 import Environment

    from qpcr.lots import Lot

LANGUAGES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})
KEPT_REPORTS = 8
"""Rendered reports that are kept in memory: of a stored run only lots may change."""


def make_app(store: Store, lang: str = "en") -> Starlette:
    """Make the pages of a store; :class:`qpcr.serve.Guard` has to stand before them."""
    pages = _Pages(store, lang)
    return Starlette(
        routes=[
            Route("/", pages.runs),
            Route("/style.css", pages.style),
            Route("/lang/{lang}", pages.language),
            Route("/runs/{run}", pages.run),
            Route("/runs/{run}/report", pages.report),
            Route("/patients", pages.patients),
            Route("/patient", pages.patient),
            Route("/patient/report", pages.patient_report),
            Route("/patient/residual", pages.residual),
            Route("/assays", pages.assays),
            Route("/patient/{step}", pages.act, methods=["POST"]),
        ],
        exception_handlers={404: pages.not_found},
    )


class _Pages:
    """One store's pages."""

    def __init__(self, store: Store, lang: str) -> None:
        self._store, self._lang = store, lang
        self._report = lru_cache(maxsize=KEPT_REPORTS)(self._render_report)

    def runs(self, request: Request) -> Response:
        """The list of runs."""
        return self._page(request, "runs.html", _views.run_list(self._store, request.query_params))

    def run(self, request: Request) -> Response:
        """One run: its results, and what can be done with them."""
        run = request.path_params["run"]
        lang = self._language(request)
        return self._known(request, "run.html", lambda: _views.run_page(self._store, run, lang))

    def report(self, request: Request) -> Response:
        """The run's report, made from the store."""
        run, lang = request.path_params["run"], self._language(request)
        try:
            text = self._report(run, self._store.lots(run), lang)
        except QpcrError as error:
            return self._error(request, error, 404)
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})

    def patients(self, request: Request) -> Response:
        """The list of patients."""
        found = _views.patient_list(self._store, request.query_params)
        return self._page(request, "patients.html", found)

    def patient(self, request: Request) -> Response:
        """One patient: results, clinical fields, history."""
        patient = request.query_params.get("id", "")
        return self._known(
            request, "patient.html", lambda: _views.patient_page(self._store, patient)
        )

    def patient_report(self, request: Request) -> Response:
        """The patient's report for a result, made from the store."""
        asked = request.query_params
        patient, path = asked.get("id", ""), asked.get("path", "")
        try:
            text = _views.patient_report(self._store, patient, path, self._language(request))
        except QpcrError as error:
            return self._error(request, error, 404)
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})

    def residual(self, request: Request) -> Response:
        """The sheet of a patient's residual disease, made from the store."""
        patient = request.query_params.get("id", "")
        try:
            text = _views.residual_report(self._store, patient, self._language(request))
        except QpcrError as error:
            return self._error(request, error, 404)
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})

    def assays(self, request: Request) -> Response:
        """Standard curves, detection limits and quantities on record."""
        return self._known(
            request,
            "assays.html",
            lambda: _views.assay_list(self._store, request.query_params, self._language(request)),
        )

    async def act(self, request: Request) -> Response:
        """Review, sign or amend a result; then show the patient again."""
        step = request.path_params["step"]
        try:
            text = (await request.body()).decode("utf-8")
            form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
        except ValueError:
            return self._error(request, InputError("the form cannot be read"), 400)
        secret = form.pop("form_secret", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(secret, request.state.form_secret.encode()):
            return self._error(request, InputError("this form is not from this session"), 403)
        if step not in _views.STEPS:
            return await self.not_found(request, None)
        try:
            await run_in_threadpool(_views.take_step, self._store, step, form, request.state.user)
        except QpcrError as error:
            return self._error(request, error, 409)
        back = f"/patient?id={quote(form['patient'], safe='')}"
        return RedirectResponse(back, status_code=303)

    def language(self, request: Request) -> Response:
        """Choose a language and go to the first page."""
        response = RedirectResponse("/", status_code=303)
        lang = request.path_params["lang"]
        if lang in LANGUAGES:
            response.set_cookie("lang", lang, httponly=True, samesite="strict")
        return response

    def style(self, request: Request) -> Response:
        """The style sheet."""
        del request
        return Response(_template("style.css"), media_type="text/css")

    async def not_found(self, request: Request, error: Any) -> Response:
        """No such page."""
        del error
        return self._error(request, InputError("there is no such page"), 404)

    def _render_report(self, run: str, lots: tuple[Lot, ...], lang: str) -> str:
        from qpcr.report import render

        return render(replace(self._store.record(run), lots=lots), lang=lang)

    def _known(
        self, request: Request, template: str, view: Callable[[], dict[str, Any]]
    ) -> Response:
        try:
            found = view()
        except QpcrError as error:
            return self._error(request, error, 404)
        return self._page(request, template, found)

    def _error(self, request: Request, error: QpcrError, status: int) -> Response:
        told = (
            (error.problem, error.expected, error.remedy) if isinstance(error, InputError) else ()
        )
        lines = [line for line in told if line] or [type(error).__name__]
        return self._page(request, "error.html", {"lines": lines}, status)

    def _language(self, request: Request) -> str:
        chosen = request.cookies.get("lang", self._lang)
        return chosen if chosen in LANGUAGES else "en"

    def _page(
        self, request: Request, template: str, values: dict[str, Any], status: int = 200
    ) -> Response:
        lang = self._language(request)
        text = (
            _environment()
            .get_template(template)
            .render(
                t=LANGUAGES[lang],
                lang=lang,
                words=_views.Words(lang, LANGUAGES[lang]),
                user=getattr(request.state, "user", ""),
                form_secret=getattr(request.state, "form_secret", ""),
                **values,
            )
        )
        return HTMLResponse(text, status_code=status)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("qpcr.serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["path"] = lambda text: quote(str(text), safe="")
    return made


def _template(name: str) -> str:
    return resources.files("qpcr.serve").joinpath("templates", name).read_text("utf-8")
