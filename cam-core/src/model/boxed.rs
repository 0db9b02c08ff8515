//! A model behind a box is a model: what the registry gives goes wherever one of a known type does.

use super::{CountScorer, Covariates, Futures, Model, Quantity, Scorer, Spec, Spending};
use crate::control::Control;
use crate::error::Result;
use crate::math::random::Stream;
use crate::table::Table;
use std::borrow::Cow;
use std::ops::Range;

impl Model for Box<dyn Model> {
    fn spec(&self) -> &'static Spec {
        (**self).spec()
    }
    fn parameters(&self) -> Vec<f64> {
        (**self).parameters()
    }
    fn names(&self) -> Vec<Cow<'static, str>> {
        (**self).names()
    }
    fn covariates(&self) -> Option<&Covariates> {
        (**self).covariates()
    }
    fn given(&self, covariates: &Table<'_>) -> Result<Box<dyn Model>> {
        (**self).given(covariates)
    }
    fn is_posterior(&self) -> bool {
        (**self).is_posterior()
    }
    fn drawn_customer(&self, row: &Table<'_>, stream: &mut Stream) -> Result<Box<dyn Model>> {
        (**self).drawn_customer(row, stream)
    }
    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>> {
        (**self).score(quantity, table, control)
    }
    fn row_scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        (**self).row_scorer(quantity)
    }
    fn row_counts(&self, horizon: f64) -> Option<CountScorer<'_>> {
        (**self).row_counts(horizon)
    }
    fn shares_counts(&self, horizon: f64) -> bool {
        (**self).shares_counts(horizon)
    }
    fn counts(
        &self,
        horizon: f64,
        range: Range<u32>,
        table: &Table<'_>,
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        (**self).counts(horizon, range, table, control)
    }
    fn new_customer(&self, quantity: &Quantity) -> Result<f64> {
        (**self).new_customer(quantity)
    }
    fn simulate(&self, design: &Table<'_>, seed: u64, control: &Control<'_>) -> Result<Vec<Vec<f64>>> {
        (**self).simulate(design, seed, control)
    }
    fn futures(&self) -> Option<Futures<'_>> {
        (**self).futures()
    }
    fn futures_by_draw(&self) -> Option<Vec<Futures<'_>>> {
        (**self).futures_by_draw()
    }
    fn spending(&self) -> Option<Spending<'_>> {
        (**self).spending()
    }
    fn document(&self) -> Option<Result<String>> {
        (**self).document()
    }
    fn boxed(&self) -> Box<dyn Model> {
        (**self).boxed()
    }
}

impl Clone for Box<dyn Model> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}
