"""From what a node says to a model that can be called: provider, model name, key and base URL of every release."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import msgspec

from langflow_lite.context import RunContext
from langflow_lite.errors import MissingModel
from langflow_lite.models.addresses import is_loopback_url
from langflow_lite.models.base import LanguageModel, Options
from langflow_lite.models.endpoint import Endpoint
from langflow_lite.models.observed import ObservedModel
from langflow_lite.models.providers import (
    ECHO,
    LOCAL,
    OLLAMA,
    OPENAI,
    PROVIDERS,
    WATSONX,
    Provider,
    find_provider,
    provider_of_key,
    provider_of_model,
)

__all__ = [
    "ModelChoice",
    "Wish",
    "choose_model",
    "find_endpoint",
    "given_text",
    "look_up",
    "open_model",
    "read_model_field",
    "split_provider",
]

_log = logging.getLogger(__name__)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_CONNECT_OTHER = "connect_other_models"
_CONTAINER_HINT = (
    "Is it running there? Inside a container, localhost is the container itself, not the machine around it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a node says about the model it wants; every part may be empty.

    `model` is the value of a model field in any of its forms, or a LanguageModel that an edge brought. `provider` and
    `model_name` outrank it. `api_key` and `base_url` may hold the value, or the name of a global variable;
    `ollama_base_url` counts only if the provider turns out to be Ollama, `watsonx_url` and `watsonx_project` only if it
    turns out to be IBM watsonx.ai.
    """

    model: Any = None
    provider: str = ""
    model_name: str = ""
    api_key: str = ""
    base_url: str = ""
    ollama_base_url: str = ""
    watsonx_url: str = ""
    watsonx_project: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A provider and the name of one of its models. `reasoning` when the node's own data says that it is such a model."""

    provider: Provider
    model: str
    reasoning: bool = False


async def open_model(ctx: RunContext, wish: Wish) -> LanguageModel:
    """The model a node means, ready to be called.

    Raises `MissingModel` when the provider is unknown or not supported, or its key or address is missing.
    """
    if isinstance(wish.model, LanguageModel):
        return wish.model
    model = await _open(ctx, wish)
    return model if ctx.observer is None else ObservedModel(model, ctx, ctx.observer)


async def _open(ctx: RunContext, wish: Wish) -> LanguageModel:
    choice = await choose_model(ctx, wish)
    provider = choice.provider
    if not provider.protocol:
        raise MissingModel(f"The model provider {provider.name} is not supported here. {provider.instead}")
    if provider is ECHO:
        return _connect(Endpoint(provider=provider.name, model=choice.model), provider)
    if provider is LOCAL:
        _refuse_other_files(ctx, choice.model)
        return _connect(Endpoint(provider=provider.name, model=choice.model, options=wish.options), provider)
    options = wish.options
    if choice.reasoning and not options.reasoning:
        options = msgspec.structs.replace(options, reasoning=True)
    return _connect(await find_endpoint(ctx, provider, choice.model, wish, options), provider)


def _refuse_other_files(ctx: RunContext, path: str) -> None:
    """A flow must not make the server read any file it likes, least of all as a model: only the operator's own."""
    provider, own = _default_of(ctx)
    if provider is not LOCAL or path != own:
        raise MissingModel(
            f"The model file {path[:200]!r} is not the server's. Local models are chosen by the operator, as "
            "LANGFLOW_DEFAULT_MODEL=local:/path/to/model.gguf; leave the node's model empty to use that one."
        )


async def find_endpoint(ctx: RunContext, provider: Provider, model: str, wish: Wish, options: Options) -> Endpoint:
    """Address, key and headers for a model of a provider. Raises `MissingModel` when the key or address is missing."""
    own = wish.ollama_base_url if provider is OLLAMA else wish.watsonx_url if provider is WATSONX else ""
    base_url, trusted = await _find_base_url(ctx, provider, wish.base_url or own)
    at_home = trusted or provider.owns(base_url)
    key = await _find_key(ctx, provider, wish.api_key, volunteer=at_home)
    if key is None and not provider.keyless and provider.owns(base_url):
        variable = provider.key_variables[0]
        raise MissingModel(
            f"{provider.name} API key is required when using {provider.name} provider. Set {variable} as a global "
            f"variable or in the server's environment, or fill in the API key of the node."
        )
    if provider.body_variables:
        parts = await _body_parts(ctx, provider, wish, options)
        others = {key: value for key, value in options.extra.items() if key not in dict(provider.body_variables)}
        options = msgspec.structs.replace(options, extra={**others, **parts})
    timeout = ctx.settings.model_timeout
    return Endpoint(
        provider=provider.name,
        model=model,
        base_url=base_url,
        key=key,
        headers={**await _headers(ctx, provider), **wish.headers},
        options=options,
        client=ctx.outbound.client(trusted=trusted),
        timeout=min(options.timeout, timeout) if options.timeout else timeout,
        hint=_CONTAINER_HINT if is_loopback_url(base_url) else "",
    )


async def _body_parts(ctx: RunContext, provider: Provider, wish: Wish, options: Options) -> dict[str, str]:
    """What the requests to a provider have to name: of its keys the first that the node or a variable fills."""
    given = {"project_id": wish.watsonx_project} if provider is WATSONX else {}
    for key, _ in provider.body_variables:
        text = given_text(options.extra.get(key)) or given_text(given.get(key))
        if text := await look_up(ctx, text) if _VARIABLE.fullmatch(text) else text:
            return {key: text}
    for key, variable in provider.body_variables:
        if text := await look_up(ctx, variable):
            return {key: text}
    names = " or ".join(variable for _, variable in provider.body_variables)
    raise MissingModel(f"{provider.name} needs to know the project: fill in that of the node, or set {names}.")


async def choose_model(ctx: RunContext, wish: Wish) -> ModelChoice:
    """Provider and model name, without opening anything.

    The node's text fields come first, then its model field; a provider that is not named is inferred from the model's
    name. Names nothing at all: `LANGFLOW_DEFAULT_MODEL`, else the provider of the node's key, else the first one that
    is configured, else the built-in echo. Echo only stands in for a model, as in the example flows: where the operator
    has named a default, that one answers in its place. Raises `MissingModel`.
    """
    choice = await _choice(ctx, wish)
    if choice.provider is ECHO and _default_of(ctx)[0] is not None:
        return await _default_choice(ctx, wish)
    return choice


async def _choice(ctx: RunContext, wish: Wish) -> ModelChoice:
    chosen, provider_name, reasoning = read_model_field(wish.model)
    model = given_text(wish.model_name) or chosen
    if wished := given_text(wish.provider):
        # The field's model belongs to the field's provider; it means nothing to another one.
        if (
            provider_name
            and find_provider(wished) is not find_provider(provider_name)
            and not given_text(wish.model_name)
        ):
            model = ""
        provider_name = wished
    if provider_name:
        provider = find_provider(provider_name)
        if provider is None:
            known = ", ".join(p.name for p in PROVIDERS if p.protocol)
            raise MissingModel(f"The model provider {provider_name!r} is not known. Known are: {known}.")
        return _named_choice(provider, model, reasoning)
    if not model:
        return await _default_choice(ctx, wish)
    provider, model = split_provider(model)
    if provider is None:
        provider = provider_of_model(model) or _default_of(ctx)[0] or await _configured(ctx) or OPENAI
    return _named_choice(provider, model, reasoning)


def _named_choice(provider: Provider, model: str, reasoning: bool) -> ModelChoice:
    model = model or provider.default_model
    if not model and provider.protocol:
        raise MissingModel(f"The node names the provider {provider.name} but no model.")
    return ModelChoice(provider, model, reasoning)


async def _default_choice(ctx: RunContext, wish: Wish) -> ModelChoice:
    provider, model = _default_of(ctx)
    if provider is not None:
        return _named_choice(provider, model, False)
    key = given_text(wish.api_key)
    owner = provider_of_key(key) if key and not _VARIABLE.fullmatch(key) else None
    provider = owner or await _configured(ctx)
    if provider is not None and provider.default_model:
        return ModelChoice(provider, provider.default_model)
    _warn_of_echo()
    return ModelChoice(ECHO, ECHO.default_model)


def _default_of(ctx: RunContext) -> tuple[Provider | None, str]:
    """The provider and model of `LANGFLOW_DEFAULT_MODEL`: `provider:model`, a provider alone or a model alone."""
    default = given_text(ctx.settings.default_model)
    if not default:
        return None, ""
    provider, model = split_provider(default)
    if provider is not None:
        return provider, model
    if provider := find_provider(default):
        return provider, provider.default_model
    return provider_of_model(default) or OPENAI, default


@cache
def _warn_of_echo() -> None:
    """Say it once in the life of the server, not once a run."""
    _log.warning(
        "A flow names no model and no provider is configured: the built-in echo model answers. "
        "Set LANGFLOW_DEFAULT_MODEL or a provider's key, such as OPENAI_API_KEY."
    )


async def _configured(ctx: RunContext) -> Provider | None:
    """The first provider that can be called: its key is set, or its address."""
    for provider in PROVIDERS:
        if not provider.protocol:
            continue
        for name in (*provider.key_variables, *provider.base_variables):
            if await look_up(ctx, name):
                return provider
    return None


def read_model_field(value: Any) -> tuple[str, str, bool]:
    """Model name, provider name and whether it is a reasoning model, from any form a model field has had."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    if isinstance(value, str):
        name = given_text(value)
        return ("" if name == _CONNECT_OTHER else name), "", False
    if not isinstance(value, Mapping):
        return "", "", False
    name = given_text(value.get("name"))
    if name == _CONNECT_OTHER:
        return "", "", False
    metadata = value.get("metadata")
    reasoning = metadata.get("reasoning_models") if isinstance(metadata, Mapping) else None
    return name, given_text(value.get("provider")), isinstance(reasoning, (list, tuple)) and name in reasoning


def split_provider(name: str) -> tuple[Provider | None, str]:
    """`provider:model` taken apart, if what stands before the colon is a provider (`llama3.2:1b` has none)."""
    head, colon, rest = name.partition(":")
    provider = find_provider(head) if colon and rest else None
    return (provider, rest.strip()) if provider else (None, name)


def given_text(value: Any) -> str:
    """The text of a field; exports write an empty one as "None" now and then."""
    text = value.strip() if isinstance(value, str) else ""
    return "" if text == "None" else text


async def look_up(ctx: RunContext, name: str) -> str:
    """The global variable, else the environment variable where that is allowed; empty when neither is set."""
    value = await ctx.variables.get(name)
    if value is None and ctx.settings.fallback_to_env_var:
        value = ctx.settings.environ.get(name)
    return given_text(value)


async def _find_key(ctx: RunContext, provider: Provider, text: str, *, volunteer: bool) -> str | None:
    """The key the node gives or names, else the provider's own.

    The provider's own key is not volunteered to an address that only the flow names: such a node has to name its key.
    """
    text = given_text(text)
    if _VARIABLE.fullmatch(text):
        text = await look_up(ctx, text)
    if text:
        return text
    if volunteer:
        for name in provider.key_variables:
            if value := await look_up(ctx, name):
                return value
    return None


async def _find_base_url(ctx: RunContext, provider: Provider, text: str) -> tuple[str, bool]:
    """The base URL, and whether the operator stands behind it (`Outbound.client`).

    Trusted are addresses from global variables that the request did not bring, from the environment, and the public
    ones of the provider table. Anything a flow spells out itself is not.
    """
    text = given_text(text)
    default = provider.normalise(provider.base_url) if provider.base_url else ""
    if text and not _VARIABLE.fullmatch(text):
        url = _checked(provider, text)
        if provider.owns(url):
            return url, not provider.local
        return url, await _is_configured(ctx, provider, url)
    for name in (text, *provider.base_variables) if text else provider.base_variables:
        if value := await look_up(ctx, name):
            return _checked(provider, value), not ctx.variables.from_request(name)
    if not default:
        raise MissingModel(
            f"{provider.name} needs a base URL: fill in that of the node"
            + (f" or set {provider.base_variables[0]}." if provider.base_variables else ".")
        )
    return default, not provider.local


async def _is_configured(ctx: RunContext, provider: Provider, url: str) -> bool:
    """Whether the flow spells out the very address that the operator has configured."""
    for name in provider.base_variables:
        value = await look_up(ctx, name)
        if value and not ctx.variables.from_request(name) and provider.normalise(value) == url:
            return True
    return False


def _checked(provider: Provider, url: str) -> str:
    try:
        if "://" not in url:
            url = f"http://{url}" if is_loopback_url(f"http://{url}") else f"https://{url}"
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise MissingModel(f"The base URL of {provider.name} must look like https://host/path, not {url[:100]!r}.")
    return provider.normalise(url)


async def _headers(ctx: RunContext, provider: Provider) -> dict[str, str]:
    headers = {}
    for header, variable in provider.header_variables:
        if value := await look_up(ctx, variable):
            headers[header] = value
    return headers


def _connect(endpoint: Endpoint, provider: Provider) -> LanguageModel:
    return _connector(provider.protocol)(endpoint)


@cache
def _connector(protocol: str) -> Callable[[Endpoint], LanguageModel]:
    # Imported when first needed: the HTTP client alone takes longer than the rest of the server's start.
    connect: Callable[[Endpoint], LanguageModel] = import_module(f"langflow_lite.models.{protocol}").connect
    return connect
