//! The code of a function as far as it takes to say what a handler reaches: functions, the routes they answer, and their calls.
//!
//! The code is formatted, so that a function ends at the brace below its first line.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The code of one function of the application.
pub struct Code {
    files: Vec<File>,
}

struct File {
    /// The name under which others call what is in it; empty for the root.
    module: String,
    text: String,
    /// What it takes from elsewhere in the same function.
    imports: String,
    functions: Vec<Function>,
}

struct Function {
    name: String,
    /// `GET /v1/customers`, of a handler.
    route: Option<String>,
    body: String,
}

impl Code {
    /// All files below the folder, which a test may change on the way.
    pub fn read(folder: &Path, change: &dyn Fn(&str) -> String) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("the folder can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                    let module = match stem.as_str() {
                        "lib" => String::new(),
                        "mod" => {
                            path.parent().and_then(Path::file_name).map_or(stem, |name| name.to_string_lossy().into_owned())
                        }
                        _ => stem,
                    };
                    files.push(File::new(module, &change(&fs::read_to_string(&path).expect("a source is text"))));
                }
            }
        }
        Self { files }
    }

    /// All of it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.text.as_str())
    }

    /// Every route with all that its handler reaches within the function.
    pub fn routes(&self) -> impl Iterator<Item = (&str, String)> {
        self.all().filter_map(|(file, function)| Some((function.route.as_deref()?, self.reached(file, function))))
    }

    fn all(&self) -> impl Iterator<Item = (&File, &Function)> {
        self.files.iter().flat_map(|file| file.functions.iter().map(move |function| (file, function)))
    }

    fn reached(&self, file: &File, handler: &Function) -> String {
        let (mut reached, mut text) = (BTreeSet::new(), String::new());
        let mut ahead = vec![(file, handler)];
        while let Some((file, function)) = ahead.pop() {
            if reached.insert((&file.module, &function.name, function.body.as_ptr())) {
                text.push_str(&function.body);
                for (owner, name) in calls(&function.body) {
                    ahead.extend(self.all().filter(|(other, called)| called.name == name && file.means(other, owner, name)));
                }
            }
        }
        text
    }
}

impl File {
    fn new(module: String, text: &str) -> Self {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        let imports = text.split("\nuse ").skip(1).filter(|rest| rest.starts_with("crate::") || rest.starts_with("super::"));
        let imports = imports.filter_map(|rest| rest.split(';').next()).collect();
        let functions = functions(&text);
        Self { module, text, imports, functions }
    }

    /// Whether a call in this file, with what stands before the name, may be one of a function of that file.
    fn means(&self, other: &Self, owner: Owner<'_>, name: &str) -> bool {
        let is_here = self.module == other.module;
        match owner {
            Owner::None => is_here || words(&self.imports).any(|word| word == name),
            Owner::Value => is_here,
            Owner::Path("crate" | "super") => other.module.is_empty(),
            Owner::Path(path) if path.starts_with(char::is_uppercase) => is_here,
            Owner::Path(path) => other.module == path,
        }
    }
}

/// What stands before the name of a called function.
#[derive(Clone, Copy)]
enum Owner<'a> {
    None,
    /// It is a method.
    Value,
    /// The last part of a path: a module or a type.
    Path(&'a str),
}

fn functions(text: &str) -> Vec<Function> {
    let (mut found, mut route) = (Vec::new(), None);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.contains("#[utoipa::path(") {
            route = told(&until(line, &mut lines, |line| line.ends_with(")]")));
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|(before, _)| is_head(before)) {
            let name = words(rest).next().unwrap_or_default().to_owned();
            // A function of a trait may have no body.
            let is_whole = line.ends_with(['}', ';']);
            let body = until(line, &mut lines, |next| {
                let rest = next.strip_prefix(indent).unwrap_or_default();
                is_whole || rest == "}" || rest.starts_with(')') && rest.ends_with(';')
            });
            found.push(Function { name, route: route.take(), body });
        }
    }
    found
}

/// Whether the words before `fn` are those before a function.
fn is_head(before: &str) -> bool {
    before.split_whitespace().all(|word| word.starts_with("pub") || ["async", "const", "crate)"].contains(&word))
}

/// From a line to the one that ends what it begins, which may be the same.
fn until<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>, ends: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let mut next = Some(first);
    while let Some(line) = next {
        text.push_str(line);
        text.push('\n');
        next = if ends(line) { None } else { lines.next() };
    }
    text
}

/// The route in the attribute of a handler.
fn told(attribute: &str) -> Option<String> {
    let method = words(attribute).nth(2)?;
    let path = attribute.split_once("path = \"")?.1.split('"').next()?;
    Some(format!("{} {path}", method.to_uppercase()))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The functions that are called, with what stands before their names.
fn calls(body: &str) -> Vec<(Owner<'_>, &str)> {
    let mut found = Vec::new();
    // Also the function itself, whose name comes first.
    for name in words(body) {
        let start = name.as_ptr() as usize - body.as_ptr() as usize;
        let (before, after) = (&body[..start], &body[start + name.len()..]);
        if !(after.starts_with('(') || after.starts_with("::<")) {
            continue;
        }
        let owner = if let Some(path) = before.strip_suffix("::") {
            Owner::Path(path.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        } else if before.ends_with('.') {
            Owner::Value
        } else {
            Owner::None
        };
        found.push((owner, name));
    }
    found
}
