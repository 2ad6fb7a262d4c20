//! The list inside a sheet: where it begins, which column is what, and its lines.

use shared::db::import_rows::RowAttributes;
use shared::db::imports::{Contents, SampleRow};
use shared::model::import::ImportFailure;
use shared::spreadsheet::restored;

use crate::cells::Cells;
use crate::file::{How, Refusal, Stop, Take};
use crate::header::{Header, Seats, Wished, shortcoming};
use crate::text;

/// Rows that hold anything in which the header is looked for.
const HEADER_SEARCH: usize = 100;
/// Rows that are kept as they are, for whoever corrects the columns.
const SAMPLE: usize = 20;
/// Characters of a cell that are kept then.
const SAMPLE_CELL: usize = 100;
/// Characters of a sheet's name, as the database keeps it; spreadsheet programs know 31.
const SHEET: usize = 255;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The row's number in the spreadsheet, from 1.
    pub number: u32,
    /// What stands in the column of names.
    pub name: String,
    /// What stands in the column of phones.
    pub phone: String,
    /// What stands in the column of groups.
    pub group: String,
    /// The other columns, by their header.
    pub attributes: RowAttributes,
}

/// A sheet that is being read, row by row.
pub(crate) struct Table<'a, 'b> {
    how: &'a How,
    wished: Wished,
    found: &'a mut Contents,
    take: &'a mut Take<'b>,
    header: Option<Header>,
    /// Rows that were looked at for a header.
    searched: usize,
    /// Whether no row can be the header any more.
    passed: bool,
    miss: ImportFailure,
    text: u64,
}

impl<'a, 'b> Table<'a, 'b> {
    /// A sheet of which nothing is read yet. What is found in it takes the place of what was found in another.
    pub fn new(how: &'a How, sheet: Option<&str>, found: &'a mut Contents, take: &'a mut Take<'b>) -> Self {
        let sheet = sheet.map(|name| text::cut(name, SHEET).to_owned());
        *found = Contents { sheets: std::mem::take(&mut found.sheets), sheet, ..Contents::default() };
        let wished = Wished::new(&how.wish, how.limits.columns);
        let miss = ImportFailure::Empty;
        Self { how, wished, found, take, header: None, searched: 0, passed: false, miss, text: 0 }
    }

    /// Whether the header was found, so that this is the sheet with the list.
    pub fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// Whether there is no point in reading on.
    pub fn is_hopeless(&self) -> bool {
        let sampled = self.found.sample.len() >= SAMPLE;
        self.header.is_none() && (self.searched >= HEADER_SEARCH || self.passed && sampled)
    }

    /// Why there is no list here.
    pub fn miss(&self) -> ImportFailure {
        self.miss
    }

    /// Takes the next row; `number` is counted from 1.
    ///
    /// # Errors
    /// When a limit is exceeded, and whatever taking the line answers.
    pub fn row(&mut self, number: u32, cells: &Cells) -> Result<(), Stop> {
        if cells.is_blank() {
            return Ok(());
        }
        if self.found.sample.len() < SAMPLE {
            self.found.sample.push(sample(number, cells));
        }
        if self.header.is_none() && !self.search(number, cells)? {
            return Ok(());
        }
        self.line(number, cells)
    }

    /// Whether the list begins with this row; the header itself is none of it.
    fn search(&mut self, number: u32, cells: &Cells) -> Result<bool, Stop> {
        let nothing = Vec::new();
        let (headers, from, is_line) = match self.wished.header_row {
            Some(0) => (nothing.as_slice(), number - 1, true),
            Some(row) if number < row => return Ok(false),
            Some(row) if number == row => (cells.texts(), number, false),
            Some(_) => {
                self.pass(ImportFailure::NoHeader);
                return Ok(false);
            }
            None => {
                self.searched += 1;
                if let Some(miss) = shortcoming(cells.texts(), &self.wished) {
                    self.miss = worse(self.miss, miss);
                    return Ok(false);
                }
                (cells.texts(), number, false)
            }
        };
        self.header = Header::new(from, headers, &self.wished, self.how.limits.columns);
        let Some(header) = &self.header else {
            // It was this row or none. Without a header there is nothing to look for but columns.
            let miss = Seats::new(headers, &self.wished).miss().filter(|miss| !is_line || *miss != ImportFailure::NoHeader);
            self.pass(miss.unwrap_or(ImportFailure::NoPhoneColumn));
            return Ok(false);
        };
        self.found.header_row = if is_line { 0 } else { number };
        self.found.columns = header.columns();
        self.check(number, cells)?;
        Ok(is_line)
    }

    fn pass(&mut self, miss: ImportFailure) {
        self.passed = true;
        self.miss = worse(self.miss, miss);
    }

    fn line(&mut self, number: u32, cells: &Cells) -> Result<(), Stop> {
        self.check(number, cells)?;
        let Some(header) = &mut self.header else { return Ok(()) };
        let limits = &self.how.limits;
        if header.is_repeated(cells) {
            return Ok(());
        }
        if number.saturating_sub(header.number) > limits.rows {
            let at = format!("{number}행 (최대 {}행)", text::grouped(limits.rows));
            return Err(self.refusal(ImportFailure::TooManyRows, &at));
        }
        let bytes: usize = cells.texts().iter().map(String::len).sum();
        self.text = self.text.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.text > limits.text {
            return Err(ImportFailure::TooLarge.into());
        }
        self.found.rows_read += 1;
        (self.take)(header.line(number, cells))
    }

    /// Looks whether the row keeps the limits in the columns that are read.
    fn check(&self, number: u32, cells: &Cells) -> Result<(), Stop> {
        let limits = &self.how.limits;
        if let Some(beyond) = cells.beyond {
            let at = format!("{}{number} (최대 {}열)", text::letters(beyond), limits.columns);
            return Err(self.refusal(ImportFailure::TooManyColumns, &at));
        }
        let reads = |at: usize| self.header.as_ref().is_none_or(|header| header.reads(at));
        let mut long = cells.texts().iter().enumerate().filter(|(_, text)| restored(text).len() > limits.cell);
        match long.find(|(at, _)| reads(*at)) {
            Some((at, _)) => Err(self.refusal(ImportFailure::CellTooLarge, &format!("{}{number}", text::letters(at)))),
            None => Ok(()),
        }
    }

    fn refusal(&self, failure: ImportFailure, at: &str) -> Stop {
        let at = match &self.found.sheet {
            Some(sheet) => format!("시트 '{}' {at}", text::cut(sheet, SAMPLE_CELL)),
            None => at.to_owned(),
        };
        Refusal { failure, at: Some(at) }.into()
    }

    /// Ends the sheet.
    ///
    /// # Errors
    /// When there is no list, or nobody in it.
    pub fn finish(self) -> Result<(), Stop> {
        let header = self.header.ok_or(self.miss)?;
        self.found.columns = header.columns();
        if self.found.rows_read == 0 { Err(ImportFailure::Empty.into()) } else { Ok(()) }
    }
}

/// A row as it stands there.
fn sample(number: u32, cells: &Cells) -> SampleRow {
    let cell = |text: &String| text::cut(&text::lines(text), SAMPLE_CELL).to_owned();
    SampleRow { number, cells: cells.texts().iter().map(cell).collect() }
}

/// The reason that says more.
pub(crate) fn worse(one: ImportFailure, other: ImportFailure) -> ImportFailure {
    let weight = |failure| match failure {
        ImportFailure::Empty => 0,
        ImportFailure::NoHeader => 1,
        _ => 2,
    };
    if weight(other) > weight(one) { other } else { one }
}
