//! One published value, ours, and how many of its digits agree.

use std::fmt::Write;

/// One line of the table.
#[derive(Clone)]
pub(crate) struct Row {
    /// Where it belongs: data and model.
    pub(crate) of: &'static str,
    /// What is published.
    pub(crate) what: String,
    /// As it is printed in its source, with all its digits.
    pub(crate) published: &'static str,
    /// What cam gives.
    pub(crate) ours: f64,
    /// Why it is another number; empty where it is the same.
    pub(crate) why: &'static str,
}

/// A value that is to agree in every digit.
pub(crate) fn row(of: &'static str, what: impl Into<String>, published: &'static str, ours: f64) -> Row {
    Row { of, what: what.into(), published, ours, why: "" }
}

impl Row {
    /// It need not agree, for this reason.
    pub(crate) fn because(mut self, why: &'static str) -> Row {
        self.why = why;
        self
    }

    /// The digits that are published.
    pub(crate) fn digits(&self) -> usize {
        let digits = self.published.trim_start_matches('-').trim_start_matches(['0', '.']);
        digits.chars().filter(char::is_ascii_digit).count().max(1)
    }

    /// How many of them ours has, when it is rounded so.
    pub(crate) fn met(&self) -> usize {
        let want: f64 = self.published.parse().unwrap_or(f64::NAN);
        let decimals = self.published.split_once('.').map_or(0, |(_, after)| after.len());
        let unit = 10f64.powi(-(decimals as i32));
        let mut met = self.digits();
        // A rounded number may be half a unit off; the few ulps are those of reading it.
        let mut room = 0.500001 * unit;
        while met > 0 && !((self.ours - want).abs() <= room) {
            met -= 1;
            room *= 10.0;
        }
        met
    }

    fn cells(&self) -> [String; 6] {
        let decimals = self.published.split_once('.').map_or(0, |(_, after)| after.len());
        let ours = format!("{:.*}", decimals + 2, self.ours);
        let met = match self.met() == self.digits() {
            true => format!("all {}", self.digits()),
            false => format!("{} of {}", self.met(), self.digits()),
        };
        [self.of.into(), self.what.clone(), self.published.into(), ours, met, self.why.into()]
    }
}

/// The page, between marks the table.
pub(crate) fn page(rows: &[Row]) -> String {
    let all = rows.iter().filter(|row| row.met() == row.digits()).count();
    let mut page = format!(
        "# Published values\n\n\
         Every value that is published for these models, or that their peers find on the published data, beside that of cam: {} values, of which {all} agree in\n\
         every digit. Where they do not, the last column says why. The page is written by\n\n\
         ```sh\n\
         make published\n\
         ```\n\n\
         from the logs and summaries of `cam-core/testdata`, and a test holds every row to it. *Ours* has two digits more than the source. Peers' searches stop a little\n\
         before the maximum, where the likelihood is equal in all digits; ours end where the gradient is $10^{{-9}}$ or less.\n\n\
         <!-- published:begin -->\n\n\
         | data, model | what | published | ours | digits met | why not all |\n\
         |---|---|--:|--:|---|---|\n",
        rows.len()
    );
    for row in rows {
        let _ = writeln!(page, "| {} |", row.cells().join(" | "));
    }
    page.push_str("\n<!-- published:end -->\n");
    page
}
