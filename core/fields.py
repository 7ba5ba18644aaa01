"""Model fields that more than one app uses."""

import json
import secrets
from datetime import date, datetime
from typing import Any
from unicodedata import normalize

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.json import MAX_DEPTH, fault_of

# Crockford's base 32: no I, L, O, U, so that a label read aloud is typed right.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Active codes of ISO 4217 (list one) with two minor units or fewer: money here has two places.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ISK JMD JPY KES KGS KHR KMF KPW KRW KYD KZT LAK
LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF
XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
MAX_ATTRIBUTES = 32 * 1024
_AS_MEANT = str.maketrans("OIL", "011", "- ")


def random_code(length: int) -> str:
    # 32 signs: five bits of each byte say one of them, all alike.
    return "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(length))


def read_code(text: str) -> str:
    """A `random_code` as somebody typed it, in its one spelling: `7k2p-o` is `7K2P0`."""
    return text.upper().translate(_AS_MEANT)


def validate_currency(value: str) -> None:
    if value not in CURRENCIES:
        text = _("“%(value)s” is not an ISO 4217 currency code.")
        raise ValidationError(text, "currency", {"value": value})


def validate_past(value: date) -> None:
    """Of a moment, or of a day, which has come when it has begun."""
    if value > (timezone.now() if isinstance(value, datetime) else timezone.localdate()):
        raise ValidationError(_("This is in the future."), "in_future")


def validate_address(email: str) -> None:
    """An e-mail address that is the same one to whoever compares it in small letters.

    The sign for kelvin, a long s, and the i with and without its dot pass for letters of ASCII in
    Django's pattern, and become such, or do not, in small ones: another's mailbox would be theirs.
    """
    local, _at, domain = email.rpartition("@")
    if not local.isascii() or domain != normalize("NFKC", domain) or {"İ", "ı"} & {*domain}:
        raise ValidationError(_("Some signs of this address may be taken for others."), "invalid")


def validate_attributes(value: Any) -> None:
    """A JSON object of at most 32 KiB whose keys are short: free in form, not in size."""
    if not isinstance(value, dict) or any(len(key) > 100 for key in value):
        raise ValidationError(
            _("Give an object whose keys have at most 100 characters."), "invalid"
        )
    # One level less than a body: an item that was imported can be sent back as it was read.
    if fault := fault_of(value, MAX_DEPTH - 1):
        raise ValidationError(fault, "invalid")
    if len(json.dumps(value)) > MAX_ATTRIBUTES:
        raise ValidationError(_("At most 32 KiB of attributes."), "too_large")


class CurrencyField(models.CharField):
    """An ISO 4217 code, `USD` unless told otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 3, "default": "USD", **kwargs})
        self.validators.append(validate_currency)


class NameSlugField(models.SlugField):
    """A slug made from `name` when blank: `black-lotus-7k2p9x`. The tail makes it unique."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 80, "blank": True, "db_index": False, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        slug = getattr(model_instance, self.attname)
        if not slug:
            words = slugify(getattr(model_instance, "name"))[:60]  # noqa: B009 (not every Model)
            slug = f"{words}-{random_code(6).lower()}".lstrip("-")
            setattr(model_instance, self.attname, slug)
        return str(slug)
