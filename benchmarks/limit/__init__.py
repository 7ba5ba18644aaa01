"""The limit: what the same work takes without a framework (`benchmarks.limit.app`)."""
