"""The main job on a real log: from transactions to the value of each customer. `make demo` runs it.

CDNOW: 2,357 customers who bought their first CD in the first quarter of 1997, and all they bought until June 1998. Models are
fitted to the first 39 weeks, held against the published estimates, and asked what happened in the 39 weeks after.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import cam

CALIBRATION_END, OBSERVATION_END = "1997-09-30", "1998-06-30"
ANNUAL_RATE = 0.15

# Estimates in print, with the log-likelihood: Fader, Hardie & Lee (2005) for the two models of purchases,
# Fader & Hardie (2013) for spend. The log-likelihood of Gamma-Gamma there is -4659, of another density of the same data.
PUBLISHED = {
    "bg_nbd": ({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
    "pareto_nbd": ({"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    "gamma_gamma": ({"p": 6.25, "q": 3.74, "v": 15.44}, None),
}

BLUE, ORANGE, GREY = "#2b6cb0", "#dd6b20", "#4a5568"


class Progress:
    """One line a step, with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def __call__(self, what: str) -> None:
        print(f"[{time.perf_counter() - self._start:5.1f} s] {what}", flush=True)


def compare_with_print(model: cam.Model, name: str) -> None:
    published, log_likelihood = PUBLISHED[name]
    print(f"    {'':>6} {'published':>10} {'here':>12} {'std. error':>11}")
    for parameter, value in model.params_.items():
        error = model.standard_errors_[parameter]
        print(f"    {parameter:>6} {published[parameter]:>10} {value:>12.5f} {error:>11.5f}")
    in_print = f"{log_likelihood:>10}" if log_likelihood is not None else f"{'':>10}"
    print(f"    {'log L':>6} {in_print} {model.log_likelihood_:>12.3f}   gradient {model.gradient_norm_:.0e}")


def compare_with_holdout(split: pd.DataFrame, models: dict[str, cam.BgNbd | cam.ParetoNbd]) -> pd.DataFrame:
    """Per frequency in the calibration: what customers bought on average in the holdout, and what was expected."""
    weeks = float(split["duration_holdout"].iloc[0])
    actual = split["frequency_holdout"]
    columns = {"customers": split["frequency"], "actual": actual}
    for title, model in models.items():
        columns[title] = model.expected_purchases(split, weeks)
    print(f"    {'':<22} {'in all':>8} {'of actual':>10} {'mean abs. error':>16} {'correlation':>12}")
    print(f"    {'actual':<22} {actual.sum():>8.0f}")
    for title in models:
        expected = columns[title]
        print(
            f"    {title:<22} {expected.sum():>8.1f} {expected.sum() / actual.sum():>10.1%}"
            f" {(expected - actual).abs().mean():>16.3f} {expected.corr(actual):>12.3f}"
        )
    frame = pd.DataFrame(columns)
    group = split["frequency"].clip(upper=7).astype(int).rename("frequency")
    how = {name: "count" if name == "customers" else "mean" for name in frame}
    return frame.groupby(group).agg(how)


def plot_matrix(model: cam.ParetoNbd, split: pd.DataFrame, ax: plt.Axes) -> None:
    """P(alive) over frequency and recency for customers observed for 39 weeks, and where the customers are."""
    age, most = 39.0, 16
    recency, frequency = np.meshgrid(np.linspace(0.02, age, 160), np.arange(1, most + 1))
    alive = model.probability_alive(
        {"frequency": frequency.ravel(), "recency": recency.ravel(), "T": np.full(recency.size, age)}
    )
    image = ax.pcolormesh(
        recency[0], np.arange(1, most + 1), np.reshape(alive, recency.shape), cmap="viridis", vmin=0, vmax=1,
        shading="nearest", rasterized=True,
    )  # fmt: skip
    came_back = split[split["frequency"].between(1, most)]
    spread = np.random.default_rng(1).uniform(-0.3, 0.3, len(came_back))
    ax.scatter(came_back["recency"], came_back["frequency"] + spread, s=7, color="white", alpha=0.7,
               edgecolors="#1a202c", linewidths=0.3)  # fmt: skip
    ax.figure.colorbar(image, ax=ax, label="probability of being alive", pad=0.02)
    ax.set(xlabel="last purchase, weeks after the first", ylabel="repeat purchases", title="Who is still a customer?")


def plot_holdout(table: pd.DataFrame, ax: plt.Axes) -> None:
    ax.plot(table.index, table["actual"], "o-", color=GREY, label="actual", linewidth=2)
    for title, color, marker in [("Pareto/NBD", BLUE, "s"), ("BG/NBD", ORANGE, "^")]:
        ax.plot(table.index, table[title], marker + "--", color=color, label=title)
    ax.set_xticks(table.index, [*map(str, table.index[:-1]), f"{table.index[-1]}+"])
    ax.set(
        xlabel="repeat purchases in the first 39 weeks", ylabel="purchases in the next 39 weeks, mean",
        title="Was it foretold?",
    )  # fmt: skip
    ax.legend(frameon=False)


def plot_value(scores: pd.DataFrame, ax: plt.Axes) -> None:
    value = scores["customer_lifetime_value"].sort_values(ascending=False)
    share, base = value.cumsum() / value.sum(), np.arange(1, len(value) + 1) / len(value)
    ax.fill_between(100 * base, 100 * share, color=BLUE, alpha=0.15)
    ax.plot(100 * base, 100 * share, color=BLUE, linewidth=2)
    tenth = 100 * share.iloc[len(value) // 10]
    ax.plot([10, 10, 0], [0, tenth, tenth], color=GREY, linestyle=":")
    ax.annotate(f"the best tenth holds {tenth:.0f} %", (10, tenth), xytext=(16, tenth - 8), color=GREY)
    ax.set(
        xlim=(0, 100), ylim=(0, 101), xlabel="% of the customers, the most valuable first",
        ylabel="% of the value of the base", title="Where is the value?",
    )  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("build/demo"))
    out: Path = arguments.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    plt.style.use({"axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 110, "font.size": 10})
    step = Progress()

    step(f"cam {cam.__version__}: reading the log")
    log = cam.datasets.load_cdnow(backend="pandas")
    columns = {"customer": "customer_id", "time": "date", "amount": "amount", "unit": "W"}
    print(f"    {len(log):,} transactions of {log['customer_id'].nunique():,} customers, "
          f"{log['date'].min():%Y-%m-%d} to {log['date'].max():%Y-%m-%d}")  # fmt: skip

    step(f"what was known on {CALIBRATION_END}, and what happened until {OBSERVATION_END}")
    split = cam.split(log, **columns, calibration_end=CALIBRATION_END, observation_end=OBSERVATION_END)
    print(
        f"    {(split['frequency'] > 0).sum():,} customers came back, {split['frequency'].sum():,.0f} repeat purchases"
    )

    bg_nbd, pareto_nbd, spend = cam.BgNbd(), cam.ParetoNbd(), cam.GammaGamma()
    for model, name in [(bg_nbd, "bg_nbd"), (pareto_nbd, "pareto_nbd"), (spend, "gamma_gamma")]:
        began = time.perf_counter()
        model.fit(split)
        step(f"{type(model).__name__} fitted in {1e3 * (time.perf_counter() - began):.1f} ms: {model.status_}")
        compare_with_print(model, name)

    step("the holdout: purchases in the 39 weeks that the models have not seen")
    table = compare_with_holdout(split, {"Pareto/NBD": pareto_nbd, "BG/NBD": bg_nbd})
    shown = table.round(2).reset_index()
    shown["frequency"] = [*map(str, table.index[:-1]), f"{table.index[-1]}+"]
    print(shown.to_string(index=False).replace("\n", "\n    ").join(["    ", ""]))

    step(f"the ten most valuable customers on {OBSERVATION_END}: the next 52 weeks at {ANNUAL_RATE:.0%} a year")
    today = cam.summarize(log, **columns, observation_end=OBSERVATION_END)
    purchases, money = cam.ParetoNbd().fit(today), cam.GammaGamma().fit(today)
    weekly = (1 + ANNUAL_RATE) ** (1 / 52) - 1
    scores = purchases.predict(today, horizon=52, discount_rate=weekly, spend=money)
    best = scores.nlargest(10, "customer_lifetime_value")
    shown = today[["frequency", "recency", "T"]].join(best, how="right").round(2)
    print(shown.to_string().replace("\n", "\n    ").join(["    ", ""]))
    value = scores["customer_lifetime_value"]
    print(f"    the base is worth {value.sum():,.0f} dollars over these 52 weeks, {value.mean():.2f} a customer")

    step("pictures")
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    plot_matrix(pareto_nbd, split, axes[0])
    plot_holdout(table, axes[1])
    figure.savefig(out / "cdnow.png")
    figure, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
    plot_value(scores, ax)
    figure.savefig(out / "value.png")
    figure, axes = plt.subplots(2, 3, figsize=(15, 8.4), layout="constrained")
    cam.plotting.plot_tracking(pareto_nbd, log, calibration_end=CALIBRATION_END, ax=axes[0, 0])
    cam.plotting.plot_tracking(pareto_nbd, log, calibration_end=CALIBRATION_END, cumulative=False, ax=axes[0, 1])
    cam.plotting.plot_frequency(pareto_nbd, split, ax=axes[0, 2])
    cam.plotting.plot_expected_purchases_matrix(pareto_nbd, T=39, horizon=39, ax=axes[1, 0])
    cam.plotting.plot_history(purchases, log, int(best.index[0]), ax=axes[1, 1])
    cam.plotting.plot_spend_density(spend, split, ax=axes[1, 2])
    figure.savefig(out / "models.png")
    scores.to_csv(out / "scores.csv")

    step("a model saved and opened again")
    document = out / "pareto_nbd.json"
    document.write_text(purchases.to_json(), encoding="utf-8")
    opened = cam.from_json(document.read_text(encoding="utf-8"))
    again = opened.predict(today, horizon=52, discount_rate=weekly, spend=money)
    assert again.equals(scores), "the opened model must score as the saved one"
    print(f"    {opened!r}: the same scores, to the last bit")

    step("done; results are in:")
    for path in sorted(out.iterdir()):
        print(f"    {path}")


if __name__ == "__main__":
    main()
