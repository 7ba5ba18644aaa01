from users.api.views.accounts import AvatarView, MeView, ProfileCompleteView, RegisterView
from users.api.views.administrators import AdminLoginView, AdminRegisterView
from users.api.views.emails import CheckEmailView, EmailResendView, EmailVerifyView
from users.api.views.passwords import (
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetView,
)
from users.api.views.salespeople import SalespersonLoginOrRegisterView
from users.api.views.sessions import LogoutAllView, LogoutView, SessionsView, SessionView
from users.api.views.tokens import TokenRefreshView, TokenVerifyView, TokenView

__all__ = [
    "AdminLoginView",
    "AdminRegisterView",
    "AvatarView",
    "CheckEmailView",
    "EmailResendView",
    "EmailVerifyView",
    "LogoutAllView",
    "LogoutView",
    "MeView",
    "PasswordChangeView",
    "PasswordResetConfirmView",
    "PasswordResetView",
    "ProfileCompleteView",
    "RegisterView",
    "SalespersonLoginOrRegisterView",
    "SessionView",
    "SessionsView",
    "TokenRefreshView",
    "TokenVerifyView",
    "TokenView",
]
