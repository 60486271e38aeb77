import { writeExamples } from "./build.js";

writeExamples(".", process.argv[2] ?? "emulated");
