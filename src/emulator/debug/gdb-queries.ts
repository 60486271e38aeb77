/** Packets that ask what this is: one process, one thread, its registers and its memory (GDB manual, E.4). */

import { splitOnce, textToHex, xferChunk } from "../../rsp/text.js";
import { type GdbCommand, MALFORMED, OK, type Reply, UNKNOWN } from "./gdb-command.js";
import { TARGET_XML } from "./gdb-registers.js";

/** Longest packet, bytes. */
export const PACKET_SIZE = 0x4000;

const FEATURES = [
  `PacketSize=${PACKET_SIZE.toString(16)}`,
  "qXfer:features:read+",
  "qXfer:memory-map:read+",
  "QStartNoAckMode+",
  "vContSupported+",
].join(";");

/** Always the same answer. */
const FIXED: Readonly<Record<string, string>> = {
  qSupported: FEATURES,
  qAttached: "1",
  qC: "QC1",
  qfThreadInfo: "m1",
  qsThreadInfo: "l",
  "qThreadExtraInfo,": textToHex("Cortex-M7"),
  qSymbol: OK,
  qOffsets: "Text=0;Data=0;Bss=0",
  H: OK,
  T: OK,
  "vCont?": "vCont;c;C;s;S;r",
  vMustReplyEmpty: UNKNOWN,
};

/** @param memoryMap the document: what is flash, what is RAM */
export function queries(memoryMap: string): readonly GdbCommand[] {
  return [
    ...Object.entries(FIXED).map(([prefix, answer]) => ({ prefix, run: (): Reply => answer })),
    { prefix: "qXfer:features:read:", run: (rest) => transfer({ "target.xml": TARGET_XML }, rest) },
    { prefix: "qXfer:memory-map:read:", run: (rest) => transfer({ "": memoryMap }, rest) },
  ];
}

/** "annex:offset,length" */
function transfer(documents: Readonly<Record<string, string>>, text: string): Reply {
  const [annex, window] = splitOnce(text, ":");
  const document = documents[annex];
  return document === undefined ? "E00" : (xferChunk(document, window) ?? MALFORMED);
}
