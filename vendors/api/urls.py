from django.urls import path
from rest_framework.routers import SimpleRouter

from vendors.api.views import (
    AccessTokenViewSet,
    InviteViewSet,
    MemberViewSet,
    StoreViewSet,
    SystemSettingsView,
    VendorViewSet,
    abilities,
)

router = SimpleRouter(use_regex_path=False)
router.register("vendors", VendorViewSet, basename="vendor")
router.register("vendor-members", MemberViewSet, basename="vendor-member")
router.register("vendor-invites", InviteViewSet, basename="vendor-invite")
router.register("vendor-stores", StoreViewSet, basename="vendor-store")
router.register("access-tokens", AccessTokenViewSet, basename="access-token")
urlpatterns = [
    path("auth/abilities/", abilities, name="abilities"),
    path("system-settings/", SystemSettingsView.as_view(), name="system-settings"),
    *router.urls,
]
