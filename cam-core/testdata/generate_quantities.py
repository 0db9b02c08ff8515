"""Writes quantities.csv beside this file: what the models must answer, by ball arithmetic.

    python -m venv venv && venv/bin/pip install "python-flint==0.9.0" && venv/bin/python generate_quantities.py

Nothing here follows the methods of cam_core. Unobserved rates are integrated out in closed form where there is one (Gauss and
confluent hypergeometric functions, incomplete gamma functions, finite sums), at a precision that rises until the proved
error is below 1e-52 of the value; otherwise the remaining integral over time is taken by Gauss-Legendre panels with ever more nodes until two
numbers of them agree to 1e-50, or by Arb's rigorous integration. `generate_quantities.py check` compares
every formula with the double integral over the two unobserved rates that defines it. Derivatives are central differences with steps of 1e-40 at 200 digits and more.

A row is `model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value`, each number a double that reads back exactly; without
x, t_x, T it concerns a new customer. Quantities and their arguments:

    log_likelihood      –
    gradient            index of the parameter                 derivative of the log-likelihood
    alive               after
    purchases           horizon
    count               n, horizon
    continuous          rate per unit of time, horizon         discounted expected purchases
    period              rate per period, horizon               discounted expected purchases
    spend               –                                      (x, t_x are frequency and mean spend)
"""

import os
import random
import sys
import time

from flint import acb, arb, ctx

HERE = os.path.dirname(os.path.abspath(__file__))
INF = float("inf")
ONE = arb(1)


class Lost(Exception):
    """The precision did not suffice."""


def settled(function, digits=52, start=80, limit=20000):
    """function() at rising precision, until the proved error is below 10^-digits of the value (or of 1e-400)."""
    ctx.dps = start
    while ctx.dps <= limit:
        try:
            value = function()
            if value.is_finite():
                if value.rad() <= abs(value.mid()) * arb(10) ** -digits or abs(value).upper() < arb(10) ** -400:
                    return value
        except (Lost, ZeroDivisionError, ValueError):
            pass
        ctx.dps = int(ctx.dps * 1.7)
    raise ArithmeticError("not settled")


def lgamma(x):
    return arb(x).lgamma()


def ln(x):
    return arb(x).log()


def series(a, b, c, z):
    """2F1(a, b; c; z), 0 <= z < 1, by its series: a large c makes it short."""
    total = term = arb(1)
    for k in range(2000):
        ratio = (a + k) * (b + k) / ((c + k) * (k + 1)) * z
        term *= ratio
        total += term
        # Later ratios are below max(this, z) and what follows below a tenth of the unit.
        if abs(ratio) < 0.5 and abs(term) < arb(10) ** (-ctx.dps - 1):
            return total + arb(0, abs(term).upper() * 10)
    raise Lost


_rules = {}


def legendre(n):
    """Nodes and weights on [0, 1]."""
    key = (n, ctx.prec)
    if key not in _rules:
        rule = []
        for k in range(n):
            x, w = arb.legendre_p_root(n, k, weight=True)
            rule.append(((x + 1) / 2, w / 2))
        _rules[key] = rule
    return _rules[key]


def panels(f, end, first):
    """The integral of f over [0, end] by panels that double from `first`, by ever larger rules until two agree."""
    edges, width, at = [arb(0)], arb(first), arb(0)
    while at + width < end:
        at += width
        edges.append(at)
        width = min(width * 2, arb("0.5"))
    edges.append(arb(end))
    totals = []
    for n in (44, 72, 110, 150):
        total = arb(0)
        for low, high in zip(edges, edges[1:]):
            for x, w in legendre(n):
                total += w * (high - low) * f(low + x * (high - low))
        if total.rad() > abs(total.mid()) * arb(10) ** -53:
            raise Lost
        totals.append(total.mid())
        if len(totals) > 1 and abs(totals[-1] - totals[-2]) <= abs(totals[-1]) * arb(10) ** -50:
            return totals[-1]
    raise ArithmeticError(f"quadrature: {totals}")


def nbd(r, alpha, n, t):
    """P(n events in t), rate ~ Gamma(r, alpha)."""
    if t == 0:
        return arb(1 if n == 0 else 0)
    log = lgamma(r + n) - lgamma(r) - lgamma(arb(n + 1)) - r * (t / alpha).log1p()
    if n:
        log -= n * (alpha / t).log1p()
    return log.exp()


class Bg:
    """BG/NBD."""

    id = "bg_nbd"

    def __init__(self, r, alpha, a, b):
        self.r, self.alpha, self.a, self.b = arb(r), arb(alpha), arb(a), arb(b)

    def likelihoods(self, x, t_x, age):
        """The likelihood of the history and being alive, and of the history and having left."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        rates = lgamma(r + x) - lgamma(r) + r * ln(alpha)

        def ln_beta(u, v):
            return lgamma(u) + lgamma(v) - lgamma(u + v)

        alive = (ln_beta(a, b + x) - ln_beta(a, b) + rates - (r + x) * ln(alpha + age)).exp()
        if x == 0:
            return alive, arb(0)
        return alive, (ln_beta(a + 1, b + x - 1) - ln_beta(a, b) + rates - (r + x) * ln(alpha + t_x)).exp()

    def updated(self, x, age):
        return Bg(self.r + x, self.alpha + arb(age), self.a, self.b + x)

    def f(self, r, a, c, tau):
        """2F1(r, a; c; -tau): where x is large, by Pfaff's transformation, whose parameters it does not enlarge."""
        if c > 200 and abs(a) < 20 and abs(c - r) < 60:
            return (1 + tau) ** -a * series(a, c - r, c, tau / (1 + tau))
        return (-tau).hypgeom_2f1(r, a, c)

    def alive(self, t):
        return self.f(self.r, self.a, self.a + self.b, arb(t) / self.alpha)

    def rate_of_purchases(self, v):
        """d/dv of expected purchases at t = alpha (e^v - 1)."""
        tau = arb(v).expm1()
        return self.r * (1 + tau) * self.f(self.r + 1, self.a, self.a + self.b, tau)

    def first_panel(self):
        return min(arb("0.25"), 8 / (self.r + 1)).mid()

    def purchases(self, t):
        """Fader, Hardie & Lee (2005), eq. 9."""
        tau, a = arb(t) / self.alpha, self.a
        # The poles at a = 1 and a + b = 1 are removable: beside them by 1e-70 the value is the same to 60 digits and more.
        if a == 1 or abs(a + self.b - 1) < arb(10) ** -80:
            if ctx.dps < 190:
                raise Lost
            a += arb(10) ** -70
        c = a + self.b - 1
        return c / (a - 1) * (1 - self.f(self.r, a - 1, c, tau))

    def continuous(self, rate, horizon):
        rate = arb(rate)
        # e^-125 of the discount is left.
        longest = 125 / rate if horizon == INF else min(arb(horizon), 125 / rate)

        def f(v):
            return self.rate_of_purchases(v) * (-rate * self.alpha * arb(v).expm1()).exp()

        end = (longest / self.alpha).log1p()
        # Panels over which the discount, too, falls by no more than e^-10 or so near its own scale.
        if float(rate * self.alpha) > 2:
            first = min(self.first_panel(), (2 / (rate * self.alpha)).mid())
            return panels(f, end, first)
        return panels_in_time(self, rate, longest)

    def count(self, n, t):
        """Eq. 8."""
        r, alpha, a, b, t = self.r, self.alpha, self.a, self.b, arb(t)

        def ln_beta(u, v):
            return lgamma(u) + lgamma(v) - lgamma(u + v)

        stays = (ln_beta(a, b + n) - ln_beta(a, b)).exp() * nbd(r, alpha, n, t)
        if n == 0:
            return stays
        # A gamma-distributed rate reaches n events by t.
        at_least = ONE - sum((nbd(r, alpha, j, t) for j in range(n)), arb(0))
        return stays + (ln_beta(a + 1, b + n - 1) - ln_beta(a, b)).exp() * at_least


def panels_in_time(model, rate, longest):
    """The same integral where the discount works over many octaves of v: panels in v, cut where the discount falls by e^-8."""
    edges, v, width = [arb(0)], arb(0), model.first_panel()
    end = (longest / model.alpha).log1p()
    while True:
        slope = rate * model.alpha * v.exp()
        width = min(width, arb("0.5"), (4 / slope).mid())
        if v + width >= end:
            break
        v = (v + width).mid()
        edges.append(v)
        width *= 2
    edges.append(end)
    totals = []
    for n in (44, 72, 110, 150):
        total = arb(0)
        for low, high in zip(edges, edges[1:]):
            for x, w in legendre(n):
                at = (low + x * (high - low)).mid()
                value = model.rate_of_purchases(at) * (-rate * model.alpha * at.expm1()).exp()
                total += w * (high - low) * value
        if total.rad() > abs(total.mid()) * arb(10) ** -53:
            raise Lost
        totals.append(total.mid())
        if len(totals) > 1 and abs(totals[-1] - totals[-2]) <= abs(totals[-1]) * arb(10) ** -50:
            return totals[-1]
    raise ArithmeticError(f"quadrature: {totals}")


class Pareto:
    """Pareto/NBD."""

    id = "pareto_nbd"

    def __init__(self, r, alpha, s, beta):
        self.r, self.alpha, self.s, self.beta = arb(r), arb(alpha), arb(s), arb(beta)

    def tail(self, m, t):
        """The integral of (alpha + u)^-m (beta + u)^-(s+1) over u > t; Fader & Hardie (2005), eq. 20 and 22."""
        alpha, s, beta = self.alpha, self.s, self.beta
        if alpha >= beta:
            z = (alpha - beta) / (alpha + t)
            f, base = z.hypgeom_2f1(m + s, s + 1, m + s + 1), alpha + t
        else:
            z = (beta - alpha) / (beta + t)
            f, base = z.hypgeom_2f1(m + s, m, m + s + 1), beta + t
        return (-(m + s) * ln(base)).exp() / (m + s) * f

    def likelihoods(self, x, t_x, age):
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        t_x, age, m = arb(t_x), arb(age), r + x
        log = lgamma(m) - lgamma(r) + r * ln(alpha) + s * ln(beta)
        alive = (log - m * ln(alpha + age) - s * ln(beta + age)).exp()
        if t_x == age:
            return alive, arb(0)
        if x < 300:
            return alive, log.exp() * s * (self.tail(m, t_x) - self.tail(m, age))
        return alive, (log - m * ln(alpha + t_x) - (s + 1) * ln(beta + t_x)).exp() * s * self.between(m, t_x, age)

    def between(self, m, t, age):
        """The integral of ((alpha + t)/(alpha + u))^m ((beta + t)/(beta + u))^(s+1) over t < u < age: rigorous, for large m."""
        a, b, s = self.alpha + t, self.beta + t, self.s
        near = min(a, b, key=float)

        def f(v, analytic):
            u = near * (v.exp() - 1)
            log = -m * (1 + u / a).log(analytic=analytic) - (s + 1) * (1 + u / b).log(analytic=analytic)
            return (log + v).exp()

        end = ((age - t) / near).log1p()
        goal = arb(10) ** (15 - ctx.dps)
        return near * acb.integral(f, acb(0), acb(end), abs_tol=arb(10) ** -5000, rel_tol=goal, eval_limit=10**6).real

    def updated(self, x, age):
        return Pareto(self.r + x, self.alpha + arb(age), self.s, self.beta + arb(age))

    def alive(self, t):
        return (-self.s * (arb(t) / self.beta).log1p()).exp()

    def purchases(self, t):
        log = (arb(t) / self.beta).log1p()
        if self.s == 1:
            return self.r / self.alpha * self.beta * log
        return self.r / self.alpha * self.beta / (self.s - 1) * -(-(self.s - 1) * log).expm1()

    def continuous(self, rate, horizon):
        """r/alpha times the integral of e^(-rate t) (beta/(beta + t))^s."""
        rate, s, beta = arb(rate), self.s, self.beta
        upper = (rate * beta).gamma_upper(1 - s)
        if horizon != INF:
            upper -= (rate * (beta + arb(horizon))).gamma_upper(1 - s)
        return self.r / self.alpha * (s * ln(beta) + rate * beta + (s - 1) * ln(rate)).exp() * upper

    def count(self, n, t):
        r, alpha, s, beta, t = self.r, self.alpha, self.s, self.beta, arb(t)
        near = min(alpha, beta, key=float)
        ln_choose = lgamma(r + n) - lgamma(r) - lgamma(arb(n + 1)) + ln(s)

        def f(v, analytic):
            grown = v.exp()
            u = near * (grown - 1)
            log = -(r + n) * (1 + u / alpha).log(analytic=analytic) - (s + 1) * (1 + u / beta).log(analytic=analytic)
            return (ln_choose + log).exp() * (u / alpha) ** n * grown * near / beta

        end = (t / near).log1p()
        goal = arb(10) ** (15 - ctx.dps)
        value = acb.integral(f, acb(0), acb(end), abs_tol=arb(10) ** -500, rel_tol=goal, eval_limit=10**6)
        return self.alive(t) * nbd(r, alpha, n, t) + value.real


class Gg:
    """Gamma-Gamma, in the shape (p, q, v)."""

    id = "gamma_gamma"

    def __init__(self, p, q, v):
        self.p, self.q, self.v = arb(p), arb(q), arb(v)

    def log_likelihood(self, x, mean):
        p, q, v, mean = self.p, self.q, self.v, arb(mean)
        if x == 0:
            return arb(0)
        shape = p * x
        total = v + x * mean
        return (lgamma(shape + q) - lgamma(shape) - lgamma(q) + q * ln(v) + (shape - 1) * ln(mean) + shape * ln(arb(x))
                - (shape + q) * ln(total))

    def spend(self, x, mean):
        return self.p * (self.v + x * arb(mean)) / (self.p * x + self.q - 1)


def periods(now, rate, horizon):
    """The sum over whole periods and what is left of the last; `now.purchases` is additive over time."""
    v = 1 / (1 + arb(rate))
    total, before, k = arb(0), arb(0), 0
    whole = int(horizon) if horizon != INF else None
    weight = arb(1)
    while whole is None or k < whole:
        k += 1
        weight *= v
        grown = now.purchases(k)
        total += weight * (grown - before)
        before = grown
        # Purchases per period never grow: the rest is below weight/d times this period's.
        if whole is None and weight < arb(rate) * arb(10) ** -56:
            return total
        if k > 20000:
            raise ArithmeticError("too many periods")
    part = arb(horizon) - k
    if part > 0:
        total += weight * v * (now.purchases(horizon) - before)
    return total


def answer(make, row, quantity, arguments):
    """The value, from exact doubles."""

    def compute():
        model = make()
        if quantity == "spend":
            return model.spend(*(row or (0, 0.0)))
        if isinstance(model, Gg):
            return model.log_likelihood(row[0], row[1])
        if row is None:
            now, alive, left = model, arb(1), arb(0)
        else:
            now_alive, now_left = model.likelihoods(*row)
            total = now_alive + now_left
            if quantity == "log_likelihood":
                return total.log()
            alive, left = now_alive / total, now_left / total
            now = model.updated(row[0], row[2])
        if quantity == "alive":
            return alive * now.alive(*arguments)
        if quantity == "purchases":
            return alive * now.purchases(*arguments)
        if quantity == "count":
            return alive * now.count(*arguments) + (left if arguments[0] == 0 else 0)
        if quantity == "continuous":
            return alive * now.continuous(*arguments)
        return alive * periods(now, *arguments)

    return settled(compute)


def gradient(kind, theta, row, k):
    """A central difference: the step's square is far below what is kept."""

    def compute():
        ctx.dps = max(ctx.dps, 200)
        step = arb(theta[k]) * arb(10) ** -40
        ends = []
        for sign in (1, -1):
            values = [arb(v) for v in theta]
            values[k] += sign * step
            model = kind(*values)
            if kind is Gg:
                ends.append(model.log_likelihood(*row[:2]))
            else:
                alive, left = model.likelihoods(*row)
                ends.append((alive + left).log())
        return (ends[0] - ends[1]) / (2 * step)

    return settled(compute, start=200)


# -------------------------------------------------------------------------------------------------------------- cases

BG = [
    (0.2425945, 4.4136019, 0.7929199, 2.4258881),  # CDNOW
    (0.2425945, 4.4136019 * 604800, 0.7929199, 2.4258881),  # the same in seconds
    (0.5, 10.0, 1.0, 2.5),
    (0.5, 10.0, 1.0 + 1e-9, 2.5),
    (0.11, 2.24, 0.31, 0.5),
    (0.6, 5.0, 0.25, 0.75),
    (1.0, 1e-3, 0.8, 2.4),
    (2.0, 1e5, 0.5, 3.0),
    (0.5, 10.0, 200.0, 1e5),
    (0.5, 10.0, 20.0, 2000.0),
    (0.7, 8.0, 1e-6, 2.0),
    (0.7, 8.0, 0.5, 1e-3),
    (50.0, 20.0, 3.0, 8.0),
    (1e-4, 6.0, 0.9, 1.7),
]

PARETO = [
    (0.55328, 10.57768, 0.60624, 11.66873),  # CDNOW
    (0.55328, 10.57768 * 604800, 0.60624, 11.66873 * 604800),
    (0.5, 10.0, 1.0, 10.0),
    (0.5, 10.0, 1.0 + 1e-9, 15.0),
    (1.2264, 12.163, 1e-9, 32.52),
    (0.5329, 38.0598, 200.0, 1e5),
    (0.5329, 38.0598, 64.2792, 7721.5264),
    (0.6, 10.0, 0.6, 10.0),
    (0.5, 0.01, 0.6, 1e4),
    (0.5, 1e4, 0.6, 0.01),
    (10.465, 0.00798565, 3.0516, 2.82),
    (50.0, 20.0, 0.01, 3.0),
    (0.5143, 2.8845, 2.0, 14.1087),
]

GG = [(6.24957, 3.74422, 15.44352), (1.0, 1.0, 1.0), (0.5, 0.6, 1e-3), (200.0, 50.0, 1e4), (3.0, 1 + 1e-9, 20.0),
      (1e-3, 4.0, 1e6), (9.88124, 3.39875, 7.92859)]

AGES = [1e-3, 1.0, 39.0, 1000.0, 1e6]
SHARES = [1.0, 0.98, 0.5, 1e-3]
COUNTS = [0, 1, 2, 29, 400, 3000]


def histories(rng, number, scale):
    """Every frequency, in turn, with ages and silences at random."""
    rows = [(0, 0.0, 39.0 * scale)]
    for i in range(number - 1):
        x = COUNTS[i % len(COUNTS)]
        age = rng.choice(AGES) * scale
        rows.append((x, age * rng.choice(SHARES) if x else 0.0, age))
    return rows


def arguments(rng, scale, slow):
    """What is asked about one customer."""
    asked = [("alive", (rng.choice([1e-3, 1.0, 52.0, 1e4]) * scale,)) for _ in range(2)]
    asked += [("purchases", (h * scale,)) for h in rng.sample([1e-3, 1.0, 10.0, 1e4], 2)]
    asked += [("count", (n, rng.choice([1.0, 52.0, 52.0, 1e3]) * scale)) for n in rng.sample([0, 1, 2, 7, 30, 100], 3)]
    rates = [0.0027, 0.1, 1e-5, 3.0]
    if slow:
        return asked
    asked.append(("continuous", (rng.choice(rates) / scale, INF)))
    asked.append(("continuous", (rng.choice(rates) / scale, rng.choice([1.0, 52.5, 1e4]) * scale)))
    if scale == 1:
        asked.append(("period", (rng.choice([0.002, 0.1, 1.0]), rng.choice([1.0, 52.0]))))
        asked.append(("period", (rng.choice([0.002, 0.1, 1.0]), rng.choice([0.3, 52.5, 7.999]))))
        asked.append(("period", (rng.choice([0.1, 1.0]), INF)))
    return asked


def short(x):
    text = repr(float(x))
    return text[:-2] if text.endswith(".0") else text


def line(kind, theta, row, quantity, arguments, value):
    theta = [short(v) for v in theta] + [""] * (4 - len(theta))
    row = [short(v) for v in row] if row is not None else [""] * 3
    row += [""] * (3 - len(row))
    arguments = [short(v) for v in arguments] + [""] * (2 - len(arguments))
    return ",".join([kind.id] + theta + row + [quantity] + arguments + [short(float(value.mid()))])


def jobs():
    """(kind, theta, row, quantity, arguments)."""
    rng = random.Random(20261121)
    for kind, sets in ((Bg, BG), (Pareto, PARETO)):
        for theta in sets:
            scale = 604800.0 if theta[1] > 1e6 else 1.0
            for row in [None] + histories(rng, 8, scale):
                for quantity, values in arguments(rng, scale, theta[2] == 200 and kind is Bg):
                    yield kind, theta, row, quantity, values
                if row is not None and kind is Pareto:
                    yield kind, theta, row, "log_likelihood", ()
            for row in histories(rng, 9, scale)[1:]:
                for k in range(4):
                    yield kind, theta, row, "gradient", (k,)
    for theta in GG:
        for x, mean in [(1, 35.0), (2, 1e-3), (29, 24.66), (400, 1e4), (3000, 0.7), (1, 1e6), (7, theta[2])]:
            yield Gg, theta, (x, mean), "log_likelihood", ()
            for k in range(3):
                yield Gg, theta, (x, mean), "gradient", (k,)
            if theta[0] * x + theta[1] > 1:
                yield Gg, theta, (x, mean), "spend", ()
        if theta[1] > 1:
            yield Gg, theta, (0, 0.0), "spend", ()
            yield Gg, theta, None, "spend", ()


def work(job):
    kind, theta, row, quantity, values = job
    began = time.time()
    try:
        if quantity == "gradient":
            value = gradient(kind, theta, row, values[0])
        else:
            value = answer(lambda: kind(*theta), row, quantity, values)
    except Exception as e:  # noqa: BLE001 - reported with its case
        return f"!{job}: {e!r}"
    if time.time() - began > 10:
        print(f"{time.time() - began:.0f} s: {job}", file=sys.stderr, flush=True)
    return line(kind, theta, row, quantity, values, value)


def check():
    """Every formula against the double integral over the two unobserved rates, by trapezoidal sums in doubles, to 1e-11."""
    import math

    exp, gamma = math.exp, math.gamma
    x, t_x, age, d = 2, 30.43, 38.86, 0.1
    r, al, a, b, s, be = 1.7, 4.4, 1.8, 2.4, 1.6, 11.7
    step = 0.12

    def compare(name, got, want):
        error = abs(float(got.mid()) / want - 1)
        print(f"{name:40} {want:.15g} {error:.1e}")
        assert error < 1e-11, name

    def gammas(shape, rate):
        ys = [k * step for k in range(int(-36 / shape / step), int(6 / step))]
        return [(exp(y) / rate, step * exp(shape * y - exp(y)) / gamma(shape)) for y in ys]

    def betas():
        front = gamma(a + b) / gamma(a) / gamma(b) * step
        ps = [1 / (1 + exp(-k * step)) for k in range(int(-36 / a / step), int(36 / b / step))]
        qs = [1 / (1 + exp(k * step)) for k in range(int(-36 / a / step), int(36 / b / step))]
        return [((p, q), front * p**a * q**b) for p, q in zip(ps, qs)]

    lams = gammas(r, al)
    for kind, theta, others in ((Bg, (r, al, a, b), betas()), (Pareto, (r, al, s, be), gammas(s, be))):
        if kind is Bg:
            def alive(z, w):
                return w[1] ** x * z**x * exp(-z * age)

            def left(z, w):
                return w[0] * w[1] ** (x - 1) * z**x * exp(-z * t_x)

            def leaving(z, w):
                return z * w[0]

            def count(z, w, n, h):
                # Alive with n; or left at the n-th.
                poisson = exp(-z * h) * (z * h) ** n / math.factorial(n)
                more = poisson * sum((z * h) ** j * math.factorial(n) / math.factorial(n + j) for j in range(60))
                return w[1] ** n * poisson + (w[0] * w[1] ** (n - 1) * more if n else 0)
        else:
            def alive(z, u):
                return z**x * exp(-(z + u) * age)

            def left(z, u):
                return z**x * u / (z + u) * exp(-(z + u) * t_x) * -math.expm1(-(z + u) * (age - t_x))

            def leaving(z, u):
                return u

            def count(z, u, n, h):
                c = (z + u) * h
                more = exp(-c) * sum(c**j / math.factorial(j) for j in range(n + 1, n + 80))
                return exp(-c) * (z * h) ** n / math.factorial(n) + u / (z + u) * (z / (z + u)) ** n * more

        def over(g, others=others):
            return math.fsum(vw * math.fsum(zw * g(z, v) for z, zw in lams) for v, vw in others)

        def annuity(c, h):
            return 1 / c if h == INF else -math.expm1(-c * h) / c

        def by_period(z, w, h):
            c, v = leaving(z, w), 1 / (1 + d)
            first = z * annuity(c, 1) * v
            if h == INF:
                return first / (1 - v * exp(-c))
            n = int(h)
            last = z * v ** (n + 1) * exp(-c * n) * annuity(c, h - n)
            return first * sum((v * exp(-c)) ** k for k in range(n)) + last

        total = over(lambda z, w: alive(z, w) + left(z, w))
        if kind is Pareto:
            compare("likelihood", answer(lambda: Pareto(*theta), (x, t_x, age), "log_likelihood", ()).exp(), total)
        questions = [("alive", (10.0,), lambda z, w: exp(-leaving(z, w) * 10)),
                     ("purchases", (10.0,), lambda z, w: z * annuity(leaving(z, w), 10))]
        for n in (0, 1, 3):
            questions.append(("count", (n, 5.0), lambda z, w, n=n: count(z, w, n, 5.0)))
        for h in (10.0, INF):
            questions.append(("continuous", (d, h), lambda z, w, h=h: z * annuity(leaving(z, w) + d, h)))
        for h in (4.0, 4.25, INF):
            questions.append(("period", (d, h), lambda z, w, h=h: by_period(z, w, h)))
        for quantity, values, g in questions:
            new = answer(lambda: kind(*theta), None, quantity, values)
            compare(f"{kind.id} new {quantity} {values}", new, over(g))
            want = over(lambda z, w: alive(z, w) * g(z, w)) / total
            if quantity == "count" and values[0] == 0:
                want += over(left) / total
            known = answer(lambda: kind(*theta), (x, t_x, age), quantity, values)
            compare(f"{kind.id} known {quantity} {values}", known, want)
    theta, x, z = (6.25, 3.74, 15.4), 3, 22.0
    p, q, v = theta
    nus = [(nu, w * (nu * x) ** (p * x) * z ** (p * x - 1) * exp(-nu * x * z) / gamma(p * x)) for nu, w in gammas(q, v)]
    total = math.fsum(w for _, w in nus)
    compare("gamma_gamma likelihood", answer(lambda: Gg(*theta), (x, z), "log_likelihood", ()).exp(), total)
    compare("gamma_gamma spend", answer(lambda: Gg(*theta), (x, z), "spend", ()), math.fsum(w * p / nu for nu, w in nus) / total)


def main():
    if sys.argv[1:] == ["check"]:
        return check()
    from multiprocessing import Pool

    todo = list(jobs())
    lines, tiny, bad = [], 0, 0
    with Pool(2) as pool:
        for i, text in enumerate(pool.imap(work, todo, chunksize=2)):
            if text.startswith("!"):
                bad += 1
                print(text, file=sys.stderr, flush=True)
                continue
            # Zeros prove little: a few dozen are enough.
            if abs(float(text.rsplit(",", 1)[1])) < 1e-290:
                tiny += 1
                if tiny % 4:
                    continue
            lines.append(text)
            if i % 200 == 0:
                print(i, len(todo), file=sys.stderr, flush=True)
    lines = list(dict.fromkeys(lines))
    head = ("# Answers of the models at 50 digits and more, rounded to doubles. By generate_quantities.py with python-flint 0.9.0 (Arb); its docstring tells the columns.\n"
            "model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
    with open(os.path.join(HERE, "quantities.csv"), "w", encoding="utf-8") as file:
        file.write(head + "\n".join(lines) + "\n")
    print(len(lines), "values,", bad, "not settled,", tiny, "below 1e-290")


if __name__ == "__main__":
    main()
