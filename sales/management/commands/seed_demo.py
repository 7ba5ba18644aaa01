"""`manage.py seed_demo`: a collector's shop with a past of two years, and two logins; once.

`--scale N` makes a shop of N items instead, beside twenty others, to see and measure how it runs.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from inventory.enums import Condition
from inventory.selectors import get_collectibles_for_user
from inventory.services import (
    CategoryService,
    CollectibleService,
    Line,
    Receipt,
    StockService,
    TransferService,
    ValuationService,
    Worth,
    store_of,
)
from sales.management import scale
from sales.services import (
    CustomerService,
    OrderService,
    Returned,
    SaleService,
    Wanted,
)
from users.selectors import find_user
from users.services import UserService
from vendors.enums import StoreType
from vendors.selectors import get_active_vendor
from vendors.services import StoreService

OWNER = ("demo@omni-stock.example", "demo-collector-2026")
ADMIN = ("admin@omni-stock.example", "admin-collector-2026")


class Sample(NamedTuple):
    category: str
    name: str
    sku: str
    condition: Condition
    value: str
    quantity: int
    attributes: dict[str, Any]


BRANCHES = {"Magic": "Trading cards", "Pokémon": "Trading cards", "Silver coins": "Coins"}
SAMPLES = [
    Sample("Magic", "Black Lotus (Unlimited)", "MTG-2ED-233", Condition.GOOD, "7400.00", 1,
           {"set": "Unlimited", "card": {"rarity": "rare", "artist": "Christopher Rush"}}),
    Sample("Magic", "Lightning Bolt (Beta)", "MTG-LEB-162", Condition.EXCELLENT, "420.00", 3,
           {"set": "Limited Edition Beta", "card": {"rarity": "common"}}),
    Sample("Magic", "Serra Angel (Revised)", "MTG-3ED-039", Condition.NEAR_MINT, "14.50", 12,
           {"set": "Revised", "card": {"rarity": "uncommon"}}),
    Sample("Pokémon", "Charizard (Base Set)", "PKM-BS-004", Condition.NEAR_MINT, "389.00", 2,
           {"set": "Base Set", "grader": "PSA", "grade": 8}),
    Sample("Pokémon", "Blastoise (Base Set)", "PKM-BS-002", Condition.EXCELLENT, "118.00", 4,
           {"set": "Base Set"}),
    Sample("Pokémon", "Pikachu, red cheeks", "PKM-BS-058R", Condition.GOOD, "62.00", 7,
           {"set": "Base Set", "variant": "red cheeks"}),
    Sample("LEGO", "Millennium Falcon", "75192-1", Condition.SEALED, "849.99", 2,
           {"theme": "Star Wars", "year": 2017, "pieces": 7541}),
    Sample("LEGO", "Café Corner", "10182-1", Condition.FAIR, "1250.00", 1,
           {"theme": "Modular Buildings", "year": 2007, "pieces": 2056}),
    Sample("LEGO", "Galaxy Explorer", "10497-1", Condition.NEW, "99.99", 15,
           {"theme": "Icons", "year": 2022, "pieces": 1254}),
    Sample("Silver coins", "Morgan Dollar 1881-S", "US-MORGAN-1881S", Condition.MINT, "68.00", 22,
           {"country": "US", "year": 1881, "grader": "NGC", "grade": "MS-64"}),
    Sample("Silver coins", "Maria Theresa Thaler", "AT-THALER-1780", Condition.GOOD, "31.00", 40,
           {"country": "AT", "restrike": True}),
    Sample("Coins", "Gold Sovereign 1911", "GB-SOV-1911", Condition.EXCELLENT, "612.00", 5,
           {"country": "GB", "fineness": 0.917}),
    Sample("Records", "Kind of Blue (first pressing)", "CL-1355", Condition.GOOD, "310.00", 1,
           {"artist": "Miles Davis", "year": 1959, "speed": 33}),
    Sample("Records", "The Velvet Underground & Nico", "V6-5008", Condition.FAIR, "540.00", 1,
           {"artist": "The Velvet Underground", "year": 1967, "sleeve": "peeled"}),
    Sample("Records", "Unknown Pleasures", "FACT-10", Condition.NEAR_MINT, "145.00", 2,
           {"artist": "Joy Division", "year": 1979}),
    Sample("Prints", "The Great Wave (Adachi edition)", "PRINT-WAVE", Condition.MINT, "175.00", 8,
           {"artist": "Hokusai", "technique": "woodblock"}),
    Sample("Prints", "Le Chat Noir, 50% size", "PRINT-CHAT", Condition.NEW, "24.00", 60,
           {"artist": "Steinlen", "technique": "giclée"}),
    Sample("Comics", "Amazing Spider-Man #129", "ASM-129", Condition.EXCELLENT, "980.00", 1,
           {"publisher": "Marvel", "year": 1974, "grader": "CGC", "grade": 7.5}),
]  # fmt: skip
# SKU → days ago, units, what each cost. All others came at once, for six tenths of their value.
LOTS = {
    "10497-1": [(640, 10, "74.99"), (210, 5, "84.50")],
    "75192-1": [(700, 1, "649.99"), (190, 1, "719.00")],
    "US-MORGAN-1881S": [(540, 12, "41.00"), (95, 10, "52.50")],
    "PKM-BS-004": [(460, 1, "240.00"), (150, 1, "310.00")],
}
# SKU → days ago, what one was worth then.
WORTH = {
    "10497-1": [(600, "79.99"), (365, "89.00"), (90, "94.50")],
    "75192-1": [(690, "699.00"), (365, "769.00"), (60, "829.00")],
    "US-MORGAN-1881S": [(500, "49.00"), (240, "58.00"), (30, "66.00")],
    "PKM-BS-004": [(450, "280.00"), (300, "415.00"), (45, "372.00")],
    "MTG-2ED-233": [(290, "6100.00"), (180, "6900.00")],
}
# SKU → how many are at the second store, and how many on their way there.
MOVED = {"10497-1": (4, 0), "US-MORGAN-1881S": (5, 3), "PRINT-CHAT": (20, 0)}


class Sold(NamedTuple):
    days: int
    sku: str
    units: int
    unit_price: str
    channel: str
    fees: str
    postage: str
    customer: str


CUSTOMERS = {
    "Nora Vale": {"email": "nora@example.com", "phone": "+1 555 0142"},
    "Ilya Brandt": {"email": "ilya@example.com", "address": "Lindenweg 4\n04109 Leipzig"},
    "Corner Games": {"email": "buying@corner-games.example", "notes": "Takes whole boxes."},
}
SALES = [
    Sold(280, "10497-1", 2, "109.00", "eBay", "26.16", "11.80", "Nora Vale"),
    Sold(215, "PKM-BS-058R", 1, "71.00", "Market stall", "0", "0", ""),
    Sold(160, "US-MORGAN-1881S", 4, "69.50", "eBay", "33.36", "6.20", "Ilya Brandt"),
    Sold(121, "10497-1", 1, "112.50", "Web shop", "3.60", "7.90", "Ilya Brandt"),
    Sold(74, "MTG-3ED-039", 6, "15.00", "Market stall", "0", "0", "Corner Games"),
    Sold(41, "PRINT-CHAT", 12, "24.00", "Web shop", "8.64", "14.50", "Corner Games"),
    Sold(16, "10497-1", 1, "118.00", "eBay", "14.16", "7.90", "Nora Vale"),
    Sold(3, "GB-SOV-1911", 1, "655.00", "Market stall", "0", "0", ""),
]


class Command(BaseCommand):
    help = "Load the sample data, unless it is there already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--scale", type=int, nargs="?", const=100_000, metavar="N",
            help="A shop of N items (100,000), and twenty others with a fifth of that, instead.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["scale"] is not None:
            if options["scale"] < 1:
                raise CommandError("A shop at scale has one item at least.")
            self._fill_at_scale(options["scale"])
        else:
            self._load_sample()

    def _fill_at_scale(self, items: int) -> None:
        email, password = scale.OWNER
        # Everybody knows the password.
        if not settings.DEMO_ADMINISTRATOR:
            raise CommandError("Not with these settings: this is for trying out and measuring.")
        if find_user(email):
            self.stdout.write("A shop at scale is there already.")
            return
        scale.seed(items, self.stdout.write)
        self.stdout.write(f"Made {items:,} items. Sign in as {email}, {password}.")

    @transaction.atomic
    def _load_sample(self) -> None:
        email, password = OWNER
        if find_user(email):
            self.stdout.write("The sample data is there already.")
            return
        owner = UserService.register(
            email=email,
            password=password,
            username="demo",
            first_name="Robin",
            last_name="Keeper",
            company_name="Brick & Card",
        )
        if settings.DEMO_ADMINISTRATOR:
            email, password = ADMIN
            UserService.create_staff(email=email, password=password, username="admin")
        _fill(owner)
        self.stdout.write(f"Loaded {len(SAMPLES)} items into “{owner.company_name}”.")


def _fill(owner: Any) -> None:
    vendor = get_active_vendor(owner)
    assert vendor is not None  # noqa: S101 (registering made it)
    for branch, stem in BRANCHES.items():
        parent = CategoryService.resolve(vendor=vendor, reference=stem, by=owner)
        CategoryService.create(name=branch, vendor=vendor, parent=parent, by=owner)
    store = store_of(vendor, owner)
    stall = StoreService.create(vendor=vendor, name="Market stall", type=StoreType.POPUP, by=owner)
    people = {
        name: CustomerService.create(vendor=vendor, name=name, by=owner, **details)
        for name, details in CUSTOMERS.items()
    }
    for sample in SAMPLES:
        item = CollectibleService.create(
            name=sample.name,
            vendor=vendor,
            quantity=0,
            by=owner,
            sku=sample.sku,
            category=sample.category,
            condition=sample.condition,
            value=Decimal(sample.value),
            attributes=sample.attributes,
        )
        _remember(item, sample, store, owner)
        _sell(item, store, owner, people)
        for units, in_transit in zip(MOVED.get(sample.sku, (0, 0)), (False, True), strict=True):
            if units:
                line = Line(item, store, units)
                TransferService.send(line=line, to_store=stall, in_transit=in_transit, by=owner)
    _take_orders(vendor, store, owner, people)


def _remember(item: Any, sample: Sample, store: Any, owner: Any) -> None:
    """How the units came, and what one was worth since."""
    once = [(300, sample.quantity, str(round(Decimal(sample.value) * 6 / 10, 2)))]
    gone = sum(sold.units for sold in SALES if sold.sku == sample.sku)
    for number, (days, units, cost) in enumerate(LOTS.get(sample.sku, once), 1):
        more = gone if number == 1 else 0  # what is sold had come with the first lot
        StockService.receive(
            receipts=[Receipt(item, store, units + more, Decimal(cost))],
            landed_costs=[{"kind": "postage", "amount": Decimal("6.90")}],
            occurred_at=_ago(days), reference=f"PO-{sample.sku}-{number}", by=owner,
        )  # fmt: skip
    ValuationService.record(
        values=[
            Worth(item, Decimal(amount), "Price guide", valued_at=_ago(days))
            for days, amount in WORTH.get(sample.sku, [(299, sample.value)])
        ],
        by=owner,
    )


def _sell(item: Any, store: Any, owner: Any, people: dict[str, Any]) -> None:
    """What of the item was sold in the past."""
    for sold in SALES:
        if sold.sku == item.sku:
            SaleService.record(
                vendor=item.vendor, store=store, by=owner, customer=people.get(sold.customer),
                lines=[Wanted(item, sold.units, Decimal(sold.unit_price))], channel=sold.channel,
                fees=Decimal(sold.fees), postage=Decimal(sold.postage), sold_at=_ago(sold.days),
            )  # fmt: skip


def _take_orders(vendor: Any, store: Any, owner: Any, people: dict[str, Any]) -> None:
    """One that waits, one that is sent in part, and one of which half came back."""
    items = {item.sku: item for item in get_collectibles_for_user(owner)}

    def order(customer: str, sku: str, units: int, **details: Any) -> Any:
        return OrderService.create(
            vendor=vendor, store=store, by=owner, customer=people[customer],
            lines=[Wanted(items[sku], units)], **details,
        )  # fmt: skip

    gift = order("Nora Vale", "PRINT-WAVE", 1, is_gift=True, gift_message="Happy birthday, Leo!")
    OrderService.place(order=gift, by=owner)
    parts = order("Corner Games", "AT-THALER-1780", 10, discount=Decimal("15.00"))
    returned = order("Ilya Brandt", "PRINT-CHAT", 2, channel="Web shop", fees=Decimal("1.44"))
    for each in (parts, returned):
        OrderService.place(order=each, by=owner)
        OrderService.confirm(order=each, by=owner)
    units = {line.pk: 4 for line in parts.lines.all()}
    OrderService.fulfil(order=parts, by=owner, units=units, carrier="DHL")
    OrderService.fulfil(order=returned, by=owner)
    OrderService.complete(order=returned, by=owner)
    back = [Returned(line, 1) for line in returned.lines.all()]
    OrderService.take_back(order=returned, returns=back, by=owner, note="Bent corner")


def _ago(days: int) -> Any:
    return timezone.now() - timedelta(days=days)
