"""Tokens of a real Label Studio, as people make them."""

from __future__ import annotations

from tslab.label_studio.accounts import BrowserSession


def personal_token(url: str, email: str, password: str) -> str:
    """What somebody copies from Account & Settings; an older one stops to work."""
    with BrowserSession(url) as session:
        assert session.login(email, password)
        for token in session.call("GET", "/api/token/").json():
            # The server keeps one for each user, and never shows it whole again.
            session.call("POST", "/api/token/blacklist/", json={"refresh": token["token"]})
        made = session.call("POST", "/api/token/")
        assert made.status_code == 201
        return str(made.json()["token"])
