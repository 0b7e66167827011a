"""``mint store ...``: what is in the feature stores, and their upkeep."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mintcore.cli.completion import names_of
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.cli.output import fields, show, table
from mintcore.cli.work import WaitOption, carry_out
from store.artefacts import Home
from store.disk import human_bytes
from store.feature_store import FeatureStore, open_store

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

AnyStoreArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[STORE]",
        help="A store's name, its folder, or a home folder; all stores without it.",
        autocompletion=names_of("stores"),
    ),
]
StoreArgument = Annotated[
    str,
    typer.Argument(
        metavar="STORE", help="A store's name, or its folder.", autocompletion=names_of("stores")
    ),
]


@app.callback()
def stores() -> None:
    """The cached feature stores."""


@app.command()
def info(
    name: AnyStoreArgument = None, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Say what is in the feature stores: rows, layers, datasets, bytes.

    Example: mint store info --json
    """
    found = [open_store(folder).info() for folder in _folders(home, name)]
    data = {
        "stores": found,
        "rows": sum(store["rows"] for store in found),
        "layers": sum(len(store["layers"]) for store in found),
        "bytes": sum(store["bytes"] for store in found),
    }
    show(data, as_json, lambda: _print_info(found))


@app.command()
def verify(
    name: AnyStoreArgument = None,
    wait: WaitOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Read every byte of the feature stores and name each file with a problem; ends with 1 if there is one.

    Example: mint store verify --json
    """
    from mintcore.verification import VerifyRequest

    is_path = name is not None and Path(name).name != name
    request = VerifyRequest(str(Path(name or "").resolve()) if is_path else name)
    made = carry_out("verify", request, home, device="cpu", wait=wait, as_json=as_json)
    found = made["stores"]
    problems = sum(len(store["problems"]) for store in found)
    show({"stores": found, "problems": problems}, as_json, lambda: _print_verified(found))
    raise typer.Exit(1 if problems else 0)


@app.command()
def repair(
    name: StoreArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Drop exactly what is damaged; the next extraction computes it again.

    Example: mint store repair STORE
    """
    from store.repair import repair as repair_store

    done = asdict(repair_store(_open(home, name)))
    done["dropped"] = dict(done["dropped"])
    show(done, as_json, lambda: _print_repair(done))


@app.command()
def seal(
    name: AnyStoreArgument = None, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Sort the index of the feature stores into one file each, for fast questions. Extraction does it, too.

    Example: mint store seal
    """
    sealed = {folder.name: open_store(folder).seal() for folder in _folders(home, name)}
    data = {store: file.name if file else None for store, file in sealed.items()}
    show({"sealed": data}, as_json, lambda: _print_sealed(data))


@app.command()
def gc(
    name: StoreArgument,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", help="Also arrays by glob: 'layer1.*/map8'.")
    ] = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="Also every array that no auditor reads.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it, only say what.")] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Find what a store does not need: leftovers of dead runs, old indexes, unwanted arrays.

    With --yes it also deletes what killed processes left in the home folder more than a day ago.

    Example: mint store gc STORE --drop 'block1/map*' --yes
    """
    from mintcore.deletion import tidy
    from mintcore.stores import choose_arrays, unused_arrays
    from store.garbage import find_garbage, remove_garbage

    store = _open(home, name)
    keys = {
        *choose_arrays(store, drop or []),
        *(unused_arrays(Home(home), store) if unused else ()),
    }
    garbage = find_garbage(store, keys)
    data = {
        "items": [asdict(item) for item in garbage.items],
        "bytes": garbage.bytes,
        "freed": remove_garbage(store, garbage) + tidy(Home(home)) if yes else 0,
    }
    show(data, as_json, lambda: _print_garbage(data, yes))


@app.command()
def export(
    name: StoreArgument,
    target: Annotated[Path, typer.Argument(help="The folder to make.")],
    file_format: Annotated[
        str, typer.Option("--format", help="npy (with a manifest), parquet or anndata.")
    ] = "npy",
    arrays: Annotated[
        str, typer.Option("--arrays", help="Globs of layer/view, separated by commas.")
    ] = "*",
    dataset: Annotated[str | None, typer.Option(help="Only images of this dataset.")] = None,
    membership: Annotated[
        str | None, typer.Option(help="Only member, external or unknown images.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many images.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Write activations to a new folder that numpy, pandas, DuckDB or AnnData read.

    Example: mint store export STORE out --format parquet --arrays 'block*/pooled'
    """
    from mintcore.stores import ExportRequest, export_store

    globs = tuple(glob.strip() for glob in arrays.split(","))
    request = ExportRequest(globs, file_format, dataset, membership, limit)
    done = asdict(export_store(_open(home, name), target, request))
    done["folder"] = str(done["folder"])
    show(done, as_json, lambda: fields(done))


def _folders(home: Path, name: str | None) -> list[Path]:
    from mintcore.stores import store_folders

    return store_folders(Home(home), name)


def _open(home: Path, name: str) -> FeatureStore:
    folders = _folders(home, name)
    if len(folders) != 1:
        raise typer.BadParameter(f"{name} is a home with {len(folders)} stores: name one of them.")
    return open_store(folders[0])


def _print_info(found: list[dict[str, Any]]) -> None:
    for store in found:
        sealed = store["sealed"] or "not sealed"
        typer.echo(
            f"{store['id']}: {store['images']} images, {store['failed']} failed, "
            f"{human_bytes(store['bytes'])}, {sealed}, in {store['place']}"
        )
        for dataset, images in store["datasets"].items():
            typer.echo(f"  of {dataset}: {images} images listed")
        columns = {key: key for key in ("layer", "view", "shape", "dtype", "rows", "bytes")}
        shaped = [
            array | {"shape": " x ".join(map(str, array["shape"]))} for array in store["layers"]
        ]
        table(shaped, columns)
    if not found:
        typer.echo("No feature store yet: `mint extract` makes one.")


def _print_verified(found: list[dict[str, Any]]) -> None:
    for store in found:
        verdict = f"{len(store['problems'])} problems" if store["problems"] else "whole"
        typer.echo(
            f"{store['id']}: {verdict} ({store['files']} files, {store['rows']} rows, "
            f"{human_bytes(store['bytes'])} read)"
        )
        for problem in store["problems"]:
            typer.echo(f"  {problem['message']}")
    if not found:
        typer.echo("No feature store yet: `mint extract` makes one.")


def _print_repair(done: dict[str, Any]) -> None:
    for problem in done["problems"]:
        typer.echo(f"mended: {problem['message']}")
    for key, rows in done["dropped"].items():
        typer.echo(f"{key}: {rows} rows dropped, which the next extraction computes again")
    for segment in done["lost"]:
        typer.echo(f"{segment}: dropped; the next extraction computes its rows again")
    if not done["problems"]:
        typer.echo("Nothing is damaged.")


def _print_sealed(sealed: dict[str, str | None]) -> None:
    for store, file in sealed.items():
        typer.echo(f"{store}: {file or 'nothing to seal yet'}")
    if not sealed:
        typer.echo("No feature store yet: `mint extract` makes one.")


def _print_garbage(data: dict[str, Any], deleted: bool) -> None:
    for item in data["items"]:
        typer.echo(f"{human_bytes(item['bytes']):>10}  {item['path']}: {item['why']}")
    if deleted:
        typer.echo(f"{human_bytes(data['freed'])} freed.")
    else:
        typer.echo(f"{human_bytes(data['bytes'])} can be freed; --yes deletes them.")
