"""Deploys `template.yaml` as it is, but for two things.

Each `CodeUri` is replaced by the place its package was uploaded to. And the emulator wants a media type with a slash where
CloudFormation wants it escaped.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tomlkit
from botocore.exceptions import ClientError

from .build import Build
from .cloud import Cloud
from .console import note, refuse, step
from .instance import DATABASE, DATABASE_PASSWORD, DATABASE_USER, REGION, ROOT, STACK, Instance
from .services import ALIGO_API_KEY, ALIGO_USER_ID

TEMPLATE = ROOT / "template.yaml"
SAM_CONFIG = ROOT / "samconfig.toml"
CODE_URI = re.compile(r"^(\s*CodeUri: )target/lambda/([a-z0-9-]+)/?$", re.MULTILINE)

# `*~1*` in CloudFormation's words
_ALL_MEDIA = re.compile(r"^(\s*- )'\*~1\*'$", re.MULTILINE)

_BUCKET = "dangol-packages"
_DATABASE_SECRET = "dangol-local-database"
_UNFINISHED = "_IN_PROGRESS"
_POLL_SECONDS = 0.2


def deploy(instance: Instance, cloud: Cloud, build: Build) -> dict[str, str]:
    """Upload what changed, bring the stack up to date, and give its outputs."""
    with step("Deploying template.yaml to the emulator"):
        _ensure_bucket(cloud)
        _ensure_database_secret(cloud)
        with ThreadPoolExecutor() as pool:
            uploads = {name: pool.submit(_upload, cloud, name, path) for name, path in build.functions.items()}
            packages = {name: upload.result() for name, upload in uploads.items()}
        template = CODE_URI.sub(lambda found: found[1] + _package_of(packages, found[2]), TEMPLATE.read_text())
        template = _ALL_MEDIA.sub(r"\1'*/*'", template)
        _apply(instance, cloud, template)
        outputs = cloud.outputs()
        instance.api_file.write_text(f"/_aws/execute-api/{outputs['ApiId']}/{outputs['ApiStage']}\n")
    return outputs


def _ensure_bucket(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    if _BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def _package_of(packages: dict[str, str], name: str) -> str:
    return packages.get(name) or refuse(f"template.yaml has a function {name}, but there is no functions/{name}.")


def _upload(cloud: Cloud, name: str, bootstrap: Path) -> str:
    """Upload a function's package unless it is there already, drop its older ones, and give its URI."""
    s3 = cloud.client("s3")
    binary = bootstrap.read_bytes()
    key = f"{name}/{hashlib.sha256(binary).hexdigest()}.zip"
    present = {entry["Key"] for entry in s3.list_objects_v2(Bucket=_BUCKET, Prefix=f"{name}/").get("Contents", [])}
    if key not in present:
        s3.put_object(Bucket=_BUCKET, Key=key, Body=_zipped(binary))
    for old in present - {key}:
        s3.delete_object(Bucket=_BUCKET, Key=old)
    return f"s3://{_BUCKET}/{key}"


def _zipped(bootstrap: bytes) -> bytes:
    """A package of one executable: the same bytes for the same binary, and made quickly."""
    entry = zipfile.ZipInfo("bootstrap")  # dated 1980, whenever it is made
    entry.external_attr = 0o755 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr(entry, bootstrap, zipfile.ZIP_DEFLATED, compresslevel=1)
    return buffer.getvalue()


def _ensure_database_secret(cloud: Cloud) -> None:
    """Make the secret that RDS manages in AWS."""
    secrets = cloud.client("secretsmanager")
    value = json.dumps({"username": DATABASE_USER, "password": DATABASE_PASSWORD})
    try:
        secrets.create_secret(Name=_DATABASE_SECRET, SecretString=value)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=_DATABASE_SECRET, SecretString=value)


def architecture() -> str:
    """This machine's processor, by its name in the template."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def _parameters(instance: Instance) -> dict[str, str]:
    """The parameters of samconfig.toml's table `local`, with what differs from instance to instance."""
    table = tomlkit.parse(SAM_CONFIG.read_text()).unwrap()["local"]["deploy"]["parameters"]
    configured = dict(override.split("=", 1) for override in table["parameter_overrides"])
    return {
        **configured,
        "Architecture": architecture(),
        "LogFormat": "text",
        "HttpConcurrency": "0",
        "DatabasePort": str(instance.database_port),
        "DatabaseName": DATABASE,
        "DatabaseUser": DATABASE_USER,
        "DatabaseSecretArn": _DATABASE_SECRET,
        "RedisUrl": instance.redis_url,
        "AligoBaseUrl": instance.aligo_url,
        "AligoApiKey": ALIGO_API_KEY,
        "AligoUserId": ALIGO_USER_ID,
        "ConsoleOrigin": instance.console_url,
        "UploadOrigin": instance.emulator_url,
        "LinkBaseUrl": f"{instance.api_url}/c",
    }


def _apply(instance: Instance, cloud: Cloud, template: str) -> None:
    """Create or update the stack and wait for the end of it."""
    cloudformation = cloud.client("cloudformation")
    key = "template.yaml"  # from the bucket, because a template in the request may have 51,200 bytes only
    cloud.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=template.encode())
    parameters = _parameters(instance)
    request: dict[str, Any] = {
        "StackName": STACK,
        "TemplateURL": f"{instance.emulator_url}/{_BUCKET}/{key}",
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    stack = cloud.stack()
    if stack is not None and stack["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"):
        cloudformation.delete_stack(StackName=STACK)
        _wait(cloud)
        stack = None
    begun = time.time()
    try:
        (cloudformation.update_stack if stack else cloudformation.create_stack)(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            note("nothing changed")
            return
        refuse(f"CloudFormation refused the template: {error}")
    status = _wait(cloud)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        refuse(f"The deployment ended as {status}:\n{_failures(cloud, begun)}")


def _wait(cloud: Cloud) -> str:
    """Wait until nothing is under way, and tell how it ended."""
    while (stack := cloud.stack()) is not None and stack["StackStatus"].endswith(_UNFINISHED):
        time.sleep(_POLL_SECONDS)
    return stack["StackStatus"] if stack else "DELETE_COMPLETE"


def _failures(cloud: Cloud, begun: float) -> str:
    events = cloud.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return "\n".join(
        f"    {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"].timestamp() >= begun - 1
    )


def migrate(cloud: Cloud, function: str) -> None:
    """Run the migrations the way a deployment does: by invoking the function that holds them."""
    with step("Migrating the database through the migrate function"):
        answer = cloud.client("lambda").invoke(FunctionName=function, Payload=b"{}", LogType="Tail")
        payload = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            refuse(f"The migrate function failed: {payload}")
        note(payload)
