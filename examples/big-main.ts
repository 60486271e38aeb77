/** Writes the application of more than 1 MiB: `node dist/examples/big-main.js FILE`. */
import { writeFileSync } from "node:fs";
import { bigApplication, exampleImage } from "./big.js";

writeFileSync(process.argv[2] ?? "big.bin", bigApplication(exampleImage(".", "big.bin")));
