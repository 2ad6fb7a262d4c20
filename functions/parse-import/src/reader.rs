//! The reading itself, which is all computing and no waiting, on a thread of its own.
//!
//! Rows come out in chunks through a channel that holds one: reading waits for the database, so that memory stays small.

use shared::db::import_rows::ImportRow;
use shared::db::imports::Contents;
use shared::model::import::ImportFailure;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::file::{Stop, Take};
use crate::verdict::Judge;

/// Rows of a chunk at most.
const ROWS: usize = 4000;
/// Bytes of text in a chunk at most, give or take a row.
const BYTES: usize = 4 << 20;

/// A file that is being read.
#[derive(Debug)]
pub struct Reading {
    chunks: mpsc::Receiver<Vec<ImportRow>>,
    thread: JoinHandle<Result<Contents, Stop>>,
}

impl Reading {
    /// Begins; `read` hands over the lines of the list.
    pub fn begin(read: impl FnOnce(&mut Take<'_>) -> Result<Contents, Stop> + Send + 'static) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(move || {
            let mut judge = Judge::default();
            let mut chunk = Vec::new();
            let mut bytes = 0;
            let contents = read(&mut |line| {
                let row = judge.judge(line);
                bytes += row.text_bytes();
                chunk.push(row);
                if chunk.len() == ROWS || bytes > BYTES {
                    bytes = 0;
                    return sender.blocking_send(std::mem::take(&mut chunk)).map_err(|_| Stop::Abandoned);
                }
                Ok(())
            })?;
            sender.blocking_send(chunk).map_err(|_| Stop::Abandoned)?;
            Ok(contents)
        });
        Self { chunks, thread }
    }

    /// The next rows, with the verdicts that the file gives them; `None` when there are no more, or reading has failed.
    pub async fn next(&mut self) -> Option<Vec<ImportRow>> {
        self.chunks.recv().await
    }

    /// What was found. To be asked when there is no [next](Self::next) chunk.
    ///
    /// # Errors
    /// When the file is refused. A reader that panics was given a file that nobody thought of: it counts as damaged.
    pub async fn outcome(self) -> Result<Contents, ImportFailure> {
        drop(self.chunks);
        match self.thread.await {
            Ok(Ok(contents)) => Ok(contents),
            Ok(Err(Stop::Refused(failure))) => Err(failure),
            Ok(Err(Stop::Abandoned)) => Err(ImportFailure::Damaged),
            Err(error) => {
                tracing::error!(event = "import.reader_panicked", %error, "the reader did not survive the file");
                Err(ImportFailure::Damaged)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::db::customers::Attributes;

    use super::*;
    use crate::table::Line;

    fn line(number: u32) -> Line {
        let phone = format!("010{number:08}");
        Line { number, name: "김단골".into(), phone, group: String::new(), attributes: Attributes::new() }
    }

    #[tokio::test]
    async fn rows_come_in_chunks_and_then_what_was_found() {
        let contents = Contents { sheet: None, columns: Vec::new(), rows_read: 9000 };
        let found = contents.clone();
        let mut reading = Reading::begin(move |take| {
            (1..=9000).try_for_each(|number| take(line(number)))?;
            Ok(found)
        });
        let mut sizes = Vec::new();
        while let Some(chunk) = reading.next().await {
            sizes.push(chunk.len());
        }
        assert_eq!(sizes, [4000, 4000, 1000]);
        assert_eq!(reading.outcome().await, Ok(contents));
    }

    #[tokio::test]
    async fn a_reader_that_panics_means_a_damaged_file() {
        let mut reading = Reading::begin(|_| panic!("a file that nobody thought of"));
        assert_eq!(reading.next().await, None);
        assert_eq!(reading.outcome().await, Err(ImportFailure::Damaged));
    }

    #[tokio::test]
    async fn a_reader_whose_rows_nobody_takes_ends() {
        let reading = Reading::begin(|take| {
            loop {
                take(line(1))?;
            }
        });
        assert_eq!(reading.outcome().await, Err(ImportFailure::Damaged));
    }
}
