from django.urls import path
from rest_framework.routers import SimpleRouter

from notifications.api.views import NotificationViewSet, PreferencesView

router = SimpleRouter(use_regex_path=False)
router.register("notifications", NotificationViewSet, basename="notification")
urlpatterns = [
    path("notifications/preferences/", PreferencesView.as_view(), name="notification-preferences"),
    *router.urls,
]
