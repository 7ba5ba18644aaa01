"""Shops of any size, for `seed_demo --scale` and the benchmarks."""

from sales.management.scale.seeding import OWNER, seed

__all__ = ["OWNER", "seed"]
