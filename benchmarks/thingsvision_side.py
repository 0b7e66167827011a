"""Features of a folder of images by thingsvision, beside its own bare forward; prints seconds as JSON.

    PYTHON benchmarks/thingsvision_side.py FOLDER OUTPUT ARCH BATCH REPEATS LAYER...

It needs PyTorch 2.0, so it runs in an environment of its own: nothing of this project is imported.
"""

import contextlib
import json
import shutil
import sys
import time
from pathlib import Path

import torch
from thingsvision import get_extractor
from thingsvision.utils.data import DataLoader, ImageDataset


def main() -> None:
    """Time both in turns, and keep the best of each."""
    folder, output, arch, batch, repeats = sys.argv[1:6]
    layers = sys.argv[6:]
    with contextlib.redirect_stdout(sys.stderr):
        extractor = get_extractor(arch, source="torchvision", device="cpu", pretrained=False)
        dataset = ImageDataset(
            root=folder,
            out_path=output,
            backend=extractor.get_backend(),
            transforms=extractor.get_transformations(),
        )
        images = torch.stack([dataset[number] for number in range(len(dataset))])
        batches = images.split(int(batch))
        best = {"forward": float("inf"), "extract": float("inf")}
        for _ in range(int(repeats)):
            begun = time.perf_counter()
            with torch.inference_mode():
                for part in batches:
                    extractor.model(part)
            best["forward"] = min(best["forward"], time.perf_counter() - begun)
            shutil.rmtree(output, ignore_errors=True)
            begun = time.perf_counter()
            loader = DataLoader(dataset, batch_size=int(batch), backend="pt")
            extractor.extract_features(loader, module_names=layers, output_dir=output)
            best["extract"] = min(best["extract"], time.perf_counter() - begun)
    kept = sum(file.stat().st_size for file in Path(output).rglob("*.npy"))
    print(json.dumps(best | {"torch": torch.__version__, "bytes": kept}))


if __name__ == "__main__":
    main()
