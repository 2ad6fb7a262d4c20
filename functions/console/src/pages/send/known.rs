//! What the wizard knows besides what is said: the clinic, the template, the groups.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use serde::Deserialize;
use shared::model::draft::{Draft, Source, Sources};
use shared::model::template::Button;

use super::plan::{Plan, is_tracked};
use crate::api::{Failure, List};
use crate::page::Shell;
use crate::pages::groups::Group;
use crate::parts;
use crate::site::Site;
use crate::words::send::Send;

/// Up to how many groups are asked for one by one.
const FEW: usize = 6;

/// What the wizard needs of the clinic.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clinic {
    /// Where links may lead.
    pub link_hosts: Vec<String>,
    /// Without it nothing is sent.
    pub sender_key: Option<String>,
    /// Without it nothing is sent.
    pub sender_phone: Option<String>,
}

/// A template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The text, with variables.
    pub content: String,
    /// The title above the text.
    #[serde(default)]
    pub emphasis_title: String,
    /// The line below the title.
    #[serde(default)]
    pub emphasis_subtitle: String,
    /// The buttons.
    #[serde(default)]
    pub buttons: Vec<Button>,
    /// What fills each variable.
    #[serde(default)]
    pub sources: Vec<Variable>,
    /// Whether it can be sent.
    pub sendable: bool,
    /// Why not.
    pub obstacle: Option<Obstacle>,
    /// When it falls dormant.
    pub dormancy: Option<Dormancy>,
    /// When it was last sent.
    #[serde(default)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What fills a variable.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// What it is called.
    #[serde(rename = "variable")]
    pub name: String,
    /// `name` or `column`.
    pub filled_by: String,
    /// Which column.
    pub column: Option<String>,
    /// What stands in where there is no value.
    pub default: Option<String>,
}

/// Why a template cannot be sent.
#[derive(Debug, Deserialize)]
pub struct Obstacle {
    /// In the reader's language.
    pub text: String,
}

/// A template that nobody uses falls dormant.
#[derive(Debug, Deserialize)]
pub struct Dormancy {
    /// In the reader's language, when it is near.
    pub warning: Option<String>,
}

impl Variable {
    /// As the API takes it.
    pub fn source(&self) -> Source {
        Source { column: self.column.clone(), default: self.default.clone() }
    }
}

impl Template {
    /// The variables that are filled from a column.
    pub fn columns(&self) -> impl Iterator<Item = &Variable> {
        self.sources.iter().filter(|variable| variable.filled_by == "column")
    }

    /// What it says, filled from nowhere.
    pub fn draft(&self) -> Draft<'_> {
        static NOTHING: Sources = Sources::new();
        Draft { content: &self.content, emphasis_title: &self.emphasis_title, buttons: &self.buttons, sources: &NOTHING }
    }

    /// Whether it has a link whose visits are counted.
    pub fn has_link(&self) -> bool {
        is_tracked(&self.draft())
    }
}

/// All of it.
#[derive(Debug)]
pub struct Known {
    /// The frame of the page.
    pub shell: Shell,
    /// The clinic.
    pub clinic: Clinic,
    /// The template that is chosen, if it is there.
    pub template: Option<Template>,
    /// The groups that are chosen, as far as they are there.
    pub groups: Vec<Group>,
    /// How many groups were chosen and are not there any more.
    pub lost_groups: usize,
    /// Whether a template was chosen that is not there any more.
    pub is_template_lost: bool,
}

impl Known {
    /// Asks for it, and takes out of the plan what is not there any more; [`Self::lost`] says what.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn of(site: &Site, plan: &mut Plan) -> Result<Self, Failure> {
        let api = site.api();
        let (shell, clinic, template, groups) = tokio::try_join!(
            site.shell(),
            api.get(["clinic"]).send(),
            template(site, &plan.template),
            chosen(site, &plan.groups)
        )?;
        let lost_groups = plan.groups.len().saturating_sub(groups.len());
        let is_template_lost = template.is_none() && !plan.template.is_empty();
        plan.groups = groups.iter().map(|group| group.id.clone()).collect();
        match &template {
            Some(template) => plan.settle(template),
            None => plan.template.clear(),
        }
        Ok(Self { shell, clinic, template, groups, lost_groups, is_template_lost })
    }

    /// What was chosen and is not there any more, in words.
    pub fn lost(&self, words: &Send) -> Option<String> {
        let now = self.groups.len();
        let count = |text: &str, name: &str, count: usize| text.replace(name, &parts::number(count as u64));
        let groups = || {
            let text = count(words.groups_lost, "{before}", now + self.lost_groups);
            count(&count(&text, "{lost}", self.lost_groups), "{now}", now)
        };
        let texts = [(self.lost_groups > 0).then(groups), self.is_template_lost.then(|| words.template_lost.to_owned())];
        let texts: Vec<_> = texts.into_iter().flatten().collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// How many are in the chosen groups; whoever is in several of them counts several times, and gets one message.
    pub fn members(&self) -> u64 {
        self.groups.iter().map(|group| group.customers).sum()
    }

    /// The same in words, before anybody is looked at: all of one group, or at most so many.
    pub fn people(&self, words: &Send) -> String {
        let text = if self.groups.len() == 1 { words.people } else { words.at_most };
        text.replace("{}", &parts::number(self.members()))
    }
}

/// What the API shows under this id, if it is there. What is no id at all is not there either.
async fn maybe<T: serde::de::DeserializeOwned>(site: &Site, path: [&str; 2]) -> Result<Option<T>, Failure> {
    match site.api().get(path).send().await {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.is_not_found() || failure.problem().is_some_and(|problem| problem.is("invalid-input")) => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

async fn template(site: &Site, id: &str) -> Result<Option<Template>, Failure> {
    if id.is_empty() { Ok(None) } else { maybe(site, ["templates", id]).await }
}

/// The groups that are chosen. A few are asked for by their ids, many are picked out of the list.
async fn chosen(site: &Site, ids: &[String]) -> Result<Vec<Group>, Failure> {
    if ids.len() <= FEW {
        let found: Vec<Option<Group>> = try_join_all(ids.iter().map(|id| maybe(site, ["groups", id]))).await?;
        return Ok(found.into_iter().flatten().collect());
    }
    let mut found: Vec<Group> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page: List<Group> = site.api().get(["groups"]).query("limit", 200).maybe("cursor", cursor).send().await?;
        found.extend(page.items.into_iter().filter(|group| ids.contains(&group.id)));
        cursor = page.next_cursor;
        if cursor.is_none() || found.len() == ids.len() {
            break;
        }
    }
    found.sort_by_key(|group| ids.iter().position(|id| *id == group.id));
    Ok(found)
}

#[cfg(test)]
pub mod tests {
    use shared::model::template::{LINK_VARIABLE, NAME_VARIABLE};

    use super::*;

    /// A template with this text, whose variables are filled from columns of their names.
    pub fn template(content: &str) -> Template {
        let variable = |name: &&str| Variable {
            name: (*name).to_owned(),
            filled_by: if *name == NAME_VARIABLE { "name" } else { "column" }.to_owned(),
            column: Some((*name).to_owned()).filter(|name| name != NAME_VARIABLE),
            default: None,
        };
        let names = shared::model::template::variables(content);
        Template {
            id: "tpl_1".to_owned(),
            name: "안내".to_owned(),
            content: content.to_owned(),
            emphasis_title: String::new(),
            emphasis_subtitle: String::new(),
            buttons: Vec::new(),
            sources: names.iter().filter(|name| **name != LINK_VARIABLE).map(variable).collect(),
            sendable: true,
            obstacle: None,
            dormancy: None,
            last_used_at: None,
        }
    }
}
