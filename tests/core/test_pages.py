"""What is neither the API nor its documentation: whom to tell of a hole, and pages to be read."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pydantic import ValidationError
from pytest_django import Settings

from omni_stock.settings.environment import Environment
from tests.core.conftest import Refusal

pytestmark = pytest.mark.django_db
SECURITY = "/.well-known/security.txt"
DOCUMENTS = ["/api/docs/errors/", "/api/docs/changelog/", "/api/docs/promises/"]
READ = ["/health/", "/health/ready/", "/robots.txt", *DOCUMENTS, SECURITY, "/media/x"]


class TestSecurityTxt:
    def test_says_what_the_rfc_asks_for(self, client: Client, settings: Settings) -> None:
        settings.SECURITY_CONTACT = "mailto:security@stock.example"
        answer = client.get(SECURITY, secure=True)
        told = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
        left = datetime.fromisoformat(told.pop("Expires")) - datetime.now(UTC)
        assert timedelta(days=30) < left < timedelta(days=365)
        assert told == {
            "Contact": "mailto:security@stock.example",
            "Preferred-Languages": "en, de",
            "Canonical": f"https://testserver{SECURITY}",
        }
        assert answer["Content-Type"] == "text/plain; charset=utf-8"

    def test_names_nobody_who_was_not_named(
        self, client: Client, settings: Settings, assert_problem: Refusal
    ) -> None:
        settings.SECURITY_CONTACT = ""
        assert_problem(client.get(SECURITY), 404, "not_found", "Not found.")

    @pytest.mark.parametrize("contact", ["mailto:a@b.example", "https://b.example/s", "tel:+1-2"])
    def test_contact_is_an_address(self, monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
        monkeypatch.setenv("SECURITY_CONTACT", contact)
        assert Environment().security_contact == contact

    @pytest.mark.parametrize("contact", ["a@b.example", "http://b.example", "tel:1\nExpires: x"])
    def test_anything_else_stops_the_start(
        self, monkeypatch: pytest.MonkeyPatch, contact: str
    ) -> None:
        monkeypatch.setenv("SECURITY_CONTACT", contact)
        with pytest.raises(ValidationError):
            Environment()


def test_links_of_the_documents_lead_somewhere(client: Client) -> None:
    linked = {
        (path or address, part)
        for address in ["/api/docs/", *DOCUMENTS]
        for path, part in re.findall(
            r'<a href="(?!https:)([^"#]*)(?:#([^"]*))?"', client.get(address).content.decode()
        )
    }
    assert {path for path, _part in linked} == {*DOCUMENTS, "/api/redoc/"}
    for path, part in linked:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert not part or f'id="{part}"' in answer.content.decode(), part


@pytest.mark.parametrize("address", READ)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_refused_in_the_one_form(
    assert_problem: Refusal, settings: Settings, address: str, method: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.generic(method, address)
    assert_problem(answer, 405, "method_not_allowed", f'Method "{method}" not allowed.')
    assert answer["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("address", ["/api/docs/", "/api/redoc/", "/api/schema/"])
def test_documentation_is_only_read(client: Client, address: str) -> None:
    for method in ("POST", "OPTIONS"):
        answer = client.generic(method, address)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_form_without_its_token_is_refused_in_the_one_form(assert_problem: Refusal) -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert_problem(answer, 403, "permission_denied", "The form is out of date: load it again.")
