"""Customers as assets: what each is worth, how likely each is to leave, computed exactly and fast.

A transaction log goes in; out come, for every customer, the probability of being alive, the expected purchases, the
expected spend and the lifetime value.

- `summarize`, `split`, `SummaryBuilder`: from a transaction log to `frequency, recency, T, monetary_value`;
- `tracking`: repeat purchases of the whole base over time;
- `opportunities`: the same for discrete time, where each period is one opportunity to buy;
- `BgNbd`, `ParetoNbd`, `GgomNbd`, `ParetoNbdSarmanov`, `MbgNbd`, `BgCnbdK`, `MbgCnbdK`, `Nbd`, `BgBb`: models of purchases;
  `Sbg`, `Bdw`: of renewals of a contract;
  `GammaGamma`, `NormalSpend`, `LogNormalSpend`: of spend; `models` lists them, `Model` is any of them by name;
- `ParetoNbdHb`, `ParetoGgg`: hierarchical Bayes, with each customer's own parameters;
- `Prior`: the distribution of a parameter before the data are seen, for ``fit(…, priors=…)``;
- `regularity`: how regularly customers buy;
- `tasks`, `run`: what else is reached by name, at every door;
- `covariate_steps`: covariates that change over time, for `ParetoNbd`;
- `spend_independence`: whether who comes often spends more;
- `customer_lifetime_value`, `lifetime_value_variance`, `simulate_lifetime_value`, `new_customer_value`: from a model of
  purchases and one of spend;
- `compare`: which of several models of purchases to take, and why;
- `cohort_table`, `fit_cohorts`: customers by when they were acquired;
- `from_json`, `load`: open a model that any of cam's languages wrote, from a text or a file;
- `datasets`, `plotting`, `errors`: data, pictures, exceptions.

Frames may be pandas, polars or pyarrow, or a dict of NumPy arrays; what came in goes out. Times are counted in the unit of the
summary, and rates are per that unit. Every long call takes ``threads=None`` (all processors), and Ctrl-C stops it.

Examples
--------
>>> import cam
>>> log = cam.datasets.load_cdnow()
>>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
>>> purchases, spend = cam.BgNbd().fit(summary), cam.GammaGamma().fit(summary)
>>> scores = purchases.predict(summary, horizon=52, discount_rate=0.002, spend=spend)
>>> scores.nlargest(3, "customer_lifetime_value").round(2)[["probability_alive", "customer_lifetime_value"]]
             probability_alive  customer_lifetime_value
customer_id
509                       0.95                  1185.45
1081                      0.92                  1011.48
1516                      0.97                   980.63
"""

from cam import datasets, errors, plotting
from cam._base import Model, from_json, load
from cam._classics import BgBb, BgNbd, ParetoNbd
from cam._cohorts import CohortFits, cohort_table, fit_cohorts
from cam._compare import Comparison, compare
from cam._contracts import Bdw, Sbg
from cam._core import __version__
from cam._families import GgomNbd, ParetoNbdSarmanov
from cam._hierarchical import ParetoGgg, ParetoNbdHb
from cam._independence import SpendIndependence, spend_independence
from cam._inference import LikelihoodRatio, PredictionIntervals
from cam._phases import BgCnbdK, MbgCnbdK, MbgNbd, Nbd
from cam._priors import Prior
from cam._registry import models
from cam._regularity import Regularity, regularity
from cam._spend import GammaGamma, LogNormalSpend, NormalSpend
from cam._summary import SummaryBuilder, opportunities, split, summarize, tracking
from cam._tasks import run, tasks
from cam._time_varying import covariate_steps
from cam._value import customer_lifetime_value
from cam._value_uncertainty import (
    NewCustomerValue,
    ValueDistribution,
    lifetime_value_variance,
    new_customer_value,
    simulate_lifetime_value,
)
from cam.errors import AssumptionWarning, CamError, ConvergenceWarning, UnitWarning

__all__ = [
    "AssumptionWarning",
    "Bdw",
    "BgBb",
    "BgCnbdK",
    "BgNbd",
    "CamError",
    "CohortFits",
    "Comparison",
    "ConvergenceWarning",
    "GammaGamma",
    "GgomNbd",
    "LikelihoodRatio",
    "LogNormalSpend",
    "MbgCnbdK",
    "MbgNbd",
    "Model",
    "Nbd",
    "NewCustomerValue",
    "NormalSpend",
    "ParetoGgg",
    "ParetoNbd",
    "ParetoNbdHb",
    "ParetoNbdSarmanov",
    "PredictionIntervals",
    "Prior",
    "Regularity",
    "Sbg",
    "SpendIndependence",
    "SummaryBuilder",
    "UnitWarning",
    "ValueDistribution",
    "__version__",
    "cohort_table",
    "compare",
    "covariate_steps",
    "customer_lifetime_value",
    "datasets",
    "errors",
    "fit_cohorts",
    "from_json",
    "lifetime_value_variance",
    "load",
    "models",
    "new_customer_value",
    "opportunities",
    "plotting",
    "regularity",
    "run",
    "simulate_lifetime_value",
    "spend_independence",
    "split",
    "summarize",
    "tasks",
    "tracking",
]
