"""Where files lie: on this machine, or in a bucket."""

from pathlib import Path
from typing import Any

from omni_stock.settings.environment import Environment


def on_disk(root: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": root},
    }


def on_s3(env: Environment, folder: str) -> dict[str, Any]:
    """A folder of the bucket; nothing in it is public, addresses are signed and expire."""
    key, secret = env.s3_access_key_id, env.s3_secret_access_key
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.s3_bucket,
            "region_name": env.s3_region,
            "endpoint_url": env.s3_endpoint_url,
            "access_key": key.get_secret_value() if key else None,
            "secret_key": secret.get_secret_value() if secret else None,
            "location": folder,
            "querystring_auth": True,
            "signature_version": "s3v4",  # buckets in newer regions refuse the older one
            "file_overwrite": False,
        },
    }
