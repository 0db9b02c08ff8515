//! What is asked of a model: scores, lifetime values, simulations.

use crate::control::{cam_control, run};
use crate::error::cam_error;
use crate::guard::{borrow, check_room, copy_out, give, guard, text};
use crate::model::{cam_model, check_unit};
use crate::options;
use crate::table::{Values, cam_table};
use cam_core::Model;
use cam_core::clv::{ValueOptions, customer_lifetime_value};
use std::ffi::c_char;

/// A quantity for every row of a table, into `out`, which has room for `capacity` values. A row with a NaN gives NaN.
///
/// `quantity` is a name or JSON with arguments: "log_likelihood"; {"quantity": "probability_alive", "after": 0};
/// {"quantity": "expected_purchases", "horizon": 52}; {"quantity": "purchase_probability", "n": 2, "horizon": 52};
/// {"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.0027} or with "discount_rate" per unit of time, and
/// perhaps a "horizon"; "expected_spend".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_score(
    model: *const cam_model,
    quantity: *const c_char,
    table: *const cam_table,
    control: *const cam_control,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: live handles, a readable text and a buffer of that size, by the contract of the header.
        unsafe {
            let model = borrow(model, "model")?;
            let quantity = options::quantity(text(quantity, "quantity")?)?;
            let table = borrow(table, "table")?.core()?;
            check_room(out, capacity, table.rows(), "out")?;
            check_unit(model, &table)?;
            let scores = run(control, |control| model.fitted.model.score(&quantity, &table, control))?;
            copy_out(&scores, out, capacity, "out")
        }
    })
}

/// A quantity for a customer of whom nothing is known but that he or she has just been acquired.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_new_customer(
    model: *const cam_model,
    quantity: *const c_char,
    out: *mut f64,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle and a readable text, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let model = borrow(model, "model")?;
            let quantity = options::quantity(text(quantity, "quantity")?)?;
            model.fitted.model.new_customer(&quantity)
        })
    }
}

/// The lifetime value of every row of a table, in money: a purchase model, a spend model, and the columns of both. `options` is JSON:
/// {"horizon": 52, "discount_rate": 0.002, "margin": 1}; the rate is per unit of time and must be given; without a horizon the
/// value is for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_customer_lifetime_value(
    purchases: *const cam_model,
    spend: *const cam_model,
    table: *const cam_table,
    options: *const c_char,
    control: *const cam_control,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: live handles, a readable text and a buffer of that size, by the contract of the header.
        unsafe {
            let (purchases, spend) = (borrow(purchases, "purchases")?, borrow(spend, "spend")?);
            let table = borrow(table, "table")?.core()?;
            let options: ValueOptions = options::read(options)?;
            check_room(out, capacity, table.rows(), "out")?;
            check_unit(purchases, &table)?;
            let values = run(control, |control| {
                customer_lifetime_value(
                    &purchases.fitted.model,
                    &spend.fitted.model,
                    &table,
                    &options,
                    control,
                )
            })?;
            copy_out(&values, out, capacity, "out")
        }
    })
}

/// Draw one row for every row of `design`, which has the design columns of the model (see cam_models_json), into a table with the columns
/// of the model. Row i depends on the seed and on i alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_simulate(
    model: *const cam_model,
    design: *const cam_table,
    seed: u64,
    control: *const cam_control,
    out: *mut *mut cam_table,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: live handles, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let model = borrow(model, "model")?;
            let design = borrow(design, "design")?.core()?;
            check_unit(model, &design)?;
            let columns = run(control, |control| model.fitted.model.simulate(&design, seed, control))?;
            let names = model.fitted.model.spec().columns.iter().map(|c| c.name.to_owned());
            let columns = names.zip(columns.into_iter().map(Values::Owned)).collect();
            let unit = model.fitted.unit.or(design.unit());
            Ok(cam_table::of_columns(columns, unit)?.boxed())
        })
    }
}
