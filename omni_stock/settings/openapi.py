"""How the OpenAPI document presents itself."""

import json
from typing import Any

_SWAGGER = {
    "urls": [
        {"url": "/api/schema/", "name": "Version 1"},
        {"url": "/api/schema/v2/", "name": "Version 2: pages by cursor"},
    ],
    "layout": "StandaloneLayout",
    "persistAuthorization": True,
    "displayRequestDuration": True,
    "filter": True,
    "docExpansion": "list",
    "tagsSorter": "alpha",
}
_PRESETS = "[SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset]"
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Omni-Stock API",
    "DESCRIPTION": "Inventory management API for collectors and resellers",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": r"/api/v\d+",
    "COMPONENT_SPLIT_REQUEST": True,
    "GET_LIB_DOC_EXCLUDES": "core.openapi.told_to_programmers",
    "GET_MOCK_REQUEST": "core.openapi.mock_request",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # JavaScript, for the preset with the choice of a version is no value of JSON.
    "SWAGGER_UI_SETTINGS": f"{{...{json.dumps(_SWAGGER)}, presets: {_PRESETS}}}",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.openapi.add_problem_answers",
        "core.openapi.tell_version",
        "omni_stock.stock_buddy.tell_aliases",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AuditTypeEnum": "core.enums.AuditType",
        "CancelReasonEnum": "sales.enums.CancelReason",
        "ImportStatusEnum": "inventory.enums.ImportStatus",
        "MovementKindEnum": "inventory.enums.MovementKind",
        "MemberRoleEnum": "vendors.roles.MEMBER_ROLES",
        "NotificationKindEnum": "notifications.enums.Kind",
        "OrderStatusEnum": "sales.enums.OrderStatus",
        "ReasonEnum": "inventory.enums.Reason",
        "RoleEnum": "vendors.roles.Role",
        "RowOutcomeEnum": "inventory.enums.RowOutcome",
    },
    "TAGS": [
        {"name": "auth", "description": "Accounts and tokens"},
        {"name": "catalog", "description": "Items, their pictures and categories"},
        {
            "name": "stock",
            "description": "What is where, how it came there, what it cost and is worth",
        },
        {"name": "sales", "description": "To whom it went, for how much, and what that brought"},
        {"name": "imports", "description": "Loading a collection from CSV or XLSX"},
        {"name": "notifications", "description": "What you were told, and want to be told"},
        {"name": "dashboard", "description": "What it all comes to"},
        {"name": "audit", "description": "Who did what: never changed"},
        {"name": "limits", "description": "How many calls you have"},
        {"name": "vendors", "description": "Shops: the owners of everything"},
    ],
}
