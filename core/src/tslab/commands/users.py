"""tslab users: annotators' accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tslab.label_studio.accounts import Account
    from tslab.label_studio.connection import Connection
    from tslab.project import Project


Addresses = dict[int, list[str]]
"""Addresses of Label Studio's projects by number of the rater."""


@click.group("users", help="Manage annotators' accounts.")
def command() -> None:
    """The verbs about accounts."""


@command.command("add", help="Make accounts with random passwords, printed once.")
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
@click.option(
    "--rater", type=click.IntRange(min=1), metavar="N", help="Blind study: they are rater N."
)
@shared_options
def add(output: Output, emails: tuple[str, ...], rater: int | None) -> int:
    """Makes what is missing; an existing account keeps its password.

    In a blind study each new one becomes the next rater whom nobody is yet.
    """
    from tslab.label_studio.accounts import add_accounts, checked_emails
    from tslab.label_studio.connection import connection

    wanted = checked_emails(emails)
    project = output.project()
    _check_rater(project, rater)
    found = connection(project)
    addresses = _addresses(project, found)
    accounts: list[Account] = []
    try:
        if found.embedded:
            for account in add_accounts(found.url, found.api_key, wanted):
                accounts.append(account)  # noqa: PERF402 - what was made must survive an error
        else:
            accounts = _existing(found, wanted, blind=project.settings.review.blind)
    finally:
        # The passwords exist nowhere else, so they are shown even when a later account fails.
        if accounts:
            try:
                _note_raters(output, project, accounts, rater or 0)
            finally:
                _show(output, found, accounts, (project, addresses))
    return 0


def _check_rater(project: Project, rater: int | None) -> None:
    """Refuses a rater that there is not, and a damaged file before passwords are made.

    Raises:
        UsageError: There is none of that number.
        DataError: It cannot be read who is which rater.
    """
    from tslab.errors import UsageError
    from tslab.rater_people import load_people

    review = project.settings.review
    if rater and not review.blind:
        raise UsageError(
            "--rater is for blind studies", "Set review: {raters: N, blind: true} in tslab.yaml."
        )
    if rater and rater > review.raters:
        raise UsageError(f"there is no rater {rater}", f"raters is {review.raters} in tslab.yaml.")
    if review.blind:
        load_people(project.state)


def _existing(found: Connection, wanted: Sequence[str], *, blind: bool) -> list[Account]:
    """Accounts of a server where tslab makes none: a blind study notes whose they are.

    Raises:
        ServerError: Some are not there.
    """
    from tslab.errors import ServerError
    from tslab.label_studio.accounts import Account, list_users

    known = {str(user["email"]).lower() for user in list_users(found.url, found.api_key)}
    if not blind or not known.issuperset(wanted):
        raise ServerError(
            f"this project uses the Label Studio at {found.url}, where tslab makes no accounts",
            "Invite people there, under Organization > Add Members.",
        )
    return [Account(email, "exists") for email in wanted]


def _note_raters(output: Output, project: Project, accounts: Sequence[Account], rater: int) -> None:
    """Writes down who is which rater, in a blind study."""
    from tslab.rater_people import load_people, rater_called, save_people, with_people

    if not project.settings.review.blind:
        return
    emails = [account.email for account in accounts]
    raters = project.settings.review.raters
    with output.alone(project):
        people = with_people(load_people(project.state), emails, raters, rater)
        save_people(project.state, people)
    for email in emails:
        number = rater_called(people, email)
        if not number:
            output.warn(f"{email} is no rater: all {raters} are taken; see --rater")
        elif number > raters:
            output.warn(
                f"{email} stays rater {number}, who gets nothing new, for raters is {raters} in "
                "tslab.yaml; see --rater"
            )


def _addresses(project: Project, found: Connection) -> Addresses:
    """Addresses of each rater's projects.

    Raises:
        DataError: What is known of them is damaged. This is asked before passwords are made.
    """
    from tslab.label_studio.raters import rater_of
    from tslab.label_studio.remote import load_projects

    addresses: Addresses = {}
    for key, number in load_projects(project, found).items():
        if rater_of(key):
            addresses.setdefault(rater_of(key), []).append(f"{found.url}/projects/{number}/data")
    return addresses


def _show(
    output: Output,
    found: Connection,
    accounts: Sequence[Account],
    study: tuple[Project, Addresses],
) -> None:
    rows = [(a.email, a.password or "(keeps its own)", a.status) for a in accounts]
    text = table(rows, ("email", "password", "status"))
    if any(account.status == "created" for account in accounts):
        text += f"\nPasswords are shown once and kept nowhere. Log in at {found.url}/user/login"
    document: dict[str, object] = {
        "url": found.url,
        "users": [{"email": a.email, "status": a.status, "password": a.password} for a in accounts],
    }
    raters, said = _raters(*study, [account.email for account in accounts])
    output.result(document | raters, f"{text}{said}")


def _raters(
    project: Project, addresses: Addresses, emails: Sequence[str], *, everybody: bool = False
) -> tuple[dict[str, object], str]:
    """Who is which rater, and the address that is his, for JSON and people.

    Args:
        project: The project folder; there is nothing to say where its study is not blind.
        addresses: Of each rater's projects.
        emails: Whose accounts are told of.
        everybody: Whether that is every account, so that a rater without one has lost it.
    """
    from tslab.rater_people import load_people, rater_called

    review = project.settings.review
    if not review.blind:
        return {}, ""
    people = load_people(project.state)
    known = [(email, rater_called(people, email)) for email in emails]
    rows = [
        (email, rater, address)
        for email, rater in known
        if 0 < rater <= review.raters
        for address in addresses.get(rater, ["after 'tslab push'"])
    ]
    former = [(email, rater) for email, rater in known if rater > review.raters]
    text = f"\n\n{table(rows, ('email', 'rater', 'only this address'))}" if rows else ""
    if former:
        shown = ", ".join(f"{email} (rater {rater})" for email, rater in former)
        text += f"\nNo rater any more since raters is {review.raters}: {shown}"
    accounts = {email.lower() for email in emails}
    lost = [(e, n) for n, names in people.items() for e in names if everybody and e not in accounts]
    if lost:
        shown = ", ".join(f"{email} (rater {rater})" for email, rater in lost)
        text += f"\nNamed, but without an account here: {shown}"
    return {
        "raters": [{"email": e, "rater": rater, "address": place} for e, rater, place in rows],
        "former_raters": [{"email": email, "rater": rater} for email, rater in former],
        "without_account": [{"email": email, "rater": rater} for email, rater in lost],
    }, text


@command.command("list", help="List accounts with their last activity.")
@shared_options
def list_command(output: Output) -> int:
    """Lists what the server knows, on an existing server too."""
    from tslab.label_studio.accounts import list_users
    from tslab.label_studio.connection import connection

    project = output.project()
    found = connection(project)
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
    text = table(rows, ("email", "name", "last seen"))
    document: dict[str, object] = {"url": found.url, "users": users}
    emails = [user["email"] for user in users]
    raters, said = _raters(project, _addresses(project, found), emails, everybody=True)
    output.result(document | raters, f"{text}{said}")
    return 0
