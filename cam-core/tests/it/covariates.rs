//! Covariates on any process of any family: exact derivatives, the plain model where they say nothing, recovery, documents.

use cam_core::clv::{BgNbd, GammaGamma, GgomNbd, ParetoNbd};
use cam_core::fit::{Likelihood, covariate_likelihood, fit_with_covariates};
use cam_core::math::random::Stream;
use cam_core::model::{Covariates, Family, WithCovariates};
use cam_core::{Control, Fit, FitOptions, Fitted, Model, Quantity, Status, Table, Unit, model, models};

pub(crate) struct Data {
    pub(crate) names: Vec<&'static str>,
    pub(crate) columns: Vec<Vec<f64>>,
}

impl Data {
    pub(crate) fn table(&self) -> Table<'_> {
        self.names.iter().zip(&self.columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap())
    }

    pub(crate) fn column(&mut self, name: &str) -> &mut Vec<f64> {
        let at = self.names.iter().position(|n| *n == name).unwrap();
        &mut self.columns[at]
    }
}

/// `web` is 0 or 1, `age` in decades about 0, in steps so that customers may be alike.
pub(crate) fn simulated<F: Family>(model: &WithCovariates<F>, n: usize) -> Data {
    let (_, design) = F::SPEC.example;
    let mut stream = Stream::new(5, 0);
    let start: Vec<f64> = (0..n).map(|i| (design * (0.5 + (i % 7) as f64 / 10.0)).ceil()).collect();
    let web: Vec<f64> = (0..n).map(|_| f64::from(u8::from(stream.uniform() < 0.4))).collect();
    let age: Vec<f64> = (0..n).map(|_| ((stream.uniform() - 0.5) * 40.0).round() / 10.0).collect();
    let mut names: Vec<&'static str> = F::SPEC.columns.iter().map(|c| c.name).collect();
    let design = Table::new().with(F::SPEC.design[0].name, &start).unwrap();
    let design = design.with("web", &web).unwrap().with("age", &age).unwrap();
    let mut columns = model.simulate(&design, 11, &Control::new()).unwrap();
    names.extend(["web", "age"]);
    columns.extend([web, age]);
    Data { names, columns }
}

pub(crate) fn on_all<F: Family>() -> Covariates {
    F::PROCESSES.iter().fold(Covariates::new(), |c, process| c.on(process.name, ["web", "age"]))
}

fn example<F: Family>() -> WithCovariates<F> {
    let base = F::from_parameters(F::SPEC.example.0).unwrap();
    let names = WithCovariates::<F>::names_of(&on_all::<F>()).unwrap();
    let gamma: Vec<f64> = (0..names.len()).map(|i| [0.5, -0.2, 0.3, 0.15, -0.25, 0.1][i]).collect();
    WithCovariates::new(base, &on_all::<F>(), &gamma).unwrap()
}

fn pareto() -> (WithCovariates<ParetoNbd>, Data) {
    let model = example::<ParetoNbd>();
    let data = simulated(&model, 4_000);
    (model, data)
}

fn quantities<F: Family>() -> Vec<Quantity> {
    let all = [
        r#"{"quantity": "log_likelihood"}"#,
        r#"{"quantity": "probability_alive"}"#,
        r#"{"quantity": "probability_alive", "after": 10}"#,
        r#"{"quantity": "expected_purchases", "horizon": 20}"#,
        r#"{"quantity": "purchase_probability", "n": 2, "horizon": 20}"#,
        r#"{"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.01}"#,
        r#"{"quantity": "expected_spend"}"#,
    ];
    let all = all.iter().map(|json| Quantity::from_json(json).unwrap());
    all.filter(|q| F::SPEC.quantities.contains(&q.name())).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn zero_covariates_or_coefficients_are_the_plain_model<F: Family>() {
    let model = example::<F>();
    let mut data = simulated(&model, 3_000);
    let none =
        WithCovariates::new(model.base().clone(), &on_all::<F>(), &vec![0.0; model.coefficients().len()])
            .unwrap();
    let control = Control::new();
    for q in quantities::<F>() {
        let plain = model.base().score(&q, &data.table(), &control).unwrap();
        let same = none.score(&q, &data.table(), &control).unwrap();
        assert_eq!(bits(&plain), bits(&same), "{} {q:?}: coefficients 0", F::SPEC.id);
        assert_ne!(bits(&plain), bits(&model.score(&q, &data.table(), &control).unwrap()));
    }
    for name in ["web", "age"] {
        data.column(name).fill(0.0);
    }
    for q in quantities::<F>() {
        let plain = model.base().score(&q, &data.table(), &control).unwrap();
        let same = model.score(&q, &data.table(), &control).unwrap();
        assert_eq!(bits(&plain), bits(&same), "{} {q:?}: covariates 0", F::SPEC.id);
    }
}

#[test]
fn covariates_or_coefficients_that_are_0_give_the_plain_model_to_the_last_bit() {
    zero_covariates_or_coefficients_are_the_plain_model::<ParetoNbd>();
    zero_covariates_or_coefficients_are_the_plain_model::<BgNbd>();
    zero_covariates_or_coefficients_are_the_plain_model::<GgomNbd>();
    zero_covariates_or_coefficients_are_the_plain_model::<cam_core::clv::MbgNbd>();
    zero_covariates_or_coefficients_are_the_plain_model::<GammaGamma>();
}

#[test]
fn derivatives_agree_with_those_to_50_digits() {
    let text = crate::testdata("covariates.csv");
    let cases: [(&[f64], Covariates, &[f64]); 5] = [
        (&[0.55, 10.6, 0.61, 11.7], on_all::<ParetoNbd>(), &[0.4, -0.3, -0.25, 0.5]),
        (&[2.5, 3.0, 4.0, 80.0], on_all::<ParetoNbd>().constrain("web").constrain("age"), &[-0.7, 0.2]),
        (&[0.24, 4.41, 0.79, 2.43], on_all::<BgNbd>(), &[0.3, 0.1, -0.4, 0.2, 0.15, -0.35]),
        (&[1.24, 14.0, 3.1, 0.4], on_all::<BgNbd>().pooled("lifetime"), &[0.3, 0.1, -0.4, 0.2]),
        (&[6.25, 3.74, 15.44], on_all::<GammaGamma>(), &[0.35, -0.2]),
    ];
    let x = [0.0, 2.0, 1.0, 7.0, 26.0, 0.0, 3.0];
    let t_x = [0.0, 30.43, 1.71, 29.43, 30.86, 0.0, 12.0];
    let t = [38.86, 38.86, 38.86, 38.86, 31.0, 3.5, 52.0];
    let spends = [1.0, 2.0, 7.0, 3.0, 1.0, 12.0, 4.0];
    let means = [20.5, 35.25, 12.125, 80.0, 5.0, 41.5, 33.0];
    let web = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0];
    let age = [0.0, 0.25, -1.5, 2.0, 0.75, -0.5, 1.25];
    let covariates = Table::new().with("web", &web).unwrap().with("age", &age).unwrap();
    let history = covariates
        .clone()
        .with("frequency", &x)
        .unwrap()
        .with("recency", &t_x)
        .unwrap()
        .with("T", &t)
        .unwrap();
    let spend = covariates.with("frequency", &spends).unwrap().with("monetary_value", &means).unwrap();
    let mut seen = 0;
    let control = Control::new();
    let likelihood = |case: usize, id: &str| -> Box<dyn Likelihood> {
        let (theta, covariates, gamma) = &cases[case];
        fn of<F: Family>(
            theta: &[f64],
            c: &Covariates,
            gamma: &[f64],
            table: &Table<'_>,
        ) -> Box<dyn Likelihood> {
            let model = WithCovariates::new(F::from_parameters(theta).unwrap(), c, gamma).unwrap();
            Box::new(covariate_likelihood(table, &model, &Control::new()).unwrap())
        }
        match id {
            "pareto_nbd" => of::<ParetoNbd>(theta, covariates, gamma, &history),
            "bg_nbd" => of::<BgNbd>(theta, covariates, gamma, &history),
            _ => of::<GammaGamma>(theta, covariates, gamma, &spend),
        }
    };
    for line in text.lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let (case, i, j): (usize, usize, usize) =
            (fields[0].parse().unwrap(), fields[3].parse().unwrap(), fields[4].parse().unwrap());
        let want: f64 = fields[5].parse().unwrap();
        let likelihood = likelihood(case, fields[1]);
        let u = vec![0.0; likelihood.coordinates().len()];
        let point = likelihood.evaluate(&u, &control).unwrap();
        // A step of a coordinate is one of ln θ, or so much of γ.
        let step = |i: usize| match likelihood.coordinates()[i].scale {
            cam_core::fit::Scale::Line(step) => step,
            _ => 1.0,
        };
        let got = -7.0
            * match fields[2] {
                "value" => point.value,
                "gradient" => point.gradient[i] / step(i),
                _ => point.hessian[[i, j]] / (step(i) * step(j)),
            };
        // Sums cancel: relative to what they are sums of, which is no smaller than 1.
        assert!((got - want).abs() <= 1e-10 * want.abs().max(0.1), "{line}: {got}");
        seen += 1;
    }
    assert!(seen > 200);
}

fn recovers<F: Family>() {
    let truth = example::<F>();
    let data = simulated(&truth, 20_000);
    let fitted =
        fit_with_covariates::<F>(&data.table(), &on_all::<F>(), &FitOptions::new(), &Control::new()).unwrap();
    let report = fitted.report().unwrap();
    assert_eq!(report.status, Status::Converged, "{}", F::SPEC.id);
    let errors = report.standard_errors().unwrap();
    for (((name, got), want), se) in
        fitted.model.names().iter().zip(fitted.model.parameters()).zip(truth.parameters()).zip(&errors)
    {
        // As for the plain models: one chance in 150,000 per parameter.
        assert!(
            (got - want).abs() < 4.5 * se,
            "{} {name}: {got} for {want}, standard error {se}",
            F::SPEC.id
        );
    }
    assert_eq!(errors.len(), truth.parameters().len());
    let plain = F::fit(strip::<F>(&data)).unwrap();
    assert!(plain.report().unwrap().log_likelihood < report.log_likelihood - 10.0);
}

fn strip<F: Family>(data: &Data) -> Table<'_> {
    F::SPEC.columns.iter().fold(Table::new(), |t, c| {
        t.with(c.name, &data.columns[data.names.iter().position(|n| *n == c.name).unwrap()]).unwrap()
    })
}

#[test]
fn simulated_data_give_parameters_and_coefficients_back() {
    recovers::<ParetoNbd>();
    recovers::<BgNbd>();
    recovers::<GgomNbd>();
    recovers::<cam_core::clv::MbgNbd>();
    recovers::<cam_core::clv::GgomNbd>();
    recovers::<cam_core::clv::Nbd>();
    recovers::<GammaGamma>();
    recovers::<cam_core::clv::LogNormalSpend>();
}

#[test]
fn neither_threads_nor_the_order_of_customers_change_a_bit_and_a_weight_of_two_is_a_row_repeated() {
    let (_, mut data) = pareto();
    let fit = |data: &Data, threads: usize| {
        let control = Control::new().threads(threads);
        let options = FitOptions::new().covariates(on_all::<ParetoNbd>().penalty("purchase", 0.01));
        model("pareto_nbd").unwrap().fit(&data.table(), &options, &control).unwrap().to_json().unwrap()
    };
    let one = fit(&data, 1);
    assert_eq!(one, fit(&data, 2));
    assert_eq!(one, fit(&data, 7));
    let mut turned = Data { names: data.names.clone(), columns: data.columns.clone() };
    turned.columns.iter_mut().for_each(|c| {
        c.rotate_left(1_234);
        c.reverse();
    });
    assert_eq!(one, fit(&turned, 2));
    let doubled = Data {
        names: data.names.clone(),
        columns: data.columns.iter().map(|c| [&c[..], &c[..]].concat()).collect(),
    };
    data.names.push("weight");
    data.columns.push(vec![2.0; 4_000]);
    assert_eq!(fit(&doubled, 2), fit(&data, 2));
    let (truth, data) = pareto();
    for q in quantities::<ParetoNbd>() {
        let one = truth.score(&q, &data.table(), &Control::new().threads(1)).unwrap();
        assert_eq!(bits(&one), bits(&truth.score(&q, &data.table(), &Control::new().threads(3)).unwrap()));
    }
}

#[test]
fn another_unit_of_time_or_of_a_covariate_leaves_the_maximum_where_it_is() {
    let (_, data) = pareto();
    let fit = |data: &Data| {
        let covariates = on_all::<ParetoNbd>().penalty("lifetime", 0.003);
        fit_with_covariates::<ParetoNbd>(&data.table(), &covariates, &FitOptions::new(), &Control::new())
            .unwrap()
    };
    let here = fit(&data).model.parameters();
    let mut other = Data { names: data.names.clone(), columns: data.columns.clone() };
    for name in ["recency", "T"] {
        other.column(name).iter_mut().for_each(|v| *v *= 365.25);
    }
    other.column("age").iter_mut().for_each(|v| *v *= 3_650.0);
    let there = fit(&other).model.parameters();
    let factors = [1.0, 365.25, 1.0, 365.25, 1.0, 1.0 / 3_650.0, 1.0, 1.0 / 3_650.0];
    for ((a, b), factor) in here.iter().zip(&there).zip(factors) {
        assert!((a * factor / b - 1.0).abs() < 1e-7, "{a} {b}");
    }
    // The zero of a covariate may lie anywhere: only the parameters at 0 are others then.
    other.columns = data.columns.clone();
    other.column("age").iter_mut().for_each(|v| *v += 20.0);
    let there = fit(&other).model.parameters();
    for i in [0, 2, 4, 5, 6, 7] {
        assert!((here[i] / there[i] - 1.0).abs() < 1e-7, "{i}: {} {}", here[i], there[i]);
    }
    assert!((there[1] / (here[1] * (20.0 * here[5]).exp()) - 1.0).abs() < 1e-6);
}

#[test]
fn a_document_opens_to_the_same_model_which_asks_for_the_same_columns() {
    let (_, mut data) = pareto();
    let covariates = Covariates::new()
        .on("purchase", ["web", "age"])
        .on("lifetime", ["web"])
        .levels("web", ["shop", "web"]);
    let options = FitOptions::new().covariates(covariates);
    let table = data.table().in_unit(Unit::WEEK);
    let fitted = model("pareto_nbd").unwrap().fit(&table, &options, &Control::new()).unwrap();
    assert_eq!(fitted.model.names()[4..], ["purchase:web=web", "purchase:age", "lifetime:web=web"]);
    let text = fitted.to_json().unwrap();
    let opened = Fitted::<Box<dyn Model>>::from_json(&text).unwrap();
    assert_eq!(opened.to_json().unwrap(), text);
    assert_eq!(Fitted::<WithCovariates<ParetoNbd>>::from_json(&text).unwrap().to_json().unwrap(), text);
    for q in quantities::<ParetoNbd>() {
        let before = fitted.model.score(&q, &table, &Control::new()).unwrap();
        assert_eq!(bits(&opened.model.score(&q, &table, &Control::new()).unwrap()), bits(&before));
    }
    let refused = |text: &str, what: &str| {
        let error = Fitted::<Box<dyn Model>>::from_json(text).unwrap_err();
        assert_eq!(error.kind(), cam_core::ErrorKind::InvalidDocument);
        assert!(error.to_string().contains(what), "{error}");
    };
    refused(&text.replace("\"purchase:age\"", "\"purchase:weight\""), "purchase:weight");
    refused(&text.replace("pareto_nbd", "bg_bb"), "no parameter of bg_bb");
    refused(&text.replace("\"lifetime\":[\"web\"]", "\"leaving\":[\"web\"]"), "leaving");
    assert!(Fitted::<ParetoNbd>::from_json(&text).is_err());
    let intervals = opened.confidence_intervals(0.95).unwrap();
    assert_eq!(intervals.len(), 7);
    assert!(intervals.iter().zip(opened.model.parameters()).all(|(i, v)| i.lower < v && v < i.upper));
    data.names[3] = "channel";
    let error = opened.model.score(&Quantity::LogLikelihood {}, &data.table(), &Control::new()).unwrap_err();
    assert_eq!(error.field(), Some("web"));
}

#[test]
fn a_categorical_column_is_as_many_columns_of_zeros_and_ones() {
    let (_, mut data) = pareto();
    let region: Vec<f64> = (0..4_000).map(|i| f64::from(i % 3)).collect();
    let (south, west) = (
        region.iter().map(|r| f64::from(u8::from(*r == 1.0))).collect(),
        region.iter().map(|r| f64::from(u8::from(*r == 2.0))).collect(),
    );
    data.names.extend(["region", "region=south", "region=west"]);
    data.columns.extend([region, south, west]);
    let fit = |covariates: &Covariates| {
        fit_with_covariates::<ParetoNbd>(&data.table(), covariates, &FitOptions::new(), &Control::new())
            .unwrap()
    };
    let coded =
        fit(&Covariates::new().on("purchase", ["region"]).levels("region", ["north", "south", "west"]));
    let by_hand = fit(&Covariates::new().on("purchase", ["region=south", "region=west"]));
    assert_eq!(coded.model.names(), by_hand.model.names());
    for (a, b) in coded.model.parameters().iter().zip(by_hand.model.parameters()) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
}

#[test]
fn new_customers_are_those_of_the_model_that_is_given_their_covariates() {
    let (model, _) = pareto();
    let covariates = Table::new().with("web", &[1.0]).unwrap().with("age", &[0.5]).unwrap();
    let plain = model.given(&covariates).unwrap();
    assert_eq!(plain.parameters(), model.given_values(&[1.0, 0.5]).unwrap().parameters());
    let zeros =
        ["frequency", "recency", "T"].iter().fold(covariates, |t, name| t.with(name, &[0.0]).unwrap());
    let horizon = Quantity::ExpectedPurchases { horizon: 52.0 };
    for q in [
        horizon,
        Quantity::ProbabilityAlive { after: 9.0 },
        Quantity::PurchaseProbability { n: 2, horizon: 9.0 },
    ] {
        let new = plain.new_customer(&q).unwrap();
        let scored = model.score(&q, &zeros, &Control::new()).unwrap()[0];
        assert!((scored / new - 1.0).abs() < 1e-13, "{q:?}: {scored} {new}");
    }
    let error = model.new_customer(&horizon).unwrap_err();
    assert!(error.to_string().contains("web, age"), "{error}");
}

#[test]
fn a_penalty_holds_coefficients_back_and_the_slope_of_the_likelihood_against_it() {
    let (_, data) = pareto();
    let table = data.table();
    let at = |penalty: f64| {
        let covariates = on_all::<ParetoNbd>().penalty("purchase", penalty).penalty("lifetime", penalty);
        fit_with_covariates::<ParetoNbd>(&table, &covariates, &FitOptions::new(), &Control::new()).unwrap()
    };
    let (free, held, tight) = (at(0.0), at(0.05), at(1e4));
    let norm =
        |f: &Fitted<WithCovariates<ParetoNbd>>| f.model.coefficients().iter().map(|g| g * g).sum::<f64>();
    assert!(norm(&free) > norm(&held) && norm(&held) > norm(&tight) && norm(&tight) < 1e-6);
    let log_likelihood = |f: &Fitted<WithCovariates<ParetoNbd>>| f.report().unwrap().log_likelihood;
    assert!(log_likelihood(&free) > log_likelihood(&held) && log_likelihood(&held) > log_likelihood(&tight));
    // d mean LL/dγ = 2 · penalty · s² γ; in steps of a standard deviation s: 2 · penalty · s γ.
    let plain =
        WithCovariates::new(*held.model.base(), &on_all::<ParetoNbd>(), held.model.coefficients()).unwrap();
    let likelihood = covariate_likelihood(&table, &plain, &Control::new()).unwrap();
    let point = likelihood.evaluate(&[0.0; 8], &Control::new()).unwrap();
    for (c, gamma) in held.model.coefficients().iter().enumerate() {
        let cam_core::fit::Scale::Line(step) = likelihood.coordinates()[4 + c].scale else { panic!() };
        assert!((point.gradient[4 + c] + 2.0 * 0.05 * gamma / step).abs() < 1e-10);
    }
    assert!((log_likelihood(&held) + 4_000.0 * point.value).abs() < 1e-6);
    // With the penalty it is flat there.
    let penalised = covariate_likelihood(&table, &held.model, &Control::new()).unwrap();
    let point = penalised.evaluate(&[0.0; 8], &Control::new()).unwrap();
    assert!(point.gradient.iter().all(|slope| slope.abs() < 1e-8), "{}", point.gradient);
}

#[test]
fn a_constraint_is_one_coefficient_for_both_processes() {
    let (_, data) = pareto();
    let covariates = on_all::<ParetoNbd>().constrain("web");
    let fit = |covariates: &Covariates| {
        fit_with_covariates::<ParetoNbd>(&data.table(), covariates, &FitOptions::new(), &Control::new())
            .unwrap()
    };
    let constrained = fit(&covariates);
    assert_eq!(constrained.model.names()[4..], ["purchase+lifetime:web", "purchase:age", "lifetime:age"]);
    let given = constrained.model.given_values(&[1.0, 0.0]).unwrap();
    let base = constrained.model.base();
    assert!((base.alpha() / given.alpha() - base.beta() / given.beta()).abs() < 1e-14);
    let free = fit(&on_all::<ParetoNbd>());
    assert!(free.report().unwrap().log_likelihood > constrained.report().unwrap().log_likelihood);
}

#[test]
fn coefficients_that_the_data_cannot_tell_are_named() {
    // Customers differ less in when they leave than by chance, so a and b run away together; one coefficient for both says nothing then.
    let n = 4_000;
    let mut stream = Stream::new(3, 0);
    let mut columns = vec![Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for i in 0..n {
        let (web, age) = (f64::from(u8::from(i % 2 == 0)), 40.0);
        let rate = stream.gamma(0.8) / 6.0;
        let (mut x, mut last, mut time) = (0.0, 0.0, 0.0);
        loop {
            time += stream.exponential() / rate;
            if time > age {
                break;
            }
            (x, last) = (x + 1.0, time);
            if x == 3.0 {
                break;
            }
        }
        for (column, value) in columns.iter_mut().zip([x, last, age, web]) {
            column.push(value);
        }
    }
    let data = Data { names: vec!["frequency", "recency", "T", "web"], columns };
    let covariates = Covariates::new().on("lifetime", ["web"]).pooled("lifetime");
    let fitted =
        fit_with_covariates::<BgNbd>(&data.table(), &covariates, &FitOptions::new(), &Control::new())
            .unwrap();
    let Status::Boundary { parameters } = &fitted.report().unwrap().status else {
        panic!("{:?} {:?}", fitted.report().unwrap().status, fitted.model.parameters())
    };
    for name in ["a -> infinity", "b -> infinity"] {
        assert!(parameters.iter().any(|p| p == name), "{parameters:?}");
    }
    assert!(fitted.report().unwrap().covariance.is_none());
}

/// One customer of a level who is surely there has no risk of leaving; and of a covariate that only customers have of whom leaving is not seen the data say nothing.
#[test]
fn a_coefficient_along_which_the_likelihood_is_flat_is_named() {
    let (_, mut data) = pareto();
    let column = |data: &Data, name: &str| data.table().column(name).unwrap().to_vec();
    let (x, t_x, age) = (column(&data, "frequency"), column(&data, "recency"), column(&data, "T"));
    let surest =
        (0..x.len()).max_by(|&i, &j| (x[i] * t_x[i] / age[i]).total_cmp(&(x[j] * t_x[j] / age[j]))).unwrap();
    data.names.extend(["rare", "again"]);
    data.columns.push((0..x.len()).map(|i| f64::from(u8::from(i == surest))).collect());
    data.columns.push(x.iter().map(|x| f64::from(u8::from(*x > 0.0))).collect());
    let named = |status: &Status, name: &str| {
        let Status::Boundary { parameters } = status else { panic!("{status:?}") };
        assert!(parameters.iter().any(|p| p.starts_with(name)), "{parameters:?}");
    };
    let rare = Covariates::new().on("lifetime", ["rare"]);
    let fitted =
        fit_with_covariates::<ParetoNbd>(&data.table(), &rare, &FitOptions::new(), &Control::new()).unwrap();
    named(&fitted.report().unwrap().status, "lifetime:rare -> -infinity");
    // In BG/NBD only those who came back may have left.
    let again = Covariates::new().on("lifetime", ["again"]);
    let fitted =
        fit_with_covariates::<BgNbd>(&data.table(), &again, &FitOptions::new(), &Control::new()).unwrap();
    named(&fitted.report().unwrap().status, "lifetime.");
    // A penalty holds both.
    let held = rare.penalty("lifetime", 0.01);
    let fitted =
        fit_with_covariates::<ParetoNbd>(&data.table(), &held, &FitOptions::new(), &Control::new()).unwrap();
    assert!(fitted.report().unwrap().converged());
}

#[test]
fn every_family_that_declares_processes_takes_covariates_by_name_and_the_others_refuse_them() {
    for entry in models() {
        let zeros = [0.0, 1.0, 0.0];
        let table = Table::new().with("web", &zeros).unwrap();
        let process = entry.processes().first().map_or("purchase", |p| p.name);
        let options = FitOptions::new().covariates(Covariates::new().on(process, ["web"]));
        let error = entry.fit(&table, &options, &Control::new()).unwrap_err();
        let kind = if entry.processes().is_empty() { "unsupported" } else { "invalid_shape" };
        assert_eq!(error.kind().name(), kind, "{}: {error}", entry.spec().id);
        for process in entry.processes() {
            for (parameter, _) in process.scales {
                let at = entry.spec().parameter_index(parameter).unwrap();
                assert_eq!(entry.spec().parameters[at].domain, cam_core::table::Domain::Positive);
            }
        }
    }
}

#[test]
fn estimates_agree_with_those_of_pymc_marketing_on_the_same_customers() {
    let customers = crate::testdata("covariates_customers.csv");
    let theirs = crate::testdata("covariates_pymc.csv");
    fn fit<F: Family>(table: &Table<'_>) -> (Vec<f64>, Vec<f64>) {
        let covariates = on_all::<F>();
        let fitted =
            fit_with_covariates::<F>(table, &covariates, &FitOptions::new(), &Control::new()).unwrap();
        assert!(fitted.report().unwrap().converged());
        (fitted.model.parameters(), fitted.report().unwrap().standard_errors().unwrap())
    }
    for id in ["pareto_nbd", "bg_nbd"] {
        let mut columns = vec![Vec::new(); 5];
        for line in customers.lines().skip(2).filter(|line| line.ends_with(id)) {
            for (column, field) in columns.iter_mut().zip(line.split(',')) {
                column.push(field.parse::<f64>().unwrap());
            }
        }
        let data = Data { names: vec!["frequency", "recency", "T", "web", "age"], columns };
        assert_eq!(data.columns[0].len(), 900);
        let (ours, errors) = match id {
            "pareto_nbd" => fit::<ParetoNbd>(&data.table()),
            _ => fit::<BgNbd>(&data.table()),
        };
        let theirs: Vec<f64> = theirs
            .lines()
            .filter(|line| line.starts_with(id))
            .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(theirs.len(), ours.len());
        for ((a, b), se) in ours.iter().zip(&theirs).zip(&errors) {
            assert!((a - b).abs() < 1e-3 * se, "{id}: {ours:?}\n{theirs:?}\n{errors:?}");
        }
    }
}

#[test]
fn a_new_customer_of_a_model_with_covariates_is_one_of_a_model_that_is_given_them() {
    let covariates = Covariates::new().on("purchase", ["age", "web"]);
    let model =
        WithCovariates::new(BgNbd::new(0.24, 4.4, 0.8, 2.4).unwrap(), &covariates, &[0.1, 0.2]).unwrap();
    let error = model.new_customer(&Quantity::ExpectedPurchases { horizon: 5.0 }).unwrap_err().to_string();
    assert!(error.contains("has covariates (age, web)"), "{error}");
    assert!(model.given_values(&[1.0, 0.0]).is_ok());
}
