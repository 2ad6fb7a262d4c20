"""Clients of the emulated AWS; needs the private environment."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from .instance import ACCOUNT, REGION, STACK, Instance


class Cloud:
    """The emulated AWS of one instance."""

    def __init__(self, instance: Instance) -> None:
        self._session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="local", region_name=REGION)
        self._endpoint = instance.emulator_url
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A client of one service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint)
        return self._clients[service]

    def stack(self) -> dict[str, Any] | None:
        """The stack as CloudFormation describes it."""
        try:
            return self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        stack = self.stack() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
