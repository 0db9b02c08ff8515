"""Writes contracts.csv beside this file: what sBG and BdW must answer, at 60 digits.

    python -m venv venv && venv/bin/pip install "mpmath==1.4.1" && venv/bin/python generate_contracts.py

Nothing here follows the methods of cam_core. S(t) = B(a, b + t^c)/B(a, b) is taken from gamma functions at 90 digits, the probability of j
renewals is the difference of two S, and every answer is the plain sum over them that defines it: the variance is that of the distribution
of the discounted sum. A sum for ever is taken until what is left is below 1e-30 of it. `generate_contracts.py check` compares S, the
posterior mean of theta and an expectation with integrals over theta. Derivatives are central differences with relative steps of 1e-40 at
130 digits.

A row is `model,p1,p2,p3,p4,frequency,T,,quantity,argument1,argument2,value`.
"""

import os
import random
import sys

from mpmath import beta as beta_function
from mpmath import exp, inf, log, loggamma, mp, mpf, quad

HERE = os.path.dirname(os.path.abspath(__file__))
mp.dps = 60


def survivor(theta, t):
    """S(t): still there after t opportunities."""
    a, b, c = theta
    if t == 0:
        return mpf(1)
    with mp.workdps(mp.dps + 30):
        n = mpf(t) ** c
        return exp(loggamma(b + n) - loggamma(b) + loggamma(a + b) - loggamma(a + b + n))


def likelihood(theta, x, n):
    return survivor(theta, x) - survivor(theta, x + 1) if x < n else survivor(theta, n)


class Future:
    """Of a customer who is there after n opportunities: G(j), kept."""

    def __init__(self, theta, n):
        self.theta, self.n, self.kept = theta, n, {}

    def further(self, j):
        if j not in self.kept:
            self.kept[j] = survivor(self.theta, self.n + j) / survivor(self.theta, self.n)
        return self.kept[j]

    def count(self, m, after, h):
        """P(m renewals at the h opportunities after the next `after`)."""
        if m > h:
            return mpf(0)
        if m == h:
            return self.further(after + m)
        return (self.further(after + m) if m else mpf(1)) - self.further(after + m + 1)

    def renewals(self, h, v=mpf(1)):
        total, term, j = mpf(0), v, 1
        while j <= h:
            total += term * self.further(j)
            if term * v / (1 - v) * self.further(j) < mpf(10) ** -30 * total if v < 1 else False:
                break
            term *= v
            j += 1
        return total

    def variance(self, h, v=mpf(1)):
        """Of V_K, V_k = v + ... + v^k, K renewals of h opportunities: sum over P(K = k)."""
        paid, first, second, k, power = mpf(0), mpf(0), mpf(0), 0, v
        while k < h:
            p = self.further(k) - self.further(k + 1)
            first += p * paid
            second += p * paid**2
            paid += power
            power *= v
            k += 1
            if v < 1 and power < mpf(10) ** -40 * paid:
                break
        p = self.further(k)
        return second + p * paid**2 - (first + p * paid) ** 2


def dropout(theta, x, n):
    """E[theta | row]: theta moves the first shape of its beta distribution up by one."""
    a, b, c = theta
    return a / (a + b) * likelihood((a + 1, b, c), x, n) / likelihood(theta, x, n)


def gradient(f, theta, k):
    theta = list(theta)
    with mp.workdps(130):
        step = theta[k] * mpf(10) ** -40
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        return (f(up) - f(down)) / (2 * step)


SETS = [
    (0.7040773, 1.182043, None),
    (0.66808834, 3.8060949, None),
    (1e-3, 0.05, None),
    (300.0, 700.0, None),
    (1e4, 5e7, None),
    (0.02, 1e-3, None),
    (12.0, 0.25, None),
    (0.45561402, 0.77932556, 1.2834512),
    (0.21425332, 1.4265748, 1.7235649),
    (0.8, 4.0, 1.0),
    (0.8, 4.0, 1.0000000001),
    (1.5, 30.0, 0.4),
    (0.05, 0.3, 0.07),
    (0.01, 50.0, 3.5),
    (40.0, 1e5, 2.5),
    (2.0, 1e-3, 0.9),
    (1e5, 3e7, 1.3),
]
ROWS = [(0, 0), (0, 1), (1, 1), (0, 12), (5, 9), (7, 7), (52, 52), (51, 60), (364, 365), (365, 365), (2000, 2000)]


def lines():
    rng = random.Random(11)
    for given in SETS:
        model, theta = ("sbg", given[:2]) if given[2] is None else ("bdw", given)
        exact = (mpf(given[0]), mpf(given[1]), mpf(1 if given[2] is None else given[2]))
        for x, n in ROWS:
            known = [repr(float(x)), repr(float(n))] if n else ["", ""]
            parameters = [*map(repr, theta), "", ""][:4] if model == "sbg" else [*map(repr, theta), ""]

            def write(quantity, value, *arguments, known=known, parameters=parameters, model=model):
                arguments = [repr(v) for v in arguments] + [""] * (2 - len(arguments))
                return ",".join([model, *parameters, *known, "", quantity, *arguments, mp.nstr(value, 17)])

            if n:
                yield write("log_likelihood", log(likelihood(exact, x, n)))
                for k in range(len(theta)):
                    yield write("gradient", gradient(lambda at: log(likelihood(at, x, n)), exact, k), k)
            yield write("posterior_theta", dropout(exact, x, n))
            if x < n:
                continue
            future = Future(exact, n)
            for after in (1, rng.choice([3, 60, 5000])):
                yield write("alive", future.further(after), after)
            for h in (rng.choice([1, 5]), rng.choice([52, 400])):
                yield write("purchases", future.renewals(h), h)
                yield write("variance", future.variance(h), h)
            for m, h in ((0, 3), (rng.choice([1, 2]), rng.choice([6, 20])), (5, 5), (40, rng.choice([40, 200]))):
                yield write("count", future.count(m, 0, h), m, h)
            m, after, h = rng.choice([(0, 3, 4), (2, 1, 8), (6, 10, 6)])
            yield write(f"later_{m}", future.count(m, after, h), after, h)
            rate = rng.choice([0.02, 0.1, 2.0])
            yield write("continuous", future.renewals(inf, exp(-mpf(rate))), rate, float("inf"))
            yield write("variance_continuous", future.variance(inf, exp(-mpf(rate))), rate, float("inf"))
            d = rng.choice([0.01, 0.1])
            yield write("period", future.renewals(12, 1 / (1 + mpf(d))), d, 12)
            yield write("variance_period", future.variance(12, 1 / (1 + mpf(d))), d, 12)


def check():
    mp.dps = 20
    theta = tuple(mpf(v) for v in (1.3, 2.2, 1.4))
    a, b, c = theta

    def mix(f):
        return quad(lambda t: t ** (a - 1) * (1 - t) ** (b - 1) * f(t), [0, mpf(1) / 2, 1]) / beta_function(a, b)

    stays = lambda t, n: (1 - t) ** (mpf(n) ** c)
    left = lambda t: stays(t, 3) - stays(t, 4)
    pairs = [
        (survivor(theta, 5), mix(lambda t: stays(t, 5))),
        (likelihood(theta, 3, 6), mix(left)),
        (dropout(theta, 3, 6), mix(lambda t: t * left(t)) / mix(left)),
        (dropout(theta, 4, 4), mix(lambda t: t * stays(t, 4)) / mix(lambda t: stays(t, 4))),
        (Future(theta, 2).renewals(3), mix(lambda t: sum(stays(t, 2 + j) for j in (1, 2, 3))) / mix(lambda t: stays(t, 2))),
    ]
    for formula, integral in pairs:
        print(mp.nstr(formula, 12), mp.nstr(abs(formula / integral - 1), 2))
        assert abs(formula / integral - 1) < 1e-12
    print("all agree")


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check()
    else:
        with open(os.path.join(HERE, "contracts.csv"), "w", encoding="ascii") as out:
            out.write("# Answers of sBG and BdW at 60 digits, rounded to 17. By generate_contracts.py with mpmath 1.4.1; its docstring tells the columns.\n")
            out.write("model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
            for line in lines():
                out.write(line + "\n")
