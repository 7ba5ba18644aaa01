"""Everything the environment may say, typed, in one place. `.env.example` lists the same names."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

WEB_ORIGINS = ["https://omni-stock.vercel.app", "http://localhost:5173", "http://localhost:5174"]

CommaSeparated = Annotated[list[str], NoDecode]
# By the scheme of EMAIL_URL, the port that is usual: open, STARTTLS, TLS from the first byte.
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
Rate = Annotated[str, Field(pattern=r"^[1-9]\d{0,6}/(second|minute|hour|day)$")]


class SecretFiles(EnvSettingsSource):
    """Reads `NAME_FILE` as the path of a file that holds the value of `NAME` (docker secrets)."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{field_name.upper()}_FILE")
        value = Path(path).read_text(encoding="utf-8").strip() if path else None
        return value, field_name, False


class Environment(BaseSettings):
    """The process environment and `.env`; a value of the wrong type stops the start."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    django_secret_key: SecretStr | None = None
    django_debug: bool = False
    django_allowed_hosts: CommaSeparated = Field(default_factory=list)
    jwt_signing_keys: SecretStr = SecretStr("")
    django_media_root: Path = Path("var/media")
    django_private_root: Path = Path("var/private")
    django_static_root: Path = Path("var/static")

    database_url: SecretStr | None = None
    db_name: str = "inventory_db"
    db_user: str = "postgres"
    db_password: SecretStr | None = None
    db_host: str = "localhost"
    db_port: int = 5432
    db_connect_timeout: int = 60
    db_lock_timeout: int = Field(default=3, ge=0, description="seconds; 0 waits for ever")
    db_pool_size: int = Field(default=8, ge=0, description="0 switches the pool off")
    db_prepares: bool = True

    redis_url: SecretStr = SecretStr("redis://localhost:6379")
    list_cache_seconds: int = Field(default=300, ge=0)

    cors_origins: CommaSeparated = Field(default_factory=lambda: list(WEB_ORIGINS))
    csrf_trusted_origins: CommaSeparated = Field(default_factory=list)
    trusted_proxies: int = Field(default=0, ge=0)
    secure_ssl_redirect: bool = True
    secure_hsts_seconds: int = 31_536_000
    secure_hsts_preload: bool = True
    security_contact: str = Field(default="", pattern=r"^((mailto:|https://|tel:)[!-~]+)?$")

    rate_limit_enabled: bool = True
    rate_limit_anon: Rate = "100/hour"
    rate_limit_user: Rate = "1000/hour"
    rate_limit_burst: Rate = "60/minute"
    rate_limit_first_party: Rate = "10000/hour"
    rate_limit_first_party_burst: Rate = "600/minute"
    rate_limit_login: Rate = "5/minute"
    rate_limit_signup: Rate = "3/minute"
    rate_limit_code: Rate = "3/minute"
    rate_limit_check_email: Rate = "5/minute"
    rate_limit_access_token: Rate = "5/minute"
    rate_limit_invite: Rate = "20/hour"

    log_level: str = "INFO"
    log_format: str = Field(default="json", pattern="^(json|console)$")

    setup_secret: SecretStr | None = None

    email_url: SecretStr | None = None
    frontend_url: str = ""
    email_verification: Literal["optional", "required"] = "optional"
    default_from_email: str = "Omni-Stock <no-reply@omni-stock.example>"

    s3_bucket: str = ""
    s3_region: str | None = None
    s3_endpoint_url: str | None = None
    s3_access_key_id: SecretStr | None = None
    s3_secret_access_key: SecretStr | None = None

    @field_validator("django_allowed_hosts", "cors_origins", "csrf_trusted_origins", mode="before")
    @classmethod
    def _split(cls, value: str | list[str]) -> list[str]:
        if isinstance(value, list):
            return value
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("email_url")
    @classmethod
    def _spoken(cls, value: SecretStr | None) -> SecretStr | None:
        """A scheme that is taken for another would send the password in the open."""
        if value and urlsplit(value.get_secret_value()).scheme not in MAIL_PORTS:
            raise ValueError(f"Give one of {', '.join(f'{each}://' for each in MAIL_PORTS)}.")
        return value

    @field_validator("jwt_signing_keys")
    @classmethod
    def _strong(cls, value: SecretStr) -> SecretStr:
        for entry in filter(None, value.get_secret_value().split(",")):
            kid, _colon, secret = entry.strip().partition(":")
            if not kid or len(secret.encode()) < 32:
                raise ValueError("Give kid:secret,kid2:secret2, each secret of 32 bytes or more.")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings

    def database(self) -> dict[str, Any]:
        """Where PostgreSQL is, as Django wants it: `DATABASE_URL` wins over the `DB_*` names."""
        if self.database_url is None:
            password = self.db_password.get_secret_value() if self.db_password else ""
            place = (self.db_name, self.db_user, password, self.db_host, self.db_port)
            options: dict[str, str] = {}
        else:
            url = urlsplit(self.database_url.get_secret_value())
            place = (
                unquote(url.path.lstrip("/")),
                unquote(url.username or ""),
                unquote(url.password or ""),
                url.hostname or "",
                url.port or 5432,
            )
            options = dict(parse_qsl(url.query))
        names = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
        return dict(zip(names, place, strict=True)) | {"OPTIONS": options}

    def redis(self, database: int) -> str:
        """The server of `REDIS_URL`, with the database number that one use has for itself."""
        url = urlsplit(self.redis_url.get_secret_value())
        # `?db=3` would put cache and queue into one database: emptying one empties the other.
        query = urlencode([pair for pair in parse_qsl(url.query) if pair[0] != "db"])
        return url._replace(path=f"/{database}", query=query).geturl()

    def signing_keys(self) -> dict[str, str]:
        """By `kid`, the one that signs first."""
        entries = self.jwt_signing_keys.get_secret_value().split(",")
        parts = (entry.strip().partition(":") for entry in entries if entry)
        return {kid: secret for kid, _colon, secret in parts}

    def missing_for_production(self) -> list[str]:
        """The names that must be set before strangers may reach this process."""
        needed = {
            "DJANGO_SECRET_KEY": self.django_secret_key,
            "DJANGO_ALLOWED_HOSTS": self.django_allowed_hosts,
            "DATABASE_URL or DB_PASSWORD": self.database_url or self.db_password,
            "REDIS_URL": "redis_url" in self.model_fields_set,
            "CORS_ORIGINS": "cors_origins" in self.model_fields_set,
        }
        return [name for name, value in needed.items() if not value]
