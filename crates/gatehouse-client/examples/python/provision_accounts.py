"""Provisions the accounts of one application from Gatehouse's events into a SQLite table.

    python provision_accounts.py --gatehouse https://gateway.example --token-file token --application PARTS --database accounts.db

Needs nothing but Python 3.11, the published schemas and, for --nats, nats-py. It begins with a snapshot (or, with
--from-the-beginning, with the first event), goes on with the events as they come, and may be killed at any moment:
started again, it goes on where its last transaction ended. With --nats events come from a durable consumer of
JetStream, otherwise over HTTP; nothing else changes.

What makes every event count once: epoch and position are written in the same transaction as what the event changes.
What makes none be missed: each event names the public event before it (`previous`). A service that is limited to some
applications (--limited) cannot check that; over NATS it needs a consumer with `max_ack_pending: 1`, which is never sent
an event before the one before it was acknowledged.
"""

import argparse
import asyncio
import json
import logging
import os
import ssl
import time
import urllib.error
import urllib.request

from accounts import Accounts
from schemas import Schemas

ACCESS = {
    "access.requested.v1": "requested",
    "access.granted.v1": "granted",
    "access.denied.v1": "denied",
    "access.revoked.v1": "revoked",
}
USER = {
    "user.created.v1": "pending_first_login",
    "user.activated.v1": "active",
    "user.suspended.v1": "suspended",
    "user.closed.v1": "closed",
}

log = logging.getLogger("provision_accounts")


class StartAgain(Exception):
    """The log was restored from a backup: what was seen may never have happened."""


class Gatehouse:
    """The service over HTTP, with a token of our own."""

    def __init__(self, base, token):
        self.base, self.token = base.rstrip("/"), token

    def open(self, method, path, timeout=60, headers=None):
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return urllib.request.urlopen(urllib.request.Request(self.base + path, method=method, headers=headers), timeout=timeout)

    def get(self, path):
        """What is there; none if it is not there, or not for us."""
        try:
            with self.open("GET", path) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def events(self, progress, wait):
        """The events after what was seen, at most a page; waits some seconds for the first."""
        epoch, position = progress or (None, 0)
        path = f"/v1/events?after={position}&limit=500&wait={wait}" + (f"&epoch={epoch}" if epoch else "")
        try:
            with self.open("GET", path) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 409:
                raise StartAgain(json.load(error).get("detail")) from error
            raise

    def snapshot(self):
        """The lines of a snapshot that is whole."""
        with self.open("GET", "/v1/snapshot") as answer:
            lines = [json.loads(line) for line in answer]
        if not lines or lines[-1].get("kind") != "end" or lines[-1]["lines"] != len(lines):
            raise urllib.error.URLError("the snapshot was cut off")
        return lines

    def acknowledge_erasure(self, person):
        # The same key whenever it is said: once accepted, it gets the same answer.
        key = {"Idempotency-Key": f"erasure-{person}"}
        self.open("POST", f"/v1/erasures/{person}/acknowledge", headers=key).close()


class Provisioning:
    """Events and snapshots to rows, and what has to be done over HTTP because of them."""

    def __init__(self, options):
        with open(options.token_file, encoding="utf-8") as file:
            self.gatehouse = Gatehouse(options.gatehouse, file.read().strip())
        self.accounts = Accounts(options.database)
        self.schemas = Schemas(options.schemas or f"{options.gatehouse.rstrip('/')}/v1/schemas", strict=options.strict)
        self.application = options.application
        self.limited = options.limited

    def receive(self, text):
        """An event arrived. When this returns, its effects are kept, or were before."""
        envelope = text if isinstance(text, dict) else json.loads(text)
        known = self.schemas.check_event(envelope)
        epoch, position, previous = envelope["epoch"], int(envelope["position"]), int(envelope["previous"])
        progress = self.accounts.progress()
        seen_epoch, seen = progress or (epoch, 0)
        if seen_epoch != epoch:
            raise StartAgain(f"the epoch is {epoch} now")
        if position <= seen:
            self.work_off()
            return
        if previous > seen and not self.limited:
            self.catch_up(previous)
        if not known:
            log.warning("%s is newer than the schemas at hand", envelope["type"])
        with self.accounts.change(epoch, position):
            self.apply(envelope["type"], envelope["data"], envelope.get("application") == self.application)
        self.work_off()

    def catch_up(self, up_to):
        """Events are missing: they are to be had over HTTP."""
        while (progress := self.accounts.progress() or (None, 0))[1] < up_to:
            log.warning("events after %s up to %s are missing: fetching them over HTTP", progress[1], up_to)
            page = self.gatehouse.events(progress if progress[0] else None, 0)
            if not page:
                raise RuntimeError(f"the events up to {up_to} are not to be had over HTTP either")
            for envelope in page:
                self.receive(envelope)

    def apply(self, kind, data, ours):
        """What an event changes. Everything that is not named here is none of our business."""
        if kind in ACCESS:
            if ours:
                self.accounts.access(data["user"], data["organization"], ACCESS[kind])
        elif kind in USER:
            self.accounts.user(data["user"], USER[kind], activated=kind == "user.activated.v1")
        elif kind == "user.reinstated.v1":
            self.accounts.reinstated(data["user"])
        elif kind == "user.profile_confirmed.v1":
            self.accounts.outdated("person", data["user"])
        elif kind == "organization.profile_amended.v1":
            self.accounts.outdated("organization", data["organization"])
        elif kind == "person.erased.v1":
            self.accounts.erased(data["person"])

    def bootstrap(self):
        """Begins with what is so now, in one transaction with the position that it is so at."""
        lines = self.gatehouse.snapshot()
        for line in lines:
            self.schemas.check_line(line)
        begin, ours = lines[0], None
        with self.accounts.change(begin["epoch"], int(begin["position"])):
            self.accounts.forget_everything()
            for line in lines:
                if line["kind"] == "application" and line["code"] == self.application:
                    ours = line["application"]
                elif line["kind"] == "user" and line["state"] == "erased":
                    self.accounts.erased(line["user"])
                elif line["kind"] == "user":
                    self.accounts.user(line["user"], line["state"], line["activated"])
                elif line["kind"] == "access" and line["application"] == ours:
                    self.accounts.access(line["user"], line["organization"], line["state"])
        log.info("began with a snapshot at position %s", begin["position"])
        self.work_off()

    def work_off(self):
        """Does over HTTP what events asked for. What is not done when we are killed is done when we start again."""
        while to_do := self.accounts.to_do():
            person, what, organization = to_do
            if what == "acknowledge":
                self.gatehouse.acknowledge_erasure(person)
                self.accounts.did(person, what)
            else:
                self.accounts.did(person, what, self.details(person, organization))

    def details(self, person, organization):
        """Who somebody is: User ID, name, address, company; nothing if they may not open the application, or are forgotten."""
        user = self.gatehouse.get(f"/v1/users/{person}") if organization else None
        if not user:
            return (None, None, None, None)
        company = self.gatehouse.get(f"/v1/organizations/{organization}") or {}
        name = " ".join(part for part in (user.get("given_name"), user.get("family_name")) if part) or None
        return (user.get("user_id"), name, user.get("email"), company.get("profile", {}).get("legal_name"))


def patiently(action, *arguments):
    """Does something over HTTP until it works: what passes by itself (a server that is down) is waited out."""
    pause = 0.5
    while True:
        try:
            return action(*arguments)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code not in (408, 429):
                raise
            log.warning("%s; again in %s s", error, pause)
        except (urllib.error.URLError, ConnectionError, TimeoutError, json.JSONDecodeError) as error:
            log.warning("%s; again in %s s", error, pause)
        time.sleep(pause)
        pause = min(pause * 2, 30)


def follow_http(service):
    """Events over HTTP: page after page; the service answers as soon as there is an event."""
    while True:
        for envelope in patiently(service.gatehouse.events, service.accounts.progress(), 20):
            patiently(service.receive, envelope)


async def follow_nats(service, options):
    """Events from a durable consumer, which the operator has made for us. The client reconnects by itself."""
    import nats
    from nats.errors import TimeoutError as NothingYet
    from nats.js.errors import ServiceUnavailableError

    credentials = {}
    if options.nats_user:
        credentials = {"user": options.nats_user, "password": os.environ["NATS_PASSWORD"], "inbox_prefix": f"_INBOX_{options.nats_user}"}
    tls = ssl.create_default_context(cafile=options.nats_ca) if options.nats_ca else None
    client = await nats.connect(options.nats, tls=tls, max_reconnect_attempts=-1, **credentials)
    consumer = await client.jetstream(prefix=options.nats_api).pull_subscribe_bind(options.consumer, options.nats_stream)
    while True:
        try:
            messages = await consumer.fetch(64, timeout=5)
        except NothingYet:
            continue
        except ServiceUnavailableError:
            # While a cluster chooses a leader; for ever, if the names are not those that the operator gave us.
            log.warning("nobody answers for the consumer %s under %s; again in 2 s", options.consumer, options.nats_api)
            await asyncio.sleep(2)
            continue
        # Sent again, an event can come after later ones.
        for message in sorted(messages, key=lambda message: message.metadata.sequence.stream):
            await asyncio.to_thread(patiently, service.receive, message.data)
            await message.ack()


def main():
    parser = argparse.ArgumentParser(description="Provisions the accounts of one application into a SQLite table.")
    parser.add_argument("--gatehouse", required=True, help="where Gatehouse is")
    parser.add_argument("--token-file", required=True, help="the file with this service's token")
    parser.add_argument("--application", required=True, help="the code of the application")
    parser.add_argument("--database", required=True, help="the SQLite file")
    parser.add_argument("--schemas", help="the folder with the published schemas; from the service unless told")
    parser.add_argument("--strict", action="store_true", help="refuse values that the schemas do not name, as a test does")
    parser.add_argument("--from-the-beginning", action="store_true", help="replay every event instead of beginning with a snapshot")
    parser.add_argument("--limited", action="store_true", help="we see only some applications: what we are not sent is no gap")
    parser.add_argument("--nats", help="where NATS is; events come over HTTP otherwise")
    parser.add_argument("--nats-user", help="the user at NATS; the password is in NATS_PASSWORD")
    parser.add_argument("--nats-ca", help="the certificate authority of NATS")
    parser.add_argument("--nats-api", default="GATEHOUSE.API", help="what JetStream's API is called there; $JS.API in the stream's account")
    parser.add_argument("--nats-stream", default="GATEHOUSE_EVENTS")
    parser.add_argument("--consumer", default="accounts", help="the durable consumer at NATS")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    service = Provisioning(options)
    patiently(service.work_off)
    if service.accounts.progress() is None and not options.from_the_beginning:
        patiently(service.bootstrap)
    while True:
        try:
            if options.nats:
                asyncio.run(follow_nats(service, options))
            else:
                follow_http(service)
        except StartAgain as why:
            log.warning("%s: starting again from a snapshot", why)
            before = service.accounts.progress()
            patiently(service.bootstrap)
            now = service.accounts.progress()
            if before and before[0] == now[0] and before[1] <= now[1]:
                raise SystemExit("events come of a history that is no more: a new stream must be filled (gatehouse publish --into)") from why


if __name__ == "__main__":
    main()
