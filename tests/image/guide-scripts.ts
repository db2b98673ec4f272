/** The scripts of a Tekton task that caches node_modules, as its author writes them; Tekton replaces `$(…)`. */

export const restoreScript = `#!/bin/sh
CACHE_KEY=node-modules-$(btdt hash package-lock.json)
echo "Cache key: $CACHE_KEY"
btdt restore --cache $(workspaces.cache.path) --keys $CACHE_KEY node_modules
`;

export const testScript = `#!/bin/sh
if [ $(cat $(steps.step-restore-cache.exitCode.path)) -eq 0 ]; then
echo "Cache restore succeeded, skipping npm ci"
else
npm ci
fi
# run tests etc.
`;

export const storeScript = `#!/bin/sh
if [ $(cat $(steps.step-restore-cache.exitCode.path)) -eq 0 ]; then
echo "Cache restore succeeded, skipping cache store"
exit 0
fi
CACHE_KEY=node-modules-$(btdt hash package-lock.json)
echo "Cache key: $CACHE_KEY"
btdt store --cache $(workspaces.cache.path) --keys $CACHE_KEY node_modules
`;

export const cleanScript = `#!/bin/sh
btdt clean --cache $(workspaces.cache.path) --max-age 7d --max-size 10GiB
`;
