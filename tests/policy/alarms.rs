//! Alarms and their runbooks.

use serde_json::{Value, json};

use super::project::{Function, is_attribute, list, reference};
use super::{Findings, Project, Rule};

pub fn check(project: &Project, findings: &mut Findings) {
    for function in project.functions() {
        if function.is_consumer() {
            consumer(project, &function, findings);
        }
        if !function.events("Schedule").is_empty() {
            let id = format!("{}ErrorsAlarm", function.name);
            let alarm = project.properties(&id);
            let watches = alarm["Namespace"] == "AWS/Lambda"
                && alarm["MetricName"] == "Errors"
                && alarm["Statistic"] == "Sum"
                && reference(&alarm["Dimensions"][0]["Value"]) == Some(function.id);
            findings.check(watches, Rule::Schedule, &id, "nobody waits for a schedule: its errors need an alarm");
        }
    }
    runbooks(project, findings);
}

fn consumer(project: &Project, function: &Function<'_>, findings: &mut Findings) {
    let id = format!("{}DeadLetterAlarm", function.name);
    let alarm = project.properties(&id);
    let queue = format!("{}DeadLetterQueue", function.name);
    findings.check(
        watches(alarm, "ApproximateNumberOfMessagesVisible", &queue)
            && alarm["Threshold"] == 1
            && alarm["EvaluationPeriods"] == 1,
        Rule::DeadLetterAlarm,
        &id,
        "must go off by the first message in the dead-letter queue (NumberOfMessagesSent does not move on redrive)",
    );
    let id = format!("{}DelayAlarm", function.name);
    let queue = format!("{}Queue", function.name);
    findings.check(
        watches(project.properties(&id), "ApproximateAgeOfOldestMessage", &queue),
        Rule::DelayAlarm,
        &id,
        "must watch the age of the oldest message",
    );
}

fn watches(alarm: &Value, metric: &str, queue: &str) -> bool {
    alarm["Namespace"] == "AWS/SQS"
        && alarm["MetricName"] == metric
        && alarm["Statistic"] == "Maximum"
        && alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        && alarm["Dimensions"][0]["Name"] == "QueueName"
        && is_attribute(&alarm["Dimensions"][0]["Value"], queue, "QueueName")
}

fn runbooks(project: &Project, findings: &mut Findings) {
    let alarms: Vec<_> = project.resources("AWS::CloudWatch::Alarm").collect();
    for (id, alarm) in &alarms {
        let page = runbook(alarm).unwrap_or("");
        findings.check(project.runbooks.contains(page), Rule::Runbook, id, &format!("{page:?} is no page of docs/runbooks"));
        let told = list(&alarm["Properties"]["AlarmActions"]).contains(&json!({"Ref": "AlarmTopic"}));
        findings.check(told, Rule::Runbook, id, "tells nobody");
    }
    for page in &project.runbooks {
        let used = page == "README.md" || alarms.iter().any(|(_, alarm)| runbook(alarm) == Some(page));
        findings.check(used, Rule::OrphanRunbook, page, "no alarm names it");
    }
}

/// The page that an alarm's description ends with.
fn runbook(alarm: &Value) -> Option<&str> {
    let (_, path) = alarm["Properties"]["AlarmDescription"].as_str()?.rsplit_once("docs/runbooks/")?;
    path.strip_suffix('.')
}
