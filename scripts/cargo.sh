#!/bin/sh
# SPDX-License-Identifier: LicenseRef-NIA-Proprietary
# The cargo that `napi build` calls. Into an empty target folder napi forces a build by an environment variable that its
# next call lacks; cargo takes the difference for a change and links the addon, a minute in release, once more for nothing.
unset NAPI_FORCE_BUILD_MULTI_AGENT_ORCHESTRATOR
exec cargo "$@"
