from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        from core.events import subscribe
        from inventory import events, handlers

        subscribe(events.ImportRequested, handlers.start_import)
        subscribe(events.ImageAdded, handlers.make_thumbnails_of_new_image)
