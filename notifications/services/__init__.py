"""Writing: what people are told, and what they want to be told."""

from notifications.services.announcements import AnnouncementService
from notifications.services.customers import CustomerMailService
from notifications.services.preferences import PreferenceService
from notifications.services.telling import News, NotificationService

__all__ = [
    "AnnouncementService",
    "CustomerMailService",
    "News",
    "NotificationService",
    "PreferenceService",
]
