"""Writing to people: each mail is a text template whose first paragraph is the subject."""

from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import override


def send_mail(
    template: str, *, to: str, event_id: UUID, language: str = "", **context: Any
) -> None:
    """In the reader's language, or in the site's. Raises `OSError` when no server takes it.

    `event_id` is of the event that wants the mail: sent a second time, after a crash, the mail has
    the same `Message-ID`, and mailboxes know it for one.
    """
    with override(language or settings.LANGUAGE_CODE):
        text = render_to_string(template, context)
    subject, _blank, body = text.strip().partition("\n\n")
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    EmailMessage(
        subject=" ".join(subject.split()),
        body=f"{body.strip()}\n",
        to=[to],
        headers={"Message-ID": f"<{event_id}@{domain}>"},
    ).send()
