// node build.mjs MODULES SOURCE WIT WORLD OUT: a component from JavaScript. MODULES: a folder whose node_modules has
// @bytecodealliance/componentize-js.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, source, witPath, worldName, out] = process.argv.slice(2);
const require = createRequire(join(modules, 'package.json'));
const { componentize } = await import(pathToFileURL(require.resolve('@bytecodealliance/componentize-js')));
const { component } = await componentize(readFileSync(source, 'utf8'), {
  witPath, worldName, disableFeatures: ['http', 'fetch-event'],
});
writeFileSync(out, component);
