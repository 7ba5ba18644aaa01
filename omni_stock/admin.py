"""The staff's site: Django's admin, whose doors are watched as the API's are."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import AppException
from core.forms import told_of
from core.problems import problem_response
from core.throttles import AccountLoginThrottle, LoginThrottle, admit
from users.api.throttles import OwnPasswordThrottle, SignInThrottle
from users.selectors import find_user, get_user
from users.services import PasswordService


class SignInForm(AdminAuthenticationForm):
    def clean(self) -> dict[str, Any]:
        try:
            values: dict[str, Any] = super().clean()
        except ValidationError:
            # Asked and written for an unknown name as well, so that both take the same time.
            who = find_user(self.cleaned_data["username"])
            log_audit(AuditType.SECURITY, who, "was refused to sign in", self.request)
            raise
        return values


class OwnPasswordView(PasswordChangeView):
    """Guards the new password as the API does: links that were mailed end, and a mail tells."""

    form_class = AdminPasswordChangeForm

    def form_valid(self, form: Any) -> HttpResponse:
        values = form.cleaned_data
        try:
            form.user = PasswordService.replace(
                user=form.user,
                current_password=values["old_password"],
                new_password=values["new_password1"],
            )
        except AppException as refusal:  # it was changed elsewhere at the same moment
            form.add_error(None, told_of(refusal))
            return self.form_invalid(form)
        update_session_auth_hash(self.request, form.user)
        return HttpResponseRedirect(self.get_success_url())


class StaffSite(admin.AdminSite):
    site_header = site_title = "Omni-Stock"
    index_title = "Staff"
    login_form = SignInForm

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Attempts count with those at `auth/token/`: per address, and per name."""
        if request.method != "POST":
            return super().login(request, extra_context)
        enter = super().login
        answer = _attempted(request, SignInThrottle(), lambda: enter(request, extra_context))
        if answer.status_code == HTTPStatus.FOUND:
            who: Any = request.user
            log_audit(AuditType.SECURITY, who, "signed in", request, obj=who)
        return answer

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        who = get_user(request.user.pk) if request.user.is_authenticated else None
        answer = super().logout(request, extra_context)
        if who and not request.user.is_authenticated:
            log_audit(AuditType.SECURITY, who, "signed out", request, obj=who)
        return answer

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Who found a desk unlocked must not try passwords there."""
        request.current_app = self.name
        done = reverse("admin:password_change_done", current_app=self.name)
        context = {**self.each_context(request), **(extra_context or {})}
        view = OwnPasswordView.as_view(success_url=done, extra_context=context)
        if request.method != "POST":
            return view(request)
        return _attempted(request, OwnPasswordThrottle(), lambda: view(request))


def _attempted(
    request: HttpRequest, throttle: AccountLoginThrottle, act: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """What comes of it, unless there were too many; success forgives the failures before."""
    attempt = Request(request, parsers=[FormParser(), MultiPartParser()])
    attempt.user = request.user
    decision = admit(attempt, [LoginThrottle(), throttle])
    if not decision.allowed:
        response = problem_response(429, "throttled", "Too many attempts: wait a minute.")
        response["Retry-After"] = str(decision.wait)
        return response
    answer = act()
    if answer.status_code == HTTPStatus.FOUND:
        decision.forgive()
    return answer
