"""The precision in which an audited model runs. Needs no torch."""

from typing import Literal, get_args

Autocast = Literal["bfloat16", "float16"]
AUTOCASTS: tuple[Autocast, ...] = get_args(Autocast)
