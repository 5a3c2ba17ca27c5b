"""Accounts on a Label Studio, made the way a browser makes them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tslab.errors import ServerError, UsageError
from tslab.label_studio import access

if TYPE_CHECKING:
    import httpx

EMAIL = re.compile(r"[A-Za-z0-9.!#$%&*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LONGEST = 255
LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that look like another one: people copy these passwords by hand."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one e-mail address.

    Attributes:
        email: The address, in lower case as Label Studio keeps it.
        status: Whether the account was made now.
        password: The new account's password, empty for one that existed.
    """

    email: str
    status: Literal["created", "exists"]
    password: str = field(default="", repr=False)


class BrowserSession:
    """A visit with cookies, as a browser makes one.

    Args:
        url: Address of the server.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = access.open_http(self.url)

    def __enter__(self) -> BrowserSession:
        """The session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes its connections."""
        self.http.close()

    def submit(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Opens a page with a form and submits it."""
        access.request(self.http, "GET", path)
        body = {**fields, "csrfmiddlewaretoken": self.http.cookies.get("csrftoken", "")}
        headers = {"Referer": f"{self.url}{path}"}
        return access.request(self.http, "POST", path, data=body, headers=headers)

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """An API request of the logged-in user."""
        csrf = self.http.cookies.get("csrftoken", "")
        headers = {"Referer": f"{self.url}/", "X-CSRFToken": csrf}
        return access.request(self.http, method, path, headers=headers, **arguments)

    def login(self, email: str, password: str) -> bool:
        """Logs in; returns whether the server let the user in."""
        answer = self.submit("/user/login/", {"email": email, "password": password})
        return answer.status_code == 302


def recover_token(url: str, email: str, password: str) -> str:
    """The legacy token of a user, switched on for the organization again if it was off.

    Raises:
        ServerError: The password does not work any more.
    """
    with BrowserSession(url) as session:
        if not session.login(email, password):
            raise ServerError(
                f"Label Studio at {url} takes neither token nor password of {email}",
                "Remove .tslab/server.json and run 'tslab down' and 'tslab up': that makes a new "
                "administrator and keeps all data.",
            )
        wanted = {"legacy_api_tokens_enabled": True, "api_tokens_enabled": True}
        session.call("POST", "/api/jwt/settings", json=wanted)
        return str(session.call("GET", "/api/current-user/token").json()["token"])


def checked_emails(emails: Sequence[str]) -> list[str]:
    """The addresses in lower case, each once.

    Raises:
        UsageError: Some are no e-mail addresses; all of them are named.
    """
    wanted = [email.strip().lower() for email in emails]
    wrong = [email for email in wanted if not EMAIL.fullmatch(email) or len(email) > LONGEST]
    if wrong:
        listed = ", ".join(f"'{email}'" for email in wrong)
        raise UsageError(
            f"not an e-mail address: {listed}",
            "Nothing was done. Write them like name@example.org.",
        )
    return list(dict.fromkeys(wanted))


def list_users(url: str, api_key: str) -> list[dict[str, Any]]:
    """All users of a server as it describes them: id, email, names, last_activity.

    Raises:
        ServerError: The server does not answer or refuses.
    """
    with access.open_http(url) as http:
        return list(_get(http, "/api/users", access.authorization(http, api_key)))


def add_accounts(url: str, api_key: str, emails: Iterable[str]) -> Iterator[Account]:
    """Makes the accounts that are missing, one after the other.

    Each account is handed out as soon as it is made: its password is known nowhere else.

    Raises:
        ServerError: The server does not answer or refuses.
    """
    known = {str(user["email"]).lower() for user in list_users(url, api_key)}
    with access.open_http(url) as http:
        invite = _get(http, "/api/invite", access.authorization(http, api_key))["invite_url"]
    for email in emails:
        if email in known:
            yield Account(email, "exists")
            continue
        password = "".join(secrets.choice(LETTERS) for _ in range(16))
        yield _sign_up(url, invite, email, password)


def _sign_up(url: str, invite: str, email: str, password: str) -> Account:
    with BrowserSession(url) as session:
        path = invite.removeprefix(session.url)
        answer = session.submit(path, {"email": email, "password": password})
    if answer.status_code == 302:
        return Account(email, "created", password)
    if "User with this email already exists" in answer.text:
        return Account(email, "exists")
    raise ServerError(
        f"Label Studio at {url} does not make the account {email} ({answer.status_code})",
        "Make it in the browser, under Organization > Add Members.",
    )


def _get(http: httpx.Client, path: str, headers: dict[str, str]) -> Any:
    answer = access.request(http, "GET", path, headers=headers)
    if answer.status_code == 401:
        raise access.refused(str(http.base_url))
    if answer.status_code != 200:
        raise ServerError(
            f"{str(http.base_url).rstrip('/')}{path} answers {answer.status_code}",
            "Check the user's rights and the server's log.",
        )
    return answer.json()
