"""A real SMTP server that tests can make misbehave, on aiosmtpd.

It is started by `test_support::servers::SmtpServer`, says on standard output where it listens, and ends when its
standard input does, so that it never outlives the test that started it.

In its folder:
  behaviour.json   how to behave, read anew at every step: {"default": NAME, "recipients": {ADDRESS: NAME}}
  connections      a line for every connection, written before the greeting
  messages/N.eml   what came after DATA, byte for byte, and beside it N.json: the envelope, written last
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

ACCEPTED = "250 2.0.0 kept"


class Control:
    """What the test wants, and what it is told."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.messages = folder / "messages"
        self.messages.mkdir(parents=True, exist_ok=True)

    def behaviour(self, recipients=()):
        """The behaviour towards the first recipient that has one of its own, else the default."""
        wanted = json.loads((self.folder / "behaviour.json").read_text())
        for recipient in recipients:
            if recipient in wanted["recipients"]:
                return wanted["recipients"][recipient]
        return wanted["default"]

    def note_connection(self, peer):
        with (self.folder / "connections").open("a") as file:
            file.write(f"{peer}\n")

    def keep(self, session, envelope, encrypted):
        """Writes the message, then its envelope under its final name: an envelope that is there is whole."""
        number = len(list(self.messages.glob("*.json"))) + 1
        (self.messages / f"{number:06}.eml").write_bytes(envelope.original_content)
        described = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "authenticated_as": session.auth_data if session.authenticated else None,
            "encrypted": encrypted,
        }
        unfinished = self.messages / f"{number:06}.unfinished"
        unfinished.write_text(json.dumps(described))
        unfinished.rename(self.messages / f"{number:06}.json")


class Handler:
    def __init__(self, control: Control):
        self.control = control

    async def handle_RCPT(self, server, session, envelope, address, options):
        match self.control.behaviour([address]):
            case "refuse_recipient_for_now":
                return "450 4.2.1 mailbox busy, try again later"
            case "refuse_recipient":
                return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 known"

    async def handle_DATA(self, server, session, envelope):
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        match self.control.behaviour(envelope.rcpt_tos):
            case "refuse_message_for_now":
                return "451 4.3.0 local error, try again later"
            case "refuse_message":
                return "554 5.7.1 refused for its content"
            case "hang_after_data":
                await asyncio.Event().wait()
            case "drop_after_data":
                self.control.keep(session, envelope, encrypted)
                server.transport.abort()
                raise ConnectionResetError("dropped on purpose")
        self.control.keep(session, envelope, encrypted)
        return ACCEPTED


class Server(SMTP):
    """As aiosmtpd, with the two misbehaviours that come before its first word."""

    def __init__(self, control: Control, **options):
        super().__init__(Handler(control), **options)
        self.control = control

    async def _handle_client(self):
        # After STARTTLS the protocol begins anew within the same connection.
        self.control.note_connection(self.session.peer)
        match self.control.behaviour():
            case "hang_before_greeting":
                # Reads until the client gives up, and says nothing.
                await self._reader.read()
                self._writer.close()
                return
            case "busy":
                await self.push("421 4.3.2 too busy, try again later")
                self._writer.close()
                return
        try:
            await super()._handle_client()
        except ConnectionError:
            self._writer.close()


def authenticator(user, password):
    def check(server, session, envelope, mechanism, given):
        matches = (given.login.decode(), given.password.decode()) == (user, password)
        return AuthResult(success=matches, handled=False, auth_data=user if matches else None)

    return check


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--encryption", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--password")
    arguments = parser.parse_args()

    control = Control(arguments.folder)
    context = None
    if arguments.encryption != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
    options = {"hostname": "localhost", "ident": "test server", "enable_SMTPUTF8": True, "data_size_limit": None}
    if arguments.encryption == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if arguments.user:
        options |= {
            "auth_required": True,
            "auth_require_tls": arguments.encryption == "starttls",
            "authenticator": authenticator(arguments.user, arguments.password),
        }

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Server(control, loop=loop, **options),
        host="127.0.0.1",
        port=arguments.port,
        ssl=context if arguments.encryption == "implicit" else None,
    )
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(main())
