"""Write time_varying.csv and time_varying_futures.csv: Pareto/NBD with covariates that change, by brute-force quadrature at 50 digits.

Run with mpmath 1.4.1 from this folder: python generate_time_varying.py; one of the two by `values` or `futures` after it.

Each customer's likelihood is the integral over the unknown moment of leaving, step by step of the covariates, by mpmath's quadrature; so are expected purchases. Derivatives by ln
of the parameters and by the coefficients are differences with steps of 1e-12 at 50 digits: right to 22 digits and more. `check` integrates one likelihood over
the rates of purchases and of leaving, too, without the formula for the clocks.

Futures are how many purchases there will be, and variances: by quadrature over the moment of leaving, given which the number is Poisson, with a gamma rate, on the clock of purchases.
"""

import itertools
import sys

import mpmath as mp

mp.mp.dps = 50

# T, recency, and steps: start, covariates z1 and z2, purchases.
CUSTOMERS = [
    (30.0, 21.5, [(0.0, 0.5, 0.0, 1), (7.0, -0.25, 1.0, 2), (14.0, 1.5, 0.0, 0), (21.0, 0.75, 1.0, 1), (28.0, -1.0, 0.0, 0), (35.0, 0.5, 1.0, 0)]),
    (24.0, 0.0, [(-3.0, 1.0, 1.0, 0), (4.5, 0.0, 0.0, 0), (9.25, -1.25, 1.0, 0), (40.0, 0.25, 0.0, 0)]),
    (52.0, 50.75, [(0.0, 0.0, 0.0, 3), (10.0, 2.0, 1.0, 9), (33.0, -0.5, 0.0, 4), (50.0, 1.0, 1.0, 2), (51.5, -2.0, 0.0, 0)]),
    (12.0, 12.0, [(0.0, 0.75, 1.0, 2), (6.0, -0.75, 0.0, 1)]),
    (78.0, 3.0, [(0.0, 0.25, 0.0, 5), (5.0, 3.0, 1.0, 0), (9.0, -3.0, 0.0, 0), (30.0, 0.5, 1.0, 0)]),
    # A new customer: the expectations are unconditional.
    (0.0, 0.0, [(0.0, 1.25, 1.0, 0), (3.5, -0.5, 0.0, 0), (11.0, 0.75, 1.0, 0)]),
    # Covariates that change every week.
    (60.5, 3.25, [(float(k), (k * 7 % 11 - 5) / 4, float(k % 3 == 0), int(k in (1, 3))) for k in range(61)]),
]
# r, alpha, s, beta; purchase coefficients of z1 and z2, lifetime coefficient of z1.
CASES = [
    ([0.55, 10.6, 0.61, 11.7], [0.4, -0.3, -0.25]),
    ([1.8, 4.0, 2.4, 60.0], [-0.7, 0.5, 0.9]),
    ([0.2, 50.0, 0.3, 2.0], [1.1, 0.2, 1.3]),
]
HORIZON = 26.0


class Walk:
    def __init__(self, customer, gamma):
        self.age, self.recency, steps = customer
        self.x = sum(step[3] for step in steps)
        self.steps = []
        self.bought = mp.mpf(0)
        for k, (start, z1, z2, purchases) in enumerate(steps):
            end = steps[k + 1][0] if k + 1 < len(steps) else mp.inf
            p = gamma[0] * mp.mpf(z1) + gamma[1] * mp.mpf(z2)
            self.bought += purchases * p
            if end > 0:
                self.steps.append((mp.mpf(max(start, 0.0)), end, mp.exp(p), mp.exp(gamma[2] * mp.mpf(z1))))

    def clock(self, which, t):
        return sum((min(end, t) - start) * speeds[which] for start, end, *speeds in self.steps if start < t)

    def integral(self, f, low, high):
        """The integral of f(u, A(u), B(u), a, b) step by step, by Gauss-Legendre rules of ever higher degree."""
        total = mp.mpf(0)
        for start, end, a, b in self.steps:
            lo, hi = max(start, mp.mpf(low)), min(end, mp.mpf(high))
            if lo < hi:
                p, q = self.clock(0, lo), self.clock(1, lo)

                def step(u, lo=lo, p=p, q=q, a=a, b=b):
                    return f(u, p + a * (u - lo), q + b * (u - lo), a, b)

                total += mp.quad(step, mp.linspace(lo, hi, 3), method="gauss-legendre")
        return total


def parts(theta, gamma, customer):
    r, alpha, s, beta = theta
    walk = Walk(customer, gamma)
    m = r + walk.x

    def at(t):
        return alpha + walk.clock(0, t), beta + walk.clock(1, t)

    a_end, b_end = at(mp.mpf(walk.age))
    stays = a_end ** -m * b_end**-s

    def leaving(u, p, q, a, b):
        return s * b * (alpha + p) ** -m * (beta + q) ** -(s + 1)

    leaves = walk.integral(leaving, walk.recency, walk.age) if walk.age > walk.recency else mp.mpf(0)
    return walk, m, at, stays, leaves


def log_likelihood(theta, gamma, customer):
    r, alpha, s, beta = theta
    walk, m, _, stays, leaves = parts(theta, gamma, customer)
    return mp.loggamma(m) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) + walk.bought + mp.log(stays + leaves)


def answers(theta, gamma, customer):
    walk, m, at, stays, leaves = parts(theta, gamma, customer)
    s, beta = theta[2], theta[3]
    alive = stays / (stays + leaves)
    a_end, b_end = at(mp.mpf(walk.age))
    future = walk.age + HORIZON
    survives = (b_end / at(mp.mpf(future))[1]) ** s
    expected = m / a_end * walk.integral(lambda u, p, q, a, b: a * (b_end / (beta + q)) ** s, walk.age, future)
    rate = mp.mpf("0.01")
    discounted = m / a_end * walk.integral(
        lambda u, p, q, a, b: a * mp.exp(-rate * (u - walk.age)) * (b_end / (beta + q)) ** s, walk.age, future
    )
    # By period: steps of the discount where whole units of time have passed.
    by_period = mp.mpf(0)
    for k in range(int(HORIZON)):
        factor = (1 + rate) ** -(k + 1)
        by_period += factor * walk.integral(lambda u, p, q, a, b: a * (b_end / (beta + q)) ** s, walk.age + k, walk.age + k + 1)
    # For ever: up to where the discount is e^-150, on panels that grow as the integrand flattens.
    ends = [0, 1, 3, 10, 30, 100, 300, 600, *range(1000, 15001, 500)]
    for_ever = m / a_end * sum(
        walk.integral(lambda u, p, q, a, b: a * mp.exp(-rate * (u - walk.age)) * (b_end / (beta + q)) ** s, walk.age + low, walk.age + high)
        for low, high in itertools.pairwise(ends)
    )
    return alive, alive * survives, alive * expected, alive * discounted, alive * m / a_end * by_period, alive * for_ever


# What is asked about futures: n, after, horizon; and the discounts of variances: none, continuous, by period, and for ever.
COUNTS = [(0, 0, "26"), (3, 0, "26"), (40, 0, "26"), (1, "5.5", "13.25"), (0, "5.5", "13.25"), (2, "200", "0.5")]
VARIANCES = [("none", "26"), ("continuous", "26"), ("by_period", "26"), ("by_period", "7.5"), ("continuous", None)]
RATE = mp.mpf("0.01")


def count(theta, gamma, customer, n, after, horizon):
    """P(n purchases in (T + after, T + after + horizon])."""
    walk, m, at, stays, leaves = parts(theta, gamma, customer)
    s = theta[2]
    alive = stays / (stays + leaves)
    a_end, b_end = at(mp.mpf(walk.age))
    begins = walk.age + mp.mpf(after)
    ends = begins + mp.mpf(horizon)
    before = at(begins)[0]

    def bought(exposure):
        """P(n) of a Poisson number whose rate is Gamma(m, a_end), on so much of the clock."""
        share = exposure / (a_end + exposure)
        return mp.rf(m, n) / mp.factorial(n) * share**n * (1 - share) ** m

    # The quadrature is good to 50 places, not digits: beside the largest value of the integrand.
    largest = bought(min(at(ends)[0] - before, n * a_end / m))

    def left(u, p, q, a, b):
        return s * b * b_end**s * (theta[3] + q) ** -(s + 1) * bought(theta[1] + p - before) / largest

    total = (b_end / at(ends)[1]) ** s * bought(at(ends)[0] - before) + largest * walk.integral(left, begins, ends)
    if n == 0:
        total += 1 - (b_end / at(begins)[1]) ** s
    return alive * total + (1 - alive if n == 0 else 0)


def variance(theta, gamma, customer, kind, horizon):
    """Var of the discounted purchases: by E[G] and E[G^2] over the moment of leaving, G what a rate of 1 gives until then."""
    walk, m, at, stays, leaves = parts(theta, gamma, customer)
    s, beta = theta[2], theta[3]
    alive = stays / (stays + leaves)
    a_end, b_end = at(mp.mpf(walk.age))
    # For ever: up to where the discount is e^-150.
    ends = [0, 1, 3, 10, 30, 100, 300, 600, *range(1000, 15001, 500)] if horizon is None else [*range(int(mp.mpf(horizon)) + 1)]
    if horizon is not None and mp.mpf(horizon) > ends[-1]:
        ends.append(mp.mpf(horizon))
    pieces = []
    for low, high in itertools.pairwise([walk.age + mp.mpf(end) for end in ends]):
        for start, end, a, _ in walk.steps:
            lo, hi = max(start, low), min(end, high)
            if lo < hi:
                pieces.append((lo, hi, a))

    def within(power, lo, hi):
        """The integral of D^power over a part of a piece, within one period."""
        if kind == "none":
            return hi - lo
        if kind == "continuous":
            rate = power * RATE
            return (mp.exp(-rate * (lo - walk.age)) - mp.exp(-rate * (hi - walk.age))) / rate
        return (hi - lo) * (1 + RATE) ** (-power * (mp.floor(lo - walk.age) + 1))

    grown = [mp.mpf(0), mp.mpf(0)]
    once, twice, square = mp.mpf(0), mp.mpf(0), mp.mpf(0)
    for lo, hi, a in pieces:
        values = []
        for power in (1, 2):

            def at_leaving(u, lo=lo, a=a, power=power, base=grown[power - 1]):
                return base + a * within(power, lo, u)

            values.append(at_leaving)

        def density(q, b):
            return s * b * b_end**s * (beta + q) ** -(s + 1)

        once += walk.integral(lambda u, p, q, a, b, f=values[0], d=density: d(q, b) * f(u), lo, hi)
        square += walk.integral(lambda u, p, q, a, b, f=values[0], d=density: d(q, b) * f(u) ** 2, lo, hi)
        twice += walk.integral(lambda u, p, q, a, b, f=values[1], d=density: d(q, b) * f(u), lo, hi)
        grown = [values[0](hi), values[1](hi)]
    survives = (b_end / at(pieces[-1][1])[1]) ** s
    once, square, twice = once + survives * grown[0], square + survives * grown[0] ** 2, twice + survives * grown[1]
    mean = m / a_end * once
    second = m / a_end * twice + m * (m + 1) / a_end**2 * square
    return alive * second - (alive * mean) ** 2


def check():
    """One likelihood from the Poisson process itself, over the rates."""
    mp.mp.dps = 15
    theta, gamma, customer = CASES[0][0], CASES[0][1], CUSTOMERS[0]
    r, alpha, s, beta = theta
    walk = Walk(customer, gamma)
    age, recency = mp.mpf(walk.age), mp.mpf(walk.recency)

    def given(rate, leaving):
        def left(u, p, q, a, b):
            return leaving * b * mp.exp(-leaving * q - rate * p)

        stays = mp.exp(-leaving * walk.clock(1, age) - rate * walk.clock(0, age))
        return rate**walk.x * mp.exp(walk.bought) * (stays + walk.integral(left, recency, age))

    def gamma_density(v, shape, scale):
        return scale**shape * v ** (shape - 1) * mp.exp(-scale * v) / mp.gamma(shape)

    # Rates on a logarithmic scale: the densities have poles at 0.
    nodes = [-70, -20, -8, -4, -2, 0, 3]
    brute = mp.quad(
        lambda p: mp.quad(
            lambda q: given(mp.exp(p), mp.exp(q)) * gamma_density(mp.exp(p), r, alpha) * gamma_density(mp.exp(q), s, beta) * mp.exp(p + q),
            nodes,
            maxdegree=4,
        ),
        nodes,
        maxdegree=4,
    )
    theta, gamma = [mp.mpf(v) for v in theta], [mp.mpf(v) for v in gamma]
    print(mp.log(brute), log_likelihood(theta, gamma, customer))
    # What a new customer is expected to buy: the mean over both rates of what a customer with given rates is.
    newcomer = CUSTOMERS[5]
    walk = Walk(newcomer, gamma)

    def bought(leaving):
        return walk.integral(lambda u, p, q, a, b: a * mp.exp(-leaving * q), 0, HORIZON)

    brute = r / mp.mpf(alpha) * mp.quad(lambda q: bought(mp.exp(q)) * gamma_density(mp.exp(q), s, beta) * mp.exp(q), nodes, maxdegree=6)
    print(brute, answers(theta, gamma, newcomer)[2])


def values():
    with open("time_varying.csv", "w", encoding="utf-8") as out:
        print("# by generate_time_varying.py, mpmath 1.4.1, quadrature at 50 digits; i, j: parameters by ln, then coefficients", file=out)
        print("case,customer,what,i,j,value", file=out)
        for case, (theta, gamma) in enumerate(CASES):
            for number, customer in enumerate(CUSTOMERS):
                point = [mp.log(mp.mpf(p)) for p in theta] + [mp.mpf(g) for g in gamma]
                h = mp.mpf(10) ** -12

                def at(*steps, point=point, customer=customer, h=h):
                    moved = list(point)
                    for i, k in steps:
                        moved[i] += k * h
                    return log_likelihood([mp.exp(v) for v in moved[:4]], moved[4:], customer)

                def put(what, i, j, value, case=case, number=number):
                    print(f"{case},{number},{what},{i},{j},{mp.nstr(value, 20)}", file=out)

                middle = at()
                put("log_likelihood", 0, 0, middle)
                names = ["alive", "alive_after", "expected", "discounted", "by_period", "for_ever"]
                for name, value in zip(names, answers([mp.mpf(v) for v in theta], [mp.mpf(v) for v in gamma], customer), strict=True):
                    put(name, 0, 0, value)
                once = [(at((i, 1)), at((i, -1))) for i in range(7)]
                for i in range(7):
                    put("gradient", i, 0, (once[i][0] - once[i][1]) / (2 * h))
                    for j in range(i + 1):
                        if i == j:
                            value = (once[i][0] - 2 * middle + once[i][1]) / h**2
                        else:
                            crossed = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
                            value = crossed / (4 * h**2)
                        put("hessian", i, j, value)
                out.flush()
                print(case, number, file=sys.stderr)


def futures():
    with open("time_varying_futures.csv", "w", encoding="utf-8") as out:
        print("# by generate_time_varying.py futures, mpmath 1.4.1, quadrature at 50 digits; n, after, horizon; or the discount at a rate of 0.01", file=out)
        print("case,customer,what,n,after,horizon,value", file=out)
        for case, (theta, gamma) in enumerate(CASES):
            theta, gamma = [mp.mpf(v) for v in theta], [mp.mpf(v) for v in gamma]
            for number, customer in enumerate(CUSTOMERS):
                for n, after, horizon in COUNTS:
                    value = count(theta, gamma, customer, n, after, horizon)
                    print(f"{case},{number},count,{n},{after},{horizon},{mp.nstr(value, 20)}", file=out)
                for kind, horizon in VARIANCES:
                    value = variance(theta, gamma, customer, kind, horizon)
                    print(f"{case},{number},variance,{kind},0,{horizon or 'ever'},{mp.nstr(value, 20)}", file=out)
                out.flush()
                print(case, number, file=sys.stderr)


if __name__ == "__main__":
    asked = sys.argv[1:] or ["values", "futures"]
    for name in asked:
        {"check": check, "values": values, "futures": futures}[name]()
