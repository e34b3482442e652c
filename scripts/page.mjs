/**
 * Writes the programs of pages for a browser: dist/page.js, of a report, with the planner's own source files in it, and
 * dist/fleet-page.js, of the dashboard. Part of `npm run build`, so that the package needs no bundler when it runs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

async function bundled(input) {
  const bundle = await rolldown({
    input,
    platform: 'browser',
    tsconfig: false,
    // No file of ours does anything by being loaded, but for the first: what nothing asks for is left out, and with it what Node alone has.
    treeshake: {
      moduleSideEffects: [
        { test: /src\/page\/(fleet\/)?main\.ts$/, sideEffects: true },
        { test: /./, sideEffects: false },
      ],
    },
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  const [{ code, imports }, ...others] = output;
  // What it needs from outside would be its parameters.
  if (others.length > 0 || !/^\(function\(\)\s*\{/.test(code)) {
    throw new Error(
      `The page has to stand alone, and asks for something of ${imports.join(', ')}: ${code.slice(0, 80)}`,
    );
  }
  if (/<\/script|<!--/i.test(code)) throw new Error('The program would end its own block in the page.');
  return code;
}

await mkdir(at('dist'), { recursive: true });
await writeFile(at('dist/page.js'), await bundled(at('src/page/main.ts')));
await writeFile(at('dist/fleet-page.js'), await bundled(at('src/page/fleet/main.ts')));
