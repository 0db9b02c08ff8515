//! What lies ahead of a new customer: how long he or she stays, and how many purchases that brings.

use super::GgomNbd;
use crate::clv::horizons::gauss_sum;
use crate::clv::lifetime::Lifetime;
use crate::clv::panels::{Path, aged, log_growth, risk};
use crate::clv::purchases::nbd_probability;
use crate::clv::shared_counts::SharedCounts;
use crate::clv::variance::Squares;
use crate::math::{
    exp_log::exprel,
    gamma::{ln_gamma, ln_rising},
};

/// The highest power that is left to the nodes.
const POLYNOMIAL: u32 = 8;

/// What is less than this share of a sum is left out.
const NOTHING: f64 = 1e-18;

impl GgomNbd {
    /// ln P(a new customer is alive at t), and e^(bt) − 1.
    pub(super) fn ln_survival(&self, t: f64) -> (f64, f64) {
        let grown = self.b * t;
        let expm1 = grown.exp_m1();
        (-self.s * log_growth(self.beta, grown, expm1), expm1)
    }

    /// P(a new customer is alive at t).
    pub(super) fn survival(&self, t: f64) -> f64 {
        self.ln_survival(t).0.exp()
    }

    /// A lower bound of the rate of leaving after t, where D = e^(bt) − 1: it tends to sb, from either side.
    fn least_risk(&self, expm1: f64) -> f64 {
        self.s * self.b * risk(self.beta, expm1).min(1.0)
    }

    /// The expected discounted time that a new customer is there: expected discounted purchases are r/α times it.
    pub(super) fn time_alive(&self, lifetime: &Lifetime) -> f64 {
        match *lifetime {
            Lifetime::Continuous { rate, horizon } => self.annuity(rate, horizon),
            Lifetime::PerPeriod { rate, whole, part, .. } => {
                let share = |then: &GgomNbd, k: f64, length: f64| {
                    (-rate * (k + 1.0)).exp() * then.annuity(0.0, length)
                };
                // What is left is worth no more than as much as a lasting stay.
                self.by_period(rate, whole, part, share, |_, risk| 1.0 / risk)
            }
        }
    }

    /// What the variance of purchases is made of: the discounted time that a new customer is there, the same at the squared discount, and
    /// J = ∫ 2 G D S; see [`variance`](crate::clv::variance).
    pub(super) fn moments_of_time(&self, squares: &Squares) -> [f64; 3] {
        let pairs = match squares.once {
            Lifetime::Continuous { rate, horizon } => self.annuity_of_pairs(rate, horizon),
            Lifetime::PerPeriod { rate, whole, part, .. } => {
                // Before the k-th period G has come to v + … + vᵏ, and rises by v^(k+1) within it.
                let grown = |k: f64| (-rate).exp() * (-rate * k).exp_m1() / (-rate).exp_m1();
                let share = |then: &GgomNbd, k: f64, length: f64| {
                    let discount = (-rate * (k + 1.0)).exp();
                    let (level, slope) = (then.annuity(0.0, length), then.annuity_of_pairs(0.0, length));
                    discount * (2.0 * grown(k) * level + discount * slope)
                };
                let rest = |k: f64, risk: f64| 2.0 * (grown(k) + 1.0 / risk) / risk;
                self.by_period(rate, whole, part, share, rest)
            }
        };
        [self.time_alive(&squares.once), self.time_alive(&squares.twice), pairs]
    }

    /// The variable in which an integral over time with this discount is smooth, and where it ends.
    fn until(&self, rate: f64, horizon: f64) -> (Path, f64) {
        let mut scale = horizon.min(1.0 / self.b);
        if rate > 0.0 {
            scale = scale.min(1.0 / rate);
        }
        let path = Path::new(self.b, self.beta, scale);
        let end = if horizon.is_finite() { path.to(horizon) } else { f64::MAX };
        (path, end)
    }

    /// 2 ∫₀ʰ G(t) e^(−rate·t) S(t) dt, G(t) = ∫₀ᵗ e^(−rate·u) du.
    fn annuity_of_pairs(&self, rate: f64, horizon: f64) -> f64 {
        if horizon == 0.0 {
            return 0.0;
        }
        let (path, end) = self.until(rate, horizon);
        let grown = |t: f64| t * exprel(-rate * t);
        let decay = |v: f64| {
            let t = path.at(v);
            self.ln_survival(t).0 - rate * t + v
        };
        // G rises from 0 like v, which nodes meet exactly, and later no faster than e^v.
        let log = |v: f64| decay(v) + v;
        let rest = |v: f64| {
            let t = path.at(v);
            let (survival, expm1) = self.ln_survival(t);
            let longest = (horizon - t).min(1.0 / (rate + self.least_risk(expm1)));
            survival - rate * t + ((grown(t) + longest) / path.scale * (longest / path.scale)).ln()
        };
        let sum = path.walk(0.0, end, log, rest, |from, width, rule| {
            width
                * rule.expect(|node| {
                    let v = from + node * width;
                    grown(path.at(v)) / path.scale * decay(v).exp()
                })
        });
        2.0 * path.scale * path.scale * sum
    }

    /// ∫₀ʰ e^(−rate·t) S(t) dt.
    fn annuity(&self, rate: f64, horizon: f64) -> f64 {
        if horizon == 0.0 {
            return 0.0;
        }
        let (path, end) = self.until(rate, horizon);
        let log = |v: f64| {
            let t = path.at(v);
            self.ln_survival(t).0 - rate * t + v
        };
        let rest = |v: f64| {
            let t = path.at(v);
            let (survival, expm1) = self.ln_survival(t);
            let longest = (horizon - t).min(1.0 / (rate + self.least_risk(expm1)));
            survival - rate * t + (longest / path.scale).ln()
        };
        let sum = path.walk(0.0, end, log, rest, |from, width, rule| {
            width * rule.expect(|node| log(from + node * width).exp())
        });
        path.scale * sum
    }

    /// Σ S(k) · `of`(k-th period) over the whole periods, and what is left of the last. A period begins with a customer who is alive, hence a new one with
    /// another β, so its share is S(k) times one function of k, which is smooth: sums over many periods are taken by Gauss's rule for sums. `rest` bounds
    /// what comes after k, over S(k) e^(−rate·k), where the rate of leaving and the discount are at least so much.
    fn by_period(
        &self,
        rate: f64,
        whole: f64,
        part: f64,
        of: impl Fn(&GgomNbd, f64, f64) -> f64,
        rest: impl Fn(f64, f64) -> f64,
    ) -> f64 {
        let share = |k: f64, length: f64| {
            let then = GgomNbd { beta: aged(self.beta, self.b * k), ..*self };
            self.ln_survival(k).0.exp() * of(&then, k, length)
        };
        let log = |k: f64| self.ln_survival(k).0 - rate * k;
        let (mut sum, mut next, mut length) = (0.0, 0.0, 1.0_f64);
        let mut here = log(0.0);
        while next < whole {
            length = (2.0 * length).min(whole - next);
            let mut end = log(next + length);
            while length > 1.0 {
                let bend = (here - 2.0 * log(next + 0.5 * length) + end).abs();
                let smooth = length <= self.clearance(next + 0.5 * length) || length <= 16.0;
                if smooth && (here - end).abs() + bend <= 12.0 {
                    break;
                }
                length = (0.6 * length).floor().max(1.0);
                end = log(next + length);
            }
            sum += length * gauss_sum(length).expect(|k| share(next + k, 1.0));
            (next, here) = (next + length, end);
            let (_, expm1) = self.ln_survival(next);
            if here.exp() * rest(next, rate + self.least_risk(expm1)) < NOTHING * sum {
                return sum;
            }
        }
        if part > 0.0 { sum + share(whole, part) } else { sum }
    }

    /// How far a time is from the singularities of S.
    fn clearance(&self, t: f64) -> f64 {
        if self.beta < 1.0 {
            t - (-self.beta).ln_1p() / self.b
        } else {
            (t - (self.beta - 1.0).ln() / self.b).hypot(std::f64::consts::PI / self.b)
        }
    }

    /// P(n purchases in t from `after` on) of a new customer, who must still be there, and is then a new one with another β.
    pub(super) fn count_later(&self, n: u32, after: f64, t: f64) -> f64 {
        let ln_stays = self.ln_survival(after).0;
        let then = GgomNbd { beta: aged(self.beta, self.b * after), ..*self };
        let count = ln_stays.exp() * then.count_probability(n, t);
        if n == 0 { count - ln_stays.exp_m1() } else { count }
    }

    /// P(X(t) = n) of a new customer.
    fn count_probability(&self, n: u32, t: f64) -> f64 {
        let mut p = [f64::NAN];
        let alone = |n| self.count_alone(n, t);
        SharedCounts::new(t).fill(0.0, [self.r, self.alpha], self, n..n + 1, &mut p, alone);
        p[0]
    }

    /// The same by panels of its own: stays past t, or leaves at u < t after n purchases.
    pub(super) fn count_alone(&self, n: u32, t: f64) -> f64 {
        let stays = self.survival(t) * nbd_probability(self.r, self.alpha, n, t);
        if t == 0.0 { stays } else { stays + self.left_after(n, t) }
    }

    /// ∫₀ᵗ P(n purchases in u) S(u) h(u) du.
    fn left_after(&self, n: u32, t: f64) -> f64 {
        let GgomNbd { r, alpha, b, s, .. } = *self;
        let count = f64::from(n);
        let path = Path::new(b, self.beta, alpha);
        // ln (u/α)ⁿ (1 + u/α)^(−r−n): greatest at u = nα/r.
        let counted = |u: f64| {
            let tau = u / alpha;
            let rising = if n == 0 { 0.0 } else { -count * (1.0 / tau).ln_1p() };
            rising - r * tau.ln_1p()
        };
        let most = count / r * alpha;
        let log = |v: f64| {
            let u = path.at(v);
            let (survival, expm1) = self.ln_survival(u);
            counted(u) + survival + risk(self.beta, expm1).ln() + v
        };
        let ln_scale = (s * b * path.scale).ln();
        let rest = |v: f64| {
            let u = path.at(v);
            counted(u.max(most)) + self.ln_survival(u).0 - ln_scale
        };
        let end = path.to(t);
        let (mut from, top) = if n == 0 { (0.0, log(0.0)) } else { beginning(&log, end) };
        // A low power of u is a polynomial, which the nodes meet exactly: it need not make panels short near 0.
        let is_polynomial = n <= POLYNOMIAL;
        if is_polynomial {
            from = 0.0;
        }
        let effort = |v: f64| {
            if !is_polynomial {
                return log(v) - top;
            }
            let u = path.at(v);
            let (survival, expm1) = self.ln_survival(u);
            survival + risk(self.beta, expm1).ln() + v - (r + count) * (u / alpha).ln_1p()
        };
        let sum = path.walk(
            from,
            end,
            effort,
            |v| rest(v) - top,
            |from, width, rule| width * rule.expect(|node| (log(from + node * width) - top).exp()),
        );
        let choose = if n == 0 { 0.0 } else { ln_rising(r, count) - ln_gamma(count + 1.0) };
        sum * (choose + top + ln_scale).exp()
    }
}

/// Where an integrand that begins with 0 comes within e^(−42) of its greatest value, and that value's logarithm.
fn beginning(log: &impl Fn(f64) -> f64, end: f64) -> (f64, f64) {
    let points = (2.0 * end).ceil().clamp(32.0, 1000.0);
    let place = |i: f64| end * (i / points);
    let mut best = (end, log(end));
    let mut values = vec![f64::NEG_INFINITY];
    for i in 1..=points as usize {
        let (v, value) = (place(i as f64), log(place(i as f64)));
        values.push(value);
        if value > best.1 {
            best = (v, value);
        }
    }
    // A peak between the points.
    let (mut low, mut high) = ((best.0 - end / points).max(0.0), (best.0 + end / points).min(end));
    for _ in 0..60 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        let (at_a, at_b) = (log(a), log(b));
        if at_a.max(at_b) > best.1 {
            best = if at_a > at_b { (a, at_a) } else { (b, at_b) };
        }
        if at_a < at_b {
            low = a;
        } else {
            high = b;
        }
        if high - low < 1e-3 * high {
            break;
        }
    }
    let enough = best.1 - 42.0;
    let first = values.iter().position(|value| *value > enough).map_or(end, |i| place(i as f64));
    let (mut no, mut yes) = (0.0, first.min(best.0));
    if yes == first {
        no = (first - end / points).max(0.0);
    }
    for _ in 0..60 {
        let middle = 0.5 * (no + yes);
        if log(middle) > enough {
            yes = middle;
        } else {
            no = middle;
        }
        if yes - no <= 1e-3 * yes {
            break;
        }
    }
    (yes, best.1)
}
