"""Writes log_normal.csv beside this file: ln of the likelihood of a customer whose rates are log-normal, by brute force.

    python -m venv venv && venv/bin/pip install "numpy==2.4.6" && venv/bin/python generate_log_normal.py

A row is the means of ln lambda and ln mu, their variances about the covariance, x, t_x, T, and the value. Given the rates the likelihood is
lambda^x (mu e^(-(lambda+mu) t_x) + lambda e^(-(lambda+mu) T)) / (lambda + mu): Schmittlein, Morrison & Colombo (1987), equation 4. It is integrated over both logarithms, from
-9 to 9 deviations, by Gauss-Legendre panels with two numbers of nodes that must agree to 1e-11; the largest value of the integrand, found on a grid, is taken out.
"""

import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
POPULATIONS = [(-3.0, -3.5, 1.2, 0.3, 2.0), (-1.5, -3.5, 0.8, 0.0, 0.8), (0.5, -1.0, 0.3, -0.35, 3.5), (-4.0, -6.0, 2.5, 0.9, 0.5)]
ROWS = [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (29, 37.71, 38.0), (7, 12.0, 104.0), (300, 95.0, 100.0)]


def value(population, row, nodes, panels):
    """In 80-bit arithmetic, whose 19 digits are enough for a sum of positive terms."""
    first, second, variance, covariance, other = map(np.longdouble, population)
    x, t_x, age = map(np.longdouble, row)
    a = np.sqrt(variance)
    b, c = covariance / a, np.sqrt(other - (covariance / a) ** 2)
    t, w = np.polynomial.legendre.leggauss(nodes)
    edges = np.linspace(np.longdouble(-9), np.longdouble(9), panels + 1)
    half = (edges[1:] - edges[:-1])[:, None] / 2
    z = ((edges[1:] + edges[:-1])[:, None] / 2 + half * t.astype(np.longdouble)).ravel()
    weight = (half * w.astype(np.longdouble)).ravel()
    rate, leaving = first + a * z[:, None], second + b * z[:, None] + c * z[None, :]
    lam, mu = np.exp(rate), np.exp(leaving)
    total = lam + mu
    ln = x * rate - total * t_x + np.log((mu + lam * np.exp(-total * (age - t_x))) / total) - (z[:, None] ** 2 + z[None, :] ** 2) / 2
    top = ln.max()
    inside = (weight[:, None] * weight[None, :] * np.exp(ln - top)).sum()
    return top + np.log(inside / (2 * np.longdouble("3.14159265358979323846264338327950288")))


def main():
    lines = ["# ln likelihoods of customers with log-normal rates, at least 11 digits. By generate_log_normal.py with numpy in 80-bit arithmetic; its docstring tells the columns."]
    lines.append("mean_lambda,mean_mu,variance_lambda,covariance,variance_mu,x,t_x,T,value")
    for population in POPULATIONS:
        for row in ROWS:
            one, two = value(population, row, 20, 52), value(population, row, 24, 60)
            assert abs(one - two) < 1e-11 * max(1, abs(two)), (population, row, one, two)
            lines.append(",".join([*(repr(float(v)) for v in (*population, *row)), repr(float(two))]))
    with open(os.path.join(HERE, "log_normal.csv"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


main()
