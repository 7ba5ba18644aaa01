"""Cursors are signed as Django signs, and the key for what is asked again and again is kept."""

import hashlib
import hmac
from functools import lru_cache

from django.core.signing import Signer, b64_encode
from django.utils.encoding import force_bytes


class CursorSigner(Signer):
    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        made = _key_for(self.salt, key or self.key)
        return b64_encode(hmac.digest(made, force_bytes(value), "sha256")).decode()


@lru_cache(maxsize=500)
def _key_for(salt: str, secret: str | bytes) -> bytes:
    """`salted_hmac`'s."""
    return hashlib.sha256(f"{salt}signer".encode() + force_bytes(secret)).digest()
