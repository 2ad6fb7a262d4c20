//! Where a template's variables come from, as people say it and as it is kept.

use crate::model::customer::visible;
use crate::model::draft::{Draft, Source, Sources};
use crate::model::template::{LINK_VARIABLE, NAME_VARIABLE};
use crate::model::wording::Flaw;

/// The most characters of a column's name.
pub const MAX_COLUMN: usize = 100;
/// The most characters of what stands in.
pub const MAX_DEFAULT: usize = 200;

/// What was wished for, tidy, with the variables that are back to the column of their name as empty sources. `draft` knows the
/// variables.
///
/// # Errors
/// The first thing that cannot be, with the path of the field below `sources`.
pub fn tidy(wished: &Sources, draft: &Draft<'_>) -> Result<Sources, Flaw> {
    let known = draft.variables();
    wished
        .iter()
        .map(|(variable, source)| {
            let name = variable.as_str();
            if matches!(name, NAME_VARIABLE | LINK_VARIABLE) || !known.contains(name) {
                return Err(Flaw {
                    field: format!("sources.{variable}"),
                    ko: format!("이 템플릿에서 채울 수 있는 변수가 아닙니다: #{{{variable}}}"),
                    en: format!("#{{{variable}}} is no variable of this template that a column can fill"),
                });
            }
            let text = |text: &Option<String>| text.as_deref().map(visible).filter(|text| !text.is_empty());
            let source = Source { column: text(&source.column), default: text(&source.default) };
            for (name, text, most) in [("column", &source.column, MAX_COLUMN), ("default", &source.default, MAX_DEFAULT)] {
                if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                    return Err(Flaw {
                        field: format!("sources.{variable}.{name}"),
                        ko: format!("{most}자까지 쓸 수 있습니다."),
                        en: format!("may have {most} characters"),
                    });
                }
            }
            Ok((variable.clone(), source))
        })
        .collect()
}

/// What was said before, with what is said now in its place. A source that says nothing is none.
#[must_use]
pub fn merged(before: &Sources, now: Sources) -> Sources {
    let mut merged = before.clone();
    merged.extend(now);
    merged.retain(|_, source| *source != Source::default());
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(column: &str, default: &str) -> Source {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Source { column: some(column), default: some(default) }
    }

    fn tidied(variable: &str, wished: Source) -> Result<Sources, String> {
        let (content, none) = ("#{고객명} #{예약일} #{link}", Sources::new());
        let draft = Draft { content, emphasis_title: "#{담당의}", buttons: &[], sources: &none };
        tidy(&Sources::from([(variable.to_owned(), wished)]), &draft).map_err(|flaw| flaw.field)
    }

    #[test]
    fn only_variables_that_a_column_can_fill_have_sources() {
        assert_eq!(tidied("예약일", source(" 다음  예약 ", "곧")).unwrap()["예약일"], source("다음 예약", "곧"));
        assert!(tidied("담당의", source("", "원장님")).is_ok());
        for variable in ["고객명", "link", "없는 변수"] {
            assert_eq!(tidied(variable, source("a", "")), Err(format!("sources.{variable}")));
        }
        assert_eq!(tidied("예약일", source(&"가".repeat(101), "")), Err("sources.예약일.column".to_owned()));
        assert_eq!(tidied("예약일", source("", &"가".repeat(201))), Err("sources.예약일.default".to_owned()));
    }

    #[test]
    fn what_is_said_now_replaces_what_was_said_variable_by_variable() {
        let before = Sources::from([("a".to_owned(), source("x", "1")), ("b".to_owned(), source("y", ""))]);
        let now = Sources::from([("a".to_owned(), source("", "2")), ("b".to_owned(), Source::default())]);
        assert_eq!(merged(&before, now), Sources::from([("a".to_owned(), source("", "2"))]));
    }
}
