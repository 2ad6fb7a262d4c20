//! The reading itself, which is all computing and no waiting, on a thread of its own.
//!
//! Rows come out in chunks through a channel that holds one: reading waits for the database, so that memory stays small.

use shared::db::import_rows::{ImportRow, ROWS};
use shared::db::imports::Contents;
use shared::model::import::ImportFailure;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::file::{Refusal, Stop, Take};
use crate::verdict::Judge;

/// Bytes of text in a chunk at most, give or take a row: chunks are in memory three times, and a statement is made of each.
const BYTES: usize = 2 << 20;

/// A file that is being read.
#[derive(Debug)]
pub struct Reading {
    chunks: mpsc::Receiver<Vec<ImportRow>>,
    thread: JoinHandle<(Contents, Result<(), Stop>)>,
}

impl Reading {
    /// Begins; `read` hands over the lines of the list.
    pub fn begin(read: impl FnOnce(&mut Contents, &mut Take<'_>) -> Result<(), Stop> + Send + 'static) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(move || {
            let mut judge = Judge::default();
            let mut chunk = Vec::with_capacity(ROWS);
            let mut bytes = 0;
            let mut found = Contents::default();
            let outcome = read(&mut found, &mut |line| {
                let row = judge.judge(line);
                bytes += row.text_bytes();
                chunk.push(row);
                if chunk.len() == ROWS || bytes > BYTES {
                    bytes = 0;
                    return sender
                        .blocking_send(std::mem::replace(&mut chunk, Vec::with_capacity(ROWS)))
                        .map_err(|_| Stop::Abandoned);
                }
                Ok(())
            });
            let outcome = outcome.and_then(|()| sender.blocking_send(chunk).map_err(|_| Stop::Abandoned));
            (found, outcome)
        });
        Self { chunks, thread }
    }

    /// The next rows, with the verdicts that the file gives them; `None` when there are no more, or reading has failed.
    pub async fn next(&mut self) -> Option<Vec<ImportRow>> {
        self.chunks.recv().await
    }

    /// What was found, and why the file is refused if it is. To be asked when there is no [next](Self::next) chunk. A reader
    /// that panics was given a file that nobody thought of: it counts as damaged.
    pub async fn outcome(self) -> (Contents, Result<(), Refusal>) {
        drop(self.chunks);
        match self.thread.await {
            Ok((found, Ok(()))) => (found, Ok(())),
            Ok((found, Err(Stop::Refused(refusal)))) => (found, Err(refusal)),
            Ok((found, Err(Stop::Abandoned))) => (found, Err(ImportFailure::Damaged.into())),
            Err(error) => {
                tracing::error!(event = "import.reader_panicked", %error, "the reader did not survive the file");
                (Contents::default(), Err(ImportFailure::Damaged.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::db::import_rows::RowAttributes;

    use super::*;
    use crate::table::Line;

    fn line(number: u32) -> Line {
        let phone = format!("010{number:08}");
        Line { number, name: "김단골".into(), phone, group: String::new(), attributes: RowAttributes::new([]) }
    }

    async fn sizes(reading: &mut Reading) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let Some(chunk) = reading.next().await {
            sizes.push(chunk.len());
        }
        sizes
    }

    #[tokio::test]
    async fn rows_come_in_chunks_and_then_what_was_found() {
        let mut reading = Reading::begin(move |found, take| {
            found.rows_read = 4500;
            (1..=4500).try_for_each(|number| take(line(number)))
        });
        assert_eq!(sizes(&mut reading).await, [2000, 2000, 500]);
        assert_eq!(reading.outcome().await, (Contents { rows_read: 4500, ..Contents::default() }, Ok(())));
    }

    #[tokio::test]
    async fn chunks_of_long_rows_are_short() {
        let mut reading = Reading::begin(|_, take| {
            let long =
                |number| Line { attributes: RowAttributes::new([("메모", "x".repeat(50_000).as_str())]), ..line(number) };
            (1..=100).try_for_each(|number| take(long(number)))
        });
        assert_eq!(sizes(&mut reading).await, [42, 42, 16]);
    }

    #[tokio::test]
    async fn what_was_found_is_there_even_if_the_file_is_refused() {
        let mut reading = Reading::begin(|found, _| {
            found.header_row = 3;
            Err(ImportFailure::NoPhoneColumn.into())
        });
        assert_eq!(reading.next().await, None);
        let found = Contents { header_row: 3, ..Contents::default() };
        assert_eq!(reading.outcome().await, (found, Err(ImportFailure::NoPhoneColumn.into())));
    }

    #[tokio::test]
    async fn a_reader_that_panics_means_a_damaged_file() {
        let mut reading = Reading::begin(|_, _| panic!("a file that nobody thought of"));
        assert_eq!(reading.next().await, None);
        assert_eq!(reading.outcome().await.1, Err(ImportFailure::Damaged.into()));
    }

    #[tokio::test]
    async fn a_reader_whose_rows_nobody_takes_ends() {
        let reading = Reading::begin(|_, take| {
            loop {
                take(line(1))?;
            }
        });
        assert_eq!(reading.outcome().await.1, Err(ImportFailure::Damaged.into()));
    }
}
