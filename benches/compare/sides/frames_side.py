"""polars, pandas, numpy and DuckDB: the summary of a log as one would write it well by hand in each.

All give lifetimes' columns from a log of (customer_id, date, amount): purchases on one day are one,
`frequency` counts the days after the first, and `monetary_value` is the mean of their totals, 0
where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from data import Data

Work = Callable[[], Any]


def _polars(data: Data, tuned: bool) -> Work:
    """As one writes it (default engine); or `tuned`, the fastest of eight ways tried: the streaming engine,
    and customer and day packed into one integer."""
    # Threads: POLARS_MAX_THREADS, set before the import by the caller.
    import polars as pl

    log = pl.DataFrame(data.columns)
    span = 100_000

    def work() -> Any:
        end = log["date"].max()
        if tuned:
            key = pl.col("customer_id") * span + pl.col("date").dt.epoch("d").cast(pl.Int64)
            totals = log.lazy().select("amount", key=key).group_by("key").agg(pl.col("amount").sum())
            days = totals.select(
                "amount",
                customer_id=pl.col("key") // span,
                date=(pl.col("key") % span).cast(pl.Int32).cast(pl.Date),
            )
        else:
            days = log.lazy().group_by("customer_id", "date").agg(pl.col("amount").sum())
        # The streaming engine is faster at the one, the other engine at the other.
        first = pl.col("amount").min_by("date") if tuned else pl.col("amount").get(pl.col("date").arg_min())
        per_customer = days.group_by("customer_id").agg(
            first=pl.col("date").min(),
            last=pl.col("date").max(),
            count=pl.len(),
            total=pl.col("amount").sum(),
            first_amount=first,
        )
        frequency = pl.col("count").cast(pl.Float64) - 1.0
        return per_customer.select(
            "customer_id",
            frequency=frequency,
            recency=(pl.col("last") - pl.col("first")).dt.total_days().cast(pl.Float64),
            T=(end - pl.col("first")).dt.total_days().cast(pl.Float64),
            monetary_value=pl.when(frequency > 0)
            .then((pl.col("total") - pl.col("first_amount")) / frequency)
            .otherwise(0.0),
        ).collect(engine="streaming" if tuned else "in-memory")

    return work


def _pandas(data: Data, _threads: int) -> Work:
    import pandas as pd

    log = pd.DataFrame(data.columns, copy=False)

    def work() -> Any:
        end = log["date"].max()
        days = log.groupby(["customer_id", "date"], sort=True)["amount"].sum().reset_index()
        # Sorted by day within the customer: the first row of each is the first purchase.
        groups = days.groupby("customer_id", sort=False)
        out = groups.agg(
            first=("date", "first"),
            last=("date", "last"),
            frequency=("amount", "size"),
            total=("amount", "sum"),
            first_amount=("amount", "first"),
        )
        one_day = pd.Timedelta(days=1)
        frequency = out["frequency"] - 1.0
        value = ((out["total"] - out["first_amount"]) / frequency).where(frequency > 0, 0.0)
        return pd.DataFrame(
            {
                "frequency": frequency,
                "recency": (out["last"] - out["first"]) / one_day,
                "T": (end - out["first"]) / one_day,
                "monetary_value": value,
            }
        )

    return work


def _numpy(data: Data, _threads: int) -> Work:
    customer, date, amount = data["customer_id"], data["date"], data["amount"]

    def work() -> dict[str, float]:
        day = date.astype("datetime64[D]").astype(np.int64)
        origin, end = day.min(), day.max()
        span = int(end - origin) + 1
        key = customer * span + (day - origin)
        order = np.argsort(key, kind="stable")
        key = key[order]
        start = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        total = np.add.reduceat(amount[order], start)
        who, when = np.divmod(key[start], span)
        begin = np.flatnonzero(np.concatenate(([True], who[1:] != who[:-1])))
        count = np.diff(np.append(begin, len(who)))
        frequency = count - 1.0
        spend = np.add.reduceat(total, begin) - total[begin]
        recency = (when[begin + count - 1] - when[begin]).astype(np.float64)
        age = (end - origin - when[begin]).astype(np.float64)
        value = np.divide(spend, frequency, out=np.zeros(len(begin)), where=frequency > 0)
        # Columns are the result; their means stand for them here.
        return {
            "rows": len(begin),
            "mean frequency": frequency.mean(),
            "mean recency": recency.mean(),
            "mean T": age.mean(),
            "mean monetary_value": value.mean(),
        }

    return work


def _duckdb(data: Data, threads: int) -> Work:
    import duckdb
    import pyarrow as pa

    log = pa.table(data.columns)
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.register("log", log)
    query = """
        WITH days AS (SELECT customer_id, date, sum(amount) AS amount FROM log GROUP BY ALL),
        customers AS (
            SELECT customer_id, min(date) AS first, max(date) AS last, count(*) - 1.0 AS frequency,
                   sum(amount) AS total, arg_min(amount, date) AS first_amount
            FROM days GROUP BY customer_id)
        SELECT customer_id, frequency::DOUBLE AS frequency,
               date_diff('day', first, last)::DOUBLE AS recency,
               date_diff('day', first, (SELECT max(date) FROM log))::DOUBLE AS "T",
               CASE WHEN frequency > 0 THEN (total - first_amount) / frequency ELSE 0.0 END AS monetary_value
        FROM customers
    """
    return lambda: connection.sql(query).to_arrow_table()


TASKS: dict[Any, Callable[[Data, int], Work]] = {
    ("polars", "summary"): lambda data, _threads: _polars(data, tuned=False),
    ("polars_tuned", "summary"): lambda data, _threads: _polars(data, tuned=True),
    ("pandas", "summary"): _pandas,
    ("numpy", "summary"): _numpy,
    ("duckdb", "summary"): _duckdb,
}
