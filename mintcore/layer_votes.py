"""What each layer's auditor says of one image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.publication import specs_of
from mintcore.auditors.scoring import Scorer, load_scorer
from mintcore.evaluation.intervals import Interval, clopper_pearson
from mintcore.evaluation.ranks import conformal_p_values
from mintcore.image_audit import held_out_of, image_activations
from mintcore.library import auditor_scores
from mintcore.models.registration import AuditedModel
from mintcore.subjects import require_audited
from mintcore.verdicts import SHOWN_TIERS
from store.artefacts import Card, Home

_HELD_OUT = ("is_member", "part", AUDITOR)


@dataclass(frozen=True)
class Voter:
    """The auditor of one layer, ready for images.

    Attributes:
        card: Its card.
        scorer: Its networks.
        members: (P,) its scores of held-out members, ascending.
        externals: (M,) its scores of held-out externals, ascending.
    """

    card: Card
    scorer: Scorer
    members: np.ndarray
    externals: np.ndarray


@dataclass(frozen=True)
class Vote:
    """What one layer's auditor says of one image.

    Attributes:
        auditor: Id of the auditor.
        layer: The layer it reads.
        kind: Kind of the auditor.
        tier: The wording tier of the auditor.
        shown: Whether the auditor showed membership at all; where it did not, its vote says nothing.
        score: Its logit.
        p_value: Share of held-out externals that score at least as high.
        above_externals: Share of held-out externals that score below the image.
        above_externals_ci: Its 95% interval.
        above_members: Share of held-out members that score below the image.
        above_members_ci: Its 95% interval.
        n_externals: How many held-out externals.
        n_members: How many held-out members.
    """

    auditor: str
    layer: str
    kind: str
    tier: str
    shown: bool
    score: float
    p_value: float
    above_externals: float
    above_externals_ci: Interval
    above_members: float
    above_members_ci: Interval
    n_externals: int
    n_members: int


def load_voters(home: Home, model: AuditedModel, cards: Sequence[Card]) -> list[Voter]:
    """Load auditors of one layer each.

    Args:
        home: The home folder.
        model: The audited model.
        cards: The auditors' cards, as ``mintcore.library.auditors_of`` picks them.

    Raises:
        MintError: An auditor is of another model, or of an earlier version.
    """
    voters = []
    for card in cards:
        require_audited(model, card)
        members, externals = held_out_of(auditor_scores(home, card["id"], _HELD_OUT))
        scorer = load_scorer(home, card, AUDITOR, model.device)
        voters.append(Voter(card, scorer, members, externals))
    return voters


def layer_votes(
    model: AuditedModel, voters: Sequence[Voter], name: str, pixels: np.ndarray
) -> list[Vote]:
    """Let each layer's auditor judge an image; the model runs once for all of them.

    Args:
        model: The audited model.
        voters: From ``load_voters``.
        name: What the image is called in an error.
        pixels: (H, W, 3) uint8.

    Returns:
        A vote each, in the order of the voters.

    Raises:
        MintError: The model gives no finite activations for this image.
    """
    wanted = {spec.key: spec for voter in voters for spec in specs_of(voter.card)}
    values = image_activations(model, name, pixels, list(wanted.values()))
    return [_vote(voter, float(voter.scorer.score(values)[0])) for voter in voters]


def _vote(voter: Voter, score: float) -> Vote:
    card, members, externals = voter.card, voter.members, voter.externals
    below_externals = int(np.searchsorted(externals, score, side="left"))
    below_members = int(np.searchsorted(members, score, side="left"))
    return Vote(
        auditor=card["id"],
        layer=card["layer"],
        kind=card["auditor_kind"],
        tier=card["tier"],
        shown=card["tier"] in SHOWN_TIERS,
        score=score,
        p_value=float(conformal_p_values(np.array([score]), externals)[0]),
        above_externals=below_externals / len(externals),
        above_externals_ci=clopper_pearson(below_externals, len(externals)),
        above_members=below_members / len(members),
        above_members_ci=clopper_pearson(below_members, len(members)),
        n_externals=len(externals),
        n_members=len(members),
    )
