//! What a model is: the static side ([`Family`]), the object-safe side ([`Model`]), and what can be asked ([`Quantity`]).
//!
//! A model is an immutable struct of checked parameters. Its file implements [`Family`]: who it is ([`Spec`]), the
//! log-likelihood of one row, the answer to each quantity for rows that share their first column, and how to
//! simulate a row. One blanket implementation turns every family into a [`Model`], which is what the registry,
//! the documents and the other languages see.

mod boxed;
mod counts;
mod covariates;
mod known;
mod profiles;
mod quantity;
mod scoring;
mod with_covariates;

pub use counts::CountScorer;
pub(crate) use counts::walk;
pub(crate) use covariates::{Coefficient, Design};
pub use covariates::{Covariates, Process};
pub(crate) use profiles::{Grouped, PROFILE, Profiles, with_profiles};
pub use quantity::{Discount, Quantity};
pub use scoring::Repeats;
pub(crate) use scoring::{logs, score_row};
pub use with_covariates::WithCovariates;

use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::math::{
    jet::{Derivatives, Real},
    random::Stream,
};
use crate::rows::{Purpose, Rows};
use crate::table::{Dimension, Domain, Table, Variable};
use scoring::{draw_rows, log_likelihoods, score_each};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;

/// Who a model is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spec {
    /// The stable name, as in documents and at every door: `bg_nbd`.
    pub id: &'static str,
    /// The name in print: `BG/NBD`.
    pub title: &'static str,
    /// Author, year, journal.
    pub source: &'static str,
    /// The parameters, in order.
    pub parameters: &'static [Variable],
    /// The columns of a row, in order; the first is the one that rows are grouped by.
    pub columns: &'static [Variable],
    /// The columns that a simulation starts from.
    pub design: &'static [Variable],
    /// The names of the [quantities](Quantity) that are defined.
    pub quantities: &'static [&'static str],
    /// Ordinary parameters, in order, and an ordinary value of a design column: for trials, and for the tests that every model undergoes.
    pub example: (&'static [f64], f64),
}

impl Spec {
    /// The position of a parameter.
    pub fn parameter_index(&self, name: &str) -> Result<usize> {
        self.parameters.iter().position(|p| p.name == name).ok_or_else(|| {
            Error::unknown(&format!("parameter of {}", self.id), name, self.parameters.iter().map(|p| p.name))
        })
    }

    /// Check that values are as many as the parameters, and each in its domain.
    pub fn check_parameters(&self, values: &[f64]) -> Result<()> {
        if values.len() != self.parameters.len() {
            let names: Vec<_> = self.parameters.iter().map(|p| p.name).collect();
            return Err(Error::shape(format!(
                "{} has {} parameters ({}), got {}",
                self.id,
                names.len(),
                names.join(", "),
                values.len()
            )));
        }
        for (p, &value) in self.parameters.iter().zip(values) {
            if !p.domain.contains(value) {
                return Err(Error::parameter(p.name, p.domain.rule(), value));
            }
        }
        Ok(())
    }

    /// The parameters that a search by derivatives moves: all but the whole numbers, which stand last.
    pub fn free_parameters(&self) -> &'static [Variable] {
        let free = self.parameters.iter().take_while(|p| p.domain != Domain::Whole).count();
        &self.parameters[..free]
    }

    /// The columns that a row consists of: all but a sum of logarithms, which stands last and only adds to the log-likelihood.
    pub fn row_columns(&self) -> &'static [Variable] {
        let own = self.columns.iter().take_while(|c| c.dimension != Dimension::LogTime).count();
        &self.columns[..own]
    }

    /// The column that only adds to the log-likelihood, where there is one.
    pub(crate) fn logs_column(&self) -> Option<&'static Variable> {
        self.columns.get(self.row_columns().len())
    }

    /// Whether there is time in it at all: there is none in a model of spend, which therefore knows no unit.
    pub fn counts_time(&self) -> bool {
        self.columns.iter().any(|c| c.name == "T")
    }

    /// Whether another unit of time is another model, and not the same one in other numbers: a parameter is [of its unit](Dimension::OfUnit).
    pub fn is_bound_to_unit(&self) -> bool {
        self.parameters.iter().any(|p| p.dimension == Dimension::OfUnit)
    }

    /// That scores are numbers. They are, but for parameters so far out that a step on the way to a score overflows.
    ///
    /// # Errors
    /// [`ErrorKind::Numerical`] with the row of the first that is not.
    pub(crate) fn sound(&self, scores: &[f64]) -> Result<()> {
        match scores.iter().position(|score| score.is_nan()) {
            None => Ok(()),
            Some(row) => Err(Error::new(
                ErrorKind::Numerical,
                format!(
                    "{} cannot be computed here in double precision: its parameters are too extreme",
                    self.title
                ),
            )
            .with_row(row)),
        }
    }

    /// Whether time goes by opportunities, which are counted, as that of BG/BB does.
    pub fn is_discrete(&self) -> bool {
        self.columns.iter().any(|c| c.name == "T" && c.domain == Domain::Count)
    }

    /// Check the times of a quantity: in discrete time they are whole.
    fn check_times(&self, quantity: &Quantity) -> Result<()> {
        let (name, time) = match *quantity {
            Quantity::LaterPurchaseProbability { after, .. } if after.fract() != 0.0 => ("after", after),
            Quantity::LaterPurchaseProbability { horizon, .. } => ("horizon", horizon),
            Quantity::ProbabilityAlive { after } => ("after", after),
            Quantity::ExpectedPurchases { horizon }
            | Quantity::PurchaseProbability { horizon, .. }
            | Quantity::VarianceOfPurchases { horizon } => ("horizon", horizon),
            Quantity::DiscountedExpectedPurchases { horizon, .. }
            | Quantity::VarianceOfDiscountedPurchases { horizon, .. } => ("horizon", horizon.unwrap_or(0.0)),
            Quantity::LogLikelihood {}
            | Quantity::ExpectedSpend {}
            | Quantity::VarianceOfMeanSpend {}
            | Quantity::ExpectedSpendVariance {}
            | Quantity::PosteriorPurchaseProbability {}
            | Quantity::PosteriorDropoutProbability {} => return Ok(()),
        };
        match self.is_discrete() && time.fract() != 0.0 {
            true => {
                let rule = format!("a whole number of opportunities, by which {} counts time", self.title);
                Err(Error::parameter(name, &rule, time))
            }
            false => Ok(()),
        }
    }

    fn unsupported(&self, quantity: &Quantity) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!(
                "{} does not define {}; it defines: {}",
                self.id,
                quantity.name(),
                self.quantities.join(", ")
            ),
        )
        .with_field(quantity.name())
    }

    fn unsupported_for_new(&self, quantity: &Quantity) -> Error {
        if !self.quantities.contains(&quantity.name()) {
            return self.unsupported(quantity);
        }
        Error::new(
            ErrorKind::Unsupported,
            format!("{} of {} needs a history: a new customer has none", quantity.name(), self.id),
        )
        .with_field(quantity.name())
    }
}

/// What the data say to an assumption of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its stable name: `spend_independence`.
    pub name: String,
    /// What was computed, such as a correlation coefficient.
    pub statistic: f64,
    /// The probability of one as extreme, if the assumption holds.
    pub p_value: f64,
    /// Whether the data contradict the assumption: significantly, and so much that it matters.
    pub contradicted: bool,
    /// The same in a sentence.
    pub message: String,
}

/// From rows, row-major, to one value each. An error may name the row, counted from the first of these.
pub type Scorer<'a> = Box<dyn Fn(&[f64], &mut [f64]) -> Result<()> + Send + Sync + 'a>;

/// The static side of a model: all that is special about it. Everything else is generic.
///
/// `theta` is always the parameters in the order of [`Spec::parameters`].
pub trait Family: Clone + Send + Sync + std::fmt::Debug + 'static {
    /// Who the model is.
    const SPEC: &'static Spec;

    /// A number with derivatives in all [free](Spec::free_parameters) parameters: `Jet<4>` for four.
    type Jet: Derivatives;

    /// What rows with the same first column share in the log-likelihood, computed once for all of them.
    type Shared<R: Real>: Send + Sync;

    /// What covariates may act on; see [`Process`]. Their parameters are positive.
    const PROCESSES: &'static [Process] = &[];

    /// The model with these parameters.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] naming the parameter that is out of its domain.
    fn from_parameters(theta: &[f64]) -> Result<Self>;

    /// The parameters.
    fn theta(&self) -> Vec<f64>;

    /// The rule between the columns of a row, each of which is in its domain already; `Err` says it in words.
    fn check_row(row: &[f64]) -> Result<(), String>;

    /// Whether a row says anything about the parameters. Rows that do not are left out of a fit.
    fn informs(_row: &[f64]) -> bool {
        true
    }

    /// What the column of [`Dimension::LogTime`] is multiplied by in the log-likelihood; only whole-number parameters decide it.
    fn logs_count(_theta: &[f64]) -> f64 {
        0.0
    }

    /// The rule between a row and its column of [`Dimension::LogTime`]; `Err` says it in words.
    fn check_logs(_row: &[f64], _logs: f64) -> Result<(), String> {
        Ok(())
    }

    /// What rows with this first column share.
    fn shared<R: Real>(theta: &[R], first: f64) -> Self::Shared<R>;

    /// ln of the probability (density) of one row, which has the [`row_columns`](Spec::row_columns).
    fn log_likelihood<R: Real>(theta: &[R], shared: &Self::Shared<R>, row: &[f64]) -> R;

    /// Σ w ln L(θ; row) over rows that share their first column, and have a weight each. Row by row, unless a model does many at once.
    fn sum_log_likelihood<R: Real>(
        theta: &[R],
        shared: &Self::Shared<R>,
        rows: &[f64],
        weights: &[f64],
    ) -> R {
        let mut sum = R::constant(0.0);
        for (row, &weight) in rows
            .chunks_exact(Self::SPEC.row_columns().len())
            .zip(weights)
            .filter(|(_, weight)| **weight > 0.0)
        {
            sum = sum + Self::log_likelihood(theta, shared, row) * weight;
        }
        sum
    }

    /// Where a fit starts: rough moment estimates.
    ///
    /// # Errors
    /// [`ErrorKind::NotEnoughData`] when no maximum can exist.
    fn start(rows: &Rows) -> Result<Vec<f64>>;

    /// What the data say to the assumptions of the model, beside the fit.
    fn checks(_rows: &Rows) -> Vec<Check> {
        Vec::new()
    }

    /// How rows that are equal are scored once, by what the quantity costs.
    fn repeats(quantity: &Quantity) -> Repeats {
        match quantity {
            Quantity::ExpectedSpend {} => Repeats::Computed,
            _ => Repeats::Found,
        }
    }

    /// How the quantity is computed for many rows; none where the model does not define it. It may be called from several
    /// threads, for any rows in any order, and gives a row the same bits whatever the others are. The log-likelihood never
    /// comes here.
    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>>;

    /// How [the number of purchases](Quantity::PurchaseProbability) in a horizon is distributed, for many n at once: the same numbers to rounding as one by one. None where there is no
    /// quicker way than that.
    fn counts(&self, _horizon: f64) -> Option<CountScorer<'_>> {
        None
    }

    /// The quantity for a customer of whom nothing is known but that he or she has just been acquired.
    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>>;

    /// Draw one row. `design` holds the columns of [`Spec::design`]; all columns of `row` are written.
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]);

    /// How the future of a customer is drawn; none where the model is not of purchases.
    fn futures(&self) -> Option<Futures<'_>> {
        None
    }

    /// How what a customer will spend is drawn; none where the model is not of spend.
    fn spending(&self) -> Option<Spending<'_>> {
        None
    }
}

/// From a row, whose history is known, and a horizon: draws the times of the purchases from now to the horizon, in any order, into the list, and gives
/// the time at which the customer leaves: 0 or less where that has happened, and anything beyond the horizon where it is not seen.
pub type Futures<'a> = Box<dyn Fn(&[f64], f64, &mut Stream, &mut Vec<f64>) -> f64 + Send + Sync + 'a>;

/// From a row: draws what each of so many purchases of the customer is worth, given what is known.
pub type Spending<'a> = Box<dyn Fn(&[f64], &mut Stream, &mut [f64]) + Send + Sync + 'a>;

/// The object-safe side of a model; implemented once, for every [`Family`].
pub trait Model: Send + Sync + std::fmt::Debug {
    /// Who the model is.
    fn spec(&self) -> &'static Spec;

    /// The parameters, in the order of [`Spec::parameters`]; and after them the coefficients of [covariates](Model::covariates).
    fn parameters(&self) -> Vec<f64>;

    /// The names of all [`parameters`](Model::parameters).
    fn names(&self) -> Vec<Cow<'static, str>> {
        self.spec().parameters.iter().map(|p| p.name.into()).collect()
    }

    /// The covariates that a customer of this model has besides a history: a score needs their columns, too. None for a plain model.
    fn covariates(&self) -> Option<&Covariates> {
        None
    }

    /// The plain model of the customers who have the covariates in the first row of this table; without covariates the model itself.
    ///
    /// # Errors
    /// A column is missing, holds no number, or scales a parameter out of its domain.
    fn given(&self, _covariates: &Table<'_>) -> Result<Box<dyn Model>> {
        Ok(self.boxed())
    }

    /// Whether it stands for many draws of parameters, as a posterior does. The [futures](Self::futures_by_draw) of a customer are then those of
    /// [`drawn_customer`](Self::drawn_customer).
    fn is_posterior(&self) -> bool {
        false
    }

    /// By a posterior the model of the customer whose history is the first row of the table, whose own parameters are drawn with these random numbers, for each draw of the population;
    /// by any other model what is [`given`](Self::given).
    ///
    /// # Errors
    /// As for [`given`](Self::given).
    fn drawn_customer(&self, row: &Table<'_>, _stream: &mut Stream) -> Result<Box<dyn Model>> {
        self.given(row)
    }

    /// The quantity for every row of the table. A row with a NaN gives NaN.
    ///
    /// # Errors
    /// A column is missing, a row breaks a rule of the model, an argument is out of its domain, or the model does
    /// not define the quantity.
    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>>;

    /// How the quantity is computed for rows that are known to be sound, one after the other with the [`row_columns`](Spec::row_columns): what
    /// [`score`](Model::score) does once it has read a table. None where the model does not define the quantity, and where a row is not all that counts because there are
    /// covariates.
    fn row_scorer<'a>(&'a self, _quantity: &Quantity) -> Option<Scorer<'a>> {
        None
    }

    /// How the number of purchases in a horizon is distributed, for many n at once and for rows that are known to be sound, as in [`row_scorer`](Model::row_scorer). None where
    /// there is no quicker way than one by one, and where there are covariates.
    fn row_counts(&self, _horizon: f64) -> Option<CountScorer<'_>> {
        None
    }

    /// Whether [`counts`](Model::counts) of many n cost less than each of them alone.
    fn shares_counts(&self, horizon: f64) -> bool {
        self.row_counts(horizon).is_some()
    }

    /// P(n purchases in the next `horizon` units of time) of every row of the table for every n of the range: those of the first row, then those of the second. A row with a
    /// NaN gives NaN.
    ///
    /// # Errors
    /// As for [`score`](Model::score) of [`Quantity::PurchaseProbability`].
    fn counts(
        &self,
        horizon: f64,
        range: Range<u32>,
        table: &Table<'_>,
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        counts::one_by_one(self, horizon, range, table, control)
    }

    /// The quantity for a customer who has just been acquired.
    ///
    /// # Errors
    /// As for [`score`](Model::score).
    fn new_customer(&self, quantity: &Quantity) -> Result<f64>;

    /// Draw one row for every row of `design`, which holds the columns of [`Spec::design`] and those of covariates. The answer has the
    /// columns of [`Spec::columns`]. Row i depends on the seed and on i alone, never on the number of threads.
    ///
    /// # Errors
    /// A column of the design is missing or out of its domain.
    fn simulate(&self, design: &Table<'_>, seed: u64, control: &Control<'_>) -> Result<Vec<Vec<f64>>>;

    /// How the future of a customer is drawn; none where the model is not of purchases, or does not know.
    fn futures(&self) -> Option<Futures<'_>> {
        None
    }

    /// The same, one for each draw of the parameters where it [stands for many](Self::is_posterior): what is not known of them is then common to the futures of all customers that are of one
    /// draw.
    fn futures_by_draw(&self) -> Option<Vec<Futures<'_>>> {
        self.futures().map(|futures| vec![futures])
    }

    /// How what a customer will spend is drawn; none where the model is not of spend.
    fn spending(&self) -> Option<Spending<'_>> {
        None
    }

    /// The document of the model, where it is one of its own kind, as that of a posterior is; none where it is [that of all others](crate::Fitted::to_json).
    fn document(&self) -> Option<Result<String>> {
        None
    }

    /// A copy behind a new box.
    fn boxed(&self) -> Box<dyn Model>;
}

impl<F: Family> Model for F {
    fn spec(&self) -> &'static Spec {
        F::SPEC
    }

    fn parameters(&self) -> Vec<f64> {
        self.theta()
    }

    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>> {
        quantity.check()?;
        F::SPEC.check_times(quantity)?;
        let scorer = match quantity {
            Quantity::LogLikelihood {} => log_likelihoods(self),
            _ => self.scorer(quantity).ok_or_else(|| F::SPEC.unsupported(quantity))?,
        };
        let repeats = F::repeats(quantity);
        let mut scores = if repeats != Repeats::Found {
            score_each::<F>(&scorer, repeats == Repeats::Remembered, table, control)?
        } else {
            let rows = Rows::new(table, F::SPEC.row_columns(), Purpose::Score, F::check_row, control)?;
            let mut unique = vec![0.0; rows.len()];
            rows.fill(&mut unique, control, |rows, out| scorer(rows, out).and_then(|()| F::SPEC.sound(out)))?;
            rows.scatter(&unique, control)?
        };
        if let Quantity::LogLikelihood {} = quantity
            && let Some(logs) = logs::<F>(&self.theta(), table, Purpose::Score)?
        {
            scores.iter_mut().zip(logs.column).for_each(|(score, log)| *score += logs.count * log);
        }
        Ok(scores)
    }

    fn row_scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        match quantity {
            Quantity::LogLikelihood {} if F::SPEC.logs_column().is_some() => None,
            Quantity::LogLikelihood {} => Some(log_likelihoods(self)),
            _ => self.scorer(quantity),
        }
    }

    fn row_counts(&self, horizon: f64) -> Option<CountScorer<'_>> {
        Family::counts(self, horizon)
    }

    fn counts(
        &self,
        horizon: f64,
        range: Range<u32>,
        table: &Table<'_>,
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        counts::of_table(self, horizon, range, table, control)
    }

    fn new_customer(&self, quantity: &Quantity) -> Result<f64> {
        quantity.check()?;
        F::SPEC.check_times(quantity)?;
        let value = self.score_new(quantity).ok_or_else(|| F::SPEC.unsupported_for_new(quantity))??;
        F::SPEC.sound(&[value])?;
        Ok(value)
    }

    fn simulate(&self, design: &Table<'_>, seed: u64, control: &Control<'_>) -> Result<Vec<Vec<f64>>> {
        draw_rows(design, seed, control, |_| Ok(Cow::Borrowed(self)))
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Family::futures(self)
    }

    fn spending(&self) -> Option<Spending<'_>> {
        Family::spending(self)
    }

    fn boxed(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

/// Define a model's parameters once: the struct, its checked constructor, its getters, and the list for [`Spec`].
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        pub struct $model:ident ($count:literal) {
            $( $(#[doc = $doc:literal])+ $name:ident : $domain:ident, $dimension:ident ; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $model { $( $name: f64, )+ }

        impl $model {
            /// The parameters: name, domain, dimension and meaning.
            pub const PARAMETERS: [$crate::table::Variable; $count] = [ $(
                $crate::table::Variable::new(
                    stringify!($name),
                    $crate::table::Domain::$domain,
                    $crate::table::Dimension::$dimension,
                    concat!($($doc),+),
                ),
            )+ ];

            /// The model with these parameters.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) naming the one out of its domain.
            pub fn new($($name: f64),+) -> $crate::Result<Self> {
                <Self as $crate::model::Family>::SPEC.check_parameters(&[$($name),+])?;
                Ok($model { $($name),+ })
            }

            $( $(#[doc = $doc])+ pub fn $name(&self) -> f64 { self.$name } )+

            /// All parameters, in order.
            fn values(&self) -> [f64; $count] { [ $(self.$name),+ ] }
        }
    };
}
pub(crate) use parameters;
