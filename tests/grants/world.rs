//! Clinics in a database of the test's own.

use std::fs::File;
use std::time::{Duration, Instant};

use register_clinic::Deps;
use serde_json::json;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::{self, Database};
use shared::model::ClinicId;
use shared::testing::{Client, clinic};
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};

use crate::book::Book;
use crate::check::{self, Finding, Sums};
use crate::servers::Server;

/// The name of the database.
pub const DATABASE: &str = "grants";

/// Shown when the test fails, or with `--nocapture`.
#[expect(clippy::print_stdout, reason = "by seed and figures a run is told from others")]
pub fn say(text: &str) {
    println!("{text}");
}

/// A number from the environment, for longer runs than by default.
pub fn setting(name: &str, otherwise: u32) -> u32 {
    Environment::of_process().parsed_or(name, otherwise)
}

/// The seed of everything that is drawn.
pub fn seed(otherwise: u64) -> u64 {
    let seed = Environment::of_process().parsed_or("GRANTS_SEED", otherwise);
    say(&format!("GRANTS_SEED={seed}"));
    seed
}

/// One world at a time, whoever runs the tests: they take the whole machine.
fn turn() -> File {
    let path = std::env::current_exe().expect("the test is a program").with_file_name("grants.lock");
    let file = File::create(path).expect("there is room for a file");
    file.lock().expect("it can be waited for");
    file
}

/// Everything.
pub struct World {
    pub mariadb: Server,
    pub pool: MySqlPool,
    pub ambient: Ambient,
    begun: Instant,
    patience: Duration,
    _turn: File,
}

impl World {
    /// Nobody is there yet.
    pub async fn begin() -> Self {
        let turn = turn();
        let mut mariadb = Server::mariadb();
        mariadb.start();
        let server: MySqlConnectOptions = format!("mysql://root@{}/", mariadb.address()).parse().expect("an address");
        let mut connection = server.connect().await.expect("the database answers");
        let create = format!("CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.expect("a database");
        let pool = db::pool_options(4).connect_with(server.database(DATABASE)).await.expect("the database answers");
        db::MIGRATIONS.run(&pool).await.expect("migrations run");
        Self {
            mariadb,
            pool,
            ambient: Ambient::system().expect("random numbers"),
            begun: Instant::now(),
            patience: Duration::from_secs(setting("GRANTS_PATIENCE", 300).into()),
            _turn: turn,
        }
    }

    /// So many clinics.
    pub async fn clinics(&self, count: usize) -> Vec<ClinicId> {
        let mut clinics = Vec::new();
        for _ in 0..count {
            clinics.push(clinic(&self.pool, &self.ambient).await);
        }
        clinics
    }

    /// A clinic as its owner registers it, with its own code.
    pub async fn register(&self, owner: &str) -> (ClinicId, String) {
        let deps =
            Deps { database: Database::from_pool(self.pool.clone()), ambient: Ambient::system().expect("random numbers") };
        let owner = Client::signed_in("register-clinic", register_clinic::routes(deps), owner);
        let answer = owner.post("/v1/clinics", json!({"name": "새봄치과의원"})).await;
        let text = |name: &str| answer.json[name].as_str().unwrap_or_else(|| panic!("{answer:?}"));
        (text("id").parse().expect("an id"), text("referralCode").to_owned())
    }

    /// Lets a little time pass, and gives up when the test does not come to its end.
    pub async fn wait(&self, picture: impl FnOnce() -> String) {
        assert!(self.begun.elapsed() < self.patience, "it does not come to an end: {}", picture());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Says and answers what is wrong.
    pub async fn check(&self, book: &Book) -> (Vec<Finding>, Sums) {
        let (findings, sums) = check::check(&self.pool, book).await;
        say(&format!("{sums:?}, {} findings, {:.1} s", findings.len(), self.begun.elapsed().as_secs_f64()));
        for finding in findings.iter().take(10) {
            say(&format!("{finding:?}"));
        }
        (findings, sums)
    }
}
