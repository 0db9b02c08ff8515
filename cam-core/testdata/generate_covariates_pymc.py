"""Write covariates_customers.csv and covariates_pymc.csv: simulated customers with covariates, and PyMC-Marketing's estimates from them.

Run with pymc-marketing 0.19.2 and numpy from this folder: python generate_covariates_pymc.py

900 customers with two covariates for each of Pareto/NBD and BG/NBD, simulated here purchase by purchase. The estimates are PyMC-Marketing's maximum a posteriori with
flat priors, so maximum likelihood, by scipy's BFGS on PyMC's own gradient; times are rounded to days so that the table is exact.
"""

import numpy as np
import pandas as pd
import pymc as pm
from pymc_extras.prior import Prior
from pymc_marketing.clv import BetaGeoModel, ParetoNBDModel

N = 900


def covariates(rng):
    return (rng.random(N) < 0.4).astype(float), np.round(rng.normal(0, 1, N), 2)


def history(rng, rates, leaves):
    """Follow one customer from the first purchase; `leaves(k)` says whether he or she leaves after the k-th, or is a time."""
    rows = []
    for rate, leave in zip(rates, leaves, strict=True):
        age, now, x, last = float(rng.integers(180, 360)), 0.0, 0, 0.0
        end = min(age, leave) if isinstance(leave, float) else age
        while True:
            now += rng.exponential(1 / rate)
            if now > end:
                break
            x, last = x + 1, now
            if not isinstance(leave, float) and rng.random() < leave[0]:
                break
        # Whole days, in weeks.
        rows.append((x, np.ceil(last) / 7, age / 7))
    return rows


def simulate(model, rng):
    web, age = covariates(rng)
    rates = rng.gamma(0.9, 1 / 50.0, N) * np.exp(0.5 * web - 0.3 * age)
    if model == "pareto_nbd":
        times = rng.exponential(1 / (rng.gamma(0.8, 1 / 60.0, N) * np.exp(-0.4 * web + 0.2 * age)))
        rows = history(rng, rates, [float(t) for t in times])
    else:
        p = rng.beta(0.9 * np.exp(0.3 * web + 0.2 * age), 2.5 * np.exp(-0.2 * web + 0.1 * age))
        rows = history(rng, rates, [(v,) for v in p])
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    return frame.assign(web=web, age=age, customer_id=np.arange(N))


def estimate(model, frame):
    flat = {"r": Prior("HalfFlat"), "alpha": Prior("HalfFlat"), "purchase_coefficient": Prior("Flat"), "dropout_coefficient": Prior("Flat")}
    own = {"s": Prior("HalfFlat"), "beta": Prior("HalfFlat")} if model == "pareto_nbd" else {"a": Prior("HalfFlat"), "b": Prior("HalfFlat")}
    config = flat | own | {"purchase_covariate_cols": ["web", "age"], "dropout_covariate_cols": ["web", "age"]}
    made = (ParetoNBDModel if model == "pareto_nbd" else BetaGeoModel)(model_config=config)
    made.build_model(data=frame)
    with made.model:
        found = pm.find_MAP(progressbar=False, method="BFGS", options={"gtol": 1e-9}, seed=1)
        for _ in range(2):
            found = pm.find_MAP(start=found, progressbar=False, method="BFGS", options={"gtol": 1e-9})
    names = ["r", "alpha_scale"]
    if model == "pareto_nbd":
        names += ["s", "beta_scale", "purchase_coefficient", "dropout_coefficient"]
    else:
        names += ["a_scale", "b_scale", "purchase_coefficient_alpha", "dropout_coefficient_a", "dropout_coefficient_b"]
    return [(name, float(v)) for name in names for v in np.atleast_1d(found[name])]


def main():
    rng = np.random.default_rng(20)
    tables, estimates = [], []
    for model in ("pareto_nbd", "bg_nbd"):
        frame = simulate(model, rng)
        tables.append(frame.drop(columns="customer_id").assign(model=model))
        estimates += [(model, name, value) for name, value in estimate(model, frame)]
        print(estimates)
    with open("covariates_customers.csv", "w", encoding="utf-8") as file:
        print("# customers simulated by generate_covariates_pymc.py; recency and T are whole days, in weeks", file=file)
        pd.concat(tables).to_csv(file, index=False)
    with open("covariates_pymc.csv", "w", encoding="utf-8") as file:
        print("# by generate_covariates_pymc.py: pymc-marketing 0.19.2, flat priors, maximum a posteriori, about 5 digits", file=file)
        print("model,name,value", file=file)
        for model, name, value in estimates:
            print(f"{model},{name},{value:.10g}", file=file)


if __name__ == "__main__":
    main()
