"""Writes families.csv beside this file: what GGom/NBD and Pareto/NBD with a Sarmanov dependence must answer, by ball arithmetic.

    python -m venv venv && venv/bin/pip install "python-flint==0.9.0" && venv/bin/python generate_families.py

Columns as in quantities.csv (see generate_quantities.py); the fifth parameter stands behind the model's name, `ggom_nbd:0.0026` for beta = 0.0026 and
`pareto_nbd_sarmanov:4` for dependence = 4.

GGom/NBD: every integral over time is taken as it stands in the definition, by Arb's rigorous integration, to a proved 1e-52: no panels, no aged beta but in the
statement that a customer who is alive is a new one, which `check` verifies. Pareto/NBD with a Sarmanov dependence: sums of four plain Pareto/NBD models with
signs, in closed form, at a precision that makes up for what cancels; cam_core never forms them for a score. `generate_families.py check` compares with
double integrals over the two unobserved rates. Derivatives are central differences with steps of 1e-30 at 110 digits and more.
"""

import math
import os
import random
import sys
import time

from flint import acb, arb, ctx

from generate_quantities import INF, Pareto, histories, lgamma, ln, nbd, settled, short

HERE = os.path.dirname(os.path.abspath(__file__))


def integral(f, end):
    """The integral of f(v, analytic) over [0, end]."""
    goal = arb(10) ** (8 - ctx.dps)
    return acb.integral(f, acb(0), acb(end), abs_tol=arb(10) ** -5000, rel_tol=goal, eval_limit=10**6).real


class Ggom:
    """GGom/NBD."""

    id = "ggom_nbd"

    def __init__(self, r, alpha, b, s, beta):
        self.r, self.alpha, self.b, self.s, self.beta = (arb(v) for v in (r, alpha, b, s, beta))

    def ln_b(self, u, analytic=False):
        """ln (beta + e^(bu) - 1), with e^(bu) taken out, so that the logarithm stays on its branch."""
        value = 1 + (self.beta - 1) * (-self.b * u).exp()
        return self.b * u + (value.log(analytic=analytic) if isinstance(value, acb) else value.log())

    def near(self, *others):
        """A scale of time, on which ln(1 + u/near) is a good variable."""
        scales = [1 / self.b, *others]
        if self.beta < 1:
            scales.append(-ln(1 - self.beta) / self.b)
        return min(scales, key=float)

    def cut(self, start, length, least):
        """No more of the length, from an age on, than until survival has fallen to e^-least."""
        b, s, beta = float(self.b), float(self.s), float(self.beta)

        def fallen(t):
            return s * (b * t - math.log(beta) if b * t > 600 else math.log1p(math.expm1(b * t) / beta))

        low, high = 0.0, float(length)
        if fallen(start + high) - fallen(start) <= least:
            return arb(length)
        for _ in range(200):
            middle = low * 2 if low and low * 4 < high else (low + high) / 2
            if fallen(start + middle) - fallen(start) <= least:
                low = middle
            else:
                high = middle
        return arb(high)

    def likelihoods(self, x, t_x, age):
        r, alpha, b, s = self.r, self.alpha, self.b, self.s
        t_x, age, m = arb(t_x), arb(age), r + x
        log = lgamma(m) - lgamma(r) + r * ln(alpha)
        survival = -s * (self.ln_b(age) - ln(self.beta))
        alive = (log - m * ln(alpha + age) + survival).exp()
        if t_x == age:
            return alive, arb(0)
        then = -s * (self.ln_b(t_x) - ln(self.beta))
        near = self.near(alpha + t_x)
        start = self.ln_b(t_x)

        def f(v, analytic):
            grown = v.exp()
            u = near * (grown - 1)
            rate = -m * (1 + u / (alpha + t_x)).log(analytic=analytic)
            leaving = -(s + 1) * (self.ln_b(t_x + u, analytic) - start)
            return (rate + leaving + b * u).exp() * grown

        front = (log - m * ln(alpha + t_x) + then + b * t_x - start).exp() * s * b * near
        silence = self.cut(float(t_x), age - t_x, 205)
        return alive, front * integral(f, (silence / near).log1p())

    def updated(self, x, age):
        age = arb(age)
        beta = (self.beta + (self.b * age).exp() - 1) * (-self.b * age).exp()
        return Ggom(self.r + x, self.alpha + age, self.b, self.s, beta)

    def alive(self, t):
        return (-self.s * (self.ln_b(arb(t)) - ln(self.beta))).exp()

    def stay(self, rate, horizon):
        """The integral of e^(-rate t) S(t)."""
        near = self.near(*([1 / rate] if rate > 0 else []))
        start = ln(self.beta)

        def f(v, analytic):
            grown = v.exp()
            t = near * (grown - 1)
            return (-self.s * (self.ln_b(t, analytic) - start) - rate * t).exp() * grown

        return near * integral(f, (self.cut(0.0, horizon, 175) / near).log1p())

    def purchases(self, t):
        return self.r / self.alpha * self.stay(arb(0), arb(t))

    def continuous(self, rate, horizon):
        rate = arb(rate)
        # e^-145 of the discount is left.
        longest = 145 / rate if horizon == INF else min(arb(horizon), 145 / rate, key=float)
        return self.r / self.alpha * self.stay(rate, longest)

    def count(self, n, t):
        r, alpha, b, s, t = self.r, self.alpha, self.b, self.s, arb(t)
        near = self.near(alpha)
        front = (lgamma(r + n) - lgamma(r) - lgamma(arb(n + 1)) - ln(self.beta)).exp() * s * b * near
        start = ln(self.beta)

        def f(v, analytic):
            grown = v.exp()
            u = near * (grown - 1)
            rate = -(r + n) * (1 + u / alpha).log(analytic=analytic)
            leaving = -(s + 1) * (self.ln_b(u, analytic) - start)
            return (rate + leaving + b * u).exp() * (u / alpha) ** n * grown

        return self.alive(t) * nbd(r, alpha, n, t) + front * integral(f, (self.cut(0.0, t, 505) / near).log1p())


class Sarmanov:
    """Pareto/NBD whose rates depend on each other: g(l) g(u) (1 + m (e^-l - L1)(e^-u - L2))."""

    id = "pareto_nbd_sarmanov"

    def __init__(self, r, alpha, s, beta, dependence):
        self.r, self.alpha, self.s, self.beta, self.g = (arb(v) for v in (r, alpha, s, beta, dependence))
        one = (-self.r * (1 / self.alpha).log1p()).exp()
        two = (-self.s * (1 / self.beta).log1p()).exp()

        def most(a, b):
            return (a + b + ((a - b) ** 2 + arb(10) ** -8 * (a + b) ** 2).sqrt()) / 2

        upper = most(one * (1 - two), (1 - one) * two)
        lower = most(one * two, (1 - one) * (1 - two))
        self.m = (self.g - 1) / (self.g * upper + lower)
        self.one, self.two = one, two
        kappa = self.m * one * two
        # Coefficients of Gamma(r, alpha + i) x Gamma(s, beta + j).
        self.parts = [(1 + kappa, 0, 0), (-kappa, 1, 0), (-kappa, 0, 1), (kappa, 1, 1)]

    def plain(self, i, j):
        return Pareto(self.r, self.alpha + i, self.s, self.beta + j)

    def likelihoods(self, x, t_x, age):
        """Being alive and having left; the first with its part of each plain model."""
        alive, left, states = arb(0), arb(0), []
        for weight, i, j in self.parts:
            a, gone = self.plain(i, j).likelihoods(x, t_x, age)
            alive += weight * a
            left += weight * gone
            states.append(weight * a)
        self.states = states
        return alive, left

    def future(self, row):
        """Weights of plain models for a customer who is alive (known: after `likelihoods`)."""
        if row is None:
            return [(weight, self.plain(i, j)) for weight, i, j in self.parts]
        total = sum(self.states, arb(0))
        plain = [self.plain(i, j).updated(row[0], row[2]) for _, i, j in self.parts]
        return [(state / total, model) for state, model in zip(self.states, plain)]


def annuity(model, quantity, arguments):
    """One plain model's answer."""
    if quantity == "alive":
        return model.alive(*arguments)
    if quantity == "purchases":
        return model.purchases(*arguments)
    if quantity == "count":
        return model.count(*arguments)
    if quantity == "continuous":
        return model.continuous(*arguments)
    return periods(model, *arguments)


def periods(now, rate, horizon):
    """The sum over periods of what is expected within each."""
    rate = arb(rate)
    v = 1 / (1 + rate)
    total, before, weight, k = arb(0), arb(0), arb(1), 0
    whole = int(horizon) if horizon != INF else None
    while whole is None or k < whole:
        k += 1
        weight *= v
        if isinstance(now, Ggom):
            # The share of one period, from a customer as old as that.
            share = now.alive(k - 1) * now.updated(0, k - 1).stay(arb(0), arb(1)) * now.r / now.alpha
        else:
            grown = now.purchases(k)
            share, before = grown - before, grown
        total += weight * share
        # Shares never grow.
        if weight * share < rate * arb(10) ** -56 * total:
            return total
        if k > 20000:
            raise ArithmeticError("too many periods")
    part = arb(horizon) - k
    if part > 0:
        if isinstance(now, Ggom):
            share = now.alive(k) * now.updated(0, k).stay(arb(0), part) * now.r / now.alpha
        else:
            share = now.purchases(horizon) - before
        total += weight * v * share
    return total


def answer(make, row, quantity, arguments):
    """The value, from exact doubles."""

    def compute():
        model = make()
        alive, left = arb(1), arb(0)
        if row is not None:
            now_alive, now_left = model.likelihoods(*row)
            total = now_alive + now_left
            if quantity == "log_likelihood":
                return total.log()
            alive, left = now_alive / total, now_left / total
        if isinstance(model, Ggom):
            ahead = annuity(model if row is None else model.updated(row[0], row[2]), quantity, arguments)
        else:
            ahead = sum((w * annuity(plain, quantity, arguments) for w, plain in model.future(row)), arb(0))
        return alive * ahead + (left if quantity == "count" and arguments[0] == 0 else 0)

    return settled(compute)


def gradient(kind, theta, row, k):
    def compute():
        ctx.dps = max(ctx.dps, 110)
        step = arb(theta[k]) * arb(10) ** -30
        ends = []
        for sign in (1, -1):
            values = [arb(v) for v in theta]
            values[k] += sign * step
            alive, left = kind(*values).likelihoods(*row)
            ends.append((alive + left).log())
        return (ends[0] - ends[1]) / (2 * step)

    return settled(compute, digits=50, start=110)


GGOM = [
    (0.553, 10.578, 0.0002, 0.603, 0.0026),  # CDNOW
    (0.9, 4.0, 0.1, 1.2, 6.0),
    (0.8, 5.0, 0.3, 1.5, 1e4),
    (1.2, 3.0, 0.05, 0.8, 1.0),
    (1.2, 3.0, 0.05, 0.8, 1.0 + 1e-9),
    (0.553, 10.578, 1e-9, 0.606, 1.1669e-8),
    (0.6, 20.0, 0.02, 200.0, 300.0),
    (0.7, 1e4, 0.5, 0.3, 1e6),
    (10.465, 0.00798565, 1.0, 3.0516, 0.01),
    (0.5, 8.0, 2.0, 0.8, 0.5),
    (50.0, 20.0, 0.01, 0.01, 1e-6),
    (0.05, 300.0, 0.004, 30.0, 5e3),
]

SARMANOV = [
    (0.54318, 10.1001, 0.50885, 9.17912, 50.0),  # CDNOW
    (0.54318, 10.1001, 0.50885, 9.17912, 0.02),
    (1.2, 2.0, 1.0, 4.0, 4.0),
    (0.8, 1.5, 1.0 + 1e-9, 3.0, 0.25),
    (0.5, 70.0, 0.6, 90.0, 10.0),
    (0.5329, 38.0598, 64.2792, 7721.5264, 3.0),
    (10.465, 0.00798565, 3.0516, 2.82, 5.0),
    (0.5, 0.01, 0.6, 1e3, 30.0),
    (0.5, 1e3, 0.6, 0.01, 0.1),
    (3.0, 5.0, 2.5, 0.3, 1.0),
]


def arguments(rng):
    asked = [("alive", (rng.choice([1e-3, 1.0, 52.0, 1e3]),))]
    asked += [("purchases", (h,)) for h in rng.sample([1e-3, 1.0, 10.0, 1e4], 2)]
    asked += [("count", (n, rng.choice([1.0, 52.0, 52.0, 1e3]))) for n in rng.sample([0, 1, 2, 7, 30, 100], 2)]
    rates = [0.0027, 0.1, 1e-5, 3.0]
    asked.append(("continuous", (rng.choice(rates), INF)))
    asked.append(("continuous", (rng.choice(rates), rng.choice([1.0, 52.5, 1e4]))))
    asked.append(("period", (rng.choice([0.002, 0.1, 1.0]), rng.choice([1.0, 52.0, 52.5, 7.999]))))
    asked.append(("period", (rng.choice([0.1, 1.0]), INF)))
    return asked


def jobs():
    rng = random.Random(20261122)
    for kind, sets in ((Ggom, GGOM), (Sarmanov, SARMANOV)):
        for theta in sets:
            for row in [None] + histories(rng, 7, 1.0):
                for quantity, values in arguments(rng):
                    yield kind, theta, row, quantity, values
                if row is not None:
                    yield kind, theta, row, "log_likelihood", ()
                    yield kind, theta, row, "alive", (0.0,)
            for row in histories(rng, 6, 1.0)[1:]:
                for k in range(5):
                    yield kind, theta, row, "gradient", (k,)


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
    fields = [f"{kind.id}:{short(theta[4])}"] + [short(v) for v in theta[:4]]
    fields += [short(v) for v in row] if row is not None else [""] * 3
    fields += [quantity] + [short(v) for v in values] + [""] * (2 - len(values))
    return ",".join(fields + [short(float(value.mid()))])


def check():
    """Every formula against the double integral over the two unobserved rates, by trapezoidal sums in doubles, to 1e-10."""
    exp, gamma = math.exp, math.gamma
    x, t_x, age, d = 2, 3.0, 4.5, 0.1
    step = 0.15
    nodes = [(float(v.mid()), float(w.mid())) for v, w in legendre_nodes(20)]

    def gammas(shape, rate):
        ys = [k * step for k in range(int(-36 / shape / step), int(6 / step))]
        return [(exp(y) / rate, step * exp(shape * y - exp(y)) / gamma(shape)) for y in ys]

    def over(f, low, high):
        return (high - low) * math.fsum(w * f(low + v * (high - low)) for v, w in nodes)

    def pieces(f, low, high):
        return math.fsum(over(f, low + k * (high - low) / 6, low + (k + 1) * (high - low) / 6) for k in range(6))

    ggom, sarmanov = (1.7, 4.4, 0.2, 1.6, 2.5), (1.7, 2.4, 1.6, 3.0, 6.0)
    for kind, theta in ((Ggom, ggom), (Sarmanov, sarmanov)):
        model = kind(*theta)
        if kind is Ggom:
            r, al, b, s, be = theta
            pairs = [(z, n, zw * nw) for z, zw in gammas(r, al) for n, nw in gammas(s, be) if zw * nw > 1e-19]

            def ln_survival(n, t):
                return -n * math.expm1(b * t)

            def risk(n, t):
                return n * b * exp(b * t)
        else:
            r, al, s, be, _ = theta
            m, one, two = (float(v.mid()) for v in (model.m, model.one, model.two))
            assert -1 < m * (one - 1) * two and m * one * (two - 1) > -1
            pairs = [(z, n, zw * nw * (1 + m * (exp(-z) - one) * (exp(-n) - two)))
                     for z, zw in gammas(r, al) for n, nw in gammas(s, be) if zw * nw > 1e-19]

            def ln_survival(n, t):
                return -n * t

            def risk(n, t):
                return n

        known = [(z, n, w * z**x * exp(-z * age + ln_survival(n, age)),
                  w * z**x * over(lambda u: exp(-z * u + ln_survival(n, u)) * risk(n, u), t_x, age)) for z, n, w in pairs]
        total = math.fsum(a + gone for _, _, a, gone in known)

        def stay(n, rate, start, horizon):
            return over(lambda t: exp(ln_survival(n, start + t) - ln_survival(n, start) - rate * t), 0.0, horizon)

        def counted(z, n, start, k, h):
            def pmf(u):
                return exp(-z * u) * (z * u) ** k / math.factorial(k)
            end = ln_survival(n, start)
            left = over(lambda u: pmf(u) * exp(ln_survival(n, start + u) - end) * risk(n, start + u), 0.0, h)
            return pmf(h) * exp(ln_survival(n, start + h) - end) + left

        def compare(name, row, quantity, values, want):
            got = float(answer(lambda: kind(*theta), row, quantity, values).mid())
            print(f"{kind.id} {name:40} {want:.15g} {abs(got / want - 1):.1e}", flush=True)
            assert abs(got / want - 1) < 1e-10, name

        row = (x, t_x, age)
        compare("likelihood", row, "log_likelihood", (), math.log(total))
        questions = [("alive", (3.0,), lambda z, n, t: exp(ln_survival(n, t + 3) - ln_survival(n, t))),
                     ("purchases", (3.0,), lambda z, n, t: z * stay(n, 0.0, t, 3.0)),
                     ("continuous", (d, 3.0), lambda z, n, t: z * stay(n, d, t, 3.0)),
                     ("period", (d, 1.5), lambda z, n, t: z * (stay(n, 0.0, t, 1.0) / (1 + d) + (
                         stay(n, 0.0, t, 1.5) - stay(n, 0.0, t, 1.0)) / (1 + d) ** 2)),
                     ("count", (1, 2.0), lambda z, n, t: counted(z, n, t, 1, 2.0)),
                     ("count", (0, 2.0), lambda z, n, t: counted(z, n, t, 0, 2.0))]
        for quantity, values, g in questions:
            new = math.fsum(w * g(z, n, 0.0) for z, n, w in pairs)
            compare(f"new {quantity} {values}", None, quantity, values, new)
            want = math.fsum(a * g(z, n, age) for z, n, a, _ in known)
            if quantity == "count" and values[0] == 0:
                want += math.fsum(gone for _, _, _, gone in known)
            compare(f"known {quantity} {values}", row, quantity, values, want / total)


def legendre_nodes(n):
    ctx.dps = 30
    return [((v + 1) / 2, w / 2) for v, w in (arb.legendre_p_root(n, k, weight=True) for k in range(n))]


def main():
    if sys.argv[1:] == ["check"]:
        return check()
    lines, tiny, bad = [], 0, 0
    for i, job in enumerate(jobs()):
        text = work(job)
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
            print(i, file=sys.stderr, flush=True)
    lines = list(dict.fromkeys(lines))
    head = ("# GGom/NBD and Pareto/NBD with a Sarmanov dependence at 50 digits and more, rounded to doubles. By generate_families.py with python-flint 0.9.0 (Arb); "
            "its docstring tells the columns.\nmodel,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
    with open(os.path.join(HERE, "families.csv"), "w", encoding="utf-8") as file:
        file.write(head + "\n".join(lines) + "\n")
    print(len(lines), "values,", bad, "not settled,", tiny, "below 1e-290")


if __name__ == "__main__":
    main()
