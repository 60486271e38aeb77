/** What the two ends of a connection can do, merged: `qSupported` (GDB manual, E.4). */

import { SMALL_PACKET, type Upstream } from "./upstream.js";

/** Longest packet that we take, bytes. */
export const PACKET_SIZE = 0x4000;
const PACKET_SIZE_NAME = "PacketSize=";
/** Features that are ours, whatever the probe's server says. */
const OWN = ["QStartNoAckMode+", "qXfer:memory-map:read+"];
/** Answers would come that nobody asked for, or that belong to several processes. */
const HIDDEN = /^(QStartNoAckMode|qXfer:memory-map:read|QNonStop|multiprocess)[+\-?]?$/;

/**
 * Agrees with the probe's server on what both can do.
 * @param packet qSupported, as GDB says it. @returns the server's answer. @throws UpstreamLostError
 */
export async function negotiate(upstream: Upstream, packet: string): Promise<string> {
  const answer = await upstream.ask(askedFeatures(packet));
  upstream.packetSize = packetSize(answer);
  if (offersNoAck(answer) && (await upstream.ask("QStartNoAckMode")) === "OK") upstream.stopAcknowledging();
  return answer;
}

/** What GDB says of itself, as the probe's server may hear it. */
function askedFeatures(packet: string): string {
  const [head = "", list = ""] = split(packet);
  const kept = list.split(";").filter((feature) => !HIDDEN.test(feature) && feature !== "");
  return kept.length === 0 ? head : `${head}:${kept.join(";")}`;
}

/** @param answer of the probe's server */
export function mergedFeatures(answer: string): string {
  const features = answer.split(";").filter((feature) => feature !== "");
  const kept = features.filter((feature) => !HIDDEN.test(feature) && !feature.startsWith(PACKET_SIZE_NAME));
  return [`${PACKET_SIZE_NAME}${packetSize(answer).toString(16)}`, ...kept, ...OWN].join(";");
}

function offersNoAck(answer: string): boolean {
  return answer.split(";").includes("QStartNoAckMode+");
}

/** Bytes of the longest packet that both sides take. */
function packetSize(answer: string): number {
  const text = answer.split(";").find((feature) => feature.startsWith(PACKET_SIZE_NAME));
  const size = Number.parseInt(text?.slice(PACKET_SIZE_NAME.length) ?? "", 16);
  return Math.min(PACKET_SIZE, size > 0 ? size : SMALL_PACKET);
}

function split(packet: string): readonly string[] {
  const at = packet.indexOf(":");
  return at < 0 ? [packet] : [packet.slice(0, at), packet.slice(at + 1)];
}
