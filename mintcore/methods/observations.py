"""What methods look at: the signals of the images of a cohort, from the audited model and from reference models."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Observations:
    """The signals of N images, K queries each.

    Attributes:
        signals: Name -> (N, K) float64, of the audited model; see ``mintcore.models.signals``.
        references: (R, N, K) float64 scaled logits of R reference models; R may be 0.
        trained_on: (R, N) bool, whether a reference model trained on an image.
        population: (M,) positions of images that the audited model did not train on and that are not tested on.
    """

    signals: Mapping[str, np.ndarray]
    references: np.ndarray
    trained_on: np.ndarray
    population: np.ndarray

    @property
    def queries(self) -> int:
        """How often an image was shown."""
        return int(self.scaled_logit.shape[1])

    @property
    def scaled_logit(self) -> np.ndarray:
        """Give (N, K) scaled logits of the audited model."""
        return self.signals["scaled_logit"]

    def of_image_itself(self, name: str) -> np.ndarray:
        """Give (N,) of a signal for the first query, the image as it is."""
        return self.signals[name][:, 0]

    @property
    def fewest_inside(self) -> int:
        """How many reference models trained on the image that the fewest trained on."""
        return _fewest(self.trained_on)

    @property
    def fewest_outside(self) -> int:
        """How many reference models did not train on the image that the most trained on."""
        return _fewest(~self.trained_on)

    def inside(self) -> np.ndarray:
        """Give (I, N, K) scaled logits of models that trained on the image, equally many for each image.

        Members and externals must not differ by how many models there are to compare them with.
        """
        return _chosen(self.references, self.trained_on)

    def outside(self) -> np.ndarray:
        """Give (O, N, K) scaled logits of models that did not train on the image, equally many for each image."""
        return _chosen(self.references, ~self.trained_on)


def _fewest(wanted: np.ndarray) -> int:
    return int(wanted.sum(axis=0).min()) if wanted.size else 0


def _chosen(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Take the first wanted models of each image."""
    order = np.argsort(~wanted, axis=0, kind="stable")[: _fewest(wanted)]
    return np.take_along_axis(values, order[:, :, None], axis=0)
