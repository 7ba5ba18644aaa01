"""Plain Django REST framework: the same work the way most would write it, on our models."""
