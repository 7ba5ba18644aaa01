"""The staff's site: Django's admin, whose door is watched as the API's is."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request

from core.problems import problem_response
from core.throttles import LoginThrottle, admit
from users.api.throttles import SignInThrottle


class StaffSite(admin.AdminSite):
    site_header = site_title = "Omni-Stock"
    index_title = "Staff"

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Attempts count with those at `auth/token/`: per address, and per name."""
        if request.method != "POST":
            return super().login(request, extra_context)
        attempt = Request(request, parsers=[FormParser(), MultiPartParser()])
        decision = admit(attempt, [LoginThrottle(), SignInThrottle()])
        if not decision.allowed:
            response = problem_response(429, "throttled", "Too many attempts: wait a minute.")
            response["Retry-After"] = str(decision.wait)
            return response
        answer = super().login(request, extra_context)
        if answer.status_code == HTTPStatus.FOUND:
            decision.forgive()
        return answer
