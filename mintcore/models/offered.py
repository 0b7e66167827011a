"""Register a model that a browser offered: no code of anybody's is run."""

from pathlib import Path

from mintcore.datasets.offers import require_offered
from mintcore.models.registration import add_model
from mintcore.models.requests import ModelRequest
from mintcore.models.usual_inputs import require_known
from mintcore.progress import Reporter
from mintcore.uploads import spending
from store.artefacts import Card, Home


def add_offered_model(home: Home, request: ModelRequest, *, reporter: Reporter) -> Card:
    """Register a model from weights that were uploaded, or lie below an allowed root; an upload is not kept.

    Returns:
        The card; the existing one where the same model was registered under this name before.

    Raises:
        MintError: The architecture is not on the list, the file may not be read from a browser, or weights,
            architecture and preprocessing do not fit each other.
    """
    require_known(request.arch)
    file = require_offered(home, Path(request.weights))
    reporter.stage("Reading the weights", 1)
    with spending(home, file, request.uploaded_as or file.name):
        card = add_model(
            home,
            request.name,
            request.arch,
            file,
            request.preprocessing,
            num_classes=request.num_classes,
            classes=request.classes,
            origin=request.uploaded_as,
        )
    reporter.advance()
    return card
