//! A search for somebody in every text of every table, and in every key of the store.

use std::collections::BTreeSet;

use redis::AsyncCommands;
use shared::config::Environment;
use sqlx::mysql::MySqlPool;
use sqlx::{AssertSqlSafe, Row};

/// `table.column` of every text that holds one of the words.
pub async fn in_database(pool: &MySqlPool, words: &[&str]) -> BTreeSet<String> {
    let columns = sqlx::query(
        "SELECT CAST(table_name AS CHAR) AS t, CAST(column_name AS CHAR) AS c FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name <> '_sqlx_migrations'
           AND data_type IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json', 'blob', 'longblob')",
    );
    let columns = columns.fetch_all(pool).await.unwrap();
    assert!(columns.len() > 100, "the search looks at {} columns only", columns.len());
    let mut found = BTreeSet::new();
    for column in columns {
        let (table, column): (String, String) = (column.get("t"), column.get("c"));
        let asked = vec![format!("INSTR(CAST(`{column}` AS CHAR), ?) > 0"); words.len()].join(" OR ");
        let mut count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM `{table}` WHERE {asked}")));
        for word in words {
            count = count.bind(*word);
        }
        let count: i64 = count.fetch_one(pool).await.unwrap();
        if count > 0 {
            found.insert(format!("{table}.{column}"));
        }
    }
    found
}

/// The store that the tests share.
pub fn store_url() -> String {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("TEST_REDIS_URL says where Redis is; `make test` sets it");
    url
}

/// Every key of the store that holds one of the words, in its name or in what it keeps, as it would be dumped.
pub async fn in_store(words: &[&str]) -> BTreeSet<String> {
    let client = redis::Client::open(store_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut keys = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let (next, some): (u64, Vec<Vec<u8>>) =
            redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(1000).query_async(&mut connection).await.unwrap();
        keys.extend(some);
        cursor = next;
        if next == 0 {
            break;
        }
    }
    let mut found = BTreeSet::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut connection).await.unwrap();
        let read = match kind.as_str() {
            "string" => redis::cmd("GET").arg(&key).query_async::<redis::Value>(&mut connection).await,
            "hash" => redis::cmd("HGETALL").arg(&key).query_async(&mut connection).await,
            "stream" => redis::cmd("XRANGE").arg(&key).arg("-").arg("+").query_async(&mut connection).await,
            "list" => connection.lrange(&key, 0, -1).await,
            "set" => connection.smembers(&key).await,
            "zset" => connection.zrange(&key, 0, -1).await,
            // It was there a moment ago: another test's.
            _ => Ok(redis::Value::Nil),
        };
        let mut texts = vec![key.clone()];
        flatten(&read.unwrap(), &mut texts);
        let holds = |text: &Vec<u8>| words.iter().any(|word| text.windows(word.len()).any(|part| part == word.as_bytes()));
        if texts.iter().any(holds) {
            found.insert(String::from_utf8_lossy(&key).into_owned());
        }
    }
    found
}

fn flatten(value: &redis::Value, texts: &mut Vec<Vec<u8>>) {
    match value {
        redis::Value::BulkString(bytes) => texts.push(bytes.clone()),
        redis::Value::SimpleString(text) => texts.push(text.clone().into_bytes()),
        redis::Value::Array(values) | redis::Value::Set(values) => values.iter().for_each(|value| flatten(value, texts)),
        redis::Value::Map(pairs) => {
            for (key, value) in pairs {
                flatten(key, texts);
                flatten(value, texts);
            }
        }
        _ => {}
    }
}
