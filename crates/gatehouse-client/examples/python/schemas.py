"""The published JSON Schemas, and as much of JSON Schema as they use.

Types, constants, patterns, required fields, items and alternatives are checked. Fields and types of events that are not
known are no error: events gain fields, and there are new events. With `strict`, values that no alternative names are
errors too; without it a consumer accepts them, since a new state may come.
"""

import json
import re
import urllib.error
import urllib.request
import uuid
from datetime import datetime
from pathlib import Path

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


class Invalid(Exception):
    """A message is not what its schema promises."""


class Schemas:
    """Schemas from a folder (`schemas/public` of the project) or from the service (`/v1/schemas`), each read once."""

    def __init__(self, source, strict=False):
        self.source = str(source).rstrip("/")
        self.strict = strict
        self.known = {}

    def of(self, name):
        """The schema of this name, such as `access.granted.v1` or `envelope`; none if there is none."""
        if name not in self.known:
            self.known[name] = self._read(name)
        return self.known[name]

    def required(self, name):
        """A schema without which nothing can be checked."""
        schema = self.of(name)
        if schema is None:
            raise SystemExit(f"{self.source} has no schema {name}: is that where schemas are published?")
        return schema

    def _read(self, name):
        try:
            if self.source.startswith("http"):
                with urllib.request.urlopen(f"{self.source}/{name}.json", timeout=30) as answer:
                    return json.load(answer)
            return json.loads(Path(self.source, *name.split(".")).with_suffix(".json").read_text())
        except FileNotFoundError:
            return None
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def check_event(self, envelope):
        """Raises Invalid unless the envelope and, where its type is known, its data are as published. Says whether it is known."""
        self.check(envelope, self.required("envelope"), "envelope")
        schema = self.of(envelope["type"])
        if schema is None:
            return False
        self.check(envelope["data"], schema, envelope["type"])
        return True

    def check_line(self, line):
        """Raises Invalid unless a line of a snapshot is as published. Lines of kinds that are not known are passed over."""
        for schema in self.required("snapshot")["oneOf"]:
            if schema["properties"]["kind"]["const"] == line["kind"]:
                self.check(line, schema, line["kind"])

    def check(self, value, schema, where):
        """Raises Invalid unless the value is as the schema has it."""
        kind = schema.get("type")
        if kind and (not isinstance(value, TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
            raise Invalid(f"{where}: {value!r} is no {kind}")
        if "const" in schema and value != schema["const"]:
            raise Invalid(f"{where}: {value!r} is not {schema['const']!r}")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            raise Invalid(f"{where}: {value!r} does not match {schema['pattern']}")
        self._check_format(value, schema.get("format"), where)
        for name in schema.get("required", []):
            if name not in value:
                raise Invalid(f"{where}: {name} is missing")
        for name, part in schema.get("properties", {}).items():
            if name in value:
                self.check(value[name], part, f"{where}.{name}")
        for index, item in enumerate(value if "items" in schema else []):
            self.check(item, schema["items"], f"{where}[{index}]")
        self._check_alternatives(value, schema, where)

    def _check_format(self, value, form, where):
        try:
            if form == "uuid":
                uuid.UUID(value)
            elif form == "date-time":
                datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError as error:
            raise Invalid(f"{where}: {value!r} is no {form}") from error

    def _check_alternatives(self, value, schema, where):
        alternatives = schema.get("oneOf", schema.get("anyOf"))
        if not alternatives or not self.strict:
            return
        for alternative in alternatives:
            try:
                return self.check(value, alternative, where)
            except Invalid:
                continue
        raise Invalid(f"{where}: {value!r} is none of what is published")
