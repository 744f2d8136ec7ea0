"""``qpcr serve``: the review page of a record store, in a browser on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qpcr.commands._options import FILE, FOLDER, language_from, language_option

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option(
    "--store",
    type=FOLDER,
    required=True,
    envvar="QPCR_STORE",
    show_envvar=True,
    help="Folder of the store.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    help="Who works with it (may be repeated: an address each); default: your login name.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8750, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option(
    "--allow-network", is_flag=True, help="Needed, with TLS files, for any other interface."
)
@click.option("--tls-cert", type=FILE, help="Certificate chain, PEM.")
@click.option("--tls-key", type=FILE, help="Its private key, PEM.")
@language_option
@click.option("--open/--no-open", "show_it", default=False, help="Open it in the browser.")
def serve(
    store: Path,
    users: tuple[str, ...],
    port: int,
    host: str,
    allow_network: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    lang: str | None,
    show_it: bool,
) -> None:
    """Review, sign and amend results of a store in a browser.

    Only this machine can reach it, and only who has the printed address, which holds a secret.
    """
    from getpass import getuser

    from qpcr.records import Store
    from qpcr.serve import Keys, run_server

    _check_reach(host, allow_network, tls_cert, tls_key)
    secure = tls_cert is not None
    keys = Keys.of(tuple(dict.fromkeys(users or (getuser(),))))
    opened = Store.open(store)
    shown = f"[{host}]" if ":" in host else host
    addresses = {
        user: f"{'https' if secure else 'http'}://{shown}:{port}/?token={token}"
        for token, user in keys.users.items()
    }

    def ready() -> None:
        for user, address in addresses.items():
            click.echo(f"{user}: {address}")
        click.echo("The address is a key: give it to nobody. Ctrl-C ends.")
        sys.stdout.flush()
        if show_it:
            click.launch(next(iter(addresses.values())))

    run_server(opened, keys, host, port, language_from(lang), (tls_cert, tls_key), ready)


def _check_reach(host: str, allowed: bool, cert: Path | None, key: Path | None) -> None:
    """Refuse to be reached from elsewhere by accident, or in the clear."""
    if (cert is None) is not (key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if host in LOOPBACK:
        return
    if not allowed or cert is None:
        raise click.UsageError(
            f"--host {host} lets other machines in: that needs --allow-network, --tls-cert and "
            "--tls-key"
        )


COMMAND = serve
