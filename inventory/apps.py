from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        from core.events import subscribe
        from inventory import events, handlers
        from inventory.selectors import SCOPE, scope_beside
        from users.selectors import read_beside

        subscribe(events.ImportRequested, handlers.start_import)
        subscribe(events.ImageAdded, handlers.make_thumbnails_of_new_image)
        read_beside(SCOPE, scope_beside)
