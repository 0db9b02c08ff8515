"""Writes math_*.csv beside this file: reference values for cam_core::math, by mpmath with at least 50 digits.

    python -m venv venv && venv/bin/pip install "mpmath==1.4.1" gmpy2 && venv/bin/python generate_math.py [topic …]

A row is `function,arguments…,value,low`: every number is a double written so that it reads back exactly, and
value + low is the reference to 32 digits, so that errors below one unit in the last place can be measured.
Every value is computed at rising precision until two precisions agree to 45 digits.
"""

import os
import random
import sys

from mpmath import digamma, erfc, exp, expm1, hyp2f1, log, log1p, loggamma, mp, mpf, pi, psi, sqrt

HERE = os.path.dirname(os.path.abspath(__file__))
assert mp is not None


class Lost(Exception):
    """The precision did not suffice."""


def settled(function, args, start=60, limit=4000):
    """function(*args) at rising precision, until two agree to 45 digits."""
    exact = [mpf(a) for a in args]
    digits, before = start, None
    while digits <= limit:
        mp.dps = digits
        try:
            value = function(*exact)
        except Lost:
            value = None
        if value is not None and before is not None:
            if value == before == 0 and digits > 1200:
                return value
            if value != 0 and abs(value - before) <= abs(value) * mpf(10) ** -45:
                return value
        before = value
        digits *= 2
    raise ArithmeticError((function, args))


class Table:
    """One CSV file."""

    def __init__(self, topic, note):
        self.path = os.path.join(HERE, f"math_{topic}.csv")
        self.lines = [f"# {note} By generate_math.py with mpmath, at least 50 digits; value + low is the reference."]
        self.seen = set()

    def add(self, name, function, *args, value=None):
        args = tuple(float(a) for a in args)
        if (name, args) in self.seen:
            return
        self.seen.add((name, args))
        if value is None:
            value = settled(function, args)
        mp.dps = 60
        value = +value
        if not (mpf("2.3e-308") < abs(value) < mpf("1.7e308")) and value != 0:
            return
        high = float(value)
        low = float(value - mpf(high))
        fields = [name] + [short(a) for a in args] + [short(high), f"{low:.6e}"]
        self.lines.append(",".join(fields))

    def close(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines) + "\n")
        print(os.path.basename(self.path), len(self.lines) - 1, "rows", os.path.getsize(self.path), "bytes")


def short(x):
    text = repr(float(x))
    return text[:-2] if text.endswith(".0") else text


def log_uniform(rng, low, high):
    return 10 ** rng.uniform(low, high)


# ---------------------------------------------------------------------------------------------------------- gamma

def gamma_table():
    table = Table("gamma", "lnΓ and its derivatives, and their differences over [z, z+n].")
    rng = random.Random(1)
    points = [10.0**k for k in (-300, -200, -150, -100, -50, -20, -10, -5, -3, -2, -1)]
    points += [0.25, 0.5, 0.75, 1.25, 1.4, 1.46, 1.4616321449683622, 1.4616321449683625, 1.47, 1.5, 1.75, 2.5, 3.0, 4.0, 5.5]
    points += [7.0, 8.0, 9.0, 9.999, 10.0, 10.001, 11.0, 13.5, 20.0, 50.0, 100.0, 170.6, 1e3, 1e4, 1e6, 1e10, 1e15, 1e16]
    points += [1e20, 1e50, 1e100, 1e150, 1e200, 1e300]
    points += [1 + s * d for s in (1, -1) for d in (1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.05)]
    points += [2 + s * d for s in (1, -1) for d in (1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.05)]
    points += [log_uniform(rng, -3, 3) for _ in range(150)] + [log_uniform(rng, -12, 12) for _ in range(50)]
    for x in points:
        if x not in (1.0, 2.0):
            table.add("ln_gamma", loggamma, x)
        table.add("digamma", digamma, x)
        table.add("trigamma", lambda v: psi(1, v), x)
    for x in points + [-0.999, -0.75, -0.5, -0.3, -0.01, -1e-5, -1e-12]:
        if x not in (1.0,):
            table.add("ln_gamma_1p", lambda v: loggamma(1 + v), x)

    starts = [1e-300, 1e-100, 1e-20, 1e-8, 1e-3, 0.01, 0.1, 0.24259, 0.5, 0.9, 1.0, 1.2, 1.5, 2.5, 4.4, 7.3, 9.5, 10.0, 12.5]
    starts += [30.0, 123.4, 1e3, 1e5, 1e8, 1e12, 1e15, 1e16, 1e20, 1e100, 1e300]
    lengths = [1.0, 2.0, 3.0, 5.0, 10.0, 16.0, 17.0, 40.0, 132.0, 1000.0, 3e4, 1e6, 0.5, 0.3, 1.5, 6.24957, 8.9, 9.99, 10.5]
    lengths += [33.3, 333.3, 12345.678, 999999.5, 0.01, 1e-3, 1e-6, 1e-12, 1e-100]
    pairs = [(z, n) for z in starts for n in lengths]
    pairs += [(log_uniform(rng, -3, 3), log_uniform(rng, -3, 4)) for _ in range(200)]
    pairs += [(log_uniform(rng, -3, 3), float(rng.randint(1, 60))) for _ in range(100)]
    small = lambda f: (lambda z, n: f(z + n) - f(z))
    for z, n in pairs:
        # Where z is 1 and n is 1, the value is 0.
        if (z, n) != (1.0, 1.0):
            table.add("ln_rising", small(loggamma), z, n)
        table.add("digamma_rising", small(digamma), z, n)
        if z > 1e-100:
            table.add("trigamma_rising", small(lambda v: psi(1, v)), z, n)
    table.close()


# ----------------------------------------------------------------------------------------------------------- beta

def ln_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def lower_beta(a, b, x, y):
    """I_x(a, b) by the series of positive terms, DLMF 8.17.8."""
    if x * (a + b) > a:
        # Above the mean, where the tail is below the working precision, the value is 1.
        deviance = a * log(x * (a + b) / a) + b * log(y * (a + b) / b)
        if deviance < -(mp.dps * mpf("2.31") + 50):
            return mpf(1)
    front = exp(a * log(x) + b * log(y) - ln_beta(a, b)) / a
    term = total = mpf(1)
    k = 0
    tiny = mpf(10) ** (-mp.dps)
    while True:
        ratio = (a + b + k) / (a + 1 + k) * x
        term *= ratio
        total += term
        k += 1
        if ratio < 1 and term < total * tiny * (1 - ratio):
            return front * total
        if k > 2000000:
            raise Lost


def inc_beta(a, b, x):
    y = 1 - x
    return lower_beta(a, b, x, y) if x <= mpf(1) / 2 else 1 - lower_beta(b, a, y, x)


def inc_beta_upper(a, b, x):
    y = 1 - x
    return 1 - lower_beta(a, b, x, y) if x <= mpf(1) / 2 else lower_beta(b, a, y, x)


def beta_table():
    table = Table("beta", "ln B, its differences, and the incomplete beta function.")
    rng = random.Random(2)
    shapes = [1e-300, 1e-100, 1e-12, 1e-5, 0.01, 0.3, 0.7929, 1.0, 1.5, 2.4259, 5.0, 9.9, 10.0, 11.0, 30.0, 100.0, 1e3, 1e5, 1e8]
    shapes += [1e12, 1e15, 1e16, 1e30, 1e100, 1e300]
    for a in shapes:
        for b in shapes:
            if (a, b) != (1.0, 1.0):
                table.add("ln_beta", ln_beta, a, b)
    for _ in range(200):
        table.add("ln_beta", ln_beta, log_uniform(rng, -4, 4), log_uniform(rng, -4, 7))
    table.close()

    table = Table("beta_rising", "ln B(a, b+n) − ln B(a, b).")
    rising = lambda a, b, n: ln_beta(a, b + n) - ln_beta(a, b)
    few = [1e-300, 1e-12, 1e-5, 0.008, 0.3, 1.0, 2.4259, 9.9, 30.0, 1e3, 1e6, 1e15, 1e100, 1e300]
    for a in few:
        for b in few:
            for n in [1.0, 2.0, 7.0, 16.0, 17.0, 132.0, 3000.0, 1e6, 0.5, 6.7, 1e4 + 0.5, 0.003, 1e-6]:
                table.add("ln_beta_rising", rising, a, b, n)
    for _ in range(300):
        table.add("ln_beta_rising", rising, log_uniform(rng, -4, 4), log_uniform(rng, -4, 6), log_uniform(rng, -3, 4))
    table.close()


def inc_beta_table():
    table = Table("inc_beta", "The regularised incomplete beta function, its complement and its inverse.")
    rng = random.Random(6)
    grid = [1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.5, 3.0, 9.0, 12.0, 50.0, 400.0, 2900.0, 3100.0, 1e5, 1e6]
    for a in grid:
        for b in grid:
            mean = a / (a + b)
            sd = (mean * (1 - mean) / (a + b + 1)) ** 0.5
            points = [mean] + [mean + k * sd for k in (-6, -2, -0.5, 0.5, 2, 6)]
            far = [1e-300, 1e-10, 0.01, 0.5, 0.99, 1 - 1e-10] if min(a, b) < 1e4 else []
            for x in rng.sample(points, 4) + rng.sample(far, min(len(far), 2)):
                if 0 < x < 1:
                    for name, f in (("inc_beta", inc_beta), ("inc_beta_upper", inc_beta_upper)):
                        if rng.random() < 0.6:
                            add_tail(table, name, f, a, b, x)
    table.close()


def inc_beta_inverse_table():
    table = Table("inc_beta_inverse", "Quantiles of the beta distribution.")
    for a in [0.01, 0.1, 0.5, 0.9, 1.0, 1.5, 3.0, 12.0, 400.0, 1e5]:
        for b in [0.01, 0.3, 1.0, 2.4259, 30.0, 5000.0, 1e5]:
            for p in [1e-300, 1e-20, 1e-5, 0.01, 0.2, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 2.0**-50]:
                x = beta_quantile(a, b, p)
                if x is not None:
                    table.add("inc_beta_inverse", None, a, b, p, value=x)
    table.close()


def add_tail(table, name, f, *args):
    """Tails below the least normal double are left out before any effort goes into them."""
    mp.dps = 60
    rough = None
    try:
        rough = f(*[mpf(v) for v in args])
    except Lost:
        return
    if abs(rough) < mpf(10) ** -50:
        # Either tiny, or 1 minus something close to 1: more digits tell.
        mp.dps = 420
        rough = f(*[mpf(v) for v in args])
        if abs(rough) < mpf("1e-300"):
            return
    table.add(name, f, *args)


def quantile(log_ratio, low, high):
    """The root of an increasing function: bisection at low precision, then the secant method."""
    mp.dps = 25
    low, high = mpf(low), mpf(high)
    for _ in range(60):
        middle = (low + high) / 2
        if log_ratio(middle) > 0:
            high = middle
        else:
            low = middle
        if high - low < mpf(10) ** -12 * (1 + abs(low)):
            break
    mp.dps = 80
    u0, u1 = low, high + mpf(10) ** -14
    f0, f1 = log_ratio(u0), log_ratio(u1)
    for _ in range(30):
        if f1 == f0:
            break
        u0, f0, u1 = u1, f1, u1 - f1 * (u1 - u0) / (f1 - f0)
        if abs(u1 - u0) < mpf(10) ** -60 * (1 + abs(u1)):
            return u1
        f1 = log_ratio(u1)
    return None


def beta_quantile(a, b, p):
    a, b, p = mpf(a), mpf(b), mpf(p)
    mp.dps = 25
    half = inc_beta(a, b, mpf(1) / 2)
    if p <= half:
        solve = lambda u: log(inc_beta(a, b, exp(u)) / p)
        u = quantile(solve, -745, log(mpf(1) / 2) + mpf(10) ** -10) if solve(mpf(-745)) < 0 else None
        return None if u is None else exp(u)
    # Upwards of ½ in v = ln(1−x): decreasing upper tail.
    mp.dps = 80
    tail = 1 - p
    solve = lambda v: log(lower_beta(b, a, exp(v), 1 - exp(v)) / tail)
    mp.dps = 25
    if solve(mpf(-745)) >= 0:
        return None
    v = quantile(solve, -745, log(mpf(1) / 2) + mpf(10) ** -10)
    mp.dps = 80
    return None if v is None else 1 - exp(v)


# ------------------------------------------------------------------------------------------------ incomplete gamma

def lower_gamma(a, x):
    front = exp(a * log(x) - x - loggamma(a + 1))
    term = total = mpf(1)
    k = 0
    tiny = mpf(10) ** (-mp.dps)
    while True:
        k += 1
        ratio = x / (a + k)
        term *= ratio
        total += term
        if ratio < 1 and term < total * tiny * (1 - ratio):
            return front * total
        if k > 4000000:
            raise Lost


def incomplete_gamma_table():
    table = Table("incomplete_gamma", "The regularised incomplete gamma functions and the inverse.")
    for a in [1e-6, 1e-3, 0.05, 0.5, 0.9, 0.99, 1.0, 1.01, 1.5, 3.0, 9.9, 10.0, 25.0, 100.0, 1e3, 9999.0, 10001.0, 1e5, 1e6]:
        sd = a**0.5
        points = [a] + [a + k * sd for k in (-30, -8, -3, -1, -0.1, 0.1, 1, 3, 8, 30)]
        points += [1e-300, 1e-20, 1e-3, 0.1, 0.5, 1.0, 1.4, 1.6, 2.0, 5.0, 20.0, 100.0, 500.0]
        if a <= 1000:
            points += [1000.0, 0.3 * a, 3 * a]
        for x in points:
            if x > 0:
                add_tail(table, "gamma_p", lower_gamma, a, x)
                add_tail(table, "gamma_q", lambda s, t: 1 - lower_gamma(s, t), a, x)
    for a in [0.01, 0.1, 0.5, 0.9, 1.0, 1.5, 3.0, 12.0, 400.0, 1e4, 1e5]:
        for p in [1e-300, 1e-20, 1e-5, 0.01, 0.2, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 2.0**-50]:
            a_, p_ = mpf(a), mpf(p)
            solve = lambda u: log(lower_gamma(a_, exp(u)) / p_) if p < 0.9 else -log((1 - lower_gamma(a_, exp(u))) / (1 - p_))
            top = log(mpf(a) + 60 + 10 * mpf(a) ** 0.5)
            mp.dps = 25
            if solve(mpf(-745)) >= 0:
                continue
            mp.dps = 80
            low = -745 if a < 100 else log(mpf(a) / 10)
            u = quantile(solve, low, top)
            if u is not None:
                table.add("gamma_p_inverse", None, a, p, value=exp(u))
    table.close()


# --------------------------------------------------------------------------------------------------------- normal

def normal_table():
    table = Table("normal", "The standard normal distribution.")
    rng = random.Random(3)
    points = [-38.4, -37.5, -37.0, -30.0, -20.0, -10.0, -9.99, -8.0, -5.0, -3.0, -2.0, -1.0, -0.5, -0.1, -1e-5, -1e-300]
    points += [1e-300, 1e-10, 0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0, 20.0, 38.0]
    points += [rng.uniform(-38, 10) for _ in range(100)] + [rng.uniform(-4, 4) for _ in range(100)]
    phi = lambda x: exp(-x * x / 2) / sqrt(2 * pi)
    cdf = lambda x: erfc(-x / sqrt(mpf(2))) / 2
    for x in points:
        table.add("normal_pdf", phi, x)
        table.add("normal_cdf", cdf, x)
        table.add("normal_ln_cdf", lambda v: log(cdf(v)) if v < 0 else log1p(-cdf(-v)), x)
    for x in [-39.0, -50.0, -100.0, -1e3, -1e4, -1e5]:
        table.add("normal_ln_cdf", lambda v: -v * v / 2 - log(-v) - log(2 * pi) / 2 + mills(v), x)
    tails = [1e-300, 1e-200, 1e-100, 1e-50, 1e-20, 1e-10, 1e-5, 0.001, 0.01, 0.02425, 0.1, 0.2, 0.2499, 0.25, 0.2501, 0.3, 0.4]
    tails += [0.499, 0.4999999, 0.5 - 1e-12, 0.5 - 2.0**-53, 0.5 + 2.0**-52, 0.50001, 0.6, 0.74, 0.75, 0.76, 0.9, 0.99, 0.999999]
    tails += [1 - 1e-12, 1 - 2.0**-53] + [log_uniform(rng, -308, 0) for _ in range(60)] + [rng.random() for _ in range(100)]
    for p in tails:
        table.add("normal_quantile", lambda v: normal_root(v, cdf, phi), p)
    table.close()


def mills(x):
    """ln(Φ(x)|x|/φ(x)) for x far to the left, from Laplace's continued fraction."""
    t = -x
    value = mpf(0)
    for k in range(400, 0, -1):
        value = k / (t + value)
    return log(t / (t + value))


def normal_root(p, cdf, phi):
    if p > mpf(1) / 2:
        return -normal_root(1 - p, cdf, phi)
    x = -sqrt(-2 * log(p)) if p < mpf("0.1") else mpf(0)
    for _ in range(200):
        c = cdf(x)
        step = log(c / p) * c / phi(x)
        x -= step
        if abs(step) < mpf(10) ** (-mp.dps + 12) * (abs(x) + mpf(10) ** -30):
            break
    return x


# -------------------------------------------------------------------------------------------------------- exp, log

def exp_log_table():
    table = Table("exp_log", "Exponentials and logarithms.")
    rng = random.Random(4)
    tiny = [s * 10.0**k for s in (1, -1) for k in (-300, -100, -20, -17, -16, -10, -8, -5, -3, -2, -1)]
    middle = [0.25, 0.5, 0.69, 0.7, 0.99, 1.0, 1.01, 2.0, 5.0, 10.0, 37.0, 50.0, 100.0, 500.0, 699.0, 701.0, 709.0, 712.0, 716.0, 745.0]
    some = tiny + middle + [-v for v in middle] + [rng.gauss(0, 1) for _ in range(60)] + [rng.gauss(0, 50) for _ in range(60)]
    for x in some:
        table.add("logistic", lambda v: 1 / (1 + exp(-v)), x)
        table.add("log1p_exp", lambda v: log1p(exp(v)), x)
        table.add("exprel", lambda v: expm1(v) / v, x)
        if x < 0:
            table.add("log1m_exp", lambda v: log(-expm1(v)), x)
        if x > -1:
            table.add("log1pmx", lambda v: log1p(v) - v, x)
    for x in [-1 + 1e-10, -0.999, -0.9, -0.51, -0.5, -0.49, -0.3, 0.3, 1e3, 1e10, 1e100]:
        table.add("log1pmx", lambda v: log1p(v) - v, x)
    for _ in range(60):
        a, d = rng.gauss(0, 300), log_uniform(rng, -10, 2.5)
        for x, y in ((a, a - d), (a - d, a)):
            table.add("log_add_exp", lambda u, v: u + log1p(exp(v - u)), x, y)
        table.add("log_sub_exp", lambda u, v: u + log(-expm1(v - u)), a, a - d)
    wide = [rng.uniform(-708, 708) for _ in range(150)] + [rng.gauss(0, 1) for _ in range(100)] + [-708.0, 708.0, 709.5, -708.3]
    for x in wide + tiny:
        table.add("exp", exp, x)
    for x in wide + tiny:
        table.add("expm1", expm1, x)
    near = [1 + s * 10.0**-k for s in (1, -1) for k in (1, 2, 3, 6, 10, 15)] + [2.0**0.5, 0.5**0.5, 0.7071067811865475, 0.7071067811865477]
    for x in [log_uniform(rng, -307, 308) for _ in range(150)] + [log_uniform(rng, -1, 1) for _ in range(100)] + near + [1e-310, 2.3e-308]:
        table.add("ln", log, x)
    for x in [log_uniform(rng, -20, 20) for _ in range(100)] + [rng.uniform(-1, 2) for _ in range(100)] + tiny + [-1 + 1e-16, 1e100, 1e305]:
        table.add("ln_1p", log1p, x)
    table.close()


# --------------------------------------------------------------------------------------------------------- hyp2f1

def hyp2f1_table():
    table = Table("hyp2f1", "ln of Gauss's hypergeometric function (value for hyp2f1), a, b, c, z.")
    rng = random.Random(5)
    arguments = [-1e8, -1e4, -100.0, -9.0, -1.5, -1.0, -0.5, -1e-3, 1e-10, 0.1, 0.5, 0.7, 0.9, 0.97, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-10]
    cases = []
    for _ in range(60):
        a, b = log_uniform(rng, -2, 2), log_uniform(rng, -2, 2)
        c = min(a, b) + log_uniform(rng, -1.5, 2)
        cases += [(a, b, c, z) for z in rng.sample(arguments, 7)]
    # Pareto/NBD: a = r+s+x, b = s+1, c = a+1. BG/NBD: a = r+x, b = b+x, c = a+b+x−1.
    for r in (0.1, 0.55328, 5.0, 60.0):
        for s in (1e-3, 0.60624, 8.0, 100.0):
            for x in (0.0, 1.0, 30.0, 1000.0):
                cases += [(r + s + x, s + 1, r + s + x + 1, z) for z in rng.sample(arguments, 3)]
    for r, a, b in ((0.2426, 0.7929, 2.4259), (2.0, 0.3, 0.9), (0.5, 12.5, 40.0)):
        for x in (0.0, 1.0, 30.0, 300.0):
            if a + b + x - 1 > 0:
                cases += [(r + x, b + x, a + b + x - 1, z) for z in rng.sample(arguments, 6)]
    for a, b, c, z in cases:
        value = gauss(a, b, c, z)
        if value is not None and value > 0:
            table.add("ln_hyp2f1", None, a, b, c, z, value=log(value))
            if abs(log(value)) < 700:
                table.add("hyp2f1", None, a, b, c, z, value=value)
    for _ in range(60):
        a, b, c = rng.uniform(-6, 3), rng.uniform(-6, 6), log_uniform(rng, -1, 1.3)
        for z in rng.sample(arguments, 5):
            value = gauss(a, b, c, z)
            if value is not None:
                table.add("hyp2f1_signed", None, a, b, c, z, value=value)
    table.close()


def gauss(a, b, c, z):
    before = None
    for digits in (60, 120, 240, 480):
        mp.dps = digits
        try:
            value = hyp2f1(mpf(a), mpf(b), mpf(c), mpf(z), maxterms=10**6)
        except Exception:  # no convergence at this precision
            value = None
        if value is not None and before is not None and abs(value - before) <= abs(value) * mpf(10) ** -40:
            return value
        before = value
    print("left out", a, b, c, z)
    return None


# ----------------------------------------------------------------------------------------------------- quadrature

def roots_and_weights(n, a, b2):
    """Nodes and weights of the Gauss rule with Jacobi coefficients a_k, b_k² (probability weights)."""
    import numpy

    digits = mp.dps
    off = [float(sqrt(v)) for v in b2[1:]]
    guess = numpy.linalg.eigvalsh(numpy.diag([float(v) for v in a]) + numpy.diag(off, 1) + numpy.diag(off, -1))

    def polynomial(x):
        p0, p1, d0, d1 = mpf(1), x - a[0], mpf(0), mpf(1)
        for k in range(1, n):
            p0, p1, d0, d1 = p1, (x - a[k]) * p1 - b2[k] * p0, d1, p1 + (x - a[k]) * d1 - b2[k] * d0
        return p1, d1

    nodes = []
    for i, x in enumerate(guess):
        # A first node too close to 0 for double precision is approached from 0, where Newton's method is monotone.
        x = mpf(0) if i == 0 and x < guess[-1] * 1e-6 else mpf(float(x))
        for _ in range(20000):
            value, slope = polynomial(x)
            step = value / slope
            x -= step
            if abs(step) < abs(x) * mpf(10) ** (-digits + 25):
                break
        else:
            raise ArithmeticError((n, i))
        nodes.append(x)
    assert all(x < y for x, y in zip(nodes, nodes[1:])), "two guesses met"
    weights = []
    for x in nodes:
        p0, p1, total, norm = mpf(1), x - a[0], mpf(1), mpf(1)
        for k in range(1, n):
            norm *= b2[k]
            total += p1 * p1 / norm
            p0, p1 = p1, (x - a[k]) * p1 - b2[k] * p0
        weights.append(1 / total)
    return nodes, weights


def beta_coefficients(n, p, q):
    p, q = mpf(p), mpf(q)
    s = p + q
    zeta, left = [mpf(0)], mpf(1)
    for k in range(1, n + 1):
        odd = 2 * k + s - 2
        zeta += [left * (p + k - 1) / odd, (q + k - 1) / odd * k / (odd + 1)]
        left = (k + s - 1) / (odd + 1)
    return [zeta[2 * k] + zeta[2 * k + 1] for k in range(n)], [zeta[2 * k - 1] * zeta[2 * k] if k else None for k in range(n)]


def quadrature_table():
    table = Table("quadrature", "Nodes and weights of Gauss rules: rule, n, parameters, index.")
    mp.dps = 100
    def put(name, n, parameters, coefficients, every=1):
        mp.dps = 100 + 2 * n
        nodes, weights = roots_and_weights(n, *coefficients())
        for i in sorted(set(range(0, n, every)) | {n - 1}):
            table.add(f"{name}_node", None, n, *parameters, i, value=nodes[i])
            table.add(f"{name}_weight", None, n, *parameters, i, value=weights[i])
            mp.dps = 100 + 2 * n
    for n in (1, 2, 3, 5, 8, 24, 32, 64):
        put("legendre", n, (), lambda: beta_coefficients(n, 1, 1))
    for n, every in ((1, 1), (4, 1), (16, 2), (64, 7), (128, 13)):
        for p, q in ((1e-8, 1e-8), (1e-8, 3.0), (0.01, 40.0), (0.5, 0.5), (0.7929, 2.4259), (2.0, 1e-8), (3.0, 1e8), (29.0, 31.0),
                     (31.0, 1e4), (1e4, 2e4), (1e8, 1e8), (1e8, 1e3), (1e-8, 1e8)):
            put("beta_rule", n, (p, q), lambda: beta_coefficients(n, p, q), every)
        for shape in (1e-8, 0.2426, 1.0, 29.0, 31.0, 1e4, 1e8):
            s = mpf(shape)
            put("gamma_rule", n, (shape,), lambda: ([2 * k + s for k in range(n)], [k * (k - 1 + s) for k in range(n)]), every)
    table.close()


TOPICS = {"gamma": gamma_table, "beta": beta_table, "inc_beta": inc_beta_table,
          "inc_beta_inverse": inc_beta_inverse_table, "incomplete_gamma": incomplete_gamma_table, "normal": normal_table,
          "exp_log": exp_log_table, "hyp2f1": hyp2f1_table, "quadrature": quadrature_table}

if __name__ == "__main__":
    for topic in sys.argv[1:] or TOPICS:
        TOPICS[topic]()
