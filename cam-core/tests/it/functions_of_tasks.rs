//! Every function for the models that are tasks: Pareto/NBD with covariates that change over time, and the hierarchical models.
//!
//! The table is the second of `docs/reference/functions.md`; the test prints it, and holds the page to it.

use crate::functions::Page;
use crate::time_varying::{drawn, of, weeks};
use cam_core::clv::{
    DrawOptions, GammaGamma, ParetoNbd, ValueOptions, customer_lifetime_value, lifetime_value_variance,
    new_customer_value, simulate_lifetime_value,
};
use cam_core::math::random::Stream;
use cam_core::model::{Covariates, WithCovariates};
use cam_core::task::Models;
use cam_core::{Control, Fitted, Model, Result, Table, task};
use serde_json::{Value, json};

type Column = (&'static str, Vec<f64>);

/// What a function is asked of.
struct Subject {
    id: &'static str,
    /// The options with which it was made.
    made_by: (&'static str, Value),
    columns: Vec<Column>,
    /// The customers of the table as if they had just been acquired.
    new: Vec<Column>,
    fitted: Fitted<Box<dyn Model>>,
    /// The document, where it is a posterior.
    posterior: Value,
}

/// The mean spend of those who bought again.
fn paid(recency: &[f64]) -> Vec<f64> {
    recency.iter().map(|recency| if *recency > 0.0 { 20.0 } else { 0.0 }).collect()
}

fn begun(columns: &[Column], nothing: &[&str]) -> Vec<Column> {
    let mut new = columns.to_vec();
    for (name, values) in &mut new {
        if nothing.contains(name) {
            values.fill(0.0);
        }
    }
    new
}

impl Subject {
    fn walking() -> Subject {
        let mut columns = weeks(300, 40);
        // Customers who leave soon enough to be missed.
        let base = ParetoNbd::new(0.9, 5.0, 0.9, 12.0).unwrap();
        let on = Covariates::new().on("purchase", ["season"]);
        drawn(&WithCovariates::new(base, &on, &[0.5]).unwrap(), &mut columns, 3);
        columns.push(("monetary_value", paid(&columns[7].1)));
        let options = json!({"covariates": {"columns": {"purchase": ["season"]}}});
        let answer = run("fit_time_varying", &of(&columns), Models::NONE, &options).unwrap();
        let document = answer["document"].as_str().unwrap();
        let new = begun(&columns, &["purchases", "recency", "T", "monetary_value"]);
        let fitted = Fitted::<Box<dyn Model>>::from_json(document).unwrap();
        let made_by = ("fit_time_varying", options);
        Subject { id: "time_varying", made_by, columns, new, fitted, posterior: Value::Null }
    }

    fn sampled(id: &'static str, heterogeneity: Option<&str>) -> Subject {
        let model = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
        let ages: Vec<f64> = (0..80).map(|i| 26.0 + f64::from(i % 12)).collect();
        let control = Control::new();
        let mut rows = model.simulate(&Table::new().with("T", &ages).unwrap(), 5, &control).unwrap();
        let mut stream = Stream::new(1, 1);
        // Logarithms of intervals that are about alike.
        let logs = (0..80).map(|i| {
            let x = rows[0][i];
            if x > 0.0 { x * ((rows[1][i] / x).ln() - 0.3 - 0.2 * stream.uniform()) } else { 0.0 }
        });
        let logs = logs.collect();
        let web = (0..80).map(|i| f64::from(i % 3 % 2)).collect();
        let money = paid(&rows[1]);
        let names = ["frequency", "recency", "T"];
        let mut columns: Vec<Column> = names.into_iter().zip(rows.drain(..3)).collect();
        columns.extend([("log_intervals", logs), ("web", web), ("monetary_value", money)]);
        let mut options = json!({"draws": 20, "burn_in": 30, "chains": 2, "seed": 1});
        if let Some(heterogeneity) = heterogeneity {
            options["heterogeneity"] = json!(heterogeneity);
        }
        let answer = run(id, &of(&columns), Models::NONE, &options).unwrap();
        let posterior = answer["posterior"].clone();
        let fitted = Fitted::<Box<dyn Model>>::from_json(&posterior.to_string()).unwrap();
        let new = begun(&columns, &["frequency", "recency", "T", "log_intervals", "monetary_value"]);
        Subject { id, made_by: (id, options), columns, new, fitted, posterior }
    }

    fn is_posterior(&self) -> bool {
        !self.posterior.is_null()
    }

    fn task(&self, id: &str, options: &Value) -> Result<()> {
        run(id, &of(&self.columns), Models::new(&[&self.fitted]), options).map(|_| ())
    }

    /// A task about the posterior.
    fn told(&self, id: &str, mut options: Value) -> Result<()> {
        options["posterior"] = self.posterior.clone();
        run(id, &of(&self.columns), Models::NONE, &options).map(|_| ())
    }

    /// A quantity of the customers of a table.
    fn score(&self, columns: &[Column], mut quantity: Value, name: &str) -> Result<()> {
        quantity["quantity"] = json!(name);
        let mut options = json!({"quantity": quantity});
        let mut id = "score_time_varying";
        let mut models = vec![&self.fitted];
        if self.is_posterior() {
            (id, options["posterior"]) = ("posterior_score", self.posterior.clone());
            models.clear();
        }
        let answer =
            task(id)?.run(&of(columns), Models::new(&models), &options.to_string(), &Control::new())?;
        assert!(answer.column("score")?.iter().all(|score| score.is_finite()));
        Ok(())
    }

    fn known(&self, name: &str, quantity: Value) -> Result<()> {
        self.score(&self.columns, quantity, name)
    }

    fn fresh(&self, name: &str, mut quantity: Value) -> Result<()> {
        if !self.is_posterior() {
            return self.score(&self.new, quantity, name);
        }
        quantity["quantity"] = json!(name);
        let options = json!({"quantity": quantity, "posterior": self.posterior});
        run("posterior_new_customer", &Table::new(), Models::NONE, &options).map(|_| ())
    }

    fn both(&self, name: &str, quantity: Value) -> Result<()> {
        self.known(name, quantity.clone()).and(self.fresh(name, quantity))
    }

    /// The same model made with other options.
    fn again(&self, more: &Value) -> Result<()> {
        let (id, mut options) = self.made_by.clone();
        for (name, value) in more.as_object().unwrap() {
            options[name] = value.clone();
        }
        run(id, &of(&self.columns), Models::NONE, &options).map(|_| ())
    }
}

fn run(id: &str, table: &Table<'_>, models: Models<'_>, options: &Value) -> Result<Value> {
    let answer = task(id)?.run(table, models, &options.to_string(), &Control::new())?;
    Ok(serde_json::from_str(&answer.output).unwrap())
}

fn spend() -> Box<dyn Model> {
    Box::new(GammaGamma::new(6.25, 3.74, 15.44).unwrap())
}

type Ask = fn(&Subject) -> Result<()>;

const FUNCTIONS: &[(&str, Ask)] = &[
    ("log-likelihood of a customer", |s| s.known("log_likelihood", json!({}))),
    ("P(alive) now", |s| s.known("probability_alive", json!({}))),
    ("P(alive) at T + t", |s| s.both("probability_alive", json!({"after": 9}))),
    ("expected purchases given the history", |s| s.known("expected_purchases", json!({"horizon": 9.5}))),
    ("E[X(t)] of a new customer", |s| s.fresh("expected_purchases", json!({"horizon": 9.5}))),
    ("P(X(t) = n) of a new customer", |s| s.fresh("purchase_probability", json!({"n": 2, "horizon": 9}))),
    ("P(n purchases in t given the history)", |s| {
        s.known("purchase_probability", json!({"n": 2, "horizon": 9}))
    }),
    ("P(n purchases from t to t + h), new or known", |s| {
        s.both("later_purchase_probability", json!({"n": 1, "after": 5, "horizon": 9}))
    }),
    ("discounted expected purchases to a horizon", |s| {
        s.both("discounted_expected_purchases", json!({"discount_rate": 0.01, "horizon": 9.5}))?;
        s.both("discounted_expected_purchases", json!({"continuous_discount_rate": 0.01, "horizon": 9.5}))
    }),
    ("discounted expected purchases for ever (DERT)", |s| {
        s.both("discounted_expected_purchases", json!({"discount_rate": 0.01}))?;
        s.both("discounted_expected_purchases", json!({"continuous_discount_rate": 0.01}))
    }),
    ("variance of the purchases to come", |s| s.both("variance_of_purchases", json!({"horizon": 9.5}))),
    ("variance of discounted purchases to come", |s| {
        s.both("variance_of_discounted_purchases", json!({"discount_rate": 0.01, "horizon": 9.5}))?;
        s.both("variance_of_discounted_purchases", json!({"continuous_discount_rate": 0.01}))
    }),
    ("draws of each customer's own rates and lifetime", |s| {
        s.told("posterior_customer_draws", json!({"draws": 10}))
    }),
    ("lifetime value of a known customer", |s| {
        let options = ValueOptions::new(52.0, 0.01);
        let value =
            customer_lifetime_value(&*s.fitted.model, &*spend(), &of(&s.columns), &options, &Control::new())?;
        assert!(value.iter().all(|value| value.is_finite()));
        Ok(())
    }),
    ("lifetime value of a new customer", |s| {
        new_customer_value(&*s.fitted.model, &*spend(), &ValueOptions::new(52.0, 0.01)).map(|_| ())
    }),
    ("variance of lifetime value", |s| {
        let options = ValueOptions::new(52.0, 0.01);
        lifetime_value_variance(&*s.fitted.model, &*spend(), &of(&s.columns), &options, &Control::new())
            .map(|_| ())
    }),
    ("distribution of lifetime value", |s| {
        let (options, draws) = (ValueOptions::new(52.0, 0.01), DrawOptions::new(1).draws(10));
        let table = of(&s.columns);
        simulate_lifetime_value(&*s.fitted.model, &*spend(), &table, &options, &draws, &Control::new())
            .map(|_| ())
    }),
    ("standard errors, covariance, Wald intervals", |s| s.task("confidence_intervals", &json!({}))),
    ("profile-likelihood intervals", |s| s.task("confidence_intervals", &json!({"method": "profile"}))),
    ("bootstrap intervals", |s| {
        s.task("confidence_intervals", &json!({"method": "bootstrap", "level": 0.5, "replicates": 4}))
    }),
    ("AIC, BIC, gradient and status of a fit", |s| s.fitted.report().map(|_| ())),
    ("intervals of purchases to come", |s| match s.is_posterior() {
        true => s.told("posterior_predict", json!({"horizon": 9.5})),
        false => {
            let quantity = json!({"quantity": "expected_purchases", "horizon": 9.5});
            s.task("prediction_intervals", &json!({"quantity": quantity, "draws": 10}))
        }
    }),
    ("priors", |s| match s.id {
        "time_varying" => {
            s.again(&json!({"method": "map", "priors": {"r": {"prior": "gamma", "alpha": 2, "beta": 2}}}))
        }
        _ => s.again(&json!({"priors": {"r": [1.0, 1.0]}})),
    }),
    ("posterior draws, with R-hat and effective numbers", |s| match s.is_posterior() {
        true => s.told("posterior_summary", json!({})),
        false => {
            let prior = |mu: f64| json!({"prior": "log_normal", "mu": mu, "sigma": 0.5});
            s.again(&json!({
                "method": "nuts", "sampling": {"draws": 5, "warmup": 10, "chains": 1},
                "priors": {"r": prior(0.0), "alpha": prior(2.2), "s": prior(-0.2), "beta": prior(3.7)},
            }))
        }
    }),
    ("covariates", |s| match s.id {
        "time_varying" => s.again(&json!({"covariates": {"columns": {"lifetime": ["price"]}}})),
        _ => s.again(&json!({"covariates": ["web"]})),
    }),
    ("a comparison with other models", |s| s.task("compare", &json!({}))),
    ("simulation of new customers", |s| match s.is_posterior() {
        true => s.told("posterior_simulate", json!({})),
        false => s.task("simulate_time_varying", &json!({})),
    }),
    ("a document that opens in every language", |s| {
        Fitted::<Box<dyn Model>>::from_json(&s.fitted.to_json()?).map(|_| ())
    }),
];

const DRAWS: &str =
    "a posterior has draws: their quantiles are the intervals, and they have no maximum to report";
const POSTERIORS: [usize; 3] = [1, 2, 3];

/// Where there is no answer, by the number of the subject, and why there cannot be one.
const HOLES: &[(&str, &[usize], &str)] = &[
    (
        "draws of each customer's own rates and lifetime",
        &[0],
        "of one set of parameters; draws of these are in the intervals",
    ),
    (
        "lifetime value of a new customer",
        &[0],
        "it depends on what the covariates will be: purchases to come of a customer who begins a walk, with T = 0, times the expected spend of a new one",
    ),
    ("standard errors, covariance, Wald intervals", &POSTERIORS, DRAWS),
    ("profile-likelihood intervals", &POSTERIORS, DRAWS),
    ("bootstrap intervals", &POSTERIORS, DRAWS),
    ("AIC, BIC, gradient and status of a fit", &POSTERIORS, DRAWS),
    ("priors", &[2], "it has those of Abe (2009), which say next to nothing"),
    (
        "covariates",
        &[1, 3],
        "the literature has them for log-normal rates, of which they move the means of the logarithms",
    ),
];

#[test]
fn every_function_is_answered_by_the_models_that_are_tasks() {
    let subjects = [
        Subject::walking(),
        Subject::sampled("pareto_nbd_hb", None),
        Subject::sampled("pareto_nbd_hb", Some("log_normal")),
        Subject::sampled("pareto_ggg", None),
    ];
    let mut page = Page::new(&[
        "Pareto/NBD, covariates that change",
        "Pareto/NBD, hierarchical, gamma",
        "Pareto/NBD, hierarchical, log-normal",
        "Pareto/GGG",
    ]);
    for (function, ask) in FUNCTIONS {
        let answers = subjects.iter().enumerate().map(|(i, subject)| {
            let hole = HOLES.iter().find(|(name, which, _)| name == function && which.contains(&i));
            Some((subject.id, ask(subject), hole.map(|hole| hole.2)))
        });
        page.row(function, answers);
    }
    page.check("functions-of-tasks");
}
