//! Imports that are stuck or old, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::TimeDelta;
use reconcile::{AbsenceAfter, Deps, ResultsQueue, Summary, handle};
use shared::clock::Ambient;
use shared::db::imports::{self, Import, Options};
use shared::message::{ImportApproved, ImportRevoked, ResultsAwaited};
use shared::model::import::ImportFailure;
use shared::model::state::ImportState;
use shared::model::{ImportId, StaffId};
use shared::provider::Aligo;
use shared::testing::importing::{Importing, row};
use shared::testing::{FakePublisher, FixedClock, PublishMode, TestDatabase, sending};

/// A queue that nothing is sent to.
struct NoQueue;

impl ResultsQueue for NoQueue {
    async fn send(&self, due: &[ResultsAwaited]) -> usize {
        due.len()
    }
}

struct Scene {
    test: TestDatabase,
    clock: FixedClock,
    ambient: Ambient,
    list: Importing,
    deps: Deps<Aligo, FakePublisher, NoQueue>,
}

impl Scene {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = shared::testing::ambient();
        let list = Importing::new(&test.pool, &ambient).await;
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::seeded(clock.clone(), 2),
            // There are no bundles to ask about.
            provider: sending::provider("http://127.0.0.1:1", "key", "user"),
            publisher: FakePublisher::default(),
            results: NoQueue,
            absence_after: AbsenceAfter::default().span(),
        };
        Self { test, clock, ambient, list, deps }
    }

    /// An import of two rows in that state, which has just moved there.
    async fn import(&self, state: ImportState) -> ImportId {
        let options = Options { target_group: None, update_existing: true };
        let import = self.list.approve(&self.ambient, &[row(2), row(3)], options).await;
        self.move_to(import, state).await;
        import
    }

    async fn move_to(&self, import: ImportId, state: ImportState) {
        let connection = &mut self.test.database.acquire().await.unwrap();
        imports::set_state(connection, &self.ambient, self.list.clinic, import, state).await.unwrap();
    }

    async fn run_after(&self, minutes: i64) -> Summary {
        self.clock.advance(TimeDelta::minutes(minutes));
        handle(&self.deps).await.unwrap()
    }

    async fn find(&self, import: ImportId) -> Option<Import> {
        let connection = &mut self.test.database.acquire().await.unwrap();
        imports::find(connection, self.list.clinic, import).await.unwrap()
    }

    async fn rows(&self, import: ImportId) -> usize {
        self.list.outcomes(import).await.len()
    }
}

#[tokio::test]
async fn a_file_whose_reading_does_not_end_fails_after_an_hour() {
    let scene = Scene::new().await;
    let import = scene.import(ImportState::Parsing).await;
    assert_eq!(scene.run_after(60).await, Summary::default());
    assert_eq!(scene.run_after(1).await, Summary { imports_failed: 1, ..Summary::default() });
    let failed = scene.find(import).await.unwrap();
    assert_eq!((failed.state, failed.failure), (ImportState::Failed, Some(ImportFailure::Stalled)));
    assert_eq!((failed.contents.rows_read, scene.rows(import).await), (2, 0));
    assert_eq!(scene.run_after(1).await, Summary::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_file_that_is_being_read_at_that_moment_is_left_alone() {
    let scene = Scene::new().await;
    let import = scene.import(ImportState::Parsing).await;
    let mut reader = scene.test.pool.begin().await.unwrap();
    imports::lock(&mut reader, scene.list.clinic, import).await.unwrap();
    assert_eq!(scene.run_after(100).await, Summary::default());
    reader.rollback().await.unwrap();
    assert_eq!(scene.find(import).await.unwrap().state, ImportState::Parsing);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_import_that_nobody_commits_or_undoes_is_announced_again_every_quarter_of_an_hour() {
    let scene = Scene::new().await;
    let (committing, undoing) = (scene.import(ImportState::Committing).await, scene.import(ImportState::Undoing).await);
    for minutes in [0, 15] {
        assert_eq!(scene.run_after(minutes).await, Summary::default());
    }
    for minutes in [1, 16] {
        assert_eq!(scene.run_after(minutes).await, Summary { imports_announced: 2, ..Summary::default() });
        assert_eq!(scene.run_after(0).await, Summary::default());
        let clinic_id = scene.list.clinic;
        let approved = ImportApproved::V1 { clinic_id, import_id: committing };
        assert_eq!(scene.deps.publisher.take::<ImportApproved>(), [approved]);
        let revoked = ImportRevoked::V1 { clinic_id, import_id: undoing };
        assert_eq!(scene.deps.publisher.take::<ImportRevoked>(), [revoked]);
    }
    // What moves on is not stuck.
    scene.clock.advance(TimeDelta::minutes(10));
    for (import, state) in [(committing, ImportState::Committing), (undoing, ImportState::Undone)] {
        scene.move_to(import, state).await;
    }
    assert_eq!(scene.run_after(10).await, Summary::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn an_announcement_that_is_not_published_waits_in_the_outbox() {
    let scene = Scene::new().await;
    scene.import(ImportState::Committing).await;
    scene.deps.publisher.set(PublishMode::Down);
    assert_eq!(scene.run_after(16).await, Summary { imports_announced: 1, ..Summary::default() });
    assert_eq!(scene.test.outbox_size().await, 1);
    scene.test.drop_database().await;
}

#[tokio::test]
async fn an_import_whose_file_does_not_come_is_deleted_after_a_day() {
    let scene = Scene::new().await;
    let import = ImportId::new(&scene.ambient);
    {
        let connection = &mut scene.test.database.acquire().await.unwrap();
        let staff = StaffId::new(&scene.ambient);
        imports::insert(connection, &scene.ambient, scene.list.clinic, staff, import, "고객.xlsx").await.unwrap();
    }
    assert_eq!(scene.run_after(24 * 60).await, Summary::default());
    assert_eq!(scene.run_after(1).await, Summary { imports_deleted: 1, ..Summary::default() });
    assert_eq!(scene.find(import).await, None);
    scene.test.finish().await;
}

#[tokio::test]
async fn rows_are_deleted_thirty_days_after_an_import_is_over_and_its_line_stays() {
    let scene = Scene::new().await;
    let over = [ImportState::Committed, ImportState::Undone, ImportState::Failed];
    let mut imports = Vec::new();
    for state in over {
        imports.push(scene.import(state).await);
    }
    sqlx::query(r#"UPDATE imports SET sample = '[{"number": 1, "cells": ["이름"]}]'"#).execute(&scene.test.pool).await.unwrap();
    assert_eq!(scene.run_after(30 * 24 * 60).await, Summary::default());
    let under_review = scene.import(ImportState::Ready).await;
    assert_eq!(scene.run_after(1).await, Summary { imports_expired: 3, ..Summary::default() });
    for (import, state) in imports.into_iter().zip(over) {
        let left = scene.find(import).await.unwrap();
        assert_eq!((left.state, left.contents.sample.len(), scene.rows(import).await), (state, 0, 0));
    }
    assert_eq!(scene.rows(under_review).await, 2);
    assert_eq!(scene.run_after(1).await, Summary::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_preview_that_nobody_decides_on_goes_after_thirty_days() {
    let scene = Scene::new().await;
    let import = scene.import(ImportState::Ready).await;
    assert_eq!(scene.run_after(30 * 24 * 60).await, Summary::default());
    let summary = scene.run_after(1).await;
    assert_eq!(summary, Summary { imports_deleted: 1, ..Summary::default() });
    assert_eq!((scene.find(import).await, scene.rows(import).await), (None, 0));
    scene.test.finish().await;
}
