/** One GDB and its session, for as long as its connection lasts. */
import type { Socket } from "node:net";
import type { Layout } from "../../gdb/layout.js";
import type { FlashProgram, Via } from "../../gdb/loader.js";
import type { ServerKind } from "../../gdb/server-kinds.js";
import { MiddleSession } from "../../gdb/session.js";
import type { ProgramToRun } from "../../gdb/starter.js";
import type { Upstream } from "../../gdb/upstream.js";
import { wallClock } from "../../transport/node/timers.js";
import type { Reporter } from "../reporter.js";

/** What all sessions of a server have in common. */
export interface SessionParts {
  readonly kind: ServerKind;
  readonly layout: Layout | undefined;
  readonly internalFlash: boolean;
  readonly flash: FlashProgram;
  readonly via: Via;
  readonly toRun?: ProgramToRun | undefined;
  readonly reporter: Reporter;
}

/** @param controls may this GDB load and reset? */
export function openGuest(
  parts: SessionParts,
  socket: Socket,
  upstream: Upstream,
  controls: () => boolean,
): MiddleSession {
  const { kind, layout, internalFlash, flash, via, toRun, reporter } = parts;
  const session = new MiddleSession({
    upstream,
    kind,
    layout,
    internalFlash,
    flash,
    via,
    toRun,
    timers: wallClock,
    controls,
    write: (bytes) => socket.write(bytes, "latin1"),
    close: () => socket.end(),
    note: (message) => reporter.note(message),
    onLoad: ({ program, report }) => reporter.event("load", { ...report, entry: program.entry }),
    onFailure: ({ name, message }) => reporter.event("failure", { error: name, message }),
  });
  // Nothing that came meanwhile is lost: a socket that nobody reads from waits.
  socket.on("data", (bytes) => session.receive(bytes.toString("latin1")));
  return session;
}

/** Resolves when GDB has closed its connection. */
export function guestGone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => socket.destroy());
    socket.once("close", () => resolve());
  });
}
