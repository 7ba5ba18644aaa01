"""Every POST there is takes an `Idempotency-Key`; the list comes from the router."""

import re
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.flows.world import patterns, served

# By its address as the OpenAPI document has it, parameters as `{}`.
POSTS: dict[str, URLPattern] = {
    "/" + re.sub(r"<[^>]+>", "{}", path): pattern
    for path, pattern in patterns(get_resolver().url_patterns)
    if hasattr(pattern.callback, "cls") and "post" in served(pattern)
}
# What a field is called whose value opens something.
SECRETS = {"access", "access_token", "key", "otp", "password", "refresh", "secret", "token"}

# And one that says who somebody is, or where they live.
PERSONAL = {"address", "birthdate", "contact_info", "email", "phone", "phone_number"}


@cache
def document() -> dict[str, Any]:
    """Of all versions."""
    made = [
        SchemaGenerator(api_version=each).get_schema(public=True) for each in settings.API_VERSIONS
    ]
    return {
        **made[0],
        "paths": {path: told for each in made for path, told in each["paths"].items()},
    }


def posts() -> dict[str, dict[str, Any]]:
    return {
        re.sub(r"{[^}]+}", "{}", path): methods["post"]
        for path, methods in document()["paths"].items()
        if "post" in methods
    }


def test_every_address_of_the_api_is_a_view_that_the_mechanism_knows() -> None:
    plain = [
        path
        for path, pattern in patterns(get_resolver().url_patterns)
        if re.match(r"api/v\d+/", path) and not hasattr(pattern.callback, "cls")
    ]
    assert plain == []
    assert len(POSTS) > 20


@pytest.mark.django_db
@pytest.mark.parametrize("path", POSTS)
def test_every_post_looks_at_the_key(owner_client: APIClient, path: str) -> None:
    """After authentication, permission and throttle, before any of its work: a bad key stops it."""
    where = path.replace("{}", "1")
    answer = owner_client.post(where, {}, headers={"Idempotency-Key": "x" * 256})
    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]


def test_every_post_says_so_in_the_document() -> None:
    assert set(posts()) == set(POSTS)
    for post in posts().values():
        assert {"$ref": "#/components/parameters/IdempotencyKey"} in post["parameters"]
        assert {"400", "409", "422"} <= set(post["responses"])
        good = [answer for status, answer in post["responses"].items() if status[0] == "2"]
        assert good
        assert all("Idempotent-Replayed" in answer["headers"] for answer in good)


def test_no_other_method_says_so() -> None:
    others = [
        operation
        for methods in document()["paths"].values()
        for method, operation in methods.items()
        if method != "post"
    ]
    assert "Idempoten" not in str(others)


def fields_of(part: Any) -> set[str]:
    """The names of all properties in a schema, through its references."""
    if isinstance(part, list):
        return set().union(*map(fields_of, part))
    if not isinstance(part, dict):
        return set()
    if reference := part.get("$ref"):
        return fields_of(document()["components"]["schemas"][reference.rpartition("/")[2]])
    return set(part.get("properties", {})) | fields_of([*part.values()])


def told_by(post: dict[str, Any]) -> set[str]:
    good = [answer for status, answer in post["responses"].items() if status[0] == "2"]
    media = [kind for answer in good for kind in answer.get("content", {}).values()]
    return fields_of([kind["schema"] for kind in media])


def declaring(name: str) -> set[str]:
    """The addresses of the views that say this of their answers."""
    views: dict[str, Any] = {path: pattern.callback for path, pattern in POSTS.items()}
    return {
        path
        for path, view in views.items()
        if view.initkwargs.get(name, getattr(view.cls, name, False))
    }


def test_post_that_answers_with_a_secret_declares_it() -> None:
    secret = {path for path, post in posts().items() if told_by(post) & SECRETS}
    assert secret <= declaring("answer_is_secret")
    assert {"/api/v1/auth/token/", "/api/v1/auth/password/change/"} <= secret


def test_post_that_answers_with_a_person_declares_it() -> None:
    """Else the answer would outlive who asks to be forgotten."""
    person = {path for path, post in posts().items() if told_by(post) & PERSONAL}
    assert person <= declaring("answer_is_about") | declaring("answer_is_secret")
    assert {"/api/v2/customers/", "/api/v1/customers/{}/restore/", "/api/customers/"} <= person
    assert {"/api/v1/auth/register/", "/api/v1/vendor-invites/{}/accept/"} <= person
