"""Which device calls."""

from typing import Any, TypedDict

from rest_framework.request import Request

from core.context import client_address


class Device(TypedDict):
    user_agent: str
    ip: str | None


def device_of(request: Request) -> Device:
    agent = request.headers.get("User-Agent", "").replace("\0", "")
    return {"user_agent": agent, "ip": client_address(request)}


def session_of(request: Request) -> int | None:
    """The session whose access token came along, if one did."""
    token: Any = request.auth
    return token["sid"] if token else None
