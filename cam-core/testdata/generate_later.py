"""Writes later.csv beside this file: P(n purchases in a period that begins later), by other ways than those of the library.

    python -m venv venv && venv/bin/pip install "python-flint==0.9.0" && venv/bin/python generate_later.py

Columns as in families.csv; the quantity `later_3` is P(3 purchases), and its arguments are when the period begins and how long it is. At 280 bits.

Pareto/NBD, GGom/NBD: the customer leaves at u; before, within or after the period; the law of u is integrated as it stands (Arb's rigorous integration), from the
beginning of the customer's future on. BG/NBD, MBG/NBD: given p, a customer is there at t with probability e^(-lpt), so that the mean over l is elementary and that over
p is an integral (the library sums over purchases before the period). With k phases: a double sum over the phases that end before and within the period, each
history by itself. BG/BB: sums over the opportunity at which the customer leaves.
"""

import os

from flint import acb, arb, ctx

from generate_variance_more import Ggom, integral, line

HERE = os.path.dirname(os.path.abspath(__file__))
ctx.prec = 280


def choose(m, n):
    """(m)_n / n!."""
    value = arb(1)
    for i in range(n):
        value = value * (m + i) / (i + 1)
    return value


def poisson(m, a, n, u):
    """P(n purchases in u) of l ~ Gamma(m, a)."""
    return choose(m, n) * (a / (a + u)) ** m * (u / (a + u)) ** n


class Leaving:
    """Purchases are Poisson until the customer leaves, at a time whose survival function is given."""

    def later(self, row, n, after, horizon):
        x, t_x, t = row or (0, 0, 0)
        m, a = self.r + x, self.alpha + t
        alive = self.alive(arb(t_x), arb(t), m)
        end = arb(after) + arb(horizon)
        there = lambda u: self.survives(arb(t), u) / self.survives(arb(t), arb(0))
        inside = lambda u, _: there(u) * self.hazard(arb(t) + u) * poisson(m, a, n, u - after)
        # Leaving within the period, which is cut up, or after it.
        cuts = [arb(after) + arb(horizon) * arb(4) ** -i for i in range(6, -1, -1)]
        found = sum((integral(inside, lo, hi) for lo, hi in zip([arb(after), *cuts], cuts)), arb(0))
        found += there(end) * poisson(m, a, n, arb(horizon))
        if n == 0:
            found += integral(lambda u, _: there(u) * self.hazard(arb(t) + u), 0, after)
        return alive * found + (1 - alive if n == 0 else 0)

    def alive(self, t_x, t, m):
        if t_x == t:
            return arb(1)
        f = lambda u, _: ((self.alpha + t) / (self.alpha + u)) ** m * self.survives(u, arb(0)) / self.survives(t, arb(0)) * self.hazard(u)
        return 1 / (1 + integral(f, t_x, t))


class Pareto(Leaving):
    def __init__(self, r, alpha, s, beta):
        self.r, self.alpha, self.s, self.beta = (arb(v) for v in (r, alpha, s, beta))

    def survives(self, t, u):
        return (self.beta / (self.beta + t + u)) ** self.s

    def hazard(self, u):
        return self.s / (self.beta + u)


class Gompertz(Leaving, Ggom):
    def survives(self, t, u):
        return self.survival(t + u)

    def hazard(self, u):
        grown = (self.b * u).exp()
        return self.s * self.b * grown / (self.beta + grown - 1)


class Bg:
    """BG/NBD and MBG/NBD by an integral over p; those with k phases by sums over phases."""

    def __init__(self, r, alpha, a, b, k, at_first):
        self.r, self.alpha, self.a, self.b = (arb(v) for v in (r, alpha, a, b))
        self.k, self.at_first = k, at_first

    def later(self, row, n, after, horizon):
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
        of = self.by_dropout if k == 1 else self.by_phases
        found = sum((w * of(m + j, scale, self.b + stays, j, n, arb(after), arb(horizon)) for j, w in enumerate(weights)), arb(0))
        return alive * found / sum(weights) + (1 - alive if n == 0 else 0)

    def by_dropout(self, m, scale, b, _, n, after, horizon):
        a = self.a
        front = (a + b).lgamma() - a.lgamma() - b.lgamma()

        def given(p):
            """P(n) of those who are there at `after`, and P(left) before."""
            q, shrunk = 1 - p, scale + p * after
            there = (scale / shrunk) ** m
            y = horizon / (shrunk + horizon)
            exactly = lambda i: choose(m, i) * (1 - y) ** m * y**i
            value = q**n * exactly(n)
            if n:
                value += p * q ** (n - 1) * (1 - sum((exactly(i) for i in range(n)), acb(0)))
            return there * value + (1 - there if n == 0 else 0)

        # In y = ln p/(1 - p) there is no end at which it is singular.
        def by_logit(y, _):
            p = 1 / (1 + (-y).exp())
            return p**a * (1 / (1 + y.exp())) ** b * given(p)

        cuts = [arb(v) for v in (-140 / float(a), -20, -5, 0, 5, 20, 20 + 140 / float(b))]
        return front.exp() * sum((integral(by_logit, lo, hi) for lo, hi in zip(cuts, cuts[1:])), arb(0))

    def by_phases(self, m, scale, b, phase, n, after, horizon):
        a, k = self.a, self.k
        stay = lambda i: choose_ratio(b, a + b, i)
        total, ended, y = arb(0), (scale / (scale + after)) ** m, after / (scale + after)
        before = 0
        while True:
            i, then = (phase + before) // k, (phase + before) % k
            # Phases within the period: so many for n purchases, had the customer stayed.
            share = horizon / (scale + after + horizon)
            pmf, r, below, exact = (1 - share) ** (m + before), 0, arb(0), arb(0)
            while (then + r) // k <= n:
                if (then + r) // k == n:
                    exact += pmf
                else:
                    below += pmf
                pmf = pmf * (m + before + r) / (r + 1) * share
                r += 1
            value = stay(i + n) * exact
            if n:
                value += (stay(i + n - 1) - stay(i + n)) * (1 - below)
            elif i:
                value += 1 - stay(i)
            # With n = 0 those who left before have bought nothing either.
            total += ended * value
            ended = ended * (m + before) / (before + 1) * y
            before += 1
            if before > m * y / (1 - y) and ended / (1 - y) < arb(10) ** -58 * total:
                return total


def choose_ratio(b, c, i):
    """(b)_i / (c)_i."""
    value = arb(1)
    for j in range(i):
        value = value * (b + j) / (c + j)
    return value


class BgBb:
    def __init__(self, alpha, beta, gamma, delta):
        self.alpha, self.beta, self.gamma, self.delta = (arb(v) for v in (alpha, beta, gamma, delta))

    def later(self, row, n, after, horizon):
        x, t_x, t = (int(v) for v in (row or (0, 0, 0)))
        after, horizon = int(after), int(horizon)
        beta = lambda a, b: (a.lgamma() + b.lgamma() - (a + b).lgamma()).exp()
        al, be, ga, de = self.alpha, self.beta, self.gamma, self.delta
        stays = beta(al + x, be + t - x) * beta(ga, de + t)
        left = sum((beta(al + x, be + t_x - x + i) * beta(ga + 1, de + t_x + i) for i in range(t - t_x)), arb(0))
        alive = stays / (stays + left)
        al, be, de = al + x, be + t - x, de + t

        def bought(opportunities):
            if n > opportunities:
                return arb(0)
            number = choose(arb(opportunities - n + 1), n)
            return number * beta(al + n, be + opportunities - n) / beta(al, be)

        found = beta(ga, de + after + horizon) / beta(ga, de) * bought(horizon)
        for i in range(after + horizon):
            found += beta(ga + 1, de + i) / beta(ga, de) * bought(max(0, i - after))
        return alive * found + (1 - alive if n == 0 else 0)


ROWS = [None, (0, 0, 39), (2, 30.43, 38.86), (26, 30.86, 31)]
PERIODS = [(5, 10), (52, 52), (0.5, 200)]


def lines():
    for model, make, sets in (
        ("pareto_nbd", Pareto, [(0.5534, 10.578, 0.6061, 11.669), (2, 3, 2, 50)]),
        ("ggom_nbd", Gompertz, [(0.9, 4, 0.1, 1.2, 6), (0.553, 10.578, 0.0002, 0.603, 0.0026)]),
        ("bg_nbd", lambda *theta: Bg(*theta, 1, 0), [(0.2426, 4.4136, 0.7929, 2.4259), (2, 3, 2, 0.5)]),
        ("mbg_nbd", lambda *theta: Bg(*theta, 1, 1), [(0.5248, 6.183, 0.8914, 1.614)]),
        ("bg_cnbd_k", lambda *theta: Bg(*theta[:4], int(theta[4]), 0), [(0.227, 1.463, 0.944, 2.074, 2), (3, 5, 2, 3, 5)]),
        ("mbg_cnbd_k", lambda *theta: Bg(*theta[:4], int(theta[4]), 1), [(0.6, 2, 0.9, 2.5, 3)]),
    ):
        for theta in sets:
            of = make(*theta)
            for row in ROWS:
                for after, horizon in PERIODS:
                    for n in (0, 1, 4):
                        fifth = theta[4] if len(theta) > 4 else None
                        text = line(model, fifth, theta[:4], row, f"later_{n}", (after, horizon), of.later(row, n, after, horizon))
                        yield text.replace(":None", "")
    of = BgBb(1.2035, 0.7497, 0.6568, 2.7839)
    for row in (None, (0, 0, 6), (2, 4, 6), (6, 6, 6)):
        for after, horizon in ((1, 5), (10, 3), (40, 60)):
            for n in (0, 1, 4):
                text = line("bg_bb", None, (1.2035, 0.7497, 0.6568, 2.7839), row, f"later_{n}", (after, horizon), of.later(row, n, after, horizon))
                yield text.replace(":None", "")


def main():
    with open(os.path.join(HERE, "later.csv"), "w", encoding="utf-8") as file:
        file.write(
            "# P(n purchases in a period that begins later), at 50 digits and more, rounded to 17. By generate_later.py with python-flint 0.9.0 (Arb); its docstring tells the columns.\n"
        )
        file.write("model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
        for text in lines():
            file.write(text + "\n")


main()
