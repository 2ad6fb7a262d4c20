//! Triggered by `ImportApproved`, through the queue `commit-import`.
//! Responsible for turning the good rows of an approved import into customers and groups, all of them in one transaction.

use std::collections::{BTreeSet, HashMap};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::batch::{BatchFailed, DeadLetters, each};
use shared::clock::Ambient;
use shared::db::customers::{self, Customer};
use shared::db::import_rows::{self, GoodRow};
use shared::db::{Database, Tx, groups, imports, violates};
use shared::failure::{Failure, chain};
use shared::message::ImportApproved;
use shared::model::customer::MAX_ATTRIBUTES;
use shared::model::state::ImportState;
use shared::model::{ClinicId, CustomerId, CustomerName, GroupId, GroupName, ImportId};
use shared::store::Store;

/// Rows worked off together.
const CHUNK: u32 = 1000;
/// How often a chunk is begun anew because somebody else added one of its people meanwhile.
const TRIES: u32 = 5;

/// What the use case needs.
pub struct Deps<D> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Is told how far the work is.
    pub store: Store,
    /// Where impossible messages go.
    pub dead_letters: D,
}

/// Works a batch of approvals off.
///
/// # Errors
/// When every message failed.
pub async fn handle<D: DeadLetters>(deps: &Deps<D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    each(event, &deps.dead_letters, async |message: &ImportApproved| {
        let ImportApproved::V1 { clinic_id, import_id } = message;
        commit(deps, *clinic_id, *import_id).await
    })
    .await
}

/// The message names something that cannot be committed.
#[derive(Debug, thiserror::Error)]
enum Impossible {
    #[error("there is no import {0}")]
    NoImport(ImportId),
    #[error("import {0} is {1}, not approved")]
    NotApproved(ImportId, ImportState),
    #[error("row {1} of import {0} is called good but has no name")]
    NamelessRow(ImportId, u32),
    #[error("import {0}: people of the chunk after row {1} are being added by somebody else all the time")]
    Contended(ImportId, u32),
}

async fn commit<D>(deps: &Deps<D>, clinic: ClinicId, import: ImportId) -> Result<(), Failure> {
    let (ambient, store) = (&deps.ambient, &deps.store);
    let committed = deps.database.transaction::<_, Failure>("commit_import", |tx| {
        Box::pin(async move {
            // A second delivery waits here until the first has ended, and then finds nothing to do.
            match imports::lock(tx, clinic, import).await?.ok_or_else(|| Failure::reject(Impossible::NoImport(import)))? {
                ImportState::Committing => write(tx, ambient, store, clinic, import).await.map(Some),
                ImportState::Committed => Ok(None),
                state => Err(Failure::reject(Impossible::NotApproved(import, state))),
            }
        })
    });
    tell(clinic, import, committed.await?);
    Ok(())
}

fn tell(clinic: ClinicId, import: ImportId, done: Option<Done>) {
    let Some(Done { rows, added, updated }) = done else {
        tracing::info!(event = "import.repeated", import.id = %import, clinic.id = %clinic, "committed before");
        return;
    };
    tracing::info!(event = "import.committed", import.id = %import, clinic.id = %clinic, rows, added, updated, "import committed");
}

async fn write(tx: &mut Tx<'_>, ambient: &Ambient, store: &Store, clinic: ClinicId, import: ImportId) -> Result<Done, Failure> {
    let mut work = Work { ambient, clinic, import, groups: HashMap::new(), done: Done::default() };
    let mut progress = Some(store);
    let mut after = 0;
    while let Some(last) = work.chunk(tx, after).await? {
        after = last;
        progress = report(progress, import, work.done.rows).await;
    }
    imports::mark_committed(tx, ambient, clinic, import, work.done.rows).await?;
    Ok(work.done)
}

/// Says how far the work is. A store that does not answer is not asked again: each time would cost its whole patience.
async fn report(store: Option<&Store>, import: ImportId, rows: u32) -> Option<&Store> {
    let store = store?;
    match store.set_rows_committed(import, rows).await {
        Ok(()) => Some(store),
        Err(error) => {
            tracing::warn!(event = "store.silent", error = %chain(&error), "progress is not shown");
            None
        }
    }
}

/// How much is written.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    rows: u32,
    added: usize,
    updated: usize,
}

/// One import on its way into the tables.
struct Work<'a> {
    ambient: &'a Ambient,
    clinic: ClinicId,
    import: ImportId,
    /// Groups by the name in the file; the unassigned one is none.
    groups: HashMap<String, Option<GroupId>>,
    done: Done,
}

impl Work<'_> {
    /// Writes the rows after the one given and answers the last of them, or `None` when there are no more.
    async fn chunk(&mut self, tx: &mut Tx<'_>, after: u32) -> Result<Option<u32>, Failure> {
        for _ in 0..TRIES {
            let rows = import_rows::lock_good(tx, self.clinic, self.import, after, CHUNK).await?;
            let Some(last) = rows.last().map(|row| row.number) else { return Ok(None) };
            let people = self.people(&rows)?;
            match customers::insert_all(tx, self.clinic, Some(self.import), &people.new).await {
                Ok(()) => {}
                // Somebody added one of them since they were looked for: then that one is updated, not added.
                Err(error) if violates(&error, "customers_phone") => continue,
                Err(error) => return Err(error.into()),
            }
            customers::update_all(tx, self.clinic, &people.changed).await?;
            let members = self.members(tx, &rows, &people.ids).await?;
            groups::insert_members(tx, self.clinic, &members).await?;
            self.done.rows += u32::try_from(rows.len()).map_err(Failure::reject)?;
            self.done.added += people.new.len();
            self.done.updated += people.changed.len();
            return Ok(Some(last));
        }
        Err(Failure::retry(Impossible::Contended(self.import, after)))
    }

    /// Who the rows are: new people, and people the clinic knows, of whom only those matter whom the rows change.
    fn people(&self, rows: &[GoodRow]) -> Result<People, Failure> {
        let now = self.ambient.now();
        let mut people = People { ids: Vec::with_capacity(rows.len()), new: Vec::new(), changed: Vec::new() };
        for row in rows {
            let name: CustomerName = fitted(&row.name, CustomerName::MAX)
                .ok_or_else(|| Failure::reject(Impossible::NamelessRow(self.import, row.number)))?;
            if let Some(known) = &row.known {
                people.ids.push(known.id);
                let mut changed = Customer { name: name.into(), updated_at: now, ..known.clone() };
                for (column, value) in &row.attributes {
                    // Two lists with different columns must not make a customer that grows without end.
                    if changed.attributes.len() < MAX_ATTRIBUTES || changed.attributes.contains_key(column) {
                        changed.attributes.insert(column.clone(), value.clone());
                    }
                }
                if changed.name != known.name || changed.attributes != known.attributes {
                    people.changed.push(changed);
                }
            } else {
                let id = CustomerId::new(self.ambient);
                people.ids.push(id);
                people.new.push(Customer {
                    id,
                    name: name.into(),
                    phone: row.phone.clone(),
                    attributes: row.attributes.clone(),
                    created_at: now,
                    updated_at: now,
                });
            }
        }
        Ok(people)
    }

    /// The memberships that the rows ask for; groups that do not exist yet are made.
    async fn members(
        &mut self,
        tx: &mut Tx<'_>,
        rows: &[GoodRow],
        ids: &[CustomerId],
    ) -> Result<Vec<(GroupId, CustomerId)>, Failure> {
        // In the order of their names, so that two imports that make the same groups do not wait for each other in a circle.
        let unknown: BTreeSet<&str> =
            rows.iter().map(|row| row.group_name.as_str()).filter(|name| !self.groups.contains_key(*name)).collect();
        for name in unknown {
            let group = match fitted::<GroupName>(name, GroupName::MAX) {
                None => None,
                Some(tidy) => {
                    let group = groups::find_or_insert(tx, self.ambient, self.clinic, tidy.as_str()).await?;
                    (!group.unassigned).then_some(group.id)
                }
            };
            self.groups.insert(name.to_owned(), group);
        }
        let members = rows.iter().zip(ids).filter_map(|(row, &customer)| {
            let group = self.groups.get(&row.group_name).copied().flatten()?;
            Some((group, customer))
        });
        Ok(members.collect())
    }
}

/// The people of a chunk.
struct People {
    /// Their ids, in the order of the rows.
    ids: Vec<CustomerId>,
    new: Vec<Customer>,
    changed: Vec<Customer>,
}

/// A name as the model wants it. One that is too long is cut: better a shortened name than a person lost.
fn fitted<T: std::str::FromStr>(text: &str, max: usize) -> Option<T> {
    text.parse().ok().or_else(|| {
        let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
        folded.chars().take(max).collect::<String>().parse().ok()
    })
}
