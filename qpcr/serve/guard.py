"""Who gets in, and what leaves: host names, login, forged forms, sizes, response headers.

* Only the host names the server was started for are answered: a foreign name that points here
  (DNS rebinding) is refused.
* The token in the printed URL opens a session: a cookie that scripts cannot read and that other
  sites' requests do not carry. Without it every page but the login is refused.
* A form must carry its session's own secret and come from our own origin.
* Bodies are bounded while they are read, whatever length they claim.
* Pages may load nothing from elsewhere, are never framed, cached, or sniffed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "qpcr_session"
MOST_BYTES = 64 * 1024
"""Of a request's body; a form holds a reason and little more."""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""For our own pages. A report brings its own policy, by the hashes of its scripts."""
REPORT_POLICY = "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none at all, forms would carry no origin
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class Keys:
    """A secret token for each user; made anew at every start.

    Attributes
    ----------
    users
        User by token.
    """

    users: Mapping[str, str]

    @classmethod
    def of(cls, users: tuple[str, ...]) -> Keys:
        """Make a token for each user."""
        return cls({secrets.token_urlsafe(32): user for user in users})

    def user(self, token: str) -> str | None:
        """Who has this token; compared in constant time."""
        given = token.encode("utf-8", "surrogatepass")
        found = None
        for known, user in self.users.items():
            if hmac.compare_digest(known.encode(), given):
                found = user
        return found


def session_of(token: str) -> str:
    """What the cookie holds: not the token itself, so that it cannot be used as one."""
    return hmac.new(token.encode(), b"session", hashlib.sha256).hexdigest()


def form_secret(session: str) -> str:
    """What a form must carry."""
    return hmac.new(session.encode(), b"form", hashlib.sha256).hexdigest()


class Guard:
    """ASGI middleware that stands before the pages.

    Parameters
    ----------
    app
        The pages. They find ``user`` and ``form_secret`` in the request's state.
    keys
        Who may come in.
    hosts
        ``Host`` headers that are answered, with port.
    secure
        Whether the server speaks TLS.
    """

    def __init__(self, app: ASGIApp, keys: Keys, hosts: frozenset[str], secure: bool) -> None:
        self._app, self._keys, self._hosts, self._secure = app, keys, hosts, secure
        self._sessions = {session_of(token): user for token, user in keys.users.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"unexpected {scope['type']} connection")
        answer = _dressed(send)
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        bounded = _Bounded(receive)
        try:
            await self._app(scope, bounded, answer)
        except _TooLargeError:
            await _words(413, "The request is too large.")(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """A response that ends the matter, or ``None``: the request may pass."""
        if headers.get("host", "").lower() not in self._hosts:
            return _words(400, "This page is not served under that host name.")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _words(405, "Not here.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return _words(413, "The request is too large.")
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["method"] == "GET" and "token" in query:
            return self._login(query["token"][0])
        session = _cookie(headers)
        user = next(
            (u for known, u in self._sessions.items() if hmac.compare_digest(known, session)), None
        )
        if user is None:
            text = "Open the address that `qpcr serve` printed when it was started."
            return _words(401, text)
        origin = headers.get("origin")
        scheme = "https" if self._secure else "http"
        ours = f"{scheme}://{headers['host']}".lower()
        if scope["method"] == "POST" and (origin is None or origin.lower() != ours):
            return _words(403, "This form was not sent from this page.")
        scope["state"] = {"user": user, "form_secret": form_secret(session)}
        return None

    def _login(self, token: str) -> Response:
        user = self._keys.user(token)
        if user is None:
            return _words(401, "That address is not valid any more: look for the newest one.")
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            COOKIE, session_of(token), httponly=True, samesite="strict", secure=self._secure
        )
        return response


def _cookie(headers: Headers) -> str:
    """The session of a request, in ASCII; empty without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None or not found.value.isascii() else found.value


def _words(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status_code=status)


class _TooLargeError(Exception):
    """A body goes on beyond what is allowed."""


class _Bounded:
    """Receives a body, but not without end."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._seen = receive, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > MOST_BYTES:
            raise _TooLargeError
        return message


def _dressed(send: Send) -> Any:
    """Send with the headers every response has."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("content-security-policy", POLICY)
            message = {**message, "headers": headers.raw}
        await send(message)

    return sending
