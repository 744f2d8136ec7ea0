"""The server around the pages: uvicorn, with TLS where it is asked for."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from qpcr.errors import InputError
from qpcr.records import Store
from qpcr.serve.app import make_app
from qpcr.serve.guard import Guard, Keys

NAMES = {"127.0.0.1": ("127.0.0.1", "localhost"), "localhost": ("127.0.0.1", "localhost")}
"""Host names that are answered, by the interface; others answer to their own name only."""


def run_server(
    store: Store,
    keys: Keys,
    host: str,
    port: int,
    lang: str,
    tls: tuple[Path | None, Path | None],
    ready: Callable[[], None],
) -> None:
    """Serve a store's pages until interrupted.

    Parameters
    ----------
    store, keys, lang
        What is shown, to whom, in which language at first.
    host, port
        Where to listen.
    tls
        Certificate and key, or ``None`` twice: in the clear, for this machine only.
    ready
        Called once the pages are there and Ctrl-C ends them.

    Raises
    ------
    InputError
        The port is taken, or the TLS files cannot be used.
    """
    import uvicorn

    cert, key = tls
    _check_tls(cert, key)
    names = NAMES.get(host, (f"[{host}]" if ":" in host else host,))
    hosts = frozenset(f"{name}:{port}".lower() for name in names)
    if port == (443 if cert else 80):
        hosts |= {name.lower() for name in names}
    app = Guard(make_app(store, lang), keys, hosts, secure=cert is not None)
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold ids and, once, the token
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_keep_alive=10,
        limit_concurrency=64,
        h11_max_incomplete_event_size=16 * 1024,
        ssl_certfile=None if cert is None else str(cert),
        ssl_keyfile=None if key is None else str(key),
    )

    class Server(uvicorn.Server):
        """Says that it is ready once it is, and minds Ctrl-C."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    try:
        with suppress(KeyboardInterrupt):  # uvicorn passes on what made it end
            Server(config).run(sockets=[listener])
    finally:
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
        try:
            if os.name == "posix":  # elsewhere it would let two servers share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(64)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise InputError(
            "the page cannot be served there",
            place=f"{host}, port {port}",
            found=error.strerror or str(error),
            remedy="choose another port with --port; is it running already?",
        ) from error
    return listener


def _check_tls(cert: Path | None, key: Path | None) -> None:
    if cert is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            "the TLS files cannot be used",
            file=cert,
            expected="a certificate chain and its private key, both PEM",
            found=str(error),
        ) from error
