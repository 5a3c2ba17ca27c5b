"""The markers of the plugin contract; its hooks are specified in `tslab.hookspecs`."""

from __future__ import annotations

import pluggy

HOOK_API = 1
"""Version of the contract. A plugin module may set ``HOOK_API = 1`` to say which one it wants."""

DOMAIN_GROUP = "tslab.domains"
EXTENSION_GROUP = "tslab.extensions"

hookspec = pluggy.HookspecMarker("tslab")
hookimpl = pluggy.HookimplMarker("tslab")
