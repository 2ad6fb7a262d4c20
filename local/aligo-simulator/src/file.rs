//! The memory in a file, so that it outlives the process.

use std::{
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{app::App, state::World};

/// How long a change may be unsaved, as long as saving is quick.
const INTERVAL: Duration = Duration::from_millis(250);

/// How many times as long as a save took it rests before the next one: a big memory is written seldom.
const REST: u32 = 20;

/// Reads a world; `None` when there is no such file yet.
///
/// # Errors
/// When the file cannot be read or is not one of ours.
pub fn load(path: &Path) -> io::Result<Option<World>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(Into::into),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the world. A reader sees the old file or the new one, never half of one.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &Path, app: &App) -> io::Result<()> {
    let bytes = app.read(|world, _| serde_json::to_vec(world))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

/// Saves after changes, until something goes wrong.
///
/// # Errors
/// When the file cannot be written.
pub async fn keep(path: &Path, app: &Arc<App>) -> io::Result<()> {
    let mut saved = app.version();
    let mut rest = INTERVAL;
    loop {
        tokio::time::sleep(rest).await;
        let version = app.version();
        if version == saved {
            continue;
        }
        let begun = Instant::now();
        let (path, app) = (path.to_owned(), Arc::clone(app));
        tokio::task::spawn_blocking(move || save(&path, &app)).await.map_err(io::Error::other)??;
        saved = version;
        rest = INTERVAL.max(begun.elapsed() * REST);
    }
}
