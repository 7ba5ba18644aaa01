"""Limits that hold, whoever comes when and whatever is away (decision 13)."""

from core.limits.deciding import UNLIMITED, Decision, Limiter, Policy, decide

__all__ = ["UNLIMITED", "Decision", "Limiter", "Policy", "decide"]
