"""Customers of a summary whose covariates change over time: their steps beside what else is known of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._core import Fitted
from cam._covariates import Encoding
from cam._frames import Floats, Frame, Source
from cam._tasks import run
from cam.errors import InvalidDataError, InvalidParameterError

__all__ = ["Walks", "beside", "key_of"]

# Columns of the core that are of steps, and those that a summary has, too.
OWN = ("start", "purchases")
SHARED = ("recency", "T")


def key_of(steps: Source, encoding: Encoding | None, customer: str) -> str:
    """Give the name of the column of keys: the one asked for, or where that is missing the only one that is nothing else."""
    if customer in steps:
        return customer
    read = {*OWN, *SHARED, "weight", *(encoding.columns if encoding is not None else ())}
    others = [str(name) for name in steps.names if name not in read]
    return others[0] if len(others) == 1 else customer


class Walks:
    """Which steps are whose.

    Parameters
    ----------
    summary : Source
        One row for each customer, with the key: a column, or the index of a pandas frame.
    steps : frame
        As from `cam.covariate_steps`. Customers who are not in the summary are left out.
    customer : str
        The name of the key in both.
    """

    def __init__(self, summary: Source, steps: Frame, customer: str) -> None:
        self.source = Source(steps)
        self.key = key_of(self.source, None, customer)
        if summary.unit is not None and self.source.unit is not None and summary.unit != self.source.unit:
            raise InvalidParameterError(
                f"the summary counts time in {summary.unit!r}, and the steps in {self.source.unit!r}", field="unit"
            )
        self._keys = summary.keys(customer)
        places: dict[Any, list[int]] = {}
        for row, key in enumerate(self.source.keys(self.key)):
            places.setdefault(key, []).append(row)
        rows, owners = [], []
        for owner, key in enumerate(self._keys):
            if key not in places:
                raise InvalidDataError(f"row {owner}: customer {key!r} has no steps", row=owner, field=customer)
            rows += places[key]
            owners += [owner] * len(places[key])
        self.rows: npt.NDArray[np.int64] = np.array(rows, dtype=np.int64)
        self.owners: npt.NDArray[np.int64] = np.array(owners, dtype=np.int64)
        self._summary = summary
        self._unit = self.source.unit if summary.unit is None else summary.unit
        self._read: set[str] = {*OWN}

    def hold(self, covariates: Iterable[str]) -> bool:
        """Tell whether there are such covariates, and all are columns of the steps."""
        names = list(covariates)
        return bool(names) and all(name in self.source for name in names)

    def steps(self) -> Frame:
        """Give the steps of the customers of the summary, and of no others."""
        return self.source.rows(self.rows)

    def columns(self, summary: Mapping[str, Floats], encodings: Iterable[Encoding | None]) -> dict[str, Floats]:
        """Give the steps as the core reads them, and beside them columns of the summary, each as often as there are steps.

        Parameters
        ----------
        summary : dict of arrays
            One value for each customer.
        encodings : sequence of Encoding
            The covariates of the models; those that are no columns of the steps are in the summary.
        """
        found = {name: self.source.float(name)[self.rows] for name in (*OWN, *SHARED)}
        found["customer"] = self.owners.astype(np.float64)
        for encoding in encodings:
            if encoding is not None and self.hold(encoding.columns):
                read = encoding.read(self.source)
                self._read |= read.keys()
                found |= {name: values[self.rows] for name, values in read.items()}
        for name in SHARED:
            if name in summary:
                self._check(name, found[name], summary[name][self.owners])
        return {**{name: values[self.owners] for name, values in summary.items()}, **found}

    def scorer(
        self, fitted: Fitted, summary: Mapping[str, Floats], encoding: Encoding | None, *, new: bool = False
    ) -> Callable[..., Floats]:
        """Give what scores these customers: called with a quantity, the threads, and arguments of the quantity.

        Parameters
        ----------
        new : bool
            Whether they are taken as just acquired.
        """
        columns = self.columns(summary, [encoding])
        if new:
            columns |= {name: np.zeros_like(columns[name]) for name in ("purchases", *SHARED)}

        def score(quantity: str, threads: int | None, **arguments: float) -> Floats:
            asked = {"quantity": {"quantity": quantity, **arguments}}
            with self.named_rows():
                answer = run("score_time_varying", columns, asked, models=[fitted], unit=self._unit, threads=threads)
            found: Floats = answer.columns["score"]
            return found

        return score

    def _check(self, name: str, of_steps: Floats, of_summary: Floats) -> None:
        """Refuse steps of another time of observation than the summary."""
        apart = np.abs(of_steps - of_summary) > 1e-9 * np.maximum(np.abs(of_summary), 1.0)
        if apart.any():
            first = int(np.argmax(apart))
            row, stepped = int(self.owners[first]), int(self.rows[first])
            raise InvalidDataError(
                f"row {row}: {name} is {of_summary[first]:g}, and {of_steps[first]:g} in row {stepped} of the steps: both must "
                "be of the same log, unit and end of observation",
                row=row,
                field=name,
            )

    @contextmanager
    def named_rows(self) -> Iterator[None]:
        """Let errors about a row name that of the summary, or of the steps."""
        try:
            with named_customers(self._keys):
                yield
        except InvalidDataError as problem:
            if problem.row is None or problem.row >= self.rows.size:
                raise
            of_steps = problem.field in self._read
            row = int((self.rows if of_steps else self.owners)[problem.row])
            where = " of the steps" if of_steps else ""
            message = re.sub(r"^row \d+\b", f"row {row}{where}", str(problem), count=1)
            told = InvalidDataError(message, row=row, field=problem.field)
            if of_steps:
                raise told from None
            with self._summary.named_rows():
                raise told from None


@contextmanager
def named_customers(keys: Sequence[Any]) -> Iterator[None]:
    """Let errors name a customer by the key, whom the core knows by a number."""
    try:
        yield
    except InvalidDataError as problem:

        def keyed(found: re.Match[str]) -> str:
            number = int(found[1])
            return f"customer {keys[number]!r}" if number < len(keys) else found[0]

        message = re.sub(r"\bcustomer (\d+)\b", keyed, str(problem), count=1)
        raise InvalidDataError(message, row=problem.row, field=problem.field) from None


@contextmanager
def beside(source: Source, walks: Walks | None) -> Iterator[None]:
    """Let errors about a row name the customer of a summary, be it by steps or not."""
    with source.named_rows() if walks is None else walks.named_rows():
        yield
