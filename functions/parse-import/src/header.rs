//! The row with the names of the columns, and what each column is.

use std::collections::BTreeMap;

use shared::db::import_rows::RowAttributes;
use shared::model::PhoneNumber;
use shared::model::import::{ColumnRole, ImportColumn, ImportFailure, Wish};
use shared::spreadsheet::is_note;

use crate::cells::Cells;
use crate::table::Line;
use crate::text;
use crate::words::rank;

/// Characters of a header, as attributes may have them.
const HEADER: usize = 100;
/// Characters behind a repeated header.
const SUFFIX: usize = 5;

/// Where the header is, and what columns are, as far as staff say so.
#[derive(Debug, Default)]
pub(crate) struct Wished {
    /// The number of the header's row, 0 when there is none.
    pub header_row: Option<u32>,
    columns: BTreeMap<usize, ColumnRole>,
}

impl Wished {
    /// Reads the letters of so many columns; what is none of them is passed over.
    pub fn new(wish: &Wish, columns: usize) -> Self {
        let wished = wish.columns.iter().filter_map(|(letters, &role)| Some((text::column(letters)?, role)));
        Self { header_row: wish.header_row, columns: wished.filter(|(at, _)| *at < columns).collect() }
    }

    fn first(&self, role: ColumnRole) -> Option<usize> {
        self.columns.iter().find(|(_, wished)| **wished == role).map(|(&at, _)| at)
    }
}

/// The columns that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seats {
    name: Option<usize>,
    phone: Option<usize>,
    group: Option<usize>,
}

impl Seats {
    /// What columns with these headers are.
    pub fn new(headers: &[String], wished: &Wished) -> Self {
        let seat = |role, taken: [Option<usize>; 2]| {
            wished.first(role).or_else(|| {
                let free = |at: &usize| !wished.columns.contains_key(at) && !taken.contains(&Some(*at));
                let ranks = headers.iter().enumerate().filter(|(at, _)| free(at));
                ranks.filter_map(|(at, header)| Some((rank(role, header)?, at))).min().map(|(_, at)| at)
            })
        };
        let name = seat(ColumnRole::Name, [None, None]);
        let phone = seat(ColumnRole::Phone, [name, None]);
        Self { name, phone, group: seat(ColumnRole::Group, [name, phone]) }
    }

    /// Takes those away that hold nothing in this row, or somebody's phone: then it is not their header.
    pub fn headed(self, headers: &[String]) -> Self {
        let text = |at: usize| headers.get(at).map_or("", String::as_str);
        Self {
            name: self.name.filter(|&at| !text(at).is_empty()),
            phone: self.phone.filter(|&at| !text(at).is_empty() && text(at).parse::<PhoneNumber>().is_err()),
            group: self.group,
        }
    }

    /// What is missing for a list.
    pub fn miss(self) -> Option<ImportFailure> {
        match (self.name, self.phone) {
            (Some(_), Some(_)) => None,
            (Some(_), None) => Some(ImportFailure::NoPhoneColumn),
            (None, Some(_)) => Some(ImportFailure::NoNameColumn),
            (None, None) => Some(ImportFailure::NoHeader),
        }
    }
}

/// How well a row does as a header, found by its words alone: `None` for perfectly.
pub(crate) fn shortcoming(headers: &[String], wished: &Wished) -> Option<ImportFailure> {
    if headers.iter().filter(|text| !text.is_empty()).count() < 2 {
        return Some(ImportFailure::NoHeader);
    }
    Seats::new(headers, wished).headed(headers).miss()
}

/// The columns of a list.
#[derive(Debug)]
pub(crate) struct Header {
    /// The number of its row, or of the row before the list when there is none.
    pub number: u32,
    name: usize,
    phone: usize,
    group: Option<usize>,
    /// What stands above the names and the phones; nothing when there is no header.
    words: [String; 2],
    /// One for every column that is read.
    columns: Vec<Column>,
    /// The columns that are attributes, by their header.
    attributes: Vec<usize>,
}

#[derive(Debug)]
struct Column {
    column: ImportColumn,
    /// Whether it has a header of its own, or anything in it, or was spoken of.
    used: bool,
}

impl Header {
    /// The header in this row, for lists of at most so many columns; `None` when a name or a phone has no column.
    pub fn new(number: u32, headers: &[String], wished: &Wished, columns: usize) -> Option<Self> {
        let Seats { name: Some(name), phone: Some(phone), group } = Seats::new(headers, wished) else { return None };
        let mut header = Self {
            number,
            name,
            phone,
            group,
            words: [name, phone].map(|at| headers.get(at).cloned().unwrap_or_default()),
            columns: Vec::with_capacity(columns),
            attributes: Vec::new(),
        };
        for at in 0..columns {
            let text = headers.get(at).map(|text| text::name(text)).unwrap_or_default();
            let role = match at {
                _ if at == name => ColumnRole::Name,
                _ if at == phone => ColumnRole::Phone,
                _ if Some(at) == group => ColumnRole::Group,
                _ if wished.columns.get(&at) == Some(&ColumnRole::Ignored) => ColumnRole::Ignored,
                _ if is_note(&text) && !wished.columns.contains_key(&at) => ColumnRole::Ignored,
                _ => ColumnRole::Attribute,
            };
            let used = !text.is_empty() || role != ColumnRole::Attribute || wished.columns.contains_key(&at);
            let letter = text::letters(at);
            let title = if text.is_empty() { format!("열 {letter}") } else { text };
            let column = ImportColumn { letter, header: header.unique(&title), role };
            header.columns.push(Column { column, used });
        }
        let attributes = header.columns.iter().enumerate().filter(|(_, column)| column.column.role == ColumnRole::Attribute);
        let mut attributes: Vec<(&str, usize)> = attributes.map(|(at, column)| (column.column.header.as_str(), at)).collect();
        attributes.sort_unstable();
        header.attributes = attributes.into_iter().map(|(_, at)| at).collect();
        Some(header)
    }

    fn unique(&self, title: &str) -> String {
        let taken = |header: &str| self.columns.iter().any(|column| column.column.header == header);
        let header = text::cut(title, HEADER).trim_end();
        if !taken(header) {
            return header.to_owned();
        }
        let short = text::cut(title, HEADER - SUFFIX).trim_end();
        let mut numbered = (2..=self.columns.len() + 2).map(|number| format!("{short}({number})"));
        numbered.find(|header| !taken(header)).unwrap_or_else(|| header.to_owned())
    }

    /// Whether a column is read.
    pub fn reads(&self, at: usize) -> bool {
        self.columns.get(at).is_some_and(|column| column.column.role != ColumnRole::Ignored)
    }

    /// Whether the row is the header once more, as on every page of a list that was made for printing.
    pub fn is_repeated(&self, cells: &Cells) -> bool {
        let [name, phone] = &self.words;
        !name.is_empty() && !phone.is_empty() && cells.text(self.name) == name && cells.text(self.phone) == phone
    }

    /// The row as a line of the list.
    pub fn line(&mut self, number: u32, cells: &Cells) -> Line {
        let mut attributes = Vec::new();
        for &at in &self.attributes {
            let text = text::lines(cells.text(at));
            if !text.is_empty() {
                self.columns[at].used = true;
                attributes.push((at, text));
            }
        }
        let named = attributes.iter().map(|(at, text)| (self.columns[*at].column.header.as_str(), text.as_ref()));
        Line {
            number,
            name: text::name(cells.text(self.name)),
            phone: text::phone(cells.text(self.phone)),
            group: self.group.map(|at| text::group(cells.text(at))).unwrap_or_default(),
            attributes: RowAttributes::new(named),
        }
    }

    /// The columns that are worth showing.
    pub fn columns(&self) -> Vec<ImportColumn> {
        self.columns.iter().filter(|column| column.used).map(|column| column.column.clone()).collect()
    }
}
