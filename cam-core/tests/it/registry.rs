//! What every model must do, by one walk over the registry: a new model is tested by being listed.

use cam_core::{Control, FitOptions, Fitted, Model, Quantity, Status, Table, Unit, model, models};

/// The model's own example.
fn ordinary(id: &str) -> (Vec<f64>, f64) {
    let (theta, design) = model(id).unwrap().spec().example;
    (theta.to_vec(), design)
}

struct Data {
    names: Vec<&'static str>,
    columns: Vec<Vec<f64>>,
}

impl Data {
    fn simulated(id: &str, n: usize) -> Data {
        let (theta, design) = ordinary(id);
        let entry = model(id).unwrap();
        let fitted = entry.with_parameters(&theta, None).unwrap();
        // Designs that differ, so that times and counts do.
        let column: Vec<f64> = (0..n).map(|i| (design * (0.5 + (i % 7) as f64 / 10.0)).ceil()).collect();
        let mut table = Table::new();
        for variable in entry.spec().design {
            table = table.with(variable.name, &column).unwrap();
        }
        let columns = fitted.model.simulate(&table, 11, &Control::new()).unwrap();
        Data { names: entry.spec().columns.iter().map(|c| c.name).collect(), columns }
    }

    fn table(&self) -> Table<'_> {
        self.names.iter().zip(&self.columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap())
    }
}

/// Every quantity that the model lists, with ordinary arguments.
fn quantities(spec: &cam_core::model::Spec) -> Vec<Quantity> {
    let all = [
        r#"{"quantity": "log_likelihood"}"#,
        r#"{"quantity": "probability_alive"}"#,
        r#"{"quantity": "probability_alive", "after": 10}"#,
        r#"{"quantity": "expected_purchases", "horizon": 20}"#,
        r#"{"quantity": "purchase_probability", "n": 2, "horizon": 20}"#,
        r#"{"quantity": "later_purchase_probability", "n": 2, "after": 5, "horizon": 20}"#,
        r#"{"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.01}"#,
        r#"{"quantity": "discounted_expected_purchases", "discount_rate": 0.01, "horizon": 20.5}"#,
        r#"{"quantity": "expected_spend"}"#,
        r#"{"quantity": "variance_of_purchases", "horizon": 20}"#,
        r#"{"quantity": "variance_of_discounted_purchases", "discount_rate": 0.01, "horizon": 20.5}"#,
        r#"{"quantity": "variance_of_mean_spend"}"#,
        r#"{"quantity": "expected_spend_variance"}"#,
        r#"{"quantity": "posterior_purchase_probability"}"#,
        r#"{"quantity": "posterior_dropout_probability"}"#,
    ];
    // Opportunities are whole.
    let whole = |json: &&str| if spec.is_discrete() { json.replace("20.5", "20") } else { json.to_string() };
    let all: Vec<Quantity> = all.iter().map(|json| Quantity::from_json(&whole(json)).unwrap()).collect();
    for name in spec.quantities {
        assert!(all.iter().any(|q| q.name() == *name), "no example of {name}");
    }
    all.into_iter().filter(|q| spec.quantities.contains(&q.name())).collect()
}

fn fit(id: &str, table: &Table<'_>) -> Fitted<Box<dyn Model>> {
    model(id).unwrap().fit(table, &FitOptions::new(), &Control::new()).unwrap()
}

#[test]
fn simulated_data_give_the_parameters_back() {
    for entry in models() {
        let id = entry.spec().id;
        let data = Data::simulated(id, 20_000);
        let fitted = fit(id, &data.table());
        let report = fitted.report().unwrap();
        assert_eq!(report.status, Status::Converged, "{id}");
        let (truth, _) = ordinary(id);
        let errors = report.standard_errors().unwrap();
        for ((got, want), se) in fitted.model.parameters().iter().zip(&truth).zip(errors) {
            // 4.5 standard errors: one chance in 150,000 per parameter for a right program; the seed is fixed.
            assert!((got - want).abs() < 4.5 * se, "{id}: {got} for {want}, standard error {se}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for entry in models() {
        let id = entry.spec().id;
        let data = Data::simulated(id, 30_000);
        let run = |threads: usize| {
            let control = Control::new().threads(threads);
            let fitted = entry.fit(&data.table(), &FitOptions::new(), &control).unwrap();
            let mut bits: Vec<u64> = fitted.model.parameters().iter().map(|v| v.to_bits()).collect();
            for q in quantities(entry.spec()) {
                let scores = fitted.model.score(&q, &data.table(), &control).unwrap();
                bits.extend(scores.iter().map(|v| v.to_bits()));
            }
            bits
        };
        let one = run(1);
        assert!(one == run(2) && one == run(7), "{id}");
    }
}

#[test]
fn the_order_of_the_customers_changes_no_bit() {
    for entry in models() {
        let id = entry.spec().id;
        let data = Data::simulated(id, 5_000);
        let mut shuffled = Data { names: data.names.clone(), columns: data.columns.clone() };
        for column in &mut shuffled.columns {
            let half = column.len() / 3;
            column.rotate_left(half);
            column.reverse();
        }
        let (a, b) = (fit(id, &data.table()), fit(id, &shuffled.table()));
        assert_eq!(a.to_json().unwrap(), b.to_json().unwrap(), "{id}");
    }
}

#[test]
fn a_weight_of_two_is_a_row_repeated() {
    for entry in models() {
        let id = entry.spec().id;
        let data = Data::simulated(id, 2_000);
        let weight = vec![2.0; 2_000];
        let doubled: Vec<Vec<f64>> = data.columns.iter().map(|c| [&c[..], &c[..]].concat()).collect();
        let doubled = Data { names: data.names.clone(), columns: doubled };
        let weighted = data.table().with("weight", &weight).unwrap();
        assert_eq!(
            fit(id, &weighted).to_json().unwrap(),
            fit(id, &doubled.table()).to_json().unwrap(),
            "{id}"
        );
    }
}

#[test]
fn a_document_opens_to_the_same_model() {
    for entry in models() {
        let id = entry.spec().id;
        let data = Data::simulated(id, 2_000);
        let table = data.table().in_unit(Unit::WEEK);
        let fitted = fit(id, &table);
        let text = fitted.to_json().unwrap();
        let opened = Fitted::<Box<dyn Model>>::from_json(&text).unwrap();
        assert_eq!(opened.to_json().unwrap(), text, "{id}");
        assert_eq!(opened.unit, Some(Unit::WEEK));
        for q in quantities(entry.spec()) {
            let before = fitted.model.score(&q, &table, &Control::new()).unwrap();
            assert_eq!(opened.model.score(&q, &table, &Control::new()).unwrap(), before, "{id} {q:?}");
        }
    }
}

#[test]
fn another_unit_of_time_or_money_leaves_the_maximum_where_it_is() {
    use cam_core::table::Dimension;
    for entry in models() {
        let (id, spec) = (entry.spec().id, entry.spec());
        if spec.is_bound_to_unit() {
            continue;
        }
        let data = Data::simulated(id, 3_000);
        let here = fit(id, &data.table());
        for dimension in [Dimension::Time, Dimension::Money] {
            for factor in [7.0, 365.25, 1.0 / 365.25] {
                let mut other = Data { names: data.names.clone(), columns: data.columns.clone() };
                for (column, variable) in other.columns.iter_mut().zip(spec.columns) {
                    if variable.dimension == dimension {
                        column.iter_mut().for_each(|v| *v *= factor);
                    }
                    if variable.dimension == Dimension::LogTime && dimension == Dimension::Time {
                        column.iter_mut().zip(&data.columns[0]).for_each(|(v, x)| *v += x * factor.ln());
                    }
                }
                let there = fit(id, &other.table());
                for ((a, b), p) in
                    here.model.parameters().iter().zip(there.model.parameters()).zip(spec.parameters)
                {
                    let expected = match p.dimension {
                        Dimension::Rate if dimension == Dimension::Time => a / factor,
                        own if own == dimension => a * factor,
                        _ => *a,
                    };
                    // The gradient vanishes to 1e-11 and rounding of rescaled times is 1e-16: flat directions magnify both.
                    assert!((b / expected - 1.0).abs() < 1e-7, "{id} {} x{factor}: {b}, {expected}", p.name);
                }
                if dimension == Dimension::Time && spec.quantities.contains(&"probability_alive") {
                    let q = Quantity::ProbabilityAlive { after: 0.0 };
                    let p = here.model.score(&q, &data.table(), &Control::new()).unwrap();
                    let other = there.model.score(&q, &other.table(), &Control::new()).unwrap();
                    assert!(p.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-7), "{id}");
                }
            }
        }
    }
}

#[test]
fn scoring_gives_nan_for_a_nan_row_and_fitting_refuses_it() {
    for entry in models() {
        let id = entry.spec().id;
        let mut data = Data::simulated(id, 100);
        // The last column that makes up a row.
        let last = entry.spec().row_columns().len() - 1;
        data.columns[last][37] = f64::NAN;
        let fitted = entry.with_parameters(&ordinary(id).0, None).unwrap();
        for q in quantities(entry.spec()) {
            let scores = fitted.model.score(&q, &data.table(), &Control::new()).unwrap();
            let nan: Vec<usize> = (0..100).filter(|&i| scores[i].is_nan()).collect();
            assert_eq!(nan, [37], "{id} {q:?}");
        }
        let error = entry.fit(&data.table(), &FitOptions::new(), &Control::new()).unwrap_err();
        assert_eq!(error.row(), Some(37), "{id}: {error}");
    }
}

#[test]
fn a_quantity_that_is_not_listed_is_refused_and_one_that_is_listed_is_answered() {
    for entry in models() {
        let id = entry.spec().id;
        let data = Data::simulated(id, 50);
        let fitted = entry.with_parameters(&ordinary(id).0, None).unwrap();
        for q in quantities(entry.spec()) {
            fitted
                .model
                .score(&q, &data.table(), &Control::new())
                .unwrap_or_else(|e| panic!("{id} {q:?} {e}"));
        }
        for json in [r#"{"quantity": "expected_spend"}"#, r#"{"quantity": "probability_alive"}"#] {
            let q = Quantity::from_json(json).unwrap();
            if !entry.spec().quantities.contains(&q.name()) {
                let error = fitted.model.score(&q, &data.table(), &Control::new()).unwrap_err();
                assert_eq!(error.kind(), cam_core::ErrorKind::Unsupported, "{id}");
                let error = fitted.model.new_customer(&q).unwrap_err();
                assert_eq!(error.kind(), cam_core::ErrorKind::Unsupported, "{id}");
            }
        }
    }
}

#[test]
fn parameters_out_of_their_domain_are_refused_by_name() {
    for entry in models() {
        let (theta, _) = ordinary(entry.spec().id);
        for (i, p) in entry.spec().parameters.iter().enumerate() {
            for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
                let mut theta = theta.clone();
                theta[i] = bad;
                let error = entry.with_parameters(&theta, None).unwrap_err();
                assert_eq!(error.field(), Some(p.name), "{error}");
            }
        }
        let error = entry.with_parameters(&theta[1..], None).unwrap_err();
        assert_eq!(error.kind(), cam_core::ErrorKind::InvalidShape);
    }
}

#[test]
fn the_same_seed_draws_the_same_customers() {
    for entry in models() {
        let id = entry.spec().id;
        let a = Data::simulated(id, 1_000).columns;
        assert_eq!(a, Data::simulated(id, 1_000).columns, "{id}");
        let fewer = Data::simulated(id, 10).columns;
        assert!(a.iter().zip(&fewer).all(|(a, b)| a[..10] == b[..]), "{id}: customer i depends on i alone");
    }
}
