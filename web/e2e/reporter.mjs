// One line a test while they run, and at the end, where it is still read when a log was cut, everything about those
// that failed.
import { basename } from 'node:path';

/** Characters of the standard error of all files that are shown. */
const STDERR_MAX = 4_000;

export default async function* report(source) {
  const failed = [];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let stderr = '';
  for await (const { type, data } of source) {
    if (type === 'test:stderr') stderr = `${stderr}${data.message}`.slice(-STDERR_MAX);
    if (type === 'test:stdout') yield data.message.replaceAll(/^(?=.)/gm, '  ');
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file is reported, too, and says something of its own only where it failed without any of its tests.
    const isFile = data.name.endsWith('.mjs');
    if (isFile && (type === 'test:pass' || data.details.error.failureType === 'subtestsFailed')) continue;
    const result = data.skip === undefined ? { 'test:pass': 'passed', 'test:fail': 'failed' }[type] : 'skipped';
    const name = isFile ? basename(data.name) : data.name;
    counts[result] += 1;
    if (result === 'failed') failed.push({ name, error: data.details.error });
    yield `${result} ${name} (${Math.round(data.details.duration_ms)} ms)\n`;
  }
  for (const { name, error } of failed) yield `\nFAILED ${name}\n${shown(error)}\n`;
  if (failed.length > 0) yield stderr;
  yield `\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}

function shown(error) {
  const cause = error.cause ?? error;
  return (cause.stack ?? String(cause)).replaceAll(/^(?=.)/gm, '  ');
}
