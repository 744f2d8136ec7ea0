"""The guard before the review page, with pages that only say who asked."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from qpcr.serve.guard import COOKIE, HEADERS, MOST_BYTES, Guard, Keys, form_secret, session_of

HOST = "127.0.0.1:8750"


async def pages(scope, receive, send):
    request = Request(scope, receive)
    body = await request.body()
    await PlainTextResponse(f"{request.state.user} {len(body)}")(scope, receive, send)


@pytest.fixture
def keys():
    return Keys.of(("li", "王芳"))


def ask(keys, method="GET", path="/", *, secure=False, **more):
    """One request to a fresh client; `token` in `more` means: signed in with it."""
    headers = {"host": HOST, **more.pop("headers", {})}
    token = more.pop("token", None)
    if token is not None:
        headers.setdefault("cookie", f"{COOKIE}={session_of(token)}")
    guard = Guard(pages, keys, frozenset({HOST, "localhost:8750"}), secure)

    async def one():
        transport = httpx.ASGITransport(app=guard)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(one())


def first(keys):
    return next(iter(keys.users))


def test_nobody_gets_in_without_the_token(keys):
    for path in ("/", "/runs/x", "/style.css", "/patients", "/../../etc/passwd"):
        assert ask(keys, path=path).status_code == 401
    assert ask(keys, path="/?token=guess").status_code == 401
    assert ask(keys, path="/?token=").status_code == 401
    assert ask(keys, path="/?token=%ff%fe").status_code == 401
    assert (
        ask(keys, "POST", "/patients/x/sign", headers={"origin": f"http://{HOST}"}).status_code
        == 401
    )


def test_the_token_opens_a_session_and_leaves_the_address(keys):
    token = first(keys)
    answer = ask(keys, path=f"/?token={token}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert token.lower() not in cookie
    assert "secure" not in cookie
    assert "secure" in ask(keys, path=f"/?token={token}", secure=True).headers["set-cookie"].lower()
    assert ask(keys, token=token).text == "li 0"


def test_each_user_has_an_own_token(keys):
    assert [ask(keys, token=token).text for token in keys.users] == ["li 0", "王芳 0"]


def test_the_cookie_is_not_the_token_nor_the_reverse(keys):
    token = first(keys)
    assert ask(keys, path=f"/?token={session_of(token)}").status_code == 401
    assert ask(keys, headers={"cookie": f"{COOKIE}={token}"}).status_code == 401


@pytest.mark.parametrize(
    "cookie", ["", "x", f"{COOKIE}=", f"{COOKIE}=é", f"{COOKIE}=a;{COOKIE}=b", "\x00=", "=;=;="]
)
def test_broken_cookies_are_no_session(keys, cookie):
    assert ask(keys, headers={"cookie": cookie.encode()}).status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "evil.example:8750",
        "",
        "127.0.0.1:8750.evil.example",
    ],
)
def test_foreign_host_names_are_refused(keys, host):
    answer = ask(keys, token=first(keys), headers={"host": host})
    assert answer.status_code == 400


def test_the_other_name_of_this_machine_is_answered(keys):
    assert ask(keys, token=first(keys), headers={"host": "LOCALHOST:8750"}).status_code == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:8750", "http://127.0.0.1"]
)
def test_forms_from_elsewhere_are_refused(keys, origin):
    headers = {} if origin is None else {"origin": origin}
    assert ask(keys, "POST", token=first(keys), headers=headers).status_code == 403


def test_our_own_forms_pass(keys):
    answer = ask(
        keys, "POST", token=first(keys), headers={"origin": f"http://{HOST}"}, content=b"ab"
    )
    assert answer.text == "li 2"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_refused(keys, method):
    assert ask(keys, method, token=first(keys)).status_code == 405


def test_large_bodies_are_refused_whatever_they_claim(keys):
    mine = {"origin": f"http://{HOST}"}
    large = b"x" * (MOST_BYTES + 1)
    assert ask(keys, "POST", token=first(keys), headers=mine, content=large).status_code == 413

    async def chunks():
        for _ in range(70):
            yield b"x" * 1024

    answer = ask(keys, "POST", token=first(keys), headers=mine, content=chunks())
    assert answer.status_code == 413
    wrong = {**mine, "content-length": "-1"}
    assert ask(keys, "POST", token=first(keys), headers=wrong).status_code == 413


def test_every_answer_carries_the_headers(keys):
    for answer in (ask(keys), ask(keys, token=first(keys)), ask(keys, headers={"host": "x"})):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_form_secrets_differ_by_session(keys):
    secrets = {form_secret(session_of(token)) for token in keys.users}
    assert len(secrets) == 2
