"""Who may talk to a realm's HTTP apps: the Host, Origin and token guard, as pure ASGI middleware.

It reads headers only, so streamed uploads pass through untouched. It does not know what the routes behind it do.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import TypedDict
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realm.config import WebConfig
from realm.hosts import LOOPBACK, bracketed
from serve.problems import problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_COOKIE = "realm_token"
COOKIE_MAX_AGE_S = 365 * 24 * 3600


class Admission(TypedDict):
    """Who may ask an app: arguments of `Guard` and of what makes an app."""

    allowed_hosts: set[str]
    token: str | None
    read_token: str | None


def who_may_ask(web: WebConfig, port: int) -> Admission:
    """The hosts an app on `port` may be asked as, and the tokens it demands where it listens beyond loopback."""
    own = {f"{bracketed(host)}:{port}" for host in (*LOOPBACK, web.host)}
    inside = web.host in LOOPBACK
    return {
        "allowed_hosts": own | set(web.allowed_hosts),
        "token": None if inside else web.token,
        "read_token": None if inside else web.read_token,
    }


class Guard:
    """Refuses, in this order: a Host not ours (421), a foreign Origin on a write (403), a missing token (401).

    `allowed_hosts` holds names (`localhost`, any port) and authorities (`localhost:8888`, that port only).
    With a `token`, a request carries it as `Authorization: Bearer` or as the cookie that `/?token=` sets. In its place
    the `read_token` does for what changes nothing; a write with it is refused (403).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Collection[str],
        token: str | None = None,
        read_token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.app = app
        self.allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self.token = token
        self.read_token = read_token
        self.response_headers = headers or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "no WebSocket here"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.response_headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """The response that ends this request here, or None when it may pass."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return problem(
                421,
                "Host not served here",
                f"Host {', '.join(hosts) or '(none)'!r} is not one of this realm's.",
                remedy=f"Open it as {', '.join(sorted(self.allowed_hosts))}, or add the host to the configuration.",
            )
        origin = headers.get("origin")
        if scope["method"] not in SAFE_METHODS and origin is not None and not same_origin(origin, hosts[0]):
            return problem(
                403,
                "Foreign origin",
                f"A page of {origin!r} may not change this realm.",
                remedy="Use the realm's own pages or the realm command.",
            )
        return self._token_refusal(scope, headers) if self.token else None

    def _is_ours(self, host: str) -> bool:
        host = host.lower()
        return host in self.allowed_hosts or _hostname(host) in self.allowed_hosts

    def _token_refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        offered = dict(query).get("token")
        if scope["method"] == "GET" and offered is not None and self._admits(offered, scope):
            return _signed_in(scope, [(key, value) for key, value in query if key != "token"], offered)
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        carried = [bearer.strip()] if scheme.lower() == "bearer" else []
        carried += [each for each in [cookie_parser(headers.get("cookie", "")).get(TOKEN_COOKIE)] if each is not None]
        if any(self._admits(each, scope) for each in carried):
            return None
        if any(self._matches(each, self.read_token) for each in carried):
            return problem(
                403,
                "Reading only",
                f"The token that came with this {scope['method']} allows reading only.",
                remedy="Send web.token, which allows everything.",
            )
        return problem(
            401,
            "Token needed",
            "This realm listens beyond loopback, so every request needs its token.",
            remedy="Open /?token=… once, or send Authorization: Bearer.",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _admits(self, offered: str, scope: Scope) -> bool:
        everything, reading = self._matches(offered, self.token), self._matches(offered, self.read_token)
        return everything or (reading and scope["method"] in SAFE_METHODS)

    def _matches(self, offered: str, token: str | None) -> bool:
        """Compared in a time that tells nothing of the token."""
        return token is not None and secrets.compare_digest(offered.encode(), token.encode())


def same_origin(origin: str, host: str) -> bool:
    """Whether a page of `origin` was served under this Host header; `null` never was."""
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _hostname(authority: str) -> str:
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0]


def _signed_in(scope: Scope, query: list[tuple[str, str]], token: str) -> ASGIApp:
    """Sends the browser to the same page without the token in its address, holding it as a cookie."""
    path = "/" + quote(scope["path"].lstrip("/\\"))
    response = RedirectResponse(path + ("?" + urlencode(query) if query else ""), status_code=303)
    response.set_cookie(
        TOKEN_COOKIE, token, max_age=COOKIE_MAX_AGE_S, httponly=True, samesite="lax", secure=scope["scheme"] == "https"
    )
    return response
