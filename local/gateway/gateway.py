"""The AWS emulator with a second door, and with codes that are looked at.

What arrives on the gateway port is a request of the deployed REST API, so its path gets the long prefix under which
the emulator serves that API. On the emulator's own port nothing changes.

The emulator looks at the codes that Cognito mails only together with every signature and every policy of every service
(`AUTH=true`). Here they are always looked at, and a confirmed address is proven, as it is at AWS.

The emulator knows routes for any method, but leaves them out when it reads them from a template. Here it takes them too.
"""

import os
from pathlib import Path

from ministack.app import app as emulator
from ministack.services import apigateway_v1, cognito

_PORT = int(os.environ["DANGOL_GATEWAY_PORT"])
_API_FILE = Path(os.environ["DANGOL_API_FILE"])

_run_idp_handler = cognito._run_idp_handler


def _run_with_codes(handler, action, data):
    cognito._pin_unsigned_idp_scope(data)
    answer = cognito._confirmation_code_error(action, data) or _run_idp_handler(handler, action, data)
    if action == "ConfirmSignUp" and answer[0] == 200:
        pool, _ = cognito._pool_for_client(data["ClientId"])
        user, _ = cognito._resolve_user(pool, data["Username"])
        proven = [{"Name": "email_verified", "Value": "true"}]
        user["Attributes"] = cognito._merge_attributes(user["Attributes"], proven)
    return answer


cognito._run_idp_handler = _run_with_codes

_ANY = "x-amazon-apigateway-any-method"  # the word for it in an OpenAPI document of API Gateway

_import_operation = apigateway_v1._import_operation


def _import_operation_of_any(api_id, resource_id, http_method, *rest):
    _import_operation(api_id, resource_id, "ANY" if http_method.lower() == _ANY else http_method, *rest)


apigateway_v1._OPENAPI_HTTP_METHODS.add(_ANY)
apigateway_v1._import_operation = _import_operation_of_any


async def app(scope, receive, send):
    """Answer one ASGI connection."""
    if scope["type"] == "http" and scope["server"][1] == _PORT:
        try:
            prefix = _API_FILE.read_text().strip()
        except FileNotFoundError:
            prefix = "/_aws/execute-api/not-deployed/live"
        scope = {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + scope["raw_path"]}
    await emulator(scope, receive, send)
