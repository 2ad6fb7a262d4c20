"""Runs one function by `sam local invoke`, on an event of events/, against the application that runs.

SAM gives a container no way to this machine's own 127.0.0.1, where the services listen: `--docker-network host` changes
nothing. So for as long as the container lives, the services' ports are relayed from Docker's bridge, which only
containers and this machine reach.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import json
import os
import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import DockerException

from . import services
from .cloud import Cloud
from .console import refuse
from .deploy import CODE_URI, TEMPLATE, architecture
from .instance import ACCOUNT, REGION, ROOT, STACK, Instance

EVENTS = ROOT / "events"

_LOOPBACK = "127.0.0.1"
_CHUNK = 65_536
_FIRST_VARIABLES = re.compile(r"^( *)Variables:\n", re.MULTILINE)


def invoke(instance: Instance, function: str, event: str, *, skip_pull_image: bool) -> int:
    """Invoke a function, both named as in events/, and give the exit code of SAM."""
    path = _event(function, event)
    if services.EMULATOR not in services.running(instance):
        refuse("The application does not run. Start it: make run")
    bridge = _bridge()
    logical_id = "".join(word.capitalize() for word in function.split("-")) + "Function"
    template, variables = instance.directory / "sam-template.yaml", instance.directory / "sam-env.json"
    template.write_text(_template())
    variables.write_text(json.dumps({logical_id: _environment(instance, logical_id, bridge)}, indent=2) + "\n")
    command = [
        str(Path(sys.executable).with_name("sam")), "local", "invoke", logical_id,
        "--template", str(template),
        "--event", str(path),
        "--env-vars", str(variables),
        "--parameter-overrides", f"Architecture={architecture()}",
        "--region", REGION,
        *(["--skip-pull-image"] if skip_pull_image else []),
    ]  # fmt: skip
    print(shlex.join(command), file=sys.stderr, flush=True)
    ports = list(instance.ports())
    return asyncio.run(_run(command, bridge, ports))


def _event(function: str, event: str) -> Path:
    """The file, or a refusal that tells which there are."""
    path = EVENTS / function / f"{event}.json"
    if not path.exists():
        events = sorted(file for file in EVENTS.glob("*/*.json") if file.parent.name != "messages")
        lines = "\n".join(f"    make invoke FUNCTION={file.parent.name} EVENT={file.stem}" for file in events)
        refuse(f"There is no {path.relative_to(ROOT)}. There are:\n{lines}")
    return path


def _bridge() -> str:
    """This machine's address on Docker's default network."""
    try:
        network = docker.from_env().networks.get("bridge").attrs["IPAM"]["Config"][0]
    except DockerException as error:
        refuse(
            "Docker does not answer, and SAM runs functions in its containers. Install and start Docker "
            f"(https://docs.docker.com/engine/install/), and let your user use it.\n    {error}"
        )
    # Docker leaves the gateway out until its second start; it is the first address all the same.
    return network.get("Gateway") or str(next(ipaddress.ip_network(network["Subnet"]).hosts()))


def _template() -> str:
    """`template.yaml` for use from another directory, with one more variable: SAM sets only what a template names."""
    text = CODE_URI.sub(lambda found: f"{found[1]}{ROOT}/target/lambda/{found[2]}/", TEMPLATE.read_text())
    return _FIRST_VARIABLES.sub(r"\g<0>\1  AWS_ENDPOINT_URL: ''" + "\n", text, count=1)


def _environment(instance: Instance, logical_id: str, bridge: str) -> dict[str, str]:
    """The variables of the deployed function, with the services where its container finds them."""
    cloud = Cloud(instance)
    resource = cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    deployed = cloud.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables = {**deployed, "AWS_ENDPOINT_URL": instance.emulator_url}
    if "API_URL" in variables:
        # The console asks there, by the name of this machine; in a container that is the container.
        variables["API_URL"] = f"http://{_LOOPBACK}:{instance.gateway_port}"
    return {variable: value.replace(_LOOPBACK, bridge) for variable, value in variables.items()}


async def _run(command: list[str], bridge: str, ports: Sequence[int]) -> int:
    """Run a command while the ports are relayed."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "SAM_CLI_TELEMETRY": "0",
    }
    relays = [await _listen(bridge, port) for port in ports]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment)
    with suppress(asyncio.CancelledError):  # Ctrl-C reaches SAM too, which then removes its container
        await process.wait()
    for relay in relays:
        relay.close()
    return await process.wait()


async def _listen(bridge: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.start_server(functools.partial(_relay, port), bridge, port)
    except OSError as error:
        refuse(f"Containers cannot be given a way to the services; is another invocation under way?\n    {error}")


async def _relay(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection to a port of this machine."""
    try:
        answers, requests = await asyncio.open_connection(_LOOPBACK, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, requests), _copy(answers, writer))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
    sink.close()
