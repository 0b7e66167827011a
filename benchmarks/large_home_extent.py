"""How much the large home folder holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """How much a home folder is to hold.

    Attributes:
        images: Registered and stored images.
        large_sets: Datasets to audit of a tenth of the images each.
        small_sets: Datasets to audit of some thousandths each.
        arch: Architecture of the audited model.
        seeds: Networks of each auditor.
        compared: Kinds of auditor by which datasets of externals are compared.
        auditors: Auditors in all; those of comparisons, of all layers, and a Vanilla one a layer are made in any case.
        dataset_audits: Audits of datasets.
        image_audits: Audits of images.
        jobs: Jobs that have ended.
    """

    images: int = 1_000_000
    large_sets: int = 4
    small_sets: int = 32
    arch: str = "mintcore:resnet56-cifar"
    seeds: int = 3
    compared: tuple[str, ...] = ("vanilla", "linear")
    auditors: int = 40
    dataset_audits: int = 200
    image_audits: int = 20
    jobs: int = 100


LARGE, SMALL = "large", "small"
EXTENTS = {
    LARGE: Extent(),
    SMALL: Extent(
        images=5000,
        large_sets=1,
        small_sets=2,
        arch="mintcore:object-cnn-small",
        seeds=1,
        compared=("linear",),
        auditors=14,
        dataset_audits=6,
        image_audits=2,
        jobs=10,
    ),
}
