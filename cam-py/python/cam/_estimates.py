"""What is known of a model: its parameters and, where they were estimated, how well; and how it shows itself."""

from __future__ import annotations

import json
import math
from html import escape
from typing import Any, ClassVar

import numpy as np

from cam._call import flag, number
from cam._core import Fitted
from cam._covariates import Covariates, Encoding
from cam._frames import Floats, Frame, default_kind, make
from cam._registry import Spec
from cam.errors import NotFittedError


class Estimates:
    """The parameters of a model and what their fit found."""

    model: ClassVar[str | None] = None
    _spec: Spec
    _core: Fitted | None
    _asked: Covariates
    _kind: str | None

    @property
    def _fitted(self) -> Fitted:
        if self._core is None:
            raise NotFittedError(f"this {self._spec.title} model has no parameters yet: call fit or from_params first")
        return self._core

    @property
    def params_(self) -> dict[str, float]:
        """The parameters by name, and after them the coefficients of covariates."""
        return dict(zip(self._fitted.names, self._fitted.parameters, strict=True))

    @property
    def coefficients_(self) -> dict[str, float]:
        """The coefficients of covariates by process and column, such as ``purchase:age``; empty where there are none."""
        own = len(self._spec.parameters)
        return dict(zip(self._fitted.names[own:], self._fitted.parameters[own:], strict=True))

    @property
    def _encoding(self) -> Encoding | None:
        return Encoding.from_json(self._fitted.covariates)

    @property
    def _estimated(self) -> list[str]:
        """The names of what is estimated; whole numbers are chosen."""
        return self._spec.estimated + self._fitted.names[len(self._spec.parameters) :]

    @property
    def _meanings(self) -> list[str]:
        return self._spec.meanings + [
            f"exponent of {term} in {acts}" for acts, _, term in (name.partition(":") for name in self.coefficients_)
        ]

    @property
    def unit_(self) -> str | None:
        """The unit of time, where it is known."""
        return self._fitted.unit

    @property
    def log_likelihood_(self) -> float:
        """The maximum of the log-likelihood: the sum over customers."""
        return self._fitted.report()[0]

    @property
    def n_customers_(self) -> float:
        """The customers who entered, each as often as its weight says."""
        return self._fitted.report()[1]

    @property
    def n_distinct_rows_(self) -> int:
        """The distinct rows among them."""
        return self._fitted.report()[2]

    @property
    def n_evaluations_(self) -> int:
        """Evaluations of the likelihood over all rows, in the search whose result is reported."""
        return self._fitted.report()[3]

    @property
    def gradient_norm_(self) -> float:
        """The largest first derivative of the mean log-likelihood with respect to a log-parameter, at the last evaluation.

        The estimates may be one step of Newton's further, where the step before showed that it would only confirm them.
        """
        return self._fitted.report()[4]

    @property
    def status_(self) -> str:
        """How the fit ended: `converged`, or `boundary`, `not_converged`, `not_maximum`."""
        return self._fitted.report()[5]

    @property
    def converged_(self) -> bool:
        """Whether the fit ended at a maximum: the gradient vanishes and the Hessian is negative definite.

        Of a posterior: whether its chains agree, no R-hat being above 1.01, and are worth at least 100 independent draws each.
        """
        return self.status_ == "converged"

    @property
    def _is_sampled(self) -> bool:
        return self._core is not None and self._core.sampled

    @property
    def _mixing(self) -> dict[str, Floats]:
        """R-hat and the effective numbers of draws of each parameter that was sampled."""
        mixing = json.loads(self._fitted.posterior()[1])["mixing"]
        # A None is NaN, which is the worst of all.
        return {
            name: np.array([m[name] for m in mixing], dtype=np.float64) for name in ("r_hat", "ess_bulk", "ess_tail")
        }

    def _worst_mixing(self) -> tuple[float, float]:
        """Give the largest R-hat and the smallest effective number of draws."""
        mixing = self._mixing
        return float(mixing["r_hat"].max()), float(np.minimum(mixing["ess_bulk"], mixing["ess_tail"]).min())

    def _found(self, form: str = "{:.9g}") -> str:
        """Tell what the fit found: the maximum, or the posterior and whether its chains can be relied on."""
        if not self._is_sampled:
            return f"log-likelihood {form.format(self.log_likelihood_)}, {self.status_}"
        chains, draws = next(iter(self._fitted.posterior()[0].values())).shape
        r_hat, ess = self._worst_mixing()
        return f"posterior (nuts), {chains} x {draws} draws, largest R-hat {r_hat:.3f}, smallest ESS {ess:.0f}, {self.status_}"

    @property
    def checks_(self) -> dict[str, dict[str, Any]]:
        """What the data say to the assumptions of the model, by name: `statistic`, `p_value`, `contradicted` and `message`."""
        fields = ("statistic", "p_value", "contradicted", "message")
        return {name: dict(zip(fields, found, strict=True)) for name, *found in self._fitted.checks()}

    @property
    def covariance_(self) -> Floats:
        """The covariance matrix of the estimates: the inverse of the negative Hessian."""
        return self._fitted.covariance()

    @property
    def standard_errors_(self) -> dict[str, float]:
        """The square roots of the diagonal of the covariance, by parameter that is estimated (a whole number is chosen)."""
        errors = np.sqrt(np.diag(self.covariance_)).tolist()
        return dict(zip(self._estimated, errors, strict=True))

    @property
    def aic_(self) -> float:
        """Akaike's information criterion, 2k - 2 ln L; smaller is better."""
        return self._fitted.information_criteria()[0]

    @property
    def bic_(self) -> float:
        """The Bayesian information criterion, k ln n - 2 ln L; smaller is better."""
        return self._fitted.information_criteria()[1]

    def confidence_intervals_(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Give an interval for each parameter: Wald intervals of its logarithm, so that they keep to the positive numbers.

        Parameters
        ----------
        level : float
            The probability with which an interval shall cover the parameter.

        Returns
        -------
        dict
            Lower and upper end by parameter that is estimated.
        """
        intervals = self._fitted.confidence_intervals(number("level", level))
        return dict(zip(self._estimated, intervals, strict=True))

    def summary(self, *, level: float = 0.95, meanings: bool = False, backend: str | None = None) -> Frame:
        """Tabulate the estimates.

        Parameters
        ----------
        level : float
            The level of the confidence intervals.
        meanings : bool
            Whether to add a column `meaning`, which says in words what each parameter is.
        backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
            The kind of frame; by default that of the data, or the first of them that is installed.

        Returns
        -------
        frame
            Columns `estimate`, `standard_error`, `lower` and `upper`; NaN where there was no fit that
            converged, and for a whole number, which is chosen. Of a posterior they are the means, standard deviations and
            quantiles of the draws, and `r_hat`, `ess_bulk` and `ess_tail` say whether its chains can be relied on. pandas has
            the parameters as index, others as first column.
        """
        names = self._fitted.names
        columns: dict[str, Any] = {"estimate": np.array(self._fitted.parameters)}
        errors, ends = np.full(len(names), np.nan), np.full((len(names), 2), np.nan)
        free = [names.index(name) for name in self._estimated]
        if self._fitted.estimated and (self.converged_ or self._is_sampled):
            errors[free] = np.sqrt(np.diag(self.covariance_))
            ends[free] = np.array(list(self.confidence_intervals_(level).values()))
        columns |= {"standard_error": errors, "lower": ends[:, 0].copy(), "upper": ends[:, 1].copy()}
        if self._is_sampled:
            for name, values in self._mixing.items():
                columns[name] = np.full(len(names), np.nan)
                columns[name][free] = values
        if flag("meanings", meanings):
            columns["meaning"] = self._meanings
        kind = default_kind(None) if backend is None and self._kind is None else backend or str(self._kind)
        if backend is not None:
            kind = default_kind(backend)
        return make(kind, columns, {}, index=list(names), index_name="parameter")

    def __repr__(self) -> str:
        name = type(self).__name__ + (f"({self._spec.id!r})" if type(self).model is None else "")
        if self._core is None:
            given = ([repr(self._spec.id)] if type(self).model is None else []) + self._asked.shown()
            return f"{type(self).__name__}({', '.join(given)})"
        values = ", ".join(f"{k}={v:.6g}" for k, v in self.params_.items())
        unit = f", unit={self.unit_!r}" if self.unit_ else ""
        found = f": {self._found()}" if self._core.estimated else ""
        return f"<{name} {values}{unit}{found}>"

    def _repr_html_(self) -> str:
        title = escape(self._spec.title)
        if self._core is None:
            return f"<b>{title}</b>, not fitted yet"
        fit = self._core.estimated and (self.converged_ or self._is_sampled)
        errors = self.standard_errors_ if fit else {}
        ends = self.confidence_intervals_() if fit else {}
        rows = []
        for name, meaning in zip(self._fitted.names, self._meanings, strict=True):
            low, high = ends.get(name, (math.nan, math.nan))
            cells = [f"{x:.6g}" if x == x else "" for x in (self.params_[name], errors.get(name, math.nan), low, high)]
            rows.append(
                f"<tr><th>{escape(name)}</th>{''.join(f'<td>{c}</td>' for c in cells)}"
                f'<td style="text-align:left">{escape(meaning)}</td></tr>'
            )
        found = ""
        if self._core.estimated:
            found = f"<br>{escape(self._found('{:,.3f}'))}, {self.n_customers_:,.0f} customers"
        unit = f", per {escape(self.unit_)}" if self.unit_ else ""
        head = "<tr><th></th><th>estimate</th><th>std. error</th><th>2.5 %</th><th>97.5 %</th><th>meaning</th></tr>"
        return f"<b>{title}</b>{unit}{found}<table>{head}{''.join(rows)}</table>"
