from django.urls import path
from rest_framework.routers import SimpleRouter

from vendors.api.views import (
    AccessTokenViewSet,
    InviteViewSet,
    MemberViewSet,
    StoreViewSet,
    VendorViewSet,
    abilities,
)

router = SimpleRouter(use_regex_path=False)
router.register("vendors", VendorViewSet, basename="vendor")
router.register("vendor-members", MemberViewSet, basename="vendor-member")
router.register("vendor-invites", InviteViewSet, basename="vendor-invite")
router.register("vendor-stores", StoreViewSet, basename="vendor-store")
router.register("access-tokens", AccessTokenViewSet, basename="access-token")
urlpatterns = [path("auth/abilities/", abilities, name="abilities"), *router.urls]
