"""Posteriors, for every library: the priors, the draws, and what is told of them.

Both libraries have the priors that PyMC-Marketing has by default, and both are judged by the same yardstick,
arviz's rank-normalised bulk effective sample size: the smallest of all parameters, over the CPU seconds of the
whole call, warm-up and what it compiles included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Of a Gamma-Gamma model all three are flat.
PRIORS: dict[str, dict[str, tuple[str, dict[str, float]]]] = {
    "bg": {
        "r": ("Weibull", {"alpha": 2, "beta": 1}),
        "alpha": ("Weibull", {"alpha": 2, "beta": 10}),
        "a/(a+b)": ("Uniform", {"lower": 0, "upper": 1}),
        "a+b": ("Pareto", {"alpha": 1, "m": 1}),
    },
    "pareto": {
        "r": ("Weibull", {"alpha": 2, "beta": 1}),
        "alpha": ("Weibull", {"alpha": 2, "beta": 10}),
        "s": ("Weibull", {"alpha": 2, "beta": 1}),
        "beta": ("Weibull", {"alpha": 2, "beta": 10}),
    },
    "gg": {},
}
PARAMETERS = {"bg": ("r", "alpha", "a", "b"), "pareto": ("r", "alpha", "s", "beta"), "gg": ("p", "q", "v")}

CLASSES = {"bg": "BgNbd", "pareto": "ParetoNbd", "gg": "GammaGamma"}

# Chains x draws of the posterior that predictions are averaged over, and the level of their intervals.
CHAINS, DRAWS = 2, 500
LEVEL = 0.9


class Draws(dict[str, Any]):
    """Draws by parameter, chains x draws; and whatever else is to be told."""

    def __init__(self, draws: dict[str, Any], **told: float) -> None:
        super().__init__({name: np.asarray(values, dtype=np.float64) for name, values in draws.items()})
        self.told = told

    def describe(self) -> dict[str, float]:
        """Posterior means with their Monte Carlo errors, the smallest effective size, the largest R-hat."""
        import arviz as az

        out: dict[str, float] = {}
        sizes, reductions = [], []
        for name, values in self.items():
            size = float(az.ess(values, method="bulk"))
            sizes.append(size)
            reductions.append(float(az.rhat(values)))
            out[f"mean {name}"] = float(values.mean())
            out[f"error {name}"] = float(values.std(ddof=1) / np.sqrt(size))
        return out | {"ess": min(sizes), "r_hat": max(reductions)} | self.told


def fitted(kind: str, frame: Any, *, chains: int, draws: int, seed: int = 1, threads: int = 1) -> Any:
    """cam's model of this kind, sampled."""
    import cam

    priors = {about: cam.Prior(name, **given) for about, (name, given) in PRIORS[kind].items()}
    return getattr(cam, CLASSES[kind])().fit(
        frame, method="nuts", priors=priors or None, chains=chains, draws=draws, seed=seed, threads=threads
    )
