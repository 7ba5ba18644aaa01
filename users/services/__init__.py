"""Writing: accounts, and who is signed in where."""

from users.services.accounts import ProfileChanges, UserService
from users.services.administrators import AdministratorService
from users.services.avatars import AvatarService
from users.services.email_tokens import EmailTokenService
from users.services.mail import MailService
from users.services.passwords import PasswordService
from users.services.salespeople import SalespersonService
from users.services.sessions import Grant, SessionService
from users.services.standing import AccountService

__all__ = [
    "AccountService",
    "AdministratorService",
    "AvatarService",
    "EmailTokenService",
    "Grant",
    "MailService",
    "PasswordService",
    "ProfileChanges",
    "SalespersonService",
    "SessionService",
    "UserService",
]
