"""Writes variance_more.csv beside this file: variances that generate_variance.py leaves out, by other ways than those of the library.

    python -m venv venv && venv/bin/pip install "python-flint==0.9.0" && venv/bin/python generate_variance_more.py

Columns as in families.csv: the fifth parameter stands behind the model's name. Everything is at 200 bits, in ball arithmetic where it is an integral over time.

- GGom/NBD: E[Y^2] = int D^2 S1 + int 2 G D S2 over the time of the purchase, by Arb's rigorous integration of the definition; the library goes along panels.
- Pareto/NBD with a Sarmanov dependence: sums with signs of four plain Pareto/NBD models, whose integrals are Arb's, too; the library forms no such sum.
- Discounted purchases of BG/CNBD-k and MBG/CNBD-k: given the rates, the rate of purchases is a sum of exponentials by the k-th roots of unity, of which every
  integral has a closed form, pairs included; the mean over p is Gauss's for the beta distribution, over the rate a trapezoidal sum. The library has no roots of
  unity there, and no closed form. Pairs are exact in all digits but for the two means, which agree to 20 digits where their rules are changed (`check`).
"""

import functools
import os
import sys

from flint import acb, arb, ctx

HERE = os.path.dirname(os.path.abspath(__file__))
INF = float("inf")
ctx.prec = 200


def integral(f, start, end):
    """The integral of f over [start, end], to a proved 1e-30 of it."""
    return acb.integral(f, acb(start), acb(end), rel_tol=arb(10) ** -32, abs_tol=arb(10) ** -300, eval_limit=10**6).real


def pieces(f, scale, end):
    """The same in pieces that grow with the distance from 0."""
    points, at = [arb(0)], arb(scale) / 64
    while at < end:
        points.append(at)
        at *= 4
    points.append(arb(end))
    return sum((integral(f, a, b) for a, b in zip(points, points[1:])), arb(0))


def moments(there, kind, rate, horizon, scale):
    """Of a customer who is there at u with probability there(u): the discounted time, the same at the squared discount, and int 2 G D there."""
    rate = arb(rate)
    if kind != "period":
        end = arb(horizon) if horizon != INF else 80 / rate
        disc = lambda u, n: (-n * rate * u).exp()
        grown = lambda u: u if rate == 0 else (1 - (-rate * u).exp()) / rate
        return [
            pieces(lambda u, _: disc(u, 1) * there(u), scale, end),
            pieces(lambda u, _: disc(u, 2) * there(u), scale, end),
            pieces(lambda u, _: 2 * grown(u) * disc(u, 1) * there(u), scale, end),
        ]
    v = 1 / (1 + rate)
    once = twice = pairs = grown = arb(0)
    k, d = 0, v
    while k < horizon and d > arb(10) ** -24:
        end = min(k + 1, horizon)
        level = integral(lambda u, _: there(u), k, end)
        slope = integral(lambda u, _: (u - k) * there(u), k, end)
        once += d * level
        twice += d * d * level
        pairs += 2 * d * (grown * level + d * slope)
        grown += d * (arb(end) - k)
        k, d = k + 1, d * v
    return [once, twice, pairs]


class Ggom:
    def __init__(self, r, alpha, b, s, beta):
        self.r, self.alpha, self.b, self.s, self.beta = (arb(v) for v in (r, alpha, b, s, beta))

    def survival(self, u, beta=None):
        beta = self.beta if beta is None else beta
        return (beta / (beta + (self.b * u).exp() - 1)) ** self.s

    def variance(self, row, kind, rate, horizon):
        x, t_x, t = row or (0, 0, 0)
        r, alpha, b, s, beta = self.r, self.alpha, self.b, self.s, self.beta
        t, t_x = arb(t), arb(t_x)
        left = arb(0)
        if t_x < t:
            hazard = lambda u: s * b * (b * u).exp() / (beta + (b * u).exp() - 1)
            f = lambda u, _: ((alpha + t) / (alpha + u)) ** (r + x) * self.survival(u) / self.survival(t) * hazard(u)
            left = integral(f, t_x, t)
        alive = 1 / (1 + left)
        aged = (beta + (b * t).exp() - 1) * (-b * t).exp()
        once, twice, pairs = moments(lambda u: self.survival(u, aged), kind, rate, horizon, 1 / b)
        m, a = r + x, alpha + t
        return alive * (m / a * twice + m * (m + 1) / a**2 * pairs) - (alive * m / a * once) ** 2


class Sarmanov:
    """Rates whose density is the plain one times 1 + m (e^-l - L1)(e^-u - L2)."""

    def __init__(self, r, alpha, s, beta, dependence):
        self.r, self.alpha, self.s, self.beta = (arb(v) for v in (r, alpha, s, beta))
        one, two = (self.alpha / (self.alpha + 1)) ** self.r, (self.beta / (self.beta + 1)) ** self.s
        # As the library defines its parameter: the bounds of m, rounded off at their corners.
        larger = lambda a, b: (a + b + ((a - b) ** 2 + (arb("1e-4") * (a + b)) ** 2).sqrt()) / 2
        g = arb(dependence)
        m = (g - 1) / (g * larger(one * (1 - two), (1 - one) * two) + larger(one * two, (1 - one) * (1 - two)))
        self.weights = {(0, 0): 1 + m * one * two, (1, 0): -m * two, (0, 1): -m * one, (1, 1): m}

    @functools.cache
    def time(self, beta, kind, rate, horizon):
        b = self.beta + arb(beta)
        return moments(lambda u: (b / (b + u)) ** self.s, kind, rate, horizon, b)

    def variance(self, row, kind, rate, horizon):
        x, t_x, t = row or (0, 0, 0)
        s, n = self.s, self.r + x
        total = once = square = alive = arb(0)
        for (i, j), weight in self.weights.items():
            a, b = self.alpha + i, self.beta + j
            # Of a plain model with rates a and b, over that with alpha and beta, but for what is common to all four.
            near, far = self.alpha + t, self.beta + t
            stays = weight * (near / (a + t)) ** n * (far / (b + t)) ** s
            left = arb(0)
            if t_x < t:
                left = weight * s * integral(lambda u, _: (near / (a + u)) ** n * (far / (b + u)) ** s / (b + u), t_x, t)
            total += stays + left
            alive += stays
            times = self.time(float(j + t), kind, rate, horizon)
            rate_of = n / (a + t)
            once += stays * rate_of * times[0]
            square += stays * (rate_of * times[1] + rate_of * (n + 1) / (a + t) * times[2])
        return square / total - (once / total) ** 2


@functools.cache
def jacobi(a, b, n):
    """Gauss's rule of n nodes for Beta(a, b), by Newton's method on the polynomials for p in (0, 1); weights sum to 1."""
    # On (-1, 1): weight (1 - t)^(al) (1 + t)^(be), t = 2p - 1.
    al, be = arb(b) - 1, arb(a) - 1
    diagonal, off = [], []
    for k in range(n):
        c = 2 * k + al + be
        diagonal.append((be - al) / (al + be + 2) if k == 0 else (be**2 - al**2) / (c * (c + 2)))
        if k:
            square = 4 * k * (k + al) * (k + be) * (k + al + be) / (c**2 * (c + 1) * (c - 1))
            if k == 1:
                square = 4 * (1 + al) * (1 + be) / ((2 + al + be) ** 2 * (3 + al + be))
            off.append(square)
    import numpy

    start = numpy.linalg.eigvalsh(
        numpy.diag([float(v) for v in diagonal]) + numpy.diag([float(v) ** 0.5 for v in off], 1) + numpy.diag([float(v) ** 0.5 for v in off], -1)
    )
    rule = []
    for guess in start:
        t = arb(float(guess))
        for _ in range(7):
            before, now, slope_before, slope = arb(0), arb(1), arb(0), arb(0)
            for k in range(n):
                last = off[k - 1] if k else arb(0)
                now, before, slope, slope_before = (
                    (t - diagonal[k]) * now - last * before,
                    now,
                    now + (t - diagonal[k]) * slope - last * slope_before,
                    slope,
                )
            t = arb((t - now / slope).mid())
        norm = arb(1)
        for square in off:
            norm *= square
        rule.append(((1 + t) / 2, norm / (slope * before)))
    return rule


@functools.cache
def logits(a, b):
    """A trapezoidal rule for Beta(a, b) in ln p/(1 - p): where what is averaged is steep near p = 0."""
    a, b, step = arb(a), arb(b), arb("0.34")
    rule, whole = [], arb(0)
    for direction, i in ((1, 0), (-1, 1)):
        while True:
            y = direction * i * step
            p = 1 / (1 + (-y).exp())
            weight = p**a * (1 - p) ** b
            rule.append((p, weight))
            whole += weight
            i += 1
            if weight < arb(10) ** -28 * whole:
                break
    return [(p, weight / whole) for p, weight in rule]


class Counting:
    """BG/CNBD-k and MBG/CNBD-k, discounted."""

    def __init__(self, r, alpha, a, b, k, at_first, nodes=48, finer=1):
        self.r, self.alpha, self.a, self.b = (arb(v) for v in (r, alpha, a, b))
        self.k, self.at_first, self.nodes, self.finer = k, at_first, nodes, finer
        self.omega = [acb(arb.cos_pi(arb(2 * i) / k), arb.sin_pi(arb(2 * i) / k)) for i in range(k)]

    def given(self, lam, p, phase, question):
        """E[Y], E[sum D^2] and E[sum over i < j of D D] of a customer whose rates are known."""
        k, q = self.k, 1 - p
        rho = q ** (arb(1) / k)
        zeta = [rho * w for w in self.omega]
        a = [lam * (1 - z) for z in zeta]
        front = lam / (k * q)
        kind, rate, horizon = question
        first = [z ** (phase + 1) for z in zeta]
        if kind == "continuous":
            delta = arb(rate)

            def single(n):
                rates = [n * delta + v for v in a]
                part = [1 / c if horizon == INF else (1 - (-c * arb(horizon)).exp()) / c for c in rates]
                return (front * sum(f * v for f, v in zip(first, part))).real

            def pair(i, j):
                x, y = 2 * delta + a[i], delta + a[j]
                if horizon == INF:
                    return 1 / (x * y)
                h = arb(horizon)
                ex, ey = (-x * h).exp(), (-y * h).exp()
                return ((1 - ex) / x - (ey - ex) / (x - y)) / y

        else:
            v = 1 / (1 + arb(rate))
            n = None if horizon == INF else int(horizon)
            f = 0 if n is None else arb(horizon) - n
            z = [(-c).exp() for c in a]
            share = lambda c, f: (1 - (-c * f).exp()) / c

            def single(m):
                w = v**m
                values = []
                for c, e in zip(a, z):
                    value = w * share(c, 1) / (1 - w * e) * (1 if n is None else 1 - (w * e) ** n)
                    if n is not None and f > 0:
                        value += w ** (n + 1) * e**n * share(c, f)
                    values.append(value)
                return (front * sum(s * t for s, t in zip(first, values))).real

            def within(i, j, f):
                x, y = a[i], a[j]
                ex, ey = (-x * f).exp(), (-y * f).exp()
                return ((1 - ex) / x - (f * ex if i == j else (ey - ex) / (x - y))) / y

            def pair(i, j):
                x, y, e, d = a[i], a[j], z[i], z[j]
                cross = (1 if i == j else share(x - y, 1)) * share(y, 1) * v * d / (1 - v * d)
                both = within(i, j, 1)
                if n is None:
                    return v**2 / (1 - v**2 * e) * (both + cross)
                value = v**2 * (1 - (v**2 * e) ** n) / (1 - v**2 * e) * (both + cross)
                value -= cross * v**2 * ((v * d) ** n - (v**2 * e) ** n) / (v * d - v**2 * e)
                if f > 0:
                    value += v ** (2 * n + 2) * e**n * within(i, j, f)
                    crossing = (1 if i == j else share(x - y, 1)) * share(y, f)
                    value += v ** (n + 1) * crossing * v * d * (d**n - (v * e) ** n) / (d - v * e)
                return value

        pairs = acb(0)
        for i in range(k):
            for j in range(k):
                pairs += first[i] * zeta[j] * pair(i, j)
        return single(1), single(2), (q * front**2 * pairs).real

    def mean(self, m, scale, b, phase, question):
        """The mean over the rates."""
        steep = question[2] == INF and question[1] < 0.1
        rule = logits(float(self.a), float(b)) if steep else jacobi(float(self.a), float(b), self.nodes)
        # The strip in which the integrand over y = ln X is analytic has half the width pi/k.
        step = arb("19.7") / (52 * max(self.k, 2)) / self.finer
        # Nor may it be wider than half the deviation of y.
        step = min(step, 1 / (2 * m.sqrt()) / self.finer, key=float)
        middle = m.log()
        sums, whole = [arb(0)] * 3, arb(0)
        for direction, i in ((1, 0), (-1, 1)):
            while True:
                y = middle + direction * i * step
                x = y.exp()
                density = (m * (y - middle) - (x - m)).exp()
                values = [arb(0)] * 3
                for p, weight in rule:
                    for which, value in enumerate(self.given(x / scale, p, phase, question)):
                        values[which] += weight * value
                sums = [arb((s + density * v).mid()) for s, v in zip(sums, values)]
                whole += density
                i += 1
                if density * values[0] < arb(10) ** -24 * sums[0] and density * values[2] < arb(10) ** -24 * sums[2]:
                    break
        front = m.lgamma() - (m * middle - m)
        return [s * step * (-front).exp() for s in sums]

    def variance(self, row, kind, rate, horizon):
        x, t_x, t = row or (0, 0, 0)
        k, m, scale = self.k, self.r + self.k * x, self.alpha + t
        z = (arb(t) - t_x) / scale
        weights = [arb(1)]
        for j in range(1, k):
            weights.append(weights[-1] * (m + j - 1) / j * z)
        stays = x + self.at_first
        odds = arb(0)
        if stays:
            odds = self.a / (self.b + stays - 1) * ((self.alpha + t) / (self.alpha + t_x)) ** m / sum(weights)
        alive = 1 / (1 + odds)
        once = square = arb(0)
        for j, weight in enumerate(weights):
            if weight == 0:
                continue
            mean, single, pairs = self.mean(m + j, scale, self.b + stays, j, (kind, rate, horizon))
            once += weight * mean / sum(weights)
            square += weight * (single + 2 * pairs) / sum(weights)
        return alive * square - (alive * once) ** 2


def line(model, fifth, theta, row, quantity, arguments, truth):
    fields = [f"{model}:{fifth!r}" if isinstance(fifth, float) else f"{model}:{fifth}", *[repr(float(v)) for v in theta]]
    fields += [repr(float(v)) for v in row] if row else [""] * 3
    fields += [quantity, *[repr(float(v)) for v in arguments], *[""] * (2 - len(arguments))]
    return ",".join([*fields, truth.str(17, radius=False)])


PLAIN = [("variance", ("plain", 0, h)) for h in (0.5, 52, 3000)]
DISCOUNTED = [
    ("variance_continuous", ("continuous", 0.0027, INF)),
    ("variance_continuous", ("continuous", 0.0001, 52)),
    ("variance_continuous", ("continuous", 0.3, 10)),
    ("variance_period", ("period", 0.1, INF)),
    ("variance_period", ("period", 0.002, 52)),
    ("variance_period", ("period", 0.02, 7.25)),
    ("variance_period", ("period", 0.01, 0.5)),
]
ROWS = [None, (0, 0, 39), (2, 30.43, 38.86), (26, 3, 31), (300, 95, 100)]
FEW = [
    ("variance_continuous", ("continuous", 0.0027, INF)),
    ("variance_continuous", ("continuous", 0.05, 12)),
    ("variance_period", ("period", 0.1, INF)),
    ("variance_period", ("period", 0.002, 20)),
    ("variance_period", ("period", 0.02, 7.25)),
    ("variance_period", ("period", 0.01, 0.5)),
]


def lines():
    for make, model, sets in (
        (Ggom, "ggom_nbd", [(0.553, 10.578, 0.0002, 0.603, 0.0026), (0.9, 4, 0.1, 1.2, 6), (0.2, 50, 0.02, 3, 0.05)]),
        (Sarmanov, "pareto_nbd_sarmanov", [(1.2, 1.5, 1, 3, 6), (0.54318, 10.1001, 0.50885, 9.17912, 50), (0.8, 2, 2, 12, 0.05)]),
    ):
        for theta in sets:
            of = make(*theta)
            for row in ROWS:
                for quantity, question in PLAIN + DISCOUNTED:
                    arguments = question[2:] if question[0] == "plain" else question[1:]
                    yield line(model, float(theta[4]), theta[:4], row, quantity, arguments, of.variance(row, *question))
    first, second, third = (0.226917, 1.462918, 0.943996, 2.074316), (3, 5, 2, 3), (0.6, 2, 0.9, 2.5)
    for model, at_first, k, theta, rows in (
        ("bg_cnbd_k", 0, 2, first, [None, (0, 0, 39), (2, 30.43, 38.86)]),
        ("bg_cnbd_k", 0, 2, second, [None, (1, 0.5, 38), (26, 30.86, 31)]),
        ("bg_cnbd_k", 0, 3, third, [(0, 0, 39), (26, 3, 31)]),
        ("bg_cnbd_k", 0, 5, second, [None]),
        ("mbg_cnbd_k", 1, 2, first, [None, (2, 30.43, 38.86)]),
        ("mbg_cnbd_k", 1, 3, third, [(26, 3, 31)]),
    ):
        of = Counting(*theta, k, at_first)
        for row in rows:
            # The steep one takes its time.
            for quantity, question in FEW[k > 2 :]:
                yield line(model, k, theta, row, quantity, question[1:], of.variance(row, *question))


def main():
    with open(os.path.join(HERE, "variance_more.csv"), "w", encoding="utf-8") as file:
        file.write(
            "# Variances of GGom/NBD and of Pareto/NBD with a Sarmanov dependence, and of discounted purchases of BG/CNBD-k and MBG/CNBD-k, at 20 digits and"
            " more. By generate_variance_more.py with python-flint 0.9.0 (Arb); its docstring tells the columns.\n"
        )
        file.write("model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
        for text in lines():
            file.write(text + "\n")
            file.flush()


def check():
    """Other rules for the two means give the same."""
    worst = 0.0
    for at_first, k, theta, row in ((0, 2, (0.226917, 1.462918, 0.943996, 2.074316), (2, 30.43, 38.86)), (1, 3, (0.6, 2, 0.9, 2.5), None)):
        for _, question in FEW:
            one, two = (Counting(*theta, k, at_first, *rule).variance(row, *question) for rule in ((48, 1), (72, 1.4)))
            worst = max(worst, abs(float(one / two - 1)))
    print(f"{worst:.1e}")


if __name__ == "__main__":
    check() if sys.argv[1:] == ["check"] else main()
