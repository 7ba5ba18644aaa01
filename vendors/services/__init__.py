"""Writing: shops, their stores and settings, and who works in them."""

from vendors.services.access_tokens import AccessTokenService
from vendors.services.invites import InviteService
from vendors.services.members import MemberService
from vendors.services.people import PersonService
from vendors.services.settings import SettingsService
from vendors.services.shops import VendorService
from vendors.services.stores import StoreService

__all__ = [
    "AccessTokenService",
    "InviteService",
    "MemberService",
    "PersonService",
    "SettingsService",
    "StoreService",
    "VendorService",
]
