"""Writing to people: a text is a template whose first paragraph is the subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import override


@dataclass(frozen=True)
class Text:
    subject: str
    body: str


def render_text(template: str, language: str, context: Mapping[str, Any]) -> Text:
    """In the reader's language; when that is blank, in the site's.

    Texts of the context stand on one line: a name with a blank line in it would end the subject.
    """
    lines = {n: " ".join(v.split()) if isinstance(v, str) else v for n, v in context.items()}
    with override(language or settings.LANGUAGE_CODE):
        text = render_to_string(template, lines)
    subject, _blank, body = text.strip().partition("\n\n")
    return Text(" ".join(subject.split()), body.strip())


def send_mail(
    template: str, *, to: str, event_id: UUID, language: str = "", **context: Any
) -> None:
    """Raises `OSError` when no server takes it.

    `event_id` is of the event that wants the mail: sent a second time, after a crash, the mail has
    the same `Message-ID`, and mailboxes know it for one.
    """
    text = render_text(template, language, context)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    headers = {"Message-ID": f"<{event_id}@{domain}>"}
    EmailMessage(text.subject, f"{text.body}\n", to=[to], headers=headers).send()
