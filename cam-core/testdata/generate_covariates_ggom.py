"""Write covariates_ggom.csv: the log-likelihood of GGom/NBD with covariates, and its derivatives, by rigorous quadrature.

Run with python-flint 0.9 from this folder: python generate_covariates_ggom.py

A customer with covariates (z1, z2) has alpha exp(-g'z) and beta exp(-h'z). The likelihood is that of Bemmaor & Glady (2012) as an integral over the moment
of leaving, which Arb encloses at 600 bits; derivatives by ln of the parameters and by the coefficients are differences with steps of 1e-35, right to 60 digits.
Parameters are doubles read from their decimal digits.
"""

from flint import acb, arb, ctx

ctx.prec = 600

HISTORIES = [(0, 0, "38.86"), (2, "30.43", "38.86"), (1, "1.71", "38.86"), (7, "29.43", "38.86"), (26, "30.86", "31.0"), (0, 0, "3.5"), (3, "12.0", "52.0")]
COVARIATES = [("0", "0"), ("1", "0.25"), ("0", "-1.5"), ("1", "2"), ("0", "0.75"), ("1", "-0.5"), ("1", "1.25")]
# r, alpha, b, s, beta; purchase coefficients of z1 and z2, lifetime coefficients of both.
CASES = [
    (["0.55", "10.6", "0.05", "0.61", "0.9"], ["0.4", "-0.3", "-0.25", "0.5"]),
    (["1.8", "4.0", "0.002", "2.4", "0.1"], ["-0.7", "0.2", "0.9", "-0.35"]),
]


def number(text):
    return arb(float(text))


def log_likelihood(p, row):
    r, alpha, b, s, beta = p
    x, tx, t = (number(v) for v in row)
    m = r + x

    def leaving(u, analytic):
        risen = beta - 1 + (b * u).exp()
        return (b * u - m * (alpha + u).log(analytic=analytic) - (s + 1) * risen.log(analytic=analytic)).exp()

    stays = (-m * (alpha + t).log() - s * (beta - 1 + (b * t).exp()).log()).exp()
    leaves = s * b * acb.integral(leaving, tx, t).real if t > tx else arb(0)
    return m.lgamma() - r.lgamma() + r * alpha.log() + s * beta.log() + (stays + leaves).log()


def total(u):
    value = arb(0)
    for row, z in zip(HISTORIES, COVARIATES, strict=True):
        z = [number(v) for v in z]
        logs = list(u[:5])
        logs[1] -= u[5] * z[0] + u[6] * z[1]
        logs[4] -= u[7] * z[0] + u[8] * z[1]
        value += log_likelihood([v.exp() for v in logs], row)
    return value


def main():
    h = arb(10) ** -35
    with open("covariates_ggom.csv", "w", encoding="utf-8") as out:
        print("# sums over seven customers by generate_covariates_ggom.py, Arb at 600 bits, 50 digits; i, j: parameters by ln, then coefficients", file=out)
        print("case,what,i,j,value", file=out)
        for case, (theta, gamma) in enumerate(CASES):
            point = [number(p).log() for p in theta] + [number(g) for g in gamma]
            size = len(point)

            def at(*steps, point=point):
                moved = list(point)
                for i, k in steps:
                    moved[i] += k * h
                return total(moved)

            def put(what, i, j, value, case=case):
                if value.rel_accuracy_bits() < 200:
                    raise ArithmeticError(f"{what} {i} {j}: {value}")
                print(f"{case},{what},{i},{j},{value.mid().str(50, radius=False)}", file=out)

            middle = at()
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


if __name__ == "__main__":
    main()
