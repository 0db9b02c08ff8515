"""Pictures of data, of models, and of how well they do.

Every function takes ``ax=None`` and returns the Axes it drew on, so that pictures can be combined and changed. matplotlib is
needed here only (``pip install matplotlib``), and it is imported when a picture is drawn; no setting of it is changed.

- Of a log or a summary: `plot_timing`, `plot_interpurchase_times`, `plot_regularity`, `plot_exposure`;
- of what a model says: `plot_probability_alive_matrix`, `plot_expected_purchases_matrix`, `plot_discounted_purchases_matrix`,
  `plot_history`, `plot_heterogeneity`;
- of how well it does: `plot_tracking`, `plot_frequency`, `plot_posterior_predictive`, `plot_calibration_holdout`,
  `plot_recency`, `plot_spend_density`;
- of how sure its parameters are: `plot_likelihood_contours`.
"""

from cam.plotting._contours import plot_likelihood_contours
from cam.plotting._course import plot_history, plot_tracking
from cam.plotting._distributions import plot_frequency, plot_heterogeneity, plot_spend_density
from cam.plotting._exposure import plot_exposure
from cam.plotting._holdout import plot_calibration_holdout, plot_recency
from cam.plotting._log import plot_interpurchase_times, plot_regularity, plot_timing
from cam.plotting._matrices import (
    plot_discounted_purchases_matrix,
    plot_expected_purchases_matrix,
    plot_probability_alive_matrix,
)
from cam.plotting._predictive import plot_posterior_predictive

__all__ = [
    "plot_calibration_holdout",
    "plot_discounted_purchases_matrix",
    "plot_expected_purchases_matrix",
    "plot_exposure",
    "plot_frequency",
    "plot_heterogeneity",
    "plot_history",
    "plot_interpurchase_times",
    "plot_likelihood_contours",
    "plot_posterior_predictive",
    "plot_probability_alive_matrix",
    "plot_recency",
    "plot_regularity",
    "plot_spend_density",
    "plot_timing",
    "plot_tracking",
]
