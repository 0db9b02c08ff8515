"""Write covariates.csv: log-likelihoods of models with covariates, and their derivatives, to 50 digits.

Run with mpmath 1.4.1 from this folder: python generate_covariates.py

A customer with covariates (z1, z2) has the parameters of the model, scaled: alpha exp(-g'z) and so on. The log-likelihoods are written here from
their papers' formulas, with hypergeometric functions for Pareto/NBD; derivatives by ln of the parameters and by the coefficients are mpmath's
differences at 120 digits, with steps of 1e-30: right to 50 digits and more. Parameters are doubles read from their decimal digits.
"""

import mpmath as mp

mp.mp.dps = 120

HISTORIES = [(0, 0, 38.86), (2, 30.43, 38.86), (1, 1.71, 38.86), (7, 29.43, 38.86), (26, 30.86, 31.0), (0, 0, 3.5), (3, 12.0, 52.0)]
SPENDS = [(1, 20.5), (2, 35.25), (7, 12.125), (3, 80.0), (1, 5.0), (12, 41.5), (4, 33.0)]
COVARIATES = [(0.0, 0.0), (1.0, 0.25), (0.0, -1.5), (1.0, 2.0), (0.0, 0.75), (1.0, -0.5), (1.0, 1.25)]


def pareto_nbd(p, row):
    r, alpha, s, beta = p
    x, tx, t = row
    m = r + x

    # Fader & Hardie (2005), eq. 22: the two forms meet at alpha = beta.
    def a0():
        def term(u):
            if alpha >= beta:
                return mp.hyp2f1(m + s, s + 1, m + s + 1, (alpha - beta) / (alpha + u)) / (alpha + u) ** (m + s)
            return mp.hyp2f1(m + s, m, m + s + 1, (beta - alpha) / (beta + u)) / (beta + u) ** (m + s)

        return term(tx) - term(t)

    inside = 1 / ((alpha + t) ** m * (beta + t) ** s) + s / (m + s) * a0()
    return mp.loggamma(m) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta) + mp.log(inside)


def bg_nbd(p, row):
    r, alpha, a, b = p
    x, tx, t = row
    stays = mp.beta(a, b + x) / mp.beta(a, b) / (alpha + t) ** (r + x)
    leaves = mp.beta(a + 1, b + x - 1) / mp.beta(a, b) / (alpha + tx) ** (r + x) if x > 0 else 0
    return mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) + mp.log(stays + leaves)


def gamma_gamma(p, row):
    shape, q, v = p
    x, z = row
    px = shape * x
    return (
        mp.loggamma(px + q) - mp.loggamma(px) - mp.loggamma(q) + q * mp.log(v) + (px - 1) * mp.log(z)
        + px * mp.log(x) - (px + q) * mp.log(v + x * z)
    )


# Model, parameters, which coefficient scales which parameter with which sign, coefficients: of each (first term, second term).
CASES = [
    ("pareto_nbd", pareto_nbd, HISTORIES, [0.55, 10.6, 0.61, 11.7], [{1: -1}, {3: -1}], [0.4, -0.3, -0.25, 0.5]),
    ("pareto_nbd", pareto_nbd, HISTORIES, [2.5, 3.0, 4.0, 80.0], [{1: -1, 3: -1}], [-0.7, 0.2]),
    ("bg_nbd", bg_nbd, HISTORIES, [0.24, 4.41, 0.79, 2.43], [{1: -1}, {2: 1}, {3: 1}], [0.3, 0.1, -0.4, 0.2, 0.15, -0.35]),
    ("bg_nbd", bg_nbd, HISTORIES, [1.24, 14.0, 3.1, 0.4], [{1: -1}, {2: 1, 3: 1}], [0.3, 0.1, -0.4, 0.2]),
    ("gamma_gamma", gamma_gamma, SPENDS, [6.25, 3.74, 15.44], [{2: 1}], [0.35, -0.2]),
]


def main():
    out = open("covariates.csv", "w", encoding="utf-8")
    print("# sums over seven customers by generate_covariates.py, mpmath 1.4.1, 50 digits; i, j: parameters by ln, then coefficients", file=out)
    print("case,model,what,i,j,value", file=out)
    for case, (name, likelihood, rows, theta, directions, gamma) in enumerate(CASES):
        n = len(theta)
        point = [mp.log(mp.mpf(p)) for p in theta] + [mp.mpf(g) for g in gamma]

        def total(*u, n=n, rows=rows, likelihood=likelihood, directions=directions):
            value = mp.mpf(0)
            for row, z in zip(rows, COVARIATES, strict=True):
                logs = list(u[:n])
                for q, direction in enumerate(directions):
                    linear = sum(u[n + 2 * q + k] * mp.mpf(z[k]) for k in range(2))
                    for j, sign in direction.items():
                        logs[j] += sign * linear
                value += likelihood([mp.exp(v) for v in logs], [mp.mpf(v) for v in row])
            return value

        h = mp.mpf(10) ** -30
        size = len(point)

        def at(*steps, point=point, total=total, h=h):
            moved = list(point)
            for i, k in steps:
                moved[i] += k * h
            return total(*moved)

        def put(what, i, j, value, case=case, name=name):
            print(f"{case},{name},{what},{i},{j},{mp.nstr(value, 25)}", file=out)

        middle = total(*point)
        put("value", 0, 0, middle)
        once = [(at((i, 1)), at((i, -1))) for i in range(size)]
        for i in range(size):
            put("gradient", i, 0, (once[i][0] - once[i][1]) / (2 * h))
        for i in range(size):
            for j in range(i + 1):
                if i == j:
                    value = (once[i][0] - 2 * middle + once[i][1]) / h**2
                else:
                    crossed = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
                    value = crossed / (4 * h**2)
                put("hessian", i, j, value)
    out.close()


if __name__ == "__main__":
    main()
