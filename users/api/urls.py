from django.urls import path

from users.api import views

urlpatterns = [
    path("auth/register/", views.RegisterView.as_view(), name="register"),
    path("auth/register/check-email/", views.CheckEmailView.as_view(), name="check-email"),
    path("auth/email/verify/", views.EmailVerifyView.as_view(), name="email-verify"),
    path("auth/email/resend/", views.EmailResendView.as_view(), name="email-resend"),
    path("auth/token/", views.TokenView.as_view(), name="token"),
    path("auth/token/refresh/", views.TokenRefreshView.as_view(), name="token-refresh"),
    path("auth/token/verify/", views.TokenVerifyView.as_view(), name="token-verify"),
    path("auth/logout/", views.LogoutView.as_view(), name="logout"),
    path("auth/logout/all/", views.LogoutAllView.as_view(), name="logout-all"),
    path("auth/sessions/", views.SessionsView.as_view(), name="sessions"),
    path("auth/sessions/<int:pk>/", views.SessionView.as_view(), name="session"),
    path("auth/password/change/", views.PasswordChangeView.as_view(), name="password-change"),
    path("auth/password/reset/", views.PasswordResetView.as_view(), name="password-reset"),
    path(
        "auth/password/reset/confirm/",
        views.PasswordResetConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path("auth/admin/register/", views.AdminRegisterView.as_view(), name="admin-register"),
    path("auth/admin/login/", views.AdminLoginView.as_view(), name="admin-login"),
    path("auth/salesperson/", views.SalespersonLoginOrRegisterView.as_view(), name="salesperson"),
    path("auth/me/", views.MeView.as_view(), name="me"),
    path("auth/me/avatar/", views.AvatarView.as_view(), name="me-avatar"),
    path("auth/profile/complete/", views.ProfileCompleteView.as_view(), name="profile-complete"),
]
