//! What a posterior answers, quantity by quantity: closed forms averaged over the draws, and samplers that agree where models are the same.

use cam_core::clv::{
    DrawOptions, GammaGamma, ParetoNbd, ValueOptions, customer_lifetime_value, lifetime_value_variance,
    simulate_lifetime_value,
};
use cam_core::task::{Answer, Models};
use cam_core::{Control, ErrorKind, Fitted, Model, Quantity, Result, Table, task};
use serde_json::{Value, json};

fn run(id: &str, table: &Table<'_>, options: &Value, threads: usize) -> Result<Answer> {
    task(id)?.run(table, Models::NONE, &options.to_string(), &Control::new().threads(threads))
}

/// A posterior with these draws of each parameter.
fn posterior(model: &str, kind: &str, parameters: &[(&str, Vec<f64>)]) -> Value {
    let n = parameters[0].1.len();
    json!({
        "format": "cam.posterior", "schema": 1, "model": model, "heterogeneity": kind, "covariates": [],
        "unit": "week", "customers": 10,
        "sampling": {"seed": 1, "chains": 1, "burn_in": 0, "draws": n, "thin": 1},
        "parameters": parameters.iter().map(|p| p.0).collect::<Vec<_>>(),
        "draws": parameters.iter().map(|p| vec![&p.1]).collect::<Vec<_>>(),
    })
}

const DRAWS: [[f64; 4]; 3] = [[0.8, 8.0, 0.7, 12.0], [0.6, 10.0, 0.5, 9.0], [1.1, 9.0, 2.1, 40.0]];

fn gamma() -> Value {
    let column = |i: usize| DRAWS.iter().map(|d| d[i]).collect();
    let names = ["r", "alpha", "s", "beta"];
    let all: Vec<_> = names.iter().enumerate().map(|(i, name)| (*name, column(i))).collect();
    posterior("pareto_nbd_hb", "gamma", &all)
}

/// One population, again and again, whose customers have k = 1 or nearly.
fn poisson_like(n: usize) -> Value {
    let names = ["t", "gamma", "r", "alpha", "s", "beta"];
    let values = [1e5, 1e5, 0.8, 8.0, 0.7, 12.0];
    let all: Vec<_> = names.iter().zip(values).map(|(name, v)| (*name, vec![v; n])).collect();
    posterior("pareto_ggg", "gamma", &all)
}

const NAMES: [&str; 4] = ["frequency", "recency", "T", "log_intervals"];

fn columns() -> [Vec<f64>; 4] {
    [
        vec![0.0, 2.0, 5.0, 1.0, 0.0],
        vec![0.0, 14.0, 29.0, 4.0, 0.0],
        vec![30.0, 30.0, 31.0, 35.0, 0.0],
        vec![0.0, 3.5, 8.0, 1.3, 0.0],
    ]
}

fn table(columns: &[Vec<f64>; 4]) -> Table<'_> {
    NAMES.iter().zip(columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap())
}

fn quantities() -> Vec<Value> {
    vec![
        json!({"quantity": "log_likelihood"}),
        json!({"quantity": "probability_alive"}),
        json!({"quantity": "probability_alive", "after": 10}),
        json!({"quantity": "expected_purchases", "horizon": 26}),
        json!({"quantity": "purchase_probability", "n": 0, "horizon": 26}),
        json!({"quantity": "purchase_probability", "n": 2, "horizon": 26}),
        json!({"quantity": "later_purchase_probability", "n": 1, "after": 10, "horizon": 26}),
        json!({"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.002, "horizon": 52}),
        json!({"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.002}),
        json!({"quantity": "discounted_expected_purchases", "discount_rate": 0.002, "horizon": 52.5}),
        json!({"quantity": "discounted_expected_purchases", "discount_rate": 0.002}),
        json!({"quantity": "variance_of_purchases", "horizon": 26}),
        json!({"quantity": "variance_of_discounted_purchases", "continuous_discount_rate": 0.01, "horizon": 52}),
        json!({"quantity": "variance_of_discounted_purchases", "discount_rate": 0.02}),
    ]
}

#[test]
fn with_gamma_heterogeneity_every_quantity_is_averaged_over_the_draws() {
    let columns = columns();
    let models = DRAWS.map(|[r, alpha, s, beta]| ParetoNbd::new(r, alpha, s, beta).unwrap());
    for quantity in quantities() {
        let read = |q: &Value| Quantity::from_json(&q.to_string()).unwrap();
        let ask = json!({"posterior": gamma(), "quantity": quantity});
        let got = run("posterior_score", &table(&columns), &ask, 2).unwrap();
        let score = |q: &Value| models.map(|m| m.score(&read(q), &table(&columns), &Control::new()).unwrap());
        let values = score(&quantity);
        let name = quantity["quantity"].as_str().unwrap();
        let mut mean = quantity.clone();
        mean["quantity"] = json!(match name {
            "variance_of_purchases" => "expected_purchases",
            "variance_of_discounted_purchases" => "discounted_expected_purchases",
            _ => name,
        });
        let means = score(&mean);
        for i in 0..columns[0].len() {
            let of = |f: &dyn Fn(usize) -> f64| (0..3).map(f).sum::<f64>() / 3.0;
            let want = match name {
                "log_likelihood" => of(&|d| values[d][i].exp()).ln(),
                // E[Y²] − E[Y]².
                _ if name.starts_with("variance") => {
                    of(&|d| values[d][i] + means[d][i].powi(2)) - of(&|d| means[d][i]).powi(2)
                }
                _ => of(&|d| values[d][i]),
            };
            let score = got.column("score").unwrap()[i];
            assert!((score - want).abs() <= 1e-10 * want.abs(), "{quantity} row {i}: {score} for {want}");
        }
        // A new customer is one with no history at all.
        if name != "log_likelihood" {
            let new = run("posterior_new_customer", &Table::new(), &ask, 1).unwrap();
            let (new, fresh) = (new.column("score").unwrap()[0], got.column("score").unwrap()[4]);
            assert!((new - fresh).abs() <= 1e-9 * fresh, "{quantity}: {new} for {fresh}");
        }
    }
}

#[test]
fn with_k_of_one_pareto_ggg_answers_as_pareto_nbd() {
    let columns = columns();
    let model = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
    let posterior = poisson_like(2000);
    for quantity in quantities() {
        let ask = json!({"posterior": posterior, "quantity": quantity, "draws": 2000});
        let got = run("posterior_score", &table(&columns), &ask, 2).unwrap();
        let read = Quantity::from_json(&quantity.to_string()).unwrap();
        let want = model.score(&read, &table(&columns), &Control::new()).unwrap();
        let log = quantity["quantity"] == "log_likelihood";
        // 2000 draws of a chain that moves slowly; a variance has heavy tails.
        let tolerance =
            if quantity["quantity"].as_str().unwrap().starts_with("variance") { 0.25 } else { 0.1 };
        for (i, (got, want)) in got.column("score").unwrap().iter().zip(&want).enumerate().take(4) {
            let off = if log { got - want } else { (got - want) / want };
            let tolerance = if log { 0.03 } else { tolerance };
            assert!(off.abs() < tolerance, "{quantity} row {i}: {got} for {want}");
        }
        if !log {
            let new = run("posterior_new_customer", &Table::new(), &ask, 1).unwrap();
            let (got, want) = (new.column("score").unwrap()[0], model.new_customer(&read).unwrap());
            let tolerance = 0.2 * tolerance;
            assert!((got / want - 1.0).abs() < tolerance, "{quantity}, new: {got} for {want}");
        }
    }
}

#[test]
fn with_log_normal_heterogeneity_a_mean_over_customers_is_what_is_answered() {
    let names = ["log_lambda_intercept", "log_mu_intercept", "variance_lambda", "covariance", "variance_mu"];
    // Customers who are nearly alike: then every quantity is that of one customer with these rates.
    let values = [0.1_f64.ln(), 0.02_f64.ln(), 1e-8, 0.0, 1e-8];
    let all: Vec<_> = names.iter().zip(values).map(|(name, v)| (*name, vec![v; 50])).collect();
    let posterior = posterior("pareto_nbd_hb", "log_normal", &all);
    let model = ParetoNbd::new(1e8, 1e9, 1e8, 5e9).unwrap();
    let columns = columns();
    for quantity in quantities() {
        let ask = json!({"posterior": posterior, "quantity": quantity});
        let got = run("posterior_score", &table(&columns), &ask, 1).unwrap();
        let read = Quantity::from_json(&quantity.to_string()).unwrap();
        let want = model.score(&read, &table(&columns), &Control::new()).unwrap();
        // Customers are not quite alike.
        for (i, (got, want)) in got.column("score").unwrap().iter().zip(&want).enumerate() {
            assert!((got - want).abs() < 2e-3 * want.abs() + 1e-6, "{quantity} row {i}: {got} for {want}");
        }
        if quantity["quantity"] != "log_likelihood" {
            let new = run("posterior_new_customer", &Table::new(), &ask, 1).unwrap();
            let (got, want) = (new.column("score").unwrap()[0], model.new_customer(&read).unwrap());
            assert!((got / want - 1.0).abs() < 2e-3, "{quantity}, new: {got} for {want}");
        }
    }
}

#[test]
fn predict_says_the_same_as_the_quantities_by_themselves() {
    let columns = columns();
    for posterior in [gamma(), poisson_like(40)] {
        let ask = json!({"posterior": posterior, "horizon": 26, "discount_rate": 0.01});
        let all = run("posterior_predict", &table(&columns), &ask, 1).unwrap();
        for (column, quantity) in [
            ("probability_alive", json!({"quantity": "probability_alive"})),
            ("expected_purchases", json!({"quantity": "expected_purchases", "horizon": 26})),
            (
                "discounted_expected_purchases",
                json!({"quantity": "discounted_expected_purchases", "discount_rate": 0.01, "horizon": 26}),
            ),
        ] {
            let ask = json!({"posterior": posterior, "quantity": quantity});
            let one = run("posterior_score", &table(&columns), &ask, 2).unwrap();
            for (a, b) in all.column(column).unwrap().iter().zip(one.column("score").unwrap()) {
                assert!((a - b).abs() <= 1e-12 * b.abs(), "{column}: {a} {b}");
            }
        }
    }
}

#[test]
fn threads_change_no_score_and_bad_questions_are_told() {
    let columns = columns();
    for quantity in quantities() {
        let ask = json!({"posterior": poisson_like(8), "quantity": quantity});
        let one = run("posterior_score", &table(&columns), &ask, 1).unwrap();
        assert_eq!(one, run("posterior_score", &table(&columns), &ask, 3).unwrap());
    }
    for posterior in [gamma(), poisson_like(8)] {
        for (quantity, kind) in [
            (json!({"quantity": "expected_spend"}), ErrorKind::Unsupported),
            (json!({"quantity": "expected_purchases", "horizon": -1}), ErrorKind::InvalidParameter),
            (json!({"quantity": "discounted_expected_purchases"}), ErrorKind::InvalidParameter),
        ] {
            for id in ["posterior_score", "posterior_new_customer"] {
                let ask = json!({"posterior": posterior, "quantity": quantity});
                let error = run(id, &table(&columns), &ask, 1).unwrap_err();
                assert_eq!(error.kind(), kind, "{id} {quantity}: {error}");
            }
        }
        let ask = json!({"posterior": posterior, "quantity": {"quantity": "log_likelihood"}});
        let error = run("posterior_new_customer", &Table::new(), &ask, 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let ask = json!({"posterior": posterior, "quantity": {"quantity": "probability_alive"}, "draws": 0});
        assert_eq!(run("posterior_score", &table(&columns), &ask, 1).unwrap_err().field(), Some("draws"));
    }
}

#[test]
fn customers_are_drawn_one_by_one_and_their_means_are_the_scores() {
    let columns = columns();
    let ask = json!({"posterior": poisson_like(2000), "draws": 2000});
    let drawn = run("posterior_customer_draws", &table(&columns), &ask, 2).unwrap();
    assert_eq!(drawn, run("posterior_customer_draws", &table(&columns), &ask, 1).unwrap());
    let predicted = run("posterior_predict", &table(&columns), &ask, 1).unwrap();
    for (name, values) in &drawn.columns {
        assert_eq!(values.len(), 5 * 2000, "{name}");
        if name == "lifetime" {
            continue;
        }
        for (customer, want) in values.chunks_exact(2000).zip(predicted.column(name).unwrap()) {
            let mean = customer.iter().sum::<f64>() / 2000.0;
            assert!((mean / want - 1.0).abs() < 1e-9, "{name}: {mean} {want}");
        }
    }
    let alive = predicted.column("probability_alive").unwrap();
    for (i, lifetimes) in drawn.column("lifetime").unwrap().chunks_exact(2000).enumerate() {
        let share = lifetimes.iter().filter(|tau| **tau > columns[2][i]).count() as f64 / 2000.0;
        assert!((share - alive[i]).abs() < 0.06, "{share} {}", alive[i]);
        assert!(lifetimes.iter().all(|tau| *tau >= columns[1][i]));
    }
    // As many as there are, and no more than memory holds.
    let ask = json!({"posterior": gamma(), "draws": 50});
    let few = run("posterior_customer_draws", &table(&columns), &ask, 1).unwrap();
    assert_eq!(few.output, r#"{"draws":3}"#);
    assert_eq!(few.column("lifetime").unwrap().len(), 15);
    assert!(few.column("regularity").is_err());
}

#[test]
fn new_customers_are_drawn_from_the_populations() {
    let ages = vec![52.0; 20_000];
    let design = Table::new().with("T", &ages).unwrap();
    let model = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
    let want = model.new_customer(&Quantity::ExpectedPurchases { horizon: 52.0 }).unwrap();
    let alone = |i: usize| vec![[0.8, 8.0, 0.7, 12.0][i]; 4];
    let names = ["r", "alpha", "s", "beta"];
    let all: Vec<_> = names.iter().enumerate().map(|(i, name)| (*name, alone(i))).collect();
    for posterior in [posterior("pareto_nbd_hb", "gamma", &all), poisson_like(4)] {
        let ask = json!({"posterior": posterior, "seed": 3});
        let drawn = run("posterior_simulate", &design, &ask, 2).unwrap();
        assert_eq!(drawn, run("posterior_simulate", &design, &ask, 1).unwrap());
        let x = drawn.column("frequency").unwrap();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        assert!((mean / want - 1.0).abs() < 0.05, "{mean} {want}");
        // What was drawn is a table that can be asked about.
        let table = drawn.columns.iter().fold(Table::new(), |t, (name, c)| t.with(name, &c[..50]).unwrap());
        let ask = json!({"posterior": posterior, "quantity": {"quantity": "probability_alive"}});
        assert_eq!(run("posterior_score", &table, &ask, 1).unwrap().column("score").unwrap().len(), 50);
        let ages = vec![-1.0];
        let bad = Table::new().with("T", &ages).unwrap();
        let error = run("posterior_simulate", &bad, &json!({"posterior": posterior}), 1).unwrap_err();
        assert_eq!(error.field(), Some("T"), "{error}");
    }
}

#[test]
fn a_posterior_opens_as_a_model_that_answers_the_same() {
    let columns = columns();
    for posterior in [gamma(), poisson_like(30)] {
        let text = posterior.to_string();
        let opened = Fitted::<Box<dyn Model>>::from_json(&text).unwrap();
        assert_eq!(opened.model.spec().id, posterior["model"].as_str().unwrap());
        let again = Fitted::<Box<dyn Model>>::from_json(&opened.to_json().unwrap()).unwrap();
        for quantity in quantities() {
            let read = Quantity::from_json(&quantity.to_string()).unwrap();
            let ask = json!({"posterior": posterior, "quantity": quantity});
            let want = run("posterior_score", &table(&columns), &ask, 1).unwrap();
            let got = again.model.score(&read, &table(&columns), &Control::new()).unwrap();
            assert_eq!(want.column("score").unwrap(), got, "{quantity}");
        }
        let error = Fitted::<Box<dyn Model>>::from_json(&text.replace("week", "fortnight")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDocument);
        // It has no likelihood that could be climbed.
        assert_eq!(opened.report().unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn drawn_values_have_the_mean_and_the_variance_that_the_posterior_gives() {
    // So many customers of each history that what is not known of the population is seen beside what chance does to each.
    let columns = columns().map(|column| column.repeat(80));
    let log_normal: Vec<_> =
        ["log_lambda_intercept", "log_mu_intercept", "variance_lambda", "covariance", "variance_mu"]
            .iter()
            .zip([-2.2, -3.0, 0.7, 0.1, 0.6])
            .map(|(name, v)| (*name, vec![v; 400]))
            .collect();
    let regular: Vec<_> = ["t", "gamma", "r", "alpha", "s", "beta"]
        .iter()
        .zip([4.0, 2.0, 0.8, 8.0, 0.7, 12.0])
        .map(|(name, v)| (*name, vec![v; 400]))
        .collect();
    let spend: Box<dyn Model> = Box::new(GammaGamma::new(6.25, 3.74, 15.44).unwrap());
    let money: Vec<f64> = columns[0].iter().map(|x| if *x > 0.0 { 20.0 } else { 0.0 }).collect();
    let table = table(&columns).with("monetary_value", &money).unwrap();
    let control = Control::new();
    for document in [
        gamma(),
        posterior("pareto_nbd_hb", "log_normal", &log_normal),
        posterior("pareto_ggg", "gamma", &regular),
    ] {
        let model = Fitted::<Box<dyn Model>>::from_json(&document.to_string()).unwrap().model;
        let options = ValueOptions::new(40.0, 0.004).margin(0.5);
        let value = customer_lifetime_value(&*model, &*spend, &table, &options, &control).unwrap();
        let variance = lifetime_value_variance(&*model, &*spend, &table, &options, &control).unwrap();
        let draws = DrawOptions::new(4).draws(4_000);
        let drawn = simulate_lifetime_value(&*model, &*spend, &table, &options, &draws, &control).unwrap();
        // Means over the 80 customers of each history. The value of log-normal customers and of Pareto/GGG goes by one chain of 400 draws, which leaves some per cent.
        let chain = if document["parameters"].as_array().unwrap().len() == 4 { 0.0 } else { 0.1 };
        for i in 0..5 {
            let mean = (0..80).map(|k| drawn.mean[i + 5 * k]).sum::<f64>() / 80.0;
            let error = 4.5 * (variance[i] / 320_000.0).sqrt() + chain * value[i];
            assert!((mean - value[i]).abs() < error, "{i}: {mean} {}", value[i]);
        }
        // A single customer's variance hangs on a few rare futures; that of all together has a standard error of about 3 %.
        let (n, mean) = (4_000.0, drawn.totals.iter().sum::<f64>() / 4_000.0);
        let scatter = drawn.totals.iter().map(|total| (total - mean).powi(2)).sum::<f64>() / (n - 1.0);
        // Where populations differ, all customers of a draw are of one of them, and their totals differ by that, too.
        let of_populations = match document["model"] == "pareto_nbd_hb"
            && document["heterogeneity"] == "gamma"
        {
            true => {
                let totals = DRAWS.map(|[r, alpha, s, beta]| {
                    let model = ParetoNbd::new(r, alpha, s, beta).unwrap();
                    let value = customer_lifetime_value(&model, &*spend, &table, &options, &control).unwrap();
                    let variance =
                        lifetime_value_variance(&model, &*spend, &table, &options, &control).unwrap();
                    [value.iter().sum::<f64>(), variance.iter().sum::<f64>()]
                });
                let mean = totals.iter().map(|t| t[0]).sum::<f64>() / 3.0;
                let between = totals.iter().map(|t| (t[0] - mean).powi(2)).sum::<f64>() / 3.0;
                let within = totals.iter().map(|t| t[1]).sum::<f64>() / 3.0;
                assert!(between > 0.02 * within, "{between} {within}");
                between + within
            }
            false => variance.iter().sum::<f64>(),
        };
        let ratio = scatter / of_populations;
        assert!((ratio - 1.0).abs() < 0.12 + chain, "{ratio}");
        let one = simulate_lifetime_value(&*model, &*spend, &table, &options, &draws, &control.threads(1));
        assert_eq!(drawn, one.unwrap());
    }
}
