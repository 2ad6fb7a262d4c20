//! What a form sends: fields, files, and the token that says it was one of our pages.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::api::Problem;

/// The largest body that a form may have. Lambda takes 6 MB, which is 4.5 MB of a file.
pub const MAX_BYTES: usize = 4_500_000;

/// The most fields that a form may have: a page's rows and all choices of a clinic are far fewer, and nobody is to keep us busy.
const MAX_FIELDS: usize = 12_000;

/// The field with the token against forged requests.
pub const CSRF_FIELD: &str = "csrf";
/// The fields of somebody who signs in again in the middle of a form begin like this.
pub const SIGN_IN_PREFIX: &str = "sign-in.";

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The field.
    pub field: String,
    /// What it is called on the person's machine.
    pub name: String,
    /// Its bytes.
    pub contents: Vec<u8>,
}

/// The fields of a form in their order. A handler that takes it gets an empty one for `GET`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
    files: Vec<File>,
    restored: bool,
}

/// The body is no form, or larger than a form may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Larger than [`MAX_BYTES`], or of more fields than any page has.
    TooLarge,
    /// No form.
    NotAForm,
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is too large or no form.
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Unreadable> {
        let bytes = axum::body::to_bytes(body, MAX_BYTES).await.map_err(|_| Unreadable::TooLarge)?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if let Ok(boundary) = multer::parse_boundary(kind) {
            return Self::of_parts(multer::Multipart::new(once(bytes), boundary)).await;
        }
        if !bytes.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Unreadable::NotAForm);
        }
        let fields: Vec<_> = url::form_urlencoded::parse(&bytes).into_owned().take(MAX_FIELDS + 1).collect();
        if fields.len() > MAX_FIELDS { Err(Unreadable::TooLarge) } else { Ok(Self { fields, ..Self::default() }) }
    }

    async fn of_parts(mut parts: multer::Multipart<'_>) -> Result<Self, Unreadable> {
        let no_form = |_| Unreadable::NotAForm;
        let mut form = Self::default();
        while let Some(part) = parts.next_field().await.map_err(no_form)? {
            let field = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                Some(name) => form.files.push(File { field, name, contents: part.bytes().await.map_err(no_form)?.to_vec() }),
                None => form.fields.push((field, part.text().await.map_err(no_form)?)),
            }
            if form.fields.len() + form.files.len() > MAX_FIELDS {
                return Err(Unreadable::TooLarge);
            }
        }
        Ok(form)
    }

    /// A form with these fields: to show an empty one, or one that begins with something.
    #[must_use]
    pub fn with<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { fields, ..Self::default() }
    }

    /// What stands in the field, without spaces around it; empty when there is no such field.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What stands in the field, as it was typed: for passwords and long texts.
    #[must_use]
    pub fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// What stands in the field, if anything does.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// All values of a field that may come several times: the chosen rows of a table.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a box is ticked, or a button was pressed.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// A number, without the separators that people write.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).replace([',', ' '], "").parse().ok()
    }

    /// The file of a field, if one was chosen.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.field == name && !(file.name.is_empty() && file.contents.is_empty()))
    }

    /// The fields whose names begin like this, with the rest of the name.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// The same form with this value alone in the field.
    #[must_use]
    pub fn with_value(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the form was not sent to be carried out: the person had to sign in again first, and shall look at it once more.
    #[must_use]
    pub const fn restored(&self) -> bool {
        self.restored
    }

    /// The same form, to be shown and not carried out.
    #[must_use]
    pub fn restore(mut self) -> Self {
        self.fields.retain(|(name, _)| !name.starts_with(SIGN_IN_PREFIX) && name != CSRF_FIELD);
        self.restored = true;
        self
    }

    /// What is carried along while the person signs in again: everything but tokens, passwords and files.
    pub fn carried(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept =
            |name: &str| !name.starts_with(SIGN_IN_PREFIX) && name != CSRF_FIELD && !name.to_lowercase().contains("password");
        self.fields.iter().filter(move |(name, _)| kept(name)).map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn once(bytes: axum::body::Bytes) -> impl futures_util::Stream<Item = Result<axum::body::Bytes, Infallible>> {
    futures_util::stream::iter([Ok(bytes)])
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// What is wrong with a form: one text for the whole, and one beside each field.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    whole: Option<String>,
    fields: Vec<(String, String)>,
}

impl Errors {
    /// Nothing is wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// What the API says. `fields` maps the JSON paths of its input to names of the form's fields where these differ; without a
    /// path it is about the whole.
    #[must_use]
    pub fn of(problem: &Problem, fields: &[(&str, &str)]) -> Self {
        let Some(path) = &problem.field else { return Self { whole: Some(problem.text()), fields: Vec::new() } };
        let path = path.trim_start_matches("$.");
        let name = fields.iter().find(|(from, _)| *from == path).map_or(path, |(_, to)| to);
        Self { whole: None, fields: vec![(name.to_owned(), problem.short().to_owned())] }
    }

    /// Adds what is wrong with a field.
    pub fn add(&mut self, field: &str, text: impl Into<String>) {
        self.fields.push((field.to_owned(), text.into()));
    }

    /// Says what is wrong with the whole.
    #[must_use]
    pub fn whole(text: impl Into<String>) -> Self {
        Self { whole: Some(text.into()), fields: Vec::new() }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.whole.is_none() && self.fields.is_empty()
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// What is wrong with the whole.
    #[must_use]
    pub fn of_whole(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// What is wrong with fields, with their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}
