"""Writes counting.csv beside this file: what NBD, MBG/NBD, BG/CNBD-k and MBG/CNBD-k must answer, by ball arithmetic.

    python -m venv venv && venv/bin/pip install "python-flint==0.9.0" && venv/bin/python generate_counting.py

Columns as in quantities.csv (see generate_quantities.py); a model with phases is written `bg_cnbd_k:3` for k = 3. A history has the intervals of a
customer who buys like clockwork: log_intervals is x ln(t_x/x). The log-likelihood of NBD and MBG/NBD has no intervals in it.

Sums over purchases or phases, of positive terms, with a precision that rises until the proved error is below 1e-50: no interpolation, no quadrature
over p, no roots of unity. Discounted sums integrate the density of purchases over time with two numbers of nodes that must agree, where cam_core mixes
expected purchases over horizons. `generate_counting.py check` compares every formula with the integral over λ and p of what a renewal process with
Erlang intervals does, whose current interval has lasted for T − t_x: there no phases are used. Derivatives are central differences with steps of 1e-40.
"""

import math
import os
import random
import sys

from flint import arb, ctx

from generate_quantities import INF, legendre, lgamma, ln, settled, short

HERE = os.path.dirname(os.path.abspath(__file__))


class Counting:
    """One model: `first` is 1 where a customer may leave after the first purchase."""

    def __init__(self, r, alpha, a=None, b=None, k=1, first=0):
        self.r, self.alpha, self.k, self.first = arb(r), arb(alpha), int(k), first
        self.a, self.b = (arb(a), arb(b)) if a is not None else (None, None)

    def terms(self, x, t_x, age):
        """The terms of the likelihood of being alive, by phase, and that of having left; without (k - 1) sum ln."""
        r, alpha, k = self.r, self.alpha, self.k
        m, rate = r + k * x, alpha + age
        common = lgamma(m) - lgamma(r) + r * ln(alpha) - x * lgamma(arb(k)) - m * ln(rate)
        z = (arb(age) - t_x) / rate
        alive, term = [], common.exp()
        for j in range(k):
            alive.append(term)
            term *= (m + j) / (j + 1) * z
        left = arb(0)
        if self.a is not None:
            stay = x + self.first
            share = (ln_beta(self.a, self.b + stay) - ln_beta(self.a, self.b)).exp()
            alive = [share * t for t in alive]
            if stay > 0:
                share = (ln_beta(self.a + 1, self.b + stay - 1) - ln_beta(self.a, self.b)).exp()
                left = share * (common + m * ln(rate / (alpha + t_x))).exp()
        return alive, left

    def states(self, row):
        """Probabilities of being alive in each phase with (m, A, b), and of having left."""
        if row is None:
            gone = self.a / (self.a + self.b) if self.first else arb(0)
            b = None if self.b is None else self.b + self.first
            return [(1 - gone, self.r, self.alpha, b, 0)], gone
        x, t_x, age = row
        alive, left = self.terms(x, t_x, age)
        total = sum(alive, left)
        b = None if self.b is None else self.b + x + self.first
        states = [(t / total, self.r + self.k * x + j, self.alpha + age, b, j) for j, t in enumerate(alive) if t != 0]
        return states, left / total

    def log_likelihood(self, x, t_x, age):
        alive, left = self.terms(x, t_x, age)
        value = ln(sum(alive, left))
        return value + (self.k - 1) * x * ln(arb(t_x) / x) if x else value


def ln_beta(u, v):
    return lgamma(u) + lgamma(v) - lgamma(u + v)


def counts(m, tau, end):
    """P(N = n) for n = 0, 1, ..., until `end(n, term, ratio)`."""
    y = tau / (1 + tau)
    term = (-m * tau.log1p()).exp()
    n = 0
    while True:
        yield n, term
        ratio = (m + n) / (n + 1) * y
        if end(n, term, max(float(ratio.mid()), float(y.mid()))):
            return
        term *= ratio
        n += 1


def stays(a, b):
    """E[q^i], i = 0, 1, ..."""
    value, i = arb(1), 0
    while True:
        yield value
        value = value * (b + i) / (a + b + i) if a is not None else value
        i += 1


def survival(model, m, b, phase, tau):
    if model.a is None:
        return arb(1)
    stay = stays(model.a, b)
    weight, total, passed = next(stay), arb(0), 0

    def end(n, term, ratio):
        return ratio < 1 and float((term * weight).mid()) <= 1e-62 * (1 - ratio) * float(total.mid())

    for n, term in counts(m, tau, end):
        while (n + phase) // model.k > passed:
            weight = next(stay)
            passed += 1
        total += term * weight
    return total * (1 + arb(0, 1e-56))


def expected(model, m, b, phase, tau):
    stay = stays(model.a, b)
    weight, total, passed = arb(0), arb(0), 0

    def end(n, term, ratio):
        return ratio < 1 and weight > 0 and float((term * weight).mid()) <= 1e-62 * (1 - ratio) ** 2 * float(total.mid())

    for n, term in counts(m, tau, end):
        while (n + phase) // model.k > passed:
            weight += next(stay)
            passed += 1
        total += term * weight
    return total * (1 + arb(0, 1e-56))


def beta_tail(n, m, y):
    """I_y(n, m)."""
    return arb.beta_lower(n, m, y, regularized=True) if hasattr(arb, "beta_lower") else y.beta_lower(n, m, regularized=1)


def at_least(model, m, phase, i, tau):
    """P(Y >= i)."""
    total = arb(0)
    for n, term in counts(m, tau, lambda n, *_: n + 1 >= model.k * i - phase):
        total += term
    return 1 - total


def count(model, m, b, phase, n, tau):
    low, high = max(model.k * n - phase, 0), model.k * (n + 1) - phase
    exactly = sum((t for i, t in counts(m, tau, lambda i, *_: i + 1 >= high) if i >= low), arb(0))
    if model.a is None:
        return exactly
    value = (ln_beta(model.a, b + n) - ln_beta(model.a, b)).exp() * exactly
    if n:
        more = at_least(model, m, phase, n, tau)
        value += (ln_beta(model.a + 1, b + n - 1) - ln_beta(model.a, b)).exp() * more
    return value


def density(model, m, rate, b, phase, t):
    """Purchases per time at t: the sum over i of E[q^(i-1)] times the density of the (ik - phase)-th phase."""
    y = t / (rate + t)
    stay = stays(model.a, b)
    total, n = arb(0), model.k - phase
    term = (lgamma(m + n) - lgamma(m) - lgamma(arb(n)) + m * ln(rate / (rate + t)) + n * ln(y)).exp() / t
    while True:
        part = next(stay) * term
        total += part
        ratio = max(float((m + n) / n * y), float(y))
        if ratio < 1 and float(part) <= 1e-58 * (1 - ratio**model.k) * float(total):
            return total
        for _ in range(model.k):
            term *= (m + n) / n * y
            n += 1


def discounted(model, m, rate, b, phase, delta, horizon):
    """The integral of the density times e^(-delta t): over octaves of t, and at last from 0, where the density is smooth."""
    end = arb(horizon) if horizon < INF else 125 / arb(delta)
    # The density is analytic to the right of -rate/2, and falls by e^-8 here.
    near = min(rate / 2, 8 * rate / m, 8 / arb(delta), key=float)
    totals = []
    for nodes in (44, 56):
        total, high = arb(0), end
        while True:
            low = high / arb(2).sqrt() if high > near else arb(0)
            part = arb(0)
            for node, weight in legendre(nodes):
                t = (low + (high - low) * node).mid()
                part += weight * (high - low) * (density(model, m, rate, b, phase, t) * (-t * delta).exp()).mid()
            total += part.mid()
            if low == 0:
                break
            high = low
        totals.append(total.mid())
    if abs(totals[0] - totals[1]) > abs(totals[1]) * arb(10) ** -50:
        raise ArithmeticError(f"quadrature: {totals}")
    return totals[1]


def by_period(model, m, rate, b, phase, d, horizon):
    v = 1 / (1 + arb(d))
    whole = int(horizon) if horizon < INF else int(125 / math.log1p(d))
    total, before, worth = arb(0), arb(0), arb(1)
    for c in range(1, whole + 1):
        now = expected(model, m, b, phase, c / rate)
        worth *= v
        total += worth * (now - before)
        before = now
    if horizon < INF and horizon > whole:
        total += worth * v * (expected(model, m, b, phase, arb(horizon) / rate) - before)
    return total


def answer(make, row, quantity, values):
    def value():
        model = make()
        if quantity == "log_likelihood":
            return model.log_likelihood(*row)
        states, left = model.states(row)

        def over(f):
            return sum((w * f(m, rate, b, j) for w, m, rate, b, j in states), arb(0))

        if quantity == "alive":
            h = arb(values[0])
            return over(lambda m, rate, b, j: survival(model, m, b, j, h / rate) if h > 0 else arb(1))
        if quantity == "purchases":
            h = arb(values[0])
            return over(lambda m, rate, b, j: expected(model, m, b, j, h / rate))
        if quantity == "count":
            n, h = int(values[0]), arb(values[1])
            return over(lambda m, rate, b, j: count(model, m, b, j, n, h / rate)) + (left if n == 0 else 0)
        f = discounted if quantity == "continuous" else by_period
        return over(lambda m, rate, b, j: f(model, m, rate, b, j, values[0], values[1]))

    return settled(value, digits=50)


def gradient(make, theta, row, k):
    def value():
        step = arb(10) ** -40
        ends = []
        for sign in (1, -1):
            moved = [arb(v) for v in theta]
            moved[k] += sign * step
            ends.append(make(moved).log_likelihood(*row))
        return (ends[0] - ends[1]) / (2 * step)

    return settled(value, digits=50, start=200)


KINDS = [("nbd", 0, (1,)), ("mbg_nbd", 1, (1,)), ("bg_cnbd_k", 0, (1, 2, 3, 5, 12)), ("mbg_cnbd_k", 1, (2, 4, 7))]
SETS = [
    (0.524844, 6.183093, 0.891388, 1.614048),
    (0.226917, 1.462918, 0.943996, 2.074316),
    (1.7, 40.0, 1.0, 1.0),
    (0.01, 3.0, 0.001, 5.0),
    (12.0, 250.0, 60.0, 0.02),
    (300.0, 0.5, 200.0, 3000.0),
    (0.4, 1e-3, 0.3, 0.7),
    (2.5, 1e4, 25.0, 1e-2),
]


def make(name, theta, k, first):
    return Counting(*theta, k=k, first=first) if name != "nbd" else Counting(*theta)


def jobs():
    rng = random.Random(20261122)
    for name, first, phases in KINDS:
        for k in phases:
            for theta in SETS:
                theta = theta[:2] if name == "nbd" else theta

                def history():
                    x = rng.choice([0, 0, 1, 2, 7, 29, 132, 400])
                    age = rng.choice([1.0, 38.86, 200.0, 730.0])
                    return (x, age * rng.choice([0.03, 0.5, 0.9, 0.995, 1.0]) if x else 0.0, age)

                # Few enough phases for a sum.
                def far(row, h):
                    x, _, age = row or (0, 0, 0.0)
                    tau = h / (theta[1] + age)
                    return (theta[0] + k * (x + 1)) * tau + 60 * tau

                for row in [None] + [history() for _ in range(4)]:
                    if row:
                        yield name, k, first, theta, row, "log_likelihood", ()
                        yield name, k, first, theta, row, "gradient", (rng.randrange(len(theta)),)
                    if row and name != "nbd":
                        yield name, k, first, theta, row, "alive", (0,)
                    for h in (1.0, 52.0):
                        if far(row, h) < 2e5:
                            if name != "nbd":
                                yield name, k, first, theta, row, "alive", (h,)
                            yield name, k, first, theta, row, "purchases", (h,)
                    n, h = rng.choice([0, 1, 2, 7, 40]), rng.choice([1.0, 10.0, 52.0])
                    if k * n < 1e4:
                        yield name, k, first, theta, row, "count", (n, h)
                    if rng.random() < 0.4 and far(row, 26.25) < 300:
                        yield name, k, first, theta, row, "period", (0.1, rng.choice([3.0, 26.25]))
                    if rng.random() < 0.25 and far(row, 1100.0) < 1500 and k < 6:
                        d, h = rng.choice([(0.1, INF), (0.1, 30.0), (0.003, 10.0)])
                        yield name, k, first, theta, row, "continuous", (d, h)
                        if far(row, 75 / math.log(1.5)) < 300:
                            yield name, k, first, theta, row, "period", (0.5, INF)


def line(job, value):
    name, k, _, theta, row, quantity, values = job
    cells = [name if "cnbd" not in name else f"{name}:{k}"]
    cells += [short(v) for v in theta] + [""] * (4 - len(theta))
    cells += [short(v) for v in row] if row is not None else [""] * 3
    cells += [quantity] + [short(v) for v in values] + [""] * (2 - len(values))
    return ",".join(cells + [short(float(value.mid()))])


def work(job):
    name, k, first, theta, row, quantity, values = job
    try:
        if quantity == "gradient":
            value = gradient(lambda t: make(name, t, k, first), theta, row, values[0])
        else:
            value = answer(lambda: make(name, theta, k, first), row, quantity, values)
    except Exception as e:  # noqa: BLE001 - reported with its case
        return f"!{job}: {e!r}"
    return line(job, value)


def check():
    """Every formula against a renewal process, by trapezoidal sums over λ and p in doubles."""
    x, t_x, age, h, d = 2, 6.4, 9.86, 5.0, 0.1
    gaps = (2.1, 4.3)
    r, al, a, b = 1.7, 4.4, 1.8, 2.4
    step, exp, gamma = 0.1, math.exp, math.gamma

    def compare(name, got, want):
        error = abs(float(got.mid()) / want - 1)
        print(f"{name:44} {want:.15g} {error:.1e}")
        assert error < 1e-10, name

    ys = [i * step for i in range(int(-36 / r / step), int(6 / step))]
    lams = [(exp(y) / al, step * exp(r * y - exp(y)) / gamma(r)) for y in ys]
    front = gamma(a + b) / gamma(a) / gamma(b) * step
    logits = [i * step for i in range(int(-36 / a / step), int(36 / b / step))]
    ps = [(1 / (1 + exp(-y)), 1 / (1 + exp(y))) for y in logits]
    ps = [(p, q, front * p**a * q**b) for p, q in ps]
    ctx.dps = 30
    rule = [(float(u), float(w)) for u, w in legendre(40)]

    def erlang_density(n, z, t):
        return z**n * t ** (n - 1) * exp(-z * t) / math.factorial(n - 1)

    def erlang_within(n, z, t):
        u = z * t
        if u < n:
            term, total, i = exp(-u) * u**n / math.factorial(n), 0.0, n
            while term > 1e-18 * total:
                total, i = total + term, i + 1
                term *= u / i
            return total
        return 1 - sum(exp(-u) * u**i / math.factorial(i) for i in range(n))

    for first in (0, 1):
        for k in (1, 2, 3):
            alive_sum = left_sum = purchases = survives = dert = 0.0
            counted = dict.fromkeys((0, 1, 2), 0.0)
            bt = b
            for z, zw in lams:
                likelihood = math.prod(erlang_density(k, z, g) for g in gaps)
                u = z * (age - t_x)
                silent = exp(-u) * sum(u**i / math.factorial(i) for i in range(k))
                if silent < 1e-60:
                    left_sum += zw * likelihood * sum(pw * p * q ** (x + first - 1) for p, q, pw in ps)
                    continue
                rest = [(h * u, h * w * erlang_density(k, z, age - t_x + h * u) / silent) for u, w in rule]
                # P(the i-th purchase from now comes within h).
                arrive = [1.0, sum(w for _, w in rest)]
                for i in range(1, 40):
                    arrive.append(sum(w * erlang_within(i * k, z, h - u) for u, w in rest))
                u = z / (z + d)
                laplace = 0.0
                for octave in range(60):
                    low, high = 0.75 * octave, 0.75 * (octave + 1)
                    for node, w in rule:
                        t = (low + (high - low) * node) / z
                        laplace += w * (high - low) / z * erlang_density(k, z, age - t_x + t) / silent * exp(-d * t)
                for p, q, pw in ps:
                    w = zw * pw * likelihood
                    stayed = w * q ** (x + first) * silent
                    alive_sum += stayed
                    left_sum += w * p * q ** (x + first - 1)
                    purchases += stayed * sum(q ** (i - 1) * arrive[i] for i in range(1, 40))
                    survives += stayed * sum(q**i * (arrive[i] - arrive[i + 1]) for i in range(39))
                    dert += stayed * laplace / (1 - q * u**k)
                    for n in counted:
                        p_n = q**n * (arrive[n] - arrive[n + 1]) + (p * q ** (n - 1) * arrive[n] if n else 0)
                        counted[n] += stayed * p_n
            total = alive_sum + left_sum
            name = f"{'mbg' if first else 'bg'} k={k}"
            model = Counting(r, al, a, bt, k=k, first=first)
            logs = sum(math.log(g) for g in gaps) - x * math.log(t_x / x)
            compare(f"{name} likelihood", (model.log_likelihood(x, t_x, age) + (k - 1) * logs).exp(), total)
            new = lambda: Counting(r, al, a, b, k=k, first=first)  # noqa: E731
            row = (x, t_x, age)
            compare(f"{name} alive", answer(new, row, "alive", (0,)), alive_sum / total)
            compare(f"{name} alive later", answer(new, row, "alive", (h,)), survives / total)
            compare(f"{name} purchases", answer(new, row, "purchases", (h,)), purchases / total)
            for n, value in counted.items():
                want = (value + (left_sum if n == 0 else 0)) / total
                compare(f"{name} count {n}", answer(new, row, "count", (n, h)), want)
            compare(f"{name} discounted", answer(new, row, "continuous", (d, INF)), dert / total)


def main():
    if sys.argv[1:] == ["check"]:
        return check()
    from multiprocessing import Pool

    todo = list(dict.fromkeys(jobs()))
    lines, bad = [], 0
    with Pool(2) as pool:
        for i, text in enumerate(pool.imap(work, todo, chunksize=2)):
            if text.startswith("!"):
                bad += 1
                print(text, file=sys.stderr, flush=True)
                continue
            lines.append(text)
            if i % 200 == 0:
                print(i, len(todo), file=sys.stderr, flush=True)
    lines = list(dict.fromkeys(lines))
    head = ("# NBD, MBG/NBD, BG/CNBD-k and MBG/CNBD-k at 50 digits and more, rounded to doubles. By generate_counting.py with python-flint 0.9.0 (Arb); its docstring tells the columns.\n"
            "model,p1,p2,p3,p4,x,t_x,T,quantity,argument1,argument2,value\n")
    with open(os.path.join(HERE, "counting.csv"), "w", encoding="utf-8") as file:
        file.write(head + "\n".join(lines) + "\n")
    print(len(lines), "values,", bad, "not settled")


if __name__ == "__main__":
    main()
