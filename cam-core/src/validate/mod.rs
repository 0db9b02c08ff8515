//! Choosing and trusting a model: how well predictions meet what happened, and which of several models to take.
//!
//! A model is fitted to what was known at a cut-off (the calibration) and asked what comes after; what did come (the holdout) is the judge.
//!
//! | module | question |
//! |---|---|
//! | [`points`] | how far off are expected purchases, of single customers and of all together? |
//! | [`ranking`](fn@ranking) | does the order of the customers come out right (Spearman, Kendall), and do the best bring what they should (Gini, lift)? |
//! | [`counts`] | is the whole distribution of the count right (log score, probability integral transform)? |
//! | [`frequency`] | does the model reproduce how many bought 0, 1, 2, … times in the calibration? |
//! | [`mod@track`] | do purchases rise and fall in time as they should, or with the seasons? |
//! | [`mod@compare`] | all of it, for any set of models, with a recommendation and its reason |
//!
//! A log score, −ln of the probability of what happened, is the only one of them that no model can better by saying other than it means
//! (Gneiting & Raftery 2007, Journal of the American Statistical Association 102(477), 359–378); so recommendations go by it.

pub mod compare;
pub mod counts;
pub mod frequency;
pub mod points;
pub mod ranking;
pub mod track;

pub use compare::{Compare, CompareOptions, Comparison, Judged, compare};
pub use counts::{CountScores, Uniformity, count_scores, uniformity};
pub use frequency::{FrequencyFit, frequency_fit};
pub use points::{Decile, PointErrors, deciles, point_errors};
pub use ranking::{Ranking, ranking};
pub use track::{Track, TrackFit, track};
