"""The data every library is measured on: simulated once from a fixed seed, kept as .npy files, and hashed.

Three kinds of data set, named as they are asked for on the command line of `measure.py`:

`bg-N`, `pareto-N`
    N customers with the published CDNOW parameters (weeks), acquired evenly over 84 days and observed to day
    272, that is for 27 to 38.9 weeks. Purchases fall on a grid of days, several on one day count as one, just
    as in the CDNOW data. Spend follows Gamma–Gamma with the CDNOW parameters, and totals are whole cents.
`log-N`
    N rows in no order: a customer out of N/10, a day out of 730, an amount in cents.
`cdnow`
    The real 1/10 sample, calibration period (39 weeks), from the transactions in `cam-core/testdata`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20_050_101
LAST_DAY = 272
ACQUISITION_DAYS = 84
LOG_DAYS = 730

# Published maximum-likelihood estimates, 39 weeks of CDNOW (Fader, Hardie & Lee 2005), in weeks and dollars.
BG = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
PARETO = {"r": 0.55328, "alpha": 10.57768, "s": 0.60624, "beta": 11.66873}
GAMMA_GAMMA = {"p": 6.24957, "q": 3.74422, "v": 15.44352}


@dataclass(frozen=True)
class Data:
    """One data set: its columns, what it is called, and the hash of its bytes."""

    name: str
    hash: str
    columns: dict[str, np.ndarray]

    def __getitem__(self, column: str) -> np.ndarray:
        return self.columns[column]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))


def load(name: str, folder: Path) -> Data:
    """The data set `name`, simulated into `folder` unless it is there already."""
    home = folder / name
    meta = home / "meta.json"
    if not meta.exists():
        columns = _make(name)
        home.mkdir(parents=True, exist_ok=True)
        for column, values in columns.items():
            np.save(home / f"{column}.npy", values)
        meta.write_text(json.dumps({"columns": list(columns), "hash": _hash(columns)}))
        del columns
    known = json.loads(meta.read_text())
    return Data(name, known["hash"], {c: np.load(home / f"{c}.npy") for c in known["columns"]})


def _hash(columns: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for column, values in columns.items():
        digest.update(column.encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]


def _make(name: str) -> dict[str, np.ndarray]:
    kind, _, size = name.partition("-")
    if kind == "cdnow":
        return _cdnow()
    if kind == "varying":
        return _varying()
    if kind == "log":
        return _log(int(size))
    return _customers(kind, int(size))


def _customers(story: str, n: int) -> dict[str, np.ndarray]:
    """Simulate n customers: all of them one purchase at a time, until no one is left who may still buy."""
    rng = np.random.default_rng([SEED, n, len(story)])
    first_day = rng.integers(0, ACQUISITION_DAYS, n)
    # The first purchase happens at some hour of its day; times below are days on the calendar.
    start = first_day + rng.random(n)
    if story == "bg":
        rate = rng.gamma(BG["r"], 1.0 / BG["alpha"], n) / 7.0
        leave = rng.beta(BG["a"], BG["b"], n)
        end = np.full(n, LAST_DAY + 1.0)
    elif story == "pareto":
        rate = rng.gamma(PARETO["r"], 1.0 / PARETO["alpha"], n) / 7.0
        death = rng.gamma(PARETO["s"], 1.0 / PARETO["beta"], n) / 7.0
        leave = np.zeros(n)
        with np.errstate(divide="ignore", over="ignore"):
            end = np.minimum(start + rng.exponential(size=n) / death, LAST_DAY + 1.0)
    else:
        raise SystemExit(f"no data set of the kind {story!r}")

    frequency = np.zeros(n)
    last_day = first_day.copy()
    who, now = np.arange(n), start
    while len(who):
        with np.errstate(divide="ignore", over="ignore"):
            now = now + rng.exponential(size=len(who)) / rate[who]
        buys = now < end[who]
        who, now = who[buys], now[buys]
        day = now.astype(np.int64)
        frequency[who] += day > last_day[who]
        last_day[who] = day
        stays = rng.random(len(who)) >= leave[who]
        who, now = who[stays], now[stays]

    spender = frequency > 0
    x = frequency[spender]
    per_dollar = rng.gamma(GAMMA_GAMMA["q"], 1.0 / GAMMA_GAMMA["v"], len(x))
    total = rng.gamma(GAMMA_GAMMA["p"] * x) / per_dollar
    monetary = np.zeros(n)
    monetary[spender] = np.maximum(np.round(total * 100.0), 1.0) / 100.0 / x
    return {
        "customer_id": np.arange(n),
        "frequency": frequency,
        "recency": (last_day - first_day) / 7.0,
        "T": (LAST_DAY - first_day) / 7.0,
        "monetary_value": monetary,
    }


def _varying(customers: int = 600, weeks: int = 313) -> dict[str, np.ndarray]:
    """Pareto/NBD whose rates follow a season, a promotion and a price, week by week: one row a customer and week."""
    rng = np.random.default_rng([SEED, customers, weeks])
    buying, leaving = np.array([0.5, 0.4, -0.3]), np.array([-0.4, 0.3, 0.2])
    blocks = []
    for customer in range(customers):
        season = np.sin(2 * np.pi * (np.arange(weeks) + customer % 13) / 52)
        z = np.stack([season, rng.random(weeks) < 0.3, rng.normal(0, 1, weeks).round(1)], 1)
        # The clocks of purchases and of the lifetime, at the beginning of each week and at the end of the last.
        fast, slow = np.exp(z @ buying), np.exp(z @ leaving)
        clock, age = (np.concatenate([[0.0], np.cumsum(rate)]) for rate in (fast, slow))
        rate, risk = rng.gamma(0.9) / 9.0, rng.gamma(0.8) / 60.0
        leave = rng.exponential() / risk
        week = min(int(np.searchsorted(age, leave)) - 1, weeks - 1)
        life = weeks if leave >= age[-1] else week + (leave - age[week]) / slow[week]
        week = min(int(life), weeks - 1)
        end = clock[week] + fast[week] * (life - week)
        bought = np.sort(rng.uniform(0, end, rng.poisson(rate * end)))
        when = np.clip(np.searchsorted(clock, bought, side="right") - 1, 0, weeks - 1)
        last = when[-1] + (bought[-1] - clock[when[-1]]) / fast[when[-1]] if len(when) else 0.0
        purchases = np.bincount(when, minlength=weeks)
        known = np.broadcast_to([customer, last, weeks], (weeks, 3))
        blocks.append(np.column_stack([known, np.arange(weeks), purchases, z]))
    names = ["customer_id", "recency", "T", "start", "purchases", "season", "promotion", "price"]
    return dict(zip(names, np.concatenate(blocks).T.copy(), strict=True))


def _log(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([SEED, n])
    day = rng.integers(0, LOG_DAYS, n)
    return {
        "customer_id": rng.integers(0, max(n // 10, 1), n),
        "date": (np.datetime64("2024-01-01", "D") + day).astype("datetime64[us]"),
        "amount": np.round(rng.gamma(2.0, 15.0, n) * 100.0 + 1.0) / 100.0,
    }


def _cdnow() -> dict[str, np.ndarray]:
    text = (Path(__file__).resolve().parents[2] / "cam-core" / "testdata" / "CDNOW_sample.txt").read_text()
    rows = [line.split() for line in text.splitlines() if line.strip()]
    customer = np.array([int(row[1]) for row in rows])
    date = np.array([f"{row[2][:4]}-{row[2][4:6]}-{row[2][6:]}" for row in rows], dtype="datetime64[D]")
    amount = np.array([float(row[4]) for row in rows])
    end = np.datetime64("1997-09-30")
    keep = date <= end
    # Several purchases on one day are one: sum over unique (customer, day).
    key = customer[keep] * 100_000 + (date[keep] - np.datetime64("1997-01-01")).astype(np.int64)
    key, index = np.unique(key, return_inverse=True)
    total = np.bincount(index, weights=amount[keep])
    who, day = np.divmod(key, 100_000)
    ids, start, count = np.unique(who, return_index=True, return_counts=True)
    frequency = count - 1.0
    spend = np.add.reduceat(total, start) - total[start]
    return {
        "customer_id": ids,
        "frequency": frequency,
        "recency": (day[start + count - 1] - day[start]) / 7.0,
        "T": ((end - np.datetime64("1997-01-01")).astype(np.int64) - day[start]) / 7.0,
        "monetary_value": np.divide(spend, frequency, out=np.zeros(len(ids)), where=frequency > 0),
    }
