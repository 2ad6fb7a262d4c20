//! The parsed template with what surrounds it in the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// Routes that show the documentation of the API to anybody.
pub const DOCUMENTS: [&str; 3] = ["/v1/openapi.json", "/docs", "/docs/{file}"];

/// Routes of pages: everything that is no other's.
pub const PAGES: [&str; 2] = ["/", "/{proxy+}"];

/// The template and the names of the files it must agree with.
#[derive(Clone)]
pub struct Project {
    /// The template, its short forms (`!Ref x`) spelled out (`{"Ref": "x"}`).
    pub template: Value,
    /// Folders under `functions/`.
    pub function_folders: BTreeSet<String>,
    /// Folders under `events/`, but for the message bodies.
    pub event_folders: BTreeSet<String>,
    /// The requests under `events/`.
    pub examples: BTreeSet<Example>,
    /// Pages under `docs/runbooks/`.
    pub runbooks: BTreeSet<String>,
    /// The workspace's `Cargo.toml`.
    pub manifest: String,
}

/// An example of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Example {
    /// The folder of the function that it is for.
    pub folder: String,
    /// HTTP method.
    pub method: String,
    /// The route, as API Gateway tells it.
    pub route: String,
    /// The path, as it was asked for.
    pub path: String,
}

/// A function of the template.
pub struct Function<'a> {
    /// Logical id.
    pub id: &'a str,
    /// Logical id without `Function`: what the ids of its queue, alarm and log group begin with.
    pub name: &'a str,
    /// The resource's properties.
    pub properties: &'a Value,
    /// The `Timeout`, its own or the one of the `Globals`, in seconds.
    pub timeout: u64,
}

impl<'a> Function<'a> {
    /// The properties of the events of one type, with their names.
    pub fn events(&self, kind: &str) -> Vec<(&'a str, &'a Value)> {
        entries(&self.properties["Events"])
            .filter(|(_, event)| event["Type"] == kind)
            .map(|(name, event)| (name, &event["Properties"]))
            .collect()
    }

    /// Whether all it does is to show documents to anybody.
    pub fn serves_documents(&self) -> bool {
        let routes = self.events("Api");
        let is_document = |(_, route): &(&str, &Value)| route["Path"].as_str().is_some_and(|path| DOCUMENTS.contains(&path));
        !routes.is_empty() && routes.iter().all(is_document)
    }

    /// Whether it shows pages.
    pub fn shows_pages(&self) -> bool {
        self.events("Api").iter().any(|(_, route)| route["Path"].as_str().is_some_and(|path| PAGES.contains(&path)))
    }

    /// Whether a queue feeds it.
    pub fn is_consumer(&self) -> bool {
        !self.events("SQS").is_empty()
    }

    /// The folder whose binary it runs.
    pub fn folder(&self) -> Option<&'a str> {
        self.properties["CodeUri"].as_str()?.strip_prefix("target/lambda/")?.strip_suffix('/')
    }
}

impl Project {
    /// Reads the project that this test belongs to.
    pub fn read() -> Self {
        let root = root();
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let yaml = serde_yaml_ng::from_str(&text("template.yaml")).expect("template.yaml is YAML");
        let mut event_folders = names(&root.join("events"), Path::is_dir);
        event_folders.remove("messages");
        let examples = event_folders.iter().flat_map(|folder| examples(&root, folder)).collect();
        Self {
            template: spelled_out(yaml),
            function_folders: names(&root.join("functions"), Path::is_dir),
            event_folders,
            examples,
            runbooks: names(&root.join("docs/runbooks"), Path::is_file),
            manifest: text("Cargo.toml"),
        }
    }

    /// The properties of a resource; null when there is none of that id.
    pub fn properties(&self, id: &str) -> &Value {
        &self.template["Resources"][id]["Properties"]
    }

    /// The resources of one type: id and the whole resource.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        entries(&self.template["Resources"]).filter(move |(_, resource)| resource["Type"] == kind)
    }

    /// The functions.
    pub fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        let default = &self.template["Globals"]["Function"]["Timeout"];
        self.resources("AWS::Serverless::Function").map(|(id, resource)| {
            let properties = &resource["Properties"];
            let timeout = properties.get("Timeout").unwrap_or(default);
            Function {
                id,
                name: id.strip_suffix("Function").unwrap_or(id),
                properties,
                timeout: timeout.as_u64().unwrap_or(u64::MAX),
            }
        })
    }

    /// Whether a function may sign in to the database.
    pub fn uses_database(&self, function: &Function<'_>) -> bool {
        let role = self.properties(&format!("{}Role", function.name));
        list(&role["ManagedPolicyArns"]).iter().any(|policy| mentioned(policy).contains("DatabasePolicy"))
    }

    /// A number, looked up where a parameter gives it, with every condition met.
    pub fn number(&self, value: &Value) -> Option<u64> {
        if let Some(parameter) = reference(value) {
            return self.template["Parameters"][parameter]["Default"].as_u64();
        }
        match value.get("Fn::If") {
            Some(choice) => self.number(&choice[1]),
            None => value.as_u64(),
        }
    }

    /// Puts `value` at a JSON pointer whose parent exists.
    pub fn set(&mut self, pointer: &str, value: Value) {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
        match self.template.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
            Value::Object(map) => {
                map.insert(key.to_owned(), value);
            }
            Value::Array(list) => list.push(value),
            other => panic!("{parent} is {other}"),
        }
    }

    /// Takes away what is at a JSON pointer, which must exist.
    pub fn remove(&mut self, pointer: &str) {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
        match self.template.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
            Value::Object(map) => {
                map.remove(key).unwrap_or_else(|| panic!("no {pointer}"));
            }
            Value::Array(list) => {
                list.remove(key.parse().expect("an index"));
            }
            other => panic!("{parent} is {other}"),
        }
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the repository").to_owned()
}

/// Members of a mapping; none for anything else.
pub fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Elements of a list; a lone value counts as a list of one, null as an empty list.
pub fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(list) => list,
        lone => std::slice::from_ref(lone),
    }
}

/// The logical id or parameter of `{"Ref": ..}`.
pub fn reference(value: &Value) -> Option<&str> {
    value.get("Ref")?.as_str()
}

/// Whether the value is `!GetAtt id.attribute`.
pub fn is_attribute(value: &Value, id: &str, attribute: &str) -> bool {
    value["Fn::GetAtt"] == json!([id, attribute])
}

/// Every logical id that the value refers to, by `Ref`, `GetAtt` or inside a `Sub`.
pub fn mentioned(value: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(id)) => {
                        found.insert(id.as_str());
                    }
                    ("Fn::GetAtt", Value::Array(path)) => found.extend(path.first().and_then(Value::as_str)),
                    ("Fn::Sub", Value::String(text)) => found.extend(substituted(text)),
                    _ => found.extend(mentioned(inner)),
                }
            }
        }
        Value::Array(list) => found.extend(list.iter().flat_map(mentioned)),
        _ => {}
    }
    found
}

/// The logical ids in `${id}` and `${id.attribute}`.
fn substituted(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next())
}

/// Spells the short forms of a template out; `CloudFormation` itself knows only the long ones.
fn spelled_out(yaml: serde_yaml_ng::Value) -> Value {
    use serde_yaml_ng::Value as Yaml;
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let inner = spelled_out(tagged.value);
            match (name, &inner) {
                ("Ref" | "Condition", _) => json!({ name: inner }),
                ("GetAtt", Value::String(path)) => {
                    let (id, attribute) = path.split_once('.').expect("!GetAtt id.attribute");
                    json!({ "Fn::GetAtt": [id, attribute] })
                }
                _ => json!({ format!("Fn::{name}"): inner }),
            }
        }
        Yaml::Mapping(mapping) => Value::Object(
            mapping
                .into_iter()
                .map(|(key, value)| (key.as_str().expect("keys are strings").to_owned(), spelled_out(value)))
                .collect::<Map<_, _>>(),
        ),
        Yaml::Sequence(sequence) => Value::Array(sequence.into_iter().map(spelled_out).collect()),
        scalar => serde_json::to_value(scalar).expect("a scalar is JSON"),
    }
}

/// The requests among the events of a function.
fn examples(root: &Path, folder: &str) -> Vec<Example> {
    let place = root.join("events").join(folder);
    let mut examples = Vec::new();
    for name in names(&place, Path::is_file) {
        let text = fs::read_to_string(place.join(&name)).unwrap_or_else(|error| panic!("{folder}/{name}: {error}"));
        let event: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{folder}/{name}: {error}"));
        let part = |key: &str| event[key].as_str().map(str::to_owned);
        if let (Some(method), Some(route), Some(path)) = (part("httpMethod"), part("resource"), part("path")) {
            examples.push(Example { folder: folder.to_owned(), method, route, path });
        }
    }
    examples
}

/// Names of what is in a folder and passes the test; a missing folder is an empty one.
fn names(folder: &Path, keep: fn(&Path) -> bool) -> BTreeSet<String> {
    let Ok(found) = fs::read_dir(folder) else { return BTreeSet::new() };
    found
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| keep(path))
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect()
}
