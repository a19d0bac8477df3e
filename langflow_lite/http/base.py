"""The base area: version, configuration and the components there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from langflow_lite import __version__
from langflow_lite.http.endpoint import Call, Endpoint

__all__ = ["ENDPOINTS"]


class Version(msgspec.Struct):
    """Which release this is. `package` is the name that clients look for (seed document 5)."""

    version: str = __version__
    main_version: str = __version__
    package: str = "Langflow"


async def version(call: Call) -> Version:
    """Which release this is."""
    return Version()


async def config(call: Call) -> dict[str, Any]:
    """What clients may want to know of the server's settings; the seed documents' defaults (contract: *Configuration*)."""
    settings = call.runtime.settings
    return {
        "feature_flags": {"mvp_components": False},
        "frontend_timeout": 0,
        "auto_saving": True,
        "auto_saving_interval": 1000,
        "health_check_max_retries": 5,
        "max_file_size_upload": settings.max_file_size_upload,
        "type": "full",
        "event_delivery": "streaming",
        "webhook_polling_interval": 0,
        "webhook_auth_enable": not (settings.is_loopback and settings.auto_login),
        "voice_mode_available": False,
        "mcp_base_url": "",
        "default_folder_name": call.runtime.folders.default.name,
        "serialization_max_items_length": 1000,
        "serialization_max_text_length": 6000,
        "public_flow_cleanup_interval": 3600,
        "public_flow_expiration": 86400,
        "hide_getting_started_progress": True,
        "allow_custom_components": bool(settings.components_path),
        "substitute_outdated_component_code": True,
        "enable_extension_reload": False,
        "authz_enabled": False,
        "catalog_governance_enabled": False,
        "embedded_mode": False,
        "hide_logout_button": True,
        "hide_new_project_button": False,
        "hide_new_flow_button": False,
        "hide_starter_projects": False,
        "mcp_servers_locked": False,
        "custom_component_admin_only": True,
        "a2a_enabled": False,
        "agentic_experience": False,
        "assistant_max_message_length": 2000,
        "local_vector_store_available": False,
        "default_vector_store_backend": "",
        "configured_vector_store_backends": [],
        "blocked_component_types": [],
    }


async def all_components(call: Call) -> Mapping[str, Any]:
    """Category to component to node template."""
    return call.runtime.registry.catalogue()


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/version",
        handler=version,
        summary="Version",
        tag="Base",
        response=Version,
        public=True,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/config",
        handler=config,
        summary="Configuration",
        tag="Base",
        response=dict[str, Any],
    ),
    Endpoint(
        method="GET",
        path="/api/v1/all",
        handler=all_components,
        summary="All components",
        tag="Base",
        response=dict[str, Any],
    ),
)
