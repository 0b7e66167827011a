"""How much the large home folder holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """How much a home folder is to hold.

    Attributes:
        images: Registered and stored images; 4,000 or more.
        depth: Of the audited ResNet, 6n + 2; 56 makes 30 layers.
        auditors: Auditors in all; those of one layer for each dataset of externals and those of all layers are made in
            any case.
        dataset_audits: Audits of datasets.
        image_audits: Audits of images.
        jobs: Jobs that have ended.
    """

    images: int = 1_000_000
    depth: int = 56
    auditors: int = 40
    dataset_audits: int = 200
    image_audits: int = 20
    jobs: int = 100
