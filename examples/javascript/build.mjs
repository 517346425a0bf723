// node build.mjs SOURCE WIT WORLD OUT: a component from JavaScript. Modules are looked for beside this file: the test puts a
// copy of it beside a link to the node_modules that has componentize-js.
import { readFileSync, writeFileSync } from 'node:fs';
import { componentize } from '@bytecodealliance/componentize-js';

const [source, witPath, worldName, out] = process.argv.slice(2);
const { component } = await componentize(readFileSync(source, 'utf8'), {
  witPath, worldName, disableFeatures: ['http', 'fetch-event'],
});
writeFileSync(out, component);
