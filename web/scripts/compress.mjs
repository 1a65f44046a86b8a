// Writes a .br and a .gz beside every text asset of dist/, so that the server never compresses one itself.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const dist = new URL('../dist', import.meta.url).pathname;
const text = /\.(html|js|css|svg|json|txt|webmanifest)$/;
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

let bytes = 0;
let packed = 0;
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !text.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const body = await readFile(path);
  const [br, gz] = await Promise.all([promisify(brotliCompress)(body, brotli), promisify(gzip)(body, { level: 9 })]);
  await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
  bytes += body.length;
  packed += br.length;
}
console.log(`compressed ${bytes} bytes to ${packed} (brotli)`);
