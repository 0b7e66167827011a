"""What is fuzzed: each target reads one input and gives a value, or a sentence for the person, and nothing else."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from mintcore.datasets.manifests import open_manifest
from mintcore.datasets.offers import require_image_below
from mintcore.datasets.reading import read_pixels
from mintcore.datasets.recordsets import open_records
from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.image_limits import ImageLimits
from mintcore.images import decode_image, image_id
from store.artefacts import Home, read_card

from . import inputs, seeds
from .mutation import Bytes

_LIMITS = ImageLimits(file_bytes=2**20, pixels=250_000)
_VARIES = re.compile(
    r"\(it has [^)]*\)|'[^']*'|\"[^\"]*\"|/\S+|0x[0-9a-f]+|[\d,.]+|\\x..|[^\x20-\x7e]+"
)
_FOLDER = Path(tempfile.gettempdir())
_NUMBERS = count()


@dataclass(frozen=True)
class Target:
    """A door.

    Attributes:
        read: Reads an input; gives what kind of value came out, or raises.
        seeds: Makes valid inputs.
        inputs: Gives inputs that began as the ones given.
    """

    read: Callable[[bytes], str]
    seeds: Callable[[], list[bytes]]
    inputs: Callable[[Sequence[bytes]], Bytes]

    def outcome(self, data: bytes) -> str:
        """Read an input; give the kind of value, or the sentence without what varies in it.

        Raises:
            Exception: The target raised something that is no sentence for a person.
        """
        try:
            return self.read(data)
        except PERSON_ERRORS as error:
            sentence = str(error)
            sentence.encode()  # or it could be shown nowhere
            return "refused: " + _VARIES.sub("~", sentence)[:200]


def _image(data: bytes) -> str:
    pixels = decode_image(data, _LIMITS)
    if pixels.shape[0] * pixels.shape[1] > _LIMITS.pixels:
        raise AssertionError(f"{pixels.shape} came through")
    return f"image {len(image_id(pixels))}"


def _manifest(data: bytes) -> str:
    with _file(".parquet" if data.startswith(b"PAR1") else ".csv") as file:
        file.write_bytes(data)
        rows = outside = 0
        for sample in open_manifest(file).samples():
            rows += 1
            sample.uri.encode()
            try:
                require_image_below(sample.uri, (file.parent,))
            except MintError:
                outside += 1
        return f"rows {min(rows, 3)} outside {min(outside, 3)}"


def _records(data: bytes) -> str:
    content, mark, index = data.partition(seeds.INDEX)
    with _file(".rec") as file:
        file.write_bytes(content)
        if mark:
            file.with_suffix(".idx").write_bytes(index)
        source = open_records(file)
        found = list(islice(source.samples(), 2000))
        shown = 0
        for sample in found[:5]:
            try:
                shown += len(read_pixels(sample.uri)) > 0
            except MintError:
                continue
        return f"records {min(len(found), 3)} shown {shown} columns {len(source.columns)}"


def _card(data: bytes) -> str:
    with _file("") as folder:
        home = Home(folder)
        home.folder("models", "net").mkdir(parents=True)
        (home.folder("models", "net") / "card.json").write_bytes(data)
        card = read_card(home.folder("models", "net"))
        json.dumps(card, ensure_ascii=False).encode()
        listed = home.cards("models")
        return f"card {sorted(card)[:4]} listed {len(listed)}"


@contextmanager
def _file(suffix: str) -> Iterator[Path]:
    """Give a path of its own below a folder that is removed again: files are remembered by their path."""
    folder = Path(tempfile.mkdtemp(dir=_FOLDER, prefix="fuzz-"))
    try:
        yield folder / f"{next(_NUMBERS)}{suffix}"
    finally:
        shutil.rmtree(folder)


TARGETS = {
    "image": Target(_image, seeds.images, inputs.image_inputs),
    "manifest": Target(_manifest, seeds.manifests, inputs.manifest_inputs),
    "recordio": Target(_records, seeds.records, inputs.record_inputs),
    "card": Target(_card, seeds.cards, inputs.card_inputs),
}
