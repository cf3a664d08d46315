// SPDX-License-Identifier: LGPL-2.1-or-later
// Validates Kubernetes objects with Kubernetes' own schemas: kubernetes.js FILE..., each with YAML documents. Prints
// the type of each object, and "no schema" for types that are not part of Kubernetes.
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const load = createRequire(path.join(process.cwd(), 'node_modules', 'x'));
const yaml = load('js-yaml');
const models = {
    'apps/v1/DaemonSet': load('kubernetes-models/apps/v1').DaemonSet,
    'v1/Pod': load('kubernetes-models/v1').Pod,
};
let wrong = 0;
for (const file of process.argv.slice(2)) {
    for (const object of yaml.loadAll(fs.readFileSync(file, 'utf8'))) {
        const kind = `${object.apiVersion}/${object.kind}`;
        const Model = models[kind];
        if (!Model) {
            console.log(`${kind}: no schema`);
            continue;
        }
        try {
            new Model(object).validate();
            console.log(`${kind}: valid`);
        } catch (error) {
            console.log(`${kind}: ${error.message}`);
            wrong += 1;
        }
    }
}
process.exit(wrong ? 1 : 0);
