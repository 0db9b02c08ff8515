//! A family whose parameters are scaled by the covariates of each customer.

use super::scoring::{draw_rows, log_likelihoods, logs};
use super::{Covariates, Design, Family, Grouped, Model, PROFILE, Profiles, Quantity, Spec, with_profiles};
use crate::control::{CHUNK, Control};
use crate::error::{Error, ErrorKind, Result};
use crate::rows::{Purpose, Rows};
use crate::table::{Domain, Table};
use std::borrow::Cow;
use std::sync::Arc;

/// A model with covariates: the parameters of customers whose covariates are all 0, and the coefficients by which those of others are scaled. See [`Covariates`].
///
/// ```
/// use cam_core::clv::{History, ParetoNbd};
/// use cam_core::model::{Covariates, WithCovariates};
/// let plain = ParetoNbd::new(0.55, 10.6, 0.61, 11.7)?;
/// let covariates = Covariates::new().on("purchase", ["web"]).on("lifetime", ["web"]);
/// let model = WithCovariates::new(plain, &covariates, &[0.4, -0.2])?;
/// let on_the_web = model.given_values(&[1.0])?;
/// assert!((on_the_web.alpha() - 10.6 * (-0.4f64).exp()).abs() < 1e-14);
/// assert!((on_the_web.beta() - 11.7 * 0.2f64.exp()).abs() < 1e-14);
/// let customer = History::new(2.0, 30.0, 38.0)?;
/// assert!(on_the_web.expected_purchases(&customer, 52.0) > 0.0);
/// # Ok::<(), cam_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WithCovariates<F> {
    base: F,
    design: Arc<Design>,
    coefficients: Vec<f64>,
}

impl<F: Family> WithCovariates<F> {
    /// The model of these parameters, where covariates are 0, and coefficients, in the order of [`coefficient_names`](Self::coefficient_names).
    ///
    /// # Errors
    /// The family has no such process, a name is none, or the coefficients are not as many as they should be, or not finite.
    pub fn new(base: F, covariates: &Covariates, coefficients: &[f64]) -> Result<Self> {
        let design = Design::new(F::SPEC, F::PROCESSES, covariates)?;
        if coefficients.len() != design.coefficients.len() {
            let names: Vec<&str> = design.coefficients.iter().map(|c| c.name.as_str()).collect();
            return Err(Error::shape(format!(
                "there are {} coefficients ({}), got {}",
                names.len(),
                names.join(", "),
                coefficients.len()
            )));
        }
        for (coefficient, &value) in design.coefficients.iter().zip(coefficients) {
            if !Domain::Real.contains(value) {
                return Err(Error::parameter(&coefficient.name, Domain::Real.rule(), value));
            }
        }
        Ok(WithCovariates { base, design: Arc::new(design), coefficients: coefficients.to_vec() })
    }

    /// The names of the coefficients that these covariates have in this family, in order.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn names_of(covariates: &Covariates) -> Result<Vec<String>> {
        let design = Design::new(F::SPEC, F::PROCESSES, covariates)?;
        Ok(design.coefficients.into_iter().map(|c| c.name).collect())
    }

    /// The plain model of customers whose covariates are all 0.
    pub fn base(&self) -> &F {
        &self.base
    }

    /// The coefficients γ.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Their names: the process, and the column or the level: `purchase:age`, `lifetime.a:channel=web`.
    pub fn coefficient_names(&self) -> impl Iterator<Item = &str> {
        self.design.coefficients.iter().map(|c| c.name.as_str())
    }

    /// The columns of the covariates, in the order in which they are first named.
    pub fn columns(&self) -> &[String] {
        &self.design.columns
    }

    /// The plain model of customers with these covariates, in the order of [`columns`](Self::columns).
    ///
    /// # Errors
    /// Not as many values, or they scale a parameter out of its domain.
    pub fn given_values(&self, values: &[f64]) -> Result<F> {
        if values.len() != self.design.columns.len() {
            let names = self.design.columns.join(", ");
            return Err(Error::shape(format!("the covariates are {names}; got {} values", values.len())));
        }
        let table =
            self.design.columns.iter().zip(values).try_fold(Table::new(), |table, (name, value)| {
                table.with(name, std::slice::from_ref(value))
            })?;
        self.of_row(&self.design.read(&table, false)?, 0)
    }

    pub(crate) fn design(&self) -> &Arc<Design> {
        &self.design
    }

    fn of_row(&self, columns: &[ndarray::ArrayView1<'_, f64>], row: usize) -> Result<F> {
        let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        let mut terms = vec![0.0; self.design.terms.len()];
        self.design.terms(&values, &mut terms);
        self.of_terms(&terms)
    }

    /// The plain model of a profile.
    fn of_terms(&self, terms: &[f64]) -> Result<F> {
        let mut theta = self.base.theta();
        self.design.scale(&self.coefficients, terms, &mut theta);
        F::from_parameters(&theta).map_err(|e| {
            let message = format!("these covariates scale a parameter out of its domain: {e}");
            Error::new(ErrorKind::InvalidData, message).with_field(e.field().unwrap_or("covariates"))
        })
    }

    /// The quantity for rows of one profile.
    fn score_group(
        &self,
        model: &F,
        quantity: &Quantity,
        rows: &[f64],
        out: &mut [f64],
        control: &Control<'_>,
    ) -> Result<()> {
        let scorer = match quantity {
            Quantity::LogLikelihood {} => log_likelihoods(model),
            _ => model.scorer(quantity).ok_or_else(|| F::SPEC.unsupported(quantity))?,
        };
        let width = F::SPEC.row_columns().len();
        control.fill(out, |first, out| {
            let rows = &rows[first * width..(first + out.len()) * width];
            scorer(rows, out).map_err(|e| match e.row() {
                Some(row) => e.with_row(first + row),
                None => e,
            })
        })
    }
}

/// Small groups are dealt out to threads so many rows at a time.
const BATCH: usize = 256;

impl<F: Family> Model for WithCovariates<F> {
    fn spec(&self) -> &'static Spec {
        F::SPEC
    }

    fn parameters(&self) -> Vec<f64> {
        let mut all = self.base.theta();
        all.extend(&self.coefficients);
        all
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        let own = F::SPEC.parameters.iter().map(|p| p.name.into());
        own.chain(self.coefficient_names().map(|name| name.to_owned().into())).collect()
    }

    fn covariates(&self) -> Option<&Covariates> {
        Some(&self.design.declared)
    }

    fn given(&self, covariates: &Table<'_>) -> Result<Box<dyn Model>> {
        let columns = self.design.read(covariates, false)?;
        match covariates.rows() {
            0 => Err(Error::shape("the covariates of a customer are one row, got none")),
            _ => Ok(Box::new(self.of_row(&columns, 0)?)),
        }
    }

    /// Profile by profile: large ones each on all threads, small ones dealt out to them.
    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>> {
        quantity.check()?;
        F::SPEC.check_times(quantity)?;
        if !F::SPEC.quantities.contains(&quantity.name()) {
            return Err(F::SPEC.unsupported(quantity));
        }
        let columns = F::SPEC.row_columns();
        let width = columns.len();
        let profiles = Profiles::new(&self.design, table, Purpose::Score, control)?;
        let with = with_profiles(table, columns, &profiles)?;
        let all: Vec<_> = columns.iter().copied().chain([PROFILE]).collect();
        let rows = Rows::new(&with, &all, Purpose::Score, |row| F::check_row(&row[..width]), control)?;
        let grouped = Grouped::new(&rows, width);
        let terms =
            |profile: usize| &profiles.terms[profile * self.design.terms.len()..][..self.design.terms.len()];
        // The row of the table that an error is about.
        let place = |error: Error, first: usize| match error.row() {
            Some(row) => rows.in_table(error.with_row(grouped.from[first + row]), 0),
            None => rows.in_table(error.with_row(grouped.from[first]), 0),
        };
        let mut unique = vec![0.0; rows.len()];
        let score = |profile: usize, range: &std::ops::Range<usize>, control: &Control<'_>| {
            let mut out = vec![0.0; range.len()];
            let rows = &grouped.values[range.start * width..range.end * width];
            self.of_terms(terms(profile))
                .and_then(|model| self.score_group(&model, quantity, rows, &mut out, control))
                .and_then(|()| F::SPEC.sound(&out))
                .map_err(|e| if e.kind() == ErrorKind::Interrupted { e } else { place(e, range.start) })?;
            Ok(out)
        };
        let mut put = |range: &std::ops::Range<usize>, out: Vec<f64>| {
            for (i, value) in range.clone().zip(out) {
                unique[grouped.from[i]] = value;
            }
        };
        let (large, small): (Vec<_>, Vec<_>) =
            grouped.groups.iter().partition(|(_, range)| range.len() > CHUNK);
        for (profile, range) in large {
            put(range, score(*profile, range, control)?);
        }
        let batches: Vec<&[&(usize, std::ops::Range<usize>)]> =
            small.chunk_by(|a, b| a.1.start / BATCH == b.1.start / BATCH).collect();
        let alone = control.threads(1);
        let scored = control.map(batches.len(), |k| {
            batches[k]
                .iter()
                .map(|(profile, range)| score(*profile, range, &alone))
                .collect::<Result<Vec<_>>>()
        })?;
        for (batch, outs) in batches.iter().zip(scored) {
            for ((_, range), out) in batch.iter().zip(outs) {
                put(range, out);
            }
        }
        let mut scores = rows.scatter(&unique, control)?;
        if let Quantity::LogLikelihood {} = quantity
            && let Some(logs) = logs::<F>(&self.base.theta(), table, Purpose::Score)?
        {
            scores.iter_mut().zip(logs.column).for_each(|(score, log)| *score += logs.count * log);
        }
        Ok(scores)
    }

    fn new_customer(&self, _: &Quantity) -> Result<f64> {
        let names = &self.design.columns;
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "a new customer of this model has covariates ({}): ask the model of customers with given values of them, or score a row of zeros with them",
                names.join(", ")
            ),
        )
        .with_field("covariates"))
    }

    fn simulate(&self, design: &Table<'_>, seed: u64, control: &Control<'_>) -> Result<Vec<Vec<f64>>> {
        let columns = self.design.read(design, false)?;
        draw_rows::<F>(design, seed, control, |row| {
            let model: F = self.of_row(&columns, row).map_err(|e| e.with_row(row))?;
            Ok(Cow::Owned(model))
        })
    }

    fn boxed(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}
