// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks dashboards with Grafana's own types: dashboard.js FILE..., in the folder with npm's packages. Prints the file
// and line of each error.
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const load = createRequire(path.join(process.cwd(), 'node_modules', 'x'));
const typescript = load('typescript');
const plugin = (name, file) => `import type * as ${name} from '@grafana/schema/dist/esm/raw/composable/${name}/panelcfg/x/${file}PanelCfg_types.gen';`;
// Grafana uses enumerations for values that are strings in a file. The options of a panel are those of its plugin.
const before = `${plugin('stat', 'Stat')} ${plugin('statetimeline', 'StateTimeline')} ${plugin('table', 'Table')}
import type { Dashboard, Panel } from '@grafana/schema';
type Written<T> = T extends string ? \`\${T}\` : T extends (infer E)[] ? Written<E>[] : T extends object ? { [K in keyof T]: Written<T[K]> } : T;
type Kind<N, O> = Omit<Panel, 'type' | 'options'> & { type: N; options?: Partial<O> };
type Known = Kind<'stat', stat.Options> | Kind<'state-timeline', statetimeline.Options> | Kind<'table', table.Options>;
export const dashboard: Written<Omit<Dashboard, 'panels'> & { panels: Known[] }> =`;
const contents = new Map();
for (const file of process.argv.slice(2)) {
    const text = fs.readFileSync(file, 'utf8');
    JSON.parse(text);
    contents.set(path.join(process.cwd(), `${contents.size}.ts`), { file, text: `${before} ${text};` });
}
const options = { strict: true, noEmit: true, types: [], target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ESNext, moduleResolution: typescript.ModuleResolutionKind.Bundler };
const host = typescript.createCompilerHost(options);
const { getSourceFile, fileExists } = host;
host.fileExists = (name) => contents.has(name) || fileExists(name);
host.getSourceFile = (name, ...more) => (contents.has(name) ? typescript.createSourceFile(name, contents.get(name).text, ...more) : getSourceFile(name, ...more));
const program = typescript.createProgram([...contents.keys()], options, host);
const wrong = new Set();
for (const one of typescript.getPreEmitDiagnostics(program)) {
    const name = one.file?.fileName;
    const line = contents.has(name) ? one.file.getLineAndCharacterOfPosition(one.start).line - before.split('\n').length + 2 : 0;
    wrong.add(name);
    console.log(`${contents.get(name)?.file ?? name}:${line}: ${typescript.flattenDiagnosticMessageText(one.messageText, ' ')}`);
}
for (const [name, { file }] of contents) {
    if (!wrong.has(name)) {
        console.log(`${file}: fits @grafana/schema ${load('@grafana/schema/package.json').version}`);
    }
}
process.exit(wrong.size ? 1 : 0);
