"""E-mail addresses are checked before anything is done."""

from __future__ import annotations

import pytest

from tslab import cli
from tslab.errors import UsageError
from tslab.label_studio.accounts import LETTERS, Account, checked_emails


def test_addresses_are_lowered_and_taken_once() -> None:
    given = [" Ann@Example.org", "bob+x@sub.example.co.uk", "ann@example.ORG "]
    assert checked_emails(given) == ["ann@example.org", "bob+x@sub.example.co.uk"]


@pytest.mark.parametrize(
    "email",
    [
        "", "bob", "bob@", "@example.org", "bob@host", "a b@example.org", "a@b@c.org", "a@.org",
        "a,b@example.org", "<a@example.org>", "a@example.org\nb@example.org", "ü@example.org",
        f"{'a' * 250}@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address(email: str) -> None:
    with pytest.raises(UsageError, match="not an e-mail address"):
        checked_emails(["good@example.org", email])


def test_all_problems_at_once() -> None:
    with pytest.raises(UsageError, match="'one', 'two'"):
        checked_emails(["one", "good@example.org", "two"])


def test_command_checks_before_it_looks_for_a_project(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["users", "add", "bob", "--project", str(tmp_path)]) == 2
    assert "Nothing was done" in capsys.readouterr().err


def test_repr_hides_the_password() -> None:
    assert "hidden" not in repr(Account("a@example.org", "created", "hidden"))


def test_passwords_have_no_look_alikes() -> None:
    assert not set(LETTERS) & set("lI1O0")
