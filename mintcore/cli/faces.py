"""``mint model pairs``: the standard test of a face model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.options import DEFAULT_HOME, DeviceOption, HomeOption, JsonOption
from mintcore.cli.output import fields, show
from mintcore.progress import ConsoleReporter
from store.artefacts import Home


def pairs(
    name: Annotated[
        str, typer.Argument(help="Name of the face model.", autocompletion=names_of("models"))
    ],
    *,
    images: Annotated[
        str,
        typer.Option(
            help="Folder with Person_Name/Person_Name_0001.jpg, or arrays:FILE.npz with 'name' "
            "beside 'images'."
        ),
    ],
    pairs: Annotated[Path, typer.Option(help="File of pairs in the format of LFW's pairs.txt.")],
    device: DeviceOption = "auto",
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Test a face model by the protocol of LFW: are two images of one person?

    The cosine of the embeddings (of an image and its mirror image, one after the other) is compared
    with a threshold that is chosen on the other folds.

    Example: mint model pairs FACE-MODEL --images arrays:FACES.npz --pairs PAIRS.txt
    """
    from mintcore.devices import choose_device
    from mintcore.faces.pairs import read_pairs
    from mintcore.faces.similarity import verify_pairs
    from mintcore.models.registration import load_model

    listed = read_pairs(pairs)
    model = load_model(Home(home), name, choose_device(device))
    with ConsoleReporter() as reporter:
        found = verify_pairs(model, images, listed, reporter).to_json()
    show(found, as_json, lambda: fields(_summary(name, found)))


def _summary(name: str, found: dict[str, Any]) -> dict[str, str]:
    return {
        "model": name,
        "pairs": f"{found['pairs']:,} in {found['folds']} folds",
        "accuracy": f"{found['accuracy']:.2%} ± {found['standard_error']:.2%} (mean and standard "
        "error over the folds)",
        "95% interval": _share(found["accuracy_ci"], "over all pairs"),
        "AUC": f"{found['auc']:.4f} ({found['auc_ci'][0]:.4f} to {found['auc_ci'][1]:.4f})",
        "threshold": f"a cosine of {found['threshold']:.3f}",
        **{
            f"TAR at FAR {rate['asked_fpr']:.1%}": f"{rate['tpr']:.2%} "
            + _share(rate["tpr_ci"], "")
            for rate in found["tar"]
        },
    }


def _share(interval: tuple[float, float], of_what: str) -> str:
    return f"({interval[0]:.2%} to {interval[1]:.2%}{' ' if of_what else ''}{of_what})"
