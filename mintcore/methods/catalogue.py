"""All methods, with what they need and where they come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mintcore.methods.attack_p import attack_p
from mintcore.methods.attack_r import attack_r
from mintcore.methods.confidence import confidence
from mintcore.methods.entropy import entropy
from mintcore.methods.lira import MODELS_FOR_A_VARIANCE_EACH, lira_offline, lira_online
from mintcore.methods.loss_threshold import global_threshold, loss_threshold
from mintcore.methods.modified_entropy import modified_entropy
from mintcore.methods.observations import Observations
from mintcore.methods.rmia import log_ratio_offline, log_ratio_online, rmia

References = Literal["none", "outside", "both"]


@dataclass(frozen=True)
class Method:
    """A membership-inference method.

    Attributes:
        name: Its name.
        source: Paper and equation.
        references: Whether it needs no reference models, some that did not train on each image ("outside"), or
            also some that did ("both").
        all_queries: Whether it looks at all queries of an image, not only at the image itself.
        labels: Whether it needs to know the true class.
        scores: Observations -> (N,), higher for likelier members.
    """

    name: str
    source: str
    references: References
    all_queries: bool
    labels: bool
    scores: Callable[[Observations], np.ndarray]


def _loss_threshold(seen: Observations) -> np.ndarray:
    return loss_threshold(seen.of_image_itself("scaled_logit"))


def _global_threshold(seen: Observations) -> np.ndarray:
    return global_threshold(seen.scaled_logit)


def _confidence(seen: Observations) -> np.ndarray:
    return confidence(seen.of_image_itself("top_scaled_logit"))


def _entropy(seen: Observations) -> np.ndarray:
    return entropy(seen.of_image_itself("log_entropy"))


def _modified_entropy(seen: Observations) -> np.ndarray:
    return modified_entropy(seen.of_image_itself("log_modified_entropy"))


def _attack_p(seen: Observations) -> np.ndarray:
    scaled = seen.of_image_itself("scaled_logit")
    return attack_p(scaled, scaled[seen.population])


def _attack_r(seen: Observations) -> np.ndarray:
    return attack_r(seen.of_image_itself("scaled_logit"), seen.outside()[:, :, 0])


def _lira_offline(seen: Observations) -> np.ndarray:
    return lira_offline(seen.scaled_logit, seen.outside(), variance_each=_variance_each(seen))


def _lira_online(seen: Observations) -> np.ndarray:
    each = _variance_each(seen)
    return lira_online(seen.scaled_logit, seen.inside(), seen.outside(), variance_each=each)


def _variance_each(seen: Observations) -> bool:
    return len(seen.references) >= MODELS_FOR_A_VARIANCE_EACH


def _rmia_offline(seen: Observations) -> np.ndarray:
    ratios = log_ratio_offline(seen.scaled_logit, seen.outside())
    return rmia(ratios, ratios[seen.population])


def _rmia_online(seen: Observations) -> np.ndarray:
    ratios = log_ratio_online(seen.scaled_logit, seen.inside(), seen.outside())
    return rmia(ratios, ratios[seen.population])


_YEOM = "Yeom et al. 2018 (1709.01604), adversary 2"
_SALEM = "Salem et al. 2019 (1806.01246), adversary 3"
_SONG = "Song and Mittal 2021 (2003.10595), equation 6"
_YE = "Ye et al. 2022 (2111.09679), section 4"
_CARLINI = "Carlini et al. 2022 (2112.03570)"
_ZARIFZADEH = "Zarifzadeh et al. 2024 (2312.03262)"

METHODS = (
    Method("loss threshold", _YEOM, "none", False, True, _loss_threshold),
    Method("confidence", _SALEM, "none", False, False, _confidence),
    Method("entropy", _SALEM, "none", False, False, _entropy),
    Method("modified entropy", _SONG, "none", False, True, _modified_entropy),
    Method("Attack-P", f"{_YE}, attack P", "none", False, True, _attack_p),
    Method("global threshold", f"{_CARLINI}, their program", "none", True, True, _global_threshold),
    Method("Attack-R", f"{_YE}, attack R", "outside", False, True, _attack_r),
    Method("LiRA offline", f"{_CARLINI}, offline variant", "outside", True, True, _lira_offline),
    Method("RMIA offline", f"{_ZARIFZADEH}, offline variant", "outside", True, True, _rmia_offline),
    Method("LiRA online", f"{_CARLINI}, algorithm 1", "both", True, True, _lira_online),
    Method("RMIA online", _ZARIFZADEH, "both", True, True, _rmia_online),
)


def computable(seen: Observations, *, labels: bool) -> tuple[list[Method], list[str]]:
    """Choose the methods that can be computed.

    Args:
        seen: The observations.
        labels: Whether the signals are of the true class.

    Returns:
        The methods, and a sentence for each group of methods that is left out though reference models were given.
    """
    known = [method for method in METHODS if labels or not method.labels]
    if seen.queries == 1:
        known = [method for method in known if method.scores is not _global_threshold]
    kinds: set[str] = {"none"}
    remarks: list[str] = []
    if len(seen.references) and not seen.fewest_outside:
        remarks.append(
            "Some image was trained on by every reference model, so Attack-R, LiRA and RMIA are left out."
        )
    elif len(seen.references):
        kinds.add("outside")
        if seen.fewest_inside:
            kinds.add("both")
        else:
            remarks.append(
                "Some image was trained on by no reference model, so the online variants are left out."
            )
    return [method for method in known if method.references in kinds], remarks


def compute(seen: Observations, methods: Sequence[Method]) -> dict[str, np.ndarray]:
    """Give name -> (N,) scores of methods."""
    return {method.name: method.scores(seen) for method in methods}
