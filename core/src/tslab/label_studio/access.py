"""Plain HTTP to a Label Studio, for what comes before or beside the SDK's client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tslab.errors import ServerError

if TYPE_CHECKING:
    import httpx

SECONDS = 20.0


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    import ipaddress

    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def open_http(url: str, seconds: float = SECONDS) -> httpx.Client:
    """A client for one server; proxies of the shell are for servers elsewhere.

    Raises:
        ServerError: httpx is not installed; it comes with Label Studio's SDK.
    """
    try:
        import httpx
    except ImportError as error:
        raise ServerError(
            "talking to Label Studio needs its SDK", 'pip install "tslab[label-studio]"'
        ) from error
    local = is_loopback(urlsplit(url).hostname or "")
    return httpx.Client(base_url=url, timeout=seconds, trust_env=not local)


def request(http: httpx.Client, method: str, path: str, **arguments: Any) -> httpx.Response:
    """One request, whatever the status of its answer.

    Raises:
        ServerError: There is no answer.
    """
    import httpx

    try:
        return http.request(method, path, **arguments)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(
            f"Label Studio at {str(http.base_url).rstrip('/')} does not answer "
            f"({type(error).__name__})",
            "Start it with 'tslab up', or check label_studio: url in tslab.yaml.",
        ) from error


def is_personal(api_key: str) -> bool:
    """Whether a key is a personal access token (a signed document) rather than a legacy token."""
    return api_key.count(".") == 2


def authorization(http: httpx.Client, api_key: str) -> dict[str, str]:
    """The header that goes with a key; a personal access token is changed for a short-lived one.

    Raises:
        ServerError: There is no answer, or the personal access token is refused.
    """
    if not is_personal(api_key):
        return {"Authorization": f"Token {api_key}"}
    answer = request(http, "POST", "/api/token/refresh/", json={"refresh": api_key})
    if answer.status_code != 200:
        raise refused(str(http.base_url))
    return {"Authorization": f"Bearer {answer.json()['access']}"}


def refused(url: str) -> ServerError:
    """The error for a key that the server does not take."""
    return ServerError(
        f"Label Studio at {url.rstrip('/')} refuses the token",
        "Make a personal access token there under Account & Settings and set LABEL_STUDIO_API_KEY "
        "to it; legacy tokens may be switched off for the organization.",
    )


def health(http: httpx.Client) -> bool:
    """Whether a Label Studio answers that it is up.

    Raises:
        ServerError: There is no answer.
    """
    answer = request(http, "GET", "/health")
    try:
        return answer.status_code == 200 and bool(answer.json().get("status") == "UP")
    except (ValueError, AttributeError):
        return False


def whoami(http: httpx.Client, headers: dict[str, str]) -> str:
    """The e-mail address of the user behind a key.

    Raises:
        ServerError: There is no answer, the key is refused, or this is no Label Studio.
    """
    answer = request(http, "GET", "/api/current-user/whoami", headers=headers)
    if answer.status_code == 401:
        raise refused(str(http.base_url))
    try:
        return str(answer.json()["email"])
    except (ValueError, KeyError, TypeError) as error:
        raise ServerError(
            f"{str(http.base_url).rstrip('/')} answers {answer.status_code}, which no Label "
            "Studio does",
            "Check the address: label_studio: url in tslab.yaml, or LABEL_STUDIO_URL.",
        ) from error
