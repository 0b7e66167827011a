"""Where the real images and weights lie that some benchmarks read."""

from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared" / "data"
"""Beside the repository."""
WEIGHTS = Path("weights", "cifar10_resnet56_akamaster.safetensors")
"""Of the public ResNet-56, below the folder of the data."""
