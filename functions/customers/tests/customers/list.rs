//! Lists: order, groups, pages.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{World, names, path, refusal};

#[tokio::test]
async fn customers_are_listed_by_age_in_both_directions_and_by_name() {
    let world = World::new().await;
    for (name, phone) in [("나", "010-1111-0001"), ("다", "010-1111-0002"), ("가", "010-1111-0003"), ("나", "010-1111-0004")]
    {
        world.add(name, phone).await;
        // Ids of one millisecond are in no order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let listed = async |query: &str| names(&world.owner.get(&format!("/v1/customers?{query}")).await.json);
    assert_eq!(listed("").await, ["나", "다", "가", "나"]);
    assert_eq!(listed("sort=oldest").await, ["나", "다", "가", "나"]);
    assert_eq!(listed("sort=recent").await, ["나", "가", "다", "나"]);
    assert_eq!(listed("sort=name").await, ["가", "나", "나", "다"]);
    assert_eq!(refusal(&world.owner.get("/v1/customers?sort=phone").await), (422, "sort"));
    world.test.finish().await;
}

/// Pages of two; after each page somebody is added before, in between and behind.
#[tokio::test]
async fn pages_show_everybody_once_whoever_is_added_or_deleted_meanwhile() {
    let world = World::new().await;
    let group = world.group("VIP").await;
    let unassigned = world.unassigned().await;
    for (query, members) in [
        ("sort=oldest".to_owned(), false),
        ("sort=recent".to_owned(), false),
        ("sort=name".to_owned(), false),
        (format!("sort=oldest&groupId={group}"), true),
        (format!("sort=recent&groupId={group}"), true),
        (format!("sort=name&groupId={group}"), true),
        (format!("sort=name&groupId={unassigned}"), false),
        ("sort=recent&q=%EA%B3%A0%EA%B0%9D".to_owned(), false),
        (format!("sort=name&q=%EA%B3%A0%EA%B0%9D&groupId={group}"), true),
    ] {
        sqlx::query("DELETE FROM customers").execute(&world.test.pool).await.unwrap();
        let ids = world.add_many(7).await;
        if members {
            world.join(group, &ids).await;
        }
        let mut expected: Vec<_> = (1..=7).map(|number| format!("고객 {number:06}")).collect();
        if query.contains("recent") {
            expected.reverse();
        }
        let seen = world
            .walk(&format!("/v1/customers?limit=2&{query}"), async |seen| {
                let page = seen.len() / 2;
                if page > 3 {
                    return;
                }
                let groups = if members { json!([group]) } else { json!([]) };
                for (at, name) in ["가", "고객 000003", "고객 999999", "하"].into_iter().enumerate() {
                    let phone = format!("010-9{page:03}-{at:04}");
                    let body = json!({"name": format!("{name} 새로 {page}"), "phone": phone, "groupIds": groups});
                    assert_eq!(world.owner.post("/v1/customers", body).await.status, 201);
                }
                // The last one that was shown: the cursor stands on nobody now.
                if page == 1 {
                    let number: usize = seen[1].trim_start_matches("고객 ").parse().unwrap();
                    let path = format!("/v1/customers/{}", ids[number - 1]);
                    assert_eq!(world.owner.send("DELETE", &path, &[], json!(null)).await.status, 204);
                }
            })
            .await;
        let before: Vec<_> = seen.iter().filter(|name| !name.contains("새로")).cloned().collect();
        assert_eq!(before, expected, "{query}");
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "nobody is shown twice: {query}: {seen:?}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_is_listed_by_name_also_where_its_members_are_rare() {
    let world = World::new().await;
    let ids = world.add_many(120).await;
    let group = world.group("VIP").await;
    world.join(group, &[ids[1], ids[100], ids[110], ids[119]]).await;
    let seen = world.walk(&format!("/v1/customers?limit=1&sort=name&groupId={group}"), async |_| {}).await;
    assert_eq!(seen, ["고객 000002", "고객 000101", "고객 000111", "고객 000120"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused_and_a_made_up_one_does_no_harm() {
    let world = World::new().await;
    world.add_many(3).await;
    let cursor = |page: &serde_json::Value| page["nextCursor"].as_str().unwrap().to_owned();
    let by_age = cursor(&world.owner.get("/v1/customers?limit=1").await.json);
    let by_name = cursor(&world.owner.get("/v1/customers?limit=1&sort=name").await.json);
    for path in [
        format!("/v1/customers?sort=name&cursor={by_age}"),
        format!("/v1/customers?cursor={by_name}"),
        "/v1/customers?cursor=Z3JwXzE".to_owned(),
        "/v1/customers?cursor=%25".to_owned(),
    ] {
        assert_eq!(refusal(&world.owner.get(&path).await), (422, "cursor"), "{path}");
    }
    // "9:cus_00…0": a stage that no search has.
    let far = "OTpjdXNfMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA";
    assert_eq!(names(&world.owner.get(&format!("/v1/customers?q=%EA%B9%80&cursor={far}")).await.json), [""; 0]);
    assert_eq!(
        names(&world.other.get(&format!("/v1/customers?cursor={by_age}")).await.json),
        [""; 0],
        "it opens no other clinic"
    );
    world.test.finish().await;
}

#[tokio::test]
async fn a_renamed_customer_stands_where_the_new_name_belongs() {
    let world = World::new().await;
    let first = world.add("가", "010-1111-0001").await;
    world.add("나", "010-1111-0002").await;
    world.owner.send("PATCH", &path(&first), &[], json!({"name": "다"})).await;
    assert_eq!(names(&world.owner.get("/v1/customers?sort=name").await.json), ["나", "다"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_list_tells_the_groups_of_each_customer_by_name() {
    let world = World::new().await;
    let ids = world.add_many(3).await;
    let (vip, again) = (world.group("재방문").await, world.group("VIP").await);
    world.join(vip, &ids[..2]).await;
    world.join(again, &ids[1..2]).await;
    let page = world.owner.get("/v1/customers").await.json;
    let named: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["groupNames"].clone()).collect();
    assert_eq!(named, [json!(["재방문"]), json!(["VIP", "재방문"]), json!([])]);
    world.test.finish().await;
}
