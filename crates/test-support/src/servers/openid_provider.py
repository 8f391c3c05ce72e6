"""A real OpenID Connect provider on idpyoidc, which tests can make misbehave.

It is started by `test_support::servers::OpenIdProvider`, says on standard output where it listens, and ends when its
standard input does, so that it never outlives the test that started it. Its keys are made anew at each start.

In its folder:
  options.json     port, issuer, client_id, client_secret, redirect_uri, signing_algorithm, users {NAME: PASSWORD}; with a certificate
                   (a file with its key), TLS, and the same without on plain_port; read at the start
  behaviour.json   what it does wrong, read anew for each answer: see `Wrong`
  requests         a line for every request: method and path, without query and body

Whoever signs in shows a password, and a code as well if the client asks for the class of two factors. The subject of a
user is `sub-NAME`. It keeps no session with the browser: who comes again signs in again.
"""

import argparse
import base64
import hashlib
import hmac
import html
import json
import logging
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptojwt.jwk.rsa import new_rsa_key
from cryptojwt.jws.jws import JWS
from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.exception import FailedAuthentication, UnAuthorizedClient
from idpyoidc.server.oauth2.add_on.pkce import CC_METHOD
from idpyoidc.server.oidc.authorization import Authorization
from idpyoidc.server.oidc.provider_config import ProviderConfiguration
from idpyoidc.server.oidc.token import Token
from idpyoidc.server.token.id_token import IDToken
from idpyoidc.server.user_authn.user import UserAuthnMethod, create_signed_jwt

PASSWORD = "urn:example:acr:password"
TWO_FACTORS = "urn:example:acr:two-factors"
AMR = {PASSWORD: ["pwd"], TWO_FACTORS: ["pwd", "otp", "mfa"]}
CODE = "424242"
LOGIN = "login"
ENCRYPTION = {"kwargs": {"keys": {"key_defs": [{"type": "OCT", "use": ["enc"], "kid": "enc"}, {"type": "OCT", "use": ["sig"], "kid": "sig"}]}}}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Wrong:
    """What the test wants to be wrong.

    claims      claims of the ID token that are something else; null: they are left out
    signed      "none": alg none; "shared": HS256 under the client's secret; "strange": a key that is not published
    metadata    members of the metadata that are something else; null: they are left out
    status      answers everything with this status
    hang        seconds before each answer
    huge        the metadata have so many bytes more
    """

    def __init__(self, folder):
        self.file = folder / "behaviour.json"

    def __getitem__(self, key):
        return json.loads(self.file.read_text()).get(key)


def changed(original, changes):
    result = {**original, **(changes or {})}
    return {key: value for key, value in result.items() if value is not None}


class WatchedIDToken(IDToken):
    """ID tokens as the library makes them, and what is to be wrong of them."""

    wrong = None
    secret = ""

    def sign_encrypt(self, session_id, client_id, **kwargs):
        token = super().sign_encrypt(session_id, client_id, **kwargs)
        header, payload, _ = token.split(".")
        header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))
        claims = changed({**payload, "amr": AMR[payload["acr"]]}, self.wrong["claims"])
        match self.wrong["signed"]:
            case "none":
                return f"{b64(json.dumps({**header, 'alg': 'none'}).encode())}.{b64(json.dumps(claims).encode())}."
            case "shared":
                signed = f"{b64(json.dumps({**header, 'alg': 'HS256'}).encode())}.{b64(json.dumps(claims).encode())}"
                return f"{signed}.{b64(hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).digest())}"
            case "strange":
                keys = [new_rsa_key(kid=header["kid"])]
                return JWS(json.dumps(claims), alg="RS256", kid=header["kid"]).sign_compact(keys)
            case _:
                keys = self.upstream_get("attribute", "keyjar").get_signing_key("EC" if header["alg"].startswith("ES") else "RSA", "")
                return JWS(json.dumps(claims), alg=header["alg"], kid=header["kid"]).sign_compact(keys)


class Form(UserAuthnMethod):
    """A form for name and password, and a code where two factors are asked for."""

    def __init__(self, users, with_code, upstream_get=None, **kwargs):
        super().__init__(upstream_get=upstream_get)
        self.users, self.with_code = users, with_code

    def __call__(self, **kwargs):
        token = create_signed_jwt(self.upstream_get("context").issuer, self.upstream_get("attribute", "keyjar"), **kwargs)
        fields = ["username", "password"] + (["code"] if self.with_code else [])
        inputs = "".join(f'<input name="{name}">' for name in fields)
        return f'<form action="/{LOGIN}" method="post"><input type="hidden" name="token" value="{html.escape(token)}">{inputs}</form>'

    def verify(self, username=None, password=None, code=None, **kwargs):
        if not username or self.users.get(username) != password or (self.with_code and code != CODE):
            raise FailedAuthentication()
        return username


def provider(issuer, options, wrong):
    """The provider, with keys of its own."""
    WatchedIDToken.wrong, WatchedIDToken.secret = wrong, options["client_secret"]
    form = lambda acr, with_code: {"acr": acr, "class": f"{__name__}.Form", "kwargs": {"users": options["users"], "with_code": with_code}}
    lifetime = lambda seconds: {"lifetime": seconds}
    jwt_token = "idpyoidc.server.token.jwt_token.JWTToken"
    configuration = {
        "issuer": issuer,
        "key_conf": {"key_defs": [{"type": "RSA", "size": 2048, "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}], "uri_path": "jwks"},
        "cookie_handler": {"class": "idpyoidc.server.cookie_handler.CookieHandler", "kwargs": {"encrypter": ENCRYPTION, "name": {"session": "op", "register": "op_rp", "session_management": "sman"}}},
        "session_params": {"encrypter": ENCRYPTION},
        "token_handler_args": {
            "code": {"kwargs": {**lifetime(600), "crypt_conf": ENCRYPTION}},
            "token": {"class": jwt_token, "kwargs": lifetime(3600)},
            "id_token": {"class": f"{__name__}.WatchedIDToken", "kwargs": {}},
        },
        "endpoint": {
            "provider_info": {"path": ".well-known/openid-configuration", "class": ProviderConfiguration, "kwargs": {"client_authn_method": None}},
            "authorization": {"path": "authorization", "class": Authorization, "kwargs": {"client_authn_method": None, "response_types_supported": ["code"]}},
            "token": {"path": "token", "class": Token, "kwargs": {"client_authn_method": ["client_secret_basic", "client_secret_post"]}},
        },
        "authentication": {"password": form(PASSWORD, False), "two_factors": form(TWO_FACTORS, True)},
        "add_on": {"pkce": {"function": "idpyoidc.server.oauth2.add_on.pkce.add_support", "kwargs": {"essential": True, "code_challenge_methods": {"S256": CC_METHOD["S256"]}}}},
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {name: {} for name in options["users"]}}},
    }
    server = Server(OPConfiguration(configuration))
    context = server.context
    context.session_manager.sub_func["public"] = lambda user, **kwargs: f"sub-{user}"
    context.cdb[options["client_id"]] = {
        "client_secret": options["client_secret"],
        "redirect_uris": [(options["redirect_uri"], {})],
        "response_types_supported": ["code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "allowed_scopes": ["openid", "profile", "email"],
        "id_token_signed_response_alg": options["signing_algorithm"],
    }
    server.keyjar.add_symmetric(options["client_id"], options["client_secret"])
    return server


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "openid-provider"
    lock = threading.Lock()
    op = wrong = requests = None

    def log_message(self, *args):
        pass

    def do_GET(self):
        with self.lock:
            self.answer(urlsplit(self.path).query)

    def do_POST(self):
        with self.lock:
            self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def answer(self, sent):
        path = urlsplit(self.path).path
        with self.requests.open("a") as file:
            file.write(f"{self.command} {path}\n")
        time.sleep(self.wrong["hang"] or 0)
        if self.wrong["status"]:
            return self.write(self.wrong["status"], "text/plain", "as the test wants it")
        endpoints = {"/authorization": "authorization", "/token": "token"}
        arguments = dict(parse_qsl(sent))
        if path == "/.well-known/openid-configuration":
            endpoint = self.op.get_endpoint("provider_config")
            metadata = {**endpoint.process_request()["response_args"], "authorization_response_iss_parameter_supported": True}
            metadata = changed(metadata, self.wrong["metadata"])
            self.write(200, "application/json", json.dumps(metadata) + " " * (self.wrong["huge"] or 0))
        elif path == "/jwks":
            self.write(200, "application/json", self.op.keyjar.export_jwks_as_json())
        elif path == f"/{LOGIN}":
            self.log_in(arguments)
        elif path in endpoints:
            self.endpoint(self.op.get_endpoint(endpoints[path]), arguments)
        else:
            self.write(404, "text/plain", "there is nothing here")

    def http_info(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {"headers": headers, "method": self.command, "url": self.path, "cookie": []}

    def endpoint(self, endpoint, arguments):
        info = self.http_info()
        try:
            request = endpoint.parse_request(arguments, http_info=info)
        except UnAuthorizedClient:
            return self.write(401, "application/json", json.dumps({"error": "invalid_client"}))
        if "error" in request:
            return self.write(400, "application/json", request.to_json())
        outcome = endpoint.process_request(request, http_info=info)
        if "http_response" in outcome:
            return self.write(200, "text/html", outcome["http_response"])
        if "error" in outcome:
            return self.write(400, "application/json", json.dumps({"error": outcome["error"]}))
        self.done(endpoint, request, outcome)

    def log_in(self, arguments):
        for method in ("two_factors", "password"):
            form = self.op.context.authn_broker.get_method_by_id(method)
            asked = form.unpack_token(arguments["token"])
            if asked["authn_class_ref"] == self.op.context.authn_broker[method]["acr"]:
                break
        try:
            user = form.verify(**arguments)
        except FailedAuthentication:
            return self.write(403, "text/plain", "name, password or code is not right")
        endpoint = self.op.get_endpoint("authorization")
        request = AuthorizationRequest().from_urlencoded(asked["query"])
        session = endpoint.create_session(request, user, asked["authn_class_ref"], asked["iat"], form)
        self.done(endpoint, request, endpoint.authz_part2(request=request, session_id=session))

    def done(self, endpoint, request, outcome):
        info = endpoint.do_response(request=request, **outcome)
        if info.get("response_placement", endpoint.response_placement) == "url":
            return self.write(302, "text/plain", "", location=info["response"])
        self.write(info.get("response_code", 200), "application/json", info["response"])

    def write(self, status, kind, body, location=None):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


def listening(port):
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    logging.basicConfig(level=logging.ERROR)
    options = json.loads((folder / "options.json").read_text())
    server = listening(options["port"])
    Handler.wrong = Wrong(folder)
    Handler.requests = folder / "requests"
    Handler.op = provider(options["issuer"], options, Handler.wrong)
    if options["certificate"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["certificate"])
        # In the thread of each connection, so that one which never comes to it holds up no other.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=listening(options["plain_port"]).serve_forever, daemon=True).start()
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
