//! The integral of the likelihood over many steps of the covariates at once, with the sums that its derivatives need.
//!
//! Steps are weeks or days, short beside the clocks, and there are hundreds of them for each customer. So four stand side by side in the lanes of an instruction: their
//! nodes, their moments, and what each adds to the scores of the coefficients. A step that is long beside a clock goes through `left.rs`, alone.

use super::left::{Moments, Step, TRIANGLE};
use crate::math::{
    quadrature::legendre,
    vector::{Exp, Kernel, Ln1p},
};

/// Steps side by side.
pub(super) const LANES: usize = 4;
/// A number for each of them.
pub(super) type Lanes = [f64; LANES];

/// Steps that follow each other; lanes that are not used have the length 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) count: usize,
    pub(super) length: Lanes,
    /// Where it begins: α + A and β + B, and their logarithms, less those at the last purchase.
    pub(super) clocks: [Lanes; 2],
    pub(super) logs: [Lanes; 2],
    /// Of both clocks, and of that of leaving the exponent, less that of the first step after the last purchase.
    pub(super) speeds: [Lanes; 2],
    pub(super) log_speed: Lanes,
    /// Of each clock: the covariates of the coefficients that act on it, and A_c − z (α + A) and A_cd − z z' (α + A) at the beginning.
    pub(super) acting: [Acting; 2],
}

/// Of the coefficients that act on a clock, and of their pairs, as a lower triangle.
#[derive(Debug, Clone, Default)]
pub(super) struct Acting {
    pub(super) z: Vec<Lanes>,
    pub(super) offset: Vec<Lanes>,
    pub(super) pairs: Vec<Lanes>,
}

impl Acting {
    pub(super) fn new(n: usize) -> Acting {
        Acting {
            z: vec![[0.0; LANES]; n],
            offset: vec![[0.0; LANES]; n],
            pairs: vec![[0.0; LANES]; triangle(n)],
        }
    }
}

/// Sums over the nodes of all steps: of the integrand, and of the integrand times scores, their products, and second derivatives.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) total: Lanes,
    first: [Lanes; 4],
    second: [Lanes; 10],
    /// For each coefficient of the purchase clock, with V = A_c/(α + A): of V, V ln(α+A), V/(α+A), V ln(β+B), V/(β+B).
    purchase: Vec<[Lanes; 5]>,
    /// For each of the lifetime clock, with W = B_c/(β + B) and S = (s + 1) W − z: of W, W/(β+B), S, S ln(α+A), S/(α+A), S ln(β+B), S/(β+B).
    lifetime: Vec<[Lanes; 7]>,
    /// Second derivatives and products of scores by two coefficients of one clock, as lower triangles, and of two.
    pairs: [Vec<Lanes>; 2],
    across: Vec<Lanes>,
}

/// The sum of the lanes.
#[inline(always)]
pub(super) fn sum(lanes: Lanes) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// Where row i of a lower triangle begins.
#[inline(always)]
pub(super) fn triangle(i: usize) -> usize {
    i * (i + 1) / 2
}

/// Growth of a clock and rise of the exponent over a step up to which four nodes, and eight, are good to rounding: by the error term of
/// the rules, (m)₂ₙ (n!)⁴ / ((2n + 1) (2n)!³) times growth²ⁿ.
const FOUR: (f64, f64) = (0.025, 0.15);
const EIGHT: (f64, f64) = (0.12, 2.0);

/// Sums over the nodes of each step: of the integrand times nothing, times ln(α+A), 1/(α+A), ln(β+B), 1/(β+B), and times products of two.
struct Of {
    total: Lanes,
    first: [Lanes; 4],
    second: [Lanes; 10],
}

impl Group {
    /// A place for steps with so many coefficients on each clock.
    pub(super) fn new(acting: [usize; 2]) -> Group {
        Group { acting: acting.map(Acting::new), ..Group::default() }
    }

    /// Steps that are not there have no length and stand where they do no harm.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        for l in self.count..LANES {
            self.length[l] = 0.0;
            self.log_speed[l] = 0.0;
            for k in 0..2 {
                (self.clocks[k][l], self.logs[k][l], self.speeds[k][l]) = (1.0, 0.0, 0.0);
                let Acting { z, offset, pairs } = &mut self.acting[k];
                for lanes in z.iter_mut().chain(offset).chain(pairs) {
                    lanes[l] = 0.0;
                }
            }
        }
    }

    /// By how much the clocks grow, relative to where they stand.
    #[inline(always)]
    fn growth(&self) -> [Lanes; 2] {
        std::array::from_fn(|k| {
            std::array::from_fn(|l| self.speeds[k][l] * self.length[l] / self.clocks[k][l])
        })
    }

    #[inline(always)]
    fn moments(&self, exponents: [f64; 2], derivatives: bool) -> Of {
        let growth = self.growth();
        let (mut most, mut rise) = (0.0f64, 0.0f64);
        for l in 0..LANES {
            most = most.max(growth[0][l]).max(growth[1][l]);
            rise = rise.max(exponents[0] * growth[0][l] + exponents[1] * growth[1][l]);
        }
        if most <= FOUR.0 && rise <= FOUR.1 {
            self.at_nodes::<4>(growth, exponents, derivatives)
        } else if most <= EIGHT.0 && rise <= EIGHT.1 {
            self.at_nodes::<8>(growth, exponents, derivatives)
        } else {
            self.one_by_one(exponents, derivatives)
        }
    }

    /// The clocks run evenly: at the nodes they are α + A and β + B at the beginning, times 1 + growth · node.
    #[inline(always)]
    fn at_nodes<const N: usize>(&self, growth: [Lanes; 2], [m, e]: [f64; 2], derivatives: bool) -> Of {
        let rule = legendre(N);
        let (mut logs, mut w) = ([[[0.0; LANES]; 2]; N], [[0.0; LANES]; N]);
        for (logs, node) in logs.iter_mut().zip(&rule.nodes) {
            for k in 0..2 {
                for l in 0..LANES {
                    logs[k][l] = growth[k][l] * node;
                }
            }
        }
        let grown = logs;
        Ln1p::over(logs.as_flattened_mut().as_flattened_mut());
        for (logs, w) in logs.iter_mut().zip(&mut w) {
            for l in 0..LANES {
                logs[0][l] += self.logs[0][l];
                logs[1][l] += self.logs[1][l];
                w[l] = self.log_speed[l] - m * logs[0][l] - e * logs[1][l];
            }
        }
        Exp::over(w.as_flattened_mut());
        let mut of = Of { total: [0.0; LANES], first: [[0.0; LANES]; 4], second: [[0.0; LANES]; 10] };
        for i in 0..N {
            let (mut w, weight) = (w[i], rule.weights[i]);
            for l in 0..LANES {
                w[l] *= weight * self.length[l];
                of.total[l] += w[l];
            }
            if !derivatives {
                continue;
            }
            let mut at = [[0.0; LANES]; 4];
            for k in 0..2 {
                at[2 * k] = logs[i][k];
                for l in 0..LANES {
                    at[2 * k + 1][l] = 1.0 / (self.clocks[k][l] * (1.0 + grown[i][k][l]));
                }
            }
            for a in 0..4 {
                let mut weighted = [0.0; LANES];
                for l in 0..LANES {
                    weighted[l] = w[l] * at[a][l];
                    of.first[a][l] += weighted[l];
                }
                for b in 0..=a {
                    for l in 0..LANES {
                        of.second[TRIANGLE[a] + b][l] += weighted[l] * at[b][l];
                    }
                }
            }
        }
        of
    }

    #[inline(never)]
    fn one_by_one(&self, exponents: [f64; 2], derivatives: bool) -> Of {
        let mut of = Of { total: [0.0; LANES], first: [[0.0; LANES]; 4], second: [[0.0; LANES]; 10] };
        for l in 0..self.count {
            let step = Step {
                exponents,
                clocks: self.clocks.map(|lanes| lanes[l]),
                logs: self.logs.map(|lanes| lanes[l]),
                speeds: self.speeds.map(|lanes| lanes[l]),
                length: self.length[l],
                log_speed: self.log_speed[l],
            };
            let Moments { total, first, second } = step.moments(derivatives);
            of.total[l] = total;
            of.first.iter_mut().zip(first).for_each(|(lanes, v)| lanes[l] = v);
            of.second.iter_mut().zip(second).for_each(|(lanes, v)| lanes[l] = v);
        }
        of
    }
}

/// sums += k · a + d · b, lane by lane.
#[inline(always)]
fn add(sums: &mut Lanes, (k, a): (&Lanes, &Lanes), (d, b): (&Lanes, &Lanes)) {
    for l in 0..LANES {
        sums[l] += k[l] * a[l] + d[l] * b[l];
    }
}

impl Sums {
    /// Empty, for so many coefficients on each clock.
    pub(super) fn new([n, m]: [usize; 2]) -> Sums {
        Sums {
            purchase: vec![[[0.0; LANES]; 5]; n],
            lifetime: vec![[[0.0; LANES]; 7]; m],
            pairs: [vec![[0.0; LANES]; triangle(n)], vec![[0.0; LANES]; triangle(m)]],
            across: vec![[0.0; LANES]; n * m],
            ..Sums::default()
        }
    }

    pub(super) fn clear(&mut self) {
        (self.total, self.first, self.second) = Default::default();
        self.purchase.fill([[0.0; LANES]; 5]);
        self.lifetime.fill([[0.0; LANES]; 7]);
        self.pairs.iter_mut().for_each(|pairs| pairs.fill([0.0; LANES]));
        self.across.fill([0.0; LANES]);
    }

    /// Add the steps of a group to the integral.
    ///
    /// On a step A_c/(α + A) = z + D/(α + A) with D = A_c − z (α + A) at its beginning, since A grows by z times as much as A_c; so for B_c, and for second derivatives. So
    /// all that is summed up is linear in the moments of the step.
    #[inline(always)]
    pub(super) fn add(&mut self, group: &Group, exponents: [f64; 2], derivatives: bool) {
        let of = group.moments(exponents, derivatives);
        for l in 0..LANES {
            self.total[l] += of.total[l];
        }
        if !derivatives {
            return;
        }
        for (sum, of) in self.first.iter_mut().zip(&of.first).chain(self.second.iter_mut().zip(&of.second)) {
            for l in 0..LANES {
                sum[l] += of[l];
            }
        }
        let e = exponents[1];
        let w = &of.total;
        let [log_p, g, log_l, h] = &of.first;
        let [_, log_p_g, gg, _, log_l_g, _, log_p_h, gh, log_l_h, hh] = &of.second;
        let [Acting { z, offset, pairs }, lifetime] = &group.acting;
        for (c, sums) in self.purchase.iter_mut().enumerate() {
            let (z_c, d_c) = (&z[c], &offset[c]);
            for (sum, (a, b)) in
                sums.iter_mut().zip([(w, g), (log_p, log_p_g), (g, gg), (log_l, log_l_g), (h, gh)])
            {
                add(sum, (z_c, a), (d_c, b));
            }
            let m = exponents[0];
            for d in 0..=c {
                let (z_d, d_d) = (&z[d], &offset[d]);
                let (bend, sum) = (&pairs[triangle(c) + d], &mut self.pairs[0][triangle(c) + d]);
                for l in 0..LANES {
                    let zz = z_c[l] * z_d[l] * w[l];
                    let product = zz + (z_c[l] * d_d[l] + d_c[l] * z_d[l]) * g[l] + d_c[l] * d_d[l] * gg[l];
                    sum[l] += (m + 1.0) * product - (zz + bend[l] * g[l]);
                }
            }
            // Scores by two clocks: (z + D/(α+A)) ((s + 1) W − z).
            let across = &mut self.across[c * lifetime.z.len()..][..lifetime.z.len()];
            for ((sum, y), f) in across.iter_mut().zip(&lifetime.z).zip(&lifetime.offset) {
                for l in 0..LANES {
                    let (k, b) = ((e - 1.0) * y[l], e * f[l]);
                    sum[l] += z_c[l] * (k * w[l] + b * h[l]) + d_c[l] * (k * g[l] + b * gh[l]);
                }
            }
        }
        for (c, sums) in self.lifetime.iter_mut().enumerate() {
            let (z_c, d_c) = (&lifetime.z[c], &lifetime.offset[c]);
            let (k, b) = (z_c.map(|z| (e - 1.0) * z), d_c.map(|d| e * d));
            for (sum, (p, q)) in sums.iter_mut().zip([(w, h), (h, hh)]) {
                add(sum, (z_c, p), (d_c, q));
            }
            let scores = [(w, h), (log_p, log_p_h), (g, gh), (log_l, log_l_h), (h, hh)];
            for (sum, (p, q)) in sums[2..].iter_mut().zip(scores) {
                add(sum, (&k, p), (&b, q));
            }
            for d in 0..=c {
                let (z_d, d_d) = (&lifetime.z[d], &lifetime.offset[d]);
                let (bend, sum) = (&lifetime.pairs[triangle(c) + d], &mut self.pairs[1][triangle(c) + d]);
                for l in 0..LANES {
                    let zz = z_c[l] * z_d[l] * w[l];
                    let mixed = (z_c[l] * d_d[l] + d_c[l] * z_d[l]) * h[l];
                    let square = d_c[l] * d_d[l] * hh[l];
                    // Scores, (e − 1)² zz' + …, less e times the second derivative of ln(β + B).
                    let product = (e - 1.0) * (e - 1.0) * zz + (e - 1.0) * e * mixed + e * e * square;
                    sum[l] += product + e * (mixed + square - bend[l] * h[l]);
                }
            }
        }
    }
}

impl Sums {
    /// The integral's scores and their products and second derivatives, none of them divided by it. `places` says which coefficients act on each clock.
    pub(super) fn gather(
        &self,
        [m, e]: [f64; 2],
        places: [&[usize]; 2],
        gradient: &mut [f64],
        hessian: &mut [f64],
    ) {
        // By r, α, s, β: −ln(α + A), −m/(α + A), −ln(β + B), −(s + 1)/(β + B).
        let factors = [-1.0, -m, -1.0, -e];
        let first = self.first.map(sum);
        let second = self.second.map(sum);
        for i in 0..4 {
            gradient[i] += factors[i] * first[i];
            for j in 0..=i {
                hessian[triangle(i) + j] += factors[i] * factors[j] * second[TRIANGLE[i] + j];
            }
        }
        hessian[triangle(1)] -= first[1];
        hessian[triangle(1) + 1] += m * second[2];
        hessian[triangle(3) + 2] -= first[3];
        hessian[triangle(3) + 3] += e * second[9];
        let mut row = |place: usize, slope: f64, by: [f64; 4]| {
            gradient[place] += slope;
            for (h, by) in hessian[triangle(place)..].iter_mut().zip(by) {
                *h += by;
            }
        };
        for (sums, &place) in self.purchase.iter().zip(places[0]) {
            let [v, log_p, g, log_l, h] = sums.map(sum);
            row(4 + place, -m * v, [m * log_p - v, m * (m + 1.0) * g, m * log_l, m * e * h]);
        }
        for (sums, &place) in self.lifetime.iter().zip(places[1]) {
            let [w, w_h, score, log_p, g, log_l, h] = sums.map(sum);
            row(4 + place, -score, [log_p, m * g, log_l - w, e * (h + w_h)]);
        }
        let mut add =
            |i: usize, j: usize, value: f64| hessian[triangle(4 + i.max(j)) + 4 + i.min(j)] += value;
        for (k, factor) in [m, 1.0].into_iter().enumerate() {
            for (c, &i) in places[k].iter().enumerate() {
                for (d, &j) in places[k][..=c].iter().enumerate() {
                    add(i, j, factor * sum(self.pairs[k][triangle(c) + d]));
                }
            }
        }
        for (c, &i) in places[0].iter().enumerate() {
            for (d, &j) in places[1].iter().enumerate() {
                // A coefficient of both clocks has this twice in its square.
                let both = if i == j { 2.0 } else { 1.0 };
                add(i, j, both * m * sum(self.across[c * places[1].len() + d]));
            }
        }
    }
}
