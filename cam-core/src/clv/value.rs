//! Customer lifetime value: purchases to come, times what each is worth, discounted.
//!
//! CLV = margin · E\[spend per purchase\] · E\[discounted purchases\], the two independent (Fader, Hardie & Lee 2005, Journal of Marketing
//! Research 42(4), 415–430, eq. 3). At a rate d per period a purchase within the k-th unit of time from now counts (1 + d)^(−k), as is usual where
//! value is reckoned by period; at a continuous rate δ a purchase at t counts e^(−δt). All times, and the rates, are in the unit of the purchase model.
//!
//! The margin may change with time (a list, one for each period from now on, the last of which holds for ever), each purchase may cost
//! something, and so may each unit of time that a customer is kept: those who have left cost nothing any more. With margins m₁, m₂, … over
//! periods of length P, and Y(h) the discounted purchases up to h,
//!
//! ```text
//! E[Σ margin(tᵢ) D(tᵢ)] = Σₖ (mₖ − mₖ₊₁) E[Y(kP)] + m_K E[Y(horizon)],
//! CLV = E[spend] · that − cost_per_purchase · E[Y(horizon)] − cost_per_period · Σₖ D(k) P(alive at k).
//! ```
//!
//! # The variance of a customer's value
//!
//! With one margin m for all times and a cost c for each purchase, V = Σ D(tᵢ) (m Zᵢ − c) for purchases at tᵢ that are worth Zᵢ. Spend is independent of when
//! and how often the customer buys; given the customer, each Zᵢ has mean M and variance σ², neither of which is known. By the law of total variance,
//! with w = m E\[M\] − c,
//!
//! ```text
//! Var[V] = m² E[σ²] E[Σ D(tᵢ)²] + w² Var[Y] + m² Var[M] (Var[Y] + E[Y]²):
//! ```
//!
//! what one customer spends now more, now less; how often he or she will buy; and how little is known of the customer's own mean. All of it
//! is given the history and the parameters (McCarthy, Fader & Hardie 2016, "V(CLV): Examining variance in models of customer lifetime
//! value"); that the parameters are estimates is not in it.

use super::horizons::{blocks, gauss_sum};
use super::time_varying::by_customer;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Discount, Model, Quantity};
use crate::table::{Domain, Table};
use serde::{Deserialize, Serialize};

/// The share of the spend that is profit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Margin {
    /// The same at all times.
    Constant(f64),
    /// One for each period from now on; the last holds for ever.
    ByPeriod(Vec<f64>),
}

/// How value is reckoned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueOptions {
    /// How far to look ahead, in the unit of the model; none is for ever.
    #[serde(default)]
    pub horizon: Option<f64>,
    /// Discount rate per unit of time: a purchase within the k-th counts (1 + d)^(−k). This or the continuous one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_rate: Option<f64>,
    /// Continuous discount rate per unit of time: a purchase at t counts e^(−δt).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuous_discount_rate: Option<f64>,
    /// Share of the spend that is profit: a number, or one for each period.
    #[serde(default = "all")]
    pub margin: Margin,
    /// The length of the periods of the margin, in the unit of the model.
    #[serde(default = "one")]
    pub margin_period: f64,
    /// What each purchase costs, in money, besides what the margin leaves.
    #[serde(default)]
    pub cost_per_purchase: f64,
    /// What a customer who is alive costs at the end of each unit of time, in money; needs a horizon of at most 10,000 units.
    #[serde(default)]
    pub cost_per_period: f64,
}

fn all() -> Margin {
    Margin::Constant(1.0)
}

fn one() -> f64 {
    1.0
}

/// Longer sums of costs over opportunities are refused: each term is a pass over all customers.
const MOST_PERIODS: f64 = 10_000.0;

impl ValueOptions {
    /// The whole spend counts, over this horizon, at this discount rate per unit of time.
    pub fn new(horizon: impl Into<Option<f64>>, discount_rate: f64) -> Self {
        ValueOptions::discounted(horizon, Discount::PerPeriod(discount_rate))
    }

    /// The whole spend counts, over this horizon, at this discount.
    pub fn discounted(horizon: impl Into<Option<f64>>, discount: Discount) -> Self {
        let (continuous_discount_rate, discount_rate) = discount.rates();
        ValueOptions {
            horizon: horizon.into(),
            discount_rate,
            continuous_discount_rate,
            margin: all(),
            margin_period: 1.0,
            cost_per_purchase: 0.0,
            cost_per_period: 0.0,
        }
    }

    /// Count this share of the spend.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = Margin::Constant(margin);
        self
    }

    /// Count these shares of the spend, each for a period of this length from now on; the last holds for ever.
    #[must_use]
    pub fn margins(mut self, margins: Vec<f64>, period: f64) -> Self {
        self.margin = Margin::ByPeriod(margins);
        self.margin_period = period;
        self
    }

    /// What each purchase costs besides.
    #[must_use]
    pub fn cost_per_purchase(mut self, cost: f64) -> Self {
        self.cost_per_purchase = cost;
        self
    }

    /// What a customer who is alive costs at the end of each unit of time.
    #[must_use]
    pub fn cost_per_period(mut self, cost: f64) -> Self {
        self.cost_per_period = cost;
        self
    }

    /// Check every option that a quantity does not check.
    pub(super) fn check(&self) -> Result<()> {
        let finite = |name, value: f64| match value.is_finite() {
            true => Ok(()),
            false => Err(Error::parameter(name, "finite", value)),
        };
        match &self.margin {
            Margin::Constant(margin) => finite("margin", *margin)?,
            Margin::ByPeriod(margins) => {
                if margins.is_empty() {
                    return Err(Error::new(ErrorKind::InvalidParameter, "margin must not be an empty list")
                        .with_field("margin"));
                }
                margins.iter().try_for_each(|margin| finite("margin", *margin))?;
            }
        }
        if !Domain::Positive.contains(self.margin_period) {
            return Err(Error::parameter("margin_period", Domain::Positive.rule(), self.margin_period));
        }
        finite("cost_per_purchase", self.cost_per_purchase)?;
        finite("cost_per_period", self.cost_per_period)?;
        self.purchases(self.horizon).check()
    }

    /// Ends of periods, with what all periods count that they stand for: each by itself, and later on, where P(alive) changes little from one to the next, Gauss's rule for sums over
    /// blocks that grow. Beyond the last less than e^(−45) of all is left.
    fn periods(&self, purchases: &dyn Model) -> Result<Vec<(f64, f64)>> {
        let rate = self.log_rate();
        let last = self.horizon.map_or(f64::INFINITY, f64::floor).min((45.0 / rate).ceil());
        let whole = purchases.spec().is_discrete();
        if whole && last > MOST_PERIODS {
            let message = format!(
                "cost_per_period of {} needs a horizon of at most {MOST_PERIODS} opportunities, or a discount by which later ones count nothing",
                purchases.spec().title
            );
            return Err(Error::new(ErrorKind::InvalidParameter, message).with_field("cost_per_period"));
        }
        let cells = if whole { f64::INFINITY } else { 2.0 };
        let mut periods = Vec::new();
        for (begin, length) in blocks(1.0, last, |_| cells) {
            let rule = gauss_sum(length);
            for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                let k = begin + node;
                periods.push((k, length * weight * (-rate * k).exp()));
            }
        }
        Ok(periods)
    }

    /// Discounted purchases up to a time.
    fn purchases(&self, horizon: Option<f64>) -> Quantity {
        Quantity::DiscountedExpectedPurchases {
            continuous_discount_rate: self.continuous_discount_rate,
            discount_rate: self.discount_rate,
            horizon,
        }
    }

    /// The logarithm of what money loses in a unit of time.
    pub(super) fn log_rate(&self) -> f64 {
        self.continuous_discount_rate.or(self.discount_rate.map(f64::ln_1p)).unwrap_or(0.0)
    }

    /// The margin for all times, where there is one.
    fn constant_margin(&self) -> Option<f64> {
        match &self.margin {
            Margin::Constant(margin) => Some(*margin),
            Margin::ByPeriod(margins) => margins.iter().all(|m| *m == margins[0]).then_some(margins[0]),
        }
    }

    /// Times before the horizon at which the margin falls, and by how much; and the margin at the end.
    fn falls(&self) -> (Vec<(f64, f64)>, f64) {
        let margins = match &self.margin {
            Margin::Constant(margin) => std::slice::from_ref(margin),
            Margin::ByPeriod(margins) => margins,
        };
        let mut falls = Vec::new();
        let mut last = margins[0];
        for (k, &margin) in margins.iter().enumerate().skip(1) {
            let at = k as f64 * self.margin_period;
            if self.horizon.is_some_and(|horizon| at >= horizon) {
                break;
            }
            if margin != last {
                falls.push((at, last - margin));
                last = margin;
            }
        }
        (falls, last)
    }

    /// The margin at a time from now.
    pub(super) fn margin_at(&self, time: f64) -> f64 {
        match &self.margin {
            Margin::Constant(margin) => *margin,
            Margin::ByPeriod(margins) => {
                let period = (time / self.margin_period) as usize;
                margins[period.min(margins.len() - 1)]
            }
        }
    }
}

/// Whom is asked about: every customer of a table, or a new one.
enum Whom<'a, 't, 'c> {
    Table(&'a Table<'t>, &'a Control<'c>),
    New,
}

impl Whom<'_, '_, '_> {
    fn ask(&self, model: &dyn Model, quantity: &Quantity) -> Result<Vec<f64>> {
        match self {
            Whom::Table(table, control) => model.score(quantity, table, control),
            Whom::New => model.new_customer(quantity).map(|value| vec![value]),
        }
    }

    fn value(&self, purchases: &dyn Model, spend: &dyn Model, options: &ValueOptions) -> Result<Vec<f64>> {
        options.check()?;
        need(purchases, "discounted_expected_purchases")?;
        need(spend, "expected_spend")?;
        let to_horizon = self.ask(purchases, &options.purchases(options.horizon))?;
        let (falls, margin) = options.falls();
        let mut worth: Vec<f64> = to_horizon.iter().map(|purchases| margin * purchases).collect();
        for (at, fall) in falls {
            let purchases = self.ask(purchases, &options.purchases(Some(at)))?;
            worth.iter_mut().zip(purchases).for_each(|(worth, purchases)| *worth += fall * purchases);
        }
        let spend = self.ask(spend, &Quantity::ExpectedSpend {})?;
        let costs = options.cost_per_purchase;
        for ((worth, spend), purchases) in worth.iter_mut().zip(spend).zip(to_horizon) {
            *worth = *worth * spend - costs * purchases;
        }
        if options.cost_per_period != 0.0 {
            for (after, discount) in options.periods(purchases)? {
                let alive = self.ask(purchases, &Quantity::ProbabilityAlive { after })?;
                let cost = options.cost_per_period * discount;
                worth.iter_mut().zip(alive).for_each(|(worth, alive)| *worth -= cost * alive);
            }
        }
        Ok(worth)
    }

    fn variance(&self, purchases: &dyn Model, spend: &dyn Model, options: &ValueOptions) -> Result<Vec<f64>> {
        options.check()?;
        let (Some(margin), 0.0) = (options.constant_margin(), options.cost_per_period) else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the variance of lifetime value is known for one margin and no cost per period; simulate_lifetime_value takes all",
            ));
        };
        need(purchases, "variance_of_discounted_purchases")?;
        need(spend, "variance_of_mean_spend")?;
        let (rate, horizon) = (options.continuous_discount_rate, options.horizon);
        let variance = Quantity::VarianceOfDiscountedPurchases {
            continuous_discount_rate: rate,
            discount_rate: options.discount_rate,
            horizon,
        };
        let squared = Quantity::DiscountedExpectedPurchases {
            continuous_discount_rate: rate.map(|rate| 2.0 * rate),
            discount_rate: options.discount_rate.map(|d| d * (2.0 + d)),
            horizon,
        };
        let mean = self.ask(purchases, &options.purchases(horizon))?;
        let single = self.ask(purchases, &squared)?;
        let scatter = self.ask(purchases, &variance)?;
        let spends = self.ask(spend, &Quantity::ExpectedSpend {})?;
        let unknown = self.ask(spend, &Quantity::VarianceOfMeanSpend {})?;
        let within = self.ask(spend, &Quantity::ExpectedSpendVariance {})?;
        let square = margin * margin;
        let variance = |i: usize| {
            let worth = margin * spends[i] - options.cost_per_purchase;
            square * (within[i] * single[i] + unknown[i] * (scatter[i] + mean[i] * mean[i]))
                + worth * worth * scatter[i]
        };
        Ok((0..mean.len()).map(variance).collect())
    }
}

pub(super) fn need(model: &dyn Model, quantity: &str) -> Result<()> {
    match model.spec().quantities.contains(&quantity) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Unsupported,
            format!("lifetime value needs a model that defines {quantity}; {} does not", model.spec().id),
        )),
    }
}

/// The value of every customer of the table, in units of money: a purchase model, a spend model, and the columns of both. Where covariates of purchases change over time, the
/// table has the [steps](crate::clv::time_varying::Walks::new) of each customer, and all other columns are those of the first.
///
/// ```
/// use cam_core::clv::{BgNbd, GammaGamma, ValueOptions, customer_lifetime_value};
/// use cam_core::{Control, Table};
/// let (purchases, spend) = (BgNbd::new(0.243, 4.414, 0.793, 2.426)?, GammaGamma::new(6.25, 3.74, 15.44)?);
/// let (x, t_x, t, z) = ([2.0], [30.43], [38.86], [22.35]);
/// let table = Table::new().with("frequency", &x)?.with("recency", &t_x)?.with("T", &t)?.with("monetary_value", &z)?;
/// let value = |options: &ValueOptions| customer_lifetime_value(&purchases, &spend, &table, options, &Control::new());
/// let year = ValueOptions::new(52.0, 0.002);
/// // A margin that falls after half a year lies between the two.
/// let falling = value(&year.clone().margins(vec![0.4, 0.3], 26.0))?[0];
/// assert!(value(&year.clone().margin(0.3))?[0] < falling && falling < value(&year.margin(0.4))?[0]);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// As for [`Model::score`]; and options that are out of their domain.
pub fn customer_lifetime_value(
    purchases: &dyn Model,
    spend: &dyn Model,
    table: &Table<'_>,
    options: &ValueOptions,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    by_customer(purchases, table, |purchases, rows| {
        Whom::Table(rows, control).value(purchases, spend, options)
    })
}

/// The variance of the value of every customer of the table, in squared units of money; see the [module](self) for what is in it.
///
/// # Errors
/// As for [`customer_lifetime_value`]; [`ErrorKind::Unsupported`] for margins that change, costs per period, and models that do not know their
/// second moments; [`ErrorKind::Numerical`] where the variance of spend is infinite.
pub fn lifetime_value_variance(
    purchases: &dyn Model,
    spend: &dyn Model,
    table: &Table<'_>,
    options: &ValueOptions,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    by_customer(purchases, table, |purchases, rows| {
        Whom::Table(rows, control).variance(purchases, spend, options)
    })
}

/// The value of a customer who has just been acquired, from then on: the purchase with which that happened is not in it.
///
/// # Errors
/// As for [`customer_lifetime_value`].
pub fn new_customer_value(purchases: &dyn Model, spend: &dyn Model, options: &ValueOptions) -> Result<f64> {
    Whom::New.value(purchases, spend, options).map(|value| value[0])
}

/// The variance of it.
///
/// # Errors
/// As for [`lifetime_value_variance`].
pub fn new_customer_value_variance(
    purchases: &dyn Model,
    spend: &dyn Model,
    options: &ValueOptions,
) -> Result<f64> {
    Whom::New.variance(purchases, spend, options).map(|value| value[0])
}
