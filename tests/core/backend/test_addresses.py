"""Where task data may come from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tslab.backend.addresses import Addresses, LocalFile, RefusedAddressError, Remote

HOST = "http://labels.example:8080"


def names(found: str) -> object:
    """A resolver that always answers the same."""

    def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return found.split()

    return resolve


def rules(
    host: str = HOST, allowed: Sequence[str] = (), root: Path | None = None, found: str = "8.8.8.8"
) -> Addresses:
    return Addresses(host, allowed, root, names(found))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("/data/upload/5/a-b.csv", f"{HOST}/data/upload/5/a-b.csv"),
        ("/data/upload/5/50%25%20sure.csv", f"{HOST}/data/upload/5/50%25%20sure.csv"),
        ("/data/local-files/?d=d/sec.csv", f"{HOST}/data/local-files/?d=d/sec.csv"),
        (f"{HOST}/data/upload/5/a.csv", f"{HOST}/data/upload/5/a.csv"),
        ("/tasks/7/resolve/?fileuri=czM6Ly8=", f"{HOST}/tasks/7/resolve/?fileuri=czM6Ly8="),
        ("/tasks/7/presign/?fileuri=x", f"{HOST}/tasks/7/presign/?fileuri=x"),
        ("/projects/7/resolve/?fileuri=x", f"{HOST}/projects/7/resolve/?fileuri=x"),
        ("/api/projects/7/file-proxy?url=x", f"{HOST}/api/projects/7/file-proxy?url=x"),
        ("/static/samples/time-series.csv", f"{HOST}/static/samples/time-series.csv"),
    ],
)
def test_places_of_label_studio_are_asked_with_the_key(address: str, url: str) -> None:
    assert rules().place(address) == Remote(url, label_studio=True)


def test_a_prefix_of_the_address_is_kept_once() -> None:
    host = "https://example.org/label-studio"
    wanted = Remote(f"{host}/data/upload/5/a.csv", label_studio=True)
    for address in (
        "/data/upload/5/a.csv",
        "/label-studio/data/upload/5/a.csv",
        f"{host}/data/upload/5/a.csv",
    ):
        assert rules(host).place(address) == wanted


def test_a_file_in_a_storage_is_resolved_by_label_studio() -> None:
    place = rules().place("s3://bucket/a b/ünï.csv".replace(" ", "%20"), 7)
    assert isinstance(place, Remote)
    assert place.label_studio
    name = place.url.removeprefix(f"{HOST}/tasks/7/resolve/?fileuri=")
    assert base64.urlsafe_b64decode(name).decode() == "s3://bucket/a%20b/ünï.csv"


def test_names_of_label_studio_stand_for_its_address() -> None:
    found = rules()
    found.also_called("http://public.example")
    assert found.place("http://public.example/data/upload/1/a.csv") == Remote(
        f"{HOST}/data/upload/1/a.csv", label_studio=True
    )
    found.also_called("file:///etc")
    found.also_called("http://[")
    with pytest.raises(RefusedAddressError):
        found.place("file:///etc/passwd")


def test_loopback_names_are_one_host_where_label_studio_is_local() -> None:
    found = rules("http://127.0.0.1:8080")
    wanted = Remote("http://127.0.0.1:8080/data/upload/1/a.csv", label_studio=True)
    assert found.place("http://localhost:8080/data/upload/1/a.csv") == wanted
    with pytest.raises(RefusedAddressError):
        found.place("http://localhost:8081/data/upload/1/a.csv")


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://labels.example/a.csv",
        "data:text/csv,time,a",
        "gopher://labels.example:8080/",
        "javascript:alert(1)",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://[fe80::1]/a.csv",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://2852039166/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://127.0.0.1/a.csv",
        "http://127.0.0.1:9090/metrics",
        "http://localhost/a.csv",
        "http://[::1]/a.csv",
        "http://0.0.0.0/a.csv",
        "http://10.0.0.1/a.csv",
        "http://elsewhere.example/a.csv",
        "http://labels.example/data/upload/1/a.csv",  # another port
        "https://labels.example:8080/data/upload/1/a.csv",  # another scheme
        "http://labels.example.evil.example:8080/data/upload/1/a.csv",
        "http://user:pass@labels.example:8080/data/upload/1/a.csv",
        "http://labels.example:8080@evil.example/data/upload/1/a.csv",
        "http://evil.example#@labels.example:8080/data/a.csv",
        "http://labels.example:8080\\@evil.example/data/",
        "//evil.example/a.csv",
        "///etc/passwd",
        "/etc/passwd",
        "etc/passwd",
        "../../etc/passwd",
        "/data/../api/users",
        "/data/%2e%2e/api/users",
        "/data/%252e%252e/api/users",
        "/api/users",
        "/api/projects/1",
        f"{HOST}/api/current-user/token",
        f"{HOST}/user/logout",
        f"{HOST}/tasks/1/delete/",
        "",
        "http://",
        "http://[",
        "http://labels.example:99999/data/a.csv",
        "/data/a\nHost: evil",
        "/data/a\r\n",
        " /data/upload/a.csv",
        "x" * 9000,
        None,
        7,
        ["/data/upload/1/a.csv"],
    ],
)
def test_everything_else_is_refused(address: object) -> None:
    with pytest.raises(RefusedAddressError) as caught:
        rules().place(address, 7)
    assert "\n" not in str(caught.value)


def test_a_refusal_does_not_repeat_the_address() -> None:
    with pytest.raises(RefusedAddressError) as caught:
        rules().place("http://elsewhere.example/smith-john.csv?signature=secret")
    assert "smith" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_allowed_hosts_are_pinned_to_the_address_that_was_judged() -> None:
    found = rules(allowed=["files.example"], found="93.184.216.34 8.8.8.8")
    assert found.place("https://FILES.example/a.csv?x=1") == Remote(
        "https://FILES.example/a.csv?x=1", label_studio=False, pinned="93.184.216.34"
    )
    with_port = rules(allowed=["files.example:8443"])
    assert isinstance(with_port.place("https://files.example:8443/a.csv"), Remote)
    with pytest.raises(RefusedAddressError):
        with_port.place("https://files.example/a.csv")


@pytest.mark.parametrize(
    "found",
    [
        *("127.0.0.1", "::1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::"),
        *("224.0.0.1", "255.255.255.255", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "8.8.8.8 127.0.0.1"),
        *("", "nonsense"),
    ],
)
def test_allowed_names_that_lead_to_forbidden_addresses_are_refused(found: str) -> None:
    with pytest.raises(RefusedAddressError):
        rules(allowed=["files.example"], found=found).place("http://files.example/a.csv")


def test_an_allowed_host_may_lie_in_a_private_network() -> None:
    place = rules(allowed=["nas.local"], found="10.0.0.7").place("http://nas.local/a.csv")
    assert place == Remote("http://nas.local/a.csv", label_studio=False, pinned="10.0.0.7")


def test_this_machine_must_be_allowed_by_number_and_port() -> None:
    local = {"found": "127.0.0.1"}
    place = rules(allowed=["127.0.0.1:8000"], **local).place("http://127.0.0.1:8000/a.csv")
    assert isinstance(place, Remote)
    for allowed in ("127.0.0.1", "localhost:8000", "localhost"):
        with pytest.raises(RefusedAddressError):
            rules(allowed=[allowed], **local).place(f"http://{allowed.split(':')[0]}:8000/a.csv")


def test_a_host_that_cannot_be_found_is_refused() -> None:
    def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    with pytest.raises(RefusedAddressError):
        Addresses("", ["files.example"], None, nowhere).place("http://files.example/a.csv")


def test_files_of_the_project_folder(tmp_path: Path) -> None:
    (tmp_path / "tasks" / "all").mkdir(parents=True)
    (tmp_path / "tasks" / "all" / "a b.csv").write_text("time,a\n")
    (tmp_path / "secret.csv").write_text("x")
    (tmp_path / "tasks" / "all" / "out.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "tasks" / "all" / "in.csv").symlink_to(tmp_path / "tasks" / "all" / "a b.csv")
    found = rules(root=tmp_path)
    wanted = LocalFile((tmp_path / "tasks" / "all" / "a b.csv").resolve())
    assert found.place("tasks/all/a%20b.csv") == wanted
    assert found.place("tasks/all/in.csv") == wanted
    for address in (
        "tasks/all/out.csv",
        "tasks/../secret.csv",
        "tasks/%2e%2e/secret.csv",
        "secret.csv",
        "tasks/all",
        "tasks/all/missing.csv",
        "tasks/all/a%00.csv",
        ".tslab/secrets.json",
    ):
        with pytest.raises(RefusedAddressError):
            found.place(address)


def test_without_label_studio_its_places_are_refused() -> None:
    for address in ("/data/upload/1/a.csv", "s3://bucket/a.csv", "tasks/a.csv"):
        with pytest.raises(RefusedAddressError):
            rules("").place(address, 7)


@given(st.text(max_size=60) | st.from_regex(r"\A(http|https|file|//|/)[ -~]{0,40}\Z"))
def test_any_text_is_refused_or_leads_to_label_studio(address: str) -> None:
    try:
        place = rules().place(address, 7)
    except RefusedAddressError:
        return
    assert isinstance(place, Remote)
    assert place.url.startswith(f"{HOST}/")
