"""The bundled data."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from cam._frames import Frame, default_kind, make

__all__ = ["load_cdnow"]


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
