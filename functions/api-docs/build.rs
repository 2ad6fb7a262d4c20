//! Takes the files of Swagger UI that the page needs out of the archive in which its crate brings them along. Nothing is
//! downloaded.

use std::borrow::Cow;
use std::error::Error;
use std::io::{Cursor, Read as _};
use std::path::PathBuf;
use std::{env, fs};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const FILES: [&str; 4] = ["dist/swagger-ui-bundle.js", "dist/swagger-ui.css", "LICENSE", "NOTICE"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let target = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo says where to")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for wanted in FILES {
        // Everything is below one folder, which is named after the version.
        let is_wanted = |path: &str| path.split_once('/').is_some_and(|(_, path)| path == wanted);
        let path = archive.file_names().filter_map(Result::ok).find(|path| is_wanted(path)).map(Cow::into_owned);
        let path = path.ok_or_else(|| format!("Swagger UI has no {wanted} any more"))?;
        let mut contents = Vec::new();
        archive.by_name(&path)?.read_to_end(&mut contents)?;
        fs::write(target.join(wanted.rsplit('/').next().unwrap_or(wanted)), contents)?;
    }
    Ok(())
}
