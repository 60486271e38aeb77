/** Runs the seeds that it is told, one after the other. */
import { parentPort } from "node:worker_threads";
import { runHistory } from "./history.js";

parentPort?.on("message", async (seed: number) => {
  parentPort?.postMessage(await runHistory(seed));
});
