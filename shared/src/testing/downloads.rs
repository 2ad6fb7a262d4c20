//! Downloads without a bucket.

use std::fs::File;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::aws::downloads::{Downloads, Link, VALID_FOR};
use crate::clock::Ambient;
use crate::failure::Failure;
use crate::model::ClinicId;

/// A file's name and what is in it.
pub type Kept = (String, Vec<u8>);

/// Keeps the files in memory, for a test to look at. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeDownloads {
    files: Arc<Mutex<Vec<Kept>>>,
    down: Arc<AtomicBool>,
}

impl FakeDownloads {
    /// Takes the files that were offered, with their names, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Kept> {
        std::mem::take(&mut *self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses every file from now on, or takes them again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

impl Downloads for FakeDownloads {
    async fn offer(&self, ambient: &Ambient, clinic: ClinicId, mut file: File, file_name: &str) -> Result<Link, Failure> {
        if self.down.load(Ordering::Relaxed) {
            return Err(Failure::retry("the bucket does not answer"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Failure::retry)?;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push((file_name.to_owned(), bytes));
        let url = format!("https://downloads.example/exports/{clinic}/{}/{file_name}", ambient.uuid());
        Ok(Link { url, file_name: file_name.to_owned(), expires_at: ambient.now() + VALID_FOR })
    }
}
