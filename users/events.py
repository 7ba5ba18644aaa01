from dataclasses import dataclass


@dataclass(frozen=True)
class UserRegistered:
    user_id: int
    email: str


@dataclass(frozen=True)
class RefreshTokenReused:
    """Two hold the same refresh token, and one of them should not: the session was ended."""

    user_id: int
    session_id: int


@dataclass(frozen=True)
class EmailVerificationRequested:
    """Somebody wants the mail for this address again; nobody has looked yet whose it is."""

    email: str


@dataclass(frozen=True)
class PasswordResetRequested:
    """Somebody gave this address; nobody has looked yet whether it is known."""

    email: str


@dataclass(frozen=True)
class PasswordChanged:
    user_id: int


@dataclass(frozen=True)
class AccountPaused:
    user_id: int
    reason: str


@dataclass(frozen=True)
class AccountReactivated:
    user_id: int


@dataclass(frozen=True)
class AccountDeleted:
    """The address and the language are of before: no row knows them any more."""

    email: str
    language: str = ""
    user_id: int = 0


@dataclass(frozen=True)
class AvatarDropped:
    """The name of a file that no row knows any more."""

    name: str
