//! The one error type of the crate.
//!
//! An [`Error`] is opaque: it says in one sentence where, which rule, and what was got
//! (`row 5: need 0 <= recency <= T, got recency = 12, T = 10`), and it answers questions about itself:
//! [`kind`](Error::kind), [`row`](Error::row), [`field`](Error::field). The number of an [`ErrorKind`] never
//! changes its meaning: it is the status code of the C library and decides the exception class in Python.

use std::fmt;

/// What kind of thing went wrong. The discriminants are stable and are the status codes of the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// A parameter, option or argument lies outside its domain.
    InvalidParameter = 1,
    /// A row of the data breaks a rule; [`Error::row`] says which row.
    InvalidData = 2,
    /// Columns are missing, empty, of unequal length or of the wrong type.
    InvalidShape = 3,
    /// No model, quantity, column, unit or option of that name.
    UnknownName = 4,
    /// A stored document cannot be read: not JSON, not ours, or of a later version.
    InvalidDocument = 5,
    /// The data are well formed, but too few or too uniform for the model to be estimated.
    NotEnoughData = 6,
    /// A computation left the range in which it can be carried out.
    Numerical = 7,
    /// The caller asked for the work to stop.
    Interrupted = 8,
    /// The model does not define what was asked of it.
    Unsupported = 9,
    /// A defect in cam itself: a panic that a door caught.
    Internal = 99,
}

impl ErrorKind {
    /// The stable number of this kind: the status code at the C door.
    pub fn code(self) -> i32 {
        self as i32
    }

    /// A short stable name, such as `invalid_data`.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::InvalidParameter => "invalid_parameter",
            ErrorKind::InvalidData => "invalid_data",
            ErrorKind::InvalidShape => "invalid_shape",
            ErrorKind::UnknownName => "unknown_name",
            ErrorKind::InvalidDocument => "invalid_document",
            ErrorKind::NotEnoughData => "not_enough_data",
            ErrorKind::Numerical => "numerical",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Internal => "internal",
        }
    }
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be done. See the [module](self) for what it tells.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    kind: ErrorKind,
    row: Option<usize>,
    field: Option<String>,
    message: String,
}

/// A number as messages show it: the fewest digits that read back to the same number, with an exponent from 1e16 on and below 1e-5, where
/// `{}` alone would print up to three hundred zeros.
///
/// ```
/// use cam_core::error::brief;
/// let shown: Vec<String> = [12.0, 0.1, 1e300, -2.5e-9].map(|x| brief(x).to_string()).into();
/// assert_eq!(shown, ["12", "0.1", "1e300", "-2.5e-9"]);
/// ```
pub fn brief(number: f64) -> impl fmt::Display {
    Brief(number)
}

/// A p-value in words: below what a double holds to all its digits, it is not 0.
///
/// ```
/// use cam_core::error::brief_p;
/// assert_eq!([0.03, 0.0].map(brief_p), ["3.0e-2", "below 1e-300"]);
/// ```
pub fn brief_p(p: f64) -> String {
    if p < 1e-300 { "below 1e-300".into() } else { format!("{p:.1e}") }
}

struct Brief(f64);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, size) = (self.0, self.0.abs());
        if size.is_finite() && size != 0.0 && !(1e-5..1e16).contains(&size) {
            write!(f, "{number:e}")
        } else {
            write!(f, "{number}")
        }
    }
}

impl Error {
    /// An error of the given kind; `message` names the rule and the value.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, row: None, field: None, message: message.into() }))
    }

    /// A parameter or argument out of its domain: `r must be positive and finite, got -1`.
    pub fn parameter(name: &str, rule: &str, got: impl fmt::Display) -> Self {
        // Whole numbers and names stay as they are; they are never so long.
        let mut got = got.to_string();
        if let (true, Ok(number)) = (got.len() > 20, got.parse()) {
            got = brief(number).to_string();
        }
        Error::new(ErrorKind::InvalidParameter, format!("{name} must be {rule}, got {got}")).with_field(name)
    }

    /// A row that breaks a rule. Rows are counted from 0.
    pub fn data(row: usize, message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidData, message).with_row(row)
    }

    /// Missing, empty or mismatched columns.
    pub fn shape(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidShape, message)
    }

    /// A name that is not known, with the names that are.
    pub fn unknown<'a>(what: &str, got: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let there = match known.is_empty() {
            true => "there is none".to_owned(),
            false => format!("there are: {}", known.join(", ")),
        };
        Error::new(ErrorKind::UnknownName, format!("no {what} named {got:?}; {there}")).with_field(got)
    }

    /// JSON that cannot be read as `what`: a name in it that is not known, with those that are, or whatever else is wrong.
    ///
    /// ```
    /// use cam_core::{Error, ErrorKind, FitOptions};
    /// let wrong = serde_json::from_str::<FitOptions>(r#"{"method": "vb"}"#).unwrap_err();
    /// let error = Error::json("the options of a fit", &wrong);
    /// assert_eq!(error.kind(), ErrorKind::UnknownName);
    /// assert_eq!(error.to_string(), r#"no choice in the options of a fit named "vb"; there are: mle, map, nuts"#);
    /// ```
    pub fn json(what: &str, wrong: &serde_json::Error) -> Self {
        Error::json_choice(what, &format!("choice in {what}"), wrong)
    }

    /// The same, where it is known what a choice among names is called.
    pub(crate) fn json_choice(what: &str, choice: &str, wrong: &serde_json::Error) -> Self {
        let text = wrong.to_string();
        // serde says it in words only: unknown variant `a`, expected `b` or `c`; unknown field `a`, expected one of `b`, `c`, `d`.
        let mut names = text.split('`').skip(1).step_by(2);
        let name = format!("name in {what}");
        let sorts = [("unknown variant", choice), ("unknown field", &name)];
        match (sorts.into_iter().find(|(words, _)| text.starts_with(words)), names.next()) {
            (Some((_, sort)), Some(got)) => Error::unknown(sort, got, names),
            _ => Error::new(ErrorKind::InvalidParameter, format!("cannot read {what}: {text}")),
        }
    }

    /// The caller asked for the work to stop.
    pub fn interrupted() -> Self {
        Error::new(ErrorKind::Interrupted, "interrupted by the caller")
    }

    /// The same error, for this row (counted from 0).
    #[must_use]
    pub fn with_row(mut self, row: usize) -> Self {
        self.0.row = Some(row);
        self
    }

    /// The same error, about this column, parameter or option.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The row concerned, counted from 0, where there is one.
    pub fn row(&self) -> Option<usize> {
        self.0.row
    }

    /// The column, parameter or option concerned, where there is one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.row {
            Some(row) => write!(f, "row {row}: {}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {self})", self.0.kind.name())
    }
}

impl std::error::Error for Error {}
