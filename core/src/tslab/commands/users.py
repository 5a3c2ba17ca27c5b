"""tslab users: annotators' accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from tslab.label_studio.accounts import Account


@click.group("users", help="Manage annotators' accounts.")
def command() -> None:
    """The verbs about accounts."""


@command.command("add", help="Make accounts with random passwords, printed once.")
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
@shared_options
def add(output: Output, emails: tuple[str, ...]) -> int:
    """Makes what is missing; an existing account keeps its password."""
    from tslab.errors import ServerError
    from tslab.label_studio.accounts import add_accounts, checked_emails
    from tslab.label_studio.connection import connection

    wanted = checked_emails(emails)
    found = connection(output.project())
    if not found.embedded:
        raise ServerError(
            f"this project uses the Label Studio at {found.url}, where tslab makes no accounts",
            "Invite people there, under Organization > Add Members.",
        )
    accounts: list[Account] = []
    try:
        for account in add_accounts(found.url, found.api_key, wanted):
            accounts.append(account)  # noqa: PERF402 - what was made must survive an error
    finally:
        # The passwords exist nowhere else, so they are shown even when a later account fails.
        if accounts:
            _show(output, found.url, accounts)
    return 0


def _show(output: Output, url: str, accounts: list[Account]) -> None:
    rows = [(a.email, a.password or "(keeps its own)", a.status) for a in accounts]
    text = table(rows, ("email", "password", "status"))
    if any(account.status == "created" for account in accounts):
        text += f"\nPasswords are shown once and kept nowhere. Log in at {url}/user/login"
    document = {
        "url": url,
        "users": [{"email": a.email, "status": a.status, "password": a.password} for a in accounts],
    }
    output.result(document, text)


@command.command("list", help="List accounts with their last activity.")
@shared_options
def list_command(output: Output) -> int:
    """Lists what the server knows, on an existing server too."""
    from tslab.label_studio.accounts import list_users
    from tslab.label_studio.connection import connection

    found = connection(output.project())
    users = [
        {
            "id": user["id"],
            "email": user["email"],
            "name": f"{user.get('first_name', '')} {user.get('last_name', '')}".strip(),
            "last_activity": user.get("last_activity") or "",
        }
        for user in list_users(found.url, found.api_key)
    ]
    rows = [(user["email"], user["name"] or "-", user["last_activity"][:19]) for user in users]
    output.result({"url": found.url, "users": users}, table(rows, ("email", "name", "last seen")))
    return 0
