"""Register a model that a browser offered: no code of anybody's is run."""

from pathlib import Path

from mintcore.datasets.offers import require_offered
from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.models.registration import add_model
from mintcore.models.requests import ModelRequest
from mintcore.models.usual_inputs import require_known
from mintcore.progress import Reporter
from mintcore.uploads import forget_upload
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
    try:
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
    except PERSON_ERRORS as error:  # a process that is killed is asked again, and needs the file
        forget_upload(home, file)
        called = request.uploaded_as or file.name
        raise MintError(str(error).replace(str(file), called)) from error
    forget_upload(home, file)
    reporter.advance()
    return card
