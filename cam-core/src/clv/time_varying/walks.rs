//! Customers whose covariates change: a history each, and the steps of the covariates.

use crate::clv::pareto_nbd::ParetoNbd;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::model::{Covariates, Design, Family, WithCovariates};
use crate::table::{Domain, Table};
use crate::unit::Unit;
use ndarray::ArrayView1;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Customers whose covariates change over time. A clone shares their memory.
#[derive(Debug, Clone)]
pub struct Walks {
    pub(super) design: Arc<Design>,
    unit: Option<Unit>,
    pub(super) customers: Arc<Vec<Walk>>,
    /// When each step begins, since the first purchase; the first of a customer at 0.
    pub(super) starts: Arc<Vec<f64>>,
    /// The terms of each step, row-major.
    pub(super) terms: Arc<Vec<f64>>,
    /// Of each customer: the terms at the repeat purchases, summed up.
    pub(super) at_purchases: Arc<Vec<f64>>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Walk {
    pub(super) frequency: f64,
    pub(super) recency: f64,
    pub(super) age: f64,
    /// How many customers it stands for.
    pub(super) weight: f64,
    pub(super) steps: Range<usize>,
}

/// The rows of each customer, which stand together.
///
/// # Errors
/// They do not.
pub(super) fn together(customer: ArrayView1<'_, f64>) -> Result<Vec<Range<usize>>> {
    let mut seen = HashSet::new();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (row, id) in customer.iter().enumerate() {
        match ranges.last_mut() {
            Some(range) if customer[range.start] == *id => range.end = row + 1,
            _ if seen.insert((id + 0.0).to_bits()) => ranges.push(row..row + 1),
            _ => {
                let message = format!(
                    "the rows of customer {} must stand together, in the order of time: sort them by customer and start",
                    brief(*id)
                );
                return Err(Error::data(row, message).with_field("customer"));
            }
        }
    }
    Ok(ranges)
}

impl Walks {
    /// Read walks from a table with a row for each customer and each time at which covariates change. The rows of a customer stand together, in the order
    /// of time.
    ///
    /// | column | what |
    /// |---|---|
    /// | `customer` | a number for each customer |
    /// | `start` | from when on the covariates of the row hold, since the first purchase; the first no later than 0. They hold until the next row, the last for ever |
    /// | `purchases` | the number of repeat purchases from then until the next row |
    /// | `recency`, `T` | as in a summary, the same in all rows of a customer |
    /// | `weight` | how many customers this one stands for, the same in all rows; without the column 1 |
    /// | the covariates | |
    ///
    /// # Errors
    /// A column is missing, or a row breaks a rule; it is named.
    pub fn new(table: &Table<'_>, covariates: &Covariates) -> Result<Walks> {
        Self::read(table, covariates, true)
    }

    /// Walks of customers whose purchases are not known yet, for a [simulation](super::simulate_time_varying): as [`new`](Self::new), without the columns
    /// `purchases` and `recency`.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn unobserved(table: &Table<'_>, covariates: &Covariates) -> Result<Walks> {
        Self::read(table, covariates, false)
    }

    fn read(table: &Table<'_>, covariates: &Covariates, observed: bool) -> Result<Walks> {
        let design = Design::new(ParetoNbd::SPEC, ParetoNbd::PROCESSES, covariates)?;
        let columns = design.read(table, false)?;
        let number = |name: &str, domain: Domain| {
            let column = table.column(name)?;
            match column.iter().position(|&v| !domain.contains(v)) {
                None => Ok(column),
                Some(row) => {
                    let message = format!("{name} must be {}, got {}", domain.rule(), brief(column[row]));
                    Err(Error::data(row, message).with_field(name))
                }
            }
        };
        let customer = number("customer", Domain::Real)?;
        let start = number("start", Domain::Real)?;
        let age = number("T", Domain::NonNegative)?;
        let nothing = vec![0.0; if observed { 0 } else { table.rows() }];
        let (purchases, recency) = match observed {
            true => (number("purchases", Domain::Count)?, number("recency", Domain::NonNegative)?),
            false => (ArrayView1::from(&nothing), ArrayView1::from(&nothing)),
        };
        let weight = match table.get("weight") {
            Some(_) => Some(number("weight", Domain::NonNegative)?),
            None => None,
        };
        let kinds = design.terms.len();
        let (mut customers, mut starts) = (Vec::new(), Vec::<f64>::new());
        let (mut all_terms, mut at_purchases) = (Vec::<f64>::new(), Vec::<f64>::new());
        let (mut values, mut terms) = (vec![0.0; columns.len()], vec![0.0; kinds]);
        for Range { start: first, end } in together(customer)? {
            let id = customer[first];
            let steps = starts.len();
            let sums = at_purchases.len();
            at_purchases.resize(sums + kinds, 0.0);
            let mut frequency = 0.0;
            for row in first..end {
                let broken = |field: &str, message: String| Err(Error::data(row, message).with_field(field));
                let next = if row + 1 < end { start[row + 1] } else { f64::INFINITY };
                if row == first && start[row] > 0.0 {
                    let message = format!(
                        "the covariates of customer {} must begin no later than the first purchase, at start <= 0, got start = {}; rows are sorted by customer and start",
                        brief(id),
                        brief(start[row])
                    );
                    return broken("start", message);
                }
                if next <= start[row] {
                    let message = format!(
                        "start must rise within a customer, got {} after {}",
                        brief(next),
                        brief(start[row])
                    );
                    return Err(Error::data(row + 1, message).with_field("start"));
                }
                let alike = [("recency", Some(&recency)), ("T", Some(&age)), ("weight", weight.as_ref())];
                for (name, column) in alike.into_iter().filter_map(|(name, column)| Some((name, column?))) {
                    if column[row] != column[first] {
                        let message = format!(
                            "{name} must be the same in all rows of a customer, got {} after {}",
                            brief(column[row]),
                            brief(column[first])
                        );
                        return broken(name, message);
                    }
                }
                let last = recency[row];
                let holds_last = last > 0.0 && start[row] <= last && last < next;
                let wrong = match purchases[row] > 0.0 {
                    true => start[row] > last || next <= 0.0,
                    false => holds_last,
                };
                if wrong {
                    let message = format!(
                        "purchases must fall in the steps up to recency = {}, the last in the step of it, got {} from {} on",
                        brief(last),
                        brief(purchases[row]),
                        brief(start[row])
                    );
                    return broken("purchases", message);
                }
                frequency += purchases[row];
                for (value, column) in values.iter_mut().zip(&columns) {
                    *value = column[row];
                }
                design.terms(&values, &mut terms);
                for (sum, term) in at_purchases[sums..].iter_mut().zip(&terms) {
                    *sum += purchases[row] * term;
                }
                // What ends before the first purchase is no step, nor what changes nothing.
                let same = starts.len() > steps && all_terms[all_terms.len() - kinds..] == terms[..];
                if next > 0.0 && !same {
                    starts.push(start[row].max(0.0));
                    all_terms.extend_from_slice(&terms);
                }
            }
            super::super::history::check_history(&[frequency, recency[first], age[first]])
                .map_err(|rule| Error::data(first, rule))?;
            customers.push(Walk {
                frequency,
                recency: recency[first],
                age: age[first],
                weight: weight.as_ref().map_or(1.0, |weight| weight[first]),
                steps: steps..starts.len(),
            });
        }
        if customers.is_empty() {
            return Err(Error::new(ErrorKind::NotEnoughData, "there is no row to read"));
        }
        Ok(Walks {
            design: Arc::new(design),
            unit: table.unit(),
            customers: Arc::new(customers),
            starts: Arc::new(starts),
            terms: Arc::new(all_terms),
            at_purchases: Arc::new(at_purchases),
        })
    }

    /// The number of customers.
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// The unit of time.
    pub fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// Some of the customers, by number, with these weights.
    pub(super) fn chosen(&self, rows: &[(usize, f64)]) -> Walks {
        let kinds = self.design.terms.len();
        let customers =
            rows.iter().map(|&(i, weight)| Walk { weight, ..self.customers[i].clone() }).collect();
        let bought = rows.iter().flat_map(|&(i, _)| &self.at_purchases[i * kinds..][..kinds]);
        let at_purchases = bought.copied().collect();
        Walks { customers: Arc::new(customers), at_purchases: Arc::new(at_purchases), ..self.clone() }
    }

    /// Customers who go these walks, each by its number, with this frequency, recency and age: those of the walk, or none at all of somebody who begins it.
    pub(super) fn gone(&self, rows: &[(usize, [f64; 3])]) -> Walks {
        let kinds = self.design.terms.len();
        let customers = rows.iter().map(|&(i, [frequency, recency, age])| {
            let steps = self.customers[i].steps.clone();
            Walk { frequency, recency, age, weight: 1.0, steps }
        });
        let customers: Vec<Walk> = customers.collect();
        let mut at_purchases = vec![0.0; rows.len() * kinds];
        for (sums, (i, [frequency, ..])) in at_purchases.chunks_mut(kinds.max(1)).zip(rows) {
            if *frequency > 0.0 {
                sums.copy_from_slice(&self.at_purchases[i * kinds..][..kinds]);
            }
        }
        Walks { customers: Arc::new(customers), at_purchases: Arc::new(at_purchases), ..self.clone() }
    }

    /// The same customers, each with repeat purchases at these times, in order.
    pub(super) fn with_purchases(&self, times: &[Vec<f64>]) -> Walks {
        let kinds = self.design.terms.len();
        let mut at_purchases = vec![0.0; self.at_purchases.len()];
        let each = self.customers.iter().zip(times).enumerate();
        let customers = each.map(|(i, (walk, times))| {
            let starts = &self.starts[walk.steps.clone()];
            let sums = &mut at_purchases[i * kinds..][..kinds];
            for time in times {
                let step = walk.steps.start + starts.partition_point(|start| start <= time).saturating_sub(1);
                sums.iter_mut().zip(&self.terms[step * kinds..]).for_each(|(sum, term)| *sum += term);
            }
            let recency = times.last().copied().unwrap_or(0.0);
            Walk { frequency: times.len() as f64, recency, ..walk.clone() }
        });
        let customers: Vec<Walk> = customers.collect();
        Walks { customers: Arc::new(customers), at_purchases: Arc::new(at_purchases), ..self.clone() }
    }

    /// Every customer by himself, as often as the weight says, which must be a whole number.
    ///
    /// # Errors
    /// A weight is none.
    pub(crate) fn one_by_one(&self) -> Result<Walks> {
        let mut rows = Vec::new();
        for (i, walk) in self.customers.iter().enumerate() {
            if !(walk.weight.fract() == 0.0 && walk.weight <= 1e9) {
                let message = format!(
                    "customers are drawn whole: the weight must be a whole number, got {}",
                    brief(walk.weight)
                );
                return Err(Error::new(ErrorKind::InvalidData, message).with_field("weight"));
            }
            rows.extend(std::iter::repeat_n((i, 1.0), walk.weight as usize));
        }
        Ok(self.chosen(&rows))
    }

    /// Walks and model must have been made of the same covariates.
    pub(super) fn check_model(&self, model: &WithCovariates<ParetoNbd>) -> Result<()> {
        match self.design.coefficients == model.design().coefficients {
            true => Ok(()),
            false => {
                let message = "the walks were read with other covariates than those of the model";
                Err(Error::new(ErrorKind::InvalidParameter, message).with_field("covariates"))
            }
        }
    }

    /// How fast both clocks run in a step: exp(γ'z) of purchases and of leaving.
    pub(super) fn speeds(&self, step: usize, gamma: &[f64]) -> [f64; 2] {
        let kinds = self.design.terms.len();
        let terms = &self.terms[step * kinds..][..kinds];
        [1, 3].map(|parameter| (-self.design.exponent(gamma, terms, parameter)).exp())
    }

    pub(super) fn design(&self) -> &Design {
        &self.design
    }

    /// Frequency, recency and age of each customer.
    pub fn histories(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let each = |f: fn(&Walk) -> f64| self.customers.iter().map(f).collect();
        (each(|w| w.frequency), each(|w| w.recency), each(|w| w.age))
    }

    /// How many customers each stands for.
    pub fn weights(&self) -> Vec<f64> {
        self.customers.iter().map(|w| w.weight).collect()
    }

    /// The terms of each step within the observed time, with its length, as often as there are customers.
    pub(super) fn exposures(&self) -> impl Iterator<Item = (f64, &[f64])> {
        let kinds = self.design.terms.len();
        self.customers.iter().flat_map(move |walk| {
            self.pieces(walk, 0.0, walk.age).map(move |(step, from, to)| {
                (walk.weight * (to - from), &self.terms[step * kinds..][..kinds])
            })
        })
    }

    /// The steps between two times: number, beginning and end. The last step has no end.
    pub(super) fn pieces(
        &self,
        walk: &Walk,
        from: f64,
        to: f64,
    ) -> impl Iterator<Item = (usize, f64, f64)> + use<'_> {
        let steps = walk.steps.clone();
        let starts = &self.starts[steps.clone()];
        let first = starts.partition_point(|&start| start <= from).saturating_sub(1);
        (first..starts.len())
            .map(move |i| {
                let end = starts.get(i + 1).copied().unwrap_or(f64::INFINITY);
                (steps.start + i, starts[i].max(from), end.min(to))
            })
            .take_while(move |&(_, begin, _)| begin < to)
    }
}
