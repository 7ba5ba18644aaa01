"""The staff's site: Django's admin, whose door is watched as the API's is."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from core.problems import problem_response
from core.throttles import LoginThrottle


class StaffSite(admin.AdminSite):
    site_header = site_title = "Omni-Stock"
    index_title = "Staff"

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Attempts count with those at `auth/token/`: five a minute per address."""
        throttle = LoginThrottle()
        view: Any = None  # which the throttle does not ask
        if request.method == "POST" and not throttle.allow_request(Request(request), view):
            response = problem_response(429, "throttled", "Too many attempts: wait a minute.")
            response["Retry-After"] = str(int(throttle.wait() or 60))
            return response
        return super().login(request, extra_context)
