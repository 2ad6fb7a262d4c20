//! The steps of the way to a campaign.

use super::known::Template;

/// The steps in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Who gets it.
    Groups,
    /// What it says.
    Template,
    /// Where its link leads.
    Link,
    /// What fills its variables.
    Variables,
    /// What somebody will read.
    Preview,
    /// Everything at once, and the button that sends.
    Check,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Groups, Self::Template, Self::Link, Self::Variables, Self::Preview, Self::Check];

    /// As forms spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Template => "template",
            Self::Link => "link",
            Self::Variables => "variables",
            Self::Preview => "preview",
            Self::Check => "check",
        }
    }

    /// The step of that spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Whether there is anything to decide in it.
    #[must_use]
    pub fn applies(self, template: Option<&Template>) -> bool {
        match (self, template) {
            (Self::Link, Some(template)) => template.has_link(),
            (Self::Variables, Some(template)) => template.columns().next().is_some(),
            _ => true,
        }
    }

    /// The step before, past those with nothing to decide.
    #[must_use]
    pub fn before(self, template: Option<&Template>) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|step| *step < self && step.applies(template))
    }

    /// The step after, past those with nothing to decide.
    #[must_use]
    pub fn after(self, template: Option<&Template>) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step > self && step.applies(template))
    }

    /// This step, or the next one in which there is something to decide.
    #[must_use]
    pub fn or_after(self, template: Option<&Template>) -> Self {
        if self.applies(template) { self } else { self.after(template).unwrap_or(Self::Check) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::known::tests::template;
    use super::*;

    #[test]
    fn steps_with_nothing_to_decide_are_passed_over_in_both_directions() {
        let plain = template("#{고객명}님, 안녕하세요.");
        assert_eq!(Step::Template.after(Some(&plain)), Some(Step::Preview));
        assert_eq!(Step::Preview.before(Some(&plain)), Some(Step::Template));
        assert_eq!(Step::Link.or_after(Some(&plain)), Step::Preview);
        let full = template("#{예약일} #{link}");
        assert_eq!(Step::Template.after(Some(&full)), Some(Step::Link));
        assert_eq!(Step::Preview.before(Some(&full)), Some(Step::Variables));
        assert_eq!((Step::Groups.before(None), Step::Check.after(None)), (None, None));
    }
}
