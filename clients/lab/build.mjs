// Builds the extension into the Python package, and notes there what it was built from.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const made = path.join(here, '../../rtstore/labextensions/@rtstore/lab');
const run = (script, ...args) =>
  execFileSync(process.execPath, [path.join(here, 'node_modules', script), ...args], {
    cwd: here,
    stdio: 'inherit'
  });

// As tests/jupyter/test_labextension.py has it.
function digest() {
  const folders = ['src', 'style', '../js/packages/client/src'];
  const inside = folders.flatMap(folder =>
    readdirSync(path.join(here, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => path.join(entry.parentPath, entry.name))
  );
  const files = ['package.json', 'package-lock.json', 'build.config.cjs'].map(name => path.join(here, name));
  const told = [...files, ...inside]
    .map(file => [path.relative(here, file), readFileSync(file)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256');
  for (const [name, content] of told) hash.update(`${name}\n`).update(content);
  return hash.digest('hex');
}

run('typescript/bin/tsc', '--noEmit');
const core = path.join('node_modules', '@jupyterlab/core-meta/core.package.json');
run('@jupyter/builder/lib/build-labextension.js', '--core-package-file', core, '.');
writeFileSync(path.join(made, 'built-from.txt'), `${digest()}\n`);
