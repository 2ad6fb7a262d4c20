// What the Node contenders of grants have in common.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * Works events off one after the other: each turn that is asked for on a line (`FIRST COUNT`), and each event from the text in which
 * Lambda hands it over to that of its answer. Answers each turn with the time that every event took, and what the process has used.
 */
export async function turns(file, handle) {
  const events = readFileSync(file, 'utf8').split('\n');
  for await (const turn of createInterface({ input: process.stdin })) {
    const [first, count] = turn.split(' ').map(Number);
    const times = new Array(count);
    const cpuBefore = cpu();
    for (let at = 0; at < count; at += 1) {
      const begun = performance.now();
      await handle(JSON.parse(events[first + at]).Records);
      JSON.stringify({ batchItemFailures: [] });
      times[at] = (performance.now() - begun) / 1e3;
    }
    console.log(JSON.stringify({ times, cpuBefore, cpuAfter: cpu(), peakKib: peak() }));
  }
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function peak() {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}
