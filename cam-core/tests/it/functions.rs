//! Every function for every model: the registry is asked, and where it does not answer there is a reason in the nature of the model.
//!
//! The table is that of `docs/reference/functions.md`; the test prints it, and holds the page to it.

use cam_core::clv::{
    DrawOptions, ValueOptions, customer_lifetime_value, lifetime_value_variance, new_customer_value,
    new_customer_value_variance, simulate_lifetime_value,
};
use cam_core::fit::{Prior, Sampling};
use cam_core::model::Covariates;
use cam_core::registry::Entry;
use cam_core::task::Models;
use cam_core::{Control, Discount, FitOptions, Fitted, Model, Quantity, Result, Table, model, models, task};

/// What a function is asked of.
struct Subject {
    entry: &'static Entry,
    fitted: Fitted<Box<dyn Model>>,
    names: Vec<&'static str>,
    columns: Vec<Vec<f64>>,
    /// Opportunities are whole.
    step: f64,
}

impl Subject {
    /// 400 simulated customers, with what the other process needs of them, and a covariate.
    fn new(entry: &'static Entry) -> Subject {
        let spec = entry.spec();
        let given = entry.with_parameters(spec.example.0, None).unwrap();
        let design: Vec<f64> =
            (0..400).map(|i| (spec.example.1 * (0.5 + f64::from(i % 7) / 10.0)).ceil()).collect();
        let start = spec.design.iter().fold(Table::new(), |t, column| t.with(column.name, &design).unwrap());
        let mut columns = given.model.simulate(&start, 11, &Control::new()).unwrap();
        let mut names: Vec<&'static str> = spec.columns.iter().map(|c| c.name).collect();
        let x = columns[0].clone();
        let ones: Vec<f64> = x.iter().map(|x| if *x > 0.0 { 20.0 } else { 0.0 }).collect();
        let halves: Vec<f64> = x.iter().map(|x| if *x > 0.0 { 30.0 } else { 0.0 }).collect();
        let web: Vec<f64> = (0..400).map(|i| f64::from(i % 3 % 2)).collect();
        let others = [("recency", halves), ("T", vec![40.0; 400]), ("monetary_value", ones), ("web", web)];
        for (name, column) in others {
            if !names.contains(&name) {
                names.push(name);
                columns.push(column);
            }
        }
        let step = if spec.is_discrete() { 1.0 } else { 0.5 };
        let mut subject = Subject { entry, fitted: given, names, columns, step };
        subject.fitted = entry.fit(&subject.table(), &FitOptions::new(), &Control::new()).unwrap();
        subject
    }

    fn table(&self) -> Table<'_> {
        self.names.iter().zip(&self.columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap())
    }

    /// This model and one of the other kind: of purchases, of spend.
    fn both(&self) -> [Box<dyn Model>; 2] {
        let other = |id: &str| {
            let entry = model(id).unwrap();
            entry.with_parameters(entry.spec().example.0, None).unwrap().model
        };
        match self.entry.spec().quantities.contains(&"expected_spend") {
            true => [other("bg_nbd"), self.fitted.model.boxed()],
            false => [self.fitted.model.boxed(), other("gamma_gamma")],
        }
    }

    fn task(&self, id: &str, options: &str) -> Result<()> {
        let models = [&self.fitted];
        task(id)?.run(&self.table(), Models::new(&models), options, &Control::new()).map(|_| ())
    }
}

/// All numbers are numbers.
fn finite(values: impl IntoIterator<Item = f64>) {
    assert!(values.into_iter().all(f64::is_finite));
}

fn known(subject: &Subject, quantity: Quantity) -> Result<()> {
    finite(subject.fitted.model.score(&quantity, &subject.table(), &Control::new())?);
    Ok(())
}

fn new(subject: &Subject, quantity: Quantity) -> Result<()> {
    finite([subject.fitted.model.new_customer(&quantity)?]);
    Ok(())
}

type Ask = fn(&Subject) -> Result<()>;

/// Of whom it is asked: whether a model of purchases, of spend, or both have it.
#[derive(PartialEq, Clone, Copy)]
enum Of {
    Purchases,
    Spend,
    Both,
}
use Of::{Both, Purchases, Spend};

/// The functions of the systems that cam is compared with, and cam's own.
const FUNCTIONS: &[(&str, Of, Ask)] = &[
    ("log-likelihood of a customer", Both, |s| known(s, Quantity::LogLikelihood {})),
    ("P(alive) now", Purchases, |s| known(s, Quantity::ProbabilityAlive { after: 0.0 })),
    ("P(alive) at T + t", Purchases, |s| known(s, Quantity::ProbabilityAlive { after: 9.0 })),
    ("expected purchases given the history", Purchases, |s| {
        known(s, Quantity::ExpectedPurchases { horizon: 9.0 + s.step })
    }),
    ("E[X(t)] of a new customer", Purchases, |s| {
        new(s, Quantity::ExpectedPurchases { horizon: 9.0 + s.step })
    }),
    ("P(X(t) = n) of a new customer", Purchases, |s| {
        new(s, Quantity::PurchaseProbability { n: 2, horizon: 9.0 })
    }),
    ("P(n purchases in t given the history)", Purchases, |s| {
        known(s, Quantity::PurchaseProbability { n: 2, horizon: 9.0 })
    }),
    ("P(n purchases from t to t + h), new or known", Purchases, |s| {
        let later = Quantity::LaterPurchaseProbability { n: 2, after: 5.0, horizon: 9.0 };
        known(s, later).and(new(s, later))
    }),
    ("discounted expected purchases to a horizon", Purchases, |s| {
        let horizon = 9.0 + s.step;
        known(s, Quantity::discounted(Discount::Continuous(0.01), horizon))?;
        known(s, Quantity::discounted(Discount::PerPeriod(0.01), horizon))?;
        new(s, Quantity::discounted(Discount::PerPeriod(0.01), horizon))
    }),
    ("discounted expected purchases for ever (DERT)", Purchases, |s| {
        known(s, Quantity::discounted(Discount::Continuous(0.01), None))?;
        known(s, Quantity::discounted(Discount::PerPeriod(0.01), None))?;
        new(s, Quantity::discounted(Discount::Continuous(0.01), None))
    }),
    ("variance of the purchases to come", Purchases, |s| {
        let variance = Quantity::VarianceOfPurchases { horizon: 9.0 + s.step };
        known(s, variance).and(new(s, variance))
    }),
    ("variance of discounted purchases to come", Purchases, |s| {
        known(s, Quantity::discounted_variance(Discount::Continuous(0.01), None))?;
        known(s, Quantity::discounted_variance(Discount::PerPeriod(0.01), 9.0 + s.step))?;
        new(s, Quantity::discounted_variance(Discount::PerPeriod(0.01), None))
    }),
    ("how the future of a customer is drawn", Purchases, |s| {
        s.fitted
            .model
            .futures()
            .map(|_| ())
            .ok_or_else(|| cam_core::Error::new(cam_core::ErrorKind::Unsupported, "none"))
    }),
    ("posterior mean of the customer's own purchase probability", Purchases, |s| {
        known(s, Quantity::PosteriorPurchaseProbability {})
    }),
    ("posterior mean of the customer's own dropout probability", Purchases, |s| {
        known(s, Quantity::PosteriorDropoutProbability {})
    }),
    ("expected spend given the history", Spend, |s| known(s, Quantity::ExpectedSpend {})),
    ("expected spend of a new customer", Spend, |s| new(s, Quantity::ExpectedSpend {})),
    ("variance of the mean spend, and about it", Spend, |s| {
        known(s, Quantity::VarianceOfMeanSpend {}).and(known(s, Quantity::ExpectedSpendVariance {}))
    }),
    ("lifetime value, of a known and of a new customer", Both, |s| {
        let ([purchases, spend], options) = (s.both(), ValueOptions::new(52.0, 0.01));
        finite(customer_lifetime_value(&purchases, &spend, &s.table(), &options, &Control::new())?);
        new_customer_value(&purchases, &spend, &ValueOptions::new(None, 0.01)).map(|value| finite([value]))
    }),
    ("variance of lifetime value", Both, |s| {
        let ([purchases, spend], options) = (s.both(), ValueOptions::new(52.0, 0.01));
        finite(lifetime_value_variance(&purchases, &spend, &s.table(), &options, &Control::new())?);
        new_customer_value_variance(&purchases, &spend, &options).map(|value| finite([value]))
    }),
    ("distribution of lifetime value", Both, |s| {
        let ([purchases, spend], draws) = (s.both(), DrawOptions::new(1).draws(10));
        let options = ValueOptions::new(52.0, 0.01);
        let drawn =
            simulate_lifetime_value(&purchases, &spend, &s.table(), &options, &draws, &Control::new())?;
        finite(drawn.totals);
        Ok(())
    }),
    ("standard errors, covariance, Wald intervals", Both, |s| {
        finite(s.fitted.report()?.standard_errors()?);
        s.task("confidence_intervals", "{}")
    }),
    ("profile-likelihood intervals", Both, |s| s.task("confidence_intervals", r#"{"method": "profile"}"#)),
    ("bootstrap intervals", Both, |s| {
        s.task("confidence_intervals", r#"{"method": "bootstrap", "replicates": 3, "level": 0.3}"#)
    }),
    ("AIC, BIC, gradient and status of a fit", Both, |s| {
        let report = s.fitted.report()?;
        finite([report.aic(2), report.bic(2), report.gradient_norm]);
        Ok(())
    }),
    ("prediction intervals", Both, |s| {
        let quantity = match s.entry.spec().quantities.contains(&"expected_spend") {
            true => r#"{"quantity": "expected_spend"}"#,
            false => r#"{"quantity": "expected_purchases", "horizon": 9}"#,
        };
        s.task("prediction_intervals", &format!(r#"{{"quantity": {quantity}, "draws": 10}}"#))
    }),
    ("priors (maximum a posteriori)", Both, |s| {
        let name = s.entry.spec().parameters[0].name;
        let options = FitOptions::new().prior(name, Prior::Gamma { alpha: 2.0, beta: 0.1 });
        s.entry.fit(&s.table(), &options, &Control::new()).map(|_| ())
    }),
    ("posterior draws (NUTS)", Both, |s| {
        let sampling = Sampling { draws: 5, warmup: 10, chains: 1, ..Sampling::default() };
        // So few customers say little of some parameters.
        let mut options = FitOptions::new();
        for (parameter, value) in s.entry.spec().free_parameters().iter().zip(s.entry.spec().example.0) {
            options = options.prior(parameter.name, Prior::LogNormal { mu: value.ln(), sigma: 0.5 });
        }
        let options = options.sampling(sampling);
        s.entry.fit(&s.table(), &options, &Control::new()).map(|_| ())
    }),
    ("covariates, with a likelihood-ratio test against none", Both, |s| {
        let on = s.entry.processes().iter().fold(Covariates::new(), |c, process| c.on(process.name, ["web"]));
        let full = s.entry.fit(&s.table(), &FitOptions::new().covariates(on), &Control::new())?;
        let models = [&s.fitted, &full];
        task("likelihood_ratio_test")?
            .run(&s.table(), Models::new(&models), "{}", &Control::new())
            .map(|_| ())
    }),
    ("simulation of new customers", Both, |s| {
        let design: Vec<f64> = vec![s.entry.spec().example.1; 3];
        let start = s.entry.spec().design.iter().fold(Table::new(), |t, c| t.with(c.name, &design).unwrap());
        s.fitted.model.simulate(&start, 1, &Control::new()).map(|_| ())
    }),
    ("a document that opens in every language", Both, |s| {
        Fitted::<Box<dyn Model>>::from_json(&s.fitted.to_json()?).map(|_| ())
    }),
];

const CONTINUOUS: &[&str] =
    &["bg_nbd", "pareto_nbd", "nbd", "mbg_nbd", "bg_cnbd_k", "mbg_cnbd_k", "ggom_nbd", "pareto_nbd_sarmanov"];
const NO_OPPORTUNITY: &str = "in continuous time there is no opportunity at which a customer buys or leaves with a probability of his or her own";

/// Where there is no answer, and why there cannot be one, or what it would be.
const HOLES: &[(&str, &[&str], &str)] = &[
    ("posterior mean of the customer's own purchase probability", CONTINUOUS, NO_OPPORTUNITY),
    (
        "posterior mean of the customer's own purchase probability",
        &["sbg", "bdw"],
        "who has a contract buys at every opportunity until the last",
    ),
    ("posterior mean of the customer's own dropout probability", CONTINUOUS, NO_OPPORTUNITY),
    (
        "covariates, with a likelihood-ratio test against none",
        &["bg_bb"],
        "the purchase probability has a beta distribution: no parameter of it scales a rate, and the literature has no form of it",
    ),
    (
        "covariates, with a likelihood-ratio test against none",
        &["normal_spend"],
        "mean and spread of normal spend are apart: a covariate that scaled the mean alone would leave a spread that fits no customer; log-normal spend has them",
    ),
    (
        "covariates, with a likelihood-ratio test against none",
        &["pareto_nbd_sarmanov"],
        "how strongly the rates of a customer may depend on each other is bounded by that customer's own parameters, so that no one dependence holds for customers who differ in them",
    ),
];

/// A table of `docs/reference/functions.md` as it is filled.
pub(crate) struct Page {
    text: String,
    /// In the order in which they come up.
    reasons: Vec<&'static str>,
    wrong: Vec<String>,
}

impl Page {
    pub(crate) fn new(titles: &[&str]) -> Page {
        let text = format!("| function | {} |\n|---|{}\n", titles.join(" | "), ":-:|".repeat(titles.len()));
        Page { text, reasons: Vec::new(), wrong: Vec::new() }
    }

    /// A function: of each model none where the question has no meaning, or its name, the answer, and the reason not to have one.
    pub(crate) fn row(
        &mut self,
        function: &str,
        answers: impl Iterator<Item = Option<(&'static str, Result<()>, Option<&'static str>)>>,
    ) {
        let mut cells = Vec::new();
        for answer in answers {
            match answer {
                None => cells.push(String::new()),
                Some((_, Ok(()), None)) => cells.push("✓".into()),
                Some((_, Err(_), Some(reason))) => {
                    let number = self.reasons.iter().position(|r| *r == reason).unwrap_or_else(|| {
                        self.reasons.push(reason);
                        self.reasons.len() - 1
                    });
                    cells.push(format!("({})", number + 1));
                }
                Some((id, Ok(()), Some(_))) => {
                    self.wrong.push(format!("{id}: {function} is answered, and has a reason not to be"));
                }
                Some((id, Err(e), None)) => self.wrong.push(format!("{id}: {function}: {e}")),
            }
        }
        self.text.push_str(&format!("| {function} | {} |\n", cells.join(" | ")));
    }

    /// Hold the page to it, between these marks.
    pub(crate) fn check(mut self, mark: &str) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        self.text.push('\n');
        for (i, reason) in self.reasons.iter().enumerate() {
            self.text.push_str(&format!("{}. {reason}.\n", i + 1));
        }
        println!("{}", self.text);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/functions.md");
        let page = std::fs::read_to_string(path).unwrap();
        let between = page
            .split(&format!("<!-- {mark}:begin -->\n\n"))
            .nth(1)
            .and_then(|t| t.split(&format!("\n<!-- {mark}:end -->")).next());
        assert_eq!(between, Some(&self.text[..]), "docs/reference/functions.md is to have this table");
    }
}

#[test]
fn every_function_is_answered_by_every_model_that_has_it() {
    let subjects: Vec<Subject> = models().iter().map(Subject::new).collect();
    let titles: Vec<&str> = subjects.iter().map(|s| s.entry.spec().title).collect();
    let mut page = Page::new(&titles);
    for (function, of, ask) in FUNCTIONS {
        let answers = subjects.iter().map(|subject| {
            let spec = subject.entry.spec();
            if *of != Both && (*of == Spend) != spec.quantities.contains(&"expected_spend") {
                return None;
            }
            let hole = HOLES.iter().find(|(name, ids, _)| name == function && ids.contains(&spec.id));
            Some((spec.id, ask(subject), hole.map(|hole| hole.2)))
        });
        page.row(function, answers);
    }
    page.check("functions");
}
