//! Covariates: what is known of customers besides their history, and which parameters it scales.
//!
//! A customer with covariates z is a customer of the same model with other parameters: each parameter θ of a process is multiplied by
//! exp(± γ'z). So a model with covariates is a wrapper of its family ([`WithCovariates`](super::WithCovariates)), not another family;
//! a family declares its [`Process`]es, and no more.
//!
//! Source: Fader & Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models", equations 3 and 4.
//!
//! | process | model | scaled parameters | what grows with γ'z |
//! |---|---|---|---|
//! | `purchase` | all models of purchases | α exp(−γ'z) | the purchase rate, by exp(γ'z) |
//! | `lifetime` | Pareto/NBD, GGom/NBD | β exp(−γ'z) | the rate of leaving, by exp(γ'z) |
//! | `lifetime` | BG/NBD and its kin | a exp(γ_a'z), b exp(γ_b'z) | the odds of leaving at a purchase, a/b, by exp((γ_a − γ_b)'z) |
//! | `spend` | Gamma–Gamma | v exp(γ'z) | the mean spend, by exp(γ'z) |
//!
//! Where a process scales two parameters, each has coefficients of its own, unless the process is [pooled](Covariates::pooled). One coefficient for
//! both a and b leaves the mean probability of leaving, a/(a + b), as it is, and changes only how much customers differ about it: the data
//! seldom say anything about that, and the maximum then lies at infinity.

use super::Spec;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::table::{Domain, Table};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A process of a model whose parameters covariates may scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// The stable name: `purchase`, `lifetime` or `spend`.
    pub name: &'static str,
    /// The parameters, each multiplied by exp(sign · γ'z).
    pub scales: &'static [(&'static str, f64)],
}

impl Process {
    /// Purchases at a rate λ ~ Gamma(r, α): λ grows by exp(γ'z) as α shrinks by it.
    pub const PURCHASE: Process = Process { name: "purchase", scales: &[("alpha", -1.0)] };
    /// Leaving after a purchase with probability p ~ Beta(a, b).
    pub const LEAVING: Process = Process { name: "lifetime", scales: &[("a", 1.0), ("b", 1.0)] };
    /// Leaving instead of renewing with probability θ ~ Beta(α, β).
    pub const RENEWAL: Process = Process { name: "lifetime", scales: &[("alpha", 1.0), ("beta", 1.0)] };
    /// Leaving at a rate μ ~ Gamma(s, β).
    pub const LIFETIME: Process = Process { name: "lifetime", scales: &[("beta", -1.0)] };
}

/// Which columns act on which process, and how: part of the options of a fit, and of the document of a model. In JSON:
/// `{"columns": {"purchase": ["age", "channel"], "lifetime": ["age"]}, "levels": {"channel": ["shop", "web"]}}`.
///
/// ```
/// use cam_core::model::Covariates;
/// let covariates = Covariates::new().on("purchase", ["age", "channel"]).on("lifetime", ["age"]).levels("channel", ["shop", "web"]);
/// assert_eq!(covariates.columns["lifetime"], ["age"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Covariates {
    /// The columns of the table, by the process they act on.
    pub columns: BTreeMap<String, Vec<String>>,
    /// The levels of categorical columns. Such a column holds the number of the level, 0, 1, …; the first level is the one that
    /// others are compared with, and each of the others has a coefficient.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, Vec<String>>,
    /// Columns whose coefficient is the same in all processes they act on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constrain: Vec<String>,
    /// Processes that scale several parameters, with the same coefficients for all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pooled: Vec<String>,
    /// Penalties by process: a fit maximises the *mean* log-likelihood less Σ penalty · (γ s)², where s is the standard deviation of the
    /// covariate across customers. So neither the number of customers nor the unit of a covariate matters. A coefficient of several
    /// processes bears the penalties of all of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub penalty: BTreeMap<String, f64>,
}

impl Covariates {
    /// None.
    pub fn new() -> Self {
        Covariates::default()
    }

    /// Let these columns act on a process.
    #[must_use]
    pub fn on<S: Into<String>>(mut self, process: &str, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns.entry(process.into()).or_default().extend(columns.into_iter().map(Into::into));
        self
    }

    /// A column is categorical, with these levels; the first is what others are compared with.
    #[must_use]
    pub fn levels<S: Into<String>>(mut self, column: &str, levels: impl IntoIterator<Item = S>) -> Self {
        self.levels.insert(column.into(), levels.into_iter().map(Into::into).collect());
        self
    }

    /// See the field.
    #[must_use]
    pub fn constrain(mut self, column: impl Into<String>) -> Self {
        self.constrain.push(column.into());
        self
    }

    /// See the field.
    #[must_use]
    pub fn pooled(mut self, process: impl Into<String>) -> Self {
        self.pooled.push(process.into());
        self
    }

    /// See the field.
    #[must_use]
    pub fn penalty(mut self, process: impl Into<String>, penalty: f64) -> Self {
        self.penalty.insert(process.into(), penalty);
        self
    }
}

/// A number that is known of a customer: a column, or whether a categorical column has a certain level.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    /// As in the names of coefficients: `age`, `channel=web`.
    pub(crate) name: String,
    column: usize,
    level: Option<usize>,
}

/// A coefficient: its name, the term it multiplies, the exponents of the parameters it acts on, and its penalty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Coefficient {
    pub(crate) name: String,
    pub(crate) term: usize,
    /// The number of its direction in [`Design::directions`].
    pub(crate) direction: usize,
    pub(crate) penalty: f64,
}

/// Declared covariates, put together with the processes of a family.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Design {
    pub(crate) declared: Covariates,
    /// The columns that are read.
    pub(crate) columns: Vec<String>,
    pub(crate) terms: Vec<Term>,
    pub(crate) coefficients: Vec<Coefficient>,
    /// Signs by parameter: which parameters a coefficient scales.
    pub(crate) directions: Vec<Vec<f64>>,
}

impl Design {
    pub(crate) fn new(spec: &Spec, processes: &[Process], declared: &Covariates) -> Result<Design> {
        check_names(spec, processes, declared)?;
        let mut design = Design {
            declared: declared.clone(),
            columns: Vec::new(),
            terms: Vec::new(),
            coefficients: Vec::new(),
            directions: Vec::new(),
        };
        let penalty = |process: &Process| declared.penalty.get(process.name).copied().unwrap_or(0.0);
        for process in processes {
            let Some(columns) = declared.columns.get(process.name) else { continue };
            let pooled = process.scales.len() == 1 || declared.pooled.iter().any(|p| p == process.name);
            // Either all parameters of the process together, or one after the other.
            let parts: Vec<&[(&str, f64)]> =
                if pooled { vec![process.scales] } else { process.scales.chunks(1).collect() };
            for part in parts {
                let prefix =
                    if pooled { process.name.into() } else { format!("{}.{}", process.name, part[0].0) };
                for column in columns {
                    let mut direction = vec![0.0; spec.parameters.len()];
                    add_direction(spec, part, &mut direction)?;
                    let (mut prefix, mut weight) = (prefix.clone(), penalty(process));
                    if declared.constrain.contains(column) {
                        if !pooled {
                            return Err(Error::new(
                                ErrorKind::InvalidParameter,
                                format!(
                                    "{column} cannot have one coefficient for all processes: {} has one for each of its parameters; \
                                     name it in pooled",
                                    process.name
                                ),
                            )
                            .with_field(column.as_str()));
                        }
                        let acts =
                            |p: &&Process| declared.columns.get(p.name).is_some_and(|c| c.contains(column));
                        let all: Vec<&Process> = processes.iter().filter(acts).collect();
                        if all[0].name != process.name {
                            continue;
                        }
                        for other in &all[1..] {
                            add_direction(spec, other.scales, &mut direction)?;
                            weight += penalty(other);
                        }
                        prefix = all.iter().map(|p| p.name).collect::<Vec<_>>().join("+");
                    }
                    let direction = position(&mut design.directions, direction);
                    for term in design.terms_of(column) {
                        let name = format!("{prefix}:{}", design.terms[term].name);
                        design.coefficients.push(Coefficient { name, term, direction, penalty: weight });
                    }
                }
            }
        }
        Ok(design)
    }

    /// The terms of a column, which are made where there are none yet.
    fn terms_of(&mut self, column: &str) -> Vec<usize> {
        let at = position(&mut self.columns, column.to_owned());
        let levels = self.declared.levels.get(column).map_or(&[][..], |l| &l[..]);
        let mut made = Vec::new();
        if levels.is_empty() {
            made.push(Term { name: column.into(), column: at, level: None });
        }
        for (level, name) in levels.iter().enumerate().skip(1) {
            made.push(Term { name: format!("{column}={name}"), column: at, level: Some(level) });
        }
        made.into_iter().map(|term| position(&mut self.terms, term)).collect()
    }

    /// The columns of a table, checked. `nan`: whether a NaN may stand in them.
    pub(crate) fn read<'a>(&self, table: &Table<'a>, nan: bool) -> Result<Vec<ArrayView1<'a, f64>>> {
        let read = |name: &String| {
            let column = table.column(name)?;
            let levels = self.declared.levels.get(name).map(Vec::len);
            for (row, &value) in column.iter().enumerate() {
                let sound = match levels {
                    None => Domain::Real.contains(value),
                    Some(levels) => Domain::Count.contains(value) && value < levels as f64,
                };
                if sound || (nan && value.is_nan()) {
                    continue;
                }
                let rule = match levels {
                    None => Domain::Real.rule().to_owned(),
                    Some(levels) => format!("the number of a level, 0 to {}", levels - 1),
                };
                let message = match (value.is_nan(), self.declared.levels.get(name)) {
                    (true, Some(levels)) => {
                        format!("{name} is missing; its levels are {}", levels.join(", "))
                    }
                    _ => format!("{name} must be {rule}, got {}", brief(value)),
                };
                return Err(Error::data(row, message).with_field(name.as_str()));
            }
            Ok(column)
        };
        self.columns.iter().map(read).collect()
    }

    /// The terms of a customer from the columns.
    pub(crate) fn terms(&self, columns: &[f64], out: &mut [f64]) {
        for (out, term) in out.iter_mut().zip(&self.terms) {
            let value = columns[term.column];
            *out = match term.level {
                None => value,
                Some(level) => f64::from(u8::from(value == level as f64)),
            };
        }
    }

    /// Multiply each parameter by exp(Σ ± γ z).
    pub(crate) fn scale(&self, coefficients: &[f64], terms: &[f64], theta: &mut [f64]) {
        for (j, theta) in theta.iter_mut().enumerate() {
            let exponent = self.exponent(coefficients, terms, j);
            // Not even a rounding where nothing is scaled.
            if exponent != 0.0 {
                *theta *= exponent.exp();
            }
        }
    }

    /// Σ ± γ z of parameter j.
    pub(crate) fn exponent(&self, coefficients: &[f64], terms: &[f64], j: usize) -> f64 {
        let each = self.coefficients.iter().zip(coefficients);
        each.map(|(c, value)| self.directions[c.direction][j] * value * terms[c.term]).sum()
    }
}

/// The place of an item in a list, to which it is added where it is new.
fn position<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

fn add_direction(spec: &Spec, scales: &[(&str, f64)], direction: &mut [f64]) -> Result<()> {
    for (name, sign) in scales {
        direction[spec.parameter_index(name)?] += sign;
    }
    Ok(())
}

/// Every name that is declared stands for something.
fn check_names(spec: &Spec, processes: &[Process], declared: &Covariates) -> Result<()> {
    let invalid = |message: String, field: &str| {
        Err(Error::new(ErrorKind::InvalidParameter, message).with_field(field))
    };
    if processes.is_empty() {
        let message = format!("{} takes no covariates", spec.title);
        return Err(Error::new(ErrorKind::Unsupported, message).with_field("covariates"));
    }
    let named = declared.columns.keys().chain(&declared.pooled).chain(declared.penalty.keys());
    for name in named {
        if processes.iter().all(|p| p.name != name) {
            let what = format!("process of {}", spec.id);
            return Err(Error::unknown(&what, name, processes.iter().map(|p| p.name)));
        }
    }
    for (process, columns) in &declared.columns {
        for (i, column) in columns.iter().enumerate() {
            if columns[..i].contains(column) {
                return invalid(format!("covariate {column} is named twice for {process}"), column);
            }
            if spec.columns.iter().any(|c| c.name == column) || column == "weight" {
                return invalid(format!("{column} is a column of the history, not a covariate"), column);
            }
        }
    }
    let mut all: Vec<&str> = declared.columns.values().flatten().map(String::as_str).collect();
    all.sort_unstable();
    if all.is_empty() {
        return invalid("covariates must name a column for some process".into(), "covariates");
    }
    for name in declared.levels.keys().chain(&declared.constrain) {
        if !all.contains(&name.as_str()) {
            all.dedup();
            return Err(Error::unknown("covariate", name, all));
        }
    }
    for name in &declared.constrain {
        if all.iter().filter(|n| *n == name).count() < 2 {
            let message = format!("{name} acts on one process only: there is nothing to constrain it to");
            return invalid(message, name);
        }
    }
    for (column, levels) in &declared.levels {
        let mut sorted = levels.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if levels.len() < 2 || sorted.len() < levels.len() {
            return invalid(format!("the levels of {column} must be two or more, all different"), column);
        }
    }
    for (process, &penalty) in &declared.penalty {
        if !Domain::NonNegative.contains(penalty) {
            return Err(
                Error::parameter("penalty", Domain::NonNegative.rule(), penalty).with_field(process.as_str())
            );
        }
    }
    Ok(())
}
