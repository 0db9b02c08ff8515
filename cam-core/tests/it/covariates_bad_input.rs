//! What is wrong with covariates is said by name: the column, the row, the rule.

use cam_core::clv::ParetoNbd;
use cam_core::fit::fit_with_covariates;
use cam_core::model::Covariates;
use cam_core::{Control, Error, ErrorKind, FitOptions, Model, Quantity, Table};

fn columns() -> [Vec<f64>; 5] {
    let n = 60;
    let x: Vec<f64> = (0..n).map(|i| f64::from(i % 4)).collect();
    let t: Vec<f64> = (0..n).map(|i| 30.0 + f64::from(i % 5)).collect();
    let t_x = x.iter().zip(&t).map(|(x, t)| if *x > 0.0 { t * x / 4.5 } else { 0.0 }).collect();
    let web = (0..n).map(|i| f64::from(i % 2)).collect();
    let age = (0..n).map(|i| f64::from((i * 7) % 11)).collect();
    [x, t_x, t, web, age]
}

fn fit(columns: &[Vec<f64>; 5], covariates: &Covariates) -> Error {
    let names = ["frequency", "recency", "T", "web", "age"];
    let table = names.iter().zip(columns).fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    fit_with_covariates::<ParetoNbd>(&table, covariates, &FitOptions::new(), &Control::new()).unwrap_err()
}

#[test]
fn what_is_declared_must_stand_for_something() {
    let on = |process: &str, names: &[&str]| Covariates::new().on(process, names.to_vec());
    let both = || on("purchase", &["web"]).on("lifetime", ["web"]);
    let cases = [
        (Covariates::new(), ErrorKind::InvalidParameter, "must name a column", "covariates"),
        (on("dropout", &["web"]), ErrorKind::UnknownName, "there are: purchase, lifetime", "dropout"),
        (on("purchase", &["web", "web"]), ErrorKind::InvalidParameter, "twice for purchase", "web"),
        (on("purchase", &["income"]), ErrorKind::InvalidShape, "\"income\" is missing", "income"),
        (on("purchase", &["T"]), ErrorKind::InvalidParameter, "a column of the history", "T"),
        (on("purchase", &["web"]).penalty("spend", 1.0), ErrorKind::UnknownName, "no process", "spend"),
        (
            on("purchase", &["web"]).penalty("purchase", -1.0),
            ErrorKind::InvalidParameter,
            "got -1",
            "purchase",
        ),
        (on("purchase", &["web"]).constrain("web"), ErrorKind::InvalidParameter, "one process only", "web"),
        (both().constrain("age"), ErrorKind::UnknownName, "there are: web", "age"),
        (both().levels("age", ["a", "b"]), ErrorKind::UnknownName, "no covariate", "age"),
        (both().levels("web", ["a", "a"]), ErrorKind::InvalidParameter, "all different", "web"),
        (both().levels("web", ["a"]), ErrorKind::InvalidParameter, "two or more", "web"),
    ];
    for (covariates, kind, says, field) in cases {
        let error = fit(&columns(), &covariates);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.field(), Some(field), "{error}");
    }
    let spec = cam_core::model("bg_nbd").unwrap();
    let options = FitOptions::new().covariates(both().constrain("web"));
    let c = columns();
    let table = Table::new().with("web", &c[3]).unwrap();
    let error = spec.fit(&table, &options, &Control::new()).unwrap_err();
    assert!(error.to_string().contains("name it in pooled"), "{error}");
}

#[test]
fn a_value_that_is_no_number_is_named_with_its_row_and_column() {
    let covariates =
        Covariates::new().on("purchase", ["age"]).on("lifetime", ["web"]).levels("web", ["no", "yes"]);
    for (column, name, value) in
        [(4, "age", f64::NAN), (4, "age", f64::INFINITY), (3, "web", 2.0), (3, "web", 0.5), (3, "web", -1.0)]
    {
        let mut c = columns();
        c[column][17] = value;
        let error = fit(&c, &covariates);
        assert_eq!(
            (error.kind(), error.row(), error.field()),
            (ErrorKind::InvalidData, Some(17), Some(name)),
            "{error}"
        );
    }
    // A history is checked as ever.
    let mut c = columns();
    c[1][8] = 99.0;
    c[0][8] = 1.0;
    assert_eq!(fit(&c, &covariates).row(), Some(8));
    // Scoring goes on.
    let model = cam_core::model::WithCovariates::new(
        ParetoNbd::new(0.5, 8.0, 0.7, 12.0).unwrap(),
        &covariates,
        &[0.01, -0.3],
    )
    .unwrap();
    let mut c = columns();
    c[4][17] = f64::NAN;
    c[2][18] = f64::NAN;
    let table = ["frequency", "recency", "T", "web", "age"]
        .iter()
        .zip(&c)
        .fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    let scores = model.score(&Quantity::ProbabilityAlive { after: 0.0 }, &table, &Control::new()).unwrap();
    let nan: Vec<usize> = (0..scores.len()).filter(|&i| scores[i].is_nan()).collect();
    assert_eq!(nan, [17, 18]);
    c[3][5] = 3.0;
    let table = ["frequency", "recency", "T", "web", "age"]
        .iter()
        .zip(&c)
        .fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    let error = model.score(&Quantity::LogLikelihood {}, &table, &Control::new()).unwrap_err();
    assert_eq!((error.row(), error.field()), (Some(5), Some("web")), "{error}");
    // Covariates that would scale a parameter out of its domain.
    c[3][5] = 1.0;
    c[4][40] = 1e6;
    let table = ["frequency", "recency", "T", "web", "age"]
        .iter()
        .zip(&c)
        .fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    let error = model.score(&Quantity::LogLikelihood {}, &table, &Control::new()).unwrap_err();
    assert_eq!((error.row(), error.field()), (Some(40), Some("alpha")), "{error}");
}

#[test]
fn constant_and_collinear_covariates_are_named() {
    let covariates = Covariates::new().on("purchase", ["web", "age"]);
    let mut c = columns();
    c[4].fill(3.0);
    let error = fit(&c, &covariates);
    assert_eq!((error.kind(), error.field()), (ErrorKind::NotEnoughData, Some("age")), "{error}");
    assert!(error.to_string().contains("age is 3 for every customer"), "{error}");
    c[4] = c[3].iter().map(|w| 1e3 - 7.0 * w).collect();
    let error = fit(&c, &covariates);
    assert_eq!((error.kind(), error.field()), (ErrorKind::NotEnoughData, Some("age")), "{error}");
    assert!(error.to_string().contains("age is a linear function of web"), "{error}");
    // A level that nobody has.
    let levels = Covariates::new().on("lifetime", ["web"]).levels("web", ["no", "yes", "perhaps"]);
    let error = fit(&columns(), &levels);
    assert_eq!(error.field(), Some("web=perhaps"), "{error}");
}
