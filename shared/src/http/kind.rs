//! Every kind of problem that the API answers with: the one list from which answers and their documentation are made.

use axum::http::StatusCode;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $status:ident $code:literal, $ko:literal, $en:literal;)+) => {
        /// What is wrong, in general. The code is stable; the texts are for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant),+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The last part of `type`: `https://dangol.dev/problems/<code>`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The status of the answer.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// The title, in Korean and in English.
            #[must_use]
            pub const fn title(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($ko, $en)),+ }
            }
        }
    };
}

kinds! {
    /// The body cannot be parsed.
    NotJson = BAD_REQUEST "not-json",
        "요청 본문이 JSON이 아닙니다.", "The request body is not JSON.";
    /// A POST that starts work came without a key.
    IdempotencyKeyRequired = BAD_REQUEST "idempotency-key-required",
        "Idempotency-Key 헤더가 필요합니다 (1~100자, 공백 없는 ASCII).",
        "The header Idempotency-Key is required: 1 to 100 ASCII characters without spaces.";
    /// No usable identity token.
    Unauthenticated = UNAUTHORIZED "unauthenticated",
        "로그인이 필요합니다.", "Sign in first.";
    /// The caller does not work for a clinic.
    NotStaff = FORBIDDEN "not-staff",
        "병원 직원만 사용할 수 있습니다.", "Only a clinic's staff can do this.";
    /// The caller is staff, but not the owner.
    NotOwner = FORBIDDEN "not-owner",
        "병원 대표 계정만 사용할 수 있습니다.", "Only the clinic's owner can do this.";
    /// Nothing is there, or it belongs to somebody else: nobody can tell which.
    NotFound = NOT_FOUND "not-found",
        "찾을 수 없습니다.", "There is no such thing.";
    /// The referral code does not exist, is disabled or has expired: nobody can tell which.
    UnknownCode = NOT_FOUND "unknown-code",
        "없거나 더 이상 사용할 수 없는 추천 코드입니다.", "This referral code does not exist or can no longer be used.";
    /// The invitation of staff does not exist, was used, revoked or has expired: nobody can tell which.
    UnknownInvitation = NOT_FOUND "unknown-invitation",
        "없거나 더 이상 사용할 수 없는 초대입니다.", "This invitation does not exist or can no longer be used.";
    /// E-mail and password do not belong together, or the account cannot be signed in to: nobody can tell which.
    WrongCredentials = UNAUTHORIZED "wrong-credentials",
        "이메일 또는 비밀번호가 올바르지 않습니다.", "E-mail or password is wrong.";
    /// The path exists for other methods.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method-not-allowed",
        "지원하지 않는 요청 방식입니다.", "The method is not supported here.";
    /// The account works for a clinic already.
    AlreadyStaff = CONFLICT "already-staff",
        "이미 병원에 등록된 계정입니다.", "This account already works for a clinic.";
    /// The `KakaoTalk` channel belongs to another clinic.
    SenderKeyTaken = CONFLICT "sender-key-taken",
        "다른 병원에 등록된 발신 프로필입니다. 본인 것이라면 문의해 주세요.",
        "The sender profile is registered with another clinic. If it is yours, contact us.";
    /// The clinic has no `KakaoTalk` channel.
    NoSenderKey = CONFLICT "no-sender-key",
        "카카오톡 채널의 발신 프로필 키가 없습니다.", "The clinic has no sender key.";
    /// The clinic has no channel or no sender phone.
    SenderNotSet = CONFLICT "sender-not-set",
        "발신 정보가 없습니다.", "The clinic has no sender yet.";
    /// Another customer of the clinic has the phone.
    PhoneTaken = CONFLICT "phone-taken",
        "같은 휴대폰 번호의 고객이 이미 있습니다.", "The clinic has a customer with this phone already.";
    /// What can be done with other groups cannot be done with the unassigned one.
    UnassignedGroup = CONFLICT "unassigned-group",
        "미지정 그룹에는 할 수 없는 작업입니다.", "This cannot be done with the unassigned group.";
    /// Something on its way would miss the group.
    GroupInUse = CONFLICT "group-in-use",
        "지금은 삭제할 수 없는 그룹입니다.", "The group cannot be deleted now.";
    /// The import is in another state.
    ImportNotReady = CONFLICT "import-not-ready",
        "검토할 수 있는 상태의 대량 등록이 아닙니다.", "This import is not waiting for a review.";
    /// Only a committed import can be undone, only one that nobody works on can be discarded.
    ImportState = CONFLICT "import-state",
        "지금 상태의 대량 등록에는 할 수 없는 작업입니다.", "This cannot be done with the import in its present state.";
    /// A row that is left out is not edited.
    RowDeleted = CONFLICT "row-deleted",
        "삭제한 행입니다. 복원한 뒤에 수정해 주세요.", "The row is deleted. Restore it, then edit it.";
    /// None of the import's rows is one that is asked for.
    NoRows = CONFLICT "no-rows",
        "해당하는 행이 없습니다.", "There are no such rows.";
    /// The template cannot be sent as it is.
    TemplateNotSendable = CONFLICT "template-not-sendable",
        "보낼 수 없는 템플릿입니다.", "The template cannot be sent.";
    /// What is asked for cannot be done with the template in its present state.
    TemplateState = CONFLICT "template-state",
        "지금 상태의 템플릿에는 할 수 없는 작업입니다.", "This cannot be done with the template in its present state.";
    /// The provider has a template of this name and text.
    TemplateExists = CONFLICT "template-exists",
        "이름과 내용이 같은 템플릿이 이미 있습니다.", "There is a template of this name and text already.";
    /// What is asked for cannot be done with the campaign in its present state.
    CampaignState = CONFLICT "campaign-state",
        "지금 상태의 발송에는 할 수 없는 작업입니다.", "This cannot be done with the campaign in its present state.";
    /// Another campaign to the same recipients of an earlier one is on its way.
    AgainUnderWay = CONFLICT "again-under-way",
        "같은 고객들에게 다시 보내는 발송이 진행 중입니다.", "Another campaign to the same recipients is on its way.";
    /// The same request is being carried out.
    InProgress = CONFLICT "in-progress",
        "같은 요청을 처리하고 있습니다. 잠시 후 다시 시도해 주세요.",
        "The same request is being carried out. Try again in a moment.";
    /// The code is the caller's own.
    OwnCode = CONFLICT "own-code",
        "본인의 추천 코드는 사용할 수 없습니다.", "You cannot use your own referral code.";
    /// The user joined the clinic through another code.
    AlreadyReferred = CONFLICT "already-referred",
        "이 병원에는 이미 다른 추천 코드로 가입하셨습니다.", "You have joined this clinic through another code.";
    /// The user is a member of the clinic.
    AlreadyMember = CONFLICT "already-member",
        "이미 이 병원의 단골입니다.", "You are a member of this clinic already.";
    /// The clinic has as many codes of its own as it may have.
    TooManyCodes = CONFLICT "too-many-codes",
        "추천 코드를 더 만들 수 없습니다. 기존 코드의 이름을 바꾸어 사용해 주세요.",
        "The clinic can have no more codes of its own. Rename one that it has.";
    /// The clinic has as many open invitations of staff as it may have.
    TooManyInvitations = CONFLICT "too-many-invitations",
        "아직 수락하지 않은 초대가 너무 많습니다. 필요 없는 초대를 취소해 주세요.",
        "Too many invitations are open at one time. Revoke those that are not needed.";
    /// The clinic takes no new members.
    ClinicClosed = CONFLICT "clinic-closed",
        "이 병원은 지금 새 단골을 받지 않습니다.", "This clinic takes no new members at present.";
    /// The clinic ended the membership, or declined it: the clinic alone can take it up again.
    MembershipEnded = CONFLICT "membership-ended",
        "병원에서 종료한 단골입니다. 병원에 문의해 주세요.", "The clinic has ended this membership. Ask the clinic.";
    /// What is asked for cannot be done with the membership in its present state.
    MembershipState = CONFLICT "membership-state",
        "지금 상태의 단골에는 할 수 없는 작업입니다.", "This cannot be done with the membership in its present state.";
    /// The clinic has switched points off.
    PointsOff = CONFLICT "points-off",
        "병원이 포인트를 지급하지 않도록 설정되어 있습니다.", "The clinic grants no points at present.";
    /// The member has fewer points.
    NotEnoughPoints = CONFLICT "not-enough-points",
        "포인트가 부족합니다.", "There are not enough points.";
    /// The line was taken back before, or is itself one that takes another back.
    NotReversible = CONFLICT "not-reversible",
        "취소할 수 없는 내역입니다.", "This line cannot be taken back.";
    /// Somebody has decided already.
    AlreadyDecided = CONFLICT "already-decided",
        "이미 처리된 내역입니다.", "This has been decided already.";
    /// A clinic cannot be without an owner.
    LastOwner = CONFLICT "last-owner",
        "마지막 대표 계정입니다. 다른 대표를 먼저 지정해 주세요.", "This is the last owner. Name another one first.";
    /// Whoever works for a clinic cannot withdraw.
    StillStaff = CONFLICT "still-staff",
        "병원 직원 계정입니다. 대표에게 직원에서 제외해 달라고 한 뒤 탈퇴해 주세요.",
        "This account works for a clinic. Ask its owner to remove you, then withdraw.";
    /// The application sends no text messages, by which a phone could be proven.
    PhoneProofOff = CONFLICT "phone-proof-off",
        "지금은 휴대폰 번호를 인증할 수 없습니다.", "Phones cannot be verified here at present.";
    /// The body is larger than is read.
    TooLarge = PAYLOAD_TOO_LARGE "too-large",
        "요청 본문이 너무 큽니다.", "The request body is too large.";
    /// More is asked for than one file can hold, or than can be written while somebody waits.
    ExportTooLarge = PAYLOAD_TOO_LARGE "export-too-large",
        "한 파일에 담기에는 너무 많습니다.", "That is too much for one file.";
    /// A field of the input cannot be used; `field` names it.
    InvalidInput = UNPROCESSABLE_ENTITY "invalid-input",
        "입력값을 확인해 주세요.", "Check the input.";
    /// The code is not the one that was sent, or is too old.
    WrongCode = UNPROCESSABLE_ENTITY "wrong-code",
        "인증 코드가 올바르지 않거나 만료되었습니다.", "The code is wrong or has expired.";
    /// The password does not meet the rules.
    WeakPassword = UNPROCESSABLE_ENTITY "weak-password",
        "비밀번호는 12자 이상이며 영문 소문자와 숫자를 포함해야 합니다.",
        "The password needs 12 characters or more, with a lower-case letter and a digit.";
    /// Nobody would get it.
    NoRecipients = UNPROCESSABLE_ENTITY "no-recipients",
        "받을 사람이 없습니다.", "Nobody would get it.";
    /// The key belongs to another request.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY "idempotency-key-reused",
        "이미 다른 요청에 사용된 Idempotency-Key입니다.", "This Idempotency-Key was used for a different request.";
    /// The caller has shown too many codes that do not exist.
    TooManyGuesses = TOO_MANY_REQUESTS "too-many-guesses",
        "잘못된 코드를 너무 많이 입력했습니다. 잠시 후 다시 시도해 주세요.", "Too many wrong codes. Try again in a while.";
    /// Too often for one account, or for the service that keeps the accounts.
    TooManyAttempts = TOO_MANY_REQUESTS "too-many-attempts",
        "시도가 너무 많습니다. 잠시 후 다시 시도해 주세요.", "Too many attempts. Try again in a while.";
    /// The sign-in service does not answer.
    SignInUnavailable = SERVICE_UNAVAILABLE "sign-in-unavailable",
        "로그인 서비스가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.", "The sign-in service does not answer. Try again in a moment.";
    /// The provider said no.
    ProviderRefused = BAD_GATEWAY "provider-refused",
        "발송 대행사가 요청을 거절했습니다.", "The provider refused the request.";
    /// The provider does not answer.
    ProviderUnavailable = SERVICE_UNAVAILABLE "provider-unavailable",
        "발송 대행사가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.", "The provider does not answer. Try again in a moment.";
    /// The provider may have done it: its answer was lost.
    ProviderUnclear = SERVICE_UNAVAILABLE "provider-unclear",
        "발송 대행사의 응답을 받지 못해 처리되었는지 알 수 없습니다.",
        "The provider's answer was lost: nobody knows whether it was done.";
    /// Something of ours broke.
    Unavailable = SERVICE_UNAVAILABLE "unavailable",
        "일시적인 오류입니다. 잠시 후 다시 시도해 주세요.", "A passing fault on our side. Try again in a moment.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_a_title_in_both_languages() {
        let codes: HashSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let (ko, en) = kind.title();
            assert!(ko.chars().any(|c| ('가'..='힣').contains(&c)) && en.is_ascii(), "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
    }
}
