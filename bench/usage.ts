/** Loaded into a process that is measured: at its end it tells on file descriptor 3 what it used. */

import { writeSync } from "node:fs";

const USAGE_FD = 3;
const KIB = 1024;

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, rssBytes: maxRSS * KIB };
  writeSync(USAGE_FD, JSON.stringify(usage));
});
