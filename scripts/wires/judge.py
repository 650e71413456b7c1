# SPDX-License-Identifier: LicenseRef-NIA-Proprietary
"""Holds each body to the types of the SDK that its provider ships, and each corrupted body as well: python judge.py bodies.json

A body is accepted if its type takes it whole and knows each of its fields. A corruption that is accepted fails too: then nothing is shown by acceptance.
"""

import json
import sys
import typing
from copy import deepcopy
from pathlib import Path

from anthropic.types import message_create_params as messages
from google.genai import types as gemini
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

# OpenRouter's own fields, which OpenAI's types do not know.
OPENROUTER = {"usage", "provider", "reasoning", "models", "route", "plugins"}


class Sampling(TypedDict, total=False):
    """What the types of this version of anthropic no longer have. Models from before take it."""

    temperature: float
    top_p: float


class Refused(Exception):
    """A body that is not what its provider takes."""


def typed(whole, streamed, beyond=frozenset()):
    """A judge by a TypedDict. Pydantic reads the lists of these lazily and lets unknown fields pass, so both are seen to here."""

    # What is read lazily needs its adapter to the end.
    ways = {streams: (TypeAdapter(params), typing.get_type_hints(params).keys()) for streams, params in ((False, whole), (True, streamed))}

    def judge(body):
        adapter, known = ways[bool(body.get("stream"))]
        unknown = body.keys() - known - beyond
        if unknown:
            raise Refused(f"unknown fields: {', '.join(sorted(unknown))}")
        drain(adapter.validate_python({key: value for key, value in body.items() if key not in beyond}))

    return judge


def drain(value):
    """Reads everything, and so has everything judged."""
    if isinstance(value, dict):
        for member in value.values():
            drain(member)
    elif not isinstance(value, (str, bytes)) and hasattr(value, "__iter__"):
        for member in value:
            drain(member)


def anthropic(body):
    sampling = {key: body[key] for key in body.keys() & Sampling.__annotations__.keys()}
    SAMPLING.validate_python(sampling)
    MESSAGE({key: value for key, value in body.items() if key not in sampling})


def google(body):
    """The SDK has no type for the whole body: it is the contents, and a configuration that is flat there and nested on the wire."""
    rest = dict(body)
    contents = rest.pop("contents", None)
    # The SDK's Content takes anything for its role.
    for content in TypeAdapter(list[gemini.Content]).validate_python(contents):
        if content.role not in ("user", "model"):
            raise Refused(f"role {content.role}")
    config = rest.pop("generationConfig", {})
    gemini.GenerateContentConfig.model_validate(config | rest)


SAMPLING = TypeAdapter(Sampling)
MESSAGE = typed(messages.MessageCreateParamsNonStreaming, messages.MessageCreateParamsStreaming)
CHAT = typed(chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming)
JUDGES = {
    "openai": CHAT,
    "azure": CHAT,
    "openrouter": typed(chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming, OPENROUTER),
    "openai-responses": typed(responses.ResponseCreateParamsNonStreaming, responses.ResponseCreateParamsStreaming),
    "anthropic": anthropic,
    "gemini": google,
}


def put(*path, value):
    """A corruption: sets the member at `path`. One that finds no such place does not apply."""

    def corrupt(body):
        for step in path[:-1]:
            body = body[step]
        body[path[-1]]  # raises where there is none
        body[path[-1]] = value

    return corrupt


def drop(field):
    return lambda body: body.pop(field)


def add(body):
    body["surprise"] = 1


def misspelt(*path):
    def corrupt(body):
        for step in path[:-1]:
            body = body[step]
        body[path[-1] + "z"] = body.pop(path[-1])

    return corrupt


MESSAGES = {
    "no messages": drop("messages"),
    "a role that is none": put("messages", 0, "role", value="wizard"),
    "temperature in words": put("temperature", value="warm"),
    "an unknown field": add,
}
OF_CHAT = MESSAGES | {
    "a response_format that is none": put("response_format", "type", value="poem"),
    "a tool of no kind": put("tools", 0, "type", value="hammer"),
    "a tool without a name": lambda body: body["tools"][0]["function"].pop("name"),
    "a choice that is none": put("tool_choice", value=7),
    "a call without an id": lambda body: next(one for one in body["messages"] if "tool_calls" in one)["tool_calls"][0].pop("id"),
}
CORRUPTIONS = {
    "openai": OF_CHAT,
    "azure": OF_CHAT,
    "openrouter": OF_CHAT,
    "openai-responses": {
        "input of a number": put("input", value=5),
        "a role that is none": put("input", 0, "role", value="wizard"),
        "a format that is none": put("text", "format", "type", value="poem"),
        "temperature in words": put("temperature", value="warm"),
        "a tool of no kind": put("tools", 0, "type", value="hammer"),
        "an unknown field": add,
    },
    "anthropic": MESSAGES
    | {
        "no max_tokens": drop("max_tokens"),
        "a tool without a schema": lambda body: body["tools"][0].pop("input_schema"),
        "a choice that is none": put("tool_choice", "type", value="perhaps"),
    },
    "gemini": {
        "no contents": drop("contents"),
        "a role that is none": put("contents", 0, "role", value="wizard"),
        "a part that is none": lambda body: body["contents"][0]["parts"][0].update(smell="sweet"),
        "temperature in words": put("generationConfig", "temperature", value="warm"),
        "a misspelt setting": misspelt("generationConfig", "maxOutputTokens"),
        "a misspelt declaration": lambda body: body["tools"][0].update(functions=body["tools"][0].pop("functionDeclarations")),
        "an unknown field": add,
    },
}


def problem(judge, body):
    """What is wrong with a body, if anything."""
    try:
        judge(deepcopy(body))
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except Refused as error:
        return str(error)
    return None


def corrupted(wire, body):
    """Each corruption that the body has a place for."""
    for what, corrupt in CORRUPTIONS[wire].items():
        bad = deepcopy(body)
        try:
            corrupt(bad)
        except (KeyError, IndexError, TypeError, StopIteration, AttributeError):
            continue
        yield what, bad


def main(path):
    sent = json.loads(Path(path).read_text())
    failures = []
    applied = set()
    print(f"{'wire':<18}{'request':<36}{'taken':<8}corrupted copies refused")
    for one in sent:
        wire, name, judge = one["wire"], one["name"], JUDGES[one["wire"]]
        wrong = problem(judge, one["body"])
        if wrong is not None:
            failures.append(f"{wire}, {name}: refused: {wrong}\n{json.dumps(one['body'], indent=1)}")
        tried = list(corrupted(wire, one["body"]))
        taken = [what for what, bad in tried if problem(judge, bad) is None]
        failures += [f"{wire}, {name}: a body with {what} is taken" for what in taken]
        applied |= {(wire, what) for what, _ in tried}
        print(f"{wire:<18}{name:<36}{'yes' if wrong is None else 'NO':<8}{len(tried) - len(taken)} of {len(tried)}")
    missing = {(wire, what) for wire in JUDGES for what in CORRUPTIONS[wire]} - applied
    failures += [f"{wire}: no body has a place for {what}" for wire, what in sorted(missing)]
    failures += [f"{wire}: nothing was sent" for wire in sorted(JUDGES.keys() - {one["wire"] for one in sent})]
    print(f"{len(sent)} bodies, {len(failures)} failures")
    print(*failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


sys.exit(main(sys.argv[1]))
