//! The list inside a sheet: where it begins, which column is what, and its lines.

use shared::db::customers::Attributes;
use shared::db::imports::Contents;
use shared::model::import::{ColumnRole, ImportColumn, ImportFailure};

use crate::file::{Limits, Stop, Take};

/// Rows that hold anything in which the header is looked for.
const HEADER_SEARCH: usize = 100;
/// What a column of names, phones or groups is called, without white space and punctuation. Where several columns have
/// such a name the one whose name comes first here is taken, the others are kept as attributes.
const NAMES: &[&str] = &[
    "이름",
    "성명",
    "고객명",
    "고객이름",
    "고객성명",
    "성함",
    "환자명",
    "환자이름",
    "환자성명",
    "회원명",
    "회원이름",
    "name",
    "fullname",
    "customername",
    "patientname",
    "customer",
    "patient",
];
const PHONES: &[&str] = &[
    "휴대폰",
    "휴대폰번호",
    "휴대전화",
    "휴대전화번호",
    "핸드폰",
    "핸드폰번호",
    "모바일",
    "mobile",
    "mobilephone",
    "mobilenumber",
    "cellphone",
    "cell",
    "hp",
    "연락처",
    "연락처1",
    "전화번호",
    "전화",
    "phone",
    "phonenumber",
    "telephone",
    "tel",
];
const GROUPS: &[&str] = &["그룹", "그룹명", "분류", "구분", "group", "groupname"];

/// The cells of a row as text.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// From the first column; those that hold nothing are empty.
    pub texts: Vec<String>,
    /// Whether there is something to the right of the last column that is read.
    pub beyond: bool,
}

impl Cells {
    /// Puts a text into a column, counted from 0.
    pub fn put(&mut self, column: usize, text: String, limits: &Limits) {
        if text.trim().is_empty() {
            return;
        }
        if column >= limits.columns {
            self.beyond = true;
            return;
        }
        if self.texts.len() <= column {
            self.texts.resize(column + 1, String::new());
        }
        self.texts[column] = text;
    }

    /// Empties the row, to be filled again.
    pub fn clear(&mut self) {
        self.texts.clear();
        self.beyond = false;
    }

    fn is_blank(&self) -> bool {
        self.texts.is_empty() && !self.beyond
    }
}

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
    pub attributes: Attributes,
}

/// A sheet that is being read, row by row.
pub(crate) struct Table<'a, 'b> {
    limits: &'a Limits,
    take: &'a mut Take<'b>,
    header: Option<Header>,
    searched: usize,
    miss: ImportFailure,
    rows: u32,
    text: u64,
}

impl<'a, 'b> Table<'a, 'b> {
    /// A sheet of which nothing is read yet.
    pub fn new(limits: &'a Limits, take: &'a mut Take<'b>) -> Self {
        Self { limits, take, header: None, searched: 0, miss: ImportFailure::Empty, rows: 0, text: 0 }
    }

    /// Whether the header was found, so that this is the sheet with the list.
    pub fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// Whether there is no point in reading on.
    pub fn is_hopeless(&self) -> bool {
        self.header.is_none() && self.searched >= HEADER_SEARCH
    }

    /// Why there is no list here.
    pub fn miss(&self) -> ImportFailure {
        self.miss
    }

    /// Takes the next row; `number` is counted from 1. The texts are taken out of the cells.
    ///
    /// # Errors
    /// When a limit is exceeded, and whatever taking the line answers.
    pub fn row(&mut self, number: u32, cells: &mut Cells) -> Result<(), Stop> {
        if cells.is_blank() {
            return Ok(());
        }
        let Some(header) = &mut self.header else {
            self.searched += 1;
            self.header = Header::find(number, cells, self.limits)?;
            self.miss = worse(self.miss, near_miss(&cells.texts));
            return Ok(());
        };
        check(cells, self.limits)?;
        if number.saturating_sub(header.number) > self.limits.rows {
            return Err(ImportFailure::TooManyRows.into());
        }
        let bytes: usize = cells.texts.iter().map(String::len).sum();
        self.text = self.text.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.text > self.limits.text {
            return Err(ImportFailure::TooLarge.into());
        }
        self.rows += 1;
        (self.take)(header.line(number, cells))
    }

    /// Ends the sheet.
    ///
    /// # Errors
    /// When there is no list, or nobody in it.
    pub fn finish(self, sheet: Option<String>) -> Result<Contents, Stop> {
        let header = self.header.ok_or(self.miss)?;
        if self.rows == 0 {
            return Err(ImportFailure::Empty.into());
        }
        let columns = header.columns.into_iter().filter(|column| column.used).map(|column| column.column).collect();
        Ok(Contents { sheet, columns, rows_read: self.rows })
    }
}

fn check(cells: &Cells, limits: &Limits) -> Result<(), ImportFailure> {
    if cells.beyond {
        return Err(ImportFailure::TooManyColumns);
    }
    if cells.texts.iter().any(|text| text.len() > limits.cell) { Err(ImportFailure::CellTooLarge) } else { Ok(()) }
}

/// How a row looks that is not the header: almost like one, or not at all.
pub(crate) fn near_miss(texts: &[String]) -> ImportFailure {
    match (position(texts, NAMES), position(texts, PHONES)) {
        _ if texts.iter().filter(|text| !text.is_empty()).count() < 2 => ImportFailure::NoHeader,
        (Some(_), None) => ImportFailure::NoPhoneColumn,
        (None, Some(_)) => ImportFailure::NoNameColumn,
        _ => ImportFailure::NoHeader,
    }
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

#[derive(Debug)]
struct Header {
    number: u32,
    name: usize,
    phone: usize,
    group: Option<usize>,
    /// One for every column that is read.
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    column: ImportColumn,
    used: bool,
}

/// Whether a row names a column of names and one of phones.
pub(crate) fn is_header(texts: &[String]) -> bool {
    position(texts, NAMES).is_some() && position(texts, PHONES).is_some()
}

impl Header {
    fn find(number: u32, cells: &Cells, limits: &Limits) -> Result<Option<Self>, ImportFailure> {
        let texts = &cells.texts;
        let (Some(name), Some(phone)) = (position(texts, NAMES), position(texts, PHONES)) else { return Ok(None) };
        check(cells, limits)?;
        let group = position(texts, GROUPS);
        let mut columns: Vec<Column> = Vec::with_capacity(limits.columns);
        for at in 0..limits.columns {
            let text = texts.get(at).map(|text| tidy(text)).unwrap_or_default();
            let role = match at {
                _ if at == name => ColumnRole::Name,
                _ if at == phone => ColumnRole::Phone,
                _ if Some(at) == group => ColumnRole::Group,
                _ => ColumnRole::Attribute,
            };
            let used = !text.is_empty();
            let header = unique(if used { text } else { format!("열 {}", letters(at)) }, &columns);
            columns.push(Column { column: ImportColumn { header, role }, used });
        }
        Ok(Some(Self { number, name, phone, group, columns }))
    }

    fn line(&mut self, number: u32, cells: &mut Cells) -> Line {
        let mut texts = std::mem::take(&mut cells.texts);
        let mut take = |at: usize| texts.get_mut(at).map(std::mem::take).unwrap_or_default();
        let name = tidy(&take(self.name));
        let phone = take(self.phone).trim().to_owned();
        let group = self.group.map(|at| tidy(&take(at))).unwrap_or_default();
        let mut attributes = Attributes::new();
        for (column, text) in self.columns.iter_mut().zip(&texts) {
            let text = visible(text);
            if !text.is_empty() {
                column.used = true;
                attributes.insert(column.column.header.clone(), text);
            }
        }
        texts.clear();
        cells.texts = texts;
        Line { number, name, phone, group, attributes }
    }
}

/// The column whose name comes first in the list of names.
fn position(texts: &[String], names: &[&str]) -> Option<usize> {
    let rank = |text: &String| names.iter().position(|name| *name == key(text));
    texts.iter().enumerate().filter_map(|(at, text)| Some((rank(text)?, at))).min().map(|(_, at)| at)
}

/// A header without what people decorate it with: case, white space, punctuation, a remark in brackets.
fn key(header: &str) -> String {
    // No known name is longer, and a cell above the list may hold a whole letter.
    if header.len() > 200 {
        return String::new();
    }
    let bare = header.split(['(', '（', '[']).next().filter(|bare| !bare.trim().is_empty()).unwrap_or(header);
    bare.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn unique(header: String, columns: &[Column]) -> String {
    let taken = |header: &str| columns.iter().any(|column| column.column.header == header);
    if !taken(&header) {
        return header;
    }
    let numbered = (2..=columns.len() + 2).map(|number| format!("{header}({number})"));
    numbered.into_iter().find(|header| !taken(header)).unwrap_or(header)
}

/// A column's name in a spreadsheet: A, B, …, Z, AA.
fn letters(at: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = at + 1;
    while rest > 0 {
        letters.push(b'A' + u8::try_from((rest - 1) % 26).unwrap_or_default());
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().copied().map(char::from).collect()
}

/// One line of text: no control characters, no white space around, one space where there was any.
fn tidy(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() || c == '\u{feff}' { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as people see it, its lines kept.
fn visible(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColumnRole::{Attribute, Group, Name, Phone};

    fn read(rows: &[&[&str]], limits: &Limits) -> Result<(Vec<Line>, Contents), Stop> {
        let mut lines = Vec::new();
        let mut take = |line| {
            lines.push(line);
            Ok(())
        };
        let mut table = Table::new(limits, &mut take);
        for (number, row) in (1..).zip(rows) {
            let mut cells = Cells::default();
            for (column, text) in row.iter().enumerate() {
                cells.put(column, (*text).to_owned(), limits);
            }
            table.row(number, &mut cells)?;
        }
        let contents = table.finish(None)?;
        Ok((lines, contents))
    }

    fn headers(contents: &Contents) -> Vec<(&str, ColumnRole)> {
        contents.columns.iter().map(|column| (column.header.as_str(), column.role)).collect()
    }

    #[test]
    fn the_header_is_found_below_titles_and_its_columns_by_their_names() {
        let rows: &[&[&str]] = &[
            &["고객명단 (2026-10-31)"],
            &[],
            &["No", "고객 이름*", "휴대폰(필수)", "분류", "메모", "메모"],
            &["1", " 김  단골 ", "010-1234-5678", "VIP ", "첫째", "둘째"],
        ];
        let (lines, contents) = read(rows, &Limits::default()).unwrap();
        assert_eq!(
            headers(&contents),
            [
                ("No", Attribute),
                ("고객 이름*", Name),
                ("휴대폰(필수)", Phone),
                ("분류", Group),
                ("메모", Attribute),
                ("메모(2)", Attribute)
            ]
        );
        let attributes = [("No", "1"), ("메모", "첫째"), ("메모(2)", "둘째")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(
            lines,
            [Line {
                number: 4,
                name: "김 단골".into(),
                phone: "010-1234-5678".into(),
                group: "VIP".into(),
                attributes: attributes.into()
            }]
        );
    }

    #[test]
    fn a_mobile_column_is_preferred_to_another_phone_column_which_is_kept() {
        let (lines, contents) =
            read(&[&["Name", "Tel.", "Mobile"], &["Kim", "02-555-0101", "010-1234-5678"]], &Limits::default()).unwrap();
        assert_eq!((lines[0].phone.as_str(), lines[0].attributes["Tel."].as_str()), ("010-1234-5678", "02-555-0101"));
        assert_eq!(headers(&contents)[1], ("Tel.", Attribute));
    }

    #[test]
    fn a_column_without_a_header_is_called_by_its_letter_when_it_holds_something() {
        let rows: &[&[&str]] = &[&["이름", "휴대폰"], &["김단골", "01012345678", "", "메모"]];
        let (lines, contents) = read(rows, &Limits::default()).unwrap();
        assert_eq!(lines[0].attributes["열 D"], "메모");
        assert_eq!(headers(&contents).last(), Some(&("열 D", Attribute)));
        assert_eq!((letters(0), letters(25), letters(26), letters(701)), ("A".into(), "Z".into(), "AA".into(), "ZZ".into()));
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_reason_that_helps_most() {
        let refused = |rows: &[&[&str]]| read(rows, &Limits::default()).map(drop);
        assert_eq!(refused(&[]), Err(Stop::Refused(ImportFailure::Empty)));
        assert_eq!(refused(&[&["이름", "휴대폰"], &["", " "]]), Err(Stop::Refused(ImportFailure::Empty)));
        assert_eq!(refused(&[&["김단골", "01012345678"]]), Err(Stop::Refused(ImportFailure::NoHeader)));
        assert_eq!(refused(&[&["이름", "주소"], &["김단골", "서울"]]), Err(Stop::Refused(ImportFailure::NoPhoneColumn)));
        assert_eq!(refused(&[&["주소", "연락처"], &["서울", "010"]]), Err(Stop::Refused(ImportFailure::NoNameColumn)));
    }

    #[test]
    fn each_limit_has_its_reason() {
        let limits = Limits { rows: 2, columns: 3, cell: 30, text: 100, ..Limits::default() };
        let refused = |rows: &[&[&str]]| read(rows, &limits).map(drop);
        let header: &[&str] = &["이름", "휴대폰"];
        let row: &[&str] = &["김단골", "01012345678"];
        assert_eq!(refused(&[header, row, row]), Ok(()));
        assert_eq!(refused(&[header, row, row, row]), Err(Stop::Refused(ImportFailure::TooManyRows)));
        assert_eq!(refused(&[header, &["a", "b", "c", "d"]]), Err(Stop::Refused(ImportFailure::TooManyColumns)));
        assert_eq!(refused(&[header, &[&"가".repeat(11), "b"]]), Err(Stop::Refused(ImportFailure::CellTooLarge)));
        let full: &[&str] = &[&"가".repeat(10), &"가".repeat(10)];
        assert_eq!(refused(&[header, full, full]), Err(Stop::Refused(ImportFailure::TooLarge)));
        assert_eq!(refused(&[&[&"가".repeat(100)], header, row]), Ok(()), "a long title is none of the list");
    }
}
