//! What members and those who want to become members are told.

use crate::db::users::NoUser;
use crate::http::{Kind, Problem};
use crate::model::membership::Refused;

impl From<NoUser> for Problem {
    fn from(error: NoUser) -> Self {
        match error {
            NoUser::Withdrawn => Self::of(Kind::Unauthenticated)
                .detail("탈퇴한 계정입니다. 새 계정으로 가입해 주세요.", "This account has withdrawn. Sign up anew."),
            NoUser::Database(cause) => cause.into(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::AlreadyMember => Self::of(Kind::AlreadyMember),
            Refused::WrongState => Self::of(Kind::MembershipState),
            Refused::EndedByClinic(None) => Self::of(Kind::MembershipEnded),
            Refused::EndedByClinic(Some(again)) => Self::of(Kind::MembershipEnded)
                .detail(
                    format!("{}(UTC)부터 다시 신청할 수 있습니다.", again.format("%Y-%m-%d %H:%M")),
                    format!("You may ask again from {} UTC on.", again.format("%Y-%m-%d %H:%M")),
                )
                .with("askAgainFrom", again.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
        }
    }
}
