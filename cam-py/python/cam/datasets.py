"""The bundled data."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from cam._frames import UNIT, Frame, default_kind, make

__all__ = ["load_cdnow", "load_donations"]

# Donors by (frequency, recency), each with their number; six years observed.
_DONORS = {
    (0, 0): 3464,
    (1, 1): 1091, (1, 2): 277, (1, 3): 129, (1, 4): 78, (1, 5): 119, (1, 6): 129,
    (2, 2): 613, (2, 3): 255, (2, 4): 155, (2, 5): 173, (2, 6): 234,
    (3, 3): 322, (3, 4): 181, (3, 5): 225, (3, 6): 357,
    (4, 4): 240, (4, 5): 284, (4, 6): 512,
    (5, 5): 335, (5, 6): 728,
    (6, 6): 1203,
}  # fmt: skip


def load_cdnow(backend: str | None = None) -> Frame:
    """Load the CDNOW sample: the data set on which the models of this field are compared.

    6,919 purchases of 2,357 customers: every tenth of those who made their first purchase at the online retailer CDNOW
    in the first quarter of 1997, followed to 30 June 1998. In the literature the calibration ends on 1997-09-30, after 39 weeks.

    Parameters
    ----------
    backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
        The kind of frame; the first of them that is installed by default.

    Returns
    -------
    frame
        Columns `customer_id` (1 to 2357), `date`, `quantity` (CDs) and `amount` (US dollars).

    Notes
    -----
    Source: Fader and Hardie's public data set, as shipped in the MIT-licensed package lifetimes 0.11.3. Fader, P. S. and
    Hardie, B. G. S. (2001), "Forecasting repeat sales at CDNOW", Interfaces 31(3), S94-S107.

    Examples
    --------
    >>> import cam
    >>> cam.datasets.load_cdnow("pandas").head(2)
       customer_id       date  quantity  amount
    0            1 1997-01-01         2   29.33
    1            1 1997-01-18         2   29.73
    """
    kind = default_kind(backend)
    text = files("cam").joinpath("data/cdnow_sample.csv").read_text(encoding="utf-8")
    lines = text.splitlines()[2:]
    customer, date, quantity, amount = zip(*(line.split(",") for line in lines), strict=True)
    days = np.array(date, dtype="datetime64[D]")
    columns = {
        "customer_id": np.array(customer, dtype=np.int64),
        "date": days.astype("datetime64[us]") if kind == "pandas" else days,
        "quantity": np.array(quantity, dtype=np.int64),
        "amount": np.array(amount, dtype=np.float64),
    }
    return make(kind, columns, {})


def load_donations(backend: str | None = None) -> Frame:
    """Load the donations: the data set on which BG/BB was introduced.

    11,104 people who first gave to a public radio station in 1995, and whether they gave in each of the six years from 1996
    to 2001. Only how often and when last matters to the model, so they are 22 rows.

    Parameters
    ----------
    backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
        The kind of frame; the first of them that is installed by default.

    Returns
    -------
    frame
        Columns `frequency`, `recency`, `T` (in years) and `weight`, the number of donors.

    Notes
    -----
    Source: Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), Customer-base analysis in a discrete-time noncontractual
    setting, Marketing Science 29(6), 1086-1108; the numbers as in the MIT-licensed package lifetimes 0.11.3.

    Examples
    --------
    >>> import cam
    >>> donors = cam.datasets.load_donations("pandas")
    >>> len(donors), int(donors["weight"].sum())
    (22, 11104)
    """
    frequency, recency = np.array(list(_DONORS), dtype=np.float64).T
    columns = {
        "frequency": frequency.copy(),
        "recency": recency.copy(),
        "T": np.full(len(_DONORS), 6.0),
        "weight": np.array(list(_DONORS.values()), dtype=np.float64),
    }
    return make(default_kind(backend), columns, {UNIT: "year"})
