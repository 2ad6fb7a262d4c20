//! The function loses its connection after any statement of a join.

use shared::testing::wire::Wire;

use crate::world::{World, code, join, phone_of};

#[expect(clippy::print_stdout, reason = "figures, for whoever asks for them")]
#[tokio::test]
async fn whoever_is_cut_off_after_any_statement_has_joined_wholly_or_not_at_all() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let host = world.join("host", &clinic.code).await;
    world.earned();
    let wire = Wire::new(&world.test);
    let (mut cuts, mut whole) = (0, 0);
    for commands in 1.. {
        let who = format!("friend {commands}");
        let person = world.over(wire.cut_after(commands).await, 1000 + u64::from(commands));
        let person = person.with_subject(&who).proving(Some(&phone_of(commands)), Some(&format!("{commands}@mail.example")));
        let answer = join(&person, &code(&host)).await;
        // Published or not, the outbox says which: what is published is deleted or is there once more.
        let published = world.earned();
        if !wire.is_cut() {
            assert_eq!(answer.status, 201);
            break;
        }
        cuts += 1;
        let left = [
            world.count(&format!("users WHERE subject = '{who}'")).await,
            world.count(&format!("memberships m JOIN users u ON u.id = m.user_id WHERE u.subject = '{who}'")).await,
            world.count(&format!("referrals r JOIN users u ON u.id = r.user_id WHERE u.subject = '{who}'")).await,
            world.count(&format!("referral_codes r JOIN users u ON u.id = r.user_id WHERE u.subject = '{who}'")).await,
            world.count(&format!("customers WHERE phone = '{}'", phone_of(commands))).await,
            world
                .count(&format!(
                    "outbox o JOIN users u ON o.body LIKE CONCAT('%join:usr_', LOWER(HEX(u.id)), '%') WHERE u.subject = '{who}'"
                ))
                .await
                .max(i64::from(!published.is_empty())),
        ];
        assert!(left == [0; 6] || left == [1; 6], "after {commands} commands: {left:?}");
        let keys = world.count(&format!("person_keys k JOIN users u ON u.id = k.user_id WHERE u.subject = '{who}'")).await;
        assert_eq!(keys, 2 * left[0], "after {commands} commands");
        whole += left[0];
        assert_eq!(answer.status == 201, !published.is_empty());
        assert!(matches!(answer.status, 201 | 503));
        // The same request again comes to the same end.
        let again = join(&world.anybody.with_subject(&who).proving(Some(&phone_of(commands)), None), &code(&host)).await;
        assert_eq!(again.status, if left[0] == 1 { 200 } else { 201 }, "after {commands} commands");
        world.earned();
        world.run("DELETE FROM invite_counts").await;
    }
    println!("{cuts} cuts, {whole} of them behind the commit");
    assert!(cuts > 30 && whole > 0);
    world.test.drop_database().await;
}
