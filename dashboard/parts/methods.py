"""What methods and auditors reach on one split, on the page that compares them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import methods_reading, reading
from dashboard.charts.method_curves import curve_rows, method_curves, method_curves_log
from dashboard.charts.methods import method_figures, method_rows
from dashboard.methods_reading import Split
from dashboard.parts.charts import n_note, show_chart
from dashboard.parts.choices import choices, distinct_labels
from dashboard.parts.downloads import csv_download
from dashboard.wording import auditor_name, interval, named, plain
from mintcore.methods.beside import auditor_line, auditors_of_split, best_of_each_kind
from mintcore.verdicts import methods_note

_MOST_AUDITORS = 6
_DRAWN_METHODS = 3

Lines = Sequence[Mapping[str, Any]]


def auditors_beside(card: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Let the person choose auditors of the methods' split, by name; by default the best of each kind on validation."""
    found = auditors_of_split(dict(card), reading.cards("auditors"))
    if not found:
        made_from = card["made_from"]
        st.info(
            f"No MINT auditor of this split is trained yet. One that is trained on {named(card['model'])} with the "
            f"members {named(made_from['members']['dataset'])}, the externals "
            f"{named(made_from['external']['dataset'])} and seed {card['request']['seed']} stands beside these "
            "methods.",
            icon=":material/info:",
        )
        return {}
    by_id = {each["id"]: each for each in found}
    labels = distinct_labels(list(by_id), lambda name: f"MINT {auditor_name(by_id[name])}")
    if "beside" not in st.query_params and "choices-beside" not in st.session_state:
        best = [each["id"] for each in best_of_each_kind(found)]
        st.query_params["beside"] = ",".join(best[:_MOST_AUDITORS])
    chosen = choices(
        f"MINT auditors of the same split ({len(found)})",
        list(by_id),
        "beside",
        labels.__getitem__,
        help_text="The same model, images, parts and seed. By default the best of each kind, chosen on the validation "
        "images.",
    )
    return {labels[each]: by_id[each] for each in chosen}


def lines_of(card: Mapping[str, Any], auditors: Mapping[str, dict[str, Any]]) -> Lines:
    """Give the lines of auditors and methods, the highest AUC first."""
    own = [auditor_line(each, name) for name, each in auditors.items()]
    return sorted([*own, *card["rows"]], key=lambda line: -line["auc"])


def finding(split: Split, lines: Lines, auditors: Mapping[str, dict[str, Any]]) -> None:
    """Say how the auditor that was best on the validation images stands against the best of the methods."""
    if not auditors:
        return
    first = max(auditors, key=lambda name: auditors[name]["validation_auc"])
    lead = methods_reading.lead(split, first)
    aucs = {line["method"]: line["auc"] for line in lines}
    with st.container(border=True):
        note = methods_note(
            first, aucs[first], lead["method"], aucs[lead["method"]], lead["interval"]
        )
        st.markdown(plain(note))


def figures(card: Mapping[str, Any], lines: Lines, auditors: Mapping[str, dict[str, Any]]) -> None:
    """Draw AUC, rates and costs, with all of them as a table."""
    st.subheader("What does each reach?", anchor=False)
    blind = max(auditors.values(), key=lambda each: each["blind_auc"], default=None)
    baseline = (
        f" Grey: the best blind baseline of these auditors ({blind['best_blind']}), AUC {blind['blind_auc']:.3f} "
        f"({interval(blind['blind_auc_ci'])}), which cannot know the members."
        if blind
        else ""
    )
    left = _missing_rates(lines)
    show_chart(
        method_figures(lines, auditors, blind),
        method_rows(lines, auditors),
        f"{card['id']}-figures",
        "AUC and true-positive rates at 1% and 0.1% false positives of each method and auditor, with intervals, and "
        "how often the model is asked about an image.",
        f"{n_note(lines[0]['n_members'], lines[0]['n_externals'])}{baseline}{left} Dashed: chance. A pass is one look "
        "of the model at the image; reference models must be trained first.",
        width="content",
    )
    for remark in card["remarks"]:
        st.caption(plain(remark))
    with st.expander("All figures as a table", icon=":material/table:"):
        st.dataframe(method_table(lines), hide_index=True)
        csv_download("Figures (CSV)", _numbers(lines), f"{card['id']}.csv")


def curves(split: Split, auditors: Mapping[str, dict[str, Any]], lines: Lines) -> None:
    """Draw the ROC curves of chosen methods."""
    st.subheader("How many members are found, at which price?", anchor=False)
    names = _curve_names(lines, auditors)
    if "curves" not in st.query_params and "choices-curves" not in st.session_state:
        others = [key for key, name in names.items() if name not in auditors][:_DRAWN_METHODS]
        first = [each["id"] for each in auditors.values()][:1]
        st.query_params["curves"] = ",".join([*first, *others])
    chosen = choices("Curves drawn", list(names), "curves", names.__getitem__)
    if not chosen:
        st.caption("Choose at least one method.")
        return
    known = methods_reading.curves(split)
    drawn = {names[key]: known[names[key]] for key in chosen}
    left, right = st.columns(2)
    with left:
        show_chart(
            method_curves(drawn, auditors),
            curve_rows(drawn),
            f"{split.methods}-roc",
            "ROC curves of the chosen methods on linear axes.",
            "Dashed grey: chance.",
        )
    with right:
        show_chart(
            method_curves_log(drawn, auditors, int(lines[0]["n_externals"])),
            curve_rows(drawn),
            f"{split.methods}-roc-log",
            "ROC curves of the chosen methods with a logarithmic axis of false positives.",
            "The same, where false positives are rare. The axis ends at one false positive.",
        )


def _curve_names(lines: Lines, auditors: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Give the names by what the URL calls them: an auditor by its id, a method by its name."""
    names = [str(line["method"]) for line in lines]
    return {auditors[name]["id"] if name in auditors else name: name for name in names}


def method_table(lines: Lines) -> pd.DataFrame:
    """Arrange methods as a table for people."""
    return pd.DataFrame(
        [
            {
                "method": line["method"],
                "AUC": f"{line['auc']:.3f}",
                "AUC interval": interval(line["auc_ci"]),
                "TPR at 1% FPR": _rate(line["low_fpr"][0]),
                "TPR at 0.1% FPR": _rate(line["low_fpr"][1]),
                "passes an image": line["forward_passes"],
                "models trained": line["models_trained"],
                "needs": line["needs"],
                "source": line["source"],
            }
            for line in lines
        ]
    )


def _numbers(lines: Lines) -> pd.DataFrame:
    rows = []
    for line in lines:
        row = {key: value for key, value in line.items() if key not in ("auc_ci", "low_fpr")}
        row["auc_low"], row["auc_high"] = line["auc_ci"]
        for name, rate in zip(("tpr_1", "tpr_01"), line["low_fpr"], strict=True):
            if rate:
                row[name] = rate["tpr"]
                row[f"{name}_low"], row[f"{name}_high"] = rate["tpr_ci"]
        rows.append(row)
    return pd.DataFrame(rows)


def _rate(rate: Mapping[str, Any] | None) -> str:
    if rate is None:
        return "not measurable"
    low, high = rate["tpr_ci"]
    return f"{rate['tpr']:.2%} ({low:.2%} to {high:.2%})"


def _missing_rates(lines: Lines) -> str:
    if all(rate for line in lines for rate in line["low_fpr"]):
        return ""
    return " A rate that is not drawn cannot be measured with so few externals."
