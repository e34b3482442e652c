/** Threads and processes run compiled JavaScript, also where tests run TypeScript. */

/**
 * @param file beside the module, as it is called once compiled
 * @param module `import.meta.url` of a file of src/ or dist/
 * @returns where it is in dist/
 */
export function compiled(file: string, module: string): URL {
  return new URL(file, module.replace(/\/src\/(.+)\.ts$/, '/dist/$1.js'));
}
