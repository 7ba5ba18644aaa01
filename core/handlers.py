from core.outbox import MessagesWaiting
from core.tasks import relay_outbox


def wake_relay(event: MessagesWaiting) -> None:
    relay_outbox.delay()
