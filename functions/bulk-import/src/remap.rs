//! Reading a file anew where what was found is not what staff meant.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::db::imports::{self, Import};
use shared::db::{Tx, outbox};
use shared::failure::chain;
use shared::http::{Body, Caller, Ids, Problem, Staff};
use shared::message::ImportRemapped;
use shared::model::import::{ColumnRole, ImportFailure, Wish};
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use utoipa::ToSchema;

use crate::Deps;
use crate::lives::{find, lock, people, wrong_state};

/// How long the bucket keeps a file.
const FILE_KEPT_FOR: TimeDelta = TimeDelta::days(7);
/// Columns that are read: A to AX.
const COLUMNS: u32 = 50;
/// Rows that a sheet can have.
const ROWS: u32 = 1_048_576;
const MAX_SHEET: usize = 255;

/// The state that a decision led to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportMoved)]
pub struct MovedView {
    /// The import.
    pub id: ImportId,
    /// Where it is in its life now.
    pub state: ImportState,
}

/// Has a file read anew
///
/// In the way that is said: what is left out is found as if nothing had ever been said. Rows that were edited or deleted are as
/// in the file again. It can mend many failures; files are kept for 7 days.
#[utoipa::path(post, path = "/v1/imports/{importId}/remap", operation_id = "remapImport",
    responses((status = 202, body = MovedView)))]
pub async fn remap<P: Publisher, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    Ids(id): Ids<ImportId>,
    Body(wish): Body<Wish>,
) -> Result<(StatusCode, Json<MovedView>), Problem> {
    validate(&wish)?;
    let (ambient, caller, wish) = (&deps.ambient, &caller, &wish);
    let remapped = deps.database.transaction::<_, Problem>("remap_import", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let outgoing = read_anew(tx, ambient, staff.clinic, id, wish).await?;
            if outgoing.is_some() {
                let people = people(&find(tx, staff.clinic, id).await?);
                audit::record(tx, ambient, &staff, "import.remap", Subject::Import(id), people).await?;
            }
            Ok((staff.id, outgoing))
        })
    });
    let (staff, outgoing) = remapped.await?;
    if outgoing.is_some() {
        tracing::info!(event = "import.remapped", import.id = %id, staff.id = %staff, "file is to be read anew");
        // Or the progress of the last reading would be shown as that of the next.
        if let Err(error) = deps.store.set_rows_read(id, 0).await {
            tracing::warn!(event = "store.silent", error = %chain(&error), "old progress is shown");
        }
    }
    outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
    Ok((StatusCode::ACCEPTED, Json(MovedView { id, state: ImportState::Parsing })))
}

/// Lets a file be read anew. One that is being read in this very way already is left to that.
async fn read_anew(
    tx: &mut Tx<'_>,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    wish: &Wish,
) -> Result<Option<Outgoing>, Problem> {
    let is_read_so = |import: &Import| import.state == ImportState::Parsing && import.wish == *wish;
    let import = find(tx, clinic, id).await?;
    if is_read_so(&import) {
        return Ok(None);
    }
    check(&import, ambient.now())?;
    lock(tx, clinic, id, |_| Ok(())).await?;
    // Somebody who had it read anew at the same time may have been faster.
    let import = find(tx, clinic, id).await?;
    if is_read_so(&import) {
        return Ok(None);
    }
    check(&import, ambient.now())?;
    let sheets = &import.contents.sheets;
    if let Some(sheet) = &wish.sheet
        && !sheets.is_empty()
        && !sheets.contains(sheet)
    {
        let (ko, en) = ImportFailure::NoSuchSheet.text();
        return Err(Problem::invalid("sheet", ko, en));
    }
    imports::set_wish(tx, clinic, id, wish).await?;
    imports::set_state(tx, ambient, clinic, id, ImportState::Parsing).await?;
    let fact = ImportRemapped::V1 { clinic_id: clinic, import_id: id };
    Ok(Some(outbox::insert(tx, ambient, &fact).await?))
}

/// Whether the file may be read anew: nothing of it is committed, and reading it in another way can help.
pub fn check(import: &Import, now: DateTime<Utc>) -> Result<(), Problem> {
    match (import.state, import.failure) {
        (ImportState::Ready, _) => {}
        (ImportState::Failed, Some(failure)) if can_help(failure, import.contents.sheets.len()) => {}
        (ImportState::Failed, _) => {
            return Err(wrong_state(ImportState::Failed).detail(
                "다른 방법으로 읽어도 읽을 수 없는 파일입니다. 고친 파일을 다시 올려 주세요.",
                "The file cannot be read in any other way either. Upload a corrected file.",
            ));
        }
        (state, _) => return Err(wrong_state(state)),
    }
    if now < import.created_at + FILE_KEPT_FOR {
        return Ok(());
    }
    Err(wrong_state(import.state).detail(
        "올린 지 7일이 지난 파일은 보관하지 않습니다. 파일을 다시 올려 주세요.",
        "Files are kept for 7 days. Upload the file again.",
    ))
}

/// Whether another sheet, row of names or role of columns can mend this.
fn can_help(failure: ImportFailure, sheets: usize) -> bool {
    use ImportFailure as F;
    match failure {
        F::Empty | F::NoHeader | F::NoPhoneColumn | F::NoNameColumn | F::NoSuchSheet | F::CellTooLarge => true,
        // Limits of a sheet: another one may be within them.
        F::TooManyRows | F::TooManyColumns | F::TooLarge => sheets > 1,
        F::NotASpreadsheet
        | F::OldExcel
        | F::Encrypted
        | F::Damaged
        | F::SuspiciousArchive
        | F::UnknownEncoding
        | F::UnclosedQuote
        | F::Stalled => false,
    }
}

fn validate(wish: &Wish) -> Result<(), Problem> {
    if wish.sheet.as_ref().is_some_and(|sheet| !(1..=MAX_SHEET).contains(&sheet.chars().count())) {
        let (ko, en) = (format!("1~{MAX_SHEET}자로 입력해 주세요."), format!("must have 1 to {MAX_SHEET} characters"));
        return Err(Problem::invalid("sheet", ko, en));
    }
    if wish.header_row.is_some_and(|row| row > ROWS) {
        return Err(Problem::invalid("headerRow", format!("최대 {ROWS}행입니다."), format!("must be at most {ROWS}")));
    }
    if let Some(letter) = wish.columns.keys().find(|letter| !is_column(letter)) {
        let field = format!("columns.{letter}");
        return Err(Problem::invalid(&field, "A부터 AX까지의 열을 지정해 주세요.", "a column is a letter from A to AX"));
    }
    for (role, ko, en) in [
        (ColumnRole::Name, "이름 열은 하나만 지정해 주세요.", "only one column can be the name"),
        (ColumnRole::Phone, "휴대폰 열은 하나만 지정해 주세요.", "only one column can be the phone"),
        (ColumnRole::Group, "그룹 열은 하나만 지정해 주세요.", "only one column can be the group"),
    ] {
        if wish.columns.values().filter(|other| **other == role).count() > 1 {
            return Err(Problem::invalid("columns", ko, en));
        }
    }
    Ok(())
}

/// Whether this is one of the letters A to AX.
fn is_column(letter: &str) -> bool {
    let bytes = letter.as_bytes();
    let short = (1..=2).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_uppercase);
    short && bytes.iter().fold(0, |number, byte| number * 26 + u32::from(byte - b'A') + 1) <= COLUMNS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_from_a_to_ax() {
        for letter in ["A", "Z", "AA", "AX"] {
            assert!(is_column(letter), "{letter}");
        }
        for letter in ["", "a", "AY", "BA", "AAA", "1", "가", "A1", "[", "A "] {
            assert!(!is_column(letter), "{letter}");
        }
    }

    #[test]
    fn another_sheet_helps_only_where_there_is_one() {
        for &failure in ImportFailure::ALL {
            assert!(can_help(failure, 2) || !can_help(failure, 1), "{failure}");
        }
        assert!(can_help(ImportFailure::TooManyRows, 2) && !can_help(ImportFailure::TooManyRows, 1));
        assert!(!can_help(ImportFailure::Encrypted, 2) && can_help(ImportFailure::NoHeader, 0));
    }
}
