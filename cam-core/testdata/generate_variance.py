"""Variances of purchases to come and of spend, to 50 digits and more, with mpmath.

    python generate_variance.py > variance.csv
    python generate_variance.py check

needs mpmath 1.4.1 and python-flint 0.9.0; some minutes. Everything is integrated over the time of the purchase: with S1(u) the rate of purchases at u of a customer who is alive now, and S2(u, v) =
S2(u) that of pairs whose later one is at u, E[Y] = int D S1, E[Y^2] = int D^2 S1 + int 2 G D S2. (The library integrates over time first, and over customers then.)
`check` sums over the distribution of the count instead.
"""

import functools
import sys

import mpmath as mp
from flint import arb, ctx

mp.mp.dps = 62
ctx.prec = 260
INF = float("inf")


def breaks(scale, end):
    """Where an integrand in u on a logarithmic scale is cut up."""
    points, at = [mp.mpf(0)], mp.mpf(scale) / 64
    while at < end:
        points.append(at)
        at *= 4
    return [*points, mp.mpf(end)]


def legendre(n):
    """Nodes and weights on [-1, 1], by Newton's method."""
    nodes = []
    for i in range(n):
        x = mp.cos(mp.pi * (i + mp.mpf(3) / 4) / (n + mp.mpf(1) / 2))
        for _ in range(8):
            p0, p1 = mp.mpf(1), x
            for k in range(2, n + 1):
                p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
            slope = n * (x * p1 - p0) / (x * x - 1)
            x -= p1 / slope
        nodes.append((x, 2 / ((1 - x * x) * slope**2)))
    return nodes


# On a panel [a, 4a] an integrand whose singularities lie on the negative axis is met to 3^-128.
NODES, FEW = legendre(64), legendre(20)


def panel(f, a, b, nodes=None):
    half, middle = (b - a) / 2, (a + b) / 2
    return half * mp.fsum(w * f(middle + half * x) for x, w in nodes or NODES)


def integral(f, scale, end):
    points = breaks(scale, end)
    return mp.fsum(panel(f, a, b) for a, b in zip(points, points[1:]))


def moments(s1, s2, kind, rate, horizon, scale):
    """E[Y], E[sum D^2], E[sum over pairs] of a customer who is alive."""
    if kind == "period":
        return periods(s1, s2, rate, horizon)
    rate = mp.mpf(rate)
    end = mp.mpf(horizon) if horizon != INF else 135 / rate
    disc = lambda u: mp.exp(-rate * u)
    grown = lambda u: u if rate == 0 else -mp.expm1(-rate * u) / rate
    scale = min(mp.mpf(scale), end)
    return [
        integral(lambda u: disc(u) * s1(u), scale, end),
        integral(lambda u: disc(u) ** 2 * s1(u), scale, end),
        integral(lambda u: 2 * grown(u) * disc(u) * s2(u), scale, end),
    ]


def periods(s1, s2, rate, horizon):
    v = 1 / (1 + mp.mpf(rate))
    once = twice = pairs = grown = mp.mpf(0)
    k = 1
    while k - 1 < horizon and v**k > mp.mpf(10) ** -56:
        end = min(mp.mpf(k), mp.mpf(horizon)) if horizon != INF else mp.mpf(k)
        d, start = v**k, mp.mpf(k - 1)
        # The singularity may lie near 0.
        cuts = [start, *[start + (end - start) * mp.mpf(4) ** -j for j in range(8, -1, -1)]] if k < 3 else [start, end]
        spans, nodes = list(zip(cuts, cuts[1:])), NODES if k < 12 else FEW
        singles = mp.fsum(panel(s1, lo, hi, nodes) for lo, hi in spans)
        once += d * singles
        twice += d * d * singles
        pairs += mp.fsum(panel(lambda u: 2 * d * (grown + d * (u - start)) * s2(u), lo, hi, nodes) for lo, hi in spans)
        grown += d * (end - start)
        k += 1
    return [once, twice, pairs]


def total(alive, values):
    once, twice, pairs = values
    return alive * (twice + pairs) - (alive * once) ** 2


class Pareto:
    def __init__(self, r, alpha, s, beta):
        self.r, self.alpha, self.s, self.beta = map(mp.mpf, (r, alpha, s, beta))

    def alive(self, x, t_x, t):
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        if t == t_x:
            return mp.mpf(1)
        f = lambda u: ((alpha + t) / (alpha + u)) ** (r + x) * ((beta + t) / (beta + u)) ** s / (beta + u)
        n = 8
        points = [mp.mpf(t_x) + (mp.mpf(t) - t_x) * (mp.mpf(i) / n) ** 3 for i in range(n + 1)]
        return 1 / (1 + s * mp.quad(f, points))

    def now(self, x, t):
        m, a, b, s = self.r + x, self.alpha + t, self.beta + t, self.s
        there = lambda u: (b / (b + u)) ** s
        return lambda u: m / a * there(u), lambda u: m * (m + 1) / a**2 * there(u), b / max(1, s)

    def variance(self, row, kind, rate, horizon):
        x, t_x, t = row or (0, 0, 0)
        s1, s2, scale = self.now(x, t)
        return total(self.alive(x, t_x, t) if row else 1, moments(s1, s2, kind, rate, horizon, scale))


def hyp2f1(a, b, c, z):
    """2F1 in ball arithmetic, with a precision that rises until 56 digits are proved."""
    for bits in (260, 520, 1040, 2080, 4160):
        ctx.prec = bits
        a_, b_, c_, z_ = (arb(mp.nstr(v, 80)) if v == mp.nint(v) else arb(str(v)) for v in (a, b, c, z))
        value = arb(z_).hypgeom_2f1(a_, b_, c_)
        if value.rel_accuracy_bits() > 186:
            return mp.mpf(value.str(66, radius=False))
    raise ArithmeticError(f"2F1({a}, {b}; {c}; {z})")


class Bg:
    def __init__(self, r, alpha, a, b, at_first=0):
        self.r, self.alpha, self.a, self.b = map(mp.mpf, (r, alpha, a, b))
        self.at_first = at_first

    def alive(self, x, t_x, t):
        n = x + self.at_first
        if n == 0:
            return mp.mpf(1)
        odds = self.a / (self.b + n - 1) * ((self.alpha + t) / (self.alpha + t_x)) ** (self.r + x)
        return 1 / (1 + odds)

    def now(self, x, t):
        m, rate, a, b = self.r + x, self.alpha + t, self.a, self.b + x + self.at_first
        s1 = functools.cache(lambda u: m / rate * hyp2f1(m + 1, a, a + b, -u / rate))
        s2 = lambda u: m * (m + 1) / rate**2 * b / (a + b) * hyp2f1(m + 2, a, a + b + 1, -u / rate)
        return s1, s2, rate / (m + 1)

    def variance(self, row, kind, rate, horizon):
        x, t_x, t = row or (0, 0, 0)
        s1, s2, scale = self.now(x, t)
        return total(self.alive(x, t_x, t), moments(s1, s2, kind, rate, horizon, scale))


class Nbd:
    def __init__(self, r, alpha):
        self.r, self.alpha = mp.mpf(r), mp.mpf(alpha)

    def variance(self, row, kind, rate, horizon):
        x, _, t = row or (0, 0, 0)
        m, a = self.r + x, self.alpha + t
        return total(1, moments(lambda u: m / a, lambda u: m * (m + 1) / a**2, kind, rate, horizon, 1))


class Counting:
    """BG/CNBD-k and MBG/CNBD-k: sums over the number of phases."""

    def __init__(self, r, alpha, a, b, k, at_first):
        self.r, self.alpha, self.a, self.b = map(mp.mpf, (r, alpha, a, b))
        self.k, self.at_first = k, at_first

    def variance(self, row, kind, rate, horizon):
        assert kind == "plain"
        x, t_x, t = row or (0, 0, 0)
        k, m, rate = self.k, self.r + self.k * x, self.alpha + t
        z = (mp.mpf(t) - t_x) / rate
        weights = [mp.rf(m, j) / mp.factorial(j) * z**j for j in range(k)]
        stays = x + self.at_first
        odds = 0 if stays == 0 else self.a / (self.b + stays - 1) * ((self.alpha + t) / (self.alpha + t_x)) ** m / sum(weights)
        alive, y = 1 / (1 + odds), mp.mpf(horizon) / (rate + horizon)
        b = self.b + stays
        mean = square = mp.mpf(0)
        for j, weight in enumerate(weights):
            n, p, w1, w2, stay, phase, got = 0, (1 - y) ** (m + j), mp.mpf(0), mp.mpf(0), mp.mpf(1), j, 0
            s1 = s2 = mp.mpf(0)
            while True:
                s1 += p * w1
                s2 += p * w2
                p *= (m + j + n) / (n + 1) * y
                n += 1
                phase += 1
                if phase == k:
                    phase = 0
                    w1 += stay
                    w2 += (2 * got + 1) * stay
                    stay *= (b + got) / (self.a + b + got)
                    got += 1
                if got > 2 and n > (m + j) * y / (1 - y) and p * w2 / (1 - y) ** 3 < mp.mpf(10) ** -58 * s2:
                    break
            mean += weight * s1 / sum(weights)
            square += weight * s2 / sum(weights)
        return alive * square - (alive * mean) ** 2


class BgBb:
    def __init__(self, alpha, beta, gamma, delta):
        self.p = [mp.mpf(v) for v in (alpha, beta, gamma, delta)]

    def variance(self, row, kind, rate, horizon):
        x, t_x, n = row or (0, 0, 0)
        alpha, beta, gamma, delta = self.p
        B = mp.beta
        stay = B(alpha + x, beta + n - x) * B(gamma, delta + n)
        left = sum(B(alpha + x, beta + t_x - x + i) * B(gamma + 1, delta + t_x + i) for i in range(n - t_x))
        alive = stay / (stay + left)
        alpha, beta, delta = alpha + x, beta + n - x, delta + n
        v = mp.mpf(1) if kind == "plain" else (mp.exp(-mp.mpf(rate)) if kind == "continuous" else 1 / (1 + mp.mpf(rate)))
        p1 = alpha / (alpha + beta)
        p2 = p1 * (alpha + 1) / (alpha + beta + 1)
        once = twice = pairs = grown = mp.mpf(0)
        r, k, d = mp.mpf(1), 1, v
        while k <= horizon:
            r *= (delta + k - 1) / (gamma + delta + k - 1)
            once += d * r
            twice += d * d * r
            pairs += 2 * d * grown * r
            grown += d
            d *= v
            k += 1
            if d < mp.mpf(10) ** -58:
                break
        return alive * (p1 * twice + p2 * pairs) - (alive * p1 * once) ** 2


def show(model, theta, row, quantity, arguments, truth):
    fields = [model, *[repr(float(v)) for v in theta], *[""] * (4 - len(theta))]
    fields += [repr(float(v)) for v in row] if row else [""] * 3
    fields += [""] * (8 - len(fields))
    fields += [quantity, *[repr(float(v)) for v in arguments], *[""] * (2 - len(arguments))]
    print(",".join([*fields, mp.nstr(truth, 17)]))


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
ROWS = [None, (0, 0, 39), (1, 0.5, 38), (2, 30.43, 38.86), (26, 30.86, 31), (26, 3, 31), (300, 95, 100)]
SETS = {
    "pareto_nbd": (Pareto, [(0.5534, 10.578, 0.6061, 11.669), (0.8, 8, 1, 12), (2, 3, 2, 50), (0.01, 100, 0.02, 1e-3), (5, 0.5, 40, 3000)]),
    "bg_nbd": (Bg, [(0.2426, 4.4136, 0.7929, 2.4259), (0.8, 6, 1, 2.5), (2, 3, 2, 0.5), (0.01, 50, 0.03, 0.2)]),
    "mbg_nbd": (lambda *theta: Bg(*theta, at_first=1), [(0.5248, 6.183, 0.8914, 1.614), (2, 3, 1, 0.5)]),
    "nbd": (Nbd, [(0.3848, 12.072), (4, 0.5)]),
}


def main():
    print("# Variances of purchases to come and of spend, by generate_variance.py with mpmath 1.4.1 and python-flint 0.9.0 at 50 digits and more, rounded to 17.")
    print("model,p1,p2,p3,p4,frequency,recency,T,quantity,a1,a2,value")
    for model, (make, sets) in SETS.items():
        for theta in sets:
            # A 2F1 at x = 300 takes its time.
            for row in ROWS if make in (Pareto, Nbd) else ROWS[:-1]:
                for quantity, (kind, rate, horizon) in PLAIN + DISCOUNTED:
                    arguments = (horizon,) if kind == "plain" else (rate, horizon)
                    # The numbers are those of doubles.
                    show(model, theta, row, quantity, arguments, make(*theta).variance(row, kind, rate, horizon))
    for model, at_first in (("bg_cnbd_k", 0), ("mbg_cnbd_k", 1)):
        for k in (1, 2, 5):
            for theta in ((0.6, 2, 0.9, 2.5), (3, 5, 2, 30)):
                for row in ROWS[:6]:
                    for horizon in (0.5, 52, 400):
                        truth = Counting(*theta, k, at_first).variance(row, "plain", 0, horizon)
                        show(f"{model}:{k}", theta, row, "variance", (horizon,), truth)
    for theta in ((1.2035, 0.7497, 0.6568, 2.7839), (0.3, 4, 1, 8), (2, 2, 2, 0.5)):
        for row in (None, (0, 0, 6), (2, 4, 6), (6, 6, 6), (3, 40, 60)):
            for kind, rate, horizon in (("plain", 0, 1), ("plain", 0, 5), ("plain", 0, 3000), ("continuous", 0.0027, INF),
                                        ("continuous", 0.1, 20), ("period", 0.1, INF), ("period", 0.0001, 52)):  # fmt: skip
                quantity = "variance" if kind == "plain" else f"variance_{kind}"
                arguments = (horizon,) if kind == "plain" else (rate, horizon)
                show("bg_bb", theta, row, quantity, arguments, BgBb(*theta).variance(row, kind, rate, horizon))
    spend()


def spend():
    f = lambda *values: [mp.mpf(v) for v in values]
    for theta in ((6.25, 3.74, 15.44), (0.5, 2.0625, 40), (3, 0.5, 7)):
        p, q, v = f(*theta)
        for row in ((0, 0), (1, 35.5), (9, 100), (700, 0.01)):
            x, z = f(*row)
            shape, rate = p * x + q, v + x * z
            if shape > 2:
                inverse, square = rate / (shape - 1), rate**2 / ((shape - 1) * (shape - 2))
                show("gamma_gamma", theta, row, "variance_of_mean_spend", (), p**2 * (square - inverse**2))
                show("gamma_gamma", theta, row, "expected_spend_variance", (), p * square)
    for theta in ((30, 12, 9), (5, 0.01, 80)):
        mu, sigma, tau = f(*theta)
        for row in ((0, 0, 0), (1, 20, 0), (8, 41, 3)):
            x = mp.mpf(row[0])
            show("normal_spend", theta, row, "variance_of_mean_spend", (), 1 / (x / sigma**2 + 1 / tau**2))
            show("normal_spend", theta, row, "expected_spend_variance", (), sigma**2)
    for theta in ((30, 0.6, 0.4), (2, 1.5, 0.01)):
        median, sigma, tau = f(*theta)
        for row in ((0, 0, 0), (1, 20, 0), (8, 41, 0.5)):
            x = mp.mpf(row[0])
            d = 1 / (x / sigma**2 + 1 / tau**2)
            mean = mp.log(median)
            if x:
                mean = d * (x * mp.log(mp.mpf(row[1])) / sigma**2 + mean / tau**2)
            first, second = mp.exp(mean + (d + sigma**2) / 2), mp.exp(2 * mean + 2 * d + sigma**2)
            show("log_normal_spend", theta, row, "variance_of_mean_spend", (), second - first**2)
            show("log_normal_spend", theta, row, "expected_spend_variance", (), second * mp.expm1(sigma**2))


def check():
    """Sums over the count of a customer who is alive, whose distribution given the rates is elementary."""
    mp.mp.dps = 20
    worst = 0
    for theta, x, t, h in (((0.5534, 10.578, 0.6061, 11.669), 2, 38.86, 5), ((0.8, 8, 1, 12), 0, 39, 3)):
        model = Pareto(*theta)
        s1, s2, scale = model.now(x, t)
        m, a, b, s = model.r + x, model.alpha + t, model.beta + t, model.s
        # Poisson counts over min(lifetime, h), the lifetime being Pareto.
        nb = lambda n, u: mp.rf(m, n) / mp.factorial(n) * (a / (a + u)) ** m * (u / (a + u)) ** n
        first = second = mp.mpf(0)
        for n in range(1, 60):
            p = nb(n, mp.mpf(h)) * (b / (b + h)) ** s
            p += mp.quad(lambda u: nb(n, u) * s / b * (b / (b + u)) ** (s + 1), [0, h / 4, h])
            first += n * p
            second += n * n * p
        worst = max(worst, abs(total(1, moments(s1, s2, "plain", 0, h, scale)) / (second - first**2) - 1))
    for theta, x, t, h in (((0.2426, 4.4136, 0.7929, 2.4259), 2, 38.86, 5), ((2, 3, 2, 0.5), 0, 39, 3)):
        model = Bg(*theta)
        s1, s2, scale = model.now(x, t)
        m, a, p1, p2 = model.r + x, model.alpha + t, model.a, model.b + x
        first = second = mp.mpf(0)
        y = mp.mpf(h) / (a + h)
        for i in range(1, 120):
            # At least i: i events had the customer stayed, who stayed after i - 1.
            p = mp.beta(p1, p2 + i - 1) / mp.beta(p1, p2) * mp.betainc(i, m, 0, y, regularized=True)
            first += p
            second += (2 * i - 1) * p
        worst = max(worst, abs(total(1, moments(s1, s2, "plain", 0, h, scale)) / (second - first**2) - 1))
    print(mp.nstr(worst, 3))
    assert worst < 1e-15


if __name__ == "__main__":
    check() if sys.argv[1:] == ["check"] else main()
