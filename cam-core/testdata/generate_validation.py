"""Measures of predictions, by numpy, scipy 1.17 and scikit-learn: python generate_validation.py > validation.csv

300 customers in the lines `row`: predicted, actual (a count), and a number from 0 to 1. Then a line for each measure.
"""

import numpy as np
import scipy.stats as st

try:
    from sklearn import metrics
except ImportError:
    metrics = None

rng = np.random.default_rng(7)
n = 300
rate = rng.gamma(0.6, 1.2, n)
actual = rng.poisson(rate).astype(float)
# Few digits, so that predictions are tied, too.
predicted = np.round(rate * rng.uniform(0.5, 1.5, n), 1)
uniform = rng.beta(1.15, 1.0, n)

print("# Measures of predictions by numpy, scipy and scikit-learn; see generate_validation.py.")
for p, a, u in zip(predicted, actual, uniform):
    print(f"row,{float(p)!r},{float(a)!r},{float(u)!r}")


def lorenz(by):
    """Shares of what happened; equal predictions are one step."""
    values = np.unique(by)[::-1]
    x = np.cumsum([0, *[(by == v).sum() for v in values]]) / n
    y = np.cumsum([0, *[actual[by == v].sum() for v in values]]) / actual.sum()
    return x, y


x, y = lorenz(predicted)
ideal = lorenz(actual)
area = metrics.auc if metrics else (lambda a, b: np.trapezoid(b, a))
ks = st.kstest(uniform, "uniform", method="asymp")
histogram = np.histogram(uniform, 10, (0, 1))[0]
chi = st.chisquare(histogram)
for name, value in {
    "mae": metrics.mean_absolute_error(actual, predicted) if metrics else np.abs(actual - predicted).mean(),
    "rmse": np.sqrt(((actual - predicted) ** 2).mean()),
    "aggregate_error": predicted.sum() / actual.sum() - 1,
    "spearman": st.spearmanr(predicted, actual)[0],
    "kendall": st.kendalltau(predicted, actual)[0],
    "gini": 2 * area(x, y) - 1,
    "gini_normalised": (2 * area(x, y) - 1) / (2 * area(*ideal) - 1),
    "lift_10": np.interp(0.1, x, y) / 0.1,
    "lift_20": np.interp(0.2, x, y) / 0.2,
    "ks": ks.statistic,
    "ks_p_value": ks.pvalue,
    "chi_square": chi.statistic,
    "chi_square_p_value": chi.pvalue,
}.items():
    print(f"{name},{float(value)!r}")
