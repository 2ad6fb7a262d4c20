"""Brings the whole application up, and says how to go on."""

from __future__ import annotations

import time
import urllib.request

from . import seed, services
from .api import sign_in
from .build import build
from .cloud import Cloud
from .console import note, refuse, say, step, warn
from .deploy import deploy, migrate
from .instance import ACCOUNT, DEFAULT_NAME, REGION, STACK, Instance


def bring_up(instance: Instance, *, seeded: bool, dies_with_us: bool) -> None:
    """Build, start, deploy, migrate and seed; each step does only what is left to do."""
    begun = time.monotonic()
    instance.remember()
    services.refuse_taken_ports(instance)
    built = build()
    services.start_stores(instance, dies_with_us=dies_with_us)
    services.start_cloud(instance, built.aligo, dies_with_us=dies_with_us)
    cloud = Cloud(instance)
    outputs = deploy(instance, cloud, built)
    migrate(cloud, outputs["MigrateFunctionName"])
    _write_env(instance, outputs)
    if seeded:
        seed.seed(instance, cloud, outputs)
    _open_console(instance)
    _greet(instance, seeded=seeded, seconds=time.monotonic() - begun)


def token(instance: Instance, email: str | None, password: str | None) -> str:
    """An ID token, of the demo clinic's owner unless somebody else is named."""
    if services.EMULATOR not in services.running(instance):
        refuse("The application does not run. Start it: make run")
    return sign_in(instance.api_url, email or seed.OWNER.email, password or seed.OWNER.password)


def _write_env(instance: Instance, outputs: dict[str, str]) -> None:
    """What a test, or a shell, must know of this instance."""
    variables = {
        "DANGOL_API_URL": instance.api_url,
        "DANGOL_EMULATOR_URL": instance.emulator_url,
        "DANGOL_ALIGO_URL": instance.aligo_url,
        "DANGOL_ALIGO_SENDER_KEY": services.ALIGO_SENDER_KEY,
        "DANGOL_DATABASE_URL": instance.database_url,
        "DANGOL_STACK": STACK,
        "DANGOL_USER_POOL_ID": outputs["UserPoolId"],
        "DANGOL_CLIENT_ID": outputs["UserPoolClientId"],
        "DANGOL_UPLOAD_BUCKET": outputs["UploadBucket"],
        "TEST_DATABASE_URL": instance.admin_database_url,
        "TEST_REDIS_URL": instance.redis_url,
        "AWS_ENDPOINT_URL": instance.emulator_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
    }
    instance.env_file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))


def _open_console(instance: Instance) -> None:
    """Ask for the first page, so that its function is there when a person does; say so when it is not."""
    with step("Opening the console"):
        try:
            with urllib.request.urlopen(instance.console_url, timeout=30) as page:
                note(f"its first page answers {page.status}")
        except OSError as error:
            warn(f"{instance.console_url} does not answer: {error}. See {instance.logs}")


def _greet(instance: Instance, *, seeded: bool, seconds: float) -> None:
    say(f"""
안녕하세요! 단골(Dangol)이 실행 중입니다. Dangol is running, after {seconds:.0f} s.

  Console       {instance.console_url}""")
    if seeded:
        say(f"  Sign-in       {seed.OWNER.email} / {seed.OWNER.password} (owner of the demo clinic)")
    say(f"""
  API, links    {instance.api_url}/v1, {instance.api_url}/c/<token>
  API explained {instance.api_url}/docs
  AWS           {instance.emulator_url} (region {REGION}, any credentials)
  Mails         {instance.emulator_url}/_ministack/ses/messages
  Aligo         {instance.aligo_url} (in a browser, the phones of all recipients)
  MariaDB       {instance.database_url}
  Redis         {instance.redis_url}
  Logs          {instance.logs}
""")
    if seeded:
        _show_the_way(instance)


def _show_the_way(instance: Instance) -> None:
    choice = "" if instance.name == DEFAULT_NAME else f" INSTANCE={instance.name}"
    authorization = f'-H "Authorization: Bearer $(make -s token{choice})"'
    say(f"""\
Try, in another terminal, in this directory:

  curl -s {authorization} {instance.api_url}/v1/groups
  curl -s {authorization} {instance.api_url}/v1/templates
  curl -s {authorization} -H 'Content-Type: application/json' \\
       -d '{{"name":"김단골","phone":"010-2345-6789"}}' {instance.api_url}/v1/customers
""")
