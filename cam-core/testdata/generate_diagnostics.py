"""R-hat and effective sample sizes by ArviZ, of chains that every language can make: python generate_diagnostics.py > diagnostics.csv

Needs arviz 0.23.4. The chains: a congruential generator modulo 2**32 gives uniform numbers; x <- rho x + (u - 1/2) makes them depend on
each other; what is then done with them is the `kind`. All of it is exact or correctly rounded, so any language gets the same bits.
"""

import arviz
import numpy as np


def chain(number, draws, rho, apart, kind):
    state = (12345 + 7919 * number) % 2**32
    x, out = 0.0, []
    for i in range(draws + 50):
        state = (1664525 * state + 1013904223) % 2**32
        x = rho * x + ((state + 0.5) / 4294967296.0 - 0.5)
        if i < 50:
            continue
        value = x + apart * number
        if kind == "drift":
            value += 2.0 * (i - 50) / draws
        elif kind == "heavy":
            value = value * value * value / (0.01 + value * value) * 1.0 / (0.001 + abs(0.5 - abs(value)))
        elif kind == "ties":
            value = np.floor(4.0 * value)
        elif kind == "wide":
            value = value * (1.0 + number)
        out.append(value)
    return out


def main():
    print("# R-hat (rank), ESS (bulk), ESS (tail) by ArviZ", arviz.__version__, "of the chains of generate_diagnostics.py")
    print("chains,draws,rho,apart,kind,r_hat,ess_bulk,ess_tail")
    shapes = [(4, 1000), (4, 101), (2, 250), (1, 500), (3, 12), (8, 5000)]
    kinds = [(0.0, 0.0, "plain"), (0.5, 0.0, "plain"), (0.95, 0.0, "plain"), (-0.6, 0.0, "plain"), (0.3, 0.2, "plain")]
    kinds += [(0.3, 0.0, "drift"), (0.6, 0.0, "heavy"), (0.3, 0.0, "ties"), (0.3, 0.0, "wide"), (0.99, 0.0, "plain")]
    for chains, draws in shapes:
        for rho, apart, kind in kinds:
            x = np.array([chain(c, draws, rho, apart, kind) for c in range(chains)])
            found = [arviz.rhat(x, method="rank"), arviz.ess(x, method="bulk"), arviz.ess(x, method="tail")]
            print(f"{chains},{draws},{rho},{apart},{kind}," + ",".join(repr(float(v)) for v in found))


if __name__ == "__main__":
    main()
