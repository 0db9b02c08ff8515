"""Writes counting_more.csv beside this file: what generate_counting.py leaves out, by ball arithmetic.

    python -m venv venv && venv/bin/pip install "python-flint==0.9.0" && venv/bin/python generate_counting_more.py

Columns as in counting.csv. Four parts:

- BG/CNBD-k and MBG/CNBD-k with k = 16, 20 and 32, by the sums of generate_counting.py;
- their discounted purchases for ever at a continuous rate d, for every k, as the series over purchases
  sum of E[q^(i-1)] E[(l/(l + d))^(ki-j)], where the second factor is (Ad)^m Gamma(m+n)/Gamma(m) U(m+n, m+1, Ad), n = ki - j, with Tricomi's function: no
  quadrature, neither over l nor over p;
- who is still a customer after so long that hardly anybody is: P(alive) down to 1e-60, by the sums of generate_counting.py;
- posterior means of p and theta in BG/BB, as quotients of the sums over the moment of leaving that define them.
"""

import os
import random

from flint import arb

from generate_counting import Counting, answer, line, ln_beta, make, stays
from generate_quantities import INF, lgamma, settled, short

HERE = os.path.dirname(os.path.abspath(__file__))

KINDS = [("bg_cnbd_k", 0), ("mbg_cnbd_k", 1)]
SETS = [
    (0.524844, 6.183093, 0.891388, 1.614048),
    (0.226917, 1.462918, 0.943996, 2.074316),
    (1.7, 40.0, 1.0, 1.0),
    (12.0, 250.0, 60.0, 0.02),
    (2.5, 1e4, 25.0, 1e-2),
]


def forever(model, row, rate):
    """Discounted purchases for ever."""
    states, _ = model.states(row)
    total = arb(0)
    for share, m, scale, b, phase in states:
        c = scale * arb(rate)
        front = m * c.log() - lgamma(m)
        stay, here, n = stays(model.a, b), arb(0), model.k - phase
        for _ in range(200000):
            term = next(stay) * (front + lgamma(m + n)).exp() * c.hypgeom_u(m + n, m + 1)
            here += term
            n += model.k
            # Terms fall at least geometrically, by no less than they did before far out; 1e-38 leaves room for a slow fall.
            if term < here * arb(10) ** -38:
                break
        else:
            raise ArithmeticError("too many purchases")
        total += share * here
    return total


def history(rng):
    x = rng.choice([0, 1, 2, 7, 29])
    age = rng.choice([38.86, 200.0, 730.0])
    return (x, age * rng.choice([0.03, 0.5, 0.9, 1.0]) if x else 0.0, age)


def counting():
    rng = random.Random(20261123)
    for name, first in KINDS:
        for k in (16, 20, 32):
            for theta in SETS:
                for row in [None, history(rng)]:
                    asked = [("purchases", (52.0,)), ("alive", (52.0,)), ("count", (rng.choice([0, 1, 3]), 52.0))]
                    if row:
                        asked += [("log_likelihood", ()), ("alive", (0,))]
                    for quantity, values in asked:
                        job = (name, k, first, theta, row, quantity, values)
                        yield line(job, answer(lambda: make(name, theta, k, first), row, quantity, values))
        for k in (1, 2, 5, 12, 32):
            for theta in SETS[:3]:
                for row, rate in [(None, 0.5), (history(rng), 0.25), (history(rng), 3.0)]:
                    job = (name, k, first, theta, row, "continuous", (rate, INF))
                    yield line(job, settled(lambda: forever(Counting(*theta, k=k, first=first), row, rate)))


# So many phases may end that the chance to stay is that of a rate or a dropout probability near 0.
LEFT = [
    (7.767745256459182, 1.0, 10.834879226025986, 1.0),
    (30.0, 2.0, 12.0, 0.5),
    (3.0, 0.5, 40.0, 3.0),
    (60.0, 10.0, 25.0, 0.02),
    (0.3, 1.0, 5.0, 0.01),
]


def hardly_anybody():
    for name, first in KINDS:
        for k in (2, 3, 7, 12, 31):
            for theta in LEFT:
                for row in [None, (3, 2.0, 2.5)]:
                    for after in (30.0, 900.0):
                        job = (name, k, first, theta, row, "alive", (after,))
                        yield line(job, answer(lambda: make(name, theta, k, first), row, "alive", (after,)))


BB = [
    (1.203507, 0.749767, 0.656757, 2.783887),
    (1.0, 1.0, 1.0, 1.0),
    (0.01, 5.0, 3.0, 0.02),
    (50.0, 3.0, 1e-3, 40.0),
    (200.0, 1e4, 0.5, 300.0),
]


def likelihood(theta, row, p=0, t=0):
    """E of the likelihood times p^p theta^t."""
    alpha, beta, gamma, delta = (arb(v) for v in theta)
    x, t_x, n = row

    def term(idle, left, there):
        a, b = alpha + x + p, beta + idle
        c, d = gamma + t + left, delta + there
        return (ln_beta(a, b) - ln_beta(alpha, beta) + ln_beta(c, d) - ln_beta(gamma, delta)).exp()

    return term(n - x, 0, n) + sum((term(i - x, 1, i) for i in range(t_x, n)), arb(0))


def discrete():
    rows = [(0, 0, 6), (2, 4, 6), (6, 6, 6), (1, 1, 60), (29, 40, 60), (0, 0, 1), (300, 350, 1000), (1, 900, 1000)]
    for theta in BB:
        for row in rows:
            for name, powers in (("posterior_p", (1, 0)), ("posterior_theta", (0, 1))):
                value = settled(lambda: likelihood(theta, row, *powers) / likelihood(theta, row))
                cells = ["bg_bb", *map(short, theta), *map(short, row), name, "", "", short(float(value.mid()))]
                yield ",".join(cells)


def main():
    head = ("# BG/CNBD-k and MBG/CNBD-k for k beyond 12 and discounted for ever, and posterior means of BG/BB, at 30 digits. By generate_counting_more.py with "
            "python-flint 0.9.0 (Arb); its docstring tells the columns.\nmodel,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
    lines = [*discrete(), *counting(), *hardly_anybody()]
    with open(os.path.join(HERE, "counting_more.csv"), "w", encoding="utf-8") as file:
        file.write(head + "\n".join(dict.fromkeys(lines)) + "\n")
    print(len(lines), "values")


if __name__ == "__main__":
    main()
