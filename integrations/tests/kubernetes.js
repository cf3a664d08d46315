// SPDX-License-Identifier: LGPL-2.1-or-later
// Judges Kubernetes objects by Kubernetes' own schemas: kubernetes.js FILE..., each with YAML documents. Tells of each
// object what it is, and "no schema" of kinds that are not Kubernetes' own.
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
