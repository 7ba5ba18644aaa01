"""The documents' calls run as they stand there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command

from tests.flows.documents import Document

pytestmark = pytest.mark.django_db
DOCS: Path = project.BASE_DIR / "docs"
Run = Callable[[Path], Document]


@pytest.fixture
def run(django_capture_on_commit_callbacks: Any) -> Run:
    """Reads and runs a document."""

    def run(path: Path) -> Document:
        document = Document(path, lambda: django_capture_on_commit_callbacks(execute=True))
        document.run()
        return document

    return run


def test_signing_in(run: Run, settings: Any) -> None:
    settings.SETUP_SECRET = "told-to-who-installs-it"
    settings.FRONTEND_URL = "https://omni-stock.vercel.app"
    assert run(DOCS / "api" / "authentication.md").calls > 20


def test_promises(run: Run) -> None:
    call_command("seed_demo")
    assert run(DOCS / "api" / "promises.md").calls > 30


LIMITED = """
<!-- with RATE_LIMIT_ENABLED = true -->
```http
POST /api/v1/auth/register/check-email/

{"email": "ann@example.com"}
```
```http
HTTP/1.1 200 OK

{...}
```
<!-- 4 times -->
<!-- 61 seconds later -->
```http
POST /api/v1/auth/register/check-email/

{"email": "ann@example.com"}
```
```http
HTTP/1.1 200 OK
RateLimit: "check_email";r=4;t=...

{...}
```
"""


def test_remarks_are_heeded(run: Run, tmp_path: Path, settings: Any) -> None:
    path = tmp_path / "limited.md"
    path.write_text(LIMITED)
    assert run(path).calls == 6
    assert settings.RATE_LIMIT_ENABLED is False


@pytest.mark.parametrize(
    ("remark", "told"),
    [("with RATE_LIMIT_ENABLED = true", "RateLimit"), ("61 seconds later", "429")],
)
def test_remark_is_needed(run: Run, tmp_path: Path, remark: str, told: str) -> None:
    path = tmp_path / "limited.md"
    path.write_text(LIMITED.replace(f"<!-- {remark} -->\n", ""))
    with pytest.raises(AssertionError, match=told):
        run(path)


HEALTHY = """
```http
POST /api/v1/auth/register/check-email/

{"email": "ann@example.com"}
```
```http
HTTP/1.1 200 OK
Content-Type: application/json

{"available": {free}, ...}
```
"""


@pytest.mark.parametrize(
    ("said", "instead", "told"),
    [
        ("200 OK", "201 Created", "200"),
        ("200 OK", "200 Fine", "200"),
        ("{free}", "false", "available is True"),
        ("{free}, ...", "...", ""),
        ('{"available": {free}, ...}', "{}", "['available'], not []"),
        ('{"available": {free}, ...}', '{"free": true}', "not ['free']"),
        ("ann@example.com", "nonsense", "400"),
        ("ann@example.com", "{ann}@example.com", "ann"),
        ("application/json\n", "text/csv\n", "Content-Type"),
        ("Content-Type: application/json\n", "ETag: ...\n", "there is no ETag"),
        ("check-email/\n\n", "check-email/\nContent-Encoding: br\n\n", "415"),
        ("check-email/\n\n", "check-email/\nContent-Encoding: gzip\n\n", ""),
        ("```http\nHTTP/1.1 200 OK", "```json\nHTTP/1.1 200 OK", "no answer"),
        ("```http\nPOST", "```sh\nPOST", "an answer to nothing"),
    ],
)
def test_document_that_is_wrong_is_told_where(
    run: Run, tmp_path: Path, said: str, instead: str, told: str
) -> None:
    path = tmp_path / "wrong.md"
    path.write_text(HEALTHY)
    assert run(path).known == {"free": True}
    path.write_text(HEALTHY.replace(said, instead))
    if told:
        with pytest.raises(AssertionError, match=re.escape(told)):
            run(path)
    else:
        assert run(path).calls == 1
