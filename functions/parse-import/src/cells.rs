//! One row of a sheet, filled again and again.

use crate::limits::Limits;

/// The cells of a row as text.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    texts: Vec<String>,
    used: usize,
    /// The first column with something in it to the right of the last column that is read.
    pub beyond: Option<usize>,
}

impl Cells {
    /// Puts a text into a column, counted from 0. Of a text that is too long only the beginning is kept, which is too long
    /// still.
    pub fn put(&mut self, column: usize, text: &str, limits: &Limits) {
        if text.chars().all(char::is_whitespace) {
            return;
        }
        if column >= limits.columns {
            self.beyond = Some(self.beyond.map_or(column, |beyond| beyond.min(column)));
            return;
        }
        if self.texts.len() <= column {
            self.texts.resize_with(column + 1, String::new);
        }
        self.used = self.used.max(column + 1);
        let cell = &mut self.texts[column];
        cell.clear();
        cell.push_str(&text[..text.floor_char_boundary(limits.cell + 4)]);
    }

    /// From the first column to the last that holds anything; those that hold nothing are empty.
    pub fn texts(&self) -> &[String] {
        &self.texts[..self.used]
    }

    /// What stands in a column; nothing, where there is none.
    pub fn text(&self, column: usize) -> &str {
        self.texts().get(column).map_or("", String::as_str)
    }

    /// Empties the row, to be filled again.
    pub fn clear(&mut self) {
        self.texts[..self.used].iter_mut().for_each(String::clear);
        (self.used, self.beyond) = (0, None);
    }

    /// Whether nothing stands in the row.
    pub fn is_blank(&self) -> bool {
        self.used == 0 && self.beyond.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_filled_again_holds_nothing_of_the_row_before() {
        let limits = Limits { columns: 3, cell: 4, ..Limits::default() };
        let mut cells = Cells::default();
        assert!(cells.is_blank());
        cells.put(2, "가나다라", &limits);
        cells.put(7, "x", &limits);
        cells.put(5, "x", &limits);
        cells.put(0, " ", &limits);
        assert_eq!((cells.texts(), cells.beyond), (&["", "", "가나"].map(str::to_owned)[..], Some(5)));
        assert!(cells.text(2).len() > limits.cell, "too long still");
        cells.clear();
        assert!(cells.is_blank() && cells.texts().is_empty());
        cells.put(0, "a", &limits);
        cells.put(0, "b", &limits);
        assert_eq!((cells.texts(), cells.text(2)), (&["b".to_owned()][..], ""));
    }
}
