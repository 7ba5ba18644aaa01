from dataclasses import dataclass


@dataclass(frozen=True)
class ImportRequested:
    job_id: int


@dataclass(frozen=True)
class ImageAdded:
    image_id: int
