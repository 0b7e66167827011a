import subprocess
import sys

import pytest

from mintcore.errors import MintError
from mintcore.models.architectures import architectures
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.usual_inputs import (
    NORMALISATIONS,
    known_architectures,
    require_known,
    usual_normalisation,
    usual_size,
)


def test_known_architectures__are_those_that_can_be_built() -> None:
    named = [arch for arch in known_architectures() if not arch.startswith("timm:")]
    assert sorted(named) == sorted(architectures())


def test_known_architectures__are_listed_without_torch() -> None:
    code = (
        "import sys; from mintcore.models.usual_inputs import known_architectures;"
        "print(len(known_architectures()) > 50, {'torch', 'torchvision', 'timm'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"True set()"


@pytest.mark.parametrize(
    "arch", ["os:system", "package.module:factory", "export:net.pt2", "torchvision:nothing", ""]
)
def test_require_known__nobodys_code(arch: str) -> None:
    with pytest.raises(MintError, match="none of the architectures that the browser knows"):
        require_known(arch)


def test_usual_inputs__every_architecture_has_a_preprocessing() -> None:
    for arch in known_architectures():
        size = usual_size(arch)
        assert size is not None
        assert Preprocessing(size, *NORMALISATIONS[usual_normalisation(arch)]).channels == 3


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_normalisations__can_be(name: str) -> None:
    Preprocessing((8, 8), *NORMALISATIONS[name])


def test_usual_size__code_has_none() -> None:
    assert usual_size("package.module:factory") is None
