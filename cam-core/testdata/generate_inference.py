"""Reference values for priors and for the diagnostics of chains.

    python generate_inference.py          # needs mpmath and arviz

`priors.csv`: prior (as JSON), parameter, ln density, and its first and second derivative, by mpmath at 50 digits, from the
densities of the textbooks (not from their logarithms as the code has them), derivatives by mpmath's differences at 80 digits.

`mixing.csv`: chains of AR(1) processes from a generator that any language can repeat, and what arviz says of them: R-hat (method
rank), bulk and tail effective size. The chains are not stored: chain c, draw d is x_d = rho x_(d-1) + e_d + shift c, with x_(-1) = 0 and
e_d the sum of twelve numbers s / 2^32 - 1/2, where s = (s * 1664525 + 1013904223) mod 2^32 begins at seed + 7919 c.
"""

import json
from pathlib import Path

import mpmath as mp

HERE = Path(__file__).parent


def density(prior):
    p = {k: mp.mpf(v) for k, v in prior.items() if k != "prior"}
    kind = prior["prior"]
    if kind == "normal":
        return lambda t: mp.npdf(t, p["mu"], p["sigma"])
    if kind == "log_normal":
        return lambda t: mp.npdf(mp.log(t), p["mu"], p["sigma"]) / t
    if kind == "half_normal":
        return lambda t: 2 * mp.npdf(t, 0, p["sigma"])
    if kind == "gamma":
        return lambda t: p["beta"] ** p["alpha"] / mp.gamma(p["alpha"]) * t ** (p["alpha"] - 1) * mp.exp(-p["beta"] * t)
    if kind == "exponential":
        return lambda t: p["rate"] * mp.exp(-p["rate"] * t)
    if kind == "weibull":
        a, b = p["alpha"], p["beta"]
        return lambda t: a / b * (t / b) ** (a - 1) * mp.exp(-((t / b) ** a))
    if kind == "pareto":
        return lambda t: p["alpha"] * p["m"] ** p["alpha"] / t ** (p["alpha"] + 1)
    if kind == "uniform":
        return lambda t: 1 / (p["upper"] - p["lower"])
    if kind == "beta":
        return lambda t: t ** (p["alpha"] - 1) * (1 - t) ** (p["beta"] - 1) / mp.beta(p["alpha"], p["beta"])
    raise ValueError(kind)


def priors():
    mp.mp.dps = 80
    cases = [
        ({"prior": "normal", "mu": 0.5, "sigma": 2}, [-3, 0.25, 40]),
        ({"prior": "log_normal", "mu": -1, "sigma": 0.5}, [0.01, 0.4, 90]),
        ({"prior": "half_normal", "sigma": 3}, [0.001, 2, 50]),
        ({"prior": "gamma", "alpha": 2.5, "beta": 0.125}, [0.001, 4, 300]),
        ({"prior": "gamma", "alpha": 0.25, "beta": 8}, [0.001, 4, 30]),
        ({"prior": "exponential", "rate": 0.75}, [0.001, 4, 300]),
        ({"prior": "weibull", "alpha": 2, "beta": 10}, [0.01, 4, 60]),
        ({"prior": "weibull", "alpha": 0.5, "beta": 1.5}, [0.01, 4, 60]),
        ({"prior": "pareto", "alpha": 1, "m": 1}, [1.5, 4, 600]),
        ({"prior": "uniform", "lower": 0.25, "upper": 4}, [0.5, 3]),
        ({"prior": "beta", "alpha": 1.5, "beta": 4}, [0.001, 0.5, 0.96875]),
    ]
    lines = ["# ln densities of priors with two derivatives, 50 digits rounded to 17. By generate_inference.py with mpmath " + mp.__version__]
    lines.append("prior;parameter;ln_density;first;second")
    for prior, points in cases:
        f = density(prior)
        for point in points:
            # The number that the code is given, not the decimal.
            t = mp.mpf(float(point))
            values = [mp.diff(lambda x: mp.log(f(x)), t, n, h=mp.mpf(10) ** -25) for n in (0, 1, 2)]
            # Noise of the differences, where the derivative is 0.
            values = [mp.mpf(0) if abs(v) < mp.mpf(10) ** -20 else v for v in values]
            lines.append(";".join([json.dumps(prior), repr(float(point)), *(mp.nstr(v, 17) for v in values)]))
    (HERE / "priors.csv").write_text("\n".join(lines) + "\n")


def chain(seed, c, draws, rho, shift):
    s, x, out = (seed + 7919 * c) % 2**32, 0.0, []
    for _ in range(draws):
        e = 0.0
        for _ in range(12):
            s = (s * 1664525 + 1013904223) % 2**32
            e += s / 2**32 - 0.5
        x = rho * x + e + shift * c
        out.append(x)
    return out


def mixing():
    import arviz as az
    import numpy as np

    lines = ["# R-hat and effective sizes of chains of AR(1). By generate_inference.py with arviz " + az.__version__ + "; its docstring tells how the chains are made."]
    lines.append("seed,chains,draws,rho,shift,r_hat,ess_bulk,ess_tail")
    for seed, chains, draws, rho, shift in [
        (1, 4, 1000, 0.0, 0.0),
        (2, 4, 1000, 0.9, 0.0),
        (3, 4, 500, 0.5, 0.1),
        (4, 2, 101, -0.4, 0.0),
        (5, 1, 400, 0.3, 0.0),
        (6, 4, 250, 0.0, 1.0),
        (7, 3, 2001, -0.8, 0.0),
    ]:
        x = np.array([chain(seed, c, draws, rho, shift) for c in range(chains)])
        found = [az.rhat(x, method="rank"), az.ess(x, method="bulk"), az.ess(x, method="tail")]
        numbers = ["" if np.isnan(v) else repr(float(v)) for v in map(float, found)]
        lines.append(",".join([str(v) for v in (seed, chains, draws, rho, shift)] + numbers))
    (HERE / "mixing.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    import sys

    for name in sys.argv[1:] or ["priors", "mixing"]:
        {"priors": priors, "mixing": mixing}[name]()
