//! A fitted model and its one persistent form, a JSON document that opens from every language.
//!
//! ```json
//! {"format": "cam.model", "schema": 1, "model": "bg_nbd", "unit": "week",
//!  "parameters": {"r": 0.24, "alpha": 4.41, "a": 0.79, "b": 2.43}, "fit": {"log_likelihood": -9582.4}}
//! ```
//!
//! A model with covariates has `"covariates": {"declared": {"columns": {"purchase": ["age"]}}, "coefficients": {"purchase:age": 0.3}}` besides.
//!
//! Numbers are written with the fewest digits that read back to the same bits.

use super::report::{FitReport, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::math::normal::normal_quantile;
use crate::model::{Covariates, Model};
use crate::table::Domain;
use crate::unit::Unit;
use serde_json::{Map, Value, json};

/// The version of the document that this library writes. It reads this and all earlier ones.
pub const SCHEMA: u64 = 1;

const FORMAT: &str = "cam.model";

/// A model, the unit of its times, and, where it comes from data, what the fit found out.
#[derive(Debug, Clone)]
pub struct Fitted<M> {
    /// The model.
    pub model: M,
    /// The unit of its times; none where the data named none.
    pub unit: Option<Unit>,
    /// The report of the fit; none where the parameters were given.
    pub fit: Option<FitReport>,
}

impl<M: Model> Fitted<M> {
    /// How many parameters a fit estimates, coefficients of covariates among them: all but whole numbers, which are chosen.
    pub fn estimated(&self) -> usize {
        let spec = self.model.spec();
        self.model.parameters().len() - (spec.parameters.len() - spec.free_parameters().len())
    }

    /// The report of the fit.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the parameters were given, not estimated.
    pub fn report(&self) -> Result<&FitReport> {
        self.fit.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                "the parameters were given, not estimated: there is no fit to report",
            )
        })
    }

    /// Wald intervals: of positive parameters on the log scale, θ̂ exp(± z SE/θ̂), of coefficients of covariates γ̂ ± z SE.
    ///
    /// # Errors
    /// A level outside (0, 1), or no covariance.
    pub fn confidence_intervals(&self, level: f64) -> Result<Vec<Interval>> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::parameter("level", "between 0 and 1", level));
        }
        let z = normal_quantile(0.5 + 0.5 * level);
        let errors = self.report()?.standard_errors()?;
        let spec = self.model.spec();
        let theta = self.model.parameters();
        let names = self.model.names();
        // Whole-number parameters were chosen, not estimated.
        let estimated =
            (0..theta.len()).filter(|&i| i < spec.free_parameters().len() || i >= spec.parameters.len());
        Ok(estimated
            .zip(errors)
            .map(|(i, error)| {
                let parameter = names[i].clone();
                // Coefficients of covariates may be negative.
                let positive = spec.parameters.get(i).is_some_and(|p| p.domain != Domain::Real);
                if !positive {
                    return Interval { parameter, lower: theta[i] - z * error, upper: theta[i] + z * error };
                }
                let factor = (z * error / theta[i]).exp();
                Interval { parameter, lower: theta[i] / factor, upper: theta[i] * factor }
            })
            .collect())
    }

    /// The same, with the model behind the object-safe trait.
    pub fn boxed(&self) -> Fitted<Box<dyn Model>> {
        Fitted { model: self.model.boxed(), unit: self.unit, fit: self.fit.clone() }
    }

    /// The document.
    ///
    /// # Errors
    /// Only a number that JSON cannot hold (there is none in a checked model) makes it fail.
    pub fn to_json(&self) -> Result<String> {
        if let Some(document) = self.model.document() {
            return document;
        }
        let spec = self.model.spec();
        let parameters: Map<String, Value> = spec
            .parameters
            .iter()
            .zip(self.model.parameters())
            .map(|(p, value)| {
                let whole = p.domain == Domain::Whole;
                (p.name.to_owned(), if whole { json!(value as u64) } else { json!(value) })
            })
            .collect();
        let document = Ordered {
            format: FORMAT.into(),
            schema: SCHEMA,
            model: spec.id.into(),
            unit: self.unit,
            parameters: Parameters(parameters, spec.parameters.iter().map(|p| p.name.to_owned()).collect()),
            covariates: self.model.covariates().map(|declared| {
                let own = spec.parameters.len();
                let names: Vec<String> = self.model.names().drain(own..).map(Into::into).collect();
                let values = self.model.parameters();
                let each = names.iter().zip(&values[own..]).map(|(name, value)| (name.clone(), json!(value)));
                StoredCovariates {
                    declared: declared.clone(),
                    coefficients: Parameters(each.collect(), names),
                }
            }),
            fit: self.fit.clone(),
        };
        serde_json::to_string(&document)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("cannot write the document: {e}")))
    }

    /// Whether times in the data and in the model are counted in the same unit; unknown units are taken as given, and a model without times, one of
    /// spend, goes with any.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when both are known and differ.
    pub fn check_unit(&self, unit: Option<Unit>) -> Result<()> {
        match (self.unit, unit) {
            (Some(mine), Some(theirs)) if mine != theirs && self.model.spec().counts_time() => {
                Err(Error::new(
                    ErrorKind::InvalidParameter,
                    format!("the model counts time in units of a {mine}, the data in units of a {theirs}"),
                )
                .with_field("unit"))
            }
            _ => Ok(()),
        }
    }
}

/// The document read, before the model is looked up.
pub(crate) struct Opened {
    pub(crate) model: String,
    pub(crate) unit: Option<Unit>,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) covariates: Option<(Covariates, Map<String, Value>)>,
    pub(crate) fit: Option<FitReport>,
}

/// Read a document of this or an earlier schema.
pub(crate) fn open(text: &str) -> Result<Opened> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidDocument, message);
    let value: Value =
        serde_json::from_str(text).map_err(|e| invalid(format!("not a JSON document: {e}")))?;
    let object = value.as_object().ok_or_else(|| invalid("the document must be a JSON object".into()))?;
    match object.get("format").and_then(Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => return Err(invalid(format!("format must be {FORMAT:?}, got {other:?}"))),
        None => return Err(invalid(format!("format must be {FORMAT:?}; there is none"))),
    }
    match object.get("schema").and_then(Value::as_u64) {
        Some(1..=SCHEMA) => {}
        Some(later) => {
            return Err(invalid(format!("schema {later} is not known; this library reads up to {SCHEMA}")));
        }
        None => return Err(invalid("schema must be a whole number".into())),
    }
    // From the text once more: a JSON value has forgotten what was there twice.
    let document: Ordered = serde_json::from_str(text)
        .map_err(|e| invalid(format!("the document does not fit its schema: {e}")))?;
    Ok(Opened {
        model: document.model,
        unit: document.unit,
        parameters: document.parameters.0,
        covariates: document.covariates.map(|stored| (stored.declared, stored.coefficients.0)),
        fit: document.fit,
    })
}

/// The document in the order of its fields.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Ordered {
    format: String,
    schema: u64,
    model: String,
    #[serde(deserialize_with = "Option::deserialize")]
    unit: Option<Unit>,
    parameters: Parameters,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    covariates: Option<StoredCovariates>,
    #[serde(deserialize_with = "Option::deserialize")]
    fit: Option<FitReport>,
}

/// Which columns act on what, and how much.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCovariates {
    declared: Covariates,
    coefficients: Parameters,
}

/// Parameters by name, written in the order of the model.
struct Parameters(Map<String, Value>, Vec<String>);

impl serde::Serialize for Parameters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.1.iter().map(|name| (name, &self.0[name])))
    }
}

impl<'de> serde::Deserialize<'de> for Parameters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> serde::de::Visitor<'de> for Named {
            type Value = Map<String, Value>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("parameters by name")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if map.insert(name.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("parameter {name} is there twice")));
                    }
                }
                Ok(map)
            }
        }
        Ok(Parameters(deserializer.deserialize_map(Named)?, Vec::new()))
    }
}
