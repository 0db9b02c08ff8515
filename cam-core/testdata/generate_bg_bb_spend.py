"""Writes bg_bb_spend.csv beside this file: what BG/BB and the normal and log-normal models of spend must answer, at 60 digits.

    python -m venv venv && venv/bin/pip install "mpmath==1.4.1" && venv/bin/python generate_bg_bb_spend.py

Nothing here follows the methods of cam_core. BG/BB is summed over the moment of leaving as Fader, Hardie & Shang (2010) print it (eq. 3, 8
and 11), every moment E[p^x (1-p)^(j-x)] and E[(1-theta)^j theta] taken anew from rising factorials; expected purchases are the sum over
opportunities of the probability of a purchase at each, or eq. 13 where there are more than 2,000; an infinite discounted sum is eq. 14 with
its hypergeometric function. `generate_bg_bb_spend.py check` compares all of them with the double integral over p and theta, or the integral
over the mean, that defines them. Derivatives are central differences with relative steps of 1e-40 at 130 digits.

A row is `model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value`, as in quantities.csv.
"""

import os
import random
import sys

from mpmath import binomial, digamma, exp, fprod, hyp2f1, inf, log, mp, mpf, pi, quad, rf, sqrt

HERE = os.path.dirname(os.path.abspath(__file__))
mp.dps = 60


# BG/BB.


def bought(a, b, x, j):
    """E[p^x (1-p)^(j-x)]: bought at certain x of j opportunities."""
    return rf(a, x) * rf(b, j - x) / rf(a + b, j)


def stays(g, d, j):
    """E[(1-theta)^j]."""
    return rf(d, j) / rf(g + d, j)


def leaves(g, d, j):
    """E[(1-theta)^j theta]."""
    return g * rf(d, j) / rf(g + d, j + 1)


def terms(theta, x, start, n):
    """E[p^x (1-p)^(j-x)] E[(1-theta)^j theta] for j = start, ..., n - 1: the first by its factorials, then one factor after another."""
    a, b, g, d = theta
    term = bought(a, b, x, start) * leaves(g, d, start)
    for j in range(start, n):
        yield term
        term *= (b + j - x) / (a + b + j) * (d + j) / (g + d + j + 1)


def likelihood(theta, x, t_x, n):
    a, b, g, d = theta
    return bought(a, b, x, n) * stays(g, d, n) + sum(terms(theta, x, t_x, n))


def alive(theta, row, after):
    a, b, g, d = theta
    x, _, n = row
    return bought(a, b, x, n) * stays(g, d, n + after) / likelihood(theta, *row)


def buys(theta, row, k):
    """P(a purchase at the k-th opportunity from now)."""
    a, b, g, d = theta
    x, _, n = row
    return bought(a, b, x + 1, n + 1) * stays(g, d, n + k) / likelihood(theta, *row)


def purchases(theta, row, h, v=mpf(1)):
    """The sum of v^k P(a purchase at the k-th opportunity), k = 1, ..., h."""
    a, b, g, d = theta
    n = row[2]
    first = buys(theta, row, 1)
    if h <= 2000:
        total, term, k = mpf(0), first * v, 1
        while k <= h:
            total += term
            term *= v * (d + n + k) / (g + d + n + k)
            k += 1
        return total
    if h == inf and d > 1000:
        # The series of the hypergeometric function, which mpmath does not take where its parameters are so large.
        total, term, k = mpf(0), first * v, 1
        while term > total * mpf(10) ** -30:
            total += term
            term *= v * (d + n + k) / (g + d + n + k)
            k += 1
        return total
    if h == inf:
        return first * v * hyp2f1(1, d + n + 1, g + d + n + 1, v)
    assert v == 1
    if g == 1:
        return first * (d + n + 1) * (digamma(d + n + 1 + h) - digamma(d + n + 1))
    # Eq. 13, with (d + n + h) r_h of a customer who is there now.
    rest = rf(d + n + 1, h) / rf(g + d + n, h)
    return first * (g + d + n) / (d + n) * (d + n) * (1 - rest) / (g - 1)


def count(theta, row, m, h):
    a, b, g, d = theta
    x, _, n = row
    here = alive(theta, row, 0)
    now = (a + x, b + n - x, g, d + n)
    p = mpf(0)
    if m <= h:
        p = binomial(h, m) * bought(now[0], now[1], m, h) * stays(g, now[3], h)
        p += sum(binomial(i, m) * term for i, term in zip(range(m, h), terms(now, m, m, h)))
    return here * p + (1 - here if m == 0 else 0)


# Spend.


def normal_density(theta, x, z, s):
    """Of x purchases with covariance matrix sigma^2 I + tau^2 J: its determinant, and by Sherman & Morrison its inverse."""
    mu, sigma, tau = theta
    determinant = sigma ** (2 * (x - 1)) * (sigma**2 + x * tau**2)
    squares = x * (s**2 + (z - mu) ** 2)
    form = squares / sigma**2 - tau**2 * (x * (z - mu)) ** 2 / (sigma**2 * (sigma**2 + x * tau**2))
    return -(x * log(2 * pi) + log(determinant) + form) / 2


def log_normal_density(theta, x, g, s):
    median, sigma, tau = theta
    return normal_density((log(median), sigma, tau), x, log(g), s) - x * log(g)


def posterior(mu, sigma, tau, x, z):
    """Mean and variance of a customer's own mean."""
    precision = 1 / tau**2 + x / sigma**2
    return (mu / tau**2 + x * z / sigma**2) / precision, 1 / precision


def normal_spend(theta, x, z):
    return posterior(*theta, x, z)[0]


def log_normal_spend(theta, x, g):
    median, sigma, tau = theta
    mean, variance = posterior(log(median), sigma, tau, x, log(g) if x else mpf(0))
    return exp(mean + (variance + sigma**2) / 2)


# The file.


def gradient(f, theta, k):
    theta = list(theta)
    with mp.workdps(130):
        step = theta[k] * mpf(10) ** -40
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        return (f(up) - f(down)) / (2 * step)


BG_BB = [
    (1.203507, 0.749767, 0.656757, 2.783887),
    (0.5, 3.0, 0.3, 5.0),
    (2.0, 20.0, 1.0, 30.0),
    (0.8, 0.9, 1.0000000001, 4.0),
    (0.8, 0.9, 0.99999, 40.0),
    (1e-3, 0.05, 0.02, 1e-3),
    (0.01, 1000.0, 1e-6, 0.5),
    (300.0, 200.0, 50.0, 700.0),
    (1e6, 3e6, 1e5, 5e7),
    (1e-6, 1e-6, 1e-6, 1e-6),
    (40.0, 1e-3, 12.0, 0.25),
    (0.2, 7.0, 3.5, 1e4),
]
ROWS = [
    (0, 0, 0), (1, 1, 1), (0, 0, 6), (1, 1, 6), (2, 4, 6), (6, 6, 6), (5, 13, 52), (10, 51, 52), (52, 52, 52), (1, 365, 365),
    (0, 0, 365), (100, 180, 365), (30, 31, 730), (3, 1500, 2000), (1700, 1999, 2000),
]
NORMAL = [(35.0, 20.0, 10.0), (0.5, 3.0, 40.0), (1e6, 1.0, 1e-3), (30.0, 1e-4, 5.0), (30.0, 1e4, 1e-3), (1e-5, 2e-6, 7e-6), (2.0, 1e30, 1e30)]
LOG_NORMAL = [(30.0, 0.6, 0.4), (0.02, 1.5, 0.05), (1e6, 1e-3, 2.0), (7.0, 4.0, 1e-4), (35.0, 1e-5, 1e-5), (1e-30, 0.3, 5.0), (3.0, 8.0, 9.0)]


def lines():
    rng = random.Random(8)
    for theta in BG_BB:
        exact = tuple(mpf(v) for v in theta)
        for row in ROWS:
            x, t_x, n = row
            known = [repr(float(v)) if v else "0" for v in row] if n else ["", "", ""]

            def write(quantity, value, *arguments, known=known, theta=theta):
                arguments = [repr(v) for v in arguments] + [""] * (2 - len(arguments))
                return ",".join(["bg_bb", *map(repr, theta), *known, quantity, *arguments, mp.nstr(value, 17)])

            if n:
                yield write("log_likelihood", log(likelihood(exact, *row)))
                for k in range(4) if row in ROWS[::2] or n == 365 else ():
                    yield write("gradient", gradient(lambda at: log(likelihood(at, *row)), exact, k), k)
            for after in rng.sample([0, 1, 3, 60, 5000], 2):
                if n or after:
                    yield write("alive", alive(exact, row, after), after)
            for h in (rng.choice([1, 5, 52, 1000]), 10**6):
                yield write("purchases", purchases(exact, row, h), h)
            for m, h in ((rng.choice([0, 1, 2]), rng.choice([1, 6, 20])), (rng.choice([5, 40]), rng.choice([40, 200]))):
                yield write("count", count(exact, row, m, h), m, h)
            rate = rng.choice([1e-4, 0.0027, 0.1, 2.0]) if theta[3] < 1000 else rng.choice([0.0027, 0.1])
            yield write("continuous", purchases(exact, row, inf, exp(-mpf(rate))), rate, float("inf"))
            h = rng.choice([3, 30, 1500])
            yield write("continuous", purchases(exact, row, h, exp(-mpf(rate))), rate, h)
            d = rng.choice([0.001, 0.01, 0.1])
            yield write("period", purchases(exact, row, inf, 1 / (1 + mpf(d))), d, float("inf"))
            yield write("period", purchases(exact, row, 12, 1 / (1 + mpf(d))), d, 12)
    for name, sets, density, spend in (
        ("normal_spend", NORMAL, normal_density, normal_spend),
        ("log_normal_spend", LOG_NORMAL, log_normal_density, log_normal_spend),
    ):
        for theta in sets:
            exact = tuple(mpf(v) for v in theta)
            head = [name, *map(repr, theta), ""]
            new = exact[0] if name == "normal_spend" else spend(exact, 0, mpf(1))
            yield ",".join([*head, "", "", "", "spend", "", "", mp.nstr(new, 17)])
            for x in (1, 2, 7, 3000):
                for z in (0.01, theta[0] * 1.5, 55.0, -3.0):
                    if z < 0 and name != "normal_spend":
                        continue
                    scale = theta[1] * rng.choice([0.01, 1.0, 5.0])
                    s = 0.0 if x == 1 else float(f"{float(scale):.6g}")
                    known, at = [repr(float(x)), repr(z), repr(s) if s else "0"], mpf(z)
                    log_likelihood = density(exact, x, at, mpf(s))
                    yield ",".join([*head, *known, "log_likelihood", "", "", mp.nstr(log_likelihood, 17)])
                    yield ",".join([*head, *known, "spend", "", "", mp.nstr(spend(exact, x, at), 17)])
                    for k in range(3):
                        slope = gradient(lambda t: density(t, x, at, mpf(s)), exact, k)
                        yield ",".join([*head, *known, "gradient", str(k), "", mp.nstr(slope, 17)])


def check():
    mp.dps = 20
    theta = tuple(mpf(v) for v in (1.2, 0.75, 1.6, 2.8))
    a, b, g, d = theta

    def mix(f):
        density = lambda p, t: p ** (a - 1) * (1 - p) ** (b - 1) * t ** (g - 1) * (1 - t) ** (d - 1)
        square = [0, mpf(1) / 2, 1]
        total = quad(density, square, square)
        return quad(lambda p, t: density(p, t) * f(p, t), square, square) / total

    for x, t_x, n in [(0, 0, 3), (1, 2, 4), (3, 3, 3)]:
        seen = lambda p, t: p**x * ((1 - p) ** (n - x) * (1 - t) ** n + sum((1 - p) ** (j - x) * (1 - t) ** j * t for j in range(t_x, n)))
        here = lambda p, t: p**x * (1 - p) ** (n - x) * (1 - t) ** n
        total = mix(seen)
        v = mpf(1) / mpf("1.1")
        geometric = lambda p, t: p * v * (1 - t) / (1 - v * (1 - t))
        pairs = [
            (likelihood(theta, x, t_x, n), total),
            (alive(theta, (x, t_x, n), 2), mix(lambda p, t: here(p, t) * (1 - t) ** 2) / total),
            (purchases(theta, (x, t_x, n), 3), mix(lambda p, t: here(p, t) * p * sum((1 - t) ** k for k in (1, 2, 3))) / total),
            (purchases(theta, (x, t_x, n), inf, v), mix(lambda p, t: here(p, t) * geometric(p, t)) / total),
            (
                count(theta, (x, t_x, n), 1, 2),
                mix(lambda p, t: here(p, t) * (p * (1 - t) * t + 2 * p * (1 - p) * (1 - t) ** 2)) / total,
            ),
        ]
        for formula, integral in pairs:
            print(x, t_x, n, mp.nstr(formula, 12), mp.nstr(abs(formula / integral - 1), 2))
            assert abs(formula / integral - 1) < 1e-7
    with mp.workdps(30):
        row = (3, 7, 9)
        direct, closed = (purchases(theta, row, h) for h in (2000, 2001))
        step = buys(theta, row, 2001)
        assert abs((closed - direct) / step - 1) < 1e-15
    mu, sigma, tau, x, z = (mpf(v) for v in (5, 2, 3, 4, 7))
    purchases_made, s = [mpf(v) for v in (4, 6, 7, 11)], sqrt(mpf(9 + 1 + 0 + 16) / 4)
    phi = lambda y, m, s: exp(-(((y - m) / s) ** 2) / 2) / (s * sqrt(2 * pi))
    where = [-30, 0, 5, 10, 40]
    total = quad(lambda m: phi(m, mu, tau) * phi(z, m, sigma / sqrt(x)), where)
    mean = quad(lambda m: m * phi(m, mu, tau) * phi(z, m, sigma / sqrt(x)), where) / total
    paid = quad(lambda m: exp(m + sigma**2 / 2) * phi(m, mu, tau) * phi(z, m, sigma / sqrt(x)), where) / total
    density = quad(lambda m: phi(m, mu, tau) * fprod(phi(one, m, sigma) for one in purchases_made), where)
    assert abs(log(density) - normal_density((mu, sigma, tau), x, z, s)) < 1e-12
    assert abs(mean / normal_spend((mu, sigma, tau), x, z) - 1) < 1e-12
    assert abs(paid / log_normal_spend((exp(mu), sigma, tau), x, exp(z)) - 1) < 1e-12
    print("all agree")


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check()
    else:
        with open(os.path.join(HERE, "bg_bb_spend.csv"), "w", encoding="ascii") as out:
            out.write("# Answers of BG/BB and of models of spend at 60 digits, rounded to 17. By generate_bg_bb_spend.py with mpmath 1.4.1; its docstring tells the columns.\n")
            out.write("model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
            for line in lines():
                out.write(line + "\n")
