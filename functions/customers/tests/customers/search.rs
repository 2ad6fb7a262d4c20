//! Search.

use crate::world::{World, encoded, names};

const PEOPLE: [(&str, &str); 8] = [
    ("김단골", "010-1234-0101"),
    ("김단골2", "010-1234-5678"),
    ("박김단골", "010-5678-9012"),
    ("단골김", "010-1015-6780"),
    ("100%이셋", "011-234-5678"),
    ("이_넷", "010-9999-0002"),
    ("Kim Lee", "010-9999-0003"),
    ("하나", "0505-1234-5678"),
];

async fn world() -> World {
    let world = World::new().await;
    for (name, phone) in PEOPLE {
        world.add(name, phone).await;
        // Ids of one millisecond are in no order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    world
}

/// Everybody who is found, to the last page.
async fn found(world: &World, text: &str) -> Vec<String> {
    world.walk(&format!("/v1/customers?q={}", encoded(text)), async |_| {}).await
}

#[tokio::test]
async fn customers_are_found_by_any_part_of_their_name() {
    let world = world().await;
    assert_eq!(found(&world, "단골").await, ["단골김", "김단골", "김단골2", "박김단골"], "those that begin with it come first");
    assert_eq!(found(&world, " 김단골 ").await, ["김단골", "김단골2", "박김단골"]);
    assert_eq!(found(&world, "kim").await, ["Kim Lee"], "whatever the case");
    assert_eq!(found(&world, "%").await, ["100%이셋"]);
    assert_eq!(found(&world, "_").await, ["이_넷"]);
    assert_eq!(found(&world, "|").await, [""; 0]);
    assert_eq!(found(&world, "없는 사람").await, [""; 0]);
    world.test.finish().await;
}

#[tokio::test]
async fn customers_are_found_by_any_part_of_their_phone() {
    let world = world().await;
    assert_eq!(found(&world, "010-1234").await, ["김단골", "김단골2"]);
    assert_eq!(found(&world, "+82 10-1234").await, ["김단골", "김단골2"]);
    assert_eq!(found(&world, "01012345678").await, ["김단골2"], "a whole phone");
    assert_eq!(found(&world, "1234-5678").await, ["김단골2", "100%이셋", "하나"], "one without its 010 comes first");
    assert_eq!(
        found(&world, "5678").await,
        ["김단골2", "100%이셋", "하나", "박김단골", "단골김"],
        "the last four digits come first"
    );
    assert_eq!(found(&world, "0101").await, ["김단골", "김단골2", "단골김"], "the last four, then the beginning 010-1");
    assert_eq!(found(&world, "34-56").await, ["김단골2", "100%이셋", "하나"]);
    assert_eq!(found(&world, "011").await, ["100%이셋"]);
    assert_eq!(found(&world, "010").await.len(), 6);
    assert_eq!(found(&world, "2").await.len(), 8, "somebody is called 김단골2");
    assert_eq!(found(&world, "(010) 9999.0003").await, ["Kim Lee"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_search_for_somebody_in_particular_looks_further_only_when_asked_to() {
    let world = world().await;
    let first = world.owner.get(&format!("/v1/customers?q={}", encoded("김단골"))).await.json;
    assert_eq!(names(&first), ["김단골", "김단골2"]);
    let cursor = first["nextCursor"].as_str().unwrap_or_default();
    let second = world.owner.get(&format!("/v1/customers?q={}&cursor={cursor}", encoded("김단골"))).await.json;
    assert_eq!((names(&second), second.get("nextCursor")), (vec!["박김단골".to_owned()], None));
    let nobody_first = world.owner.get(&format!("/v1/customers?q={}", encoded("골김"))).await.json;
    assert_eq!((names(&nobody_first), nobody_first.get("nextCursor")), (vec!["단골김".to_owned()], None), "nobody to wait for");
    world.test.finish().await;
}

#[tokio::test]
async fn a_list_with_its_number_is_as_long_as_the_number_says() {
    let world = world().await;
    for (text, people) in [
        ("5678", vec!["김단골2", "100%이셋", "하나", "박김단골", "단골김"]),
        ("김단골", vec!["김단골", "김단골2", "박김단골"]),
        ("010-9999-0003", vec!["Kim Lee"]),
        ("1234-0101", vec!["김단골"]),
        ("골김", vec!["단골김"]),
    ] {
        let path = format!("/v1/customers?q={}&count=true", encoded(text));
        let page = world.owner.get(&path).await.json;
        let total = u64::try_from(people.len()).unwrap();
        assert_eq!(
            (page["total"].as_u64(), page.get("nextCursor"), names(&page)),
            (Some(total), None, people.iter().map(|it| (*it).to_owned()).collect())
        );
        for limit in 1..=people.len() {
            let mut seen = Vec::new();
            let mut page = world.owner.get(&format!("{path}&limit={limit}")).await.json;
            loop {
                assert!(!names(&page).is_empty(), "no page is empty: {text}");
                seen.extend(names(&page));
                let Some(cursor) = page["nextCursor"].as_str() else { break };
                assert_eq!(names(&page).len(), limit, "{text}");
                page = world.owner.get(&format!("/v1/customers?q={}&limit={limit}&cursor={cursor}", encoded(text))).await.json;
            }
            assert_eq!(seen, people, "{text}, {limit} on a page");
        }
    }
    world.test.finish().await;
}

#[tokio::test]
async fn customers_are_found_by_their_name_and_a_part_of_their_phone_together() {
    let world = world().await;
    world.add("이단골 5678", "010-9999-0009").await;
    assert_eq!(found(&world, "단골 5678").await, ["김단골2", "박김단골", "단골김", "이단골 5678"]);
    assert_eq!(found(&world, "김단골 5678").await, ["김단골2", "박김단골"]);
    assert_eq!(found(&world, "김단골 010-1234").await, ["김단골", "김단골2"]);
    assert_eq!(found(&world, "0003 lee kim").await, ["Kim Lee"]);
    assert_eq!(found(&world, "김단골 0003").await, [""; 0]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_search_keeps_to_the_group_and_to_the_order() {
    let world = world().await;
    let group = world.group("VIP").await;
    let all = world.owner.get("/v1/customers").await.json;
    let id = |at: usize| all["items"][at]["id"].as_str().and_then(|id| id.parse().ok()).into_iter().collect::<Vec<_>>();
    world.join(group, &id(0)).await;
    world.join(group, &id(3)).await;
    let found = async |query: &str| world.walk(&format!("/v1/customers?{query}"), async |_| {}).await;
    let (text, unassigned) = (encoded("단골"), world.unassigned().await);
    assert_eq!(found(&format!("q={text}&groupId={group}")).await, ["단골김", "김단골"]);
    assert_eq!(found(&format!("q={text}&groupId={unassigned}")).await, ["김단골2", "박김단골"]);
    assert_eq!(found(&format!("q={text}&groupId={unassigned}&sort=recent")).await, ["박김단골", "김단골2"]);
    assert_eq!(found("q=5678&sort=name&limit=1").await, ["100%이셋", "김단골2", "하나", "단골김", "박김단골"]);
    assert_eq!(found(&format!("q=010&groupId={group}&sort=name&limit=1")).await, ["김단골", "단골김"]);
    assert_eq!(found(&format!("q=34-567&groupId={unassigned}&sort=recent&limit=1")).await, ["하나", "100%이셋", "김단골2"]);
    world.test.finish().await;
}

#[tokio::test]
async fn an_endless_search_is_refused() {
    let world = World::new().await;
    let refused = world.owner.get(&format!("/v1/customers?q={}", encoded(&"가".repeat(51)))).await;
    assert_eq!(crate::world::refusal(&refused), (422, "q"));
    world.test.finish().await;
}
